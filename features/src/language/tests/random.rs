//! Seeded random trees and texts: what is printed reads back, and nothing makes the parser fall
//! over.

use super::{SAMPLE, expression, shape};
use crate::diagnostic::{Place, render};
use crate::language::ast::{
    Aggregate, AggregateKind, Expr, ExprNode, Name, Op, Over, Sequence, Span, Spanned, Statement,
    Step, Unit,
};
use crate::language::lexer::lex;
use crate::language::{CODES, FAULTS_MAX, parse, print, print_duration};

/// A small generator of its own, so that a seed means the same texts for ever (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

const NAMES: [&str; 28] = [
    "a",
    "card",
    "device.is_emulator",
    "amount_minor",
    "kind",
    "message",
    "owner",
    "unit",
    "id",
    "from",
    "on",
    "as",
    "window",
    "count",
    "last",
    "offset",
    "including",
    "matching",
    "is",
    "shadow",
    "tagged",
    "within",
    "hits",
    "undecided",
    "use",
    "band",
    "IN",
    "V1",
];

fn spanned<T>(node: T) -> Spanned<T> {
    Spanned { node, span: Span::default() }
}

fn name(dice: &mut Dice) -> String {
    dice.pick(&NAMES).to_owned()
}

fn key(dice: &mut Dice) -> Name {
    spanned(dice.pick(&NAMES[..26]).to_owned())
}

fn number(dice: &mut Dice) -> ExprNode {
    let whole = dice.next() >> dice.pick(&[11, 30, 50, 60]);
    let digits = format!("{whole}e-{}", dice.below(8));
    let value = |shift: i32| {
        let (mantissa, exponent) = digits.split_once("e-").unwrap();
        let exponent = exponent.parse::<i32>().unwrap();
        format!("{mantissa}e{}", -exponent - shift).parse::<f64>().unwrap()
    };
    match dice.below(6) {
        0 => ExprNode::Number { value: value(0), unit: None },
        1 => ExprNode::Number { value: value(2), unit: Some(Unit::Percent) },
        2 => ExprNode::Number { value: value(4), unit: Some(Unit::BasisPoints) },
        3 => ExprNode::Number { value: value(0), unit: Some(Unit::Kilometre) },
        4 => {
            let code = dice.pick(&["CNY", "USD", "JPY"]).to_owned();
            ExprNode::Number { value: value(0), unit: Some(Unit::Currency(code)) }
        }
        _ => {
            let length = dice.pick(&[1.0, 1e3, 6e4, 3.6e6, 8.64e7, 6.048e8]);
            let value = dice.below(100) as f64 * length;
            ExprNode::Number { value, unit: Some(Unit::Duration) }
        }
    }
}

fn leaf(dice: &mut Dice) -> ExprNode {
    match dice.below(8) {
        0..3 => number(dice),
        3 => ExprNode::Bool(dice.below(2) == 0),
        4 => ExprNode::List(dice.pick(&NAMES[..26]).to_owned()),
        5 => {
            let length = dice.below(6);
            let letters = ['a', '"', '\\', '\n', '\r', '\t', '#', ' ', 'é', '卡', '\'', '-'];
            ExprNode::Text((0..length).map(|_| dice.pick(&letters)).collect())
        }
        _ => ExprNode::Name(name(dice)),
    }
}

fn items(dice: &mut Dice) -> Vec<Expr> {
    let list = Expr { node: ExprNode::List(name(dice)), span: Span::default() };
    if dice.below(4) == 0 {
        return vec![list];
    }
    let item = |dice: &mut Dice| {
        let node = match dice.below(3) {
            0 => ExprNode::Name(name(dice)),
            1 => number(dice),
            _ => {
                let inner = Expr { node: number(dice), span: Span::default() };
                ExprNode::Negate(Box::new(inner))
            }
        };
        Expr { node, span: Span::default() }
    };
    (0..1 + dice.below(4)).map(|_| item(dice)).collect()
}

fn aggregate(dice: &mut Dice, depth: u32) -> ExprNode {
    let kind = dice.pick(&AggregateKind::ALL);
    let by: Vec<Name> = (0..dice.below(3)).map(|_| key(dice)).collect();
    let matching = match by.is_empty() || dice.below(3) != 0 {
        true => Vec::new(),
        false => by.iter().map(|_| key(dice)).collect(),
    };
    let over = match dice.below(3) {
        0 => None,
        1 => Some(Over::Window),
        _ => {
            let ms = 1 + (dice.next() >> dice.pick(&[20, 40, 60])) as i64;
            Some(Over::Span { ms, text: print_duration(ms) })
        }
    };
    ExprNode::Aggregate(Box::new(Aggregate {
        kind: spanned(kind),
        value: kind.takes_value().then(|| tree(dice, depth)),
        source: tree(dice, depth),
        by,
        matching,
        over,
        offset_ms: dice.pick(&[0, 0, 5, 86_400_000]),
        including_this: dice.below(3) == 0,
    }))
}

