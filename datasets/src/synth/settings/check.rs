//! The check of a world text: laid over the built-in one, then held against ranges and sums.
//!
//! The built-in text is the form: a key must stand there, with the same type, or name a country
//! where countries are keys. What does not fit is told and left out, so the ranges and sums behind
//! it are still checked and every fault comes at once. A test holds that each number of the
//! built-in text has exactly one range.

use features::diagnostic::{Diagnostic, Place, nearest};
use features::geo;
use toml::de::DeTable;
use toml::{Table, Value};

use super::Settings;

const BUILT_IN: &str = include_str!("../world.toml");

/// Tables whose keys are countries of ISO 3166.
const BY_COUNTRY: [&str; 2] = ["issuers.countries", "issuers.failing"];

/// What a key of a table is, where it has a better name than "key".
const NOUNS: [(&str, &str); 7] = [
    ("personas", "persona"),
    ("payments.kinds", "kind of payment"),
    ("amounts", "trade"),
    ("peaks", "peak"),
    ("issuers.schemes", "card network"),
    ("fraud.crews", "kind of crew"),
    ("fraud.typologies", "typology"),
];

/// The least and the greatest value of each number; `*` stands for any one key.
const RANGES: [(&str, f64, f64); 47] = [
    ("personas.*.share", 0.0, 1.0),
    ("personas.*.active_share", 0.0, 1.0),
    ("personas.*.payments_mean", 0.0, 200.0),
    ("personas.*.payments_dispersion", 0.05, 1_000.0),
    ("trips.length_median_days", 0.5, 365.0),
    ("trips.length_sigma", 0.0, 3.0),
    ("trips.same_day_share", 0.0, 1.0),
    ("trips.lead_mean_days", 0.0, 365.0),
    ("payments.kinds.*", 0.0, 1.0),
    ("amounts.*.median_cny", 1.0, 35_000.0),
    ("amounts.*.sigma", 0.0, 3.0),
    ("hours.noon_h", 0.0, 24.0),
    ("hours.evening_h", 0.0, 24.0),
    ("hours.evening_share", 0.0, 1.0),
    ("hours.sigma_h", 0.1, 12.0),
    ("hours.even_share", 0.0, 1.0),
    ("peaks.*", 0.1, 20.0),
    ("issuers.countries.*", 0.0, 1.0),
    ("issuers.failing.*", 0.0, 1.0),
    ("issuers.schemes.*", 0.0, 1.0),
    ("issuers.declines.first_abroad", 0.0, 1.0),
    ("issuers.declines.usual", 0.0, 1.0),
    ("issuers.declines.classes.*", 0.0, 1.0),
    ("links.first_try", 0.0, 1.0),
    // Never none, so that the share of links that need a retry has a meaning.
    ("links.after_retries", 0.01, 1.0),
    ("networks.*", 0.0, 1.0),
    ("sessions.*", 0.0, 1.0),
    // Half of all scored events: beyond it the fraud would be the population.
    ("fraud.prevalence_bps", 0.0, 5_000.0),
    ("fraud.drift_sigma", 0.0, 2.0),
    ("fraud.drift_memory", 0.0, 0.99),
    ("fraud.crews.*.share", 0.0, 1.0),
    ("fraud.crews.*.skill", 0.0, 1.0),
    ("fraud.learning.refusals", 1.0, 1_000.0),
    ("fraud.learning.quit", 0.0, 1.0),
    ("fraud.learning.retreat", 0.01, 1.0),
    ("fraud.costs_usd.*", 0.0, 100_000.0),
    ("fraud.resale_share", 0.0, 1.0),
    ("fraud.typologies.*.weight", 0.0, 1_000.0),
    ("fraud.typologies.*.from_day", 0.0, 36_500.0),
    ("labels.cut_days", 1.0, 3_650.0),
    ("labels.never_third_party", 0.0, 1.0),
    ("labels.never_mule_or_promo", 0.0, 1.0),
    ("labels.misuse_share", 0.0, 1.0),
    ("labels.*.probability", 0.0, 1.0),
    ("labels.*.median_days", 0.01, 365.0),
    ("labels.*.sigma", 0.0, 3.0),
    ("labels.analyst.*_hours", 0.0, 8_760.0),
];

/// Shares that sum to one.
const SUMS: [&str; 7] = [
    "personas.*.share",
    "payments.kinds.*",
    "issuers.countries.*",
    "issuers.schemes.*",
    "issuers.declines.classes.*",
    "sessions.*",
    "fraud.crews.*.share",
];

