//! `gyr policy grammar`: how an editor colours policies, written from the table of words that the
//! parser reads by.

use clap::{Args, ValueEnum};
use features::field::EventType;
use features::language::{Role, words};
use serde_json::{Value, json};

use super::super::common::{self, Failure};

/// Writes how an editor colours policies: a TextMate grammar, or a mode of CodeMirror 6.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy grammar --form textmate > gyrfalcon.tmLanguage.json   VS Code, Sublime Text, bat, GitHub
  gyr policy grammar --form codemirror > gyrfalcon.js              StreamLanguage.define(gyrfalcon)")]
pub(crate) struct Arguments {
    /// For which kind of editor.
    #[arg(long, value_enum)]
    form: Form,
}

/// The kinds of grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// JSON for editors that read TextMate grammars.
    Textmate,
    /// A JavaScript module for `@codemirror/language`.
    Codemirror,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    common::print(&match arguments.form {
        Form::Textmate => format!("{:#}", textmate()),
        Form::Codemirror => codemirror(),
    })
}

/// Words of one role that are written with letters, the longest first, as one regular expression.
fn any_of(role: Role) -> String {
    let mut found: Vec<&str> = words()
        .iter()
        .filter(|word| word.role == role && word.word.starts_with(|c: char| c.is_alphabetic()))
        .flat_map(|word| word.word.split(' '))
        .collect();
    found.sort_by_key(|word| (std::cmp::Reverse(word.len()), *word));
    found.dedup();
    found.join("|")
}

/// A whole word that is no part of a path such as `card.message`.
fn whole(words: &str) -> String {
    format!("(?<![\\w.@])(?:{words})(?![\\w.])")
}

fn textmate() -> Value {
    let rule = |name: &str, pattern: String| json!({ "name": format!("{name}.gyrfalcon"), "match": pattern });
    let units = any_of(Role::Unit);
    let event_types = EventType::ALL.map(EventType::name).join("|");
    json!({
        "name": "Gyrfalcon policy",
        "scopeName": "source.gyrfalcon",
        "fileTypes": ["policy"],
        "patterns": [
            rule("comment.line.number-sign", "#.*$".to_owned()),
            {
                "name": "string.quoted.double.gyrfalcon",
                "begin": "\"",
                "end": "\"|$",
                "patterns": [rule("constant.character.escape", "\\\\[nrt\"\\\\]".to_owned())],
            },
            {
                "match": format!("^({})\\b(?:\\s+([a-z_][a-z0-9_]*))?", any_of(Role::Statement)),
                "captures": {
                    "1": { "name": "keyword.control.gyrfalcon" },
                    "2": { "name": "entity.name.function.gyrfalcon" },
                },
            },
            rule("constant.other.date", "\\b\\d{4}-\\d{2}-\\d{2}\\b".to_owned()),
            rule(
                "constant.numeric",
                format!("\\b\\d[\\d_]*(?:\\.\\d[\\d_]*)?(?: ?(?:%|(?:{units}|[A-Z]{{3}})\\b))?"),
            ),
            rule("variable.other.list", "@[a-z_][a-z0-9_]*".to_owned()),
            rule(
                "support.function",
                format!(
                    "(?<![\\w.])(?:{}|{})(?=\\s*\\()",
                    any_of(Role::Aggregate),
                    any_of(Role::Function)
                ),
            ),
            rule("keyword.operator.word", whole(&any_of(Role::Operator))),
            rule("keyword.other.clause", whole(&any_of(Role::Clause))),
            rule("support.type.action", whole(&any_of(Role::Action))),
            rule("storage.modifier", whole(&any_of(Role::Detail))),
            rule("storage.type.list", format!("(?<==\\s)(?:{})\\b", any_of(Role::ListKind))),
            rule("storage.type.class", format!("(?<=as\\s)(?:{})\\b", any_of(Role::Class))),
            rule("constant.language", whole(&any_of(Role::Constant))),
            rule("constant.language.component", whole(&any_of(Role::Component))),
            rule("support.class.event", whole(&event_types)),
            rule("constant.other.code", "\\b[A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)*\\b".to_owned()),
            rule("keyword.operator", "==|!=|<=|>=|\\.\\.|[<>=+*/-]".to_owned()),
        ],
    })
}

