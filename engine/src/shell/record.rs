//! What the journal keeps of one event: enough to fold it again and to judge it again.
//!
//! A payload is the time of receipt, the event as it came, its facts and the answer, each with its
//! length, little-endian; and last, where files of networks were asked, what they gave to the
//! event, as JSON. Files change, so a replay takes that and asks no file. The journal frames,
//! checks and chains payloads; this form is versioned by [`SCORED`] and [`RECORDED`], the kinds it
//! is stored under.

use std::sync::Arc;

use features::diagnostic::Diagnostic;
use features::event::Event;
use features::field::{self, FieldId, Kind};
use features::geo;
use features::networks::{Finding, Found};
use serde_json::{Map, Value, json};

/// Kind of a record that holds a scored event and its answer.
pub const SCORED: u8 = 1;

/// Kind of a record that holds an event nobody waited for.
pub const RECORDED: u8 = 2;

/// A payload, read.
#[derive(Debug, PartialEq)]
pub struct Record<'a> {
    /// When the service got the event, in milliseconds.
    pub received_ms: i64,
    /// The event's JSON.
    pub event: &'a str,
    /// The facts it was judged on; empty for [`RECORDED`].
    pub facts: Vec<f64>,
    /// The answer's JSON, complete but for record state and timing; empty for [`RECORDED`].
    pub answer: &'a str,
    /// What files of networks gave to the event.
    pub finding: Option<Finding>,
}

impl Record<'_> {
    /// The event, as it was when it came.
    ///
    /// # Errors
    /// The faults of an event that this program would not take.
    pub fn read(&self) -> Result<Event, Vec<Diagnostic>> {
        let finding = || self.finding.clone();
        Event::read_with(self.event.as_bytes(), Some(self.received_ms), |_| finding())
    }
}

/// The payload of a record.
pub fn encode(event: &Event, facts: &[f64], answer: &str) -> Vec<u8> {
    let finding = event.looked_up().map(finding_text).unwrap_or_default();
    let (received_ms, event) = (event.received(), event.json());
    let length = 20 + event.len() + 8 * facts.len() + answer.len() + finding.len();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(&received_ms.to_le_bytes());
    for length in [event.len(), facts.len(), answer.len()] {
        bytes.extend_from_slice(&(length as u32).to_le_bytes());
    }
    bytes.extend_from_slice(event.as_bytes());
    for fact in facts {
        bytes.extend_from_slice(&fact.to_bits().to_le_bytes());
    }
    bytes.extend_from_slice(answer.as_bytes());
    bytes.extend_from_slice(finding.as_bytes());
    bytes
}

/// Reads a payload; `None` when it is no payload of this form.
pub fn decode(payload: &[u8]) -> Option<Record<'_>> {
    let (received, rest) = payload.split_first_chunk::<8>()?;
    let (lengths, rest) = rest.split_first_chunk::<12>()?;
    let mut lengths = lengths.chunks_exact(4).map(|four| {
        four.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte))
    });
    let (event, facts, answer) = (lengths.next()?, lengths.next()?, lengths.next()?);
    let (event, rest) = rest.split_at_checked(event)?;
    let (facts, rest) = rest.split_at_checked(facts.checked_mul(8)?)?;
    let bits = |eight: &[u8]| eight.iter().rev().fold(0_u64, |bits, b| bits << 8 | u64::from(*b));
    let (answer, finding) = rest.split_at_checked(answer)?;
    let finding = if finding.is_empty() { None } else { Some(read_finding(finding)?) };
    Some(Record {
        received_ms: i64::from_le_bytes(*received),
        event: std::str::from_utf8(event).ok()?,
        facts: facts.chunks_exact(8).map(|eight| f64::from_bits(bits(eight))).collect(),
        answer: std::str::from_utf8(answer).ok()?,
        finding,
    })
}

