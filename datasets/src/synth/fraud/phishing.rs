//! T05, account takeover by phishing, without relay.
//!
//! A crew has the passwords that people typed into its page and works through them, some victims a
//! day: a login from its own phone, a password reset for some, a factor or a higher limit, then
//! purchases or stolen cards of other people, for nearly all that the account can reach, within the
//! hour. Where the wallet asks for a code, nearly all of it ends there; some crews have stolen a
//! session instead and need no login.
//!
//! What this story shares with the other takeovers is beneath it: who acts ([`intruder`]), from the
//! login to the last purchase ([`takeover`]), and the spending ([`spree`]).

use crate::synth::crew::{Brief, Playbook};
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Typology, Vector};

pub(super) mod intruder;
pub(super) mod spree;
pub(super) mod takeover;

use takeover::{Line, Means, Takeover};

/// T05.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::TakeoverByPhishing, events: 28.0, least: 6.0, begin };

/// Victims of a crew on a day.
const VICTIMS: (i64, i64) = (5, 20);

/// What a password and no code gives.
const MEANS: Means = Means {
    typology: Typology::TakeoverByPhishing,
    vector: Vector::V2,
    method: "password",
    hijacked: 0.2,
    relay_ms: None,
    lured: 0.12,
    near: 0.15,
    lines: [(Line::Home, 0.25), (Line::Mobile, 0.3), (Line::Vpn, 0.3), (Line::Hosting, 0.15)],
    password_reset: 0.35,
    factor_add: 0.5,
    limit_raise: 0.25,
    other_cards: 0.35,
    share: (0.8, 1.0),
    insists: 0.5,
};

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    Some(Box::new(Takeover::shift(stage, &MEANS, brief, VICTIMS)?))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::{Played, play, text};

    static BOOK: Playbook = PLAYBOOK;

    fn honest_phones(played: &Played) -> BTreeSet<(String, String)> {
        let frauds: BTreeSet<usize> = played.truths.iter().map(|(place, _)| *place).collect();
        let all = played.events.iter().enumerate();
        all.filter(|(place, _)| !frauds.contains(place))
            .map(|(_, event)| event)
            .filter(|event| event.is_score_requested() && event.has(ids::DEVICE_DEVICE_ID))
            .map(|event| (text(event, ids::ACCOUNT_ID), text(event, ids::DEVICE_DEVICE_ID)))
            .map(|(account, device)| (account.to_owned(), device.to_owned()))
            .collect()
    }

    #[test]
    fn a_takeover_comes_from_a_phone_that_its_victim_never_used() {
        let played = play(&BOOK, 5, 6);
        let own = honest_phones(&played);
        let logins = played.frauds(EventType::Login);
        assert!(20 < logins.len(), "{}", logins.len());
        for (login, truth) in logins {
            let account = text(login, ids::ACCOUNT_ID).to_owned();
            let device = text(login, ids::DEVICE_DEVICE_ID).to_owned();
            assert!(!own.contains(&(account, device)), "{}", login.json());
            assert_eq!(truth.vector(), Some("V2"));
        }
    }

    #[test]
    fn a_shift_goes_from_victim_to_victim_and_the_code_ends_most_of_it() {
        let played = play(&BOOK, 6, 6);
        let mut victims: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
        let logins = played.frauds(EventType::Login);
        for (login, truth) in &logins {
            let account = text(login, ids::ACCOUNT_ID);
            victims.entry(truth.episode()).or_default().insert(account);
        }
        let most = victims.values().map(BTreeSet::len).max();
        assert!(most.is_some_and(|most| (5..=20).contains(&most)), "{most:?}");
        let payments = played.frauds(EventType::Payment);
        let emptied: BTreeSet<&str> =
            payments.iter().map(|(payment, _)| text(payment, ids::ACCOUNT_ID)).collect();
        let tried: BTreeSet<&str> = logins.iter().map(|(l, _)| text(l, ids::ACCOUNT_ID)).collect();
        assert!(!emptied.is_empty() && emptied.len() < tried.len(), "{}", emptied.len());
    }

    #[test]
    fn every_payment_of_a_takeover_has_its_amount_at_stake_and_no_login_has() {
        let played = play(&BOOK, 7, 4);
        for (payment, truth) in played.frauds(EventType::Payment) {
            assert_eq!(payment.number(ids::BASE_MINOR) as i64, truth.stake_fen());
        }
        for (_, truth) in played.frauds(EventType::Login) {
            assert_eq!(truth.stake_fen(), 0);
        }
    }

    #[test]
    fn an_episode_has_as_many_events_as_the_playbook_says() {
        let measured = play(&BOOK, 9, 14).events_per_episode();
        assert!((0.67..1.5).contains(&(measured / BOOK.events)), "{measured}");
    }
}