/// The mode, with the words of each role as lists.
fn codemirror() -> String {
    let roles = [
        (Role::Statement, "statements"),
        (Role::Clause, "clauses"),
        (Role::Operator, "operators"),
        (Role::Constant, "constants"),
        (Role::Aggregate, "aggregates"),
        (Role::Function, "functions"),
        (Role::Unit, "units"),
        (Role::ListKind, "listKinds"),
        (Role::Class, "classes"),
        (Role::Action, "actions"),
        (Role::Detail, "details"),
        (Role::Component, "components"),
    ];
    let mut lists = String::new();
    for (role, name) in roles {
        let of_role = words().iter().filter(|word| word.role == role);
        let found: Vec<&str> = of_role.flat_map(|word| word.word.split(' ')).collect();
        lists.push_str(&format!("  {name}: {},\n", json!(found)));
    }
    let events = json!(EventType::ALL.map(EventType::name));
    lists.push_str(&format!("  events: {events},\n"));
    format!("{CODEMIRROR_HEAD}{lists}{CODEMIRROR_TAIL}")
}

const CODEMIRROR_HEAD: &str = "\
// Written by `gyr policy grammar --form codemirror`.
//   import { StreamLanguage } from \"@codemirror/language\"
//   StreamLanguage.define(gyrfalcon)
export const words = {
";

const CODEMIRROR_TAIL: &str = r##"};

const is = (list, word) => words[list].includes(word);

export const gyrfalcon = {
  name: "gyrfalcon",
  token(stream) {
    const atMargin = stream.sol();
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
    if (stream.match(/^\d{4}-\d{2}-\d{2}\b/)) return "literal";
    if (stream.match(/^\d[\d_]*(?:\.\d[\d_]*)?/)) {
      const unit = stream.match(/^ ?(%|[A-Za-z]+)/, false);
      if (unit && (is("units", unit[1]) || /^[A-Z]{3}$/.test(unit[1]))) stream.match(unit[0]);
      return "number";
    }
    if (stream.match(/^@[a-z_][a-z0-9_]*/)) return "variableName.special";
    const name = stream.match(/^[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*/);
    if (name) {
      const word = name[0];
      if (atMargin && is("statements", word)) return "keyword";
      if (stream.match(/^\s*\(/, false) && (is("aggregates", word) || is("functions", word))) {
        return "variableName.function";
      }
      if (is("operators", word)) return "operatorKeyword";
      if (is("clauses", word)) return "keyword";
      if (is("actions", word) || is("details", word)) return "controlKeyword";
      if (is("classes", word) || is("listKinds", word)) return "typeName";
      if (is("constants", word) || is("components", word)) return "atom";
      if (is("events", word)) return "className";
      return /^[A-Z]/.test(word) ? "constant" : "variableName";
    }
    if (stream.match(/^(?:==|!=|<=|>=|\.\.|[<>=+*\/-])/)) return "operator";
    stream.next();
    return null;
  },
  languageData: {
    commentTokens: { line: "#" },
    closeBrackets: { brackets: ["(", "[", "{", '"'] },
  },
};"##;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_parser_is_coloured() {
        let (textmate, codemirror) = (textmate().to_string(), codemirror());
        for word in words() {
            for part in word.word.split(' ') {
                let found = textmate.split(|c: char| !(c.is_alphanumeric() || "_%".contains(c)));
                assert!(found.into_iter().any(|found| found == part), "{part} in TextMate");
                assert!(codemirror.contains(&format!("\"{part}\"")), "{part} in CodeMirror");
            }
        }
    }

    #[test]
    fn the_grammar_that_lies_beside_the_code_is_the_one_that_is_written() {
        let kept = include_str!("../../../../editor/gyrfalcon.tmLanguage.json");
        assert!(
            kept == format!("{:#}\n", textmate()),
            "run `gyr policy grammar --form textmate > engine/editor/gyrfalcon.tmLanguage.json`"
        );
    }
}
