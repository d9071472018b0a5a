//! Every fault with its code and its place.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Place};
use crate::language::{
    CODES, FAULTS_MAX, HEIGHT_MAX, NESTING_MAX, PARTS_MAX, TEXT_BYTES_MAX, parse, text_of,
};

/// Each fault as `P012 2:7`, columns in characters.
fn found(text: &str) -> Vec<String> {
    parse(text).1.iter().map(|fault| located(text, fault)).collect()
}

fn located(text: &str, fault: &Diagnostic) -> String {
    let Place::Text { start, .. } = fault.place else {
        return format!("{} whole", fault.code);
    };
    let before = &text[..start as usize];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    format!("{} {line}:{column}", fault.code)
}

/// Texts and their faults, in the order of the codes.
const CASES: &[(&str, &[&str])] = &[
    // Characters and texts.
    ("let x = a ? b", &["P003 1:11", "P025 1:13"]),
    ("let x = a;", &["P003 1:10"]),
    ("let x = @", &["P020 1:7", "P003 1:9"]),
    ("let x = a # \u{202e}b", &["P004 1:13"]),
    ("let x = a\u{200b} or b", &["P004 1:10"]),
    ("policy \"a\nlet x = 1", &["P005 1:8"]),
    (r#"policy "a\d""#, &["P006 1:10"]),
    ("let x = a == 'b'", &["P007 1:14"]),
    ("let x = a == “b”", &["P007 1:14"]),
    ("let x = a // b", &["P008 1:11"]),
    // Names.
    ("let x = deviceId == 1", &["P009 1:9"]),
    ("let x.y = 1", &["P009 1:5"]),
    ("let X = 1", &["P009 1:5"]),
    ("let x = naïve", &["P009 1:9"]),
    ("rule r when a then decline because many_cards", &["P009 1:36"]),
    // Numbers.
    ("let x = 1__0", &["P011 1:9"]),
    ("let x = 9007199254740992", &["P011 1:9"]),
    ("let x = count(a) over 5 min > 1", &["P012 1:25"]),
    ("let x = count(a) over 5hours > 1", &["P012 1:24"]),
    ("let x = 24H", &["P012 1:11"]),
    ("let x = 1e6", &["P012 1:10"]),
    ("let x = 5 KM", &["P012 1:11"]),
    ("let x = amount > 5 usd", &["P013 1:20"]),
    ("let x = 5 XQX", &["P013 1:11"]),
    ("let x = count(a) over 0h", &["P014 1:23"]),
    ("let x = 0.0001s", &["P014 1:9"]),
    ("let x = 99999999999d", &["P014 1:9"]),
    ("rule r when a then decline until 2027-02-29", &["P015 1:34"]),
    ("let x = 2027-02-28", &["P015 1:9"]),
    // Operators of other languages.
    ("let x = a && b || !c", &["P016 1:11", "P016 1:16", "P016 1:19"]),
    ("let x = a <> b and c => d", &["P016 1:11", "P016 1:22"]),
    ("let x = a ≥ 5，", &["P016 1:11", "P016 1:14"]),
    ("let x = a AND NOT b OR ELSE c", &["P017 1:11", "P017 1:15", "P017 1:21"]),
    ("let x = a == TRUE", &["P017 1:14"]),
    ("let x = a = 5", &["P018 1:11"]),
    ("let x == 5", &["P018 1:7"]),
    ("let x = card is null", &["P019 1:14"]),
    ("let x = card is not null and b", &["P019 1:14"]),
    ("let x = card != NULL", &["P019 1:14"]),
    ("let x = card is b", &["P019 1:14"]),
    ("let x = f(null)", &["P019 1:11"]),
    // Operators without operands, chains, prefixes, depth.
    ("rule r when a and\n  because X then decline", &["P020 1:15"]),
    ("rule r when a\n  then decline and\n  because X", &["P020 2:16"]),
    ("let x = a or\nlet y = b", &["P020 1:11"]),
    ("let x = a + * b", &["P020 1:11"]),
    ("let x = not", &["P020 1:9"]),
    ("feature f = a and missing zero", &["P020 1:15"]),
    ("let x = 1 < a < 5", &["P021 1:15"]),
    ("let x = a == not b", &["P022 1:14"]),
    // What the grammar does not want.
    ("let x = (a or b", &["P025 1:16"]),
    ("let x = count(a wher b)", &["P025 1:17"]),
    ("let x = a b", &["P025 1:11"]),
    ("let x = ()", &["P025 1:10"]),
    ("let x = a in b", &["P025 1:14"]),
    ("let x = a in (@b)", &["P025 1:15"]),
    ("let x = a in ()", &["P025 1:15"]),
    ("let x = a between 1 or 2", &["P025 1:21"]),
    ("let x = if a else b", &["P025 1:14"]),
    ("let x = if a then b", &["P025 1:20"]),
    ("let x = missing a", &["P025 1:9"]),
    ("let x = count(a) over 24", &["P025 1:23"]),
    ("let x = count(a) including that", &["P025 1:28"]),
    ("let x = count(a) matching b", &["P025 1:18"]),
    ("let x 5", &["P025 1:7"]),
    ("policy default", &["P025 1:8"]),
    ("list l = value (5)", &["P025 1:17"]),
    ("rule r when a then decline, review", &["P025 1:27"]),
    ("rule r when a then hold 24", &["P025 1:25"]),
    ("rule r when a then decline expect 1% - 2%", &["P025 1:38"]),
    ("rule r when a then decline message\n  cooldown 24h", &["P025 2:3"]),
    ("rule \"r\" when a then decline", &["P025 1:6"]),
    ("let in = 5", &["P026 1:5"]),
    ("rule r on\n  when a then decline", &["P025 2:3"]),
    // Aggregates.
    ("let x = count(a) by b 24h >= 5", &["P027 1:23"]),
    ("let x = count(a) by b in the last 24h >= 5", &["P027 1:23"]),
    ("let x = count(a) within 24h by b", &["P027 1:18"]),
    ("let x = count(a of b)", &["P028 1:9"]),
    ("let x = sum(amount) by b over 1h", &["P028 1:9"]),
    // Repeats.
    ("rule r when a then decline owner \"x\" owner \"y\"", &["P029 1:38"]),
    ("let x = count(a) over 1h over 2h", &["P029 1:26"]),
    ("feature f_{1h,60m} = a", &["P029 1:15"]),
    ("rule r when a then challenge strength S1 strength S2", &["P029 1:42"]),
    ("rule r when a then decline suspects V1 0.1, V1 0.2", &["P029 1:45"]),
    // Statements and clauses.
    ("rul r when a then decline", &["P030 1:1"]),
    ("let x = a\nfature y = b\nlet z = a a", &["P030 2:1", "P025 3:11"]),
    (") let", &["P030 1:1"]),
    ("because X", &["P030 1:1"]),
    ("let x = a\n  let y = b", &["P031 2:3"]),
    ("rule r when a then decline rule s when b then review", &["P031 1:28"]),
    ("let x = a\npolicy \"p\"", &["P032 2:1"]),
    ("rule r\n  when a\n  then decline\n  becuase X", &["P033 4:3"]),
    ("rule r when a then decline\nbecuase X", &["P033 2:1"]),
    ("rule r when a adn b then decline", &["P033 1:15"]),
    ("rule r when a b then decline", &["P033 1:15"]),
    ("rule r when a then decline unit count", &["P033 1:28"]),
    ("rule r when a then challenge S3", &["P033 1:30"]),
    ("feature f = a )", &["P033 1:15"]),
    ("rule r \"R\" because X", &["P034 1:1"]),
    ("feature f unit count", &["P034 1:1"]),
    ("exempt e when a", &["P034 1:1"]),
    ("rule r when a then approve", &["P035 1:20"]),
    ("rule r when a then declin", &["P035 1:20"]),
    ("rule r as soft when a then decline", &["P035 1:11"]),
    ("list l = values (\"a\")", &["P035 1:10"]),
    ("rule r when a then decline suspects V1 7", &["P036 1:40"]),
    ("rule r when a then decline expect 0.5 .. 2", &["P036 1:42"]),
    ("rule r when a then decline expect 2% .. 1%", &["P036 1:35"]),
    ("feature f{1h} = a", &["P037 1:9"]),
    // Sequences, tags, bands, files and examples.
    ("let x = a[b then c within 1h", &["P025 1:29"]),
    ("let x = a[b] then c[d]", &["P025 1:23"]),
    ("let x = a then b within 5", &["P025 1:25"]),
    ("let x = a then b within 0h", &["P014 1:25"]),
    ("let x = a in [b]", &["P025 1:14"]),
    ("let x = a + 1 tagged b", &["P025 1:9"]),
    ("let x = (a) tagged", &["P025 1:19"]),
    ("let x = a == b tagged c", &["P025 1:9", "P021 1:16"]),
    ("use common", &["P025 1:5"]),
    ("use \"\"", &["P025 1:5"]),
    ("use \"a\" \"b\"", &["P025 1:9"]),
    ("list l = value", &["P025 1:15"]),
    ("list l = value from a", &["P025 1:21"]),
    ("band b on payment", &["P034 1:1"]),
    ("band b = 20% .. 120%", &["P036 1:17"]),
    ("band b = 20% .. 10%", &["P036 1:10"]),
    ("band b = 20%", &["P025 1:13"]),
    ("rule r when a then tag account x", &["P025 1:33"]),
    ("rule r when a then add card @l", &["P025 1:29"]),
    ("rule r when a then add card to l for 1h", &["P025 1:32"]),
    ("rule r when a then freeze device", &["P035 1:27"]),
    ("rule r when a then delay payment", &["P035 1:26"]),
    ("rule r when a then review undecided approve", &["P035 1:37"]),
    ("rule r when a then review hits a = 1", &["P025 1:32"]),
    ("rule r when a then review hits", &["P025 1:31"]),
    ("rule r when a then review hits { a }  { a = }", &["P025 1:45"]),
    ("rule r when a then review hits { a == 1 }", &["P018 1:36"]),
    ("rule r when a then review hits { a = 1 owner \"x\"", &["P025 1:40"]),
    ("rule r on a b when c then decline suspects V1 0.1 V2 0.2", &["P025 1:13", "P025 1:51"]),
    // Several at once: each clause and each statement is looked at.
    (
        "rule a\n  when x = \n  then decli\n  because y\nlet z = = 1\nrule b when c then review",
        &["P018 2:10", "P025 3:3", "P035 3:8", "P009 4:11", "P025 5:9"],
    ),
    (
        "rule a when b then declin\n  becuase X cooldown 5\n\
         rul b when\n  then warn\nexmpt e when (a from b",
        &["P035 1:20", "P033 2:3", "P025 2:22", "P030 3:1", "P025 4:3", "P030 5:1", "P025 5:17"],
    ),
];

#[test]
fn every_fault_has_its_code_and_its_place() {
    let differ = |(text, wanted): &&(&str, &[&str])| found(text) != *wanted;
    let wrong: Vec<String> = CASES
        .iter()
        .filter(differ)
        .map(|(text, wanted)| format!("{text}\n  {:?}, wanted {wanted:?}", found(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_limits_are_held_and_said() {
    let long = format!("let {} = 1", "x".repeat(129));
    assert_eq!(found(&long), ["P010 1:5"]);
    // A list is changed by events, and its name, with a tag the entity before it, is an id there.
    let name = |bytes: usize| "l".repeat(bytes);
    let list = |bytes| format!("list {} = value (\"a\")", name(bytes));
    assert_eq!(found(&list(64)), [""; 0]);
    assert_eq!(found(&list(65)), ["P010 1:6"]);
    assert_eq!(found(&list(129)), ["P010 1:6"]);
    let asked = |bytes| format!("let x = card tagged {}", name(bytes));
    assert_eq!(found(&asked(59)), [""; 0]);
    assert_eq!(found(&asked(60)), ["P010 1:21"]);
    let left = |bytes| {
        let tag = name(bytes);
        format!(
            "rule r \"\" on payment when payment then tag card {tag} for 1d because AA owner \"\""
        )
    };
    assert_eq!(found(&left(59)), [""; 0]);
    assert_eq!(found(&left(60)), ["P010 1:49"]);
    let nested = |depth: u32| {
        let depth = depth as usize;
        format!("let x = {}a{}", "(".repeat(depth), ")".repeat(depth))
    };
    assert!(found(&nested(NESTING_MAX)).is_empty());
    assert_eq!(found(&nested(NESTING_MAX + 1)), ["P023 1:74"]);
    let chain = |operators: u32| format!("let x = a{}", " or a".repeat(operators as usize));
    assert!(found(&chain(HEIGHT_MAX - 1)).is_empty());
    assert_eq!(found(&chain(HEIGHT_MAX)), ["P024 1:9"]);
    let family = |count: usize| {
        let windows: Vec<String> = (1..=count).map(|n| format!("{n}m")).collect();
        format!("feature f_{{{}}} = a", windows.join(","))
    };
    assert!(found(&family(PARTS_MAX)).is_empty());
    assert_eq!(found(&family(PARTS_MAX + 1)).len(), 1);
    let text = "#".repeat(TEXT_BYTES_MAX);
    assert!(found(&text).is_empty());
    assert_eq!(found(&(text + "#")), ["P001 whole"]);
}

#[test]
fn faults_beyond_the_limit_are_counted() {
    let text = "let x = a b\n".repeat(FAULTS_MAX + 7);
    let faults = parse(&text).1;
    assert_eq!(faults.len(), FAULTS_MAX + 1);
    assert_eq!(located(&text, &faults[FAULTS_MAX - 1]), format!("P025 {FAULTS_MAX}:11"));
    assert_eq!(faults[FAULTS_MAX].code, "P002");
    assert!(faults[FAULTS_MAX].message.contains("7 more"), "{}", faults[FAULTS_MAX]);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(text_of("卡\n".as_bytes()), Ok("卡\n"));
    let fault = text_of(b"let\n x = \xe5\x8d").unwrap_err();
    assert_eq!(fault.message, "got byte 0xe5 in line 2, wanted UTF-8 text");
    assert_eq!((fault.code, text_of(b"\xff\xfel\0").unwrap_err().code), ("P039", "P039"));
}

#[test]
fn codes_are_in_order_and_each_is_raised_by_a_test() {
    assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
    let mut raised: BTreeSet<&str> =
        CASES.iter().flat_map(|(_, faults)| faults.iter().map(|fault| &fault[..4])).collect();
    // These stand in the tests of the limits.
    raised.extend(["P001", "P002", "P010", "P023", "P024", "P038", "P039"]);
    let known: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(raised, known);
}

#[test]
fn messages_say_what_was_got_what_was_wanted_and_the_next_step() {
    let cases = [
        (
            "rule r when a then decline becuase X",
            "got `becuase`, wanted a clause of `rule`",
            "did you mean `because`?",
        ),
        ("let x = a = 5", "got `=`, wanted `==`", "`==` compares"),
        ("let x = 5 min", "got the unit `min`, wanted `m`", "write `m`"),
        ("let x = 5 usd", "got the unit `usd`, wanted `USD`", "write `USD`"),
        (
            "let x = card is not null",
            "got `is not null`, wanted `missing(..)`",
            "write `not missing(card)`",
        ),
        ("let x = count(a) by b 24h", "got `24h` without `over`", "write `over 24h`"),
        ("let x = a == 'b'", "got `'b'`, wanted double quotes", "write \"b\""),
        (
            "rule r when a\n  then declne",
            "got `declne`, wanted an action: decline, challenge, hold, review, limit, warn, tag, \
             add, freeze, notify, delay",
            "did you mean `decline`?",
        ),
        ("rul r when a then warn", "got `rul`, wanted a statement", "did you mean `rule`?"),
        (
            "let x = deviceId",
            "got `deviceId`, wanted lower_snake or UPPER_SNAKE",
            "write `device_id`",
        ),
        (
            "let x = count(\n a wher b)",
            "got `wher`, wanted `)` for the `(` in line 1",
            "did you mean `where`?",
        ),
    ];
    for (text, message, help) in cases {
        let faults = parse(text).1;
        assert_eq!(faults[0].message, message, "{text}");
        assert_eq!(faults[0].help.as_deref(), Some(help), "{text}");
    }
    let and = &parse("rule r when a and\n because X then warn").1[0];
    assert_eq!(and.message, "got `because` after `and`, wanted a condition or a value");
}

#[test]
fn a_mended_statement_is_kept_and_a_broken_one_is_left_out() {
    let (policy, faults) = parse("let a = b = 5\nlet c = )\nrule r when x and y then\nlet d = 1");
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!(policy.statements.len(), 2);
}
