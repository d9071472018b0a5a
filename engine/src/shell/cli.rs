//! The command line: which command, and what code the process ends with.
//!
//! Results go to standard output or to files, talk goes to standard error, `-` stands for standard
//! input or output. Exit codes: 0 done, 1 an input has faults or a check found something, 2 the
//! arguments are wrong, 3 a file, port or disk failed. A reader that stops reading (`| head`) is no
//! error. This file and the ones in `commands` are the only ones that speak to a terminal.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::commands::common::{self, Failure};
use super::commands::{
    backtest, codes, demo, eval, facts, features, import, list, policy, score, serve, simulate,
    train,
};

/// Fraud and risk scoring: approve, challenge or decline, and with which second factor.
#[derive(Debug, Parser)]
#[command(
    name = "gyr",
    bin_name = "gyr",
    version,
    max_term_width = 100,
    after_help = "\
A first round, from a table of transactions to a backtest:
  gyr import --map handbook transactions.csv.gz --out data
  gyr train --data data --train 2018-07-11..2018-07-17 --out my.model.json
  gyr eval --data data --model my.model.json
  gyr backtest --data data --policy my.policy --model my.model.json --out report.html

`gyr COMMAND --help` shows each with examples. `-` is standard input or output.
Exit codes: 0 done, 1 faults or findings, 2 wrong arguments, 3 a file, port or disk failed."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Demo(demo::Arguments),
    Score(score::Arguments),
    Simulate(simulate::Arguments),
    Import(import::Arguments),
    Facts(facts::Arguments),
    Train(train::Arguments),
    Eval(eval::Arguments),
    Backtest(backtest::Arguments),
    Features(features::Arguments),
    List(list::Arguments),
    Policy(policy::Arguments),
    Codes(codes::Arguments),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, with code 0. Where the terminal is gone, nobody
            // is left to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match &cli.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Score(arguments) => score::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Facts(arguments) => facts::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Eval(arguments) => eval::run(arguments),
        Command::Backtest(arguments) => backtest::run(arguments),
        Command::Features(arguments) => features::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Policy(arguments) => policy::run(arguments),
        Command::Codes(arguments) => codes::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            // Faults that are drawn over several lines begin with their own place, for editors.
            match failure {
                Failure::Hangup => {}
                _ if text.contains('\n') => common::say(&text),
                _ => common::say(&format!("gyr: {text}")),
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_teaches_with_an_example() {
        let mut command = Cli::command();
        command.build();
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            // A command of commands is taught by each of them.
            let below: Vec<_> =
                sub.get_subcommands().filter(|below| below.get_name() != "help").collect();
            let taught = if below.is_empty() { vec![sub] } else { below };
            for command in taught {
                let help = command.clone().render_long_help().to_string();
                let name = command.get_name();
                assert!(help.contains("Examples:\n  gyr "), "{} {name}: {help}", sub.get_name());
            }
        }
    }
}
