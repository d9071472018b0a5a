//! Stories that the catalogue must tell right: events in, facts out, each number worked out by hand.
//!
//! A story lies in `stories/GROUP.story` of this crate and is read line by line:
//!
//! ```text
//! story pair "Two payments with one card"
//!   with any      account_id=a1
//!   with payment  amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1
//!   at -2d   payment  id=p1
//!   at 0     payment  amount_minor=20000
//!   expect card_attempt_count_{1h,7d} = 0, 1
//! ```
//!
//! - `with any ...` and `with TYPE ...` set members of later events; an event's own members win over
//!   those of its type, and these over those of `any`, which are left out where the event type has
//!   no such member. `PATH=none` takes a member away.
//! - `at OFFSET TYPE ...` is an event, so long before or after [`ZERO_MS`]: `-6d`, `-23h30m`, `0`,
//!   `1500ms`. `id=NAME` names it (else `e1`, `e2`, ... by position), `received=OFFSET` says when it
//!   came in (else when it happened or, for a label, became known).
//! - Values: `true`, `false`, `null`, numbers, `@-3d` for a time, `[a,b]`, anything else is text;
//!   quotes keep a text a text. `factors.passkey.enrolled_ms=@-9d` enrols a factor. Of an amount in
//!   CNY and its `base_minor` (in USD: `usd_minor`) that differ, the more particular one is meant.
//! - Left out, and then filled in: `schema_version=1`, `channel=app_ios`, `payment_id` (the event's
//!   id), `method=password` and `login_name_hash=n1` of a login, `decline_class` by the outcome,
//!   `consent_ms` and `known_time_ms` (the event's time).
//! - `expect NAME = VALUE` is about the event above it, as it was observed: `unknown`, `true` or
//!   `false` of a condition, a name of a category, a text, or a number, for which any constant of
//!   the policy language may stand (`2/3`, `ln(1 + 100)`, `5%`), within 10^-9 of it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};

use features::catalog::definitions;
use features::diagnostic::nearest;
use features::event::{Event, hash_text};
use features::expr::key_number;
use features::field::{self, EventType};
use features::history::{History, Limits};
use features::language::define::Definitions;
use features::language::{ast, parse};
use features::limits::{DAY_MS, HOUR_MS, MINUTE_MS};
use features::money::Currency;
use features::plan::{Plan, Reading};
use features::{geo, plan};

/// The hour of all stories: 2026-07-15T04:00:00Z, a Wednesday, noon in China.
const ZERO_MS: i64 = 1_784_088_000_000;

/// How far a number may be from the wanted one, of the larger of both.
const TOLERANCE: f64 = 1e-9;

macro_rules! groups {
    ($($test:ident $group:literal)*) => {
        const GROUPS: &[&str] = &[$($group),*];
        $(
            #[test]
            fn $test() {
                hold(&[$group]);
            }
        )*
    };
}

groups! {
    stories_velocity "velocity"
    stories_amount "amount"
    stories_diversity "diversity"
    stories_geography "geography"
    stories_device "device"
    stories_network "network"
    stories_card "card"
    stories_wallet "wallet"
    stories_authentication "authentication"
    stories_merchant "merchant"
    stories_currency "currency"
    stories_time "time"
    stories_graph "graph"
}

#[test]
fn stories_hold() {
    hold(GROUPS);
}

#[test]
fn every_story_file_is_told() {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names {
        let group = name.strip_suffix(".story");
        assert!(group.is_some_and(|g| GROUPS.contains(&g)), "no test tells the stories of {name}");
    }
}

#[test]
fn every_feature_is_told_by_a_story() {
    let mut told: HashMap<String, Vec<Wanted>> = HashMap::new();
    for group in GROUPS {
        let (stories, _) = stories_of(group);
        for expectation in stories.into_iter().flat_map(|story| story.steps).filter_map(Step::fact)
        {
            let values = told.entry(expectation.fact).or_default();
            if !values.contains(&expectation.wanted) {
                values.push(expectation.wanted);
            }
        }
    }
    let known = definitions();
    let number = |name: &str| told.get(name).map_or(0, Vec::len);
    let untold: Vec<String> = known
        .features()
        .iter()
        .filter(|feature| number(&feature.name) < 2)
        .map(|feature| format!("{} {}: {}", feature.id, feature.name, number(&feature.name)))
        .collect();
    let all = known.features().len();
    assert!(
        untold.is_empty(),
        "{} of {all} features are told with fewer than two values:\n{}",
        untold.len(),
        untold.join("\n")
    );
}

