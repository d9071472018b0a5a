//! `gyr policy complete`: what may stand at a place of a policy, for an editor.

use std::path::PathBuf;

use clap::Args;
use features::catalog;
use features::language::complete::{Candidate, Completion, Outside, complete};
use features::language::define::Origin;
use serde_json::{Value, json};

use super::super::common::{self, Failure};
use crate::decision::{Factor, Proof, Strength};
use crate::economics::Economics;
use crate::policy::Sources;
use crate::reason::{MESSAGES, REASONS};
use crate::vector::Vector;

/// Says what may stand at a place of a policy: facts, fields, lists, keywords, codes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy complete my.policy --line 12 --column 8
  gyr policy complete - --line 12 --column 8 --json < my.policy   for an editor

The text may be broken; what is before the place decides. Lines and columns count from one, columns
in characters; the place is before the character in that column.")]
pub(crate) struct Arguments {
    /// The policy; `-` is standard input, `default` the built-in one.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The line.
    #[arg(long, value_name = "N")]
    line: usize,
    /// The column.
    #[arg(long, value_name = "M")]
    column: usize,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sources = common::policy_sources(Some(&arguments.file))?;
    let completion = completed(&sources, arguments.line, arguments.column);
    if arguments.json {
        return common::print_json(&report(&sources, &completion));
    }
    let mut table = common::table(&["word", "is", "of", "says"]);
    for Candidate { text, kind, of, says } in &completion.candidates {
        table.add_row([text, *kind, of, says]);
    }
    match completion.candidates.is_empty() {
        true => Ok(()),
        false => common::print(&table.to_string()),
    }
}

fn completed(sources: &Sources, line: usize, column: usize) -> Completion {
    let text = sources.files().next().map_or("", |(_, text)| text);
    let mut definitions = catalog::definitions();
    // Faults are what an unfinished text has; what could be understood is offered.
    definitions.add(sources.parsed(), Origin::Policy);
    let at = offset(text, line, column);
    complete(text, at, sources.parsed(), &mut definitions, &outside())
}

/// The byte of a place; a place after the end of its line is at that end.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let Some(start) = starts.nth(line.saturating_sub(1)) else { return text.len() };
    let rest = text[start..].split(['\n', '\r']).next().unwrap_or_default();
    let within = rest.char_indices().nth(column.saturating_sub(1));
    start + within.map_or(rest.len(), |(at, _)| at)
}

const STRENGTHS: [(Strength, &str); 4] = [
    (Strength::S1, "knowledge, or card data once more"),
    (Strength::S2, "possession shown by a one-time code"),
    (Strength::S3, "device-bound cryptography or verified biometric"),
    (Strength::S4, "identity proven anew"),
];

fn outside() -> Outside {
    let said = |text: &str, says: &str| (text.to_owned(), says.to_owned());
    Outside {
        reasons: REASONS.iter().map(|reason| said(reason.code, reason.meaning)).collect(),
        messages: MESSAGES.iter().map(|message| said(message.key, message.english)).collect(),
        vectors: Vector::ALL.iter().map(|vector| said(vector.name(), vector.meaning())).collect(),
        strengths: STRENGTHS.iter().map(|(strength, says)| said(strength.name(), says)).collect(),
        proofs: Proof::ALL.iter().map(|proof| said(proof.name(), "")).collect(),
        factors: Factor::ALL.iter().map(|factor| said(factor.name(), "")).collect(),
        settings: Economics::names().iter().map(|name| said(name, "")).collect(),
    }
}

