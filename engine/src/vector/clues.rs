//! Facts that tell vectors apart, each with the share of the frauds of every vector that show it.
//!
//! Shares are whole percent of the frauds in which the fact is known, counted in the worlds that the
//! essay of [`super`] names and mixed with 10 frauds of the mean vector, which speaks alone where a
//! vector never shows the fact either way; 1 is the least and 99 the most, so that no clue rules a
//! vector out. A clue says nothing of whether the event is fraud: most devices of honest customers
//! are trusted too.

use super::COUNT;
use crate::situation::Situation;

/// A fact and what it multiplies the weights of the vectors by.
pub(super) struct Clue {
    /// Whether it holds; `None` when that is not known.
    pub(super) holds: fn(&Situation) -> Option<bool>,
    /// The factors when it holds.
    pub(super) seen: [f64; COUNT],
    /// The factors when it does not.
    pub(super) unseen: [f64; COUNT],
}

#[rustfmt::skip]
pub(super) const CLUES: [Clue; 18] = [
    // V1  V2  V3  V4  V5  V6  V7  V8  V9
    // The card bears another name; it was linked within a day; the third card of this device today.
    clue([86, 21, 33, 28, 37, 12, 33, 16, 99], |s| below(s.card.name_match, 2.0)),
    clue([99, 16, 28, 13, 40,  7, 54, 21, 99], |s| below(s.card.linked_age_hours, DAY)),
    clue([23,  3,  7,  2, 18,  1,  1,  2, 49], |s| not_below(s.device.cards_24h, 3.0)),
    // A burst of links on the issuer's range.
    clue([ 1,  1,  1,  1,  1,  1,  1,  1, 73], |s| not_below(s.past.bin_zscore_5m, 8.0)),
    // The device fails attestation; it is another account's too, or that of a farm.
    clue([ 1, 14, 28,  3,  4,  3, 11, 20, 80], |s| below(s.device.integrity_level, 2.0)),
    clue([ 5, 39,  6,  2,  3,  1, 20, 30, 35], |s| not_below(s.device.accounts_7d, 2.0)),
    clue([ 1,  1,  1,  1,  1,  1,  1, 19, 15], |s| not_below(s.device.accounts_7d, 6.0)),
    // A login that failed.
    clue([ 5,  3, 12, 35, 10, 10, 10,  5, 93], |s| s.is_login_failed),
    // A device that is new to an account which is not; a link in a message led here.
    clue([15, 75, 97, 93,  3,  2,  8,  4, 30], Situation::is_device_new_to_old_account),
    clue([ 1, 10, 83,  1,  1, 33,  1,  1,  1], |s| s.session.is_link_referred),
    // The SIM changed after the account was opened and before the device came; password or factor today.
    clue([ 1,  1,  1, 80,  1,  1,  1,  1,  1], is_sim_swapped),
    clue([ 1,  8,  8, 70,  1,  1,  1,  1,  1], |s| below(s.session.password_change_age_hours, DAY)),
    clue([ 1, 11, 35, 59,  1,  1,  1,  1,  1], |s| below(s.session.factor_change_age_hours, DAY)),
    // The known device, in other hands or in good ones.
    clue([ 1,  1,  1,  1, 21,  1,  1,  1,  1], is_biometric_new),
    clue([18,  2,  1,  2, 88, 98, 80, 67,  9], |s| s.device.is_trusted),
    clue([ 1,  1,  1,  1, 15, 24,  1,  1,  1], |s| s.device.is_remote_controlled),
    clue([ 1,  1,  1,  1,  1, 65,  1,  1,  1], |s| s.device.is_in_call),
    // Network and position name one country.
    clue([62, 62, 15, 90, 93, 94, 99, 98, 62], |s| s.past.is_ip_at_place),
];

/// Hours.
const DAY: f64 = 24.0;

const fn clue(percent: [u8; COUNT], holds: fn(&Situation) -> Option<bool>) -> Clue {
    let mut clue = Clue { holds, seen: [0.0; COUNT], unseen: [0.0; COUNT] };
    let mut at = 0;
    while at < COUNT {
        assert!(1 <= percent[at] && percent[at] <= 99, "no clue rules a vector out");
        clue.seen[at] = tempered(percent[at] as f64 / 100.0);
        clue.unseen[at] = tempered(1.0 - percent[at] as f64 / 100.0);
        at += 1;
    }
    clue
}

/// A share to the power 3/4.
const fn tempered(share: f64) -> f64 {
    let root = square_root(square_root(share));
    root * root * root
}

/// Newton's way to the square root of a share from 0.01 to 1: each step doubles the digits.
const fn square_root(share: f64) -> f64 {
    let mut root = 1.0;
    let mut step = 0;
    while step < 12 {
        root = (root + share / root) / 2.0;
        step += 1;
    }
    root
}

fn below(value: f64, limit: f64) -> Option<bool> {
    (!value.is_nan() && !limit.is_nan()).then_some(value < limit)
}

fn not_below(value: f64, limit: f64) -> Option<bool> {
    below(value, limit).map(|is_below| !is_below)
}

/// A local card of the first days of a trip goes into the phone that the account knows.
fn is_sim_swapped(s: &Situation) -> Option<bool> {
    let age = s.session.sim_change_age_hours;
    if !below(age, 3.0 * DAY)? {
        return Some(false);
    }
    Some(below(age, s.past.account_age_hours)? && below(s.device.account_age_hours, age)?)
}

fn is_biometric_new(s: &Situation) -> Option<bool> {
    // Who has no biometric has none that is new: a missing time is no reason to doubt the flag.
    if s.device.bio_enrol_age_hours < DAY { Some(true) } else { s.device.is_bio_changed }
}
