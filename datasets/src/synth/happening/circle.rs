//! Circles of friends: dinners that are split, small gifts, red envelopes.
//!
//! A circle is a handful of residents of the same chat group who have known each other for months
//! or years. What they pay goes back and forth between the same few, in small sums and at human
//! speed; at New Year envelopes surge, with amounts that bring luck (L13). It has the shape of a
//! ring of mules and is told from one by age and reciprocity. A member who left the wallet is
//! replaced by somebody new, whose first payments are first payments.

use super::super::act::{Act, Ending, Funding};
use super::super::asset::{Persona, Place};
use super::super::calendar::Peak;
use super::super::chance::mix;
use super::super::resident::customer::{
    Customer, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, insists, pause,
};
use super::super::stage::{Actor, Stage};
use super::super::story::{LookAlike, Story};

/// Members of a circle.
const MEMBERS: usize = 8;
/// China's clock.
const CHINA_MIN: i16 = 480;
/// How long friends have known each other when the world begins.
const KNOWN_DAYS: (i64, i64) = (20, 900);
/// Two members pay each other for the first time within this time.
const ACQUAINTED_MS: u64 = 8 * DAY_MS as u64;
/// Occasions of a circle in a day: bills to split, gifts, envelopes.
const SPLITS: f64 = 0.30;
const GIFTS: f64 = 0.16;
const ENVELOPES: f64 = 0.16;
/// So many times more envelopes are sent at New Year, and on other festivals.
const NEW_YEAR_SURGE: f64 = 9.0;
const FESTIVAL_SURGE: f64 = 2.5;
/// A share of a bill and a gift: median in CNY fen and deviation of the logarithm.
const SHARE_FEN: (f64, f64) = (4_800.0, 0.6);
const GIFT_FEN: (f64, f64) = (13_000.0, 0.9);
/// Envelopes to the group, on usual days and at New Year, in CNY fen.
const GROUP_FEN: [i64; 5] = [1_000, 2_000, 3_000, 5_000, 6_600];
const GROUP_LUCKY_FEN: [i64; 5] = [6_600, 8_800, 8_800, 16_800, 18_800];
/// Envelopes to a friend.
const FRIEND_FEN: [i64; 5] = [2_000, 5_000, 6_600, 8_800, 10_000];
const FRIEND_LUCKY_FEN: [i64; 5] = [6_600, 8_800, 18_800, 52_000, 88_800];
/// Envelopes that go to the group.
const TO_GROUP: f64 = 0.7;
/// Most shares of an envelope.
const SHARES: usize = 5;
/// A group's first claim: median seconds, and the mean gap to the next ones.
const FIRST_CLAIM_S: f64 = 9.0;
const CLAIM_GAP_S: f64 = 14.0;
/// Hands are not faster, and the patience of a group is not longer.
const CLAIM_S: (f64, f64) = (2.0, 90.0);

#[derive(Debug, Clone, Copy)]
struct Member {
    account: u64,
    /// Since when the others know this member.
    since_ms: i64,
}

/// What the circle is about.
#[derive(Debug, Clone, Copy)]
enum Matter {
    Nothing,
    /// So many still owe this share to the member who paid.
    Bill {
        payer: u8,
        left: u8,
        fen: i64,
    },
}

struct Circle {
    group: u64,
    members: [Member; MEMBERS],
    matter: Matter,
}

/// Gathers the residents in circles: each in about one.
pub(super) fn begin(stage: &mut Stage<'_>) {
    let residents = f64::from(stage.slots()) * stage.ground.settings.personas.resident.share;
    let circles = (residents / MEMBERS as f64).ceil() as u32;
    for _ in 0..circles {
        let group = stage.key();
        let members = [Member { account: 0, since_ms: 0 }; MEMBERS];
        let circle = Circle { group, members, matter: Matter::Nothing };
        let at_ms = stage.now_ms + stage.chance.between(4 * HOUR_MS, 3 * DAY_MS);
        stage.spawn(at_ms, Box::new(circle));
    }
}

impl Circle {
    /// Fills places that are empty or whose account is gone; false while too few are there.
    fn gather(&mut self, stage: &mut Stage<'_>) -> bool {
        let is_first = self.members.iter().all(|member| member.account == 0);
        for place in 0..MEMBERS {
            if stage.accounts.get(self.members[place].account).is_some() {
                continue;
            }
            let known = self.members;
            let Some(account) = stage.accounts.victim(&mut stage.chance, |account| {
                account.persona == Persona::Resident
                    && known.iter().all(|member| member.account != account.key)
            }) else {
                return false;
            };
            let created_ms = stage.accounts.get(account).map_or(0, |account| account.created_ms);
            let days = stage.chance.between(KNOWN_DAYS.0, KNOWN_DAYS.1);
            let since_ms = if is_first { stage.now_ms - days * DAY_MS } else { stage.now_ms };
            self.members[place] = Member { account, since_ms: since_ms.max(created_ms) };
        }
        true
    }

