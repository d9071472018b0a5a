//! Conditions found by the atom that holds least often.
//!
//! That atom of an alternative is its **access predicate**, and alternatives with an access
//! predicate about the same value are a **cluster**, in the order of the line of numbers: those that
//! hold below a bound by their bounds, then those that hold from one on by theirs. So the access
//! predicates that hold of a number are one run of the cluster, known beforehand for each interval,
//! and all other alternatives are never looked at. Those of the run are held against their next two
//! atoms, rarest first, without a jump that depends on them, and few are left for the rest (Fabret
//! et al., "Filtering algorithms and implementation for very fast publish/subscribe systems", SIGMOD
//! 2001).
//!
//! **Access.** An atom with one bound is an access predicate as it is. One that holds in a handful
//! of intervals (an equality, a short list) has a copy of its alternative for each. Any other
//! counts by its first or last bound, so it may let an alternative through too often, never too
//! seldom: all atoms are looked at in the end. An alternative without any such bound is always
//! looked at.
//!
//! **Unknown.** Of an unknown value all access predicates may hold. An alternative is as true as
//! its least true atom, by Kleene's logic, so one that has no false atom is true or undecided.
//!
//! Cost: some nanoseconds for each cluster, one for each alternative of a run. Memory: 16 bytes for
//! each alternative, 16 for each of its atoms, 8 for each interval of a cluster.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Entry, Found, Place, set};
use crate::rules::normal::{Region, Truth};

/// Intervals in which an access predicate holds that has a copy of its alternative for each.
const COPIES_MAX: usize = 8;

/// Alternatives by their access predicates; see the module's essay.
#[derive(Clone, Debug, Default)]
pub(super) struct Clusters {
    clusters: Vec<Cluster>,
    /// For each cluster, for each interval of its value, the alternatives whose access predicate
    /// may hold there.
    runs: Vec<Run>,
    /// The alternatives without an access predicate.
    always: Run,
    /// For each alternative, what is looked at first, and what then.
    first: Vec<Filter>,
    second: Vec<Filter>,
    /// Where its atoms begin, and behind the last where they end.
    starts: Vec<u32>,
    atoms: Vec<Atom>,
    /// Bounds of atoms that have several, as numbers of intervals.
    bounds: Vec<u32>,
    /// For each alternative, the number of its condition.
    owners: Vec<u16>,
    /// Conditions that are true whatever is known.
    constant: Vec<u16>,
}

/// Alternatives whose access predicates are about the same value.
#[derive(Clone, Debug)]
struct Cluster {
    value: u32,
    /// Where the runs of its intervals begin.
    runs: u32,
}

/// Alternatives from one on up to another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    from: u32,
    to: u32,
}

/// That a value lies in certain intervals that follow each other, or is unknown: what may be true.
#[derive(Clone, Copy, Debug)]
struct Filter {
    value: u16,
    /// The first interval and how many.
    from: u16,
    size: u16,
    /// 1 if it may be true of an unknown value, else 0.
    unknown: u16,
}

/// That a value lies in certain intervals.
#[derive(Clone, Copy, Debug)]
struct Atom {
    value: u32,
    /// Whether it holds below the first bound; from each bound on it is the other way round.
    starts_inside: bool,
    unknown: Truth,
    /// Where its bounds begin and how many there are.
    bounds: u32,
    count: u32,
}

impl Filter {
    /// One that lets everything through.
    const NONE: Filter = Filter { value: 0, from: 0, size: u16::MAX, unknown: 1 };

    #[inline]
    fn is_open(self, places: &[Place]) -> bool {
        let place = places[usize::from(self.value)].interval;
        let is_inside = place.wrapping_sub(u32::from(self.from)) < u32::from(self.size);
        let is_unknown = place < u32::from(self.unknown);
        is_inside | is_unknown
    }
}

