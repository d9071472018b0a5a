//! Ranges of IPv4 addresses: read from text, cut by each other, and drawn from by number.
//!
//! Ranges include both ends. Lists of them are sorted and free of overlaps once they have passed
//! `merged` or the check of the country table; `split` keeps both properties. A `Space` turns a
//! list into one row of numbered addresses, so that a hash picks an address in O(log n) with eight
//! bytes for each range and no allocation.

use std::net::Ipv4Addr;

use crate::synth::asset::Country;

/// Addresses from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) last: u32,
}

/// Addresses of one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub(super) span: Span,
    pub(super) country: Country,
}

/// What never is the public address of a customer: private, shared, loopback, link-local, test,
/// documentation, multicast and reserved ranges of the IANA registry, sorted.
pub(super) const RESERVED: [Span; 14] = [
    net([0, 0, 0, 0], 8),
    net([10, 0, 0, 0], 8),
    net([100, 64, 0, 0], 10),
    net([127, 0, 0, 0], 8),
    net([169, 254, 0, 0], 16),
    net([172, 16, 0, 0], 12),
    net([192, 0, 0, 0], 24),
    net([192, 0, 2, 0], 24),
    net([192, 88, 99, 0], 24),
    net([192, 168, 0, 0], 16),
    net([198, 18, 0, 0], 15),
    net([198, 51, 100, 0], 24),
    net([203, 0, 113, 0], 24),
    net([224, 0, 0, 0], 3),
];

const fn net(first: [u8; 4], bits: u32) -> Span {
    let first = u32::from_be_bytes(first);
    Span { first, last: first | host_mask(bits) }
}

/// The bits of an address that a prefix of this length leaves open.
const fn host_mask(bits: u32) -> u32 {
    if bits == 0 { u32::MAX } else { (1 << (32 - bits)) - 1 }
}

impl Span {
    /// How many addresses it has.
    pub(super) fn size(self) -> u64 {
        u64::from(self.last - self.first) + 1
    }

    /// A single address.
    pub(super) fn one(address: u32) -> Span {
        Span { first: address, last: address }
    }
}

/// An address in the dotted form.
pub(super) fn address(text: &str) -> Option<u32> {
    text.parse().ok().map(|address: Ipv4Addr| address.to_bits())
}

/// A network as `address/prefix` without bits behind the prefix, or a single address.
pub(super) fn network(text: &str) -> Option<Span> {
    let Some((first, bits)) = text.split_once('/') else {
        return address(text).map(Span::one);
    };
    let first = address(first)?;
    let is_number = (1..=2).contains(&bits.len()) && bits.bytes().all(|b| b.is_ascii_digit());
    let bits: u32 = bits.parse().ok().filter(|bits| is_number && *bits <= 32)?;
    let open = host_mask(bits);
    (first & open == 0).then_some(Span { first, last: first | open })
}

/// The same addresses sorted, without overlaps.
pub(super) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.first <= last.last.saturating_add(1) => {
                last.last = last.last.max(span.last);
            }
            _ => merged.push(span),
        }
    }
    merged
}

/// What of the blocks lies outside the spans, and what inside.
pub(super) fn split(blocks: &[Block], spans: &[Span]) -> (Vec<Block>, Vec<Block>) {
    let mut outside = Vec::with_capacity(blocks.len());
    let mut inside = Vec::new();
    let mut next = 0;
    for block in blocks {
        let Block { span: Span { mut first, last }, country } = *block;
        while spans.get(next).is_some_and(|span| span.last < first) {
            next += 1;
        }
        let mut cut = next;
        let mut is_left = true;
        while let Some(span) = spans.get(cut).filter(|span| span.first <= last) {
            if first < span.first {
                outside.push(Block { span: Span { first, last: span.first - 1 }, country });
            }
            let common = Span { first: first.max(span.first), last: last.min(span.last) };
            inside.push(Block { span: common, country });
            if last <= common.last {
                is_left = false;
                break;
            }
            first = common.last + 1;
            cut += 1;
        }
        if is_left {
            outside.push(Block { span: Span { first, last }, country });
        }
    }
    (outside, inside)
}

/// Takes the highest `count` addresses, or all of them when there are fewer.
pub(super) fn take_top(spans: &mut Vec<Span>, count: u64) -> Vec<Span> {
    let mut taken = Vec::new();
    let mut wanted = count;
    while 0 < wanted
        && let Some(span) = spans.pop()
    {
        if span.size() <= wanted {
            wanted -= span.size();
            taken.push(span);
            continue;
        }
        // Fewer than the addresses of one span, hence below 2^32.
        let first = span.last - (wanted as u32 - 1);
        taken.push(Span { first, last: span.last });
        spans.push(Span { first: span.first, last: first - 1 });
        break;
    }
    taken.reverse();
    taken
}