    /// When one member first paid another, if that is past.
    fn known_since(&self, from: usize, to: usize, now_ms: i64) -> i64 {
        let (from, to) = (self.members[from], self.members[to]);
        let later_ms = from.since_ms.max(to.since_ms);
        let pair = mix(from.account ^ to.account, self.group);
        let since_ms = later_ms + (pair % ACQUAINTED_MS) as i64;
        if since_ms < now_ms { since_ms } else { 0 }
    }

    /// How many times more envelopes there are now.
    fn surge(stage: &Stage<'_>) -> f64 {
        match stage.ground.calendar.peak(stage.now_ms) {
            Some(Peak::NewYear) => NEW_YEAR_SURGE,
            Some(Peak::GoldenWeek | Peak::LabourDay) => FESTIVAL_SURGE,
            None => 1.0,
        }
    }

    /// The next time that friends have something to pay, at an hour at which people do.
    fn rest(&mut self, stage: &mut Stage<'_>) -> i64 {
        self.matter = Matter::Nothing;
        let volume = stage.ground.calendar.volume(stage.now_ms);
        let per_day = (SPLITS + GIFTS) * volume + ENVELOPES * Circle::surge(stage);
        let next_ms = super::next_ms(stage, per_day);
        let day_ms = next_ms.div_euclid(DAY_MS) * DAY_MS;
        let at_ms = stage.ground.calendar.moment(day_ms, CHINA_MIN, &mut stage.chance);
        at_ms.max(stage.now_ms + 30 * MINUTE_MS)
    }

    /// Something comes up; gives when it goes on.
    fn meet(&mut self, stage: &mut Stage<'_>) -> i64 {
        let occasions = [(0, SPLITS), (1, GIFTS), (2, ENVELOPES * Circle::surge(stage))];
        match stage.chance.weigh(&occasions) {
            0 => {
                let payer = stage.chance.below(MEMBERS as u64) as u8;
                let left = stage.chance.between(2, 4) as u8;
                let (median, sigma) = SHARE_FEN;
                let fen = stage.chance.log_normal(median, sigma) as i64 / 10 * 10;
                self.matter = Matter::Bill { payer, left, fen: fen.max(500) };
                stage.now_ms + Circle::dawdle(stage)
            }
            1 => {
                let (from, to) = self.pair(stage);
                let (median, sigma) = GIFT_FEN;
                let fen = (stage.chance.log_normal(median, sigma) as i64 / 100 * 100).max(100);
                let memo = stage.chance.weigh(&[("none", 0.8), ("loan", 0.1), ("goods", 0.1)]);
                self.transfer(stage, from, to, fen, memo);
                self.rest(stage)
            }
            _ => {
                self.send(stage);
                self.rest(stage)
            }
        }
    }

    /// How long somebody takes to pay a share.
    fn dawdle(stage: &mut Stage<'_>) -> i64 {
        (stage.chance.log_normal(7.0, 1.0) * MINUTE_MS as f64) as i64 + 20 * SECOND_MS
    }

    fn pair(&self, stage: &mut Stage<'_>) -> (usize, usize) {
        let from = stage.chance.below(MEMBERS as u64) as usize;
        let step = 1 + stage.chance.below(MEMBERS as u64 - 1) as usize;
        (from, (from + step) % MEMBERS)
    }

    /// One member pays another from the balance; whoever has too little does not.
    fn transfer(
        &self,
        stage: &mut Stage<'_>,
        from: usize,
        to: usize,
        fen: i64,
        memo: &'static str,
    ) {
        let Some(customer) = Customer::find(stage, self.members[from].account) else { return };
        if customer.balance_fen < fen {
            return;
        }
        let spot = customer.at_home(stage);
        let session = customer.session(stage, "direct");
        let story = customer.story(stage, &spot.network);
        let act = Act::Transfer {
            to: self.members[to].account,
            kind: "wallet",
            fen,
            known_since_ms: self.known_since(from, to, stage.now_ms),
            memo,
            funding: Funding::Balance,
        };
        stage.attempt(&customer.who(&spot, &session, story), &act);
    }

