//! The guard that keeps card numbers and other card secrets out.
//!
//! A text holds a card number when, after spaces and dashes are taken out, it has a run of 13 to 19
//! digits that is maximal (not part of a longer run), satisfies the Luhn check and starts with a
//! range of a supported network. Digits and separators of other scripts count like their ASCII
//! forms, so a number typed with a Chinese keyboard is seen as well. Members named like card
//! secrets (`cvv`, `track2`, `pin_block`) are refused whatever they hold. The guard answers yes or
//! no and never repeats what it saw. A text without a candidate costs one look at every thirteenth
//! byte.

/// Fewest digits of a card number.
const DIGITS_MIN: usize = 13;

/// Most digits of a card number.
const DIGITS_MAX: usize = 19;

/// Member names that carry secrets, in small letters without separators.
const SECRET_NAMES: [&str; 10] =
    ["cvv", "cvc", "cvv2", "cvc2", "pin", "pinblock", "track1", "track2", "cardnumber", "pan"];

/// Whether the text holds a full card number.
pub fn holds_card_number(text: &str) -> bool {
    if text.is_ascii() {
        return ascii_holds_card_number(text.as_bytes());
    }
    let folded: String = text.chars().map(fold).collect();
    // What could not be folded stays a character that ends a run.
    ascii_holds_card_number(folded.as_bytes())
}

/// Whether a member of this name may only hold data that must not be sent, such as a CVV.
pub fn is_secret_name(name: &str) -> bool {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.'));
    let folded: String = letters.flat_map(char::to_lowercase).take(16).collect();
    SECRET_NAMES.contains(&folded.as_str())
}

/// A run with separators is at least as long as its digits, so it covers a multiple of the least
/// length; only those places are looked at, and the run around a hit is then walked.
fn ascii_holds_card_number(text: &[u8]) -> bool {
    let mut probe = DIGITS_MIN - 1;
    while probe < text.len() {
        if !is_run(text[probe]) {
            probe += DIGITS_MIN;
            continue;
        }
        let start = text[..probe].iter().rposition(|byte| !is_run(*byte)).map_or(0, |at| at + 1);
        let end = text[probe..].iter().position(|byte| !is_run(*byte));
        let end = end.map_or(text.len(), |at| probe + at);
        if run_is_card_number(&text[start..end]) {
            return true;
        }
        probe = end + DIGITS_MIN;
    }
    false
}

fn is_run(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b' ' || byte == b'-'
}

fn run_is_card_number(run: &[u8]) -> bool {
    let mut digits = [0; DIGITS_MAX];
    let mut count = 0;
    for byte in run.iter().filter(|byte| byte.is_ascii_digit()) {
        if count == DIGITS_MAX {
            return false;
        }
        digits[count] = byte - b'0';
        count += 1;
    }
    let digits = &digits[..count];
    DIGITS_MIN <= count && is_network_range(digits) && is_luhn_valid(digits)
}

/// Issuer ranges of Visa, Mastercard, American Express, JCB, Discover, Diners, UnionPay and
/// Maestro; every number that starts with 6 belongs to one of the last four.
fn is_network_range(digits: &[u8]) -> bool {
    let lead = digits[..4].iter().fold(0_u32, |lead, digit| 10 * lead + u32::from(*digit));
    let is_major = matches!(lead, 4_000..=4_999 | 5_100..=5_599 | 2_221..=2_720);
    let is_travel = matches!(lead, 3_400..=3_499 | 3_700..=3_799);
    let is_club = matches!(lead, 3_528..=3_589 | 3_000..=3_059 | 3_600..=3_699 | 3_800..=3_999);
    is_major
        || is_travel
        || is_club
        || matches!(lead, 5_000..=5_099 | 5_600..=5_899 | 6_000..=6_999)
}

/// The check of ISO/IEC 7812-1: every second digit from the right is doubled and its digits added.
fn is_luhn_valid(digits: &[u8]) -> bool {
    let mut sum = 0;
    for (place, digit) in digits.iter().rev().enumerate() {
        let doubled = 2 * u32::from(*digit);
        sum += if place % 2 == 0 { u32::from(*digit) } else { doubled / 10 + doubled % 10 };
    }
    sum % 10 == 0
}

/// The ASCII form of a digit, space or dash of another script.
fn fold(c: char) -> char {
    match c {
        '\u{FF10}'..='\u{FF19}' => char::from(b'0' + (c as u32 - 0xFF10) as u8),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' => '-',
        '\u{200B}' | '\u{2060}' | '\u{FEFF}' => ' ',
        c if c.is_whitespace() && !c.is_ascii() => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test numbers published by the networks; none belongs to a card.
    const TEST_NUMBERS: [&str; 12] = [
        "4111111111111111",
        "4222222222222",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "341111111111111",
        "3530111333300000",
        "6011111111111117",
        "30569309025904",
        "38520000023237",
        "6200000000000005",
        "5018000000000009",
    ];

    #[test]
    fn test_numbers_of_every_network_are_seen() {
        for number in TEST_NUMBERS {
            assert!(holds_card_number(number), "{number}");
        }
    }

    #[test]
    fn spaces_dashes_and_text_around_do_not_hide_a_number() {
        for text in [
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "order 4111111111111111.",
            "a4111111111111111b",
            "x:123-y:4111111111111111",
            "４１１１１１１１１１１１１１１１",
            "4111\u{a0}1111\u{2013}1111\u{200b}1111",
            "备注4111111111111111谢谢",
        ] {
            assert!(holds_card_number(text), "{text}");
        }
    }

    #[test]
    fn longer_runs_wrong_checks_and_other_ranges_pass() {
        for text in [
            "41111111111111111111",
            "1234 4111111111111111",
            "411111111111",
            "4111111111111112",
            "9111111111111116",
            "2088000000000000",
            "01J8ZQ4T7N6R5W3V2X1Y0K9HBD",
            "9f86d081884c7d659a2feaa0c55ad015",
            "",
        ] {
            assert!(!holds_card_number(text), "{text}");
        }
    }

    #[test]
    fn a_number_is_seen_at_every_offset() {
        for offset in 0..64 {
            let text = format!("{}4111111111111111{}", "x".repeat(offset), "y".repeat(63 - offset));
            assert!(holds_card_number(&text), "offset {offset}");
            let text = format!("{}4-{}", "5-x ".repeat(offset), "111 ".repeat(5));
            assert!(holds_card_number(&text), "offset {offset} with separators");
        }
    }

    #[test]
    fn the_fast_search_agrees_with_a_plain_one() {
        let plain = |text: &str| {
            let kept: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
            kept.split(|c: char| !c.is_ascii_digit()).any(|run| run_is_card_number(run.as_bytes()))
        };
        let seed = 7_u64;
        println!("seed {seed}");
        let mut state = seed;
        let mut hits = 0;
        for _ in 0..200_000 {
            let mut text = String::new();
            for _ in 0..40 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let letters = b"4441111115500 -x";
                text.push(char::from(letters[(state >> 60) as usize]));
            }
            assert_eq!(holds_card_number(&text), plain(&text), "{text}");
            hits += usize::from(plain(&text));
        }
        assert!(1_000 < hits, "{hits} texts held a number");
    }

    #[test]
    fn secret_names_are_seen_in_any_spelling() {
        for name in ["cvv", "CVV2", "cvc", "pin", "PIN_BLOCK", "pinBlock", "cardNumber", "pan"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["pan_entry", "pin_changed_ms", "spin", "tracking", "card_token", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
