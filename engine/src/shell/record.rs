//! What the journal keeps of one event: enough to fold it again and to judge it again.
//!
//! A payload is the time of receipt, the event as it came, its facts and the answer, each with its
//! length, little-endian. The journal frames, checks and chains payloads; this form is versioned
//! by [`SCORED`] and [`RECORDED`], the kinds it is stored under.

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
}

/// The payload of a record.
pub fn encode(received_ms: i64, event: &str, facts: &[f64], answer: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20 + event.len() + 8 * facts.len() + answer.len());
    bytes.extend_from_slice(&received_ms.to_le_bytes());
    for length in [event.len(), facts.len(), answer.len()] {
        bytes.extend_from_slice(&(length as u32).to_le_bytes());
    }
    bytes.extend_from_slice(event.as_bytes());
    for fact in facts {
        bytes.extend_from_slice(&fact.to_bits().to_le_bytes());
    }
    bytes.extend_from_slice(answer.as_bytes());
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
    (rest.len() == answer).then_some(())?;
    Some(Record {
        received_ms: i64::from_le_bytes(*received),
        event: std::str::from_utf8(event).ok()?,
        facts: facts.chunks_exact(8).map(|eight| f64::from_bits(bits(eight))).collect(),
        answer: std::str::from_utf8(rest).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_reads_back_and_a_cut_one_does_not() {
        let facts = [0.0, -0.0, f64::NAN, 1e300, 0.1];
        let bytes = encode(-5, "{\"a\":1}", &facts, "{}");
        let record = decode(&bytes).expect("it was just written");
        assert_eq!((record.received_ms, record.event, record.answer), (-5, "{\"a\":1}", "{}"));
        let bits = |facts: &[f64]| facts.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&record.facts), bits(&facts));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None);
        }
    }
}