    /// One member sends an envelope to the group or to a friend, and claims follow.
    fn send(&self, stage: &mut Stage<'_>) {
        let peak = stage.ground.calendar.peak(stage.now_ms);
        let is_lucky = peak == Some(Peak::NewYear);
        let to_group = stage.chance.hit(TO_GROUP);
        let amounts = match (to_group, is_lucky) {
            (true, false) => GROUP_FEN,
            (true, true) => GROUP_LUCKY_FEN,
            (false, false) => FRIEND_FEN,
            (false, true) => FRIEND_LUCKY_FEN,
        };
        let fen = stage.chance.pick(&amounts);
        let (from, to) = self.pair(stage);
        let Some(customer) = Customer::find(stage, self.members[from].account) else { return };
        if customer.balance_fen < fen {
            return;
        }
        let shares = if to_group { stage.chance.between(2, SHARES as i64) as usize } else { 1 };
        let envelope = stage.key();
        let group = if to_group { self.group } else { 0 };
        let receiver = if to_group { 0 } else { self.members[to].account };
        let act = Act::SendEnvelope { envelope, fen, shares: shares as u16, group, to: receiver };
        let spot = customer.at_home(stage);
        let session = customer.session(stage, "direct");
        let story = story(stage, &customer, &spot.network);
        let outcome = stage.attempt(&customer.who(&spot, &session, story), &act);
        if outcome.ending != Ending::Done {
            return;
        }
        let mut claimers = [0; SHARES];
        for (place, claimer) in claimers.iter_mut().enumerate().take(shares) {
            // The others in the order in which they sit around the table, starting anywhere.
            let other = (to + place) % MEMBERS;
            let other = if other == from { (to + shares) % MEMBERS } else { other };
            *claimer = self.members[other].account;
        }
        let claims = Claims {
            envelope,
            group,
            sent_ms: outcome.at_ms,
            left_fen: fen,
            claimers,
            left: shares as u8,
            tries: 0,
        };
        let first_s = stage.chance.log_normal(FIRST_CLAIM_S, 0.8).clamp(CLAIM_S.0, CLAIM_S.1);
        stage.spawn(outcome.at_ms + (first_s * 1_000.0) as i64, Box::new(claims));
    }
}

impl Actor for Circle {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        if !self.gather(stage) {
            return Some(super::next_ms(stage, 0.3));
        }
        let Matter::Bill { payer, left, fen } = self.matter else { return Some(self.meet(stage)) };
        let payer_place = usize::from(payer);
        let debtor = (payer_place + usize::from(left)) % MEMBERS;
        self.transfer(stage, debtor, payer_place, fen, "none");
        if left <= 1 {
            return Some(self.rest(stage));
        }
        self.matter = Matter::Bill { payer, left: left - 1, fen };
        Some(stage.now_ms + Circle::dawdle(stage))
    }
}

/// What an envelope looks like.
fn story(stage: &Stage<'_>, customer: &Customer, network: &super::super::asset::Network) -> Story {
    match stage.ground.calendar.peak(stage.now_ms) {
        Some(Peak::NewYear) => Story::like(LookAlike::NewYearEnvelopes),
        Some(Peak::GoldenWeek | Peak::LabourDay) => Story::like(LookAlike::FestivalPeak),
        None => customer.story(stage, network),
    }
}

/// The claims of an envelope, one after the other.
struct Claims {
    envelope: u64,
    group: u64,
    sent_ms: i64,
    left_fen: i64,
    claimers: [u64; SHARES],
    /// Shares that are left.
    left: u8,
    tries: u8,
}

impl Claims {
    /// What the next share holds: around an even part, at random.
    fn share_fen(&self, stage: &mut Stage<'_>) -> i64 {
        if self.left <= 1 {
            return self.left_fen;
        }
        let even = self.left_fen as f64 / f64::from(self.left);
        ((even * 2.0 * stage.chance.unit()) as i64).clamp(1, self.left_fen - i64::from(self.left))
    }
}

