//! Second factors as people and crooks meet them: who passes, who gives up, how long it takes.
//!
//! These are the world's truths, not the engine's beliefs about them, though both start from the
//! same published figures. The rightful user passes, fails or abandons by factor; a crook passes by
//! what his attack can do with the factor. A person on offer takes the first factor; after a failure
//! (not when giving up) some try the next. A crook takes the one that he is likeliest to pass. An
//! issuer that may choose answers most customers silently, few thieves, and challenges the rest.

use super::act::{Act, Ending, Funding, Pay, Who};
use super::asset::Country;
use super::batch::Kind;
use super::chance::Chance;
use super::express::{app, phone_prefix};
use super::stage::Stage;
use super::story::Vector;
use super::wallet::Answer;
use super::wire::EventId;

/// A factor as the world knows it.
struct Factor {
    name: &'static str,
    /// Share of rightful users who pass.
    success: f64,
    /// Share of rightful users who give up.
    abandon: f64,
    /// Median time it takes, in seconds.
    seconds: f64,
    /// Probability that an attack passes, V1 to V9.
    bypass: [f64; 9],
}

const fn factor(
    name: &'static str,
    success: f64,
    abandon: f64,
    seconds: f64,
    bypass: [f64; 9],
) -> Factor {
    Factor { name, success, abandon, seconds, bypass }
}

// A table reads by columns, so it is laid out by hand.
#[rustfmt::skip]
const FACTORS: [Factor; 14] = [
    factor("passkey",              0.97, 0.02,     4.0, [0.95, 0.01, 0.01, 0.02, 0.35, 0.95, 0.98, 0.99, 0.30]),
    factor("device_biometric",     0.97, 0.02,     3.0, [0.95, 0.02, 0.05, 0.05, 0.30, 0.95, 0.98, 0.99, 0.40]),
    factor("push_number_match",    0.90, 0.07,    10.0, [0.95, 0.03, 0.25, 0.05, 0.45, 0.90, 0.98, 0.99, 0.30]),
    factor("totp",                 0.91, 0.06,    14.0, [0.95, 0.04, 0.60, 0.10, 0.50, 0.90, 0.98, 0.99, 0.60]),
    factor("sms_otp",              0.86, 0.10,    22.0, [0.93, 0.06, 0.65, 0.97, 0.60, 0.92, 0.97, 0.98, 0.50]),
    factor("payment_pin",          0.95, 0.03,     5.0, [0.95, 0.35, 0.75, 0.60, 0.45, 0.95, 0.99, 0.99, 0.60]),
    factor("cvv_reentry",          0.93, 0.05,     8.0, [0.85, 0.55, 0.75, 0.60, 0.50, 0.95, 0.90, 0.99, 0.25]),
    factor("three_ds_challenge",   0.80, 0.14,    35.0, [0.08, 0.25, 0.45, 0.50, 0.40, 0.85, 0.60, 0.97, 0.03]),
    factor(FRICTIONLESS,           0.99, 0.00,     2.0, [0.30, 0.40, 0.50, 0.50, 0.60, 0.95, 0.90, 0.99, 0.05]),
    factor("micro_amount",         0.55, 0.40, 7_200.0, [0.10, 0.40, 0.45, 0.45, 0.40, 0.80, 0.60, 0.97, 0.05]),
    factor("passport_selfie",      0.60, 0.35,   120.0, [0.12, 0.04, 0.08, 0.05, 0.10, 0.70, 0.55, 0.90, 0.02]),
    factor("support_callback",     0.50, 0.45,   600.0, [0.40, 0.15, 0.20, 0.30, 0.15, 0.60, 0.80, 0.95, 0.02]),
    factor("cool_off_hold",        0.90, 0.10, 86_400.0, [0.35, 0.30, 0.30, 0.30, 0.35, 0.45, 0.70, 0.97, 0.50]),
    factor("warning_interstitial", 0.97, 0.03,     6.0, [1.0, 1.0, 1.0, 1.0, 1.0, 0.70, 0.98, 1.0, 1.0]),
];

/// The issuer's own choice of how to authenticate; the bypass in its row are silent answers.
const FRICTIONLESS: &str = "three_ds_frictionless";
/// Shops for dear things by `mcc` (luxury, electronics, jewellery), and the price, in CNY fen, from
/// which they have the issuer asked while it is typed in.
const DEAR_MCCS: [u16; 4] = [5309, 5732, 5944, 5948];
const DEAR_FEN: i64 = 900_00;
/// Share of people whom an issuer that may choose answers silently.
const ISSUER_SILENT: f64 = 0.64;
/// Success of a code by text message when the phone roams.
const SMS_ROAMING_SUCCESS: f64 = 0.72;
/// Share of people who try the next factor after they failed one.
const TRY_NEXT: f64 = 0.4;
/// Deviation of the logarithm of the time a factor takes.
const TIME_SIGMA: f64 = 0.5;
/// The wallet shows the challenge so long after the request.
const SHOWN_AFTER_MS: i64 = 400;

/// How a challenge ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    Won { at_ms: i64 },
    Lost { ending: Ending, at_ms: i64 },
}

impl Trial {
    pub(super) fn at_ms(self) -> i64 {
        match self {
            Trial::Won { at_ms } | Trial::Lost { at_ms, .. } => at_ms,
        }
    }
}

