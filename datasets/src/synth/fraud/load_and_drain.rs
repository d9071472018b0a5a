//! T09, a prepaid pass loaded with stolen cards and drained.
//!
//! A thief opens a wallet, links a stolen card and loads a little to see whether it works. Then
//! come two to six loads from one to four cards within two hours, and three quarters of an hour
//! later nine tenths of it are spent at shops whose goods turn into cash. The loads are what is
//! lost; spending what they brought costs nobody more. Crews that learn load one or two cards in
//! the account's name, stay below the line from which an identity is asked, let days pass before
//! they spend, and split the work over passes of several wallets.

use super::cash_out::settle;
use super::cash_out::thief::{
    HOUR_MS, MINUTE_MS, Thief, Till, after, goes_on, is_good, is_prepared, log_uniform, paced,
    price_fen, rest_ms, uniform,
};
use crate::synth::act::{Act, Ending, Funding, Outcome};
use crate::synth::asset::Country;
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::LoadAndDrain, events: 11.4, least: 11.4, begin };

/// The load that tests, and those that follow, in yuan.
const TEST_YUAN: (f64, f64) = (100.0, 150.0);
const LOAD_YUAN: (f64, f64) = (500.0, 2_000.0);
const LOADS: (i64, i64) = (2, 6);
const CARDS: (i64, i64) = (1, 4);
/// All loads come within so many hours.
const LOADED_WITHIN_H: (f64, f64) = (0.3, 2.0);
/// What is on a pass at most, and below which no identity is asked, in fen.
const CAP_FEN: i64 = 1_000_000;
const IDENTITY_FEN: i64 = 340_000;
/// What is left below a limit and not worth a load, in fen.
const ROOM_MIN_FEN: i64 = 20_000;
/// Share that is spent, in how many payments, and how long after the loads: log-normal.
const DRAINED: (f64, f64) = (0.90, 0.98);
const PAYMENTS: (i64, i64) = (2, 6);
const DRAIN_MEDIAN_MIN: f64 = 45.0;
const DRAIN_SIGMA: f64 = 0.7;
/// Longest rest between loading and spending, in hours.
const REST_MAX_H: f64 = 72.0;
/// Links and loads that fail before he makes do with what he has; and payments.
const FAILURES: u8 = 3;
/// Wallets that the work is split over, at most.
const WALLETS_MAX: u32 = 4;
/// Share of crews that know of the line from the start.
const KNOW_THE_LINE: f64 = 0.2;

/// A thief with a pass.
#[derive(Debug)]
struct Drainer {
    brief: Brief,
    /// In his wallet, once he has entered one.
    thief: Option<Thief>,
    from: Country,
    city: u16,
    knows_the_line: bool,
    wallets_left: u32,
    loads_a_wallet: i64,
    cards_a_wallet: i64,
    load_gap_ms: f64,
    /// In this wallet: keys of linked cards, how many there are, loads made and still to make,
    /// failures in a row, and what is to be left on the pass.
    cards: [u64; CARDS.1 as usize],
    linked: i64,
    links: u8,
    loads: i64,
    is_tested: bool,
    failures: u8,
    payments_left: i64,
    leftover_fen: i64,
    pay_gap_ms: f64,
    phase: Phase,
}

/// What he does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Opens a wallet, or enters a bought one.
    Enter,
    /// Buys something small with the account's own card.
    Cover,
    /// Links a stolen card.
    Link,
    /// Loads the pass.
    Load,
    /// Spends from it.
    Drain,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let ground = stage.ground;
    let chance = &mut stage.chance;
    let most = LOADS.0 + ((LOADS.1 - LOADS.0) as f64 * brief.size).ceil() as i64;
    let loads = chance.between(LOADS.0, most);
    let wallets = craft.spread.clamp(1, WALLETS_MAX).min(loads as u32);
    let loads_a_wallet = (loads + i64::from(wallets) - 1) / i64::from(wallets);
    let cards = if is_good(&craft, chance) {
        chance.between(1, 2)
    } else {
        chance.between(CARDS.0, CARDS.1.min(loads))
    };
    let within_h = uniform(chance, LOADED_WITHIN_H);
    let mut actor = Drainer {
        brief,
        thief: None,
        from: ground.atlas.home_country(&ground.settings, chance),
        city: ground.atlas.china(chance),
        knows_the_line: chance.hit(KNOW_THE_LINE.max(craft.skill)) || craft.amount < 1.0,
        wallets_left: wallets,
        loads_a_wallet,
        cards_a_wallet: cards.min(loads_a_wallet),
        load_gap_ms: within_h * HOUR_MS / loads as f64,
        cards: [0; CARDS.1 as usize],
        linked: 0,
        links: 0,
        loads: 0,
        is_tested: false,
        failures: 0,
        payments_left: 0,
        leftover_fen: 0,
        pay_gap_ms: 0.0,
        phase: Phase::Enter,
    };
    actor.unpack();
    Some(Box::new(actor))
}

