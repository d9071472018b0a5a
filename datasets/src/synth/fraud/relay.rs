//! T06, account takeover by a relay between victim and wallet.
//!
//! The victim types password and code into a page that passes both on while the code is still
//! fresh: the login succeeds, only later than a hand would be, and from another address than the
//! code was typed at. The crew then uses the session as in phishing. It resists any code, and dies
//! on a passkey, which knows the page it is asked by. Lines are data centres, or homes in the
//! victim's country that the crew rents.

use super::phishing::takeover::{Line, Means, Takeover};
use crate::synth::crew::{Brief, Playbook};
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Typology, Vector};

/// T06.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::TakeoverByRelay, events: 54.0, least: 6.0, begin };

/// Victims of a relay on a day: each needs somebody who answers the message right now.
const VICTIMS: (i64, i64) = (4, 14);

/// What a password and a code relayed at once give.
const MEANS: Means = Means {
    typology: Typology::TakeoverByRelay,
    vector: Vector::V3,
    method: "otp_sms",
    hijacked: 0.0,
    relay_ms: Some((6_000, 20_000)),
    lured: 0.6,
    near: 0.5,
    lines: [(Line::Home, 0.06), (Line::Mobile, 0.06), (Line::Vpn, 0.18), (Line::Hosting, 0.7)],
    password_reset: 0.2,
    factor_add: 0.5,
    limit_raise: 0.25,
    other_cards: 0.3,
    share: (0.8, 1.0),
    insists: 0.15,
};

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    Some(Box::new(Takeover::shift(stage, &MEANS, brief, VICTIMS)?))
}

#[cfg(test)]
mod tests {
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::{play, text};

    static BOOK: Playbook = PLAYBOOK;

    #[test]
    fn a_relayed_code_comes_late_and_mostly_from_another_address() {
        let played = play(&BOOK, 5, 6);
        let logins = played.frauds(EventType::Login);
        assert!(20 < logins.len(), "{}", logins.len());
        let mut elsewhere = 0;
        for (login, truth) in &logins {
            let late_ms = login.number(ids::RELAY_LATENCY_MS);
            assert!(6_000.0 < late_ms && late_ms < 120_000.0, "{late_ms}");
            assert_eq!(truth.vector(), Some("V3"));
            let typed_at = text(login, ids::OTP_ENTRY_IP);
            elsewhere += usize::from(typed_at != text(login, ids::NETWORK_IP));
        }
        assert!(logins.len() < 2 * elsewhere && elsewhere < logins.len(), "{elsewhere}");
    }

    #[test]
    fn most_sessions_are_led_into_by_a_link_and_not_all() {
        let played = play(&BOOK, 6, 6);
        let logins = played.frauds(EventType::Login);
        let is_lured = |referrer: &str| matches!(referrer, "web_link" | "message_link");
        let lured =
            logins.iter().filter(|(login, _)| is_lured(text(login, ids::AUTH_CTX_REFERRER)));
        let share = lured.count() as f64 / logins.len() as f64;
        assert!((0.4..0.8).contains(&share), "{share}");
    }

    #[test]
    fn a_relay_gets_through_where_a_password_does_not() {
        let played = play(&BOOK, 7, 6);
        let logins = played.frauds(EventType::Login);
        let through = logins.iter().filter(|(_, truth)| !truth.is_stopped()).count();
        assert!(logins.len() < 2 * through, "{through} of {}", logins.len());
    }

    #[test]
    fn an_episode_has_as_many_events_as_the_playbook_says() {
        let measured = play(&BOOK, 9, 14).events_per_episode();
        assert!((0.67..1.5).contains(&(measured / BOOK.events)), "{measured}");
    }
}
