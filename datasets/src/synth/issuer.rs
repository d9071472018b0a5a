//! Issuers and the wallet's own ledger: who says yes to what the wallet let through.

use super::act::{Act, Funding, Refusal, Who};
use super::asset::{Card, Health};
use super::batch::Kind;
use super::chance::{Chance, mix};
use super::express::{app, event_type};
use super::settings::Settings;
use super::stage::{Stage, card_of, money_of};
use super::wire::EventId;

/// A card is new to its use abroad for so long after it was linked.
const FIRST_USE_MS: i64 = 24 * 3_600_000;
/// What issuers suspect of stolen cards, at any amount and at a large one.
const SUSPECTED: f64 = 0.07;
const SUSPECTED_LARGE: f64 = 0.18;
/// From here on an amount is large, in CNY fen.
const LARGE_FEN: i64 = 3_000_00;
/// Share of honest link failures that typing again does not help.
const LINK_HOPELESS: f64 = 0.5;

/// Lets the issuer, or the ledger, answer a request that the wallet let through: nothing for
/// requests without money and card, else a refusal or none, and when it was known.
pub(super) fn answer(
    stage: &mut Stage<'_>,
    event: EventId,
    who: &Who<'_>,
    (act, is_proven): (&Act<'_>, bool),
    at_ms: i64,
) -> (Option<Refusal>, i64) {
    let card = card_of(act).filter(|_| !matches!(act, Act::Refund { .. }));
    if card.is_none() && money_of(act).is_none() {
        return (None, at_ms);
    }
    let refusal = card.and_then(|card| refuse(stage, who, act, card));
    let latency_ms = match (card, refusal) {
        (_, Some(Refusal::Technical)) => 8_000.0,
        (Some(_), _) => stage.chance.log_normal(420.0, 0.5),
        (None, _) => stage.chance.log_normal(70.0, 0.4),
    } as i64;
    let done_ms = at_ms + latency_ms;
    tell(stage, event, who, (act, is_proven), refusal, (done_ms, latency_ms));
    (refusal, done_ms)
}

/// Why the issuer of a card refuses, if it does.
fn refuse(stage: &mut Stage<'_>, who: &Who<'_>, act: &Act<'_>, card: &Card) -> Option<Refusal> {
    let now_ms = stage.now_ms;
    let is_down = |(issuer, until_ms): &(u32, i64)| *issuer == card.issuer && now_ms < *until_ms;
    if stage.ledger.outages.iter().any(is_down) {
        return Some(Refusal::Technical);
    }
    match card.health {
        Health::Invalid => return Some(Refusal::Data),
        Health::Blocked => return Some(Refusal::Blocked),
        Health::NotPermitted => return Some(Refusal::NotPermitted),
        Health::Live => {}
    }
    let settings = &stage.ground.settings;
    if let Act::Link { knows_cvv: false, .. } = act {
        return Some(Refusal::Data);
    }
    let fen = money_of(act).unwrap_or(0);
    // Honest holders know what their cards hold; how often they are wrong is a setting.
    if who.story.is_fraud() && card.limit_fen < fen {
        return Some(Refusal::Funds);
    }
    if card.is_stolen {
        let suspicion = if LARGE_FEN <= fen { SUSPECTED_LARGE } else { SUSPECTED };
        return stage.chance.hit(suspicion).then_some(Refusal::Suspicion);
    }
    if who.story.typology.is_some() {
        return stage.chance.hit(settings.issuers.declines.usual).then_some(Refusal::Funds);
    }
    let failing = settings.issuers.failing.iter().find(|(country, _)| *country == card.country);
    if let Some((_, share)) = failing {
        // An issuer under sanctions refuses the same card always.
        let lot = Chance::of(stage.ground.seed, &[card.key, 1]).unit();
        return (lot < *share).then_some(Refusal::NotPermitted);
    }
    if let Act::Link { .. } = act {
        return refuse_link(stage, card);
    }
    let is_first = card.linked_ms == 0 || now_ms - card.linked_ms < FIRST_USE_MS;
    let declines = &settings.issuers.declines;
    let share = if is_first { declines.first_abroad } else { declines.usual };
    stage.chance.hit(share).then(|| class(settings, &mut stage.chance))
}

/// A link of an honest card: some cards never work, others not at the first try.
fn refuse_link(stage: &mut Stage<'_>, card: &Card) -> Option<Refusal> {
    let links = &stage.ground.settings.links;
    let hopeless = 1.0 - links.after_retries;
    if Chance::of(stage.ground.seed, &[card.key, 2]).unit() < hopeless {
        return Some(Refusal::NotPermitted);
    }
    let retried = 1.0 - links.first_try / links.after_retries;
    if !stage.chance.hit(retried) {
        return None;
    }
    let is_typed_wrong = stage.chance.hit(LINK_HOPELESS);
    let settings = &stage.ground.settings;
    Some(if is_typed_wrong { Refusal::Data } else { class(settings, &mut stage.chance) })
}

/// The class of an issuer's decline of honest use.
fn class(settings: &Settings, chance: &mut Chance) -> Refusal {
    let classes = &settings.issuers.declines.classes;
    chance.weigh(&[
        (Refusal::Funds, classes.funds),
        (Refusal::NotPermitted, classes.not_permitted),
        (Refusal::Suspicion, classes.suspicion),
        (Refusal::Technical, classes.technical),
        (Refusal::Other, classes.other),
    ])
}

/// The words of an answer: outcome, class, response code.
fn words(refusal: Option<Refusal>, lot: u64) -> (&'static str, &'static str, &'static str) {
    let Some(refusal) = refusal else { return ("approved", "approved", "00") };
    let pick = |codes: &[(&'static str, &'static str)]| codes[lot as usize % codes.len()];
    let (class, code) = match refusal {
        Refusal::Funds => ("nsf", "51"),
        Refusal::NotPermitted => pick(&[("not_permitted", "57"), ("not_permitted", "62")]),
        Refusal::Suspicion => pick(&[
            ("suspected_fraud", "59"),
            ("do_not_honour", "05"),
            ("suspected_fraud", "63"),
            ("do_not_honour", "05"),
        ]),
        Refusal::Blocked => {
            pick(&[("hard_fraud", "43"), ("hard_fraud", "41"), ("hard_account", "46")])
        }
        Refusal::Data => pick(&[("data_error", "14"), ("data_error", "54"), ("data_error", "N7")]),
        Refusal::Technical => pick(&[("technical", "91"), ("technical", "96")]),
        Refusal::Other => pick(&[("other", "12"), ("attempts", "65")]),
    };
    ("declined", class, code)
}

fn tell(
    stage: &mut Stage<'_>,
    event: EventId,
    who: &Who<'_>,
    (act, is_proven): (&Act<'_>, bool),
    refusal: Option<Refusal>,
    (time_ms, latency_ms): (i64, i64),
) {
    let lot = mix(event.number, u64::from(event.shard));
    let (outcome, class, code) = words(refusal, lot);
    let id = stage.event_id();
    let line = &mut stage.ledger.line;
    line.begin(id, "auth_result", time_ms);
    line.word("channel", app(who.device.os));
    line.reference("ref_id", event);
    line.word("ref_type", event_type(act));
    let outcome =
        if refusal == Some(Refusal::Technical) && code == "91" { "timeout" } else { outcome };
    line.word("outcome", outcome);
    line.word("decline_class", class);
    line.word("de39", code);
    if let Act::Link { knows_cvv, .. } = act {
        let is_wrong = !knows_cvv || code == "N7";
        line.word("cvv_result", if is_wrong { "N" } else { "M" });
    }
    let is_by_card = matches!(
        act,
        Act::Pay(super::act::Pay { funding: Funding::Card(_), .. }) | Act::Load { .. }
    );
    if is_by_card {
        line.word("eci", if is_proven { "05" } else { "07" });
    }
    if let Some(fen) = money_of(act) {
        line.number("auth_amount_minor", fen);
    }
    line.number("latency_ms", latency_ms);
    line.end();
    stage.outbox.post(time_ms, Kind::Recorded, stage.ledger.line.bytes());
}
