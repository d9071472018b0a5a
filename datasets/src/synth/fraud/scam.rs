//! T21, authorised scam: the victim is talked into it, and does it all himself.
//!
//! Somebody calls and says he is from customer service, from the police, or that a top-up has to be
//! confirmed or a refund returned. The victim acts on his own phone, mostly with the caller on the
//! line, some with the screen shared or the phone controlled from afar, and sends once to five
//! times, up to all of the balance, to somebody he never paid before. Tourists have no balance:
//! they buy vouchers and read them out, or fill the wallet through a channel that the caller names,
//! for a fee, and pass it on. Coaches that have learnt keep below what the wallet warns of, let the
//! victim hang up before he sends, and begin with a small sum.

use super::phishing::intruder::{
    DAY_MS, HOUR_MS, Intruder, MINUTE_MS, SMALLEST_FEN, at_home, heed, takes_place, victim,
};
use super::phishing::spree::{DEAREST_FEN, GIVES_UP};
use crate::synth::act::{Act, Ending, Extra, Funding, Outcome, Pay};
use crate::synth::asset::{Account, Card, Country, Device, probe};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::market::Trade;
use crate::synth::resident::customer::Spot;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

/// T21.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::AuthorisedScam, events: 2.4, least: 2.4, begin };

/// Shares of victims on a call, with the screen shared, and of those whose phone is controlled.
const ON_CALL: f64 = 0.7;
const SHARED: f64 = 0.35;
const CONTROLLED: f64 = 0.4;
/// Share of victims that are looked for among those who hold a balance.
const WITH_BALANCE: f64 = 0.45;
/// A balance that is worth a call, in CNY fen.
const WORTH_FEN: i64 = 80_000;
/// What the wallet warns of, and shares of coaches who stay below: of naive ones, and what skill
/// adds.
const WARNED_FEN: i64 = 100_000;
const BELOW_WARNING: (f64, f64) = (0.2, 0.6);
/// Vouchers that a victim without a balance buys, and top-ups, in all: median and deviation.
const VOUCHERS_FEN: (f64, f64) = (320_000.0, 0.8);
const TOPUP_FEN: (f64, f64) = (150_000.0, 0.7);
/// Share of victims without a balance who are sent to a top-up channel.
const BY_TOPUP: f64 = 0.4;
/// What the channel takes, as a share of what is credited.
const TOPUP_FEE: (f64, f64) = (0.08, 0.3);
/// Minutes between two sums.
const GAP_MIN: (i64, i64) = (2, 12);
/// The small sum that makes a payee known, in CNY fen, and the longest rest after it.
const FIRST_FEN: (i64, i64) = (1_000, 9_000);
const REST_MOST_H: f64 = 72.0;
/// Names the accounts that a crew collects in, and its channels.
const COLLECTOR: u64 = 0x5343;
const CHANNEL: u64 = 0x4348;
/// Collecting accounts of a crew that does not spread.
const COLLECTORS: u64 = 2;

/// What the caller tells.
#[derive(Debug)]
struct Script {
    /// What the victim writes beside the money.
    memo: &'static str,
    /// How often he sends.
    sums: (i64, i64),
    /// How much of what he has.
    share: (f64, f64),
    /// What led him into the app.
    referrer: &'static str,
}

const CUSTOMER_SERVICE: Script =
    Script { memo: "none", sums: (1, 3), share: (0.5, 1.0), referrer: "direct" };
const POLICE: Script =
    Script { memo: "emergency", sums: (1, 5), share: (0.8, 1.0), referrer: "direct" };
const TOPUP_CONFIRMED: Script =
    Script { memo: "goods", sums: (1, 2), share: (0.15, 0.5), referrer: "message_link" };
const REFUND_RETURNED: Script =
    Script { memo: "goods", sums: (1, 3), share: (0.3, 0.8), referrer: "message_link" };

