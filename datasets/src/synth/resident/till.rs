//! A purchase, and what an honest customer does when it does not go through.
//!
//! Most try again, some with another card, some with less; nobody more than three times. After an
//! issuer's refusal the further tries are the look-alike of card testing (L05) and are told as
//! such. A purchase is a value that survives from one step to the next; the card is named by its
//! key, as it may have left the account by then.

use super::super::act::{Act, Ending, Extra, Funding, Pay, Refusal, Who};
use super::super::asset::{Card, Merchant};
use super::super::chance::Chance;
use super::super::stage::Stage;
use super::super::story::{LookAlike, Story};
use super::customer::{Customer, insists, pause};

/// What pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// The linked card with this key.
    Card(u64),
    /// The wallet balance.
    Balance,
}

/// Something to be bought.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purchase {
    pub(crate) kind: &'static str,
    pub(crate) fen: i64,
    pub(crate) merchant: Merchant,
    pub(crate) extra: Extra,
    pub(crate) means: Means,
    /// What it looks like; `None` leaves that to whoever buys.
    pub(crate) look: Option<LookAlike>,
    /// Tries so far.
    pub(crate) tries: u8,
}

/// What came of a try.
#[derive(Debug)]
pub(crate) enum After {
    /// It is paid, by the event of this number; by this card, if by a card.
    Paid { event: u64, at_ms: i64, card: Option<Card> },
    /// It is tried again then, in this way.
    Again { at_ms: i64, purchase: Purchase },
    /// The customer goes without.
    Over,
    /// The account is frozen.
    Frozen,
}

/// A card other than the usual one is taken so often.
const OTHER_CARD: f64 = 0.15;
/// Payments for which a card is tried whose issuer refuses nearly everything.
const HOPES: f64 = 0.15;
/// After a stop by the wallet: share that take another card, and share that pay less.
const STOPPED_OTHER_CARD: f64 = 0.35;
const STOPPED_LESS: f64 = 0.25;
/// Short of money: share that take another card, if there is one.
const SHORT_OTHER_CARD: f64 = 0.6;
/// Nobody splits a purchase below this, in CNY fen.
const LEAST_FEN: i64 = 100;

impl Means {
    /// What this customer would pay so much with; `None` when there is nothing.
    pub(crate) fn choose(stage: &mut Stage<'_>, customer: &Customer, fen: i64) -> Option<Means> {
        let is_enough = fen <= customer.balance_fen;
        if is_enough && (customer.cards == 0 || customer.pays_from_balance()) {
            return Some(Means::Balance);
        }
        let failing = &stage.ground.settings.issuers.failing;
        let hopes = stage.chance.hit(HOPES);
        // Whose issuer refuses nearly everything has learnt it.
        let is_tried =
            |card: &&Card| hopes || failing.iter().all(|(country, _)| *country != card.country);
        let cards = stage.accounts.get(customer.key)?.cards.iter().filter(is_tried);
        let place = if stage.chance.hit(OTHER_CARD) {
            stage.chance.below(cards.clone().count() as u64) as usize
        } else {
            0
        };
        let card = cards.clone().nth(place).map(|card| Means::Card(card.key));
        card.or(is_enough.then_some(Means::Balance))
    }
}

impl Purchase {
    /// Tries to pay.
    pub(crate) fn pay(self, stage: &mut Stage<'_>, who: &Who<'_>) -> After {
        let card = match self.means {
            Means::Card(key) => {
                let account = stage.accounts.get(who.account);
                let card = account.and_then(|a| a.cards.iter().find(|card| card.key == key));
                if card.is_none() {
                    return After::Over;
                }
                card.copied()
            }
            Means::Balance => None,
        };
        let funding = card.as_ref().map_or(Funding::Balance, Funding::Card);
        let Purchase { kind, fen, extra, .. } = self;
        let story = self.look.map_or(who.story, Story::like);
        let pay = Pay { kind, fen, funding, merchant: &self.merchant, extra };
        let outcome = stage.attempt(&Who { story, ..*who }, &Act::Pay(pay));
        match outcome.ending {
            Ending::Done => After::Paid { event: outcome.event, at_ms: outcome.at_ms, card },
            Ending::Void if card.is_some() => After::Frozen,
            ending => match self.next(stage, who.account, ending) {
                Some(purchase) => {
                    let at_ms = pause(&mut stage.chance, outcome.at_ms);
                    After::Again { at_ms, purchase }
                }
                None => After::Over,
            },
        }
    }