#[test]
fn lines_are_read_as_written() {
    let (mut stories, faults) = read_stories(
        "x.story",
        "story one \"Title with a # in it\"  # and a comment
           with any account_id=a1 device.device_id=d1
           with payment amount_minor=100 currency=CNY merchant.merchant_id=\"5\" kind=bill device.os=ios
           at -1h30m payment id=p base_minor=300 device.os=none auth_ctx.phone_changed_ms=@-1s
           expect card_attempt_count_{5m,1h} = 0, 1/2
           at 0 label ref_id=p label=fraud factors.passkey.verified=true",
    );
    assert_eq!(faults, Vec::<String>::new());
    let steps = &mut stories[0].steps;
    let json: Value = match &steps[0] {
        Step::Event { json, .. } => serde_json::from_str(json).unwrap(),
        Step::Expect(_) => panic!("the first step is an event"),
    };
    let wanted = json!({
        "schema_version": 1, "channel": "app_ios", "event_id": "p", "event_type": "payment",
        "event_time_ms": ZERO_MS - 5_400_000, "received_time_ms": ZERO_MS - 5_400_000,
        "payment_id": "p", "account_id": "a1", "device": {"device_id": "d1"}, "kind": "bill",
        "amount_minor": 300, "currency": "CNY", "base_minor": 300,
        "merchant": {"merchant_id": "5"}, "auth_ctx": {"phone_changed_ms": ZERO_MS - 1_000}
    });
    assert_eq!(json, wanted);
    let facts: Vec<Expectation> = steps.drain(..3).filter_map(Step::fact).collect();
    assert_eq!(facts[1].fact, "card_attempt_count_1h");
    assert_eq!(facts[1].wanted, Wanted::Number(0.5));
    let Step::Event { json, .. } = &steps[0] else { panic!("the last step is an event") };
    let label: Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        label["auth_ctx"]["factors_enrolled"],
        json!([{"factor": "passkey", "verified": true}])
    );
    assert_eq!(label["known_time_ms"], ZERO_MS);
    assert_eq!(label.get("device"), None, "a label has no device");
}

