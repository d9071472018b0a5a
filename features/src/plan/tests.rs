//! What is settled for an event type beforehand, against the expressions as they are written.

use serde_json::{Map, Value as Json, json};

use super::*;
use crate::catalog;
use crate::event::{self, Event};
use crate::expr::{FUNCTIONS, Op};
use crate::field::{FIELDS, Field, FieldId, Kind, Source};

/// A small generator of its own: tests must not depend on another crate's stream.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn value(&mut self, id: FieldId, field: &Field, kind: EventType) -> Json {
        let now = 1_784_000_000_000_i64;
        match field.kind {
            Kind::Bool => json!(self.below(2) == 1),
            Kind::Int { min, max } => {
                json!(min + self.below((max - min).clamp(1, 5_000) as u64) as i64)
            }
            Kind::Float { min, max } => {
                json!(min + (max - min) * self.below(1_000) as f64 / 1_000.0)
            }
            Kind::Time => json!(now - self.below(8_000_000_000) as i64),
            Kind::Money => json!(self.below(200_000)),
            Kind::Enum(names) => {
                let names = event::choices(id, kind).unwrap_or(names);
                json!(names[self.below(names.len() as u64) as usize])
            }
            Kind::Country => json!(["CN", "US", "JP", "FR"][self.below(4) as usize]),
            Kind::Currency => json!(["CNY", "USD", "EUR", "JPY"][self.below(4) as usize]),
            Kind::Date => json!("2026-03-01"),
            Kind::YearMonth => json!(202_801),
            Kind::Ip => json!(format!("203.0.{}.{}", self.below(3), self.below(9))),
            Kind::Id | Kind::Text { .. } | Kind::Set(_) => match field.shape {
                crate::field::Shape::Digits { min, .. } => {
                    json!(format!("{:0width$}", self.below(90), width = usize::from(min)))
                }
                crate::field::Shape::Alphanumeric { min, .. } => json!("w".repeat(min.into())),
                crate::field::Shape::Free => json!(format!("x{}", self.below(5))),
            },
        }
    }

    /// An event of this type with whatever fields fall to it; not each one is sound.
    fn event(&mut self, kind: EventType) -> Option<Event> {
        let mut whole = Map::new();
        for (id, field) in FieldId::all().zip(FIELDS) {
            let wanted = field.required.contains(kind) || self.below(3) == 0;
            if field.source != Source::Given || !field.on.contains(kind) || !wanted {
                continue;
            }
            let value = match field.path {
                "event_type" => json!(kind.name()),
                "event_time_ms" | "received_time_ms" => json!(1_784_000_000_000_i64),
                "schema_version" => json!(1),
                _ => self.value(id, field, kind),
            };
            match field.path.split_once('.') {
                None => whole.insert(field.path.to_owned(), value),
                Some((object, name)) => {
                    let object = whole.entry(object).or_insert_with(|| json!({}));
                    object.as_object_mut().unwrap().insert(name.to_owned(), value)
                }
            };
        }
        Event::read(Json::Object(whole).to_string().as_bytes(), None).ok()
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }

    /// An expression over the readings and so many facts.
    fn number(&mut self, height: u32, facts: u64) -> Expr {
        if height == 0 {
            let field = FieldId(self.below(FIELDS.len() as u64) as u16);
            return match self.below(8) {
                0 => Expr::Constant(self.pick(&[0.0, -0.0, 1.0, 2.5, -3.0, 1e300, UNKNOWN])),
                1 | 2 => Expr::Reading(self.below(READINGS) as u16),
                3 | 4 if 0 < facts => Expr::Fact(self.below(facts) as u16),
                5 => Expr::Key(field),
                _ => Expr::Field(field),
            };
        }
        let mut number = || Box::new(self.number(height - 1, facts));
        let (a, b) = (number(), number());
        match self.below(9) {
            0 => Expr::Negate(a),
            1 => Expr::OrElse(a, b),
            2 => Expr::If(Box::new(self.truth(height - 1, facts)), a, b),
            3 => Expr::Choose((0..3).map(|_| self.truth(height - 1, facts)).collect()),
            4 | 5 => {
                let (_, function, count) = self.pick(FUNCTIONS);
                let count = count.unwrap_or(1 + self.below(6) as usize);
                let list = (0..count).map(|_| self.number(height - 1, facts));
                Expr::Call(function, list.collect())
            }
            _ => {
                let op = self.pick(&[Op::Add, Op::Subtract, Op::Multiply, Op::Divide]);
                Expr::Binary(op, a, b)
            }
        }
    }

    /// A condition over the readings and so many facts.
    fn truth(&mut self, height: u32, facts: u64) -> Expr {
        let field = FieldId(self.below(FIELDS.len() as u64) as u16);
        if height == 0 {
            return match self.below(2) {
                0 => Expr::Has(field),
                _ => Expr::IsType(Types::of(&[EventType::Payment, EventType::Label])),
            };
        }
        let mut number = || Box::new(self.number(height - 1, facts));
        let (a, b) = (number(), number());
        let mut truth = || Box::new(self.truth(height - 1, facts));
        let (left, right) = (truth(), truth());
        match self.below(6) {
            0 => Expr::Not(left),
            1 => Expr::Missing(a),
            2 => Expr::In(a, vec![-3.0, 0.0, 1.0, 2.5]),
            3 => Expr::Binary(self.pick(&[Op::And, Op::Or]), left, right),
            _ => {
                let op = self.pick(&[Op::Equal, Op::NotEqual, Op::Less, Op::LessEqual]);
                Expr::Binary(op, a, b)
            }
        }
    }
}