impl Actor for Claims {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let place = usize::from(self.left.checked_sub(1)?);
        if let Some(customer) = Customer::find(stage, self.claimers[place]) {
            let place: Place = customer.home;
            let spot = customer.in_town(stage, place);
            let session = customer.session(stage, "push_notice");
            let story = story(stage, &customer, &spot.network);
            let fen = self.share_fen(stage);
            let latency_ms = (stage.now_ms - self.sent_ms).clamp(0, i64::from(u32::MAX)) as u32;
            let act =
                Act::ClaimEnvelope { envelope: self.envelope, fen, group: self.group, latency_ms };
            let outcome = stage.attempt(&customer.who(&spot, &session, story), &act);
            if outcome.ending == Ending::Done {
                self.left_fen -= fen;
            } else if insists(&mut stage.chance, outcome.ending, self.tries) {
                self.tries += 1;
                return Some(pause(&mut stage.chance, outcome.at_ms));
            }
        }
        self.left -= 1;
        self.tries = 0;
        let gap_s = stage.chance.exponential(CLAIM_GAP_S).clamp(0.7, CLAIM_S.1);
        (0 < self.left).then(|| stage.now_ms + (gap_s * 1_000.0) as i64)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::LazyLock;

    use features::event::Event;
    use features::field::{EventType, ids};

    use super::super::super::tests_support::text;
    use super::super::tests::{Told, played};

    /// 25 January 2027, thirteen days before New Year.
    const WINTER_MS: i64 = 1_800_835_200_000;

    static WINTER: LazyLock<Vec<Told>> = LazyLock::new(|| played(8, WINTER_MS, 1_500, 24));

    fn of(told: &[Told], event_type: EventType) -> impl Iterator<Item = (&Event, Option<&str>)> {
        let told = told.iter().filter(move |(event, _)| event.event_type() == event_type);
        told.map(|(event, look_alike)| (event, *look_alike))
    }

    #[test]
    fn envelopes_surge_at_new_year_with_amounts_that_bring_luck() {
        let told = &*WINTER;
        let sent: Vec<_> = of(told, EventType::RedEnvelopeSend).collect();
        let is_new_year = |look_alike: &Option<&str>| *look_alike == Some("L13");
        let (lucky, usual): (Vec<_>, Vec<_>) =
            sent.iter().partition(|(_, look_alike)| is_new_year(look_alike));
        // Eight days of twenty-four.
        let surge = (lucky.len() as f64 / 8.0) / (usual.len().max(1) as f64 / 16.0);
        assert!(3.0 < surge, "{} against {}", lucky.len(), usual.len());
        for (event, _) in lucky {
            let yuan = event.number(ids::BASE_MINOR) / 100.0;
            let is_charm = [66.0, 88.0, 168.0, 188.0, 520.0, 888.0].contains(&yuan);
            assert!(is_charm, "{yuan}");
        }
    }

    #[test]
    fn claims_are_at_human_speed_and_hold_no_more_than_was_sent() {
        let told = &*WINTER;
        let mut sent: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (event, _) in of(told, EventType::RedEnvelopeSend) {
            let fen = event.number(ids::BASE_MINOR);
            sent.insert(text(event, ids::ENVELOPE_ID), (fen, event.number(ids::SHARES)));
        }
        let mut latencies = Vec::new();
        for (event, _) in of(told, EventType::RedEnvelopeClaim) {
            let envelope = sent.get_mut(text(event, ids::ENVELOPE_ID)).unwrap();
            envelope.0 -= event.number(ids::BASE_MINOR);
            envelope.1 -= 1.0;
            latencies.push(event.number(ids::LATENCY_MS));
        }
        assert!(100 < latencies.len(), "{}", latencies.len());
        assert!(sent.values().all(|(fen, shares)| 0.0 <= *fen && 0.0 <= *shares), "{sent:?}");
        assert!(latencies.iter().all(|ms| 2_000.0 <= *ms), "{latencies:?}");
        latencies.sort_by(f64::total_cmp);
        let median = latencies[latencies.len() / 2];
        assert!((6_000.0..60_000.0).contains(&median), "{median}");
    }

    #[test]
    fn friends_are_old_and_pay_in_both_directions() {
        let told = &*WINTER;
        let mut pairs = BTreeSet::new();
        let (mut old, mut all) = (0, 0);
        for (event, _) in of(told, EventType::Transfer) {
            let (from, to) = (text(event, ids::ACCOUNT_ID), text(event, ids::BENEFICIARY_ID));
            pairs.insert((from, to));
            all += 1;
            old += u32::from(event.has(ids::BENEFICIARY_FIRST_SEEN_MS));
        }
        assert!(100 < all && 8 * all < 10 * old, "{old} of {all}");
        let mutual = pairs.iter().filter(|(from, to)| pairs.contains(&(*to, *from))).count();
        assert!(0.05 < mutual as f64 / pairs.len() as f64, "{mutual} of {}", pairs.len());
    }
}