#[test]
fn bad_lines_are_told_with_their_place() {
    let text = "with any a=1
story s \"S\"
  expect card_attempt_count_1h = 0
  at 1x payment
  at 0 paiment
  at 0 login account_id
  at 0 login \"open
  expect card_attempt_count_{1h,24h} = 1
  expect card_atempt_count_1h = 1
  expect card_attempt_count_1h = 1 +
  hope card_attempt_count_1h = 1";
    let (_, faults) = read_stories("x.story", text);
    let places: Vec<&str> = faults.iter().filter_map(|f| f.split(": ").next()).collect();
    let wanted = [1, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(|line| format!("x.story:{line}"));
    assert_eq!(places, wanted, "{faults:#?}");
}

#[derive(Debug)]
struct Story {
    name: String,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Event { line: usize, json: String },
    Expect(Expectation),
}

#[derive(Debug)]
struct Expectation {
    line: usize,
    fact: String,
    wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Unknown,
    Number(f64),
    Bool(bool),
    /// A category or text.
    Name(String),
}

impl Step {
    fn fact(self) -> Option<Expectation> {
        match self {
            Step::Event { .. } => None,
            Step::Expect(expectation) => Some(expectation),
        }
    }
}

fn folder() -> PathBuf {
    crate::tidy::root().join("features/stories")
}

/// Tells the stories of these groups; all that is wrong with any of them fails the test at once.
fn hold(groups: &[&str]) {
    let mut failures = Vec::new();
    for group in groups {
        let (stories, faults) = stories_of(group);
        failures.extend(faults);
        let mut checks = 0;
        for story in &stories {
            checks += tell(group, story, &mut failures);
        }
        println!("{group}.story: {} stories, {checks} facts", stories.len());
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// The stories of a group, none where the file is missing, and the faults of the file.
fn stories_of(group: &str) -> (Vec<Story>, Vec<String>) {
    let file = format!("{group}.story");
    match std::fs::read_to_string(folder().join(&file)) {
        Ok(text) => read_stories(&file, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Vec::new(), Vec::new()),
        Err(error) => (Vec::new(), vec![format!("{file}: {error}")]),
    }
}

/// Folds a story's events and compares; gives how many facts were compared.
fn tell(group: &str, story: &Story, failures: &mut Vec<String>) -> usize {
    static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
        let known = definitions();
        let wanted: Vec<usize> = known.features().iter().map(|f| f.definition).collect();
        Arc::new(known.plan(&wanted))
    });
    let history =
        History::new(Arc::clone(&PLAN), Limits { entities_max: 10_000, ..Limits::default() });
    let mut facts = Vec::new();
    let mut checks = 0;
    let place = |line: usize| format!("{group}.story:{line}: {}", story.name);
    for step in &story.steps {
        match step {
            Step::Event { line, json } => match Event::read(json.as_bytes(), None) {
                Ok(mut event) => {
                    history.observe(&mut event, &mut facts, || ());
                }
                Err(faults) => {
                    facts.clear();
                    for fault in faults {
                        failures.push(format!("{}: {fault}", place(*line)));
                    }
                }
            },
            Step::Expect(Expectation { line, fact, wanted }) => {
                checks += 1;
                let index = PLAN.find(fact).expect("reading has looked the name up");
                let Some(got) = facts.get(index) else { continue };
                let reading = &PLAN.facts()[index].reading;
                if !agrees(*got, wanted, reading) {
                    let got = shown(*got, reading);
                    let wanted = match wanted {
                        Wanted::Unknown => "unknown".to_owned(),
                        Wanted::Number(number) => number.to_string(),
                        Wanted::Bool(value) => value.to_string(),
                        Wanted::Name(name) => name.clone(),
                    };
                    failures.push(format!("{}: {fact}: got {got}, wanted {wanted}", place(*line)));
                }
            }
        }
    }
    checks
}

fn agrees(got: f64, wanted: &Wanted, reading: &Reading) -> bool {
    match (wanted, reading) {
        (Wanted::Unknown, _) => got.is_nan(),
        (Wanted::Number(number), Reading::Number) => {
            (got - number).abs() <= TOLERANCE * got.abs().max(number.abs()).max(1e-3)
        }
        (Wanted::Bool(value), Reading::Bool) => got == f64::from(u8::from(*value)),
        (Wanted::Name(name), Reading::Category(names)) => {
            names.iter().position(|known| known == name).is_some_and(|index| got == index as f64)
        }
        (Wanted::Name(text), plan::Reading::Key) => {
            let country = geo::pack_country(text).map(u64::from);
            let currency = Currency::parse(text).map(Currency::bits);
            let texts = [Some(hash_text(text)), country, currency];
            texts.into_iter().flatten().any(|bits| got == key_number(bits))
        }
        _ => false,
    }
}

fn shown(got: f64, reading: &Reading) -> String {
    match reading {
        _ if got.is_nan() => "unknown".to_owned(),
        Reading::Number => got.to_string(),
        Reading::Bool => (got == 1.0).to_string(),
        Reading::Category(names) => {
            names.get(got as usize).cloned().unwrap_or_else(|| got.to_string())
        }
        Reading::Key => format!("a text of number {got}"),
    }
}

/// Reads a file of stories; a line with a fault is left out.
fn read_stories(file: &str, text: &str) -> (Vec<Story>, Vec<String>) {
    let mut reader =
        Reader { known: definitions(), stories: Vec::new(), with: Vec::new(), events: 0 };
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Err(fault) = words_of(line).and_then(|words| reader.line(number, &words)) {
            faults.push(format!("{file}:{number}: {fault}"));
        }
    }
    (reader.stories, faults)
}

struct Reader {
    known: Definitions,
    stories: Vec<Story>,
    /// What `with` has set so far: `None` is `any`.
    with: Vec<(Option<EventType>, String, Member)>,
    events: usize,
}

/// A member as a line gives it; `None` takes it away.
type Member = Option<Value>;

/// Members of an event by path, with how particular the line was that gave them.
type Members = BTreeMap<String, (usize, Value)>;