impl Actor for Drainer {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next_ms = self.act(stage);
        if next_ms.is_none() {
            self.leave(stage);
        }
        next_ms
    }
}

impl Drainer {
    fn act(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let outcome = match (self.phase, self.thief) {
            (Phase::Cover, Some(thief)) => return Some(self.cover(stage, &thief)),
            (Phase::Link, Some(thief)) => self.link(stage, &craft, &thief),
            (Phase::Load, Some(thief)) => self.load(stage, &craft, &thief)?,
            (Phase::Drain, Some(thief)) => self.spend(stage, &craft, &thief)?,
            (Phase::Enter, _) | (_, None) => {
                let mut thief = settle(stage, self.brief.crew, &craft, self.from, self.city);
                let outcome = thief.enter(stage, self.story());
                self.thief = Some(thief);
                outcome
            }
        };
        let goes_on = match self.phase {
            Phase::Load | Phase::Drain => goes_on(stage, self.brief.crew, &outcome),
            Phase::Enter | Phase::Cover | Phase::Link => {
                is_prepared(stage, self.brief.crew, &outcome)
            }
        };
        if !goes_on {
            return None;
        }
        self.failures = if outcome.ending.is_done() { 0 } else { self.failures + 1 };
        match self.phase {
            _ if outcome.ending == Ending::Void => None,
            Phase::Enter | Phase::Cover => self.entered(stage, &craft, &outcome),
            Phase::Link => self.linked(stage, &craft, &outcome),
            Phase::Load => self.loaded(stage, &craft, &outcome),
            Phase::Drain => self.spent(stage, &craft, &outcome),
        }
    }

    fn story(&self) -> Story {
        let Brief { episode, crew, .. } = self.brief;
        Story::fraud(Typology::LoadAndDrain, Vector::V1, episode, crew)
    }

    fn unpack(&mut self) {
        (self.linked, self.links, self.loads, self.failures) = (0, 0, 0, 0);
        self.is_tested = false;
        self.phase = Phase::Enter;
    }

    fn entered(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        if !outcome.ending.is_done() {
            return self.next_wallet(stage, craft, outcome);
        }
        let is_aged = self.thief.is_some_and(|thief| thief.is_aged);
        self.phase = if is_aged { Phase::Cover } else { Phase::Link };
        let chance = &mut stage.chance;
        let minutes = uniform(chance, (2.0, 25.0));
        Some(after(outcome, minutes * MINUTE_MS + 0.3 * rest_ms(craft, chance)))
    }

    fn cover(&mut self, stage: &mut Stage<'_>, thief: &Thief) -> i64 {
        let till = Till::ordinary(stage, self.city);
        let outcome = thief.spend_for_cover(stage, self.story(), &till);
        self.phase = Phase::Link;
        after(&outcome, uniform(&mut stage.chance, (0.5, 12.0)) * HOUR_MS)
    }