impl Clusters {
    /// Finds the conditions that are true, and those that are not false.
    #[inline(never)]
    pub(super) fn evaluate(
        &self,
        places: &[Place],
        runs: &mut Vec<Run>,
        left: &mut Vec<u32>,
        found: &mut Found,
    ) {
        for owner in &self.constant {
            set(&mut found.hit, *owner);
            set(&mut found.open, *owner);
        }
        // All runs are found before the first is followed: none waits for the memory of another.
        runs.clear();
        runs.extend(self.clusters.iter().map(|cluster| {
            let place = places[cluster.value as usize].interval;
            self.runs[(cluster.runs + place) as usize]
        }));
        runs.push(self.always);
        if left.len() < self.owners.len() {
            left.resize(self.owners.len(), 0);
        }
        let few = self.pick(places, runs, left);
        for entry in &left[..few] {
            let entry = *entry as usize;
            let truth = self.truth(entry, places);
            if truth != Truth::False {
                set(&mut found.open, self.owners[entry]);
            }
            if truth == Truth::True {
                set(&mut found.hit, self.owners[entry]);
            }
        }
    }

    /// Writes down the alternatives of the runs whose first two atoms are not false, and says how
    /// many there are. What is refuted is written down too, to be overwritten by the next.
    fn pick(&self, places: &[Place], runs: &[Run], left: &mut [u32]) -> usize {
        let mut many = 0;
        for run in runs {
            let filters = &self.first[run.from as usize..run.to as usize];
            for (entry, filter) in (run.from..).zip(filters) {
                left[many] = entry;
                many += usize::from(filter.is_open(places));
            }
        }
        let mut few = 0;
        for at in 0..many {
            let entry = left[at];
            left[few] = entry;
            few += usize::from(self.second[entry as usize].is_open(places));
        }
        few
    }

    fn truth(&self, entry: usize, places: &[Place]) -> Truth {
        let atoms = self.starts[entry] as usize..self.starts[entry + 1] as usize;
        let mut least = Truth::True;
        for atom in &self.atoms[atoms] {
            least = least.min(self.truth_of(atom, places[atom.value as usize].interval));
            if least == Truth::False {
                break;
            }
        }
        least
    }

    fn truth_of(&self, atom: &Atom, place: u32) -> Truth {
        if place == 0 {
            return atom.unknown;
        }
        let bounds = &self.bounds[atom.bounds as usize..][..atom.count as usize];
        let turns = bounds.iter().filter(|bound| **bound <= place).count();
        if atom.starts_inside ^ (turns % 2 == 1) { Truth::True } else { Truth::False }
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.clusters.as_slice())
            + size_of_val(self.runs.as_slice())
            + size_of_val(self.first.as_slice())
            + size_of_val(self.second.as_slice())
            + size_of_val(self.starts.as_slice())
            + size_of_val(self.atoms.as_slice())
            + size_of_val(self.bounds.as_slice())
            + size_of_val(self.owners.as_slice())
    }
}

/// In which intervals of its value an atom holds.
#[derive(Debug)]
struct Spread {
    value: usize,
    /// The number of its value's last interval.
    last: u32,
    starts_inside: bool,
    /// The first intervals from which on it is the other way round.
    turns: Vec<u32>,
    unknown: Truth,
}

/// Where an access predicate holds.
#[derive(Debug)]
enum Access {
    /// Below an interval.
    Below(u32),
    /// From an interval on.
    From(u32),
    /// In some intervals, or in none.
    In(Vec<u32>),
    /// Everywhere: it is none.
    Everywhere,
}

impl Spread {
    fn new(value: usize, region: &Region, cuts: &[f64]) -> Spread {
        // The first interval is number 1 and ends at the first cut.
        let turn = |turn: &f64| cuts.partition_point(|cut| cut < turn) as u32 + 2;
        Spread {
            value,
            last: cuts.len() as u32 + 1,
            starts_inside: region.starts_inside,
            turns: region.turns.iter().map(turn).collect(),
            unknown: region.unknown,
        }
    }