fn sequence(dice: &mut Dice, depth: u32) -> ExprNode {
    let step = |index: usize, dice: &mut Dice| {
        let source = Expr { node: ExprNode::Name(name(dice)), span: Span::default() };
        let source = match dice.below(2) {
            0 => source,
            _ => {
                let (source, condition) = (Box::new(source), Box::new(tree(dice, depth)));
                Expr { node: ExprNode::Where { source, condition }, span: Span::default() }
            }
        };
        let ms = 1 + (dice.next() >> dice.pick(&[20, 40, 60])) as i64;
        Step { source, within_ms: (0 < index).then_some(ms) }
    };
    let steps = (0..2 + dice.below(3)).map(|index| step(index, dice)).collect();
    let by = (0..dice.below(3)).map(|_| key(dice)).collect();
    ExprNode::Sequence(Box::new(Sequence { steps, by }))
}

fn call(dice: &mut Dice, depth: u32) -> ExprNode {
    let function = dice.pick(&["ln", "max", "min", "message", "hours_since"]);
    let least = if matches!(function, "max" | "min") { 2 } else { 0 };
    let arguments = (0..least + dice.below(3)).map(|_| tree(dice, depth)).collect();
    ExprNode::Call { function: spanned(function.to_owned()), arguments }
}

/// A random tree of at most `depth` inner nodes one over the other.
fn tree(dice: &mut Dice, depth: u32) -> Expr {
    const OPS: [Op; 12] = [
        Op::Or,
        Op::And,
        Op::Equal,
        Op::NotEqual,
        Op::Less,
        Op::LessEqual,
        Op::Greater,
        Op::GreaterEqual,
        Op::Add,
        Op::Subtract,
        Op::Multiply,
        Op::Divide,
    ];
    let part = |dice: &mut Dice| Box::new(tree(dice, depth.saturating_sub(1)));
    let node = match if depth == 0 { 0 } else { dice.below(18) } {
        0 => leaf(dice),
        1 => ExprNode::Not(part(dice)),
        2 => ExprNode::Negate(part(dice)),
        3 => ExprNode::Between {
            value: part(dice),
            low: part(dice),
            high: part(dice),
            negated: dice.below(2) == 0,
        },
        4 => {
            let negated = dice.below(2) == 0;
            ExprNode::In { value: part(dice), items: items(dice), negated }
        }
        5 => ExprNode::Missing(part(dice)),
        6 => ExprNode::OrElse { value: part(dice), other: part(dice) },
        7 => ExprNode::If { condition: part(dice), then: part(dice), other: part(dice) },
        8 => ExprNode::Where { source: part(dice), condition: part(dice) },
        9 => call(dice, depth - 1),
        10 | 11 => aggregate(dice, depth - 1),
        12 => sequence(dice, depth - 1),
        13 => ExprNode::Tagged {
            entity: key(dice),
            tag: spanned(dice.pick(&["watched", "tagged", "then_some", "a"]).to_owned()),
            negated: dice.below(2) == 0,
        },
        _ => ExprNode::Binary { op: dice.pick(&OPS), left: part(dice), right: part(dice) },
    };
    Expr { node, span: Span::default() }
}

#[test]
fn what_is_printed_reads_back_as_the_same_tree() {
    for seed in 0..10_000 {
        let made = tree(&mut Dice(seed), 1 + (seed % 5) as u32);
        let line = print(&made);
        let (_, faults) = parse(&format!("let x = {line}"));
        assert_eq!(faults, [], "seed {seed}: {line}");
        assert_eq!(shape(&expression(&line)), shape(&made), "seed {seed}: {line}");
    }
}

/// What must hold for any text.
pub(super) fn check(text: &str, seed: u64) {
    let (policy, faults) = parse(text);
    assert!(faults.len() <= FAULTS_MAX + 1, "seed {seed}");
    for fault in &faults {
        assert!(CODES.iter().any(|(code, _)| *code == fault.code), "seed {seed}: {fault}");
        let is_lower = fault.message.starts_with(|c: char| c.is_lowercase());
        assert!(is_lower && !fault.message.ends_with('.'), "seed {seed}: {fault}");
        if let Place::Text { start, end } = fault.place {
            assert!(
                start <= end && text.get(start as usize..end as usize).is_some(),
                "seed {seed}: {fault}"
            );
        }
    }
    assert!(faults.is_empty() || !render("x.policy", text, &faults).is_empty());
    if !faults.is_empty() {
        return;
    }
    for statement in &policy.statements {
        let expr = match &statement.node {
            Statement::Let(found) => &found.body,
            Statement::Set(found) => &found.value,
            Statement::Feature(found) => &found.body,
            Statement::Rule(found) => &found.when,
            Statement::Exempt(found) => &found.when,
            Statement::Use(_) | Statement::List(_) | Statement::Band(_) => continue,
        };
        assert_eq!(shape(&expression(&print(expr))), shape(expr), "seed {seed}: {text}");
    }
}

