//! Text to stories: every line read, every fault told.

use features::diagnostic::{Diagnostic, Place, nearest};
use features::event::Event;
use features::field::{self, EventType};
use features::plan::Reading;
use serde_json::Value as Json;

use super::event::{Layer, Members};
use super::words::{Part, json_of, offset_ms, quoted, split_outside, value_of, words_of};
use super::{
    ActionName, ExemptName, Expectation, FAULTS_MAX, FactorState, RetryName, RuleState, Step,
    Story, Value, Wanted, ZERO_MS,
};
use crate::decision::{Decision, Factor};
use crate::policy::Policy;
use crate::reason::{MESSAGES, MessageKey, REASONS, ReasonCode};

/// Reads the stories of a text, told of this policy. Facts, rules and reasons that it names must
/// exist there; check it with [`crate::policy::Wanted::AllFeatures`], so that every one can be asked.
///
/// # Errors
/// Every fault of the text (`S...`, placed in it), the first [`FAULTS_MAX`] one by one.
pub fn read(text: &str, policy: &Policy) -> Result<Vec<Story>, Vec<Diagnostic>> {
    let mut reader = Reader {
        policy,
        stories: Vec::new(),
        with: Vec::new(),
        events: 0,
        latest: None,
        header: None,
        faults: Vec::new(),
    };
    let mut start = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let part = Part { text: line.trim_end_matches(['\n', '\r']), start };
        start += line.len();
        match words_of(part) {
            Some(words) => reader.line(number, part, &words),
            None => reader.faults.push(part.trim().fault("S005", "a quote or bracket stays open")),
        }
    }
    reader.end_story();
    let mut faults = reader.faults;
    if faults.is_empty() {
        return Ok(reader.stories);
    }
    let more = faults.len().saturating_sub(FAULTS_MAX);
    if 0 < more {
        faults.truncate(FAULTS_MAX);
        let message = format!("got {more} more faults than are shown");
        faults.push(Diagnostic::error("S016", Place::Whole, message));
    }
    Err(faults)
}

/// What `with` has set: of which events, which member, where; no value takes it away.
struct With {
    on: Option<EventType>,
    path: String,
    value: Option<Json>,
    place: Place,
}