/// Addresses numbered from 0, in the order of the addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Space {
    /// The first address of each range and how many addresses come before it.
    ranges: Vec<(u32, u32)>,
    total: u32,
}

impl Space {
    /// Numbers sorted spans without overlaps. They hold no reserved address, so that their number
    /// fits in 32 bits.
    pub(super) fn of(spans: &[Span]) -> Space {
        let mut total: u64 = 0;
        let mut ranges = Vec::with_capacity(spans.len());
        for span in spans {
            ranges.push((span.first, total as u32));
            total += span.size();
        }
        Space { ranges, total: total.min(u64::from(u32::MAX)) as u32 }
    }

    /// How many addresses there are.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// The address with this number, which must be below the total.
    pub(super) fn at(&self, number: u32) -> u32 {
        let behind = self.ranges.partition_point(|(_, before)| *before <= number);
        let (first, before) = self.ranges[behind - 1];
        first + (number - before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Span {
        network(text).unwrap()
    }

    fn block(text: &str, country: &[u8; 2]) -> Block {
        Block { span: span(text), country: Country(*country) }
    }

    #[test]
    fn a_network_has_no_bits_behind_its_prefix() {
        assert_eq!(span("1.2.3.4"), Span::one(0x0102_0304));
        assert_eq!(span("1.2.0.0/16"), Span { first: 0x0102_0000, last: 0x0102_ffff });
        assert_eq!(span("0.0.0.0/0").size(), 1 << 32);
        for bad in ["", "/", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/16", "1.2.3.4/+8", "::1"] {
            assert_eq!(network(bad), None, "{bad}");
        }
    }

    #[test]
    fn merged_spans_are_sorted_and_apart() {
        let spans = ["9.0.0.0/24", "1.0.1.0/24", "1.0.0.0/24", "1.0.1.7", "255.255.255.255"];
        let merged = merged(spans.map(span).to_vec());
        assert_eq!(merged, ["1.0.0.0/23", "9.0.0.0/24", "255.255.255.255"].map(span));
    }

    #[test]
    fn a_split_loses_and_doubles_no_address() {
        let blocks =
            [block("1.0.0.0/30", b"CN"), block("2.0.0.0/30", b"HK"), block("3.0.0.0", b"MO")];
        let cuts = [
            Span { first: 0x0000_0000, last: 0x0100_0000 },
            Span::one(0x0100_0002),
            Span { first: 0x0100_0003, last: 0x0200_0001 },
            Span::one(0x0300_0000),
            Span { first: 0x0400_0000, last: u32::MAX },
        ];
        let (outside, inside) = split(&blocks, &cuts);
        let addresses = |blocks: &[Block]| -> Vec<(u32, [u8; 2])> {
            let each = |block: &Block| {
                let letters = block.country.0;
                (block.span.first..=block.span.last).map(move |address| (address, letters))
            };
            blocks.iter().flat_map(each).collect()
        };
        let out = [(0x0100_0001, *b"CN"), (0x0200_0002, *b"HK"), (0x0200_0003, *b"HK")];
        assert_eq!(addresses(&outside), out);
        assert_eq!(addresses(&inside).len(), 9 - out.len());
        assert_eq!(split(&blocks, &[]), (blocks.to_vec(), Vec::new()));
    }

    #[test]
    fn a_split_ends_at_the_last_address() {
        let top = [block("255.255.255.254/31", b"CN")];
        let (outside, inside) = split(&top, &[Span::one(u32::MAX)]);
        assert_eq!((outside[0].span.last, inside[0].span.first), (u32::MAX - 1, u32::MAX));
    }

    #[test]
    fn the_top_is_taken_whole_and_left_whole() {
        let mut spans = ["1.0.0.0/30", "2.0.0.0/30"].map(span).to_vec();
        let taken = take_top(&mut spans, 6);
        assert_eq!(taken, [Span { first: 0x0100_0002, last: 0x0100_0003 }, span("2.0.0.0/30")]);
        assert_eq!(spans, [span("1.0.0.0/31")]);
        assert_eq!(take_top(&mut spans, 100), [span("1.0.0.0/31")]);
        assert_eq!((spans.len(), take_top(&mut spans, 1).len()), (0, 0));
    }

    #[test]
    fn every_number_is_one_address() {
        let space = Space::of(&["1.0.0.0/31", "3.0.0.7", "9.0.0.0/30"].map(span));
        let all: Vec<u32> = (0..space.total()).map(|number| space.at(number)).collect();
        let wanted = [
            0x0100_0000,
            0x0100_0001,
            0x0300_0007,
            0x0900_0000,
            0x0900_0001,
            0x0900_0002,
            0x0900_0003,
        ];
        assert_eq!(all, wanted);
        assert_eq!(Space::default().total(), 0);
    }

    #[test]
    fn reserved_ranges_are_sorted_and_apart() {
        assert_eq!(merged(RESERVED.to_vec()), RESERVED);
    }
}
