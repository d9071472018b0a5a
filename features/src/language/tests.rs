//! What the language accepts and how it is understood. Faults are in [`faults`], random texts in
//! [`random`], what names mean in [`meaning`].

use crate::diagnostic::Place;

use super::ast::{Action, Class, Example, Expr, FreezeWhat, ListKind, Rule, Statement};
use super::{parse, parse_part, print};

mod faults;
mod format;
mod hostile;
mod meaning;
mod random;
mod truth;
mod vocabulary;

/// A text with every statement, every clause and most forms of expression.
const SAMPLE: &str = r##"policy "default"   # the first statement
# A comment of its own line.
use "common.policy"
let attempt = payment or tour_pass_topup or transfer
let approved = auth_result where outcome in (approved, partial)
list blocked_devices "Devices of confirmed fraud" = value ("d-123", "d-456",)
list datacenters = cidr ()
list resold = value from "resold.csv"
list both = bin ("4",) from "more/bins.csv"
set margin = 1.2%
set fee = 0.6 % + 15 bps * 2
feature account_attempt_count_{1m,5m,1h} "Attempts on the account"
  id VEL-09  unit count  missing zero
  = count(attempt) by account over window
feature my_ratio "Declined share" = count(payment where outcome == declined) by device over 25m
    / count(payment) by device over 25m
  missing unknown unit ratio
rule device_many_cards "Many cards tried on one device"
  as      hard
  on      card_link, payment
  when    distinct(card of card_link) by device over 24h >= 5
       or count(card_link) by device over 1h offset 30m including this >= 5
  then    challenge strength S3 prove cardholder, identity forbid sms_otp with passkey and hold 24h
          and limit 1_000 CNY * 2 and review and warn
  because DEVICE_MANY_CARDS   message MSG_TRY_LATER
  cooldown 24h   suspects V1 0.7, V9 30%   expect 0.01% .. 0.30%
  owner "cards"   until 2028-02-29   shadow
band elevated "Worth a look" = 30% .. 0.9 on payment
  then challenge strength S2 and notify because MODEL_ELEVATED message MSG_VERIFY_YOU
band high = 90% .. 100%
rule cashed_out
  when login[device_account_age_hours < 24] then profile_change within 1h
      then transfer within 24h by account, device
    or card tagged watched and device not tagged trusted
  then tag account mule_suspect for 7d and add card to @blocked_cards for 30d and add ip to @seen
    and freeze card and freeze account and delay settlement and notify
  undecided review and hold 1h
  hits { card_link, a = 5 } { a in @l = true, count(b) by c over 1h = unknown, d tagged e = false, }
  misses {} { a = -5 CNY }
exempt traveller "In a trip" on payment
  when traveler_state in (arrived, in_trip) from rule_a, rule_b
  because TRAVELLER_CONTEXT owner "travel" until 2027-06-30
"##;

fn statements(text: &str) -> Vec<Statement> {
    let (policy, faults) = parse(text);
    assert_eq!(faults, [], "{text}");
    policy.statements.into_iter().map(|statement| statement.node).collect()
}

fn rule(text: &str) -> Rule {
    match statements(text).pop() {
        Some(Statement::Rule(rule)) => rule,
        other => panic!("wanted a rule, got {other:?}"),
    }
}

fn expression(text: &str) -> Expr {
    match statements(&format!("let x = {text}")).pop() {
        Some(Statement::Let(x)) => x.body,
        other => panic!("wanted a let, got {other:?}"),
    }
}

/// The tree without places.
fn shape(expr: &Expr) -> String {
    without_places(&format!("{expr:?}"))
}

/// The tree of a whole text without places.
fn shape_of(text: &str) -> String {
    let (policy, faults) = parse(text);
    assert_eq!(faults, [], "{text}");
    without_places(&format!("{policy:?}"))
}

fn without_places(text: &str) -> String {
    let mut pieces = text.split("Span { start: ");
    let first = pieces.next().unwrap().to_owned();
    pieces.fold(first, |out, piece| out + piece.split_once('}').unwrap().1)
}

fn names(names: &[super::ast::Name]) -> Vec<&str> {
    names.iter().map(|name| name.node.as_str()).collect()
}

