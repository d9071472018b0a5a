//! Windows over columns: what `history` answers for events, for rows that are none.
//!
//! An export of past payments has a key, a time and numbers. [`Fold::fold`] answers for each row and
//! then records it, by the very entities and questions of a [`History`](crate::history::History), so
//! the answers are those that a service would have given. There is no event here, no condition and
//! no text; whoever has several kinds of keys, or several threads, keeps a `Fold` for each.
//!
//! Rows are taken sixteen at a time: their entities are fetched together before they are asked, so
//! that none waits for the memory of another.

use crate::arena::Arena;
use crate::entities::Entities;
use crate::expr::Expr;
use crate::field::EventType;
use crate::history::Limits;
use crate::limits::{COLUMNS_MAX, VALUE_MAX};
use crate::plan::{Definition, Measure, Plan, Reading, Value};
use crate::window::{ABSENT, Aggregate, Entity, FETCHES, Row, Work};

/// Rows whose entities are fetched together.
const AHEAD: usize = 16;

/// Rows look like events of one type, whichever.
const KIND: EventType = EventType::Payment;

/// A number that is wanted of every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What is computed.
    pub aggregate: Aggregate,
    /// Number of the column it is computed of; `None` for counts and times.
    pub column: Option<usize>,
    /// Window length in milliseconds; `None` is for life.
    pub window_ms: Option<i64>,
    /// Whether the row itself counts.
    pub including_this: bool,
}

/// The past of all keys of one kind; see the module's essay.
#[derive(Debug)]
pub struct Fold {
    plan: Plan,
    asks: usize,
    /// By table of the plan: the entities, and which columns their rows keep.
    tables: Vec<(Entities, Vec<usize>)>,
    arena: Arena,
    work: Work,
    entities_max: usize,
}

/// Rows in the order in which they are folded, by column.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The key of each row.
    pub keys: &'a [u64],
    /// When it happened, in milliseconds since 1970, not before.
    pub times: &'a [i64],
    /// Its values, column by column; [`ABSENT`] where there is none.
    pub values: &'a [&'a [i64]],
}

impl Fold {
    /// Nothing has happened yet. Limits are those of a history; there are no origins here.
    pub fn new(asks: &[Ask], limits: Limits) -> Fold {
        let measure = |ask: &Ask| Measure {
            aggregate: ask.aggregate,
            // Never evaluated: the number tells the columns apart.
            value: ask.column.map(|column| Value { expr: column_expr(column), scale: 1.0 }),
            condition: Expr::Constant(1.0),
            record_by: Vec::new(),
            read_by: Vec::new(),
            window_ms: ask.window_ms,
            offset_ms: 0,
            including_this: ask.including_this,
            within: Vec::new(),
        };
        let measures: Vec<Measure> = asks.iter().map(measure).collect();
        let definition = |index: usize| Definition {
            name: index.to_string(),
            reading: Reading::Number,
            expr: Expr::Reading(index as u16),
        };
        let definitions: Vec<Definition> = (0..asks.len()).map(definition).collect();
        let wanted: Vec<usize> = (0..asks.len()).collect();
        let mut plan = Plan::new(&definitions, &measures, &[], &wanted);
        let mut tables = Vec::new();
        for table in &mut plan.tables {
            table.shape.raw_max = limits.rows();
            let columns = table.columns.iter().map(|(value, _)| *value);
            let columns = columns.filter_map(|value| column_of(&plan.values[usize::from(value)]));
            tables.push((Entities::default(), columns.collect()));
        }
        let (arena, work) = (Arena::default(), Work::default());
        Fold { plan, asks: asks.len(), tables, arena, work, entities_max: limits.entities_max }
    }

    /// Entities held.
    pub fn entities(&self) -> usize {
        self.tables.first().map_or(0, |(entities, _)| entities.len())
    }

    /// For each row what was asked, in the order of the asks, into `answers`; then it is recorded.
    ///
    /// # Panics
    /// When the columns or the answers are of another length than the keys, a column that was asked
    /// for is missing, or a time lies before 1970.
    pub fn fold(&mut self, rows: Columns<'_>, answers: &mut [f64]) {
        assert_eq!(rows.times.len(), rows.keys.len(), "a time for each key");
        assert!(rows.times.iter().all(|time| 0 <= *time), "times from 1970 on");
        assert_eq!(answers.len(), rows.keys.len() * self.asks, "room for each answer");
        let starts = (0..rows.keys.len()).step_by(AHEAD);
        for (start, answers) in starts.zip(answers.chunks_mut((AHEAD * self.asks).max(1))) {
            let end = rows.keys.len().min(start + AHEAD);
            for table in 0..self.tables.len() {
                self.fold_some(table, rows, start..end, answers);
            }
        }
    }

