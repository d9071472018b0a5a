//! Whether and when a refused card may be tried again.
//!
//! Schemes fine those who try a card again that will never pay, and cut off those who try too often.
//! Two refusals lead here. The issuer's comes as an event of its own: his code and the network's
//! advice say what may follow, and the refusals of the card so far, this one included, whether the
//! scheme's limit is reached. Ours is a verdict: what the scheme forbids stays forbidden, a cool-down
//! is the time to wait, and otherwise the code that we suggest means what it means from an issuer.
//! The tables are those of `features::scheme`.

use features::event::Event;
use features::field::{EventType, ids};
use features::scheme::{Answer, Refusals, Retry};

use crate::decision::{Decision, Modifier, Verdict};
use crate::situation::Situation;
use crate::stepup::three_ds::goes_to_issuer;

/// What may follow a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Nothing, with this card.
    NeverRetry,
    /// Nothing for now: the scheme's limit of attempts is reached.
    LimitReached,
    /// Another attempt with cardholder authentication.
    AuthenticateFirst,
    /// Another attempt once data are corrected, the card is activated or the bank is called.
    UpdateDataFirst,
    /// Another attempt later.
    RetryAfter {
        /// Milliseconds from the event; `None` when nobody says how long.
        ms: Option<i64>,
    },
}

impl Advice {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Advice::NeverRetry => "never_retry",
            Advice::LimitReached => "limit_reached",
            Advice::AuthenticateFirst => "authenticate_first",
            Advice::UpdateDataFirst => "update_data_first",
            Advice::RetryAfter { .. } => "retry_after",
        }
    }

    fn of(retry: Retry) -> Option<Advice> {
        match retry {
            Retry::NotNeeded => None,
            Retry::Never => Some(Advice::NeverRetry),
            Retry::AfterCorrection => Some(Advice::UpdateDataFirst),
            Retry::WithAuthentication => Some(Advice::AuthenticateFirst),
            Retry::Later => Some(Advice::RetryAfter { ms: None }),
            Retry::After { ms } => Some(Advice::RetryAfter { ms: Some(ms) }),
        }
    }
}

/// What may follow the issuer's answer that an event is, or the decline that it gets, with the
/// issuer's refusals of the card so far, this one included; `None` when nothing was refused.
pub fn advise(
    event: &Event,
    situation: &Situation,
    verdict: &Verdict,
) -> Option<(Advice, Refusals)> {
    let mut refusals = so_far(situation);
    if event.event_type() != EventType::AuthResult {
        return after_verdict(situation, &refusals, verdict).map(|advice| (advice, refusals));
    }
    if event.text(ids::OUTCOME) == Some("declined") {
        refusals.day += 1.0;
        refusals.month += 1.0;
        refusals.same_amount_month += 1.0;
    }
    let answer = Answer {
        network: event.text(ids::CARD_NETWORK).or(situation.card.network),
        de39: event.text(ids::DE39),
        class: event.text(ids::DECLINE_CLASS),
        mac: event.text(ids::MAC),
    };
    after_answer(&answer, &refusals).map(|advice| (advice, refusals))
}

/// The issuer's refusals of the card before this event.
fn so_far(situation: &Situation) -> Refusals {
    let card = &situation.card;
    Refusals {
        day: card.declined_24h,
        month: card.declined_30d,
        same_amount_month: card.declined_same_amount_30d,
    }
}

/// What may follow an issuer's answer, after so many refusals with this one; `None` when nothing was
/// refused or nothing is known.
fn after_answer(answer: &Answer<'_>, refusals: &Refusals) -> Option<Advice> {
    let retry = answer.retry();
    match retry {
        Some(Retry::NotNeeded | Retry::Never) => retry.and_then(Advice::of),
        _ if refusals.is_limit_reached(answer.network) => Some(Advice::LimitReached),
        _ => retry.and_then(Advice::of),
    }
}

