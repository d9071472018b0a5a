//! What is odd about a policy that is sound: warnings about conditions that say less than they seem
//! to, rules that say nothing new, and names that nobody uses.
//!
//! Conditions are looked at for each event type that the rule is on, with what facts can be there
//! ([`features::ranges`]): a condition that can never be true, or never be decided, or is always
//! true; a branch or part of it that changes nothing. Everything rests on proofs (see `solve`): what
//! is not proven is not said, so no warning is a matter of taste. What must not
//! refuse anybody, weak signals and where a person comes from, follows from definitions (`unfair`). Part of a condition that stands in
//! a `let` is judged where the name is used, as a whole.
//!
//! Cost: linear in the conditions, times the event types on which they differ; rules are compared
//! with each other by hashes of their conditions (see `twins`). A policy of 20,000 rules takes about
//! a second.

use std::collections::{BTreeMap, HashSet};

use features::diagnostic::{Diagnostic, Place};
use features::expr::Expr;
use features::field::{EventType, Types};
use features::language::ast::{self, ExprNode, Name, Span, Statement};
use features::language::define::Feature;
use features::language::weight::Weights;
use features::language::{FAULTS_MAX, print};
use features::plan::{Plan, Reading};
use features::ranges::{Range, range_over};

use super::RuleSet;
use allowed::Allowed;
use solve::{Atom, Node, Of, Solver, tree};

mod allowed;
mod solve;
mod twins;
mod unfair;
mod unused;

pub(crate) use twins::is_as_strong;
pub use unused::of_the_day;

/// Warnings about sound policies: code and meaning.
pub const CODES: &[(&str, &str)] = &[
    ("P300", "there are more warnings than are shown"),
    ("P301", "a condition that can never be true"),
    ("P302", "a branch of an `or` that can never be true"),
    ("P303", "a condition that is always true when it is known"),
    ("P304", "a part of a condition that changes nothing"),
    ("P305", "a condition that can never hold on an event type that never says what it reads"),
    ("P306", "a condition that excludes an event type which the rule is on"),
    ("P307", "a rule or exemption that is no longer in force"),
    ("P308", "a rule that says the same as another"),
    ("P309", "a rule that hits only where another one does, which votes as strongly"),
    ("P310", "a let, list or feature that nothing names"),
    ("P311", "an exemption from a rule that it never meets"),
    ("P312", "an exemption from a rule in shadow, which does not vote"),
    ("P313", "an exact comparison of numbers that are rounded"),
    ("P314", "an `or else` after something that is always known"),
    ("P315", "a rule without owner or without an expected band"),
    ("P316", "a rule that can refuse on weak signals alone"),
    ("P317", "a condition that weighs where a person comes from"),
];

/// Everything that is odd about a sound policy, in the order of the text.
///
/// The first `own_bytes` of the text are the policy's own, the rest is of files that it uses;
/// `set` are its rules over the facts of `plan`, `weights` what these rest on; `features` says in
/// which unit facts are; `kept` names those that are read by others than the rules, such as the
/// model.
pub(crate) fn check(
    policy: &ast::Policy,
    own_bytes: u32,
    set: &RuleSet,
    (plan, weights): (&Plan, &Weights),
    features: &[Feature],
    kept: &[String],
) -> Vec<Diagnostic> {
    let shares: HashSet<&str> =
        features.iter().filter(|f| f.unit == "share").map(|f| f.name.as_str()).collect();
    let ranges = |kind: EventType| {
        let ranges = plan.ranges(kind).into_iter().zip(plan.facts());
        let bounded = ranges.map(|(range, fact)| match shares.contains(fact.name.as_str()) {
            true => range.of_share(),
            false => range,
        });
        bounded.collect::<Vec<Range>>()
    };
    let scored: Vec<EventType> = EventType::ALL.into_iter().filter(|t| t.is_scored()).collect();
    let known = Known {
        readings: plan.facts().iter().map(|fact| fact.reading.clone()).collect(),
        by_type: scored.iter().map(|kind| (*kind, ranges(*kind))).collect(),
        plan,
    };
    let mut found = Vec::new();
    let mut rules = set.rules.iter();
    let mut exemptions = set.exemptions.iter();
    let mut texts = Vec::new();
    for statement in &policy.statements {
        match &statement.node {
            Statement::Rule(rule) => {
                let Some(checked) = rules.next() else { break };
                let on =
                    Subject { what: "rule", name: &rule.name, on: &rule.on, types: checked.on };
                known.condition(&on, &rule.when, &checked.when, &mut found);
                unfair::rule(rule, checked, weights, &mut found);
                texts.push(rule);
            }
            Statement::Exempt(exempt) => {
                let Some(checked) = exemptions.next() else { break };
                let (what, types) = ("exemption", checked.on);
                let on = Subject { what, name: &exempt.name, on: &exempt.on, types };
                known.condition(&on, &exempt.when, &checked.when, &mut found);
                let named = (what, &exempt.name);
                unfair::origin(named, &exempt.when, &checked.when, weights, &mut found);
                unused::exemption(exempt, checked, set, &mut found);
            }
            _ => {}
        }
    }
    twins::check(&texts, set, &known.anywhere(), &mut found);
    unused::names(policy, own_bytes, kept, &mut found);
    found
}