/// A finding as JSON: fields by their paths, names and codes by their texts, which outlive the
/// numbers of a table.
fn finding_text(finding: &Finding) -> String {
    let found =
        finding.found.iter().map(|(field, bits)| (field.path().to_owned(), value(field, bits)));
    let found: Map<String, Value> = found.collect();
    json!({ "networks": finding.networks[..], "found": found }).to_string()
}

fn read_finding(text: &[u8]) -> Option<Finding> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let networks: Option<Arc<[String]>> =
        value["networks"].as_array()?.iter().map(|name| Some(name.as_str()?.to_owned())).collect();
    let mut found = Found::default();
    for (path, value) in value["found"].as_object()? {
        let field = field::find(path)?;
        found.set(field, slot(field, value)?);
    }
    Some(Finding { networks: networks?, found })
}

/// The value of a slot, for the kinds of field that are looked up.
fn value(field: FieldId, bits: u64) -> Value {
    match field.kind() {
        Kind::Bool => json!(bits == 1),
        Kind::Int { .. } => json!(bits as i64),
        Kind::Float { .. } => json!(f64::from_bits(bits)),
        Kind::Enum(names) => json!(names.get(bits as usize)),
        Kind::Country => json!(geo::country_code(bits as u16)),
        _ => Value::Null,
    }
}

/// The slot of a value.
fn slot(field: FieldId, value: &Value) -> Option<u64> {
    match field.kind() {
        Kind::Bool => value.as_bool().map(u64::from),
        Kind::Int { .. } => value.as_i64().map(|number| number as u64),
        Kind::Float { .. } => value.as_f64().map(f64::to_bits),
        Kind::Enum(names) => {
            let name = value.as_str()?;
            names.iter().position(|known| *known == name).map(|index| index as u64)
        }
        Kind::Country => geo::pack_country(value.as_str()?).map(u64::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use features::networks::{NetworkFile, Networks};

    use super::*;

    const LOGIN: &str = r#"{"event_id":"l1","event_type":"login","channel":"web",
        "account_id":"a1","event_time_ms":1790000000000,"outcome":"success","method":"password",
        "login_name_hash":"n1","network":{"ip":"203.0.113.7","asn":5}}"#;

    const LIST: &[u8] = b"network,country,lat,lon,accuracy_km,asn,usage,vpn\n\
        203.0.113.0/24,CN,31.230000000000004,-0.1,0.1,7,hosting,false\n";

    fn event(networks: &Networks) -> Event {
        let event =
            Event::read_with(LOGIN.as_bytes(), Some(1_790_000_000_005), |ip| networks.look_up(ip));
        event.unwrap()
    }

    #[test]
    fn a_payload_reads_back_and_a_cut_one_does_not() {
        let event = event(&Networks::default());
        let facts = [0.0, -0.0, f64::NAN, 1e300, 0.1];
        let bytes = encode(&event, &facts, "{}");
        let record = decode(&bytes).expect("it was just written");
        assert_eq!((record.received_ms, record.event), (1_790_000_000_005, LOGIN));
        assert_eq!((record.answer, &record.finding), ("{}", &None));
        let bits = |facts: &[f64]| facts.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&record.facts), bits(&facts));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None);
        }
    }

    #[test]
    fn an_event_comes_back_with_what_was_looked_up_then() {
        let file = Arc::new(NetworkFile::read("l.csv", LIST, "h").unwrap());
        let event = event(&Networks::new(vec![file]));
        let bytes = encode(&event, &[], "{}");
        let record = decode(&bytes).expect("it was just written");
        assert_eq!(record.finding.as_ref(), event.looked_up());
        let again = record.read().unwrap();
        assert_eq!(again.text(features::field::ids::NETWORK_IP_COUNTRY), Some("CN"));
        for field in FieldId::all() {
            assert_eq!(again.bits(field), event.bits(field), "{field:?}");
        }
        // A payload without what was looked up is whole too; any other cut is none.
        let whole = bytes.len() - finding_text(event.looked_up().unwrap()).len();
        for length in (0..bytes.len()).filter(|length| *length != whole) {
            assert_eq!(decode(&bytes[..length]), None);
        }
    }
}
