//! `gyr codes`: what a code means, and what raises it.

use clap::Args;
use features::diagnostic::nearest;
use serde_json::json;

use super::common::{self, Failure};
use crate::shell::codes::{self, Code};

/// At most this many lines of an example are shown.
const LINES_MAX: usize = 40;
/// At most this many characters of a line.
const LINE_MAX: usize = 400;

/// Says what the codes of faults and warnings mean, and what raises them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr codes              every code with its meaning
  gyr codes P304         one of them, with an input that raises it
  gyr codes --json       for a program
  gyr codes --markdown   as a document")]
pub(crate) struct Arguments {
    /// The code, such as P304.
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// Write JSON.
    #[arg(long)]
    json: bool,
    /// Write the document of all codes.
    #[arg(long, conflicts_with_all = ["json", "code"])]
    markdown: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.markdown {
        return common::print(codes::document().trim_end());
    }
    let all = codes::all();
    let Some(wanted) = &arguments.code else {
        if arguments.json {
            return common::print_json(&all.iter().map(entry).collect());
        }
        let mut table = common::table(&["code", "stage", "means"]);
        for code in &all {
            table.add_row([code.code, code.stage, code.meaning]);
        }
        return common::print(&table.trim_fmt());
    };
    let is_wanted = |code: &&Code| code.code.eq_ignore_ascii_case(wanted);
    let Some(code) = all.iter().find(is_wanted) else {
        let help = match nearest(wanted, all.iter().map(|code| code.code)) {
            Some(near) => format!(", did you mean {near}?"),
            None => ", `gyr codes` lists them".to_owned(),
        };
        return Err(Failure::Usage(format!("unknown code `{wanted}`{help}")));
    };
    if arguments.json {
        return common::print_json(&entry(code));
    }
    let mut text = format!("{}  {}: {}", code.code, code.stage, code.meaning);
    if let Some(shown) = shown(code) {
        text.push_str("\n\n");
        text.push_str(&shown);
    }
    common::print(&text)
}

fn entry(code: &Code) -> serde_json::Value {
    json!({
        "code": code.code,
        "stage": code.stage,
        "meaning": code.meaning,
        "example": shown(code),
    })
}

/// The input that raises a code, cut where it is long.
fn shown(code: &Code) -> Option<String> {
    let text = codes::example(code.code)?.text();
    let cut = |line: &str| match line.char_indices().nth(LINE_MAX) {
        Some((end, _)) => format!("{} ..", &line[..end]),
        None => line.to_owned(),
    };
    let mut lines: Vec<String> = text.trim_end().lines().take(LINES_MAX).map(cut).collect();
    if LINES_MAX < text.trim_end().lines().count() {
        lines.push("..".to_owned());
    }
    Some(lines.join("\n"))
}
