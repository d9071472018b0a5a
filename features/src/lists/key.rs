//! What an entry means: its canonical form and the keys it is found under, by kind of list.
//!
//! Every kind is a few look-ups of whole keys. A value has one key. A prefix, a BIN range (as the
//! fewest prefixes that make it up) and a network have one for each length that the list holds, and
//! a domain one for each suffix of labels. A [`Sought`] asks for them one after the other and
//! allocates nothing; what is malformed or too long has no key and is in no list.
//!
//! Two hashes are told apart. The *place* is where the index keeps a number: a quick hash, computed
//! for every length, that a filter mostly refuses. The *key* says what an entry is: a SipHash, or
//! the bounds of a card range; it is computed where the filter does not refuse, and compared.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::ops::RangeInclusive;

use foldhash::quality::FixedState;
use siphasher::sip::SipHasher13;

use crate::event::{hash_bytes, hash_text};
use crate::expr::address_bits;
use crate::language::ast::ListKind;
use crate::limits::LIST_VALUE_BYTES_MAX;

/// Digits of a card range.
const BIN_DIGITS: RangeInclusive<usize> = 1..=8;

/// Bytes of a domain, and labels of one.
const DOMAIN_BYTES_MAX: usize = 253;
const LABELS_MAX: u8 = 127;

/// Key of the hash of networks: no more secret than that of texts, and as good.
const NETWORK_KEY: (u64, u64) = (0x6779_7266_616c_636f, 0x6e5f_6e65_7477_6f72);

/// Lengths of networks: those of version 6 are their bits, those of version 4 come behind them.
const V6_LENGTHS: RangeInclusive<u8> = 0..=128;
const V4_LENGTHS: RangeInclusive<u8> = 129..=161;

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its canonical form, which reads back to the same.
    pub(crate) value: String,
    /// What tells it from others of its list: a hash, or the bounds of a card range.
    pub(crate) key: u64,
    /// Its length among those of its list: bytes, digits, labels or bits; 0 for values.
    pub(crate) length: u8,
}

impl Key {
    /// Reads an entry.
    ///
    /// # Errors
    /// What was wanted.
    pub(crate) fn read(kind: ListKind, text: &str) -> Result<Key, String> {
        if text.is_empty() || LIST_VALUE_BYTES_MAX < text.len() || text.contains(char::is_control) {
            return Err(format!("1 to {LIST_VALUE_BYTES_MAX} bytes without control characters"));
        }
        match kind {
            ListKind::Value => {
                // An address has one written form, which is the one that events keep.
                let value = match text.parse::<IpAddr>() {
                    Ok(address) => address.to_canonical().to_string(),
                    Err(_) => text.to_owned(),
                };
                Ok(Key { key: hash_text(&value), value, length: 0 })
            }
            ListKind::Prefix => {
                let (value, key) = (text.to_owned(), hash_text(text));
                // Lengths are kept from one on, so that the longest fits.
                Ok(Key { value, key, length: (text.len() - 1) as u8 })
            }
            ListKind::Domain => domain(text),
            ListKind::Cidr => network(text),
            ListKind::Bin => card_range(text),
        }
    }

    /// Calls `each` with the places it is found at, each with its length.
    pub(crate) fn each(&self, kind: ListKind, mut each: impl FnMut(u64, u8)) {
        let place = match kind {
            ListKind::Value => self.key,
            ListKind::Prefix | ListKind::Domain => place_of(self.value.as_bytes()),
            ListKind::Cidr => place_of_network(first_bits(&self.value), self.length),
            ListKind::Bin => {
                return split(bounds_of(self.key), self.length, |start, digits| {
                    each(place_of_digits(start, digits), digits);
                });
            }
        };
        each(place, self.length);
    }
}

/// The first and last number of a card range.
fn bounds_of(key: u64) -> RangeInclusive<u32> {
    (key >> 32) as u32..=key as u32
}

fn domain(text: &str) -> Result<Key, String> {
    let wanted = || "a domain such as example.com".to_owned();
    let value = text.to_ascii_lowercase();
    let is_plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.chars().all(is_plain);
    // No more than half as many labels as bytes.
    let labels = value.split('.').count() as u8;
    if DOMAIN_BYTES_MAX < value.len() || !value.split('.').all(is_label) {
        return Err(wanted());
    }
    Ok(Key { key: hash_text(&value), value, length: labels })
}