    /// The intervals in which it holds, in ranges.
    fn ranges(&self) -> Vec<Range<u32>> {
        let first = self.starts_inside.then_some(1);
        let mut bounds: Vec<u32> = first.into_iter().chain(self.turns.iter().copied()).collect();
        bounds.push(self.last + 1);
        bounds.chunks_exact(2).map(|range| range[0]..range[1]).collect()
    }

    /// The share of the intervals that it holds in.
    fn share(&self) -> f64 {
        let size: u32 = self.ranges().iter().map(|range| range.end - range.start).sum();
        f64::from(size) / f64::from(self.last)
    }

    /// It as an access predicate, and the share of the intervals in which that holds.
    fn access(&self) -> (f64, Access) {
        let share = |intervals: u32| f64::from(intervals) / f64::from(self.last);
        let below = |bound: u32| (share(bound - 1), Access::Below(bound));
        let from = |bound: u32| (share(self.last + 1 - bound), Access::From(bound));
        let ranges = self.ranges();
        let intervals: Vec<u32> = ranges.iter().cloned().flatten().take(COPIES_MAX + 1).collect();
        match (self.turns.as_slice(), ranges.last()) {
            ([], _) if self.starts_inside => (1.0, Access::Everywhere),
            ([turn], _) if self.starts_inside => below(*turn),
            ([turn], _) => from(*turn),
            _ if intervals.len() <= COPIES_MAX => {
                (share(intervals.len() as u32), Access::In(intervals))
            }
            ([first, ..], Some(range)) if !self.starts_inside => {
                let (from, below) = (from(*first), below(range.end));
                if from.0 <= below.0 { from } else { below }
            }
            (_, Some(range)) if range.end <= self.last => below(range.end),
            _ => (1.0, Access::Everywhere),
        }
    }

    /// What it lets through, where that is one range.
    fn filter(&self) -> Option<Filter> {
        let range = match self.ranges().as_slice() {
            [] => 1..1,
            [range] => range.clone(),
            _ => return None,
        };
        Some(Filter {
            value: self.value as u16,
            from: range.start as u16,
            size: (range.end - range.start) as u16,
            unknown: u16::from(self.unknown != Truth::False),
        })
    }
}

/// An alternative on its way into a cluster: its atoms, rarest first, its access predicate last.
#[derive(Debug)]
struct Draft {
    owner: u16,
    spreads: Vec<Spread>,
}

/// Alternatives with an access predicate about one value, before they are a cluster.
#[derive(Debug, Default)]
struct Drafts {
    all: Vec<Draft>,
    /// Whether it holds from a bound on, or below it; the bound; the number of the draft.
    bounded: Vec<(bool, u32, usize)>,
    /// The interval in which it holds, 0 if it does for an unknown value alone; the number of the
    /// draft.
    single: Vec<(u32, usize)>,
}

impl Drafts {
    fn add(&mut self, access: Access, draft: Draft) {
        let number = self.all.len();
        self.all.push(draft);
        match access {
            Access::Below(bound) => self.bounded.push((false, bound, number)),
            Access::From(bound) => self.bounded.push((true, bound, number)),
            Access::In(intervals) if intervals.is_empty() => self.single.push((0, number)),
            Access::In(intervals) => {
                self.single.extend(intervals.into_iter().map(|interval| (interval, number)));
            }
            Access::Everywhere => {}
        }
    }
}

impl Clusters {
    /// Whether filters have numbers for so many values and intervals.
    pub(super) fn can_hold(cuts: &[&[f64]]) -> bool {
        let most = cuts.iter().map(|cuts| cuts.len() + 2).max().unwrap_or(0);
        cuts.len().max(most) <= usize::from(u16::MAX)
    }