const SCRIPTS: [(&Script, f64); 4] =
    [(&CUSTOMER_SERVICE, 0.35), (&POLICE, 0.2), (&TOPUP_CONFIRMED, 0.2), (&REFUND_RETURNED, 0.25)];

/// How the money leaves the victim.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// From the balance to somebody.
    Transfer,
    /// For vouchers, by card.
    Vouchers(Card),
    /// First into the balance through a channel, then on.
    TopUp,
}

/// A victim on the line.
#[derive(Debug)]
struct Scam {
    brief: Brief,
    script: &'static Script,
    /// The victim, on his own phone.
    victim: Intruder,
    way: Way,
    /// What is still asked for, in CNY fen, in so many sums, none above the most.
    left_fen: i64,
    sums: u32,
    most_fen: i64,
    payee: u64,
    /// When the payee was first sent to.
    payee_since_ms: i64,
    setbacks: u8,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    takes_place(stage, brief.size).then_some(())?;
    let craft = stage.craft(brief.crew);
    let wants_balance = stage.chance.hit(WITH_BALANCE);
    let is_trusted = |account: &Account| account.trusted_ms != 0;
    let holds = |account: &Account| !wants_balance || WORTH_FEN <= account.balance_fen;
    let key = victim(stage, DAY_MS, |account| is_trusted(account) && holds(account))
        .or_else(|| victim(stage, DAY_MS, is_trusted))?;
    let account = stage.accounts.get(key)?.clone();
    let Spot { network, place } = at_home(stage, &account);
    let chance = &mut stage.chance;
    let script = chance.weigh(&SCRIPTS);
    let (least, most) = script.share;
    let share = least + (most - least) * chance.unit();
    let (way, full_fen) = way(chance, &account, share);
    let (few, many) = script.sums;
    let sums = chance.between(few, many) as u32 + craft.spread.max(1) - 1;
    let (naive, learnt) = BELOW_WARNING;
    let is_careful = chance.hit(naive + learnt * craft.skill);
    let collectors = COLLECTORS * u64::from(craft.spread.max(1));
    let payee = mix(brief.crew, COLLECTOR + chance.below(collectors)) >> 4;
    let device = coached(chance, account.device, &craft);
    let auth = if account.factors.biometric == 0 { "pin" } else { "biometric" };
    let session = stage.session(auth, script.referrer);
    let story = Story::fraud(PLAYBOOK.typology, Vector::V6, brief.episode, brief.crew);
    Some(Box::new(Scam {
        brief,
        script,
        victim: Intruder { victim: key, device, network, place, session, story },
        way,
        left_fen: (full_fen as f64 * craft.amount) as i64,
        sums,
        most_fen: if is_careful { WARNED_FEN - 1_000 } else { DEAREST_FEN },
        payee,
        payee_since_ms: 0,
        setbacks: 0,
    }))
}

/// How the money of this victim can leave, and how much of it.
fn way(chance: &mut Chance, account: &Account, share: f64) -> (Way, i64) {
    if WORTH_FEN <= account.balance_fen {
        return (Way::Transfer, (account.balance_fen as f64 * share) as i64);
    }
    let card = account.cards.last().filter(|_| !chance.hit(BY_TOPUP));
    let (way, (median_fen, sigma)) = match card {
        Some(card) => (Way::Vouchers(*card), VOUCHERS_FEN),
        None => (Way::TopUp, TOPUP_FEN),
    };
    (way, chance.log_normal(median_fen, sigma) as i64)
}

/// The victim's phone while the coach is at work; a careful one has him hang up first.
fn coached(chance: &mut Chance, mut device: Device, craft: &Craft) -> Device {
    let seen = 1.0 - 0.7 * craft.disguise;
    device.probes &= !(probe::CALL | probe::SCREEN_SHARED | probe::REMOTE_CONTROL);
    if chance.hit(ON_CALL * seen) {
        device.probes |= probe::CALL;
    }
    if chance.hit(SHARED * seen) {
        device.probes |= probe::SCREEN_SHARED;
        if chance.hit(CONTROLLED) {
            device.probes |= probe::REMOTE_CONTROL;
        }
    }
    device
}

