//! Generated rules and facts, and the slow judge of rules: each condition by itself, node by node.
//!
//! Conditions are typed as the language types them, and otherwise as unkind as they can be: values
//! at the cuts and next to them, negative zeros, numbers beyond 2^53, empty and long lists, parts
//! that come twice, parts that contradict each other, deep and wide ones, and much that is unknown.

use engine::policy::{Policy, Wanted};
use engine::rules::{Answers, Exemption, Hits, Rows, Rule, RuleSet};
use features::expr::{Expr, FUNCTIONS, Function, Op, Scope};
use features::field::{EventType, Types};

use crate::Chance;

/// Facts that generated rules read; the last few are conditions.
pub const FACTS: usize = 16;
const CONDITIONS: usize = 5;

/// The end of those rules that end.
const UNTIL_MS: i64 = 1_000;

const NUMBERS: [f64; 22] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    3.0,
    5.0,
    7.0,
    0.1,
    0.5,
    -0.5,
    24.0,
    1e3,
    5e-324,
    -5e-324,
    f64::MIN_POSITIVE,
    9_007_199_254_740_992.0,
    9_007_199_254_740_994.0,
    -9_007_199_254_740_992.0,
    1e300,
    f64::MAX,
    f64::MIN,
];

const TYPES: [EventType; 3] = [EventType::Payment, EventType::Login, EventType::Transfer];

/// An event that generated rules judge.
#[derive(Clone, Debug)]
pub struct Act {
    /// Its type.
    pub event_type: EventType,
    /// When, in milliseconds.
    pub time_ms: i64,
    /// Its facts.
    pub facts: Vec<f64>,
}

/// Writes rules and facts.
#[derive(Debug)]
pub struct Author {
    chance: Chance,
    /// A rule as the language makes them.
    rule: Rule,
    exemption: Exemption,
    /// Parts that were written before, to be written again.
    parts: Vec<Expr>,
}

impl Author {
    /// The author with this seed.
    pub fn new(seed: u64) -> Author {
        let text = "rule r \"\"\n  when true then review because NEW_DEVICE\n\
                    exempt e \"\"\n  when true from r\n";
        let policy = Policy::check(text, None, Wanted::Judging).expect("it is sound");
        let RuleSet { rules, exemptions, .. } = policy.rules();
        let (rule, exemption) = (rules[0].clone(), exemptions[0].clone());
        Author { chance: Chance(seed), rule, exemption, parts: Vec::new() }
    }

    /// So many rules, and a few exemptions.
    pub fn rules(&mut self, count: usize) -> RuleSet {
        let rules: Vec<Rule> = (0..count).map(|_| self.rule()).collect();
        let exemptions = (0..count.min(6)).map(|_| {
            let from = (0..4).map(|_| self.chance.below(count as u64) as u16).collect();
            let (on, when) = (self.types(), self.condition(3));
            Exemption { on, when, from, until_ms: self.until(), ..self.exemption.clone() }
        });
        let exemptions = exemptions.collect();
        RuleSet::new(rules, exemptions)
    }

    /// Facts at the cuts of generated rules and around them.
    pub fn act(&mut self) -> Act {
        let unknown = 1 + self.chance.below(8);
        let facts = (0..FACTS).map(|fact| {
            if self.chance.below(8) < unknown && self.one_in(2) {
                f64::NAN
            } else if FACTS - CONDITIONS <= fact {
                self.chance.below(2) as f64
            } else {
                self.number()
            }
        });
        let facts = facts.collect();
        let event_type = TYPES[self.chance.below(3) as usize];
        Act { event_type, time_ms: self.chance.below(2_000) as i64, facts }
    }

    fn rule(&mut self) -> Rule {
        let depth = [1, 2, 3, 4, 6][self.chance.below(5) as usize];
        let when = match self.chance.below(40) {
            0 => self.wide(),
            1 => self.deep(),
            _ => self.condition(depth),
        };
        let (on, until_ms, is_shadow) = (self.types(), self.until(), self.one_in(8));
        let undecided = self.one_in(4).then(|| self.rule.vote.clone());
        Rule { on, when, until_ms, is_shadow, undecided, ..self.rule.clone() }
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.chance.below(count) == 0
    }

    fn until(&mut self) -> Option<i64> {
        self.one_in(6).then_some(UNTIL_MS)
    }

    fn types(&mut self) -> Types {
        match self.chance.below(4) {
            0 => Types::of(&TYPES[..1]),
            1 => Types::of(&TYPES[1..]),
            _ => Types::of(&TYPES),
        }
    }

    fn number(&mut self) -> f64 {
        let number = NUMBERS[self.chance.below(NUMBERS.len() as u64) as usize];
        match self.chance.below(6) {
            0 if number != f64::MAX => number.next_up(),
            1 if number != f64::MIN => number.next_down(),
            2 => self.chance.below(40) as f64,
            _ => number,
        }
    }