/// How far shares may be from one together.
const SUM_TOLERANCE: f64 = 1e-6;

/// Pairs of which the first is at most the second.
const ORDERS: [(&str, &str); 2] = [
    ("links.first_try", "links.after_retries"),
    ("labels.analyst.from_hours", "labels.analyst.to_hours"),
];

/// Reads a world; all faults at once.
pub(super) fn read(text: &str) -> Result<Settings, Vec<Diagnostic>> {
    let mut world = table(BUILT_IN)?;
    let mut check = Check { faults: Vec::new() };
    check.overlay(&mut world, table(text)?, "");
    check.numbers(&world);
    if !check.faults.is_empty() {
        return Err(check.faults);
    }
    let settings = Settings::deserialize_from(world);
    settings.map_err(|message| vec![Diagnostic::error("D052", Place::Whole, message)])
}

impl Settings {
    fn deserialize_from(world: Table) -> Result<Settings, String> {
        world.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
    }
}

/// The table that a text is; every fault of its syntax.
fn table(text: &str) -> Result<Table, Vec<Diagnostic>> {
    let fault = |error: &toml::de::Error| {
        let span = error.span().unwrap_or(0..0);
        // A world is a text of a few kilobytes, far below 32 bits.
        let place = Place::Text { start: span.start as u32, end: span.end as u32 };
        Diagnostic::error("D050", place, format!("not TOML: {}", error.message()))
    };
    let (_, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(fault).collect());
    }
    text.parse().map_err(|error| vec![fault(&error)])
}

struct Check {
    faults: Vec<Diagnostic>,
}

impl Check {
    fn tell(&mut self, code: &'static str, path: &str, message: String, help: Option<String>) {
        let fault = Diagnostic::error(code, Place::Field(path.to_owned()), message);
        self.faults.push(match help {
            Some(help) => fault.help(help),
            None => fault,
        });
    }

    /// Lays a table over the one at `path`, as far as it fits.
    fn overlay(&mut self, base: &mut Table, over: Table, path: &str) {
        for (key, value) in over {
            let below = join(path, &key);
            if !base.contains_key(&key) {
                if !BY_COUNTRY.contains(&path) {
                    self.unknown_key(base, path, &key);
                    continue;
                }
                if geo::pack_country(&key).is_none() {
                    self.unknown_country(&below, &key);
                    continue;
                }
                base.insert(key.clone(), Value::Float(0.0));
            }
            let place = &mut base[&key];
            match (place, value) {
                (Value::Table(base), Value::Table(over)) => self.overlay(base, over, &below),
                (Value::Float(number), Value::Float(given)) => *number = given,
                // A share of 1 is as good as one of 1.0; no setting is too large for a float.
                (Value::Float(number), Value::Integer(given)) => *number = given as f64,
                (Value::Integer(number), Value::Integer(given)) => *number = given,
                (place, value) => {
                    let wanted = match place {
                        Value::Table(_) => "a table",
                        Value::Integer(_) => "a whole number",
                        _ => "a number",
                    };
                    let message = format!("got {}, wanted {wanted}", told(&value));
                    self.tell("D052", &below, message, None);
                }
            }
        }
    }

    fn unknown_key(&mut self, base: &Table, path: &str, key: &str) {
        let noun = NOUNS.iter().find(|(table, _)| *table == path).map_or("key", |(_, noun)| noun);
        let known = || base.keys().map(String::as_str);
        let help = match nearest(key, known()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known are {}", known().collect::<Vec<&str>>().join(", ")),
        };
        self.tell("D051", &join(path, key), format!("unknown {noun} {key:?}"), Some(help));
    }

    fn unknown_country(&mut self, path: &str, code: &str) {
        let capitals = code.to_ascii_uppercase();
        // The one country that people write by other letters than ISO does.
        let meant = if capitals == "UK" { "GB" } else { capitals.as_str() };
        let help = match geo::pack_country(meant) {
            Some(_) => format!("did you mean {meant:?}?"),
            None => "wanted two letters of ISO 3166 such as \"SG\"".to_owned(),
        };
        self.tell("D055", path, format!("unknown country {code:?}"), Some(help));
    }

