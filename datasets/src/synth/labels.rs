//! How the truth becomes known: who tells, with what delay, and what nobody ever tells.
//!
//! Each fraud that went through draws its channels once for a card or account in an episode, since
//! one report covers all that happened to it. What the wallet stopped is known only where an
//! analyst confirms it. A label stands in the stream at the time it became known and refers to the
//! act; it never names the fraud story. Some honest purchases are disputed as fraud by their own
//! payers: that noise is in every real set of labels.

use super::act::{Act, Ending, Outcome, Who};
use super::batch::Kind;
use super::chance::Chance;
use super::settings::Channel;
use super::stage::{Actor, Stage, card_of};
use super::story::{Typology, Vector};
use super::wire::EventId;

const DAY_MS: f64 = 86_400_000.0;
const HOUR_MS: f64 = 3_600_000.0;

/// Share of honest payments that are disputed as fraud by their own payers, for each 28 bps of
/// attempted fraud: a fifth of the chargebacks then are such misuse.
const MISUSE: f64 = 0.000_1;
/// Share of honest requests that the wallet stopped and an analyst looks at and clears.
const CLEARED: f64 = 0.1;
/// An account whose owner reported a takeover is frozen for so long.
const FREEZE_MS: i64 = 24 * 3_600_000;

/// Draws what will be told about an attempt, and when.
pub(super) fn draw(
    stage: &mut Stage<'_>,
    event: EventId,
    who: &Who<'_>,
    act: &Act<'_>,
    outcome: &Outcome,
) {
    let now_ms = stage.now_ms;
    if !who.story.is_fraud() {
        return draw_honest(stage, event, act, outcome);
    }
    let teller = Teller { event, act_ms: now_ms, loss_fen: who.story.stake_fen };
    if outcome.ending.is_stopped() {
        let analyst = stage.ground.settings.labels.analyst;
        if stage.chance.hit(analyst.probability) {
            let hours = stage.chance.unit() * (analyst.to_hours - analyst.from_hours);
            let delay_ms = (analyst.from_hours + hours) * HOUR_MS;
            teller.label(stage, "fraud", "analyst", delay_ms as i64);
        }
        return;
    }
    if outcome.ending.is_done() {
        draw_loss(stage, &teller, who, act);
    }
}

/// Honest acts: a few are cleared by an analyst, a few are disputed by their own payers.
fn draw_honest(stage: &mut Stage<'_>, event: EventId, act: &Act<'_>, outcome: &Outcome) {
    let teller = Teller { event, act_ms: stage.now_ms, loss_fen: 0 };
    if outcome.ending == Ending::Blocked || outcome.ending == Ending::Held {
        if stage.chance.hit(CLEARED) {
            let hours = 2.0 + 46.0 * stage.chance.unit();
            teller.label(stage, "legit", "analyst", (hours * HOUR_MS) as i64);
            teller.review(stage, "legit", (hours * HOUR_MS) as i64);
        }
        return;
    }
    let is_by_card = matches!(act, Act::Pay(_)) && card_of(act).is_some();
    let prevalence = stage.ground.settings.fraud.prevalence_bps / 28.0;
    if is_by_card && outcome.ending.is_done() && stage.chance.hit(MISUSE * prevalence) {
        let settings = &stage.ground.settings.labels;
        let delay_ms = delay(settings.friendly_chargeback, settings.cut_days, &mut stage.chance);
        teller.chargeback(stage, act, delay_ms);
    }
}

/// A fraud that went through: who will tell.
fn draw_loss(stage: &mut Stage<'_>, teller: &Teller, who: &Who<'_>, act: &Act<'_>) {
    let (Some(typology), Some(vector)) = (who.story.typology, who.story.vector) else { return };
    // One report covers a card, or else an account, in an episode.
    let victim = card_of(act).map_or(who.account, |card| card.key);
    let mut chance = Chance::of(stage.ground.seed, &[who.story.episode, victim, 7]);
    let labels = stage.ground.settings.labels;
    let cut = labels.cut_days;
    match (typology, vector) {
        (Typology::FriendlyFraud | Typology::BustOut, _) => {
            if chance.hit(labels.friendly_chargeback.probability) {
                let delay_ms = delay(labels.friendly_chargeback, cut, &mut chance);
                teller.chargeback(stage, act, delay_ms);
            }
        }
        (_, Vector::V2 | Vector::V3 | Vector::V5) => {
            report(stage, teller, who, act, labels.takeover_report, cut, &mut chance);
        }
        (_, Vector::V4) => {
            report(stage, teller, who, act, labels.sim_swap_report, cut, &mut chance)
        }
        (_, Vector::V6) => report(stage, teller, who, act, labels.scam_report, cut, &mut chance),
        (_, Vector::V1) => third_party(stage, teller, act, &mut chance),
        (_, Vector::V9) if card_of(act).is_some() => third_party(stage, teller, act, &mut chance),
        (_, Vector::V7 | Vector::V8 | Vector::V9) => {
            if !chance.hit(labels.never_mule_or_promo) {
                // Found out by analysts, weeks later.
                let delay_ms = chance.log_normal(9.0, 0.8) * DAY_MS;
                teller.label(stage, "fraud", "analyst", delay_ms as i64);
                teller.review(stage, "fraud", delay_ms as i64);
            }
        }
    }
}