const READINGS: u64 = 8;

#[test]
fn a_program_computes_what_random_expressions_say() {
    let seed = 20_270_105;
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let mut known = 0;
    for round in 0..400 {
        let kind = EventType::ALL[round % EventType::ALL.len()];
        let Some(event) = (0..100).find_map(|_| chance.event(kind)) else { continue };
        let readings: Vec<f64> =
            (0..READINGS).map(|_| chance.pick(&[UNKNOWN, 0.0, -0.0, 1.0, 2.5, 40.0])).collect();
        let (mut draft, mut wanted) = (Draft::default(), Vec::new());
        for fact in 0..20 {
            let height = chance.below(5) as u32;
            let expr = chance.number(height, fact);
            let scope = Scope { event: Some(&event), readings: &readings, facts: &wanted };
            let value = program::canonical(expr.value(scope));
            wanted.push(value);
            draft.fact(&program::specialise(expr, kind, &[None; 20], &[None; 8]));
        }
        let program = draft.finish(readings.len());
        let (mut got, mut registers) = (Vec::new(), readings);
        registers.resize(program.registers(), 77.0);
        program.run(&event, &mut got, &mut registers, |_, _| {});
        let bits = |facts: &[f64]| facts.iter().map(|fact| fact.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&got), bits(&wanted), "{program:?} of {event:?}");
        known += got.iter().filter(|fact| !fact.is_nan()).count();
    }
    println!("{known} known facts");
    assert!(1_000 < known);
}