    /// A product of sums, or a sum of many, beyond what can be taken apart.
    fn wide(&mut self) -> Expr {
        let (inner, outer) = if self.one_in(2) { (Op::And, Op::Or) } else { (Op::Or, Op::And) };
        let (few, many) = (1 + self.chance.below(4), 2 + self.chance.below(90));
        let mut all = self.atom(1);
        for _ in 0..many {
            let mut part = self.atom(1);
            for _ in 0..few {
                part = both(inner, part, self.atom(1));
            }
            all = if self.one_in(2) { both(outer, all, part) } else { both(outer, part, all) };
        }
        all
    }

    fn deep(&mut self) -> Expr {
        let mut all = self.atom(1);
        for _ in 0..100 + self.chance.below(200) {
            all = match self.chance.below(5) {
                0 => both(Op::And, all, self.atom(0)),
                1 => both(Op::Or, self.atom(0), all),
                2 => Expr::OrElse(Box::new(all), Box::new(self.atom(0))),
                _ => Expr::Not(Box::new(all)),
            };
        }
        all
    }

    fn condition(&mut self, depth: u32) -> Expr {
        if depth == 0 || self.one_in(8) {
            return self.atom(depth);
        }
        if !self.parts.is_empty() && self.one_in(6) {
            let part = self.parts[self.chance.below(self.parts.len() as u64) as usize].clone();
            return if self.one_in(2) { part } else { Expr::Not(Box::new(part)) };
        }
        let next = |author: &mut Author| Box::new(author.condition(depth - 1));
        let whole = match self.chance.below(16) {
            0..6 => Expr::Binary(Op::And, next(self), next(self)),
            6..11 => Expr::Binary(Op::Or, next(self), next(self)),
            11 | 12 => Expr::Not(next(self)),
            13 => Expr::OrElse(next(self), next(self)),
            14 => Expr::If(next(self), next(self), next(self)),
            _ => Expr::Missing(next(self)),
        };
        if self.one_in(4) && self.parts.len() < 64 {
            self.parts.push(whole.clone());
        } else if self.one_in(64) {
            self.parts.clear();
        }
        whole
    }

    fn atom(&mut self, depth: u32) -> Expr {
        let comparison = [Op::Equal, Op::NotEqual, Op::Less, Op::LessEqual];
        match self.chance.below(14) {
            0 => Expr::Constant([0.0, 1.0, f64::NAN][self.chance.below(3) as usize]),
            1 => Expr::Missing(Box::new(self.value(depth))),
            2 | 3 => Expr::Fact((FACTS - 1) as u16 - self.chance.below(CONDITIONS as u64) as u16),
            4 | 5 => {
                let length = [0, 1, 2, 5, 30, 80][self.chance.below(6) as usize];
                let mut list: Vec<f64> = (0..length).map(|_| self.number() + 0.0).collect();
                list.sort_by(f64::total_cmp);
                list.dedup();
                Expr::In(Box::new(self.value(depth)), list)
            }
            _ => {
                let op = comparison[self.chance.below(4) as usize];
                let (value, bound) = (self.value(depth), self.number());
                let bound = if self.one_in(8) { self.value(depth) } else { Expr::Constant(bound) };
                if self.one_in(2) { both(op, value, bound) } else { both(op, bound, value) }
            }
        }
    }

    fn value(&mut self, depth: u32) -> Expr {
        if depth == 0 || !self.one_in(4) {
            let numbers = (FACTS - CONDITIONS) as u64;
            return Expr::Fact(self.chance.below(numbers) as u16);
        }
        let next = |author: &mut Author| author.value(depth - 1);
        let arithmetic = [Op::Add, Op::Subtract, Op::Multiply, Op::Divide];
        match self.chance.below(10) {
            0 => Expr::Constant(if self.one_in(9) { f64::NAN } else { self.number() }),
            1..4 => {
                let op = arithmetic[self.chance.below(4) as usize];
                both(op, next(self), next(self))
            }
            4 => Expr::Negate(Box::new(next(self))),
            5 | 6 => {
                let other = Expr::Constant(self.number());
                Expr::OrElse(Box::new(next(self)), Box::new(other))
            }
            7 => {
                let condition = self.condition(depth - 1);
                Expr::If(Box::new(condition), Box::new(next(self)), Box::new(next(self)))
            }
            8 => Expr::Choose((0..3).map(|_| self.condition(depth - 1)).collect()),
            _ => {
                let (_, function, count) =
                    FUNCTIONS[self.chance.below(FUNCTIONS.len() as u64) as usize];
                if function == Function::ZoneOffsetMin {
                    return next(self);
                }
                let count = count.unwrap_or(1 + self.chance.below(5) as usize);
                Expr::Call(function, (0..count).map(|_| next(self)).collect())
            }
        }
    }
}