struct Reader<'p> {
    policy: &'p Policy,
    stories: Vec<Story>,
    with: Vec<With>,
    events: usize,
    /// The event of the latest `at`, as far as it was readable.
    latest: Option<EventType>,
    /// Where the story at hand begins.
    header: Option<Place>,
    faults: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn line(&mut self, number: u32, line: Part<'_>, words: &[Part<'_>]) {
        let [keyword, rest @ ..] = words else { return };
        let last = words.last().copied().unwrap_or(*keyword);
        let whole = keyword.up_to(line, last);
        if keyword.text == "story" {
            return self.story(number, whole, rest);
        }
        if !["with", "at", "expect"].contains(&keyword.text) {
            let message = format!("got `{}`, wanted story, with, at or expect", keyword.text);
            return self.faults.push(keyword.fault("S001", message));
        }
        if self.header.is_none() {
            return self.faults.push(whole.fault("S002", "wanted a story first"));
        }
        match keyword.text {
            "with" => self.with(whole, rest),
            "at" => self.event(whole, rest),
            _ => self.expect(number, line, whole, rest),
        }
    }

    fn story(&mut self, line: u32, whole: Part<'_>, words: &[Part<'_>]) {
        self.end_story();
        self.header = Some(whole.place());
        self.with.clear();
        self.events = 0;
        self.latest = None;
        let named = match words {
            [name, title] => quoted(title.text).map(|title| (name, title)),
            _ => None,
        };
        let Some((name, title)) = named else {
            let fault = whole.fault("S003", "wanted: story NAME \"TITLE\"");
            return self.faults.push(fault);
        };
        if self.stories.iter().any(|story| story.name == name.text) {
            let message = format!("there is a story `{}` already", name.text);
            self.faults.push(name.fault("S004", message));
        }
        let (name, title) = (name.text.to_owned(), title.to_owned());
        self.stories.push(Story { name, title, line, steps: Vec::new() });
    }

    /// A story is over: it must have expected something.
    fn end_story(&mut self) {
        let is_sound = self.faults.is_empty();
        if let (Some(place), Some(story)) = (self.header.take(), self.stories.last())
            && is_sound
            && story.expectations().next().is_none()
        {
            let message = format!("the story `{}` expects nothing", story.name);
            self.faults.push(Diagnostic::error("S015", place, message));
        }
    }

    fn with(&mut self, whole: Part<'_>, words: &[Part<'_>]) {
        let [what, members @ ..] = words else {
            let fault = whole.fault("S008", "wanted: with TYPE PATH=VALUE");
            return self.faults.push(fault);
        };
        let on = if what.text == "any" {
            None
        } else {
            match self.event_type(*what) {
                Some(event_type) => Some(event_type),
                None => return,
            }
        };
        for member in members {
            if let Some((path, value)) = self.member(*member) {
                let path = path.to_owned();
                self.with.push(With { on, path, value, place: member.place() });
            }
        }
    }

    fn event(&mut self, whole: Part<'_>, words: &[Part<'_>]) {
        self.events += 1;
        self.latest = None;
        let [offset, what, own @ ..] = words else {
            let fault = whole.fault("S007", "wanted: at OFFSET TYPE PATH=VALUE");
            return self.faults.push(fault);
        };
        let time = self.time(*offset);
        let Some(event_type) = self.event_type(*what) else { return };
        self.latest = Some(event_type);
        let mut id = format!("e{}", self.events);
        let mut received = None;
        let before = self.faults.len();
        let mut members = Members::default();
        for (layer, wanted) in [(Layer::Any, None), (Layer::Type, Some(event_type))] {
            for with in self.with.iter().filter(|with| with.on == wanted) {
                let stands =
                    field::find(&with.path).is_none_or(|f| f.field().on.contains(event_type));
                if layer == Layer::Type || stands {
                    members.put(layer, &with.path, with.value.as_ref(), with.place.clone());
                }
            }
        }
        for word in own {
            match word.split_member() {
                Some((path, name)) if path.text == "id" => name.text.clone_into(&mut id),
                Some((path, offset)) if path.text == "received" => received = self.time(offset),
                _ => {
                    if let Some((path, value)) = self.member(*word) {
                        members.put(Layer::Own, path, value.as_ref(), word.place());
                    }
                }
            }
        }
        let Some(time) = time.filter(|_| before == self.faults.len()) else { return };
        members.agree();
        members.fill(event_type, &id, time, received);
        match Event::read(members.json().to_string().as_bytes(), None) {
            Ok(event) => self.step(Step::Event(Box::new(event))),
            Err(found) => {
                for fault in found {
                    self.refused(&members, whole, fault);
                }
            }
        }
    }

    /// A fault of an event, placed where the story gives what is wrong; what `with` gives is wrong
    /// once and not with every event.
    fn refused(&mut self, members: &Members, whole: Part<'_>, fault: Diagnostic) {
        let (path, place) = match &fault.place {
            Place::Field(path) => (format!(" at {path}"), members.place(path)),
            Place::Text { .. } | Place::Row(_) | Place::Whole => (String::new(), None),
        };
        let message = format!("{}{path}: {}", fault.code, fault.message);
        let place = place.unwrap_or_else(|| whole.place());
        let told = Diagnostic { help: fault.help, ..Diagnostic::error("S009", place, message) };
        if !self.faults.contains(&told) {
            self.faults.push(told);
        }
    }

    fn expect(&mut self, number: u32, line: Part<'_>, whole: Part<'_>, words: &[Part<'_>]) {
        if self.events == 0 {
            return self.faults.push(whole.fault("S010", "wanted an event first"));
        }
        let [subject, rest @ ..] = words else {
            return self.faults.push(whole.fault("S011", wanted_of_all()));
        };
        let is_fact = rest.first().is_some_and(|word| word.text.starts_with('='));
        let found = match subject.text {
            _ if is_fact => None,
            "decision" => match rest {
                [decision, rest @ ..] => self.decision(whole, *decision, rest).map(|w| vec![w]),
                [] => self.wrong(whole, "wanted: expect decision approve, challenge or decline"),
            },
            "approve" | "challenge" | "decline" => {
                self.decision(whole, *subject, rest).map(|wanted| vec![wanted])
            }
            "rule" => self.rule(whole, rest).map(|wanted| vec![wanted]),
            "factor" => self.factor(whole, rest).map(|wanted| vec![wanted]),
            "action" => self.action(whole, rest).map(|wanted| vec![wanted]),
            "message" => self.message(whole, rest).map(|wanted| vec![wanted]),
            "band" => self.band(whole, rest).map(|wanted| vec![wanted]),
            "exempt" => self.exempt(whole, rest).map(|wanted| vec![wanted]),
            "three_ds" => self.three_ds(whole, rest).map(|wanted| vec![wanted]),
            "retry" => self.retry(whole, rest).map(|wanted| vec![wanted]),
            _ => None,
        };
        let is_decision = ["decision", "approve", "challenge", "decline"];
        let is_word = !is_fact && is_decision.iter().chain(SUBJECTS).any(|w| *w == subject.text);
        let wanted = if is_word {
            // An issuer's refusal has advice without being decided.
            let needs_decision = subject.text != "retry";
            if let Some(event_type) = self.latest.filter(|t| needs_decision && !t.is_scored()) {
                let message = format!("`{}` is not decided, only recorded", event_type.name());
                return self.faults.push(whole.fault("S014", message));
            }
            found
        } else {
            let last = words.last().copied().unwrap_or(*subject);
            self.facts(subject.up_to(line, last))
        };
        for wanted in wanted.into_iter().flatten() {
            let place = whole.place();
            self.step(Step::Expect(Expectation { line: number, place, wanted }));
        }
    }

    fn decision(
        &mut self,
        whole: Part<'_>,
        decision: Part<'_>,
        rest: &[Part<'_>],
    ) -> Option<Wanted> {
        let all = [Decision::Approve, Decision::Challenge, Decision::Decline];
        let Some(decision) = all.into_iter().find(|d| d.name() == decision.text) else {
            let message = format!("got `{}`, wanted approve, challenge or decline", decision.text);
            return self.wrong(decision, message);
        };
        let codes = match rest {
            [] => &[],
            [because, codes @ ..] if because.text == "because" && !codes.is_empty() => codes,
            _ => return self.wrong(whole, "wanted: because CODE, CODE"),
        };
        let mut because = Vec::new();
        let before = self.faults.len();
        for word in codes {
            let code = Part { text: word.text.trim_end_matches(','), start: word.start };
            for code in split_outside(code, ',').unwrap_or_default() {
                let known = REASONS.iter().map(|reason| reason.code);
                because.extend(self.known(code, "reason", ReasonCode::find(code.text), known));
            }
        }
        (before == self.faults.len()).then_some(Wanted::Decision { decision, because })
    }

    fn rule(&mut self, whole: Part<'_>, words: &[Part<'_>]) -> Option<Wanted> {
        let [name, state] = words else {
            let states = listed(RuleState::ALL.iter().map(|state| state.name()));
            return self.wrong(whole, format!("wanted: expect rule NAME {states}"));
        };
        let rules = &self.policy.rules().rules;
        let found = rules.iter().any(|rule| rule.name == name.text).then_some(());
        let names = rules.iter().map(|rule| rule.name.as_str());
        let rule = self.known(*name, "rule", found, names);
        let state = self.word(*state, RuleState::ALL, RuleState::name);
        rule.and(state).map(|state| Wanted::Rule { name: name.text.to_owned(), state })
    }

    fn factor(&mut self, whole: Part<'_>, words: &[Part<'_>]) -> Option<Wanted> {
        let [name, state] = words else {
            let states = listed(FactorState::ALL.iter().map(|state| state.name()));
            return self.wrong(whole, format!("wanted: expect factor NAME {states}"));
        };
        let names = Factor::ALL.iter().map(|factor| factor.name());
        let factor = self.known(*name, "factor", Factor::parse(name.text), names);
        let state = self.word(*state, FactorState::ALL, FactorState::name);
        factor.zip(state).map(|(factor, state)| Wanted::Factor { factor, state })
    }

    fn action(&mut self, whole: Part<'_>, words: &[Part<'_>]) -> Option<Wanted> {
        let [name] = words else {
            return self.wrong(whole, "wanted: expect action NAME");
        };
        let found = ActionName::ALL.iter().copied().find(|action| action.name() == name.text);
        let names = ActionName::ALL.iter().map(|action| action.name());
        self.known(*name, "action", found, names).map(Wanted::Action)
    }

    fn message(&mut self, whole: Part<'_>, words: &[Part<'_>]) -> Option<Wanted> {
        let [key] = words else {
            return self.wrong(whole, "wanted: expect message KEY");
        };
        let keys = MESSAGES.iter().map(|message| message.key);
        self.known(*key, "message", MessageKey::find(key.text), keys).map(Wanted::Message)
    }

    fn band(&mut self, whole: Part<'_>, words: &[Part<'_>]) -> Option<Wanted> {
        let [name] = words else {
            return self.wrong(whole, "wanted: expect band NAME");
        };
        let names = || self.policy.bands().iter().map(|band| band.name.as_str());
        let found = names().find(|band| *band == name.text).map(str::to_owned);
        let names: Vec<&str> = names().collect();
        self.known(*name, "band", found, names).map(Wanted::Band)
    }

    fn exempt(&mut self, whole: Part<'_>, words: &[Part<'_>]) -> Option<Wanted> {
        let [name] = words else {
            return self.wrong(whole, "wanted: expect exempt NAME");
        };
        self.word(*name, ExemptName::ALL, ExemptName::name).map(Wanted::Exempt)
    }

    fn three_ds(&mut self, whole: Part<'_>, words: &[Part<'_>]) -> Option<Wanted> {
        let is_indicator = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        match words {
            [code] if code.text == "none" || is_indicator(code.text) => {
                Some(Wanted::ThreeDs(code.text.to_owned()))
            }
            _ => self.wrong(whole, "wanted: expect three_ds with two digits, or none"),
        }
    }

    fn retry(&mut self, whole: Part<'_>, words: &[Part<'_>]) -> Option<Wanted> {
        let [name] = words else {
            return self.wrong(whole, "wanted: expect retry ADVICE");
        };
        self.word(*name, RetryName::ALL, RetryName::name).map(Wanted::Retry)
    }

    /// `name_{1h,24h} = 1, 2`.
    fn facts(&mut self, whole: Part<'_>) -> Option<Vec<Wanted>> {
        let Some(at) = assignment(whole.text) else {
            return self.wrong(whole, wanted_of_all());
        };
        let (name, values) = whole.split_at_letter(at);
        let name = name.trim();
        let Some(names) = family(name.text) else {
            return self.wrong(name, "a family of names ends with }");
        };
        let Some(values) = split_outside(values, ',') else {
            return self.wrong(values.trim(), "a bracket stays open");
        };
        if names.len() != values.len() {
            let message = format!("got {} values for {} facts", values.len(), names.len());
            return self.wrong(whole, message);
        }
        let before = self.faults.len();
        let pairs = names.into_iter().zip(values);
        let wanted: Vec<Wanted> =
            pairs.filter_map(|(fact, value)| self.fact(name, fact, value)).collect();
        (before == self.faults.len()).then_some(wanted)
    }

    fn fact(&mut self, place: Part<'_>, name: String, value: Part<'_>) -> Option<Wanted> {
        let facts = self.policy.plan().facts();
        let Some(index) = self.policy.plan().find(&name) else {
            let names = facts.iter().map(|fact| fact.name.as_str());
            let named = Part { text: &name, start: place.start };
            let mut fault = unknown(named, "fact", names);
            fault.place = place.place();
            self.faults.push(fault);
            return None;
        };
        let reading = facts[index].reading.clone();
        let wanted = match value_of(value) {
            Ok(wanted) => wanted,
            Err(message) => return self.wrong(value, message),
        };
        let misfit = match (&wanted, &reading) {
            (Value::Unknown, _)
            | (Value::Number(_), Reading::Number)
            | (Value::Bool(_), Reading::Bool)
            | (Value::Name(_), Reading::Key) => None,
            (Value::Name(name), Reading::Category(names)) if names.contains(name) => None,
            (_, Reading::Number) => Some("a number".to_owned()),
            (_, Reading::Bool) => Some("true or false".to_owned()),
            (_, Reading::Category(names)) => Some(format!("one of {}", names.join(", "))),
            (_, Reading::Key) => Some("a text, in quotes if it is of digits".to_owned()),
        };
        if let Some(misfit) = misfit {
            let message = format!("got `{}`, wanted {misfit}", value.text);
            self.faults.push(value.fault("S013", message));
            return None;
        }
        Some(Wanted::Fact { name, value: wanted })
    }

    fn step(&mut self, step: Step) {
        if let Some(story) = self.stories.last_mut() {
            story.steps.push(step);
        }
    }

    fn time(&mut self, offset: Part<'_>) -> Option<i64> {
        match offset_ms(offset.text) {
            Ok(ms) => Some(ZERO_MS + ms),
            Err(message) => {
                self.faults.push(offset.fault("S007", message));
                None
            }
        }
    }

    fn event_type(&mut self, name: Part<'_>) -> Option<EventType> {
        let found = EventType::parse(name.text);
        if found.is_none() {
            let mut fault = unknown(name, "event type", EventType::NAMES);
            fault.code = "S006";
            self.faults.push(fault);
        }
        found
    }

    fn member<'w>(&mut self, word: Part<'w>) -> Option<(&'w str, Option<Json>)> {
        let Some((path, value)) = word.split_member() else {
            let message = format!("got `{}`, wanted PATH=VALUE", word.text);
            self.faults.push(word.fault("S008", message));
            return None;
        };
        if value.text == "none" {
            return Some((path.text, None));
        }
        match json_of(value) {
            Ok(value) => Some((path.text, Some(value))),
            Err(message) => {
                self.faults.push(value.fault("S008", message));
                None
            }
        }
    }

    fn wrong<T>(&mut self, part: Part<'_>, message: impl Into<String>) -> Option<T> {
        self.faults.push(part.fault("S011", message));
        None
    }

    fn known<'k, T>(
        &mut self,
        name: Part<'_>,
        what: &str,
        found: Option<T>,
        names: impl IntoIterator<Item = &'k str>,
    ) -> Option<T> {
        if found.is_none() {
            self.faults.push(unknown(name, what, names));
        }
        found
    }

    /// One of a closed list of words.
    fn word<T: Copy>(
        &mut self,
        word: Part<'_>,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let found = all.iter().copied().find(|one| name(*one) == word.text);
        if found.is_none() {
            let names = listed(all.iter().map(|one| name(*one)));
            let fault = word.fault("S011", format!("got `{}`, wanted {names}", word.text));
            self.faults.push(fault);
        }
        found
    }
}