const SOUP: [&str; 92] = [
    "policy",
    "let",
    "list",
    "set",
    "feature",
    "rule",
    "exempt",
    "use",
    "band",
    "undecided",
    "hits",
    "misses",
    "within",
    "tagged",
    "tag",
    "add",
    "freeze",
    "to",
    "for",
    "@cards",
    "[",
    "]",
    "hits { a, b = 1 }",
    "as",
    "on",
    "when",
    "then",
    "because",
    "message",
    "cooldown",
    "suspects",
    "expect",
    "owner",
    "until",
    "shadow",
    "from",
    "id",
    "unit",
    "missing",
    "and",
    "or",
    "not",
    "in",
    "between",
    "if",
    "else",
    "where",
    "of",
    "by",
    "over",
    "offset",
    "including",
    "this",
    "window",
    "count",
    "min",
    "distinct",
    "is",
    "null",
    "true",
    "decline",
    "challenge",
    "limit",
    "hold",
    "a",
    "x.y",
    "CODE",
    "@l",
    "\"t\"",
    "5",
    "24h",
    "1.2%",
    "5 CNY",
    "2027-01-01",
    "(",
    ")",
    "{",
    "}",
    ",",
    "=",
    "==",
    "<",
    "-",
    "*",
    "..",
    "&&",
    "'q'",
    "\"",
    "\n",
    "\nrule",
    "\nlet",
    "é",
];

const ODD: [char; 11] = ['"', '(', ')', '\n', '\u{0}', '\u{202e}', '=', '.', '9', 'X', '卡'];

#[test]
fn random_token_soups_never_make_it_fall() {
    for seed in 0..20_000 {
        let mut dice = Dice(seed ^ 0x50_u64.rotate_left(40));
        let length = 1 + dice.below(60);
        let gap = dice.pick(&[" ", " ", "", "\n"]);
        let words: Vec<&str> = (0..length).map(|_| dice.pick(&SOUP)).collect();
        check(&words.join(gap), seed);
    }
}

#[test]
fn random_mutations_never_make_it_fall() {
    for seed in 0..20_000 {
        let mut dice = Dice(seed ^ 0x4d_u64.rotate_left(40));
        let mut text: Vec<char> = SAMPLE.chars().collect();
        for _ in 0..1 + dice.below(6) {
            let at = dice.below(text.len());
            let length = dice.below(20).min(text.len() - at - 1);
            match dice.below(5) {
                0 => drop(text.drain(at..at + length)),
                1 => drop(text.splice(at..at, dice.pick(&SOUP).chars())),
                2 => {
                    let from = dice.below(text.len() - length);
                    let copy: Vec<char> = text[from..from + length].to_vec();
                    drop(text.splice(at..at, copy));
                }
                3 => text[at] = dice.pick(&ODD),
                _ => {
                    let other = dice.below(text.len());
                    text.swap(at, other);
                }
            }
        }
        check(&text.into_iter().collect::<String>(), seed);
    }
}

#[test]
fn long_hostile_texts_are_read_in_one_pass() {
    let pieces = [
        "(",
        ")",
        "not ",
        "-",
        "a or ",
        "a where ",
        "if a then ",
        "count(",
        "f(",
        "{",
        "\"",
        "'",
        "“",
        "@",
        "&",
        ".",
        "..",
        "let x = (a\n",
        "let x = a b\n",
        "rul x\n",
        "rule r when a then decline as ",
        "rule r suspects V1 0.1, ",
        "feature x_{1ms, ",
        "5 ",
        "1_",
        "2027-02-30 ",
        "x is null ",
        "#\u{202e}\n",
        "a, ",
        "x in (a, ",
        "\u{202e}",
        "AND ",
        "[",
        "a.",
        "A-",
        "9",
        "é",
        "\\",
        "\"\\",
        "by a ",
        "let x = count(a) in 24h in 24h\n",
        "policy \"a\"\n",
        "\nrule r when ",
        "owner ",
        "let x = a == b == ",
        "let x = a < ",
    ];
    for (index, piece) in pieces.into_iter().enumerate() {
        for start in
            ["", "let x = ", "rule r when ", "rule r suspects ", "feature x_{", "list x = value ("]
        {
            let mut text = start.to_owned();
            text.push_str(&piece.repeat((1 << 20) / piece.len() / 4));
            check(&text, index as u64);
        }
    }
}

