//! Every bound of the core in one place, with what happens at the bound.
//!
//! A bound is either the shape of an input (an event over 8 KiB is refused) or the size of kept
//! state (an entity keeps its newest rows raw). The first kind is reported to whoever sent the
//! input, the second kind never fails: it trades exactness that the catalogue states. Relations
//! between bounds are asserted at compile time at the end of the file.

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Bytes of one event as JSON; a longer one is refused unread.
pub const EVENT_BYTES_MAX: usize = 8 * 1_024;

/// Objects and lists inside each other in one event, the event itself included.
pub const NESTING_MAX: usize = 16;

/// Faults reported for one event; the rest are counted.
pub const FAULTS_MAX: usize = 20;

/// Bytes of an id; ids are one to this many printable ASCII characters.
pub const ID_BYTES_MAX: usize = 64;

/// Bytes of an unknown member's name that a message repeats.
pub const NAME_SHOWN_MAX: usize = 64;

/// An event that arrives later than this after it happened is late: it is folded in at its own time
/// for later scores, but facts already served stay as they are.
pub const LATENESS_MS: i64 = 10 * MINUTE_MS;

/// A source clock may run ahead of ours by this much; beyond it the event time is clamped to the
/// time of receipt, with a warning.
pub const SKEW_MS: i64 = 2 * MINUTE_MS;

/// An event dated further ahead than this is refused.
pub const FUTURE_MS: i64 = DAY_MS;

/// The earliest instant an event may name: 2000-01-01. Seconds sent as milliseconds fall below it.
pub const TIME_MIN_MS: i64 = 946_684_800_000;

/// The latest instant an event may name: 2100-01-01.
pub const TIME_MAX_MS: i64 = 4_102_444_800_000;

/// The largest amount in minor units; sums of millions of such amounts stay exact in `i128`, and
/// one amount stays exact in `f64`.
pub const MONEY_MINOR_MAX: i64 = 1_000_000_000_000_000;

/// The largest value that a row keeps, of either sign; beyond it a value counts as absent.
pub const VALUE_MAX: i64 = 4_000_000_000_000_000_000;

/// Newest events that an entity keeps raw; windows over them are exact.
pub const RAW_MAX: usize = 1_024;

/// Newest matching events that an aggregate looks at one by one (`entropy`, `median`, `rank` ...);
/// older ones of the same window do not count.
pub const SCAN_MAX: usize = 128;

/// Steps of a sequence, the scored event's own among them.
pub const SEQUENCE_STEPS_MAX: usize = 8;

/// Distinct values that are counted exactly.
pub const DISTINCT_MAX: usize = 1_024;

/// Conditions that one entity table can tell apart: one bit of a row's mask each.
pub const CHANNELS_MAX: usize = 128;

/// Values that one row of an entity table can carry.
pub const COLUMNS_MAX: usize = 64;

/// Different windows that one event can ask of one entity.
pub const SPANS_MAX: usize = 32;

const _: () = assert!(SKEW_MS < LATENESS_MS && LATENESS_MS < FUTURE_MS);
const _: () = assert!(TIME_MIN_MS < TIME_MAX_MS);
const _: () = assert!(MONEY_MINOR_MAX < 1 << 53);
// Offsets into an event's text are 16 bits; derived texts are kept behind the event.
const _: () = assert!(2 * EVENT_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(CHANNELS_MAX <= u128::BITS as usize);
const _: () =
    assert!(512 <= RAW_MAX && RAW_MAX < 1 << 15 && 1_000 <= DISTINCT_MAX && SCAN_MAX <= RAW_MAX);

/// Facts that a catalogue and a policy may define together; their numbers are 16 bits.
pub const DEFINITIONS_MAX: usize = 16_384;

/// Nodes that one expression may have once every `let` name in it is written out.
pub const EXPRESSION_NODES_MAX: u32 = 65_536;

/// How many `let` names may stand inside one another.
pub const LETS_NESTED_MAX: u32 = 16;

/// Different window aggregates that a catalogue and a policy may define together; their numbers are
/// 16 bits.
pub const MEASURES_MAX: usize = 16_384;

/// How far back a window with its offset may reach: 90 days of window and 30 of label delay.
pub const RETENTION_MAX_MS: i64 = 120 * DAY_MS;

/// Networks that one file of networks may hold; a larger file is refused. The largest databases
/// sold have some ten million.
pub const NETWORKS_MAX: usize = 1 << 26;

/// Bytes of an entry of a list, as of the field that carries one.
pub const LIST_VALUE_BYTES_MAX: usize = 256;

/// Lists that a policy may have, tags included.
pub const LISTS_MAX: usize = 1_024;

/// Entries that one list may hold; a change that would bring one more is refused, and in a replay
/// ignored and counted.
pub const LIST_ENTRIES_MAX: usize = 1 << 21;

/// Entries, and changes kept beside the newest of each, that all lists of a history may hold.
pub const LISTS_HELD_MAX: usize = 1 << 23;

/// Changes that are kept of one entry; of more, the oldest are joined.
pub const ENTRY_CHANGES_MAX: usize = 32;

/// How long an entry is kept after it has ended, at least: as long as facts look back.
pub const LIST_MEMORY_MS: i64 = RETENTION_MAX_MS;

/// Faults of one list file that are shown; the rest are counted.
pub const LIST_FAULTS_MAX: usize = 1_000;

/// Rules and exemptions of a policy together; their numbers are 16 bits.
pub const RULES_MAX: usize = 32_768;

/// What the conditions of a policy may cost together: atoms of their alternatives, the turns of these
/// (two for an equality, one for a bound), and nodes of formulas. Twenty thousand rules of four
/// comparisons cost 180,000; at the limit an evaluation takes some ten microseconds, or a few
/// hundred where most of it is formulas.
pub const CONDITIONS_COST_MAX: usize = 250_000;