/// Plays the challenge that a wallet answered with.
pub(super) fn play(
    stage: &mut Stage<'_>,
    event: EventId,
    who: &Who<'_>,
    act: &Act<'_>,
    answer: &Answer,
) -> Trial {
    let Answer::Challenge { factors, is_all } = answer else {
        return Trial::Won { at_ms: stage.now_ms };
    };
    let mut offered: Vec<&Factor> = factors.iter().filter_map(|name| find(name)).collect();
    let mut at_ms = stage.now_ms + SHOWN_AFTER_MS;
    if offered.is_empty() {
        return Trial::Lost { ending: Ending::Blocked, at_ms };
    }
    if let (Some(vector), false) = (who.story.vector, is_all) {
        offered.sort_by(|a, b| b.bypass[vector as usize].total_cmp(&a.bypass[vector as usize]));
    }
    let mut ending = Ending::Abandoned;
    for (place, factor) in offered.iter().enumerate() {
        let factor = met(&mut stage.chance, factor, who);
        let result = draw(&mut stage.chance, factor, who);
        let took_s = stage.chance.log_normal(factor.seconds, TIME_SIGMA);
        let done_ms = at_ms + (took_s * 1_000.0) as i64;
        tell(stage, event, who, act, factor, result, (at_ms, done_ms));
        at_ms = done_ms;
        match (result, is_all) {
            ("passed", false) => return Trial::Won { at_ms },
            ("passed", true) if place + 1 == offered.len() => return Trial::Won { at_ms },
            ("passed", true) => {}
            ("failed", false) if stage.chance.hit(TRY_NEXT) => ending = Ending::Failed,
            ("failed", _) => return Trial::Lost { ending: Ending::Failed, at_ms },
            _ => return Trial::Lost { ending: Ending::Abandoned, at_ms },
        }
    }
    Trial::Lost { ending, at_ms }
}

/// Whether the issuer authenticated the cardholder before the wallet was asked: a shop for dear things
/// has him asked at the counter. Who does not pass says that he has no time, and pays without it.
pub(super) fn is_proven_before(chance: &mut Chance, who: &Who<'_>, act: &Act<'_>) -> bool {
    let Act::Pay(Pay { fen, funding: Funding::Card(_), merchant, .. }) = act else { return false };
    let is_asked = DEAR_FEN <= *fen && DEAR_MCCS.contains(&merchant.mcc);
    is_asked && find("three_ds_challenge").is_some_and(|asked| draw(chance, asked, who) == "passed")
}

fn find(name: &str) -> Option<&'static Factor> {
    FACTORS.iter().find(|factor| factor.name == name)
}

/// What the customer meets: where the issuer may choose, its challenge unless it answers silently.
fn met(chance: &mut Chance, factor: &'static Factor, who: &Who<'_>) -> &'static Factor {
    if factor.name != FRICTIONLESS {
        return factor;
    }
    let share = who.story.vector.map_or(ISSUER_SILENT, |vector| factor.bypass[vector as usize]);
    let challenge = find("three_ds_challenge").unwrap_or(factor);
    if chance.hit(share) { factor } else { challenge }
}

/// What becomes of one factor.
fn draw(chance: &mut Chance, factor: &Factor, who: &Who<'_>) -> &'static str {
    let (success, abandon) = match who.story.vector {
        Some(vector) => {
            // Whom the issuer answered silently is in.
            let is_in = factor.name == FRICTIONLESS;
            let bypass = if is_in { 1.0 } else { factor.bypass[vector as usize] };
            (bypass, (1.0 - bypass) / 2.0)
        }
        None if factor.name == "sms_otp" && who.device.is_roaming => {
            (SMS_ROAMING_SUCCESS, factor.abandon)
        }
        None => (factor.success, factor.abandon),
    };
    let lot = chance.unit();
    if lot < success {
        "passed"
    } else if lot < success + abandon {
        "abandoned"
    } else {
        "failed"
    }
}

/// The events of one factor: issued and answered.
fn tell(
    stage: &mut Stage<'_>,
    event: EventId,
    who: &Who<'_>,
    act: &Act<'_>,
    factor: &Factor,
    result: &str,
    (issued_ms, done_ms): (i64, i64),
) {
    let challenge = stage.key();
    let country = stage.accounts.get(who.account).map(|account| account.holder.phone_country);
    let is_relayed = who.story.vector == Some(Vector::V3);
    for (time_ms, event_type) in [(issued_ms, "challenge_issued"), (done_ms, "challenge_result")] {
        let id = stage.event_id();
        let line = &mut stage.ledger.line;
        line.begin(id, event_type, time_ms);
        line.word("channel", app(who.device.os));
        line.id("challenge_id", b'z', challenge);
        line.reference("ref_id", event);
        line.word("ref_type", super::express::event_type(act));
        line.word("factor", factor.name);
        if factor.name == "sms_otp" {
            line.word("dest_prefix", phone_prefix(country.unwrap_or(Country::CN)));
        }
        if event_type == "challenge_result" {
            let is_silent = result == "passed" && factor.name == FRICTIONLESS;
            line.word("result", if is_silent { "issuer_frictionless" } else { result });
            line.number("attempts", if result == "failed" { 3 } else { 1 });
            line.number("duration_ms", done_ms - issued_ms);
            if factor.name.starts_with("three_ds") {
                line.word("trans_status", if result == "passed" { "Y" } else { "N" });
                line.word("eci", if result == "passed" { "05" } else { "07" });
            }
            line.flag("answer_ip_same", !is_relayed);
            line.flag("answer_device_same", !is_relayed && factor.name != "push_number_match");
        }
        line.end();
        stage.outbox.post(time_ms, Kind::Recorded, stage.ledger.line.bytes());
    }
    if result == "passed" && who.story.vector.is_none() {
        let is_strong = matches!(
            factor.name,
            "passkey" | "device_biometric" | "push_number_match" | "passport_selfie"
        );
        let account = stage.accounts.get_mut(who.account);
        if let Some(account) = account.filter(|_| is_strong) {
            account.strong_auth_ms = done_ms;
            if factor.name == "passport_selfie" {
                account.kyc = account.kyc.max(3);
                account.factors.passport = done_ms;
            }
        }
    }
}