/// Fraud with somebody else's card: an early warning, a chargeback, both, or silence.
fn third_party(stage: &mut Stage<'_>, teller: &Teller, act: &Act<'_>, chance: &mut Chance) {
    let labels = stage.ground.settings.labels;
    if chance.hit(labels.never_third_party) {
        return;
    }
    // The shares are of all third-party fraud, also of what nobody tells.
    let told = 1.0 - labels.never_third_party;
    let is_warned = chance.hit(labels.early_warning.probability / told);
    let warning_ms = delay(labels.early_warning, labels.cut_days, chance);
    let is_charged = chance.hit(labels.chargeback.probability / told) || !is_warned;
    let charge_ms = delay(labels.chargeback, labels.cut_days, chance);
    if is_warned {
        teller.dispute(stage, act, "early_warning", warning_ms);
        teller.label(stage, "fraud", "early_warning", warning_ms);
    }
    if is_charged {
        let after_ms =
            if is_warned { charge_ms.max(warning_ms + HOUR_MS as i64) } else { charge_ms };
        teller.chargeback(stage, act, after_ms);
    }
}

/// A report by the customer; a takeover also freezes the account and renews the card.
fn report(
    stage: &mut Stage<'_>,
    teller: &Teller,
    who: &Who<'_>,
    act: &Act<'_>,
    channel: Channel,
    cut_days: f64,
    chance: &mut Chance,
) {
    if !chance.hit(channel.probability) {
        return;
    }
    let delay_ms = delay(channel, cut_days, chance);
    teller.label(stage, "fraud", "customer_report", delay_ms);
    if 0 < who.story.stake_fen && who.story.vector != Some(Vector::V6) {
        let at_ms = teller.act_ms + delay_ms;
        let card = card_of(act).map_or(0, |card| card.key);
        stage.spawn(at_ms, Box::new(Freeze { account: who.account, card }));
    }
}

fn delay(channel: Channel, cut_days: f64, chance: &mut Chance) -> i64 {
    let days = chance.log_normal(channel.median_days, channel.sigma);
    (days.min(cut_days) * DAY_MS) as i64
}

/// Support freezes an account when its owner reports, and the issuer replaces the card.
struct Freeze {
    account: u64,
    /// The card that was used; 0 for none.
    card: u64,
}

impl Actor for Freeze {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let until_ms = stage.now_ms + FREEZE_MS;
        let (now_ms, renewed) = (stage.now_ms, stage.key());
        if let Some(account) = stage.accounts.get_mut(self.account) {
            account.frozen_until_ms = until_ms;
            // The schemes tell the wallet the new number, so that the card stays linked.
            if let Some(card) = account.cards.iter_mut().find(|card| card.key == self.card) {
                (card.key, card.linked_ms) = (renewed, now_ms);
            }
        }
        None
    }
}

/// What is told about one act.
struct Teller {
    event: EventId,
    act_ms: i64,
    loss_fen: i64,
}

impl Teller {
    fn label(&self, stage: &mut Stage<'_>, label: &str, source: &str, delay_ms: i64) {
        let known_ms = self.act_ms + delay_ms.max(1);
        let id = stage.event_id();
        let line = &mut stage.ledger.line;
        line.begin(id, "label", self.act_ms);
        line.word("channel", "batch");
        line.reference("ref_id", self.event);
        line.word("ref_type", "event");
        line.word("label", label);
        line.word("source", source);
        line.number("known_time_ms", known_ms);
        if 0 < self.loss_fen {
            line.number("loss_minor", self.loss_fen);
        }
        line.end();
        stage.outbox.post(known_ms, Kind::Label, stage.ledger.line.bytes());
    }

    /// A chargeback: the dispute, and the label that follows from it.
    fn chargeback(&self, stage: &mut Stage<'_>, act: &Act<'_>, delay_ms: i64) {
        self.dispute(stage, act, "chargeback", delay_ms);
        self.label(stage, "fraud", "chargeback", delay_ms);
    }

    fn dispute(&self, stage: &mut Stage<'_>, act: &Act<'_>, step: &str, delay_ms: i64) {
        let (Act::Pay(pay), Some(card)) = (act, card_of(act)) else { return };
        let known_ms = self.act_ms + delay_ms.max(1);
        let cents = stage.ground.rates.cents(pay.fen, self.act_ms);
        let (id, case) = (stage.event_id(), stage.key());
        let reason = match card.scheme {
            "visa" => "10.4",
            "mastercard" => "4837",
            "jcb" => "546",
            "amex" => "F29",
            _ => "UA02",
        };
        let line = &mut stage.ledger.line;
        line.begin(id, "dispute", known_ms);
        line.word("channel", "batch");
        line.id("dispute_id", b'z', case);
        line.made("payment_id", b'p', self.event);
        line.reference("ref_id", self.event);
        line.word("stage", step);
        line.word("network", card.scheme);
        line.word("reason_code", reason);
        line.flag("fraud_category", true);
        line.money(pay.fen, cents);
        line.number("known_time_ms", known_ms);
        line.end();
        stage.outbox.post(known_ms, Kind::Recorded, stage.ledger.line.bytes());
    }

    fn review(&self, stage: &mut Stage<'_>, verdict: &str, delay_ms: i64) {
        let known_ms = self.act_ms + delay_ms.max(1);
        let id = stage.event_id();
        let line = &mut stage.ledger.line;
        line.begin(id, "review_outcome", known_ms);
        line.word("channel", "batch");
        line.reference("ref_id", self.event);
        line.word("ref_type", "event");
        line.word("verdict", verdict);
        line.number("known_time_ms", known_ms);
        line.end();
        stage.outbox.post(known_ms, Kind::Recorded, stage.ledger.line.bytes());
    }
}