impl Scam {
    /// The next sum: an even part of the rest, and a small one first by those who have learnt to
    /// let a payee become known.
    fn sum_fen(&self, chance: &mut Chance, craft: &Craft) -> i64 {
        let is_first = self.payee_since_ms == 0 && self.way == Way::Transfer;
        let fen = if is_first && 0.0 < craft.patience_h {
            chance.between(FIRST_FEN.0, FIRST_FEN.1)
        } else if self.sums <= 1 {
            self.left_fen
        } else {
            let even_fen = self.left_fen as f64 / f64::from(self.sums);
            (even_fen * chance.log_normal(1.0, 0.3)) as i64
        };
        // People send whole yuan.
        fen.min(self.left_fen).min(self.most_fen) / 100 * 100
    }

    fn act(&self, stage: &mut Stage<'_>, fen: i64) -> Outcome {
        match self.way {
            Way::Transfer => {
                let act = Act::Transfer {
                    to: self.payee,
                    kind: if self.payee.is_multiple_of(3) { "bank" } else { "wallet" },
                    fen,
                    known_since_ms: self.payee_since_ms,
                    memo: self.script.memo,
                    funding: Funding::Balance,
                };
                stage.attempt(&self.victim.who(fen), &act)
            }
            Way::Vouchers(card) => {
                let (ground, now_ms) = (stage.ground, stage.now_ms);
                let trade = if stage.chance.hit(0.7) { Trade::GiftCards } else { Trade::Gaming };
                let merchant = ground.market.online(trade, &mut stage.chance, now_ms);
                let funding = Funding::Card(&card);
                let extra = Extra::None;
                let pay = Pay { kind: "in_app", fen, funding, merchant: &merchant, extra };
                stage.attempt(&self.victim.who(fen), &Act::Pay(pay))
            }
            Way::TopUp => self.top_up(stage, fen),
        }
    }

    /// Fills the balance through the caller's channel; what is lost by that alone is the fee.
    fn top_up(&self, stage: &mut Stage<'_>, fen: i64) -> Outcome {
        let (least, most) = TOPUP_FEE;
        let fee = least + (most - least) * stage.chance.unit();
        let paid_fen = fen + (fen as f64 * fee) as i64;
        let payer = mix(self.victim.victim, CHANNEL) >> 4;
        let payer_country = stage
            .accounts
            .get(self.victim.victim)
            .map_or(Country::CN, |account| account.holder.residence);
        let act = Act::TopUp {
            intermediary: mix(self.brief.crew, CHANNEL) >> 4,
            licence: stage.chance.weigh(&[("agent", 0.6), ("unknown", 0.25), ("licensed", 0.15)]),
            fen,
            paid_fen,
            payer,
            payer_is_holder: "yes",
            instrument: "card",
            payer_country,
        };
        stage.attempt(&self.victim.who(paid_fen - fen), &act)
    }

    /// Books what came of a sum; says whether the coach asks again.
    fn settle(&mut self, outcome: &Outcome, fen: i64) -> bool {
        if outcome.ending.is_done() {
            self.setbacks = 0;
            if self.way == Way::TopUp {
                // Now it can be sent on.
                (self.way, self.left_fen) = (Way::Transfer, fen);
                return true;
            }
            self.payee_since_ms = match self.payee_since_ms {
                0 => outcome.at_ms,
                since_ms => since_ms,
            };
            self.left_fen -= fen;
            self.sums = self.sums.saturating_sub(1);
            return 0 < self.sums && SMALLEST_FEN <= self.left_fen;
        }
        self.setbacks += 1;
        // The coach has an answer to a warning: then send half.
        self.left_fen = self.left_fen * 3 / 5;
        let is_lost = outcome.ending == Ending::Void || GIVES_UP <= self.setbacks;
        !is_lost && SMALLEST_FEN <= self.left_fen
    }
}