    /// Alternatives over values with these cuts, which it can hold.
    pub(super) fn new(entries: &[Entry<'_>], cuts: &[&[f64]]) -> Clusters {
        let mut clusters = Clusters::default();
        let mut drafts: BTreeMap<usize, Drafts> = BTreeMap::new();
        let mut always = Vec::new();
        for entry in entries {
            match draft(entry, cuts) {
                None => clusters.constant.push(entry.owner),
                Some((_, Access::Everywhere, draft)) => always.push(draft),
                Some((value, access, draft)) => drafts.entry(value).or_default().add(access, draft),
            }
        }
        for (value, drafts) in drafts {
            clusters.add_drafts(value, cuts[value].len() as u32 + 1, drafts);
        }
        clusters.always = clusters.add_all(always.iter());
        clusters.starts.push(clusters.atoms.len() as u32);
        clusters
    }

    /// What has its access predicate about one value: a cluster of those with a bound, and one of
    /// those that hold in single intervals.
    fn add_drafts(&mut self, value: usize, last: u32, drafts: Drafts) {
        let Drafts { all, mut bounded, mut single } = drafts;
        bounded.sort_unstable();
        single.sort_unstable();
        if !bounded.is_empty() {
            let run = self.add_all(bounded.iter().map(|(.., draft)| &all[*draft]));
            self.add_cluster(value, run, last, |interval| {
                let is_past =
                    |(is_from, bound, _): &(bool, u32, usize)| !is_from && *bound <= interval;
                let is_met =
                    |(is_from, bound, _): &(bool, u32, usize)| !is_from || *bound <= interval;
                bounded.partition_point(is_past)..bounded.partition_point(is_met)
            });
        }
        if !single.is_empty() {
            let run = self.add_all(single.iter().map(|(_, draft)| &all[*draft]));
            self.add_cluster(value, run, last, |interval| {
                let below = single.partition_point(|(own, _)| *own < interval);
                below..single.partition_point(|(own, _)| *own <= interval)
            });
        }
    }

    /// A cluster with the run that holds in each interval; in none, of an unknown value, all may.
    fn add_cluster(
        &mut self,
        value: usize,
        all: Run,
        last: u32,
        holding: impl Fn(u32) -> Range<usize>,
    ) {
        self.clusters.push(Cluster { value: value as u32, runs: self.runs.len() as u32 });
        self.runs.push(all);
        self.runs.extend((1..=last).map(|interval| {
            let run = holding(interval);
            Run { from: all.from + run.start as u32, to: all.from + run.end as u32 }
        }));
    }

    fn add_all<'a>(&mut self, drafts: impl Iterator<Item = &'a Draft>) -> Run {
        let from = self.owners.len() as u32;
        for draft in drafts {
            let Some((access, others)) = draft.spreads.split_last() else { continue };
            let mut filters = draft.spreads.iter().filter_map(Spread::filter);
            self.first.push(filters.next().unwrap_or(Filter::NONE));
            self.second.push(filters.next().unwrap_or(Filter::NONE));
            self.starts.push(self.atoms.len() as u32);
            // What no filter has seen comes first.
            for spread in others.iter().rev().chain([access]) {
                let bounds = self.bounds.len() as u32;
                self.bounds.extend(&spread.turns);
                self.atoms.push(Atom {
                    value: spread.value as u32,
                    starts_inside: spread.starts_inside,
                    unknown: spread.unknown,
                    bounds,
                    count: spread.turns.len() as u32,
                });
            }
            self.owners.push(draft.owner);
        }
        Run { from, to: self.owners.len() as u32 }
    }
}

/// An alternative with its access predicate and the value that this is about; `None` when it has no
/// atoms.
fn draft(entry: &Entry<'_>, cuts: &[&[f64]]) -> Option<(usize, Access, Draft)> {
    let atoms = entry.atoms.iter();
    let mut spreads: Vec<Spread> =
        atoms.map(|(value, region)| Spread::new(*value, region, cuts[*value])).collect();
    let all = spreads.iter().map(Spread::access).enumerate();
    let (place, (_, access)) = all.min_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b))?;
    let own = spreads.remove(place);
    let value = own.value;
    spreads.sort_by(|a, b| a.share().total_cmp(&b.share()).then(a.value.cmp(&b.value)));
    spreads.push(own);
    Some((value, access, Draft { owner: entry.owner, spreads }))
}