fn network(text: &str) -> Result<Key, String> {
    let wanted = || "a network such as 10.0.0.0/8 or 2001:db8::/32".to_owned();
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wanted())?;
    let written = match length {
        None => width(address),
        Some(digits) => {
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let length = if is_plain { digits.parse::<u8>().ok() } else { None };
            length.filter(|length| *length <= width(address)).ok_or_else(wanted)?
        }
    };
    // A mapped network is one of version 4, unless it reaches beyond the mapped addresses.
    let canonical = address.to_canonical();
    let beyond = width(address) - width(canonical);
    let (address, written) = match written.checked_sub(beyond) {
        Some(written) => (canonical, written),
        None => (address, written),
    };
    let length = lengths_of(address).start() + written;
    let bits = address_bits(address);
    if bits & !mask(length) != 0 {
        let first = IpAddr::from((bits & mask(length)).to_be_bytes());
        let first = if address.is_ipv4() { first.to_canonical() } else { first };
        return Err(format!("the network {first}/{written}"));
    }
    Ok(Key { value: format!("{address}/{written}"), key: hash_network(bits, length), length })
}

fn lengths_of(address: IpAddr) -> RangeInclusive<u8> {
    if address.is_ipv4() { V4_LENGTHS } else { V6_LENGTHS }
}

/// Bits of an address.
fn width(address: IpAddr) -> u8 {
    lengths_of(address).end() - lengths_of(address).start()
}

/// The bits that a network fixes, version 4 being mapped into version 6.
fn mask(length: u8) -> u128 {
    let bits = if V4_LENGTHS.contains(&length) { length - V4_LENGTHS.start() + 96 } else { length };
    !u128::MAX.checked_shr(bits.into()).unwrap_or(0)
}

fn hash_network(bits: u128, length: u8) -> u64 {
    let mut network = [length; 17];
    network[..16].copy_from_slice(&bits.to_le_bytes());
    SipHasher13::new_with_keys(NETWORK_KEY.0, NETWORK_KEY.1).hash(&network)
}

/// The bits that a network of canonical form begins with.
fn first_bits(value: &str) -> u128 {
    let address = value.split('/').next().unwrap_or_default();
    address.parse().map_or(0, address_bits)
}

fn place_of_network(bits: u128, length: u8) -> u64 {
    FixedState::default().hash_one((bits, length))
}

/// The place of a text; that of a card range is the place of its digits.
fn place_of(text: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(text);
    hasher.finish()
}

fn card_range(text: &str) -> Result<Key, String> {
    let wanted = || {
        let (least, most) = (BIN_DIGITS.start(), BIN_DIGITS.end());
        format!("{least} to {most} digits such as 411111, or a range such as 411111-411999")
    };
    // Two dots: eight digits on either side of a dash look like a card number.
    let (first, last) =
        text.split_once("..").or_else(|| text.split_once('-')).unwrap_or((text, text));
    let number = |digits: &str| {
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_counted = BIN_DIGITS.contains(&digits.len());
        if is_plain && is_counted { digits.parse::<u32>().ok() } else { None }
    };
    let (low, high) = (number(first).ok_or_else(wanted)?, number(last).ok_or_else(wanted)?);
    if first.len() != last.len() {
        return Err("two numbers of equally many digits".to_owned());
    }
    if high < low {
        return Err("the lower number first".to_owned());
    }
    let value = if low == high { first.to_owned() } else { format!("{first}..{last}") };
    let key = u64::from(low) << 32 | u64::from(high);
    Ok(Key { value, key, length: first.len() as u8 })
}

/// The fewest prefixes that make up a range of numbers of so many digits.
fn split(range: RangeInclusive<u32>, digits: u8, mut each: impl FnMut(u32, u8)) {
    let (mut next, last) = (u64::from(*range.start()), u64::from(*range.end()));
    while next <= last {
        let (mut size, mut left) = (1, digits);
        while 1 < left && next % (size * 10) == 0 && next + size * 10 - 1 <= last {
            size *= 10;
            left -= 1;
        }
        each((next / size) as u32, left);
        next += size;
    }
}

fn place_of_digits(number: u32, digits: u8) -> u64 {
    let mut text = [b'0'; *BIN_DIGITS.end()];
    let text = &mut text[..usize::from(digits)];
    let mut rest = number;
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    place_of(text)
}

/// Which lengths a list holds: only these are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lengths([u64; 4]);

impl Lengths {
    /// Notes a length.
    pub(crate) fn insert(&mut self, length: u8) {
        self.0[usize::from(length >> 6)] |= 1 << (length & 63);
    }

    fn has(&self, length: u8) -> bool {
        self.0[usize::from(length >> 6)] >> (length & 63) & 1 == 1
    }

    /// The lengths within a range, ascending.
    fn within(&self, range: RangeInclusive<u8>) -> impl Iterator<Item = u8> {
        let (low, high) = (*range.start(), *range.end());
        (0..4_u8)
            .flat_map(move |word| {
                let mut bits = self.0[usize::from(word)];
                std::iter::from_fn(move || {
                    let bit = bits.trailing_zeros() as u8;
                    let length = word << 6 | bit & 63;
                    bits &= bits.wrapping_sub(1);
                    (bit < 64).then_some(length)
                })
            })
            .filter(move |length| (low..=high).contains(length))
    }
}