fn report(sources: &Sources, completion: &Completion) -> Value {
    let entry = |candidate: &Candidate| {
        json!({
            "text": candidate.text,
            "kind": candidate.kind,
            "of": candidate.of,
            "says": candidate.says,
        })
    };
    json!({
        "file": sources.name(),
        "start": completion.start,
        "candidates": completion.candidates.iter().map(entry).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is offered where `|` stands in a text.
    fn offered(text: &str) -> Vec<String> {
        let at = text.find('|').expect("the text has a place");
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let sources = Sources::alone("policy", &text.replace('|', ""));
        let found = completed(&sources, line, column).candidates;
        found.into_iter().map(|candidate| candidate.text).collect()
    }

    #[test]
    fn what_is_wanted_at_a_place_is_offered_there_also_in_a_broken_text() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("|", &["rule", "band", "use"], &["when"]),
            ("ru|", &["rule"], &["let"]),
            ("rule r |", &["when", "then", "because"], &["unit"]),
            (
                "rule r when |\n  then decline",
                &["device_distinct_cards_24h", "count", "card.bin"],
                &["when"],
            ),
            ("let spends = payment\nrule r when sp|", &["spends"], &["payment"]),
            ("rule r when funding == |", &["intl_card", "tour_pass"], &[]),
            ("rule r when funding in (balance, |", &["intl_card"], &["device"]),
            ("rule r when (funding not in (|) and ", &["intl_card"], &["device"]),
            ("rule r when card.iss|", &["card.issuer_country", "card.issuer_id"], &["card.bin"]),
            ("list bad \"B\" = value ()\nrule r when card in |", &["@bad"], &[]),
            ("list bad \"B\" = value ()\nrule r when card in @b|", &["@bad"], &[]),
            ("rule r when count(payment) by |", &["account", "device"], &["payment"]),
            ("rule r when count(payment) by account, |", &["merchant"], &["payment"]),
            ("rule r when count(payment) by account over |", &["24h"], &["payment"]),
            ("rule r when component(|", &["size", "age_spread"], &["payment"]),
            ("rule r when a and b |", &["or", "then", "because", "undecided"], &["payment"]),
            ("rule r on |", &["payment", "login"], &["auth_result"]),
            ("rule r on payment, t|", &["transfer", "tour_pass_topup"], &["login"]),
            ("rule r as |", &["hard", "limit"], &["soft"]),
            ("rule r when a then |", &["decline", "freeze", "tag"], &["because"]),
            ("rule r when a then review and |", &["hold", "warn"], &["because"]),
            ("rule r when a then challenge |", &["strength", "prove", "because", "and"], &[]),
            ("rule r when a then challenge strength |", &["S1", "S4"], &[]),
            ("rule r when a then challenge prove cardholder, |", &["user"], &["passkey"]),
            ("rule r when a then challenge prove user forbid |", &["sms_otp"], &["user"]),
            ("rule r when a then freeze |", &["card", "account"], &["device"]),
            (
                "rule r when a then tag account watched for 7d\nrule s when card tagged |",
                &["watched"],
                &[],
            ),
            ("list bad = value ()\nrule r when a then add card to |", &["@bad"], &[]),
            ("rule r when a then decline because |", &["CARD_BLOCKLISTED"], &["MSG_LIMIT"]),
            ("rule r when a then decline because CARD_|", &["CARD_BLOCKLISTED"], &["BIN_ATTACK"]),
            ("rule r when a then decline message |", &["MSG_LIMIT"], &["BIN_ATTACK"]),
            ("rule r when a then decline suspects |", &["V1", "V9"], &[]),
            ("rule r when a hits { |", &["payment", "amount_usd"], &[]),
            (
                "rule r when a hits { payment, funding = |",
                &["intl_card", "unknown"],
                &["amount_usd"],
            ),
            ("set mar|", &["margin"], &["recovery"]),
            ("list l = |", &["cidr", "value"], &["payment"]),
            ("feature f \"F\" unit |", &["count", "hours"], &[]),
            ("feature f \"F\" = sum(|", &["base_minor"], &["unit"]),
            ("rule r when a then decline because X\nexempt e when b from |", &["r"], &[]),
            ("rule r when ) = ( and |", &["payment"], &[]),
        ];
        for (text, wanted, unwanted) in cases {
            let found = offered(text);
            for word in *wanted {
                assert!(found.iter().any(|text| text == word), "{text}: no {word} in {found:?}");
            }
            for word in *unwanted {
                assert!(found.iter().all(|text| text != word), "{text}: {word} is offered");
            }
        }
    }

    #[test]
    fn nothing_is_offered_in_comments_texts_numbers_and_new_names() {
        for text in [
            "# ru|",
            "rule r \"ti|",
            "rule r when a > 5|",
            "let |",
            "rule |",
            "policy |",
            "let x |",
        ] {
            assert_eq!(offered(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_candidate_says_what_it_is_in_one_line() {
        let sources = Sources::alone("policy", "let big = usd_minor > 5 USD\nrule r when ");
        let completion = completed(&sources, 2, 13);
        let find = |text: &str| completion.candidates.iter().find(|c| c.text == text).unwrap();
        let big = find("big");
        assert_eq!((big.kind, &*big.of, &*big.says), ("let", "a condition", "usd_minor > 5 USD"));
        let fact = find("device_distinct_cards_24h");
        assert_eq!((fact.kind, &*fact.of), ("fact", "count"));
        assert!(!fact.says.is_empty());
        assert_eq!(find("card.issuer_country").of, "a country");
        assert_eq!(find("distance_km").kind, "function");
        assert!(completion.candidates.iter().all(|c| !c.says.contains('\n')));
    }

    #[test]
    fn any_place_of_any_text_gets_an_answer() {
        let text = crate::policy::DEFAULT_POLICY;
        let mut at = 7;
        // Every part of the house policy, cut off there, at steps that meet all kinds of places.
        while at < text.len() {
            let end = text.floor_char_boundary(at);
            let cut = &text[..end];
            let lines = cut.matches('\n').count() + 1;
            completed(&Sources::alone("policy", cut), lines, usize::MAX);
            at += 997;
        }
        completed(&Sources::alone("policy", "é\r\n卡"), 2, 2);
        completed(&Sources::alone("policy", ""), 9, 9);
    }
}
