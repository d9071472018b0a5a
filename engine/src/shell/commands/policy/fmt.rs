//! `gyr policy fmt`: policy files in the one layout.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use features::diagnostic::{Diagnostic, render};
use features::language::{format, text_of};

use super::super::common::{self, Failure, Output};
use crate::policy::DEFAULT_POLICY;

/// Lays policy files out as the house does: same words, same comments, one layout.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy fmt my.policy                       in place
  gyr policy fmt --check policies/*.policy       which of them would change
  gyr policy fmt --check default                 whether the built-in policy would
  gyr policy fmt - < my.policy > tidy.policy     from input to output

A file with faults is left as it is and its faults are shown. Exit code 1 when there are any, or
when `--check` finds a file that would change.")]
pub(crate) struct Arguments {
    /// The policies; `-` reads standard input and writes standard output, `default`, which can only
    /// be checked, is the built-in one.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Change nothing; name the files that would change.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (mut refused, mut changed) = (Vec::new(), Vec::new());
    for path in &arguments.files {
        let bytes = match common::policy_file(Some(path)) {
            Some(file) => common::read_bytes(file)?,
            None if arguments.check => DEFAULT_POLICY.as_bytes().to_vec(),
            None => {
                let what = "default: nothing is written to the built-in policy; wanted --check, or a \
                            file";
                return Err(Failure::Usage(what.to_owned()));
            }
        };
        let tidy = match laid_out(&bytes) {
            Ok(tidy) => tidy,
            Err(faults) => {
                let text = String::from_utf8_lossy(&bytes);
                refused.push(render(&path.display().to_string(), &text, &faults));
                continue;
            }
        };
        let is_changed = tidy.as_bytes() != bytes;
        if arguments.check {
            changed.extend(is_changed.then(|| path.display().to_string()));
        } else if path == Path::new("-") {
            let mut output = Output::create(None)?;
            output.put(tidy.as_bytes())?;
            output.finish()?;
        } else if is_changed {
            replace(path, &tidy)?;
        }
    }
    if !changed.is_empty() {
        common::print(&changed.join("\n"))?;
    }
    let counted = |number: usize| match number {
        1 => "1 file".to_owned(),
        more => format!("{more} files"),
    };
    match (refused.is_empty(), changed.len()) {
        (false, _) => Err(Failure::Findings(refused.concat().trim_end().to_owned())),
        (true, 0) => Ok(()),
        (true, more) => Err(Failure::Findings(format!("{} would change", counted(more)))),
    }
}

fn laid_out(bytes: &[u8]) -> Result<String, Vec<Diagnostic>> {
    text_of(bytes).map_err(|fault| vec![fault]).and_then(format)
}

/// Puts a text in the place of a file, whole or not at all, with the rights it had.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    // Behind a link the file is replaced, not the link.
    let path = fs::canonicalize(path).map_err(|error| Failure::reading(path, &error))?;
    let rights = fs::metadata(&path).map_err(|error| Failure::reading(&path, &error))?;
    let mut output = Output::create(Some(&path))?;
    output.put(text.as_bytes())?;
    output.finish()?;
    let kept = fs::set_permissions(&path, rights.permissions());
    kept.map_err(|error| Failure::writing(&path, &error))
}
