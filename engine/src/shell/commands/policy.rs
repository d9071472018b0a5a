//! `gyr policy`: what is done with policy files.

use clap::{Args, Subcommand};

use super::common::Failure;

mod check;
mod complete;
mod data;
mod diff;
mod explain;
mod fmt;
mod grammar;
mod new;
mod test;

/// Works on policy files.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Test(test::Arguments),
    Diff(diff::Arguments),
    Explain(explain::Arguments),
    New(new::Arguments),
    Fmt(fmt::Arguments),
    Complete(complete::Arguments),
    Grammar(grammar::Arguments),
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments),
        Command::Test(arguments) => test::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::New(arguments) => new::run(arguments),
        Command::Fmt(arguments) => fmt::run(arguments),
        Command::Complete(arguments) => complete::run(arguments),
        Command::Grammar(arguments) => grammar::run(arguments),
    }
}