impl Reader {
    fn line(&mut self, number: usize, words: &[String]) -> Result<(), String> {
        let [keyword, rest @ ..] = words else { return Ok(()) };
        if keyword == "story" {
            let [name, title] = rest else { return Err("wanted: story NAME \"TITLE\"".to_owned()) };
            if !title.starts_with('"') {
                return Err("wanted a title in quotes".to_owned());
            }
            if self.stories.iter().any(|story| story.name == *name) {
                return Err(format!("there is a story {name} already"));
            }
            self.with.clear();
            self.events = 0;
            self.stories.push(Story { name: name.clone(), steps: Vec::new() });
            return Ok(());
        }
        if self.stories.is_empty() {
            return Err("wanted a story first".to_owned());
        }
        match keyword.as_str() {
            "with" => self.with(rest),
            "at" => self.event(number, rest),
            "expect" => self.expect(number, rest),
            _ => Err(format!("got `{keyword}`, wanted story, with, at or expect")),
        }
    }

    fn with(&mut self, words: &[String]) -> Result<(), String> {
        let [what, members @ ..] = words else {
            return Err("wanted: with TYPE PATH=VALUE".to_owned());
        };
        let event_type = if what == "any" { None } else { Some(event_type(what)?) };
        for member in members {
            let (path, value) = member_of(member)?;
            self.with.push((event_type, path, value));
        }
        Ok(())
    }

    fn event(&mut self, line: usize, words: &[String]) -> Result<(), String> {
        let [offset, what, own @ ..] = words else {
            return Err("wanted: at OFFSET TYPE PATH=VALUE".to_owned());
        };
        let event_type = event_type(what)?;
        let time = ZERO_MS + offset_ms(offset)?;
        self.events += 1;
        let mut id = format!("e{}", self.events);
        let mut received = None;
        let mut members = Members::new();
        for (layer, wanted) in [(0, None), (1, Some(event_type))] {
            for (_, path, value) in self.with.iter().filter(|(on, ..)| *on == wanted) {
                let stands = field::find(path).is_none_or(|f| f.field().on.contains(event_type));
                if layer == 1 || stands {
                    put(&mut members, layer, path.clone(), value.clone());
                }
            }
        }
        for word in own {
            match word.split_once('=') {
                Some(("id", name)) => name.clone_into(&mut id),
                Some(("received", offset)) => received = Some(ZERO_MS + offset_ms(offset)?),
                _ => {
                    let (path, value) = member_of(word)?;
                    put(&mut members, 2, path, value);
                }
            }
        }
        agree(&mut members);
        fill(&mut members, event_type, &id, time);
        if event_type == EventType::Label {
            let known = received.unwrap_or(time);
            members.entry("known_time_ms".to_owned()).or_insert((0, json!(known)));
            received = received.or(members["known_time_ms"].1.as_i64());
        }
        let received = json!(received.unwrap_or(time));
        members.entry("received_time_ms".to_owned()).or_insert((0, received));
        let json = nested(members)?.to_string();
        self.steps().push(Step::Event { line, json });
        Ok(())
    }

    fn expect(&mut self, line: usize, words: &[String]) -> Result<(), String> {
        if !self.steps().iter().any(|step| matches!(step, Step::Event { .. })) {
            return Err("wanted an event first".to_owned());
        }
        let text = words.join(" ");
        let (name, values) = text.split_once('=').ok_or("wanted: expect NAME = VALUE")?;
        let names = family(name.trim())?;
        let values = split_outside(values, ',')?;
        if names.len() != values.len() {
            return Err(format!("got {} values for {} facts", values.len(), names.len()));
        }
        for (fact, value) in names.into_iter().zip(values) {
            self.check_name(&fact)?;
            let wanted = wanted(value.trim())?;
            self.steps().push(Step::Expect(Expectation { line, fact, wanted }));
        }
        Ok(())
    }

    fn check_name(&self, fact: &str) -> Result<(), String> {
        let names = || self.known.features().iter().map(|feature| feature.name.as_str());
        if names().any(|name| name == fact) {
            return Ok(());
        }
        let near = nearest(fact, names()).map_or(String::new(), |n| format!(", is it `{n}`?"));
        Err(format!("no fact is called `{fact}`{near}"))
    }

    fn steps(&mut self) -> &mut Vec<Step> {
        &mut self.stories.last_mut().expect("a story stands before its lines").steps
    }
}

fn event_type(name: &str) -> Result<EventType, String> {
    let names = || EventType::ALL.iter().map(|t| t.name());
    EventType::parse(name).ok_or_else(|| {
        let near = nearest(name, names()).map_or(String::new(), |n| format!(", is it `{n}`?"));
        format!("no event type is called `{name}`{near}")
    })
}