#[test]
fn a_program_computes_what_the_expressions_say() {
    let seed = 20_261_127;
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let definitions = catalog::definitions();
    let all: Vec<usize> = definitions.features().iter().map(|f| f.definition).collect();
    let plan = definitions.plan(&all);
    let mut compared = 0;
    for kind in EventType::ALL {
        let mut sound = 0;
        for _ in 0..600 {
            let Some(event) = chance.event(kind) else { continue };
            sound += 1;
            let mut readings: Vec<f64> = (0..plan.readings)
                .map(|_| match chance.below(5) {
                    0 => UNKNOWN,
                    1 => 0.0,
                    2 => -0.0,
                    _ => chance.below(100_000) as f64 / 7.0,
                })
                .collect();
            // A key that no such event has gives no reading.
            for lookup in &plan.lookups {
                let is_absent = |part: &KeyPart| match part {
                    KeyPart::Field(field) => !program::may_have(kind, *field),
                    KeyPart::Fact(_) => false,
                };
                if lookup.key.iter().any(is_absent) {
                    for question in &lookup.questions {
                        readings[usize::from(question.reading)] = UNKNOWN;
                    }
                }
            }
            let tests = plan.tests.iter();
            for test in tests.filter(|test| !program::may_have(kind, test.field)) {
                readings[usize::from(test.reading)] = UNKNOWN;
            }
            let mut wanted: Vec<f64> = Vec::new();
            for step in &plan.steps {
                match *step {
                    Step::Fact(fact) => {
                        assert_eq!(fact, wanted.len());
                        let scope =
                            Scope { event: Some(&event), readings: &readings, facts: &wanted };
                        wanted.push(program::canonical(plan.exprs[fact].value(scope)));
                    }
                    Step::Lookup(lookup) => {
                        // Without its key the look-up finds nothing, whatever it would have said.
                        let is_unknown = |part: &KeyPart| match part {
                            KeyPart::Field(field) => !program::may_have(kind, *field),
                            KeyPart::Fact(fact) => wanted[usize::from(*fact)].is_nan(),
                        };
                        if plan.lookups[lookup].key.iter().any(is_unknown) {
                            for question in &plan.lookups[lookup].questions {
                                readings[usize::from(question.reading)] = UNKNOWN;
                            }
                        }
                    }
                }
            }
            // What a look-up answers is there once its key is known, and not before.
            let mut registers = readings.clone();
            registers.resize(plan.registers(), UNKNOWN);
            for lookup in plan.lookups.iter().filter(|lookup| lookup.has_facts()) {
                let questions = lookup.questions.iter();
                questions.for_each(|question| registers[usize::from(question.reading)] = 77.0);
            }
            let mut got = Vec::new();
            let program = &plan.turn(kind).program;
            program.run(&event, &mut got, &mut registers, |lookup, registers| {
                for fact in plan.lookups[lookup].facts() {
                    let (got, wanted) = (program.fact(fact, registers), wanted[usize::from(fact)]);
                    assert_eq!(got.to_bits(), wanted.to_bits(), "a key of {event:?}");
                }
                for question in &plan.lookups[lookup].questions {
                    let reading = usize::from(question.reading);
                    registers[reading] = readings[reading];
                }
            });
            assert_eq!(got.len(), wanted.len());
            for (fact, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
                let name = &plan.facts[fact].name;
                assert_eq!(got.to_bits(), wanted.to_bits(), "{name} of {event:?}: {got}, {wanted}");
                compared += 1;
            }
        }
        // Facts are asked of scored events; some others take more than luck to be sound.
        assert!(3 <= sound || !kind.is_scored(), "only {sound} sound events of {kind:?}");
    }
    println!("{compared} facts compared");
}

#[test]
fn what_an_event_can_never_say_is_not_asked() {
    let definitions = catalog::definitions();
    let all: Vec<usize> = definitions.features().iter().map(|f| f.definition).collect();
    let plan = definitions.plan(&all);
    let asked = |kind: EventType| {
        let asks = plan.turn(kind).asks.iter();
        asks.map(|ask| plan.tables[plan.lookups[ask.lookup].table].name.as_str())
            .collect::<Vec<_>>()
    };
    assert!(asked(EventType::Payment).contains(&"merchant.merchant_id"));
    assert!(!asked(EventType::Login).contains(&"merchant.merchant_id"));
    assert!(!asked(EventType::Payment).contains(&"doc_hash"));
}

#[test]
fn only_what_is_wanted_is_kept() {
    let definitions = catalog::definitions();
    let one = definitions.features().iter().find(|f| f.name == "card_attempt_count_1h").unwrap();
    let plan = definitions.plan(&[one.definition]);
    assert_eq!(plan.facts().len(), 1);
    let tables: Vec<_> = plan.tables().collect();
    assert_eq!(tables, [("card.card_token", 1)]);
    assert_eq!(plan.tables[0].shape.retention_ms, 60 * MINUTE_MS);
    assert!(plan.components.is_empty());
}
