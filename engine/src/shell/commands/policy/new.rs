//! `gyr policy new`: a first policy to change, with a story that proves it.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::super::common::{self, Failure};

/// Writes a commented policy to begin with, and a story beside it; never over a file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy new                                   my.policy and stories/my.story
  gyr policy new rules/cards.policy                rules/stories/cards.story beside it
  gyr policy new wallet.policy --template wallet   with rules of each family to change

Then: gyr policy check my.policy, gyr policy test my.policy")]
pub(crate) struct Arguments {
    /// The file to write.
    #[arg(value_name = "FILE", default_value = "my.policy")]
    file: PathBuf,
    /// What to begin with.
    #[arg(long, value_enum, default_value = "minimal")]
    template: Template,
}

/// What a new policy begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Template {
    /// One rule, one list, one example, one story.
    Minimal,
    /// A handful of rules for a wallet, one of each family.
    Wallet,
}

impl Template {
    /// The policy and its story; `@NAME@` stands for the name.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Template::Minimal => {
                (include_str!("new/minimal.policy"), include_str!("new/minimal.story"))
            }
            Template::Wallet => {
                (include_str!("new/wallet.policy"), include_str!("new/wallet.story"))
            }
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let file = &arguments.file;
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let Some(stem) = stem.filter(|stem| !stem.contains(['"', '\\'])) else {
        return Err(Failure::Usage(format!("{} is no name for a file", file.display())));
    };
    let folder = file.parent().unwrap_or(Path::new("")).join("stories");
    let story = folder.join(format!("{stem}.story"));
    for path in [file, &story] {
        if path.exists() {
            return Err(Failure::Findings(format!("{} is there already", path.display())));
        }
    }
    fs::create_dir_all(&folder).map_err(|error| Failure::writing(&folder, &error))?;
    let (policy, told) = arguments.template.texts();
    create(file, &policy.replace("@NAME@", &stem))?;
    create(&story, told)?;
    common::print(&format!(
        "{} and {}\ngyr policy check {0} finds faults, gyr policy test {0} tells the story",
        file.display(),
        story.display()
    ))
}

/// Writes a file that is not there yet.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        match error.kind() {
            ErrorKind::AlreadyExists => {
                Failure::Findings(format!("{} is there already", path.display()))
            }
            _ => Failure::writing(path, &error),
        }
    })
}