    fn fold_some(
        &mut self,
        table: usize,
        rows: Columns<'_>,
        range: std::ops::Range<usize>,
        answers: &mut [f64],
    ) {
        let Fold { plan, asks, tables, arena, work, entities_max } = self;
        let shape = &plan.tables[table].shape;
        let (entities, columns) = &mut tables[table];
        let mut places = [None; AHEAD];
        let keys = &rows.keys[range.clone()];
        keys.iter().for_each(|key| entities.fetch_index(spread(*key)));
        for (place, key) in places.iter_mut().zip(keys) {
            *place = entities.likely(spread(*key));
        }
        for round in 0..FETCHES {
            places.iter().flatten().for_each(|place| entities.fetch(*place, round, arena));
        }
        let mut values = [ABSENT; COLUMNS_MAX];
        for ((row, place), answers) in range.zip(places).zip(answers.chunks_mut(*asks)) {
            let (key, time) = (spread(rows.keys[row]), rows.times[row]);
            // The row before may have brought the key.
            let place = place.or_else(|| entities.likely(key));
            for (value, column) in values.iter_mut().zip(columns.iter()) {
                let given = rows.values[*column][row];
                *value = if given.unsigned_abs() <= VALUE_MAX as u64 { given } else { ABSENT };
            }
            let own = Row { time, mask: 1, values: &values[..shape.columns] };
            let stranger;
            let entity = match place.and_then(|place| entities.entity(place, key)) {
                Some(entity) => entity,
                None => {
                    stranger = Entity::new(key, entities.known_since(key));
                    &stranger
                }
            };
            for ask in &plan.turn(KIND).asks {
                let lookup = &plan.lookups[ask.lookup];
                if lookup.table == table {
                    let asked = (lookup.spans.as_slice(), ask.questions.as_slice());
                    entity.answer((shape, &entities.codes, arena), asked, time, own, work, answers);
                }
            }
            entities.insert(shape, arena, key, place, own, work, *entities_max);
        }
    }
}

fn column_expr(column: usize) -> Expr {
    Expr::Constant(column as f64)
}

fn column_of(value: &Value) -> Option<usize> {
    match value.expr {
        Expr::Constant(column) => Some(column as usize),
        _ => None,
    }
}

/// Spreads a key over 64 bits, no two to the same (the finish of SplitMix64).
fn spread(key: u64) -> u64 {
    let key = (key ^ key >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ key >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ key >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SUMS: [Aggregate; 5] =
        [Aggregate::Count, Aggregate::Sum, Aggregate::Mean, Aggregate::Max, Aggregate::Distinct];
    const WINDOWS: [Option<i64>; 3] = [Some(50), Some(4_000), None];

    fn asks() -> Vec<Ask> {
        let mut asks = Vec::new();
        for aggregate in SUMS {
            for window_ms in WINDOWS {
                for including_this in [true, false] {
                    let column = match aggregate {
                        Aggregate::Count => None,
                        Aggregate::Distinct => Some(1),
                        _ => Some(0),
                    };
                    asks.push(Ask { aggregate, column, window_ms, including_this });
                }
            }
        }
        asks
    }

    /// The answer by a look at every row before.
    fn recount(ask: &Ask, rows: Columns<'_>, row: usize) -> f64 {
        let at = rows.times[row];
        let from = ask.window_ms.map_or(i64::MIN, |window| at - window);
        let is_in = |other: &usize| {
            rows.keys[*other] == rows.keys[row]
                && from < rows.times[*other]
                && (*other != row || ask.including_this)
        };
        let seen: Vec<usize> = (0..=row).filter(is_in).collect();
        let Some(column) = ask.column else { return seen.len() as f64 };
        let values = seen.iter().map(|other| rows.values[column][*other]);
        let values: Vec<i64> = values.filter(|value| *value != ABSENT).collect();
        let sum = values.iter().sum::<i64>() as f64;
        match ask.aggregate {
            Aggregate::Sum => sum,
            Aggregate::Mean if values.is_empty() => f64::NAN,
            Aggregate::Mean => sum / values.len() as f64,
            Aggregate::Max => values.iter().max().map_or(f64::NAN, |most| *most as f64),
            _ => values.iter().collect::<BTreeSet<_>>().len() as f64,
        }
    }

    #[test]
    fn answers_are_those_of_a_recount() {
        let mut state = 5_u64;
        println!("seed {state}");
        let mut below = |limit: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % limit
        };
        let (mut keys, mut times, mut amounts, mut others) = (vec![], vec![], vec![], vec![]);
        let mut time = 1_700_000_000_000;
        for _ in 0..2_000 {
            time += below(30) as i64;
            times.push(time);
            keys.push(if below(3) == 0 { 7 } else { below(60) });
            amounts.push(if below(9) == 0 { ABSENT } else { below(1 << 20) as i64 - 9 });
            others.push(below(200) as i64);
        }
        let rows = Columns { keys: &keys, times: &times, values: &[&amounts, &others] };
        let asks = asks();
        let mut fold = Fold::new(&asks, Limits::default());
        let mut answers = vec![0.0; keys.len() * asks.len()];
        fold.fold(rows, &mut answers);
        assert_eq!(fold.entities(), 60);
        for (row, answers) in answers.chunks(asks.len()).enumerate() {
            for (ask, answer) in asks.iter().zip(answers) {
                let wanted = recount(ask, rows, row);
                assert!(
                    wanted == *answer || wanted.is_nan() && answer.is_nan(),
                    "row {row}, {ask:?}: got {answer}, wanted {wanted}"
                );
            }
        }
    }

    #[test]
    fn a_fold_in_parts_is_the_whole() {
        let keys: Vec<u64> = (0..500).map(|row| row * row % 23).collect();
        let times: Vec<i64> = (0..500).map(|row| row * 7).collect();
        let asks = [Ask {
            aggregate: Aggregate::Sum,
            column: Some(0),
            window_ms: Some(900),
            including_this: true,
        }];
        let mut whole = vec![0.0; 500];
        let rows = Columns { keys: &keys, times: &times, values: &[&times] };
        Fold::new(&asks, Limits::default()).fold(rows, &mut whole);
        let (mut parts, mut fold) = (vec![0.0; 500], Fold::new(&asks, Limits::default()));
        for (start, parts) in (0..500).step_by(37).zip(parts.chunks_mut(37)) {
            let range = start..start + parts.len();
            let (keys, times) = (&keys[range.clone()], &times[range]);
            fold.fold(Columns { keys, times, values: &[times] }, parts);
        }
        assert_eq!(parts, whole);
    }
}