    /// Holds the numbers of a whole world against ranges, sums and orders.
    fn numbers(&mut self, world: &Table) {
        let mut numbers = Vec::new();
        leaves(world, "", &mut numbers);
        let told = self.faults.len();
        for (path, number) in &numbers {
            for (_, low, high) in RANGES.iter().filter(|(pattern, ..)| fits(pattern, path)) {
                // Written so that `nan` is out of range.
                if !(*low <= *number && *number <= *high) {
                    let message = format!("got {number}, wanted {low} to {high}");
                    self.tell("D053", path, message, None);
                }
            }
        }
        let is_bad = |fault: &Diagnostic, pattern: &str| match &fault.place {
            Place::Field(path) => fits(pattern, path),
            Place::Text { .. } | Place::Row(_) | Place::Whole => false,
        };
        for pattern in SUMS {
            // A share that is out of range spoils the sum; one fault is enough for both.
            if self.faults[told..].iter().any(|fault| is_bad(fault, pattern)) {
                continue;
            }
            let sum = sum(&numbers, pattern);
            if SUM_TOLERANCE < (sum - 1.0).abs() {
                let message = format!("the shares sum to {}, wanted 1", rounded(sum));
                let help = "shares that the text does not name keep their built-in values";
                self.tell("D054", pattern, message, Some(help.to_owned()));
            }
        }
        if sum(&numbers, "fraud.typologies.*.weight") <= 0.0 {
            let message = "all weights are 0, wanted at least one above".to_owned();
            self.tell("D054", "fraud.typologies.*.weight", message, None);
        }
        let lines =
            sum(&numbers, "networks.local_esim_share") + sum(&numbers, "networks.roaming_share");
        if 1.0 + SUM_TOLERANCE < lines {
            let message = format!(
                "{} together with networks.local_esim_share, wanted at most 1",
                rounded(lines)
            );
            self.tell("D054", "networks.roaming_share", message, None);
        }
        for (low, high) in ORDERS {
            let (first, second) = (sum(&numbers, low), sum(&numbers, high));
            if second < first {
                let message = format!("got {second}, wanted at least the {first} of {low}");
                self.tell("D053", high, message, None);
            }
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A value as a fault tells it.
fn told(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the text {text:?}"),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            value.to_string()
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}

/// A sum without the dust of its additions.
fn rounded(sum: f64) -> f64 {
    (sum * 1e6).round() / 1e6
}

/// Every number of a table with its path.
fn leaves(table: &Table, path: &str, into: &mut Vec<(String, f64)>) {
    for (key, value) in table {
        let below = join(path, key);
        match value {
            Value::Table(table) => leaves(table, &below, into),
            Value::Float(number) => into.push((below, *number)),
            Value::Integer(number) => into.push((below, *number as f64)),
            Value::String(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {}
        }
    }
}

fn sum(numbers: &[(String, f64)], pattern: &str) -> f64 {
    numbers.iter().filter(|(path, _)| fits(pattern, path)).map(|(_, number)| number).sum()
}

/// Whether a pattern means a path, key by key; a star stands for any beginning of a key.
fn fits(pattern: &str, path: &str) -> bool {
    let is_same = |(pattern, key): (&str, &str)| match pattern.strip_prefix('*') {
        Some(rest) => key.ends_with(rest),
        None => pattern == key,
    };
    pattern.split('.').count() == path.split('.').count()
        && pattern.split('.').zip(path.split('.')).all(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(&'static str, String)> {
        let faults = Settings::read(text).unwrap_err();
        let path = |fault: &Diagnostic| match &fault.place {
            Place::Field(path) => path.clone(),
            place => format!("{place:?}"),
        };
        faults.iter().map(|fault| (fault.code, path(fault))).collect()
    }

    fn only_fault(text: &str) -> Diagnostic {
        let mut faults = Settings::read(text).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults.remove(0)
    }

    #[test]
    fn every_number_of_the_built_in_world_has_exactly_one_range() {
        let mut numbers = Vec::new();
        leaves(&table(BUILT_IN).unwrap(), "", &mut numbers);
        assert!(150 < numbers.len(), "{}", numbers.len());
        for (path, _) in &numbers {
            let ranges = RANGES.iter().filter(|(pattern, ..)| fits(pattern, path)).count();
            assert_eq!(ranges, 1, "{path}");
        }
        let patterns = RANGES.iter().map(|(pattern, ..)| pattern);
        let named = SUMS.iter().chain(ORDERS.iter().flat_map(|(low, high)| [low, high]));
        for pattern in patterns.chain(named) {
            assert!(numbers.iter().any(|(path, _)| fits(pattern, path)), "{pattern} means nothing");
        }
    }

    #[test]
    fn tables_that_faults_call_by_name_exist() {
        let world = table(BUILT_IN).unwrap();
        let tables = BY_COUNTRY.iter().chain(NOUNS.iter().map(|(table, _)| table));
        for path in tables {
            let mut keys = path.split('.');
            let first = world.get(keys.next().unwrap());
            let found = keys.fold(first, |table, key| table.and_then(|table| table.get(key)));
            assert!(found.is_some_and(Value::is_table), "{path}");
        }
    }

    #[test]
    fn all_faults_come_at_once() {
        let text = r#"
            peeks = 1
            [personas]
            turist = { share = 0.5 }
            resident = { share = 0.3, payments_mean = "many" }
            [payments]
            kinds = 3
            [issuers.countries]
            UK = 0.06
            us = 0.1
            QQ = 0.1
            [fraud]
            prevalence_bps = -1
            drift_sigma = nan
            [fraud.typologies]
            T06 = { from_day = 9.5 }
            T25 = { weight = 1.0 }
            [fraud.learning]
            refusals = 0
            [labels.analyst]
            from_hours = 72
        "#;
        let wanted = [
            ("D052", "fraud.typologies.T06.from_day"),
            ("D051", "fraud.typologies.T25"),
            ("D055", "issuers.countries.QQ"),
            ("D055", "issuers.countries.UK"),
            ("D055", "issuers.countries.us"),
            ("D052", "payments.kinds"),
            ("D051", "peeks"),
            ("D052", "personas.resident.payments_mean"),
            ("D051", "personas.turist"),
            ("D053", "fraud.drift_sigma"),
            ("D053", "fraud.learning.refusals"),
            ("D053", "fraud.prevalence_bps"),
            ("D054", "personas.*.share"),
            ("D053", "labels.analyst.to_hours"),
        ];
        let wanted: Vec<_> = wanted.map(|(code, path)| (code, path.to_owned())).into();
        assert_eq!(faults(text), wanted);
    }

    #[test]
    fn a_fault_says_what_was_got_and_what_was_wanted() {
        let check = |text: &str, message: &str, help: Option<&str>| {
            let fault = only_fault(text);
            assert_eq!((fault.message.as_str(), fault.help.as_deref()), (message, help), "{text}");
        };
        let kept = Some("shares that the text does not name keep their built-in values");
        check("peaks.golden_week = \"2\"", "got the text \"2\", wanted a number", None);
        check("trips = 1", "got 1, wanted a table", None);
        check("links = [1]", "got a list, wanted a table", None);
        check("trips.same_day_share = 1.5", "got 1.5, wanted 0 to 1", None);
        check("sessions.pin = 0.25", "the shares sum to 1.05, wanted 1", kept);
        let meant = Some("did you mean \"tourist\"?");
        check("personas.turist.share = 0.5", "unknown persona \"turist\"", meant);
        check(
            "fraud.typologies.T6.weight = 1",
            "unknown typology \"T6\"",
            Some("did you mean \"T06\"?"),
        );
        let known = Some("known are after_retries, first_try");
        check("links.chance = 1", "unknown key \"chance\"", known);
        check("issuers.countries.UK = 0.1", "unknown country \"UK\"", Some("did you mean \"GB\"?"));
        check("issuers.countries.sg = 0.1", "unknown country \"sg\"", Some("did you mean \"SG\"?"));
        check(
            "networks.roaming_share = 0.7",
            "1.1 together with networks.local_esim_share, wanted at most 1",
            None,
        );
        check(
            "links.first_try = 0.96",
            "got 0.95, wanted at least the 0.96 of links.first_try",
            None,
        );
    }

    #[test]
    fn a_share_out_of_range_is_told_once() {
        assert_eq!(only_fault("sessions.pin = 1.5").code, "D053");
    }

    #[test]
    fn a_world_without_any_typology_is_refused() {
        let zero = |code: usize| format!("T{code:02}.weight = 0\n");
        let text: String = (1..=24).map(zero).collect();
        let fault = only_fault(&format!("[fraud.typologies]\n{text}"));
        assert_eq!(fault.code, "D054");
    }

    #[test]
    fn a_text_that_is_not_toml_is_pointed_at() {
        let text = "[trips]\nlength_sigma = = 1\nlength_sigma = 1\n";
        let faults = Settings::read(text).unwrap_err();
        assert!(faults.iter().all(|fault| fault.code == "D050"), "{faults:?}");
        let Place::Text { start, .. } = faults[0].place else { panic!("{faults:?}") };
        assert_eq!(text[..start as usize].lines().count(), 2);
    }
}