#[test]
fn every_statement_of_the_sample_is_understood() {
    let (policy, faults) = parse(SAMPLE);
    assert_eq!(faults, []);
    assert_eq!(policy.name.unwrap().node, "default");
    let starts: Vec<&str> = policy
        .statements
        .iter()
        .map(|s| SAMPLE[s.span.start as usize..].split(' ').next().unwrap())
        .collect();
    let wanted =
        "use let let list list list list set set feature feature rule band band rule exempt";
    assert_eq!(starts.join(" "), wanted);
    let last = policy.statements[11].span;
    assert!(SAMPLE[..last.end as usize].ends_with("shadow"));
}

#[test]
fn a_rule_keeps_every_clause() {
    let found = statements(SAMPLE);
    let Statement::Rule(rule) = &found[11] else { panic!("{found:?}") };
    assert_eq!(rule.name.node, "device_many_cards");
    assert_eq!(rule.title, "Many cards tried on one device");
    assert_eq!(rule.class.as_ref().unwrap().node, Class::Hard);
    assert_eq!(names(&rule.on), ["card_link", "payment"]);
    assert_eq!(
        print(&rule.when),
        "distinct(card of card_link) by device over 24h >= 5 \
         or count(card_link) by device over 1h offset 30m including this >= 5"
    );
    assert_eq!(rule.because.as_ref().unwrap().node, "DEVICE_MANY_CARDS");
    assert_eq!(rule.message.as_ref().unwrap().node, "MSG_TRY_LATER");
    assert_eq!(rule.cooldown_ms, Some(86_400_000));
    let suspects: Vec<_> = rule.suspects.iter().map(|(n, w)| (n.node.as_str(), *w)).collect();
    assert_eq!(suspects, [("V1", 0.7), ("V9", 0.3)]);
    assert_eq!(rule.expect, Some((0.0001, 0.003)));
    assert_eq!(rule.owner.as_deref(), Some("cards"));
    assert_eq!(rule.until.as_ref().unwrap().node, "2028-02-29");
    assert!(rule.shadow);
    let Action::Challenge { strength, prove, forbid, with } = &rule.then[0].node else {
        panic!("{:?}", rule.then)
    };
    assert_eq!(strength.as_ref().unwrap().node, "S3");
    assert_eq!(names(prove), ["cardholder", "identity"]);
    assert_eq!((names(forbid), names(with)), (vec!["sms_otp"], vec!["passkey"]));
    assert_eq!(rule.then[1].node, Action::Hold { ms: 86_400_000 });
    let Action::Limit { amount } = &rule.then[2].node else { panic!("{:?}", rule.then) };
    assert_eq!(print(amount), "1000 CNY * 2");
    assert_eq!((&rule.then[3].node, &rule.then[4].node), (&Action::Review, &Action::Warn));
}

#[test]
fn lists_features_and_exemptions_keep_their_parts() {
    let found = statements(SAMPLE);
    let Statement::List(list) = &found[3] else { panic!("{found:?}") };
    assert_eq!((list.name.node.as_str(), list.kind.node), ("blocked_devices", ListKind::Value));
    let entries: Vec<&str> = list.entries.iter().map(|entry| entry.node.as_str()).collect();
    assert_eq!(entries, ["d-123", "d-456"]);
    let Statement::Feature(family) = &found[9] else { panic!("{found:?}") };
    assert_eq!(family.name.node, "account_attempt_count_");
    let windows: Vec<_> = family.windows.iter().map(|w| (&*w.node.text, w.node.ms)).collect();
    assert_eq!(windows, [("1m", 60_000), ("5m", 300_000), ("1h", 3_600_000)]);
    assert_eq!(family.id.as_ref().unwrap().node, "VEL-09");
    assert_eq!(family.unit.as_ref().unwrap().node, "count");
    assert_eq!(family.missing.as_ref().unwrap().node, "zero");
    assert_eq!(print(&family.body), "count(attempt) by account over window");
    let Statement::Feature(ratio) = &found[10] else { panic!("{found:?}") };
    assert_eq!((ratio.windows.len(), ratio.title.as_str()), (0, "Declined share"));
    assert_eq!(ratio.missing.as_ref().unwrap().node, "unknown");
    let Statement::Exempt(exempt) = &found[15] else { panic!("{found:?}") };
    assert_eq!(names(&exempt.from), ["rule_a", "rule_b"]);
    assert_eq!(exempt.because.as_ref().unwrap().node, "TRAVELLER_CONTEXT");
}