/// What an expectation may be about, beside decisions and facts.
const SUBJECTS: &[&str] =
    &["rule", "factor", "action", "message", "band", "exempt", "three_ds", "retry"];

fn wanted_of_all() -> String {
    let subjects = listed(["decision"].iter().chain(SUBJECTS).copied());
    format!("wanted: expect NAME = VALUE, or {subjects}")
}

fn unknown<'k>(name: Part<'_>, what: &str, names: impl IntoIterator<Item = &'k str>) -> Diagnostic {
    let fault = name.fault("S012", format!("unknown {what} `{}`", name.text));
    match nearest(name.text, names) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}

/// `a, b or c`.
fn listed<'k>(names: impl Iterator<Item = &'k str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The place of the last `=` that is no part of a comparison.
fn assignment(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_single = |at: &usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 1);
        bytes[*at] == b'='
            && !matches!(before, Some(b'=' | b'!' | b'<' | b'>'))
            && after != Some(&b'=')
    };
    (0..bytes.len()).rev().find(is_single)
}

/// `name_{1h,24h}` as its names, each with single blanks.
fn family(name: &str) -> Option<Vec<String>> {
    let spaced = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((stem, windows)) = name.split_once('{') else { return Some(vec![spaced(name)]) };
    let windows = windows.strip_suffix('}')?;
    Some(windows.split(',').map(|window| spaced(&format!("{stem}{}", window.trim()))).collect())
}