    /// The next try, if there is one.
    fn next(self, stage: &mut Stage<'_>, account: u64, ending: Ending) -> Option<Purchase> {
        let next = Purchase { tries: self.tries + 1, ..self };
        if ending == Ending::Void {
            // The balance went elsewhere meanwhile: a card may help.
            return next.by_other_card(stage, account).filter(|_| self.tries == 0);
        }
        if !insists(&mut stage.chance, ending, self.tries) {
            return None;
        }
        let Ending::Refused(refusal) = ending else {
            return Some(next.around_a_stop(stage, account));
        };
        let next = Purchase { look: next.look.or(Some(LookAlike::IssuerDeclineRetry)), ..next };
        match refusal {
            Refusal::Technical => Some(next),
            Refusal::Funds if !stage.chance.hit(SHORT_OTHER_CARD) => {
                Some(next.for_less(&mut stage.chance))
            }
            Refusal::Funds => {
                let other = next.by_other_card(stage, account);
                Some(other.unwrap_or_else(|| next.for_less(&mut stage.chance)))
            }
            Refusal::Suspicion | Refusal::Other => {
                Some(next.by_other_card(stage, account).unwrap_or(next))
            }
            Refusal::NotPermitted | Refusal::Blocked | Refusal::Data => {
                next.by_other_card(stage, account)
            }
        }
    }

    fn around_a_stop(self, stage: &mut Stage<'_>, account: u64) -> Purchase {
        let lot = stage.chance.unit();
        if lot < STOPPED_OTHER_CARD {
            self.by_other_card(stage, account).unwrap_or(self)
        } else if lot < STOPPED_OTHER_CARD + STOPPED_LESS {
            self.for_less(&mut stage.chance)
        } else {
            self
        }
    }

    fn by_other_card(self, stage: &mut Stage<'_>, account: u64) -> Option<Purchase> {
        let cards = &stage.accounts.get(account)?.cards;
        let others = cards.iter().filter(|card| self.means != Means::Card(card.key));
        let place = stage.chance.below(others.clone().count() as u64) as usize;
        let other = others.clone().nth(place)?;
        Some(Purchase { means: Means::Card(other.key), ..self })
    }

    fn for_less(self, chance: &mut Chance) -> Purchase {
        let fen = (self.fen as f64 * (0.3 + 0.5 * chance.unit())) as i64;
        Purchase { fen: fen.max(LEAST_FEN.min(self.fen)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use features::event::Event;
    use features::field::{EventType, ids};

    use super::super::super::tests_support::{START_MS, text};
    use super::super::super::{Answer, Ask, Atlas, Options, PlainWallet, Settings, Wallet, World};

    /// Declines everything of one type.
    struct Stern(&'static str);

    impl Wallet for Stern {
        fn decide(&mut self, ask: &Ask<'_>) -> Answer {
            if ask.event_type == self.0 { Answer::Decline } else { Answer::Approve }
        }

        fn record(&mut self, _line: &str) {}
    }

    /// Payments in a week of residents against this wallet.
    fn payments(wallet: &mut dyn Wallet) -> Vec<Event> {
        let mut settings = Settings::default();
        settings.fraud.prevalence_bps = 1e-9;
        let personas = &mut settings.personas;
        personas.resident.share += personas.tourist.share + personas.business.share;
        (personas.tourist.share, personas.business.share) = (0.0, 0.0);
        let (seed, days, accounts, start_ms) = (6, 7, 200, START_MS);
        let atlas = Atlas::built_in();
        let options =
            Options { seed, days, accounts, start_ms, peaks: Vec::new(), settings, atlas };
        let mut world = World::new(options).unwrap();
        let mut found = Vec::new();
        while world.play_step(wallet) {
            for emitted in world.events() {
                let event = Event::read(emitted.line.as_bytes(), None).unwrap();
                let is_residents = text(&event, ids::ACCOUNT_RESIDENCE_COUNTRY) == "CN";
                if is_residents && event.event_type() == EventType::Payment {
                    found.push(event);
                }
            }
        }
        found
    }

    #[test]
    fn whoever_is_stopped_tries_again_once_or_twice_and_then_lets_it_be() {
        let usual = payments(&mut PlainWallet).len() as f64;
        let stopped = payments(&mut Stern("payment")).len() as f64;
        // 1 + 0.45 + 0.45^2, and fewer where nothing is bought first.
        let ratio = stopped / usual;
        assert!((1.3..1.8).contains(&ratio), "{stopped} instead of {usual}");
    }

    #[test]
    fn whoever_is_not_let_in_pays_nothing() {
        let usual = payments(&mut PlainWallet).len();
        let kept_out = payments(&mut Stern("login"));
        // What is left happens in sessions that were opened for one purchase.
        assert!(12 * kept_out.len() < usual, "{} of {usual}", kept_out.len());
    }
}