    fn link(&mut self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> Outcome {
        let card = thief.buy_card(stage, self.brief.crew, craft, self.from);
        self.cards[self.linked as usize] = card.key;
        self.links = self.links.saturating_add(1);
        thief.link(stage, self.story(), &card, self.links)
    }

    fn linked(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        if outcome.ending.is_done() {
            self.linked += 1;
            self.phase = Phase::Load;
        } else if FAILURES <= self.failures {
            return self.make_do(stage, craft, outcome);
        }
        let minutes = uniform(&mut stage.chance, (1.0, 8.0));
        Some(after(outcome, paced(minutes * MINUTE_MS, craft)))
    }

    fn balance_fen(&self, stage: &Stage<'_>, thief: &Thief) -> i64 {
        let pass = stage.accounts.get(thief.account).and_then(|account| account.pass);
        pass.map_or(0, |pass| pass.balance_fen)
    }

    /// What may still be loaded.
    fn room_fen(&self, stage: &Stage<'_>, thief: &Thief) -> i64 {
        let limit_fen = if self.knows_the_line { IDENTITY_FEN } else { CAP_FEN };
        limit_fen - self.balance_fen(stage, thief)
    }

    /// Loads the pass, a little at first, from each card in its turn.
    fn load(&self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> Option<Outcome> {
        let turn = self.loads * self.cards_a_wallet / self.loads_a_wallet.max(1);
        let place = turn.min(self.linked - 1).max(0);
        let card = thief.linked(stage, self.cards[place as usize])?;
        let yuan = if self.is_tested {
            log_uniform(&mut stage.chance, LOAD_YUAN) * craft.amount
        } else {
            uniform(&mut stage.chance, TEST_YUAN)
        };
        // Loads are asked for in tens.
        let fen = price_fen((yuan / 10.0).round() * 10.0).min(self.room_fen(stage, thief));
        let story = self.story().staking(fen);
        Some(thief.attempt(stage, story, &Act::Load { card: &card, fen }))
    }

    fn loaded(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        let thief = self.thief?;
        let is_done = outcome.ending.is_done();
        if is_done && !self.is_tested {
            self.is_tested = true;
        } else if is_done {
            self.loads += 1;
        }
        let is_full = self.room_fen(stage, &thief) < ROOM_MIN_FEN;
        if self.loads_a_wallet <= self.loads || is_full || FAILURES <= self.failures {
            return self.make_do(stage, craft, outcome);
        }
        // The next card, or another one in place of one that does not work.
        let turn = self.loads * self.cards_a_wallet / self.loads_a_wallet.max(1);
        let is_next = self.linked <= turn;
        let is_dead = matches!(outcome.ending, Ending::Refused(refusal) if refusal.is_final());
        if is_dead {
            self.linked -= 1;
        }
        self.phase = if is_next || is_dead { Phase::Link } else { Phase::Load };
        let chance = &mut stage.chance;
        let gap_ms = paced(self.load_gap_ms * uniform(chance, (0.4, 1.6)), craft);
        Some(after(outcome, gap_ms.max(20_000.0)))
    }

    /// Turns to spending what is on the pass; to the next wallet when there is nothing.
    fn make_do(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        let balance_fen = self.balance_fen(stage, &self.thief?);
        if balance_fen <= 0 {
            return self.next_wallet(stage, craft, outcome);
        }
        let chance = &mut stage.chance;
        self.phase = Phase::Drain;
        self.failures = 0;
        self.leftover_fen = ((1.0 - uniform(chance, DRAINED)) * balance_fen as f64) as i64;
        self.payments_left = chance.between(PAYMENTS.0, PAYMENTS.1);
        let drain_ms = chance.log_normal(DRAIN_MEDIAN_MIN, DRAIN_SIGMA) * MINUTE_MS;
        self.pay_gap_ms = drain_ms / (self.payments_left + 1) as f64;
        let rest_ms = rest_ms(craft, chance).min(REST_MAX_H * HOUR_MS);
        Some(after(outcome, self.pay_gap_ms + rest_ms))
    }

    /// Spends a share of what is on the pass; the last time, all that he means to spend.
    fn spend(&self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> Option<Outcome> {
        let till = Till::of_resale(stage, craft, self.city);
        let rest_fen = self.balance_fen(stage, thief) - self.leftover_fen;
        let share = match self.payments_left {
            ..=1 => 1.0,
            left => (uniform(&mut stage.chance, (0.7, 1.3)) / left as f64).min(1.0),
        };
        let fen = price_fen(rest_fen as f64 / 100.0 * share).clamp(100, rest_fen.max(100));
        Some(thief.pay(stage, self.story(), &till, fen, Funding::Pass))
    }

    fn spent(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        let rest_fen = self.balance_fen(stage, &self.thief?) - self.leftover_fen;
        self.payments_left -= i64::from(outcome.ending.is_done());
        if rest_fen < ROOM_MIN_FEN / 10 || FAILURES <= self.failures {
            return self.next_wallet(stage, craft, outcome);
        }
        // What was stopped is tried again in more and smaller payments.
        self.payments_left = match outcome.ending.is_done() {
            true => self.payments_left.max(1),
            false => self.payments_left.max(1) * 2,
        };
        let gap_ms = self.pay_gap_ms * uniform(&mut stage.chance, (0.4, 1.6));
        Some(after(outcome, paced(gap_ms, craft)))
    }

    /// Drops the wallet: nobody comes back to it.
    fn leave(&mut self, stage: &mut Stage<'_>) {
        if let Some(thief) = self.thief.take() {
            stage.accounts.remove(thief.account);
        }
    }

    /// Goes on with the pass of another wallet, if the work is split over more.
    fn next_wallet(
        &mut self,
        stage: &mut Stage<'_>,
        craft: &Craft,
        outcome: &Outcome,
    ) -> Option<i64> {
        self.leave(stage);
        self.wallets_left = self.wallets_left.saturating_sub(1);
        if self.wallets_left == 0 {
            return None;
        }
        self.unpack();
        Some(after(outcome, paced(uniform(&mut stage.chance, (0.5, 5.0)) * HOUR_MS, craft)))
    }
}

#[cfg(test)]
mod tests {
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::fraud::cash_out::thief::played::{distinct, episodes, median, yuan};
    use crate::synth::tests_support::{play, text};

    #[test]
    fn a_small_load_tests_before_the_large_ones() {
        let played = play(&PLAYBOOK, 51, 8);
        let loads = episodes(&played, EventType::TourPassTopup);
        assert!(5 < loads.len());
        for loads in loads.values() {
            assert!((TEST_YUAN.0..=TEST_YUAN.1).contains(&yuan(loads[0].0)));
            assert!(distinct(loads, ids::CARD_CARD_TOKEN) <= 4 * CARDS.1 as usize);
            for (load, truth) in loads {
                assert!(yuan(load) <= LOAD_YUAN.1);
                assert_eq!(truth.stake_fen() as f64, load.number(ids::BASE_MINOR));
            }
        }
    }

    #[test]
    fn what_was_loaded_is_spent_within_the_hour_and_stakes_nothing_more() {
        let played = play(&PLAYBOOK, 52, 8);
        let loads = episodes(&played, EventType::TourPassTopup);
        let (mut shares, mut waits_min) = (Vec::new(), Vec::new());
        for (episode, payments) in episodes(&played, EventType::Payment) {
            for (payment, truth) in &payments {
                assert_eq!(text(payment, ids::FUNDING), "tour_pass");
                assert_eq!(truth.stake_fen(), 0);
            }
            let loaded: i64 = loads[&episode].iter().map(|(_, truth)| truth.loss_fen()).sum();
            let spent: f64 = payments.iter().map(|(payment, _)| 100.0 * yuan(payment)).sum();
            shares.push(spent / loaded as f64);
            let (Some(load), Some(payment)) = (loads[&episode].last(), payments.last()) else {
                continue;
            };
            waits_min.push((payment.0.time() - load.0.time()) as f64 / MINUTE_MS);
        }
        assert!(0.85 < median(shares.clone()), "{shares:?}");
        assert!(shares.iter().all(|share| *share < 1.01));
        let wait_min = median(waits_min);
        assert!((10.0..150.0).contains(&wait_min), "{wait_min} min");
    }

    #[test]
    fn a_pass_never_holds_more_than_it_may() {
        let played = play(&PLAYBOOK, 53, 8);
        let (mut below, mut above) = (0, 0);
        for (load, _) in played.frauds(EventType::TourPassTopup) {
            let before_fen = load.number(ids::PASS_BALANCE_BEFORE_MINOR);
            let after_fen = before_fen + load.number(ids::BASE_MINOR);
            assert!(after_fen <= CAP_FEN as f64);
            *(if after_fen <= 350_000.0 { &mut below } else { &mut above }) += 1;
        }
        assert!(0 < above && above < below, "{above} loads past the line, {below} below");
    }
}