#[test]
fn lists_name_their_file_and_bands_their_range() {
    let found = statements(SAMPLE);
    let Statement::Use(used) = &found[0] else { panic!("{found:?}") };
    assert_eq!(used.path.node, "common.policy");
    let file = |index: usize| match &found[index] {
        Statement::List(list) => {
            (list.entries.len(), list.from.as_ref().map(|path| path.node.as_str()))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(file(4), (0, None));
    assert_eq!(file(5), (0, Some("resold.csv")));
    assert_eq!(file(6), (1, Some("more/bins.csv")));
    let Statement::Band(band) = &found[12] else { panic!("{found:?}") };
    assert_eq!((band.name.node.as_str(), band.title.as_str()), ("elevated", "Worth a look"));
    assert_eq!((band.low, band.high, names(&band.on)), (0.3, 0.9, vec!["payment"]));
    assert_eq!(band.then[1].node, Action::Notify);
    assert_eq!(band.because.as_ref().unwrap().node, "MODEL_ELEVATED");
    let Statement::Band(band) = &found[13] else { panic!("{found:?}") };
    assert_eq!((band.low, band.high, band.then.len()), (0.9, 1.0, 0));
}

#[test]
fn a_rule_says_what_is_noted_and_how_it_is_tried() {
    let found = statements(SAMPLE);
    let Statement::Rule(rule) = &found[14] else { panic!("{found:?}") };
    assert_eq!(
        print(&rule.when),
        "login[device_account_age_hours < 24] then profile_change within 1h \
         then transfer within 24h by account, device \
         or card tagged watched and device not tagged trusted"
    );
    let Action::Tag { entity, tag, ms } = &rule.then[0].node else { panic!("{:?}", rule.then) };
    let tagged = (entity.node.as_str(), tag.node.as_str(), *ms);
    assert_eq!(tagged, ("account", "mule_suspect", 604_800_000));
    let Action::Add { entity, list, ms } = &rule.then[1].node else { panic!("{:?}", rule.then) };
    let added = (entity.node.as_str(), list.node.as_str(), *ms);
    assert_eq!(added, ("card", "blocked_cards", Some(2_592_000_000)));
    assert!(matches!(rule.then[2].node, Action::Add { ms: None, .. }));
    let rest: Vec<&Action> = rule.then[3..].iter().map(|action| &action.node).collect();
    let (card, account) = (Action::Freeze(FreezeWhat::Card), Action::Freeze(FreezeWhat::Account));
    assert_eq!(rest, [&card, &account, &Action::DelaySettlement, &Action::Notify]);
    assert_eq!(rule.undecided[0].node, Action::Review);
    assert_eq!(rule.undecided[1].node, Action::Hold { ms: 3_600_000 });
    let facts = |example: &Example| -> Vec<String> {
        let line = |(fact, value): &(Expr, Expr)| format!("{} = {}", print(fact), print(value));
        example.facts.iter().map(line).collect()
    };
    assert_eq!(rule.hits[0].on.as_ref().unwrap().node, "card_link");
    assert_eq!(facts(&rule.hits[0]), ["a = 5"]);
    assert_eq!(
        facts(&rule.hits[1]),
        ["a in @l = true", "count(b) by c over 1h = unknown", "d tagged e = false"]
    );
    assert_eq!((rule.misses[0].on.is_none(), rule.misses[0].facts.len()), (true, 0));
    assert_eq!(facts(&rule.misses[1]), ["a = -5 CNY"]);
    let span = rule.hits[0].span;
    assert_eq!(&SAMPLE[span.start as usize..span.end as usize], "{ card_link, a = 5 }");
}

#[test]
fn a_step_is_told_from_the_clause_by_what_follows_its_name() {
    for text in ["rule r when login then decline", "rule r when (login) then hold 1h"] {
        assert_eq!(rule(text).then.len(), 1);
    }
    let text = "rule r when login then transfer within 1h then hold 1h";
    assert_eq!(print(&rule(text).when), "login then transfer within 1h");
    let cases = [
        ("count(a[b == 1 or c]) by d", "count(a where b == 1 or c) by d"),
        ("if a then (b[c] then d within 1h) else e", "if a then (b[c] then d within 1h) else e"),
        ("f((a then b within 60m by c), d)", "f((a then b within 1h by c), d)"),
        ("not a then b within 1h == c", "not a then b within 1h == c"),
        ("a tagged b == c", ""),
    ];
    for (text, line) in cases {
        let (_, faults) = parse(&format!("let x = {text}"));
        match line {
            "" => assert_eq!(faults[0].code, "P021"),
            line => assert_eq!(print(&expression(text)), line),
        }
    }
}

#[test]
fn a_part_of_a_text_is_read_with_places_of_the_whole() {
    let text = "let a = b c\n\u{feff}rule r when (a\n\nlet x = 1";
    let first = text.find('\n').unwrap() + 1;
    let (policy, faults, more) = parse_part(text, first..text.len() - 5);
    assert_eq!(more, 0);
    assert!(policy.statements.is_empty());
    assert!(faults.iter().any(|fault| fault.message.contains("`(` in line 1")), "{faults:?}");
    let whole = parse(&text[first..text.len() - 5]).1;
    for (part, whole) in faults.iter().zip(&whole) {
        let (Place::Text { start, end }, Place::Text { start: first_start, end: first_end }) =
            (&part.place, &whole.place)
        else {
            panic!("{part} {whole}")
        };
        let shift = first as u32;
        assert_eq!((*start, *end), (first_start + shift, first_end + shift));
        assert_eq!((part.code, &part.message), (whole.code, &whole.message));
    }
}

#[test]
fn a_rule_needs_no_more_than_a_condition_and_an_action_in_any_order() {
    let rule = rule("rule r then decline when a");
    assert_eq!((rule.title.as_str(), rule.then.len(), rule.shadow), ("", 1, false));
    assert_eq!(print(&rule.when), "a");
    assert!(statements("").is_empty() && statements("\u{feff}# only a comment").is_empty());
}

#[test]
fn operators_bind_as_the_grammar_says() {
    let cases = [
        ("a or b and c", "a or (b and c)"),
        ("a and b or c and d", "(a and b) or (c and d)"),
        ("not a == b and c", "(not (a == b)) and c"),
        ("a + b * c - d", "(a + (b * c)) - d"),
        ("a - b - c", "(a - b) - c"),
        ("a / b / c", "(a / b) / c"),
        ("-a * b", "(-a) * b"),
        ("a < b + 1", "a < (b + 1)"),
        ("a or else b or c", "a or else (b or c)"),
        ("a or else b or else c", "(a or else b) or else c"),
        ("a between 1 and 2 and b", "(a between 1 and 2) and b"),
        ("not a in (b) or c", "(not (a in (b))) or c"),
        ("if a then b else c or else d", "if a then b else (c or else d)"),
        ("if a then b or else c else d", "if a then (b or else c) else d"),
        ("1 + if a then b else c * 2", "1 + (if a then b else (c * 2))"),
        ("a or b where c and d", "(a or b) where (c and d)"),
        ("a where b where c", "(a where b) where c"),
        ("count(a or b where c or d)", "count((a or b) where (c or d))"),
        ("sum(a or else b of c where d)", "sum((a or else b) of (c where d))"),
        ("count(a) by b over 1h * 2 > 3", "((count(a) by b over 1h) * 2) > 3"),
    ];
    for (loose, tight) in cases {
        assert_eq!(shape(&expression(loose)), shape(&expression(tight)), "{loose}");
    }
}

#[test]
fn the_canonical_line_has_no_needless_parentheses() {
    let cases = [
        ("((a) or (b and (c)))", "a or b and c"),
        ("(a or b) and c", "(a or b) and c"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a == b) == c", "(a == b) == c"),
        ("a or else (b or else c)", "a or else (b or else c)"),
        ("(if a then b else c) + 1", "(if a then b else c) + 1"),
        ("not(a)", "not a"),
        ("- - 5", "--5"),
        ("x not in ( a,b , \"c\",-1 )", "x not in (a, b, \"c\", -1)"),
        ("ip in @datacenters", "ip in @datacenters"),
        ("x not between 5 USD and 1_000.50 CNY", "x not between 5 USD and 1000.5 CNY"),
        ("missing(a or b)", "missing(a or b)"),
        ("max(a, min(b, c), 0) + ln(x) + now()", "max(a, min(b, c), 0) + ln(x) + now()"),
        ("max(a of b) over 1d", "max(a of b) over 24h"),
        ("f((count(a) by b), c)", "f((count(a) by b), c)"),
        ("f(count(a) by b over 1h, c)", "f(count(a) by b over 1h, c)"),
        ("f(count(a) by b, 5)", "f((count(a) by b), 5)"),
        ("since_first(any)by device", "since_first(any) by device"),
        ("sum(a of b) by c matching d over 1h", "sum(a of b) by c matching d over 1h"),
        ("count(a) including this over 48h by b, c", "count(a) by b, c over 2d including this"),
        ("first(a of (b where c) where d)", "first(a of b where c where d)"),
        ("avg((a where b) of c)", "avg((a where b) of c)"),
        ("5km + 5 km + 20bps + 0.2 %", "5 km + 5 km + 20 bps + 0.2%"),
        ("\"a\\\"b\\\\c\\n\"", "\"a\\\"b\\\\c\\n\""),
        ("true == false", "true == false"),
        ("reason == DEVICE_MANY_CARDS", "reason == DEVICE_MANY_CARDS"),
        ("country in (IN, BY) or country == IN", "country in (IN, BY) or country == IN"),
    ];
    for (text, line) in cases {
        assert_eq!(print(&expression(text)), line, "{text}");
    }
    let named = "count(card_link where outcome == declined) by device over 24h";
    assert_eq!(print(&expression(named)), named);
}

#[test]
fn a_duration_has_one_spelling() {
    let cases = [
        ("90s", "90s"),
        ("60s", "1m"),
        ("60m", "1h"),
        ("1.5h", "90m"),
        ("0.25 s", "250ms"),
        ("1.001s", "1001ms"),
        ("24h", "24h"),
        ("1d", "24h"),
        ("36h", "36h"),
        ("48h", "2d"),
        ("1w", "7d"),
        ("0h", "0ms"),
    ];
    for (text, line) in cases {
        assert_eq!(print(&expression(text)), line, "{text}");
    }
}

#[test]
fn shares_are_the_nearest_fractions() {
    for (text, value) in [("1.2%", 0.012), ("0.07%", 0.0007), ("7 bps", 0.0007), ("110%", 1.1)] {
        match expression(text).node {
            super::ast::ExprNode::Number { value: found, .. } => {
                assert_eq!(found.to_bits(), f64::to_bits(value), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn words_of_clauses_and_aggregates_stay_names_inside_expressions() {
    let fields = [
        "kind",
        "label",
        "reason",
        "outcome",
        "result",
        "message_key",
        "owner_name",
        "message",
        "owner",
        "id",
        "unit",
        "from",
        "on",
        "as",
        "because",
        "until",
        "shadow",
        "expect",
        "policy",
        "rule",
        "set",
        "list",
        "let",
        "feature",
        "exempt",
        "count",
        "first",
        "last",
        "min",
        "window",
        "this",
        "any",
        "offset",
        "including",
        "matching",
        "is",
        "card.first_seen",
        "_x",
    ];
    for field in fields {
        let wanted = format!(
            "{field} == 1 and count(a where {field} > 2) by {field} over 1h > {field} \
             or x in ({field}, b) and missing({field}) and y == {field}"
        );
        let text = format!("rule r when {wanted}\n because X then decline");
        assert_eq!(print(&rule(&text).when), wanted, "{field}");
    }
}

#[test]
fn a_span_covers_what_was_written() {
    let text = "let x = (a or  b) and count(c where d) by e over 1h >= 5";
    let (policy, _) = parse(text);
    let Statement::Let(x) = &policy.statements[0].node else { panic!("{policy:?}") };
    let mut spans = Vec::new();
    x.body.walk(&mut |e| spans.push(&text[e.span.start as usize..e.span.end as usize]));
    let wanted = [
        "(a or  b) and count(c where d) by e over 1h >= 5",
        "(a or  b)",
        "a",
        "b",
        "count(c where d) by e over 1h >= 5",
        "count(c where d) by e over 1h",
        "c where d",
        "c",
        "d",
        "5",
    ];
    assert_eq!(spans, wanted);
}

#[test]
fn windows_of_another_line_end_and_another_column_are_the_same() {
    let unix = statements(SAMPLE).len();
    assert_eq!(statements(&SAMPLE.replace('\n', "\r\n")).len(), unix);
}
