//! Rules that say what another one says already.
//!
//! A condition is a choice of **cubes**: for each subject the set that its value must lie in, and
//! what else must hold, by hash. Two rules with the same cubes are the same; a rule whose every cube
//! lies in a cube of another one hits only where that one hits. Nobody compares all with all: cubes
//! are found by the subject that the fewest cubes have, and each rule asks a bounded number of
//! candidates, the newest first.

use std::collections::{BTreeMap, HashMap};

use features::diagnostic::Diagnostic;
use features::field::Types;
use features::language::ast;
use features::ranges::Range;

use super::super::RuleSet;
use super::allowed::Allowed;
use super::solve::{Node, Solver, Subject, mixed, tree};
use super::warning;
use crate::decision::Action;
use crate::resolve::Vote;

/// Candidates that one rule is compared with.
const COMPARED_MAX: usize = 256;

/// What must hold at once.
#[derive(Debug, Default)]
struct Cube {
    sets: BTreeMap<Subject, Allowed>,
    /// Choices inside, by hash, sorted.
    others: Vec<Subject>,
}

impl Cube {
    /// Whether this one holds wherever the other does.
    fn covers(&self, other: &Cube) -> bool {
        let sets = self.sets.iter().all(|(subject, set)| {
            other.sets.get(subject).is_some_and(|narrower| set.covers(narrower))
        });
        sets && self.others.iter().all(|choice| other.others.binary_search(choice).is_ok())
    }

    fn subjects(&self) -> impl Iterator<Item = Subject> {
        self.sets.keys().copied().chain(self.others.iter().copied())
    }

    fn hash(&self) -> Subject {
        let sets = self.sets.iter().map(|(subject, set)| mixed(&format!("{set:?}"), &[*subject]));
        let all: Vec<Subject> = sets.chain(self.others.iter().copied()).collect();
        mixed("all", &all)
    }
}

/// Reports rules that are the same as an earlier one, or that hit only where another one does.
pub(super) fn check(
    texts: &[&ast::Rule],
    set: &RuleSet,
    facts: &[Range],
    found: &mut Vec<Diagnostic>,
) {
    let cubes: Vec<Vec<Cube>> = texts
        .iter()
        .zip(&set.rules)
        .map(|(text, rule)| cubes_of(&tree(&text.when, &rule.when, false), &Solver::new(facts)))
        .collect();
    let mut is_told = vec![false; texts.len()];
    same(texts, set, &cubes, &mut is_told, found);
    narrower(texts, set, &cubes, &is_told, found);
}

fn cubes_of(tree: &Node<'_>, solver: &Solver<'_>) -> Vec<Cube> {
    let branches: &[Node<'_>] = match tree {
        Node::Any(branches) => branches,
        one => std::slice::from_ref(one),
    };
    // One that nothing fits covers nothing and is covered by all: its own warning says so.
    let cubes = branches.iter().filter_map(|branch| cube_of(branch, solver));
    let mut cubes: Vec<Cube> = cubes.collect();
    cubes.sort_by_cached_key(Cube::hash);
    cubes.dedup_by_key(|cube| cube.hash());
    cubes
}

fn cube_of(branch: &Node<'_>, solver: &Solver<'_>) -> Option<Cube> {
    let parts: &[Node<'_>] = match branch {
        Node::All(parts) => parts,
        one => std::slice::from_ref(one),
    };
    let mut cube = Cube::default();
    for part in parts {
        match part {
            Node::Atom(atom) => {
                let set = cube.sets.entry(atom.subject).or_insert_with(|| solver.base(atom));
                *set = set.and(&atom.set);
                if set.is_empty() {
                    return None;
                }
            }
            other => cube.others.push(hash_of(other, solver)),
        }
    }
    cube.others.sort_unstable();
    cube.others.dedup();
    Some(cube)
}