fn put(members: &mut Members, layer: usize, path: String, value: Member) {
    match value {
        Some(value) => members.insert(path, (layer, value)),
        None => members.remove(&path),
    };
}

/// Of an amount that is told twice, the more particular telling counts.
fn agree(members: &mut Members) {
    let currency = members.get("currency").and_then(|(_, v)| v.as_str()).map(ToOwned::to_owned);
    let twin = match currency.as_deref() {
        Some("CNY") => "base_minor",
        Some("USD") => "usd_minor",
        _ => return,
    };
    let (Some(amount), Some(told)) = (members.get("amount_minor"), members.get(twin)) else {
        return;
    };
    let (amount, told) = (amount.clone(), told.clone());
    if amount.0 < told.0 {
        members.insert("amount_minor".to_owned(), told);
    } else if told.0 < amount.0 {
        members.insert(twin.to_owned(), amount);
    }
}

/// Adds what an event must have and a story need not say.
fn fill(members: &mut Members, event_type: EventType, id: &str, time: i64) {
    let mut add = |path: &str, value: Value| {
        members.entry(path.to_owned()).or_insert((0, value));
    };
    add("schema_version", json!(1));
    add("channel", json!("app_ios"));
    add("event_id", json!(id));
    add("event_type", json!(event_type.name()));
    add("event_time_ms", json!(time));
    match event_type {
        EventType::AccountOpen => add("consent_ms", json!(time)),
        EventType::Login => {
            add("method", json!("password"));
            add("login_name_hash", json!("n1"));
        }
        EventType::Payment => add("payment_id", json!(id)),
        EventType::AuthResult => {
            let outcome = members.get("outcome").and_then(|(_, value)| value.as_str());
            let is_approved = matches!(outcome, Some("approved" | "partial"));
            let class = if is_approved { "approved" } else { "do_not_honour" };
            members.entry("decline_class".to_owned()).or_insert((0, json!(class)));
        }
        _ => {}
    }
}

/// The event as JSON: paths become objects, enrolled factors a list of them.
fn nested(members: Members) -> Result<Value, String> {
    let mut event = Map::new();
    let mut factors: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (path, (_, value)) in members {
        match path.split('.').collect::<Vec<_>>().as_slice() {
            [member] => {
                event.insert((*member).to_owned(), value);
            }
            [object, member] => {
                let object = event.entry((*object).to_owned()).or_insert_with(|| json!({}));
                let object =
                    object.as_object_mut().ok_or_else(|| format!("{path} is no object"))?;
                object.insert((*member).to_owned(), value);
            }
            ["factors", factor, member] => {
                factors
                    .entry((*factor).to_owned())
                    .or_default()
                    .insert((*member).to_owned(), value);
            }
            _ => return Err(format!("got the path `{path}`")),
        }
    }
    let factors: Vec<Value> = factors
        .into_iter()
        .map(|(factor, mut members)| {
            members.insert("factor".to_owned(), json!(factor));
            Value::Object(members)
        })
        .collect();
    if !factors.is_empty() {
        event.entry("auth_ctx".to_owned()).or_insert_with(|| json!({}))["factors_enrolled"] =
            json!(factors);
    }
    Ok(Value::Object(event))
}

/// The words of a line without its comment; quotes and brackets keep theirs together.
fn words_of(line: &str) -> Result<Vec<String>, String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    let mut depth = 0;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted => depth -= 1,
            '#' if !is_quoted => break,
            _ => {}
        }
        let ends = letter.is_whitespace() && !is_quoted && depth == 0;
        match (ends, words.last_mut()) {
            (false, Some(word)) => word.push(letter),
            _ => words.push(String::new()),
        }
    }
    if is_quoted || depth != 0 {
        return Err("a quote or bracket stays open".to_owned());
    }
    words.retain(|word| !word.is_empty());
    Ok(words)
}

/// Splits outside of quotes and brackets of any kind.
fn split_outside(text: &str, at: char) -> Result<Vec<String>, String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    let mut depth = 0;
    for letter in text.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '[' | '(' if !is_quoted => depth += 1,
            ']' | ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        match (letter == at && !is_quoted && depth == 0, parts.last_mut()) {
            (false, Some(part)) => part.push(letter),
            _ => parts.push(String::new()),
        }
    }
    if is_quoted || depth != 0 {
        return Err("a quote or bracket stays open".to_owned());
    }
    Ok(parts)
}