fn both(op: Op, left: Expr, right: Expr) -> Expr {
    Expr::Binary(op, Box::new(left), Box::new(right))
}

/// What rules say of an act, each condition evaluated by itself.
pub fn judged_one_by_one(set: &RuleSet, act: &Act) -> Hits {
    let scope = Scope { event: None, readings: &[], facts: &act.facts };
    let applies = |on: Types, until: Option<i64>| {
        on.contains(act.event_type) && until.is_none_or(|until| act.time_ms < until)
    };
    let mut hits = Hits::default();
    for (index, rule) in (0..).zip(&set.rules) {
        if !applies(rule.on, rule.until_ms) {
            continue;
        }
        let value = rule.when.value(scope);
        if value.is_nan() {
            hits.undecided.push((index, first_missing(&rule.when, &act.facts)));
        } else if value == 1.0 && rule.is_shadow {
            hits.shadow.push(index);
        } else if value == 1.0 {
            hits.hit.push(index);
        }
    }
    for (index, exemption) in (0..).zip(&set.exemptions) {
        let is_true = exemption.when.value(scope) == 1.0;
        if applies(exemption.on, exemption.until_ms) && is_true {
            for rule in 0..set.rules.len() as u16 {
                let is_open = hits.undecided.iter().any(|(open, _)| *open == rule);
                let Rule { undecided, is_shadow, .. } = &set.rules[usize::from(rule)];
                let speaks = is_open && undecided.is_some() && !is_shadow;
                let is_left = hits.suppressed.iter().all(|(suppressed, _)| *suppressed != rule);
                let votes = hits.hit.contains(&rule) || speaks && is_left;
                if votes && exemption.from.contains(&rule) {
                    hits.suppressed.push((rule, index));
                    hits.hit.retain(|hit| *hit != rule);
                }
            }
        }
    }
    hits
}

/// What rules say of one of the rows judged by column, as they say it of an act.
pub fn of_row(set: &RuleSet, answers: &Answers, row: usize, act: &Act) -> Hits {
    let is_in = |rows: &Rows| rows[row / 64] >> (row % 64) & 1 == 1;
    let mut hits = Hits::default();
    for (index, rule) in (0..).zip(&set.rules) {
        if is_in(&answers.hit[usize::from(index)]) {
            if rule.is_shadow { &mut hits.shadow } else { &mut hits.hit }.push(index);
        }
        if is_in(&answers.undecided[usize::from(index)]) {
            hits.undecided.push((index, first_missing(&rule.when, &act.facts)));
        }
    }
    let suppressed = answers.suppressed.iter().filter(|(_, _, rows)| is_in(rows));
    hits.suppressed = suppressed.map(|(rule, by, _)| (*rule, *by)).collect();
    hits
}

fn first_missing(when: &Expr, facts: &[f64]) -> u16 {
    let mut missing = None;
    when.walk(&mut |node| {
        if let Expr::Fact(fact) = node
            && facts[usize::from(*fact)].is_nan()
        {
            missing = missing.or(Some(*fact));
        }
    });
    missing.unwrap_or(u16::MAX)
}

/// The smallest condition found that an index answers otherwise than [`Expr::value`] does on these
/// facts, if this one is such.
pub fn smallest_wrong(rule: &Rule, act: &Act) -> Option<Expr> {
    let is_wrong = |when: &Expr| {
        let rule = Rule { when: when.clone(), ..rule.clone() };
        let set = RuleSet::new(vec![rule], Vec::new());
        set.evaluate(act.event_type, act.time_ms, &act.facts) != judged_one_by_one(&set, act)
    };
    let mut when = rule.when.clone();
    if !is_wrong(&when) {
        return None;
    }
    while let Some(smaller) = smaller(&when).into_iter().find(is_wrong) {
        when = smaller;
    }
    Some(when)
}

/// The same expression with one node replaced by one of its parts of the same type.
fn smaller(whole: &Expr) -> Vec<Expr> {
    let mut found = Vec::new();
    for chosen in 0..whole.cost() {
        for part in 0..2 {
            let mut node = 0;
            let mut is_smaller = false;
            let changed = whole.clone().map(&mut |expr| {
                node += 1;
                if node - 1 != chosen {
                    return expr;
                }
                let parts = match expr.clone() {
                    Expr::Binary(op, a, b) if op < Op::Equal || Op::LessEqual < op => vec![*a, *b],
                    Expr::OrElse(a, b) | Expr::If(_, a, b) => vec![*a, *b],
                    Expr::Not(a) | Expr::Negate(a) => vec![*a],
                    _ => Vec::new(),
                };
                let smaller = parts.into_iter().nth(part);
                is_smaller |= smaller.is_some();
                smaller.unwrap_or(expr)
            });
            if is_smaller {
                found.push(changed);
            }
        }
    }
    found
}