/// Warnings in the order of the text: the first ones whole, the others counted.
pub(crate) fn settle(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort_by_key(|warning| match warning.place {
        Place::Text { start, .. } => start,
        _ => u32::MAX,
    });
    let more = found.len().saturating_sub(FAULTS_MAX);
    if 0 < more {
        found.truncate(FAULTS_MAX);
        let message = format!("got {more} more warnings than are shown");
        found.push(Diagnostic::warning("P300", Place::Whole, message));
    }
    found
}

fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::warning(code, Place::Text { start: span.start, end: span.end }, message)
}

/// Whose condition it is.
struct Subject<'a> {
    what: &'static str,
    name: &'a Name,
    /// The event types it names.
    on: &'a [Name],
    types: Types,
}

/// What is known of the facts.
struct Known<'a> {
    plan: &'a Plan,
    readings: Vec<Reading>,
    by_type: Vec<(EventType, Vec<Range>)>,
}

/// What a condition can be on event types that see its facts alike.
struct Group {
    types: Vec<EventType>,
    can_be_true: bool,
    can_be_false: bool,
}

/// Start and end of a part, and what is told of it.
type PartKey = (u32, u32, &'static str);

type Parts = BTreeMap<PartKey, Diagnostic>;

impl Known<'_> {
    fn ranges(&self, kind: EventType) -> &[Range] {
        self.by_type.iter().find(|(known, _)| *known == kind).map_or(&[], |(_, ranges)| ranges)
    }

    /// What facts can be on some scored event.
    fn anywhere(&self) -> Vec<Range> {
        let mut all = vec![Range::UNKNOWN; self.readings.len()];
        for (_, ranges) in &self.by_type {
            for (range, more) in all.iter_mut().zip(ranges) {
                *range = range.or(*more);
            }
        }
        all
    }

    fn fact_name(&self, fact: u16) -> &str {
        self.plan.facts().get(usize::from(fact)).map_or("?", |fact| fact.name.as_str())
    }

    fn condition(
        &self,
        on: &Subject<'_>,
        at: &ast::Expr,
        when: &Expr,
        found: &mut Vec<Diagnostic>,
    ) {
        if matches!(at.node, ExprNode::Bool(_)) {
            // Somebody wants it so.
            return;
        }
        let yes = tree(at, when, false);
        let no = tree(at, when, true);
        let facts = facts_of(when);
        let mut groups = self.groups(on.types, &facts, &yes, &no);
        if groups.iter().all(|group| !group.can_be_true) {
            found.push(self.never_true(on, at, &yes, &facts));
            return;
        }
        for group in groups.iter().filter(|group| !group.can_be_true && !on.on.is_empty()) {
            for kind in &group.types {
                found.extend(self.not_there(on, *kind, &yes, &facts));
            }
        }
        // The first one that may be true tells what the others must agree with.
        groups.sort_by_key(|group| !group.can_be_true);
        if groups.iter().filter(|group| group.can_be_true).all(|group| !group.can_be_false) {
            let message =
                format!("{} `{}` holds whenever its condition is known", on.what, on.name.node);
            let help = "if that is meant, write `when true` or `not missing(..)`";
            found.push(warning("P303", at.span, message).help(help));
            return;
        }
        let mut parts: Option<Parts> = None;
        for group in &groups {
            let mut here = Parts::new();
            let Some(kind) = group.types.first() else { continue };
            let mut solver = Solver::new(self.ranges(*kind));
            self.parts(&yes, &mut solver, &mut here);
            self.always_known(at, when, self.ranges(*kind), &mut here);
            // A part must be idle on every type to be idle; a branch is not asked for where nothing
            // is ever true.
            let is_idle =
                |key: &PartKey| here.contains_key(key) || !group.can_be_true && key.2 == "P302";
            match &mut parts {
                Some(parts) => parts.retain(|key, _| is_idle(key)),
                None => parts = Some(here),
            }
        }
        found.extend(parts.unwrap_or_default().into_values());
        self.rounded(&yes, found);
    }

    /// The event types of a rule, those together that see its facts alike.
    fn groups(&self, types: Types, facts: &[u16], yes: &Node<'_>, no: &Node<'_>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (kind, ranges) in self.by_type.iter().filter(|(kind, _)| types.contains(*kind)) {
            let alike = |group: &&mut Group| {
                group.types.first().is_some_and(|other| {
                    let others = self.ranges(*other);
                    facts.iter().all(|f| ranges.get(usize::from(*f)) == others.get(usize::from(*f)))
                })
            };
            if let Some(group) = groups.iter_mut().find(alike) {
                group.types.push(*kind);
                continue;
            }
            groups.push(Group {
                types: vec![*kind],
                can_be_true: Solver::new(ranges).can_hold(yes),
                can_be_false: Solver::new(ranges).can_hold(no),
            });
        }
        groups
    }

    /// A fact that is never known on events of this type.
    fn never_known(&self, kind: EventType, facts: &[u16]) -> Option<u16> {
        let ranges = self.ranges(kind);
        facts
            .iter()
            .copied()
            .find(|fact| ranges.get(usize::from(*fact)).is_some_and(|range| !range.may_be_known()))
    }

    /// The ranges of a type, with what is never known there taken from anywhere.
    fn as_if_known(&self, kind: EventType) -> Vec<Range> {
        let anywhere = self.anywhere();
        let ranges = self.ranges(kind).iter().zip(anywhere);
        ranges.map(|(here, all)| if here.may_be_known() { *here } else { all }).collect()
    }

    /// Why a condition is true on no event type that it is looked at on.
    fn never_true(
        &self,
        on: &Subject<'_>,
        at: &ast::Expr,
        yes: &Node<'_>,
        facts: &[u16],
    ) -> Diagnostic {
        let kinds: Vec<EventType> =
            on.types.iter().filter(|kind| self.by_type.iter().any(|(k, _)| k == kind)).collect();
        let is_decided_by_unknown = |kind: &EventType| {
            self.never_known(*kind, facts).is_some()
                && Solver::new(&self.as_if_known(*kind)).can_hold(yes)
        };
        if let Some(kind) = kinds.iter().find(|kind| is_decided_by_unknown(kind)) {
            let fact = self.never_known(*kind, facts).map_or("?", |fact| self.fact_name(fact));
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            let message = format!(
                "{} `{}` can never hold: `{fact}` is never known on {}",
                on.what,
                on.name.node,
                names.join(", ")
            );
            return warning("P305", at.span, message)
                .help("read something that these events carry, or name other event types");
        }
        let anywhere = self.anywhere();
        if Solver::new(&anywhere).can_hold(yes) {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            let message = format!(
                "{} `{}` can never hold on {}: its condition excludes these events",
                on.what,
                on.name.node,
                names.join(", ")
            );
            return warning("P306", at.span, message).help("make `on` and `when` agree");
        }
        let mut solver = Solver::new(&anywhere);
        let mut assumed = Vec::new();
        let (span, why) = self
            .conflict(yes, &mut solver, &mut assumed)
            .unwrap_or_else(|| (at.span, format!("`{}` has no values that fit", shown(at))));
        let message = format!("{} `{}` can never hold: {why}", on.what, on.name.node);
        warning("P301", span, message)
    }

    /// Why the condition is never true on one of the types that the rule names.
    fn not_there(
        &self,
        on: &Subject<'_>,
        kind: EventType,
        yes: &Node<'_>,
        facts: &[u16],
    ) -> Option<Diagnostic> {
        let name = on.on.iter().find(|name| name.node == kind.name())?;
        let unknown = self
            .never_known(kind, facts)
            .filter(|_| Solver::new(&self.as_if_known(kind)).can_hold(yes));
        Some(match unknown {
            Some(fact) => {
                let message = format!(
                    "{} `{}` can never hold on {}: `{}` is never known there",
                    on.what,
                    on.name.node,
                    kind.name(),
                    self.fact_name(fact)
                );
                warning("P305", name.span, message)
                    .help(format!("leave {} out, or say what counts there", kind.name()))
            }
            None => {
                let message = format!(
                    "{} `{}` can never hold on {}: its condition excludes these events",
                    on.what,
                    on.name.node,
                    kind.name()
                );
                warning("P306", name.span, message).help(format!("leave {} out", kind.name()))
            }
        })
    }

    /// The first parts that exclude each other: where, and why.
    fn conflict<'n, 't>(
        &self,
        node: &'n Node<'t>,
        solver: &mut Solver<'_>,
        assumed: &mut Vec<&'n Atom<'t>>,
    ) -> Option<(Span, String)> {
        match node {
            Node::Atom(atom) => {
                let mut open = Vec::new();
                if solver.assume(node, &mut open) {
                    assumed.push(atom);
                    return None;
                }
                Some((atom.at.span, self.excluded(atom, solver, assumed)))
            }
            Node::All(parts) => {
                let is_choice = |part: &&Node<'_>| matches!(part, Node::Any(_));
                let first = parts.iter().filter(|part| !is_choice(part));
                let order = first.chain(parts.iter().filter(is_choice));
                order.into_iter().find_map(|part| self.conflict(part, solver, assumed))
            }
            Node::Any(branches) => {
                let mut why = None;
                for branch in branches {
                    let (mark, count) = (solver.mark(), assumed.len());
                    let conflict = self.conflict(branch, solver, assumed);
                    solver.forget(mark);
                    assumed.truncate(count);
                    // One branch that fits is enough; else the first one tells.
                    why = why.or(Some(conflict?));
                }
                why
            }
        }
    }

    fn excluded(&self, atom: &Atom<'_>, solver: &Solver<'_>, assumed: &[&Atom<'_>]) -> String {
        let base = solver.base(atom);
        if base.and(&atom.set).is_empty() {
            return format!("`{}` is never true{}", label(atom), self.possible(atom));
        }
        let rival = assumed.iter().rev().find(|other| {
            other.subject == atom.subject && other.set.and(&atom.set).and(&base).is_empty()
        });
        match rival {
            Some(rival) if rival.at.span != atom.at.span => {
                format!("`{}` and `{}` are never true together", label(rival), label(atom))
            }
            _ => format!("`{}` leaves no value beside the rest", label(atom)),
        }
    }

    /// What the subject of an atom can be, in words that follow a statement.
    fn possible(&self, atom: &Atom<'_>) -> String {
        let Of::Value(expr) = atom.of else { return String::new() };
        let range = range_over(expr, &self.anywhere());
        let what = match expr {
            Expr::Fact(fact) => format!("`{}`", self.fact_name(*fact)),
            _ => "the value".to_owned(),
        };
        let is_number = match expr {
            Expr::Fact(fact) => self.readings.get(usize::from(*fact)) == Some(&Reading::Number),
            _ => true,
        };
        let (low, high) = (range.low, range.high);
        match (low.is_finite(), high.is_finite()) {
            _ if !range.may_be_known() => format!(": {what} is never known"),
            _ if !is_number => String::new(),
            (true, true) => format!(": {what} is between {low} and {high}"),
            (true, false) => format!(": {what} is at least {low}"),
            (false, true) => format!(": {what} is at most {high}"),
            (false, false) => String::new(),
        }
    }

    /// Branches that can never be true, and parts that change nothing, under what is assumed.
    fn parts(&self, node: &Node<'_>, solver: &mut Solver<'_>, found: &mut Parts) {
        match node {
            Node::Atom(_) => {}
            Node::Any(branches) => self.branches(branches, solver, found),
            Node::All(parts) => {
                let outside: Vec<Allowed> = parts
                    .iter()
                    .map(|part| match part {
                        Node::Atom(atom) => solver.of(atom),
                        _ => Allowed::known(),
                    })
                    .collect();
                for (index, part) in parts.iter().enumerate() {
                    if let Node::Atom(atom) = part {
                        self.idle(atom, index, parts, &outside[index], solver, found);
                    }
                }
                let mark = solver.mark();
                let mut open = Vec::new();
                if solver.assume(node, &mut open) {
                    for branches in open {
                        self.branches(branches, solver, found);
                    }
                }
                solver.forget(mark);
            }
        }
    }

    fn branches(&self, branches: &[Node<'_>], solver: &mut Solver<'_>, found: &mut Parts) {
        for (index, branch) in branches.iter().enumerate() {
            if !solver.can_hold(branch) {
                let Some((span, words)) = written(branch) else { continue };
                let mut assumed = Vec::new();
                let mark = solver.mark();
                let why = self.conflict(branch, solver, &mut assumed);
                solver.forget(mark);
                let why =
                    why.map(|(_, why)| why).filter(|why| !why.starts_with(&format!("`{words}`")));
                let message = match why {
                    Some(why) => format!("the branch `{words}` can never be true: {why}"),
                    None => match branch {
                        Node::Atom(atom) => {
                            format!("the branch `{words}` can never be true{}", self.possible(atom))
                        }
                        _ => format!("the branch `{words}` can never be true"),
                    },
                };
                found.insert(
                    key("P302", span),
                    warning("P302", span, message).help("leave it out or mend it"),
                );
                continue;
            }
            if let Node::Atom(atom) = branch
                && atom.is_written
            {
                let wider = branches.iter().enumerate().find_map(|(other, node)| match node {
                    Node::Atom(wider) if other != index && wider.subject == atom.subject => {
                        let is_equal = wider.set == atom.set;
                        let is_wider = wider.set.covers(&atom.set) && (!is_equal || other < index);
                        is_wider.then_some(wider)
                    }
                    _ => None,
                });
                if let Some(wider) = wider {
                    let message = format!("`{}` adds nothing to `{}`", label(atom), label(wider));
                    let span = atom.at.span;
                    found.insert(
                        key("P304", span),
                        warning("P304", span, message).help("leave it out"),
                    );
                }
            }
            self.parts(branch, solver, found);
        }
    }

    /// Whether a part of an *all of* follows from the others, or from what its subject can be.
    fn idle(
        &self,
        atom: &Atom<'_>,
        index: usize,
        parts: &[Node<'_>],
        outside: &Allowed,
        solver: &Solver<'_>,
        found: &mut Parts,
    ) {
        if !atom.is_written {
            return;
        }
        let mut others = outside.and(&Allowed::known());
        let mut strongest: Option<&Atom<'_>> = None;
        for (other, part) in parts.iter().enumerate() {
            let Node::Atom(part) = part else { continue };
            let is_same = part.set == atom.set && other > index;
            if other != index && part.subject == atom.subject && !is_same {
                others = others.and(&part.set);
                if atom.set.covers(&part.set) {
                    strongest = strongest.or(Some(part));
                }
            }
        }
        if others.is_empty() || !atom.set.covers(&others) {
            return;
        }
        let span = atom.at.span;
        let base = solver.base(atom).and(&Allowed::known());
        let diagnostic = if atom.set.covers(&base) {
            // Asking whether something is known is what `missing` is for.
            if matches!(atom.at.node, ExprNode::Missing(_) | ExprNode::Not(_)) {
                return;
            }
            let message =
                format!("`{}` is always true when it is known{}", label(atom), self.possible(atom));
            warning("P304", span, message).help("leave it out, or ask `not missing(..)`")
        } else {
            let message = match strongest {
                Some(other) => format!("`{}` follows from `{}`", label(atom), label(other)),
                None => format!("`{}` follows from the rest", label(atom)),
            };
            warning("P304", span, message).help("leave it out")
        };
        found.insert(key("P304", span), diagnostic);
    }

    /// `or else` whose first value is always known.
    fn always_known(&self, at: &ast::Expr, when: &Expr, facts: &[Range], found: &mut Parts) {
        let mut idle = 0;
        let mut all = 0;
        when.walk(&mut |node| {
            if let Expr::OrElse(value, _) = node {
                all += 1;
                idle += usize::from(!range_over(value, facts).may_be_unknown);
            }
        });
        if idle == 0 {
            return;
        }
        let mut spans = Vec::new();
        at.walk(&mut |node| {
            if let ExprNode::OrElse { .. } = &node.node {
                spans.push(node.span);
            }
        });
        // Where it is not clear which one it is, the whole condition is pointed at.
        let span = if all == 1 && spans.len() == 1 { spans[0] } else { at.span };
        let message = "what stands before `or else` is always known here";
        found.insert(key("P314", span), warning("P314", span, message).help("leave `or else` out"));
    }

    /// Exact comparisons of numbers that are rounded.
    fn rounded(&self, node: &Node<'_>, found: &mut Vec<Diagnostic>) {
        match node {
            Node::All(parts) | Node::Any(parts) => {
                parts.iter().for_each(|part| self.rounded(part, found));
            }
            Node::Atom(atom) => {
                let is_exact = matches!(
                    &atom.at.node,
                    ExprNode::Binary { op: ast::Op::Equal | ast::Op::NotEqual, .. }
                );
                if !is_exact || !atom.is_written {
                    return;
                }
                let anywhere = self.anywhere();
                let is_rounded = match atom.of {
                    // Zero and one are met exactly: nothing of something, all of it.
                    Of::Value(expr) => {
                        !range_over(expr, &anywhere).is_whole
                            && ![0.0, 1.0].iter().any(|exact| {
                                atom.set == Allowed::only(&[*exact])
                                    || atom.set == Allowed::except(&[*exact])
                            })
                    }
                    Of::Order(a, b) => {
                        !range_over(a, &anywhere).is_whole || !range_over(b, &anywhere).is_whole
                    }
                };
                if is_rounded {
                    let message = format!("`{}` compares rounded numbers exactly", label(atom));
                    let help = "compare with `between`, `<` or `>`";
                    found.push(warning("P313", atom.at.span, message).help(help));
                }
            }
        }
    }
}

fn key(code: &'static str, span: Span) -> PartKey {
    (span.start, span.end, code)
}

fn facts_of(when: &Expr) -> Vec<u16> {
    let mut facts = Vec::new();
    when.walk(&mut |node| {
        if let Expr::Fact(fact) = node
            && !facts.contains(fact)
        {
            facts.push(*fact);
        }
    });
    facts
}

/// At most this many characters of a condition are quoted in a message.
const QUOTED_MAX: usize = 100;

fn shown(at: &ast::Expr) -> String {
    let text = print(at);
    if text.chars().count() <= QUOTED_MAX {
        return text;
    }
    let cut: String = text.chars().take(QUOTED_MAX).collect();
    format!("{cut}..")
}

/// An atom as it is written.
fn label(atom: &Atom<'_>) -> String {
    let text = shown(atom.at);
    // Under `not` the words are those inside of it.
    if atom.is_negated
        && !matches!(atom.at.node, ExprNode::In { negated: true, .. } | ExprNode::Not(_))
    {
        return format!("not {text}");
    }
    text
}

/// Where a branch is written, and its words; `None` when it stands in what a name stands for.
fn written(node: &Node<'_>) -> Option<(Span, String)> {
    match node {
        Node::Atom(atom) => atom.is_written.then(|| (atom.at.span, label(atom))),
        Node::All(parts) | Node::Any(parts) => {
            let parts = parts.iter().map(written).collect::<Option<Vec<_>>>()?;
            let start = parts.iter().map(|(span, _)| span.start).min()?;
            let end = parts.iter().map(|(span, _)| span.end).max()?;
            let word = if matches!(node, Node::All(_)) { " and " } else { " or " };
            let words: Vec<&str> = parts.iter().map(|(_, words)| words.as_str()).collect();
            Some((Span { start, end }, words.join(word)))
        }
    }
}

#[cfg(test)]
mod tests;