fn hash_of(node: &Node<'_>, solver: &Solver<'_>) -> Subject {
    let (word, parts) = match node {
        Node::Atom(atom) => {
            let set = solver.base(atom).and(&atom.set);
            return mixed(&format!("{set:?}"), &[atom.subject]);
        }
        Node::All(parts) => ("all", parts),
        Node::Any(parts) => ("any", parts),
    };
    let mut hashes: Vec<Subject> = parts.iter().map(|part| hash_of(part, solver)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    mixed(word, &hashes)
}

fn same(
    texts: &[&ast::Rule],
    set: &RuleSet,
    cubes: &[Vec<Cube>],
    is_told: &mut [bool],
    found: &mut Vec<Diagnostic>,
) {
    let mut first: HashMap<(Subject, String), usize> = HashMap::new();
    for (index, (text, rule)) in texts.iter().zip(&set.rules).enumerate() {
        if cubes[index].is_empty() {
            continue;
        }
        let hashes: Vec<Subject> = cubes[index].iter().map(Cube::hash).collect();
        let unsaid = rule.undecided.as_ref().map(|vote| &vote.actions);
        let (vote, is_shadow) = (&rule.vote, rule.is_shadow);
        let votes = format!("{:?} {unsaid:?} {is_shadow} {:?}", vote.actions, vote.class);
        let earlier = *first.entry((mixed("any", &hashes), votes)).or_insert(index);
        let other = &set.rules[earlier];
        if earlier != index && other.on.intersect(rule.on) != Types::NONE {
            is_told[index] = true;
            let message = format!(
                "rule `{}` has the condition and the actions of rule `{}`",
                rule.name, other.name
            );
            found.push(warning("P308", text.name.span, message).help("keep one of them"));
        }
    }
}

fn narrower(
    texts: &[&ast::Rule],
    set: &RuleSet,
    cubes: &[Vec<Cube>],
    is_told: &[bool],
    found: &mut Vec<Diagnostic>,
) {
    let mut frequency: HashMap<Subject, usize> = HashMap::new();
    for subject in cubes.iter().flatten().flat_map(Cube::subjects) {
        *frequency.entry(subject).or_default() += 1;
    }
    let mut by_rarest: HashMap<Subject, Vec<(usize, usize)>> = HashMap::new();
    for (rule, cubes) in cubes.iter().enumerate() {
        for (number, cube) in cubes.iter().enumerate() {
            let rarest = cube.subjects().min_by_key(|s| (frequency.get(s).copied(), *s));
            if let Some(rarest) = rarest {
                by_rarest.entry(rarest).or_default().push((rule, number));
            }
        }
    }
    let exempt_from = exemptions_by_rule(set);
    for (index, own) in cubes.iter().enumerate() {
        let rule = &set.rules[index];
        // One that says what follows when it does not know is there for that too.
        let is_plain = !is_told[index] && rule.undecided.is_none();
        let Some(first) = own.first().filter(|_| is_plain) else { continue };
        let mut candidates = first
            .subjects()
            .filter_map(|subject| by_rarest.get(&subject))
            .flat_map(|list| list.iter().rev())
            .take(COMPARED_MAX);
        let wider = candidates.find(|(other, number)| {
            let candidate = &set.rules[*other];
            let outlives = match (candidate.until_ms, rule.until_ms) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(theirs), Some(own)) => own <= theirs,
            };
            *other != index
                && !is_told[*other]
                && cubes[*other][*number].covers(first)
                && rule.on.without(candidate.on) == Types::NONE
                && (!candidate.is_shadow || rule.is_shadow)
                && outlives
                && is_as_strong(&candidate.vote, &rule.vote)
                && exempt_from[*other].iter().all(|by| exempt_from[index].contains(by))
                && own[1..].iter().all(|cube| cubes[*other].iter().any(|wide| wide.covers(cube)))
        });
        if let Some((other, _)) = wider {
            let candidate = &set.rules[*other];
            let message = format!(
                "rule `{}` hits only where rule `{}` does, which votes as strongly",
                rule.name, candidate.name
            );
            let help = if rule.vote.reason == candidate.vote.reason {
                "leave it out, or make its vote stronger"
            } else {
                "leave it out, unless it is there for its reason alone"
            };
            found.push(warning("P309", texts[index].name.span, message).help(help));
        }
    }
}

/// For each rule, the exemptions that name it.
fn exemptions_by_rule(set: &RuleSet) -> Vec<Vec<usize>> {
    let mut by_rule = vec![Vec::new(); set.rules.len()];
    for (number, exemption) in set.exemptions.iter().enumerate() {
        for rule in &exemption.from {
            by_rule[usize::from(*rule)].push(number);
        }
    }
    by_rule
}

/// Whether a vote asks for all that another one asks for.
pub(crate) fn is_as_strong(vote: &Vote, other: &Vote) -> bool {
    let declines = vote.actions.contains(&Action::Decline);
    let has = |wanted: &Action| {
        vote.actions.iter().any(|action| match (action, wanted) {
            (Action::Hold { ms }, Action::Hold { ms: wanted }) => wanted <= ms,
            (action, wanted) => action == wanted,
        })
    };
    // What is refused needs no proof, no wait and no limit.
    let is_in_refusal = |wanted: &Action| {
        matches!(wanted, Action::Challenge { .. } | Action::Hold { .. } | Action::LimitTo { .. })
    };
    vote.class <= other.class
        && other.cooldown_ms <= vote.cooldown_ms
        && other.actions.iter().all(|wanted| has(wanted) || declines && is_in_refusal(wanted))
}