#[test]
fn the_deepest_expression_that_is_read_fits_the_stack() {
    // Every level of binding power on every level of nesting, in a thread with a quarter of the
    // usual stack.
    let level = "a where if a then b else a or b and not a == b + c * -(";
    let deep = |levels: usize| format!("let x = {}a{}", level.repeat(levels), ")".repeat(levels));
    let reader = std::thread::Builder::new().stack_size(512 * 1024);
    let handle = reader.spawn(move || {
        let open =
            ["f(", "sum(x of a where ", "missing(", "not ", "-", "if a then b else ", "a or ("];
        for piece in open {
            assert_eq!(parse(&format!("let x = {}", piece.repeat(200))).1.len(), 1, "{piece}");
        }
        let highest = (0..64).take_while(|levels| parse(&deep(*levels)).1.is_empty()).count();
        (highest, parse(&deep(60)).1.len())
    });
    let (highest, faults) = handle.unwrap().join().unwrap();
    assert!(10 < highest && faults == 1, "{highest} {faults}");
}

/// A random policy text with every statement and clause, its line breaks and comments strewn about.
pub(super) fn policy(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..1 + dice.below(5) {
        let line = statement(dice);
        let gap =
            dice.pick(&["", "", "\n", "\n\n\n", "# lead\n", "\n# lead\n\n  # in\n", "# a\n# b\n"]);
        text.push_str(gap);
        let tokens = lex(&line, 0).tokens;
        for (index, token) in tokens.iter().enumerate() {
            text.push_str(&line[token.span.start as usize..token.span.end as usize]);
            let is_last = tokens.len() <= index + 2;
            let gaps: &[&str] = match (is_last, dice.below(12)) {
                (true, _) => &["\n", " # after\n", "\n  # inside\n", "\n\n  # apart\n", " \r\n"],
                (false, 0) => &[" # after\n  ", "\n  # own\n ", " #\n#own too\n\n\t", "\n\n "],
                (false, 1) => &["\n  ", "   ", "\r\n  "],
                (false, _) => &[" "],
            };
            text.push_str(dice.pick(gaps));
            if is_last {
                break;
            }
        }
    }
    text
}

fn statement(dice: &mut Dice) -> String {
    let expr = |dice: &mut Dice| {
        let depth = 1 + dice.below(5) as u32;
        print(&tree(dice, depth))
    };
    let title =
        dice.pick(&["", " \"A title\"", " \"Of a rule that says a good deal about what it does\""]);
    let mut clauses: Vec<String> = Vec::new();
    let keyword = dice.pick(&["use", "let", "set", "list", "feature", "band", "rule", "exempt"]);
    match keyword {
        "use" => return "use \"common.policy\"".to_owned(),
        "let" | "set" => return format!("{keyword} x = {}", expr(dice)),
        "list" => {
            let entries = (0..dice.below(40)).map(|n| format!("\"entry {n}\"")).collect::<Vec<_>>();
            let from = dice.pick(&["", " from \"far/away.csv\""]);
            return format!("list l{title} = value ({}){from}", entries.join(", "));
        }
        "feature" => {
            clauses.extend(["id VEL-01", "unit count", "missing zero"].map(str::to_owned));
            clauses.push(format!("= {}", expr(dice)));
        }
        "band" => {
            clauses
                .extend(["= 1% .. 0.5", "on payment", "then review and notify"].map(str::to_owned));
            clauses.push("because CODE".to_owned());
        }
        "exempt" => clauses.push("from a, b".to_owned()),
        _ => {
            clauses.extend(RULE_CLAUSES.map(str::to_owned));
            for word in ["hits", "misses"] {
                let facts = (0..1 + dice.below(4)).map(|n| format!("fact_of_some_name_{n} = {n}"));
                clauses.push(format!(
                    "{word} {{ payment, {} }} {{}}",
                    facts.collect::<Vec<_>>().join(", ")
                ));
            }
        }
    }
    if matches!(keyword, "rule" | "exempt") {
        clauses.push(format!("when {}", expr(dice)));
    }
    for at in 1..clauses.len() {
        clauses.swap(at, dice.below(at + 1));
    }
    let is_needed =
        |clause: &str| ["=", "when", "then", "from"].contains(&clause.split(' ').next().unwrap());
    clauses.retain(|clause| is_needed(clause) || dice.below(3) != 0);
    let name = if keyword == "feature" { "f_{1h,24h}" } else { "some_name" };
    format!("{keyword} {name}{title} {}", clauses.join(" "))
}

const RULE_CLAUSES: [&str; 12] = [
    "as hard",
    "on payment, transfer",
    "then challenge strength S3 prove user forbid sms_otp, totp with passkey and limit 5 CNY * 2",
    "undecided tag account odd for 7d and add card to @cards and freeze card",
    "because CODE",
    "message MSG_TRY",
    "cooldown 24h",
    "suspects V1 0.7, V9 30%",
    "expect 0.01% .. 2%",
    "owner \"cards\"",
    "until 2027-06-30",
    "shadow",
];
