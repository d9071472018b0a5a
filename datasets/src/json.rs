//! JSON text written straight into a buffer, for rows by the million.
//!
//! Only what rows need: members in the order of writing, quoted texts and numbers. The common text
//! has nothing to escape and is copied whole.

use std::io::Write;

/// Appends `text` in quotes.
pub(crate) fn push_quoted(out: &mut Vec<u8>, text: &str) {
    let is_plain = |byte: u8| 0x20 <= byte && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    serde_json::to_writer(out, text).expect("a text is written to memory");
}

/// `text` in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    String::from_utf8(out).expect("JSON of a text is UTF-8")
}

/// Appends anything that prints as a JSON number.
pub(crate) fn push_number(out: &mut Vec<u8>, number: impl std::fmt::Display) {
    write!(out, "{number}").expect("a number is written to memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_quoting() {
        for text in ["", "plain", "a\"b\\c", "line\nend\u{1}", "Çelik 茶"] {
            assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
        }
        assert_eq!(quoted("O'Keefe"), "\"O'Keefe\"");
    }
}
