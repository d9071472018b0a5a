//! Logic with three values, as truth tables: for each operator and form what becomes of true, false
//! and unknown, by all who evaluate: the expression itself, what is settled beforehand, programs.

use crate::event::Event;
use crate::expr::{Expr, Scope};
use crate::field::EventType;
use crate::language::define::{Definitions, Origin};
use crate::language::parse;
use crate::program::{self, Draft};

/// `a` goes down and `b` to the right, each over true, false and unknown.
const TABLES: &[(&str, [[char; 3]; 3])] = &[
    ("A and B", [['t', 'f', 'u'], ['f', 'f', 'f'], ['u', 'f', 'u']]),
    ("A or B", [['t', 't', 't'], ['t', 'f', 'u'], ['t', 'u', 'u']]),
    ("A == B", [['t', 'f', 'u'], ['f', 't', 'u'], ['u', 'u', 'u']]),
    ("A != B", [['f', 't', 'u'], ['t', 'f', 'u'], ['u', 'u', 'u']]),
    ("A or else B", [['t', 't', 't'], ['f', 'f', 'f'], ['t', 'f', 'u']]),
    ("not (A and B)", [['f', 't', 'u'], ['t', 't', 't'], ['u', 't', 'u']]),
    ("missing(A and B)", [['f', 'f', 't'], ['f', 'f', 'f'], ['t', 'f', 't']]),
    // What a condition leaves open is open, also where both sides agree.
    ("if A then B else not B", [['t', 'f', 'u'], ['f', 't', 'u'], ['u', 'u', 'u']]),
    ("if A then true else B", [['t', 't', 't'], ['t', 'f', 'u'], ['u', 'u', 'u']]),
    ("if A then B else B", [['t', 'f', 'u'], ['t', 'f', 'u'], ['u', 'u', 'u']]),
    // A condition that is unknown is passed over like one that is false.
    ("choose(yes, A, no, B) == yes", [['t', 't', 't'], ['f', 'u', 'u'], ['f', 'u', 'u']]),
];

/// Forms of one value, for true, false and unknown.
const FORMS: &[(&str, [char; 3])] = &[
    ("A", ['t', 'f', 'u']),
    ("not A", ['f', 't', 'u']),
    ("missing(A)", ['f', 'f', 't']),
    ("not missing(A)", ['t', 't', 'f']),
    ("A or else true", ['t', 'f', 't']),
    ("A or else false", ['t', 'f', 'f']),
    ("A or not A", ['t', 't', 'u']),
    ("A and not A", ['f', 'f', 'u']),
];

/// Comparisons of numbers; `U` is unknown.
const NUMBERS: &[(&str, char)] = &[
    ("1 < 2", 't'),
    ("2 < 1", 'f'),
    ("1 < U", 'u'),
    ("U < 1", 'u'),
    ("U < U", 'u'),
    ("1 <= 1", 't'),
    ("U <= 1", 'u'),
    ("1 > 2", 'f'),
    ("1 > U", 'u'),
    ("1 >= 1", 't'),
    ("U >= 1", 'u'),
    ("1 == 1", 't'),
    ("U == U", 'u'),
    ("U != 1", 'u'),
    ("1 in (1, 2)", 't'),
    ("3 in (1, 2)", 'f'),
    ("U in (1, 2)", 'u'),
    ("3 not in (1, 2)", 't'),
    ("U not in (1, 2)", 'u'),
    ("2 between 1 and 3", 't'),
    ("1 between 1 and 3", 't'),
    ("4 between 1 and 3", 'f'),
    ("U between 1 and 3", 'u'),
    ("2 between U and 3", 'u'),
    ("2 between 1 and U", 'u'),
    // One bound may be enough to say no.
    ("4 between U and 3", 'f'),
    ("0 between 1 and U", 'f'),
    ("2 not between 1 and 3", 'f'),
    ("U not between 1 and 3", 'u'),
    ("4 not between U and 3", 't'),
    ("missing(1 + U)", 't'),
    ("missing(U - 1)", 't'),
    ("missing(0 * U)", 't'),
    ("missing(1 / 0)", 't'),
    ("missing(0 / 0)", 't'),
    ("missing(-U)", 't'),
    ("missing(abs(U))", 't'),
    ("missing(ln(0))", 't'),
    ("missing(sqrt(-1))", 't'),
    ("missing(1 + 2)", 'f'),
    // The least and the greatest of what is known.
    ("min(U, 2) == 2", 't'),
    ("max(1, U) == 1", 't'),
    ("missing(max(U, U))", 't'),
    ("missing(clamp(2, U, 3))", 't'),
    ("(U or else 3) == 3", 't'),
    ("(2 or else U) == 2", 't'),
    ("(if 1 < U then 1 else 2) == 2", 'u'),
    ("(if 1 < 2 then 1 else U) == 1", 't'),
];

fn letter(value: f64) -> char {
    match value {
        1.0 => 't',
        0.0 => 'f',
        unknown => {
            assert!(unknown.is_nan(), "a condition is 1, 0 or unknown, not {unknown}");
            'u'
        }
    }
}

/// What the condition is, by everybody who evaluates.
fn truth(text: &str) -> char {
    let (policy, faults) = parse(&format!("feature f \"\" = {text}"));
    assert_eq!(faults, [], "{text}");
    let mut definitions = Definitions::default();
    assert_eq!(definitions.add(&policy, Origin::Policy), [], "{text}");
    let expr = definitions.definitions[0].expr.clone();
    let got = letter(expr.value(Scope::EMPTY));

    let settled = program::specialise(expr.clone(), EventType::Payment, &[], &[]);
    let Expr::Constant(value) = settled else { panic!("{text} is not settled: {settled:?}") };
    assert_eq!(letter(value), got, "{text}, settled beforehand");

    let mut registers = Vec::new();
    let of_readings = expr.map(&mut |node| match node {
        Expr::Constant(value) => {
            registers.push(value);
            Expr::Reading(registers.len() as u16 - 1)
        }
        other => other,
    });
    let mut draft = Draft::default();
    draft.fact(&of_readings);
    let program = draft.finish(registers.len());
    registers.resize(program.registers(), 77.0);
    let json = r#"{"event_id":"e","event_type":"payment","account_id":"a","channel":"app_ios",
        "event_time_ms":1790000000000,"received_time_ms":1790000000000,"payment_id":"p",
        "kind":"merchant_qr_static","funding":"balance","merchant":{"merchant_id":"m"},
        "amount_minor":1,"currency":"CNY"}"#;
    let event = Event::read(json.as_bytes(), None).expect("it is valid");
    let mut facts = Vec::new();
    program.run(&event, &mut facts, &mut registers, |_, _| {});
    assert_eq!(letter(facts[0]), got, "{text}, by a program");
    got
}

const VALUES: [&str; 3] = ["true", "false", "unknown"];

#[test]
fn logic_has_three_values() {
    for (form, wanted) in FORMS {
        for (a, wanted) in VALUES.iter().zip(wanted) {
            let text = form.replace('A', a);
            assert_eq!(truth(&text), *wanted, "{text}");
        }
    }
    for (form, rows) in TABLES {
        for (a, row) in VALUES.iter().zip(rows) {
            for (b, wanted) in VALUES.iter().zip(row) {
                let text = form.replace('A', a).replace('B', b);
                assert_eq!(truth(&text), *wanted, "{text}");
            }
        }
    }
}

#[test]
fn a_comparison_with_unknown_is_unknown_unless_the_rest_decides() {
    for (form, wanted) in NUMBERS {
        let text = form.replace('U', "unknown");
        assert_eq!(truth(&text), *wanted, "{text}");
    }
}