/// `name_{1h,24h}` as its names.
fn family(name: &str) -> Result<Vec<String>, String> {
    let Some((stem, windows)) = name.split_once('{') else { return Ok(vec![name.to_owned()]) };
    let windows = windows.strip_suffix('}').ok_or("a family ends with }")?;
    Ok(windows.split(',').map(|window| format!("{stem}{}", window.trim())).collect())
}

fn member_of(word: &str) -> Result<(String, Member), String> {
    let (path, value) =
        word.split_once('=').ok_or_else(|| format!("got `{word}`, wanted PATH=VALUE"))?;
    let value = if value == "none" { None } else { Some(value_of(value)?) };
    Ok((path.to_owned(), value))
}

fn value_of(text: &str) -> Result<Value, String> {
    if let Some(list) = text.strip_prefix('[') {
        let list = list.strip_suffix(']').ok_or("a list ends with ]")?;
        let items = split_outside(list, ',')?;
        let items =
            items.iter().map(|item| value_of(item.trim())).collect::<Result<Vec<_>, _>>()?;
        return Ok(Value::Array(items));
    }
    if let Some(offset) = text.strip_prefix('@') {
        return Ok(json!(ZERO_MS + offset_ms(offset)?));
    }
    if let Some(text) = quoted(text) {
        return Ok(json!(text));
    }
    Ok(match text {
        "" => return Err("got no value".to_owned()),
        "true" => json!(true),
        "false" => json!(false),
        "null" => Value::Null,
        _ => match (text.parse::<i64>(), number_of(text)) {
            (Ok(integer), _) => json!(integer),
            (Err(_), Some(number)) => json!(number),
            (Err(_), None) => json!(text),
        },
    })
}

/// A number written in digits, so that `nan` and `inf` stay texts.
fn number_of(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|letter: char| letter.is_ascii_digit()).then(|| text.parse().ok())?
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// `-23h30m` in milliseconds.
fn offset_ms(text: &str) -> Result<i64, String> {
    let wrong = || format!("got `{text}`, wanted an offset such as -23h30m, 1500ms or 0");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    let mut sum = 0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, tail) = rest.split_at(digits);
        let letters = tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => MINUTE_MS,
            "h" => HOUR_MS,
            "d" => DAY_MS,
            "w" => 7 * DAY_MS,
            _ => return Err(wrong()),
        };
        sum += count.parse::<i64>().map_err(|_| wrong())? * unit;
        rest = tail;
    }
    if text.is_empty() || text == "-" {
        return Err(wrong());
    }
    Ok(sign * sum)
}

fn wanted(text: &str) -> Result<Wanted, String> {
    if let Some(text) = quoted(text) {
        return Ok(Wanted::Name(text.to_owned()));
    }
    let is_name = |text: &str| {
        text.starts_with(|l: char| l.is_ascii_alphabetic())
            && text.chars().all(|l| l.is_ascii_alphanumeric() || l == '_')
    };
    match text {
        "" => Err("got no value".to_owned()),
        "unknown" => Ok(Wanted::Unknown),
        "true" => Ok(Wanted::Bool(true)),
        "false" => Ok(Wanted::Bool(false)),
        _ => match number_of(text) {
            Some(number) => Ok(Wanted::Number(number)),
            None if is_name(text) => Ok(Wanted::Name(text.to_owned())),
            None => constant(text).map(Wanted::Number),
        },
    }
}

/// The value of a constant of the policy language.
fn constant(text: &str) -> Result<f64, String> {
    let (policy, faults) = parse(&format!("let wanted = {text}\n"));
    let body = policy.statements.into_iter().find_map(|statement| match statement.node {
        ast::Statement::Let(item) => Some(item.body),
        _ => None,
    });
    let value = match body {
        Some(body) if faults.is_empty() => Definitions::default().constant(&body),
        _ => Err(faults),
    };
    value.map(|(number, _)| number).map_err(|faults| {
        let mut message = format!("got `{text}`, wanted a constant");
        for fault in faults {
            // Writing to a String cannot fail.
            let _ = write!(message, "; {}", fault.message);
        }
        message
    })
}