impl Actor for Scam {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        // Who has another phone by now cannot be reached on this one.
        let own = stage.accounts.get(self.victim.victim)?.device.key;
        if own != self.victim.device.key {
            return None;
        }
        let fen = self.sum_fen(&mut stage.chance, &craft).max(SMALLEST_FEN);
        let was_known = self.payee_since_ms != 0;
        let outcome = self.act(stage, fen);
        let is_over = heed(stage, self.brief.crew, self.victim.victim, &outcome).is_some();
        if is_over || !self.settle(&outcome, fen) {
            return None;
        }
        let gap_min = stage.chance.between(GAP_MIN.0, GAP_MIN.1) as f64 / craft.pace;
        let is_known_now = !was_known && self.payee_since_ms != 0;
        if !is_known_now || craft.patience_h <= 0.0 {
            return Some(outcome.at_ms + (gap_min * MINUTE_MS as f64) as i64);
        }
        // He calls again another day.
        let device = self.victim.device;
        self.victim.device = coached(&mut stage.chance, device, &craft);
        let rest_ms = craft.patience_h.min(REST_MOST_H) * HOUR_MS as f64;
        self.victim.session.since_ms = outcome.at_ms + rest_ms as i64;
        Some(self.victim.session.since_ms + MINUTE_MS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::play;

    static BOOK: Playbook = PLAYBOOK;

    #[test]
    fn the_victim_acts_on_a_phone_the_account_trusts() {
        let played = play(&BOOK, 5, 6);
        let frauds: Vec<_> =
            played.truths.iter().filter(|(_, truth)| truth.typology().is_some()).collect();
        assert!(20 < frauds.len(), "{}", frauds.len());
        for (place, truth) in frauds {
            assert_eq!(truth.vector(), Some("V6"));
            assert!(played.events[*place].has(ids::AUTH_CTX_DEVICE_TRUSTED_SINCE_MS));
        }
    }

    #[test]
    fn most_victims_are_on_a_call_and_some_share_the_screen() {
        let played = play(&BOOK, 6, 6);
        let frauds = played.truths.iter().filter(|(_, truth)| truth.typology().is_some());
        let share = |field| {
            let (mut all, mut shown) = (0.0, 0.0);
            for (place, _) in frauds.clone() {
                all += 1.0;
                shown += f64::from(u8::from(played.events[*place].number(field) == 1.0));
            }
            shown / all
        };
        let (call, screen) =
            (share(ids::DEVICE_CALL_IN_PROGRESS), share(ids::DEVICE_SCREEN_SHARED));
        assert!((0.3..0.85).contains(&call), "{call}");
        assert!((0.1..0.5).contains(&screen), "{screen}");
        assert!(0.0 < share(ids::DEVICE_REMOTE_CONTROL_APP));
    }

    #[test]
    fn money_goes_to_somebody_new_and_tourists_buy_or_top_up_instead() {
        let played = play(&BOOK, 7, 10);
        let transfers = played.frauds(EventType::Transfer);
        assert!(transfers.iter().any(|(sum, _)| !sum.has(ids::BENEFICIARY_FIRST_SEEN_MS)));
        assert!(!played.frauds(EventType::Payment).is_empty());
        assert!(!played.frauds(EventType::ThirdPartyTopup).is_empty());
        let mut sums: BTreeMap<u64, u32> = BTreeMap::new();
        for (_, truth) in transfers {
            *sums.entry(truth.episode()).or_default() += 1;
        }
        let usual = sums.values().filter(|sums| **sums <= 5).count();
        assert!(sums.len() < 2 * usual, "{sums:?}");
    }

    #[test]
    fn an_episode_has_as_many_events_as_the_playbook_says() {
        let measured = play(&BOOK, 9, 10).events_per_episode();
        assert!((0.67..1.5).contains(&(measured / BOOK.events)), "{measured}");
    }
}