/// A value that is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sought<'a> {
    /// The hash of a text, where the text itself is not at hand.
    Hash(u64),
    /// A text and its hash.
    Text(u64, &'a str),
    /// A whole number, by its digits.
    Number(i64),
}

impl Sought<'_> {
    /// The first found by `find(place, key, text)` at a place of the value that the list may hold;
    /// `None` inside when there is none, `None` outside when only the hash of a text is at hand where
    /// the text is needed. The key of a card range is of no use there, and 0.
    pub(crate) fn look_up<T>(
        self,
        kind: ListKind,
        lengths: &Lengths,
        may_hold: impl Fn(u64) -> bool,
        mut find: impl FnMut(u64, u64, &[u8]) -> Option<T>,
    ) -> Option<Option<T>> {
        let mut digits = [0; 20];
        let text = match self {
            Sought::Hash(hash) | Sought::Text(hash, _) if kind == ListKind::Value => {
                return Some(find(hash, hash, &[]));
            }
            Sought::Hash(_) => return None,
            Sought::Text(_, text) => text,
            Sought::Number(number) => decimal(number, &mut digits),
        };
        let bytes = text.as_bytes();
        Some(match kind {
            ListKind::Value => {
                let hash = hash_bytes(bytes);
                find(hash, hash, bytes)
            }
            ListKind::Prefix => {
                let longest = bytes.len().min(LIST_VALUE_BYTES_MAX);
                let Some(longest) = longest.checked_sub(1) else { return Some(None) };
                lengths.within(0..=longest as u8).find_map(|length| {
                    let prefix = &bytes[..=usize::from(length)];
                    let place = place_of(prefix);
                    if may_hold(place) { find(place, hash_bytes(prefix), bytes) } else { None }
                })
            }
            ListKind::Bin => {
                let is_digit = |byte: &&u8| byte.is_ascii_digit();
                let digits = bytes.iter().take(*BIN_DIGITS.end()).take_while(is_digit).count();
                lengths.within(1..=digits as u8).find_map(|length| {
                    let place = place_of(&bytes[..usize::from(length)]);
                    if may_hold(place) { find(place, 0, bytes) } else { None }
                })
            }
            ListKind::Cidr => {
                let Ok(address) = text.parse::<IpAddr>() else { return Some(None) };
                let address = address.to_canonical();
                let bits = address_bits(address);
                lengths.within(lengths_of(address)).find_map(|length| {
                    let bits = bits & mask(length);
                    let place = place_of_network(bits, length);
                    if may_hold(place) {
                        find(place, hash_network(bits, length), bytes)
                    } else {
                        None
                    }
                })
            }
            ListKind::Domain => {
                let text = text.strip_suffix('.').unwrap_or(text);
                let mut small = [0; DOMAIN_BYTES_MAX];
                let Some(small) = small.get_mut(..text.len()) else { return Some(None) };
                for (small, byte) in small.iter_mut().zip(text.bytes()) {
                    *small = byte.to_ascii_lowercase();
                }
                let starts = suffixes(small).zip(1..=LABELS_MAX);
                let mut held = starts.filter(|(_, labels)| lengths.has(*labels));
                held.find_map(|(start, _)| {
                    let suffix = &small[start..];
                    let place = place_of(suffix);
                    if may_hold(place) { find(place, hash_bytes(suffix), bytes) } else { None }
                })
            }
        })
    }
}

/// Where the labels of a domain begin, the last one first.
fn suffixes(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = Some(text.len()).filter(|length| 0 < *length);
    std::iter::from_fn(move || {
        let dot = text[..at?].iter().rposition(|byte| *byte == b'.');
        let start = dot.map_or(0, |dot| dot + 1);
        at = dot.filter(|dot| 0 < *dot);
        Some(start)
    })
}

/// The digits of a number, without allocating.
fn decimal(number: i64, digits: &mut [u8; 20]) -> &str {
    let mut rest = number.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    str::from_utf8(&digits[at..]).unwrap_or_default()
}

/// Whether the first digits of a text lie in a card range.
pub(crate) fn is_in_range(key: u64, length: u8, text: &[u8]) -> bool {
    let Some(digits) = text.get(..usize::from(length)) else { return false };
    let number = digits.iter().fold(0_u32, |number, digit| {
        // At most eight digits.
        number * 10 + u32::from(digit.wrapping_sub(b'0') % 10)
    });
    digits.iter().all(u8::is_ascii_digit) && bounds_of(key).contains(&number)
}