/// What may follow our own decline of what would have gone to the card's issuer; `None` otherwise.
fn after_verdict(situation: &Situation, refusals: &Refusals, verdict: &Verdict) -> Option<Advice> {
    if verdict.decision != Decision::Decline || !goes_to_issuer(situation) {
        return None;
    }
    let card = &situation.card;
    if card.is_retry_blocked == Some(true) {
        let is_reached = refusals.is_limit_reached(card.network);
        return Some(if is_reached { Advice::LimitReached } else { Advice::NeverRetry });
    }
    let cooldown_ms = verdict.actions.iter().find_map(|action| match action {
        Modifier::BlockRetryFor { ms } => Some(*ms),
        _ => None,
    });
    if let Some(ms) = cooldown_ms {
        return Some(Advice::RetryAfter { ms: Some(ms) });
    }
    // What networks forbid after some codes of issuers is no judgement on ours.
    let suggested = Answer { de39: verdict.iso8583, ..Answer::default() };
    let advice = suggested.retry().and_then(Advice::of);
    Some(advice.unwrap_or(Advice::RetryAfter { ms: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Action;
    use crate::economics::Economics;
    use crate::reason::ReasonCode;
    use crate::resolve::{Class, Vote, resolve};
    use crate::situation::Funding;
    use crate::steering::Steering;
    use crate::vector;

    fn paying() -> Situation {
        let mut situation = Situation {
            event: Some(EventType::Payment),
            funding: Funding::Card,
            usd_minor: 14_000.0,
            ..Situation::unknown()
        };
        situation.card.network = Some("visa");
        situation.card.declined_24h = 2.0;
        situation.card.declined_30d = 9.0;
        situation.card.declined_same_amount_30d = 1.0;
        situation
    }

    fn refused(situation: &Situation, reason: &str, cooldown_ms: i64) -> Option<Advice> {
        let vote = Vote {
            rule: 1,
            class: Class::Hard,
            actions: vec![Action::Decline],
            effects: Vec::new(),
            reason: ReasonCode::find(reason).expect("a reason of the table"),
            message: None,
            suspects: [0.0; vector::COUNT],
            cooldown_ms,
        };
        let economics = Economics::default();
        let at_rest = Steering::at_rest(&economics);
        let verdict = resolve(situation, Some(0.1), &[&vote], &[], &[], &economics, at_rest);
        after_verdict(situation, &so_far(situation), &verdict)
    }

    #[test]
    fn the_issuers_word_is_kept_and_the_schemes_limit_outranks_a_later_try() {
        let few = Refusals { day: 1.0, month: 2.0, same_amount_month: 1.0 };
        let many = Refusals { day: 11.0, month: 16.0, same_amount_month: 36.0 };
        let hour = Advice::RetryAfter { ms: Some(3_600_000) };
        let later = Advice::RetryAfter { ms: None };
        // Network, code, advice; what follows after few refusals and after many.
        let table = [
            ("visa", "41", "", Some(Advice::NeverRetry), Some(Advice::NeverRetry)),
            ("visa", "05", "", Some(later), Some(Advice::LimitReached)),
            ("visa", "N7", "", Some(Advice::UpdateDataFirst), Some(Advice::LimitReached)),
            ("visa", "1A", "", Some(Advice::AuthenticateFirst), Some(Advice::LimitReached)),
            ("visa", "ZZ", "", None, Some(Advice::LimitReached)),
            ("visa", "00", "", None, None),
            ("mastercard", "51", "24", Some(hour), Some(Advice::LimitReached)),
            ("mastercard", "05", "03", Some(Advice::NeverRetry), Some(Advice::NeverRetry)),
            ("jcb", "51", "", Some(later), Some(later)),
        ];
        for (network, de39, mac, after_few, after_many) in table {
            let answer = Answer {
                network: Some(network),
                de39: Some(de39),
                mac: Some(mac).filter(|code| !code.is_empty()),
                class: None,
            };
            assert_eq!(after_answer(&answer, &few), after_few, "{network} {de39} {mac}");
            assert_eq!(after_answer(&answer, &many), after_many, "{network} {de39} {mac}");
        }
    }

    #[test]
    fn our_own_decline_says_what_may_follow() {
        let later = Advice::RetryAfter { ms: None };
        assert_eq!(refused(&paying(), "CARD_LOST_STOLEN", 0), Some(Advice::NeverRetry));
        assert_eq!(refused(&paying(), "CVV_FAILURES", 0), Some(Advice::UpdateDataFirst));
        assert_eq!(refused(&paying(), "DEVICE_MANY_CARDS", 0), Some(Advice::AuthenticateFirst));
        assert_eq!(refused(&paying(), "CARD_BLOCKLISTED", 0), Some(later));
        assert_eq!(refused(&paying(), "ACCOUNT_LINK_VELOCITY", 0), Some(later));
        let cooled = refused(&paying(), "DEVICE_MANY_CARDS", 3_600_000);
        let Some(Advice::RetryAfter { ms: Some(ms) }) = cooled else { panic!("{cooled:?}") };
        assert!((2_880_000..=4_320_000).contains(&ms), "{ms}");
    }

    #[test]
    fn what_the_scheme_forbids_outranks_a_cool_down() {
        let mut blocked = paying();
        blocked.card.is_retry_blocked = Some(true);
        let advice = refused(&blocked, "SCHEME_RETRY_BLOCK", 3_600_000);
        assert_eq!(advice, Some(Advice::NeverRetry));
        blocked.card.declined_30d = 16.0;
        let advice = refused(&blocked, "SCHEME_RETRY_BLOCK", 3_600_000);
        assert_eq!(advice, Some(Advice::LimitReached));
    }

    #[test]
    fn there_is_no_advice_where_no_issuer_would_have_been_asked_or_nothing_was_declined() {
        let balance = Situation { funding: Funding::Other, ..paying() };
        assert_eq!(refused(&balance, "CARD_LOST_STOLEN", 0), None);
        let login = Situation { event: Some(EventType::Login), ..paying() };
        assert_eq!(refused(&login, "CARD_LOST_STOLEN", 0), None);
        let economics = Economics::default();
        let at_rest = Steering::at_rest(&economics);
        let approved = resolve(&paying(), Some(0.000_1), &[], &[], &[], &economics, at_rest);
        assert_eq!(after_verdict(&paying(), &so_far(&paying()), &approved), None);
    }
}
