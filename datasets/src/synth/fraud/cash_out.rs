//! T03, a stolen card in a fresh wallet, cashed out at codes.
//!
//! A thief opens a wallet on a clean phone, links one or two cards that bear another name, and
//! within an hour or so buys what sells again: electronics, gold, gift cards, or nothing at all
//! from a friend with a code of his own, who keeps a share. Amounts rise while the card bears it;
//! after two refusals it is the next card's turn. Crews that learn buy aged accounts with some
//! small honest spend, cards in the account's name, and leave a linked card alone for days; they
//! ask for less, and split the work over wallets that take one after the other.
//!
//! [`thief`] is shared with the other stories of stolen cards.

pub(super) mod thief;

use self::thief::{
    HOUR_MS, MINUTE_MS, Thief, Till, after, goes_on, is_good, is_prepared, log_uniform, paced,
    price_fen, rest_ms, uniform,
};
use crate::synth::act::{Ending, Extra, Funding, Outcome, Refusal};
use crate::synth::asset::{Country, Device, Merchant, Network};
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::StolenCardCashOut, events: 8.6, least: 8.6, begin };

/// Payments, and within how many minutes.
const PAYMENTS: (i64, i64) = (3, 12);
const WINDOW_MIN: (f64, f64) = (5.0, 180.0);
/// The first amount and the largest, in yuan, and by how much the next one is larger.
const FIRST_YUAN: (f64, f64) = (300.0, 1_400.0);
const LARGEST_YUAN: f64 = 4_800.0;
const SMALLEST_YUAN: f64 = 60.0;
const RISE: (f64, f64) = (1.02, 1.45);
/// Of an amount that the wallet stopped, so much is tried next.
const RETREAT: f64 = 0.6;
/// Share of thieves with two cards; cards that are tried in place of dead ones.
const TWO_CARDS: f64 = 0.45;
const SPARE_CARDS: u8 = 2;
/// Refusals on one card before the next.
const REFUSALS: u8 = 2;
/// Share of thieves with a friend who takes payments, of his payments, and of those from afar.
const FRIEND: f64 = 0.35;
const AT_FRIEND: f64 = 0.8;
const FROM_AFAR: f64 = 0.3;
/// Wallets that the work is split over, at most.
const WALLETS_MAX: u32 = 5;
/// Share of thieves with a SIM card of China.
const LOCAL_SIM: f64 = 0.5;
/// Payments for cover on a bought account.
const COVER: (i64, i64) = (1, 3);

/// Trades that a friend's shop is registered for, with what it says it sells.
const FRONTS: [((u16, &str), f64); 5] = [
    ((5999, "physical"), 3.0),
    ((5812, "service"), 2.0),
    ((5732, "physical"), 2.0),
    ((5944, "physical"), 1.0),
    ((5947, "giftcard"), 1.0),
];
/// Share of friends who take cards on a code of their own, which a wallet forbids.
const PERSONAL_CODE: f64 = 0.06;

/// A thief who cashes out.
#[derive(Debug)]
struct CashOut {
    brief: Brief,
    /// In his wallet, once he has entered one.
    thief: Option<Thief>,
    from: Country,
    city: u16,
    friend: Option<Merchant>,
    is_afar: bool,
    wallets_left: u32,
    payments_a_wallet: i64,
    window_ms: f64,
    /// In this wallet: cards to use and to try, the card at hand, payments, the next amount.
    cards_left: u8,
    spares_left: u8,
    links: u8,
    card: u64,
    payments_left: i64,
    yuan: f64,
    refusals: u8,
    phase: Phase,
}

/// What he does next.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Opens the wallet, or enters a bought one.
    Enter,
    /// Buys something small with a card of the account's own, so many times.
    Cover(i64),
    /// Links the next stolen card.
    Link,
    /// Spends.
    Spend,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let ground = stage.ground;
    let city = ground.atlas.china(&mut stage.chance);
    let from = ground.atlas.home_country(&ground.settings, &mut stage.chance);
    let friend = stage.chance.hit(FRIEND).then(|| befriend(stage, city));
    let most = PAYMENTS.0 + ((PAYMENTS.1 - PAYMENTS.0) as f64 * brief.size).ceil() as i64;
    let payments = stage.chance.between(PAYMENTS.0, most);
    let wallets = craft.spread.clamp(1, WALLETS_MAX);
    let mut actor = CashOut {
        brief,
        thief: None,
        from,
        city,
        friend,
        is_afar: friend.is_some() && stage.chance.hit(FROM_AFAR),
        wallets_left: wallets,
        payments_a_wallet: (payments + i64::from(wallets) - 1) / i64::from(wallets),
        window_ms: log_uniform(&mut stage.chance, WINDOW_MIN) * MINUTE_MS,
        cards_left: 0,
        spares_left: 0,
        links: 0,
        card: 0,
        payments_left: 0,
        yuan: 0.0,
        refusals: 0,
        phase: Phase::Enter,
    };
    actor.unpack(stage, &craft);
    Some(Box::new(actor))
}

/// A friend with a code: a young micro merchant who is paid out the same day.
fn befriend(stage: &mut Stage<'_>, city: u16) -> Merchant {
    let (key, now_ms) = (stage.key(), stage.now_ms);
    let chance = &mut stage.chance;
    let (mcc, goods) = chance.weigh(&FRONTS);
    let age_days = uniform(chance, (3.0, 60.0));
    Merchant {
        key,
        mcc,
        place: Some(stage.ground.atlas.near(city, 6.0, chance)),
        country: Country::CN,
        onboarded_ms: now_ms - (age_days * thief::DAY_MS) as i64,
        qr: key,
        terminal: 0,
        tier: "micro",
        settlement: "t0",
        is_personal: chance.hit(PERSONAL_CODE),
        goods,
    }
}

/// A wallet on a phone in this city. Who hides claims to come from where the cards do.
pub(super) fn settle(
    stage: &mut Stage<'_>,
    crew: u64,
    craft: &Craft,
    from: Country,
    city: u16,
) -> Thief {
    let (ground, key) = (stage.ground, stage.key());
    let chance = &mut stage.chance;
    let is_fitting = is_good(craft, chance);
    let claims =
        if is_fitting { from } else { ground.atlas.home_country(&ground.settings, chance) };
    let age_ms = Thief::account_age_ms(craft, chance);
    let place = Some(ground.atlas.near(city, 7.0, chance));
    let network = line_in_town(stage, craft, claims, key);
    let phone = phone_in_town(stage, claims);
    let thief = Thief::settle(stage, crew, claims, age_ms, Some(phone), (network, place));
    if thief.is_aged {
        thief.give_own_card(stage);
    }
    thief
}

/// A clean phone as visitors have it: on Chinese time, with a SIM card of home or a local one.
fn phone_in_town(stage: &mut Stage<'_>, claims: Country) -> Device {
    let mut phone = people::phone(stage, claims);
    let atlas = &stage.ground.atlas;
    phone.tz_offset_min = atlas.tz_offset_min(Country::CN);
    if stage.chance.hit(LOCAL_SIM) {
        phone.sim_country = Country::CN;
        phone.sim_operator = atlas.sim_operator(Country::CN);
    }
    phone.is_roaming = phone.sim_country != Country::CN;
    phone
}

/// How a thief in China is online: as visitors are, or behind a tunnel to the country he claims.
fn line_in_town(stage: &mut Stage<'_>, craft: &Craft, claims: Country, key: u64) -> Network {
    let atlas = &stage.ground.atlas;
    let is_tunnelled = !is_good(craft, &mut stage.chance) && stage.chance.hit(0.45);
    match (is_tunnelled, stage.chance.below(4)) {
        (true, 0) => atlas.datacenter(key),
        (true, _) => atlas.vpn(claims, key),
        (false, 0) => atlas.home_line(Country::CN, key),
        (false, 1) => atlas.shared(Country::CN, key, "business"),
        (false, _) => atlas.mobile(Country::CN, key),
    }
}

impl Actor for CashOut {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next_ms = self.act(stage);
        if next_ms.is_none() {
            self.leave(stage);
        }
        next_ms
    }
}

impl CashOut {
    fn act(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let outcome = match (self.phase, self.thief) {
            (Phase::Enter, _) | (_, None) => self.enter(stage, &craft),
            (Phase::Cover(left), Some(thief)) => {
                return Some(self.cover(stage, &craft, &thief, left));
            }
            (Phase::Link, Some(thief)) => self.link(stage, &craft, &thief),
            (Phase::Spend, Some(thief)) => self.spend(stage, &craft, &thief)?,
        };
        let goes_on = match self.phase {
            Phase::Spend => goes_on(stage, self.brief.crew, &outcome),
            Phase::Enter | Phase::Cover(_) | Phase::Link => {
                is_prepared(stage, self.brief.crew, &outcome)
            }
        };
        if outcome.ending == Ending::Void || !goes_on {
            return None;
        }
        match self.phase {
            Phase::Enter | Phase::Cover(_) => self.entered(stage, &craft, &outcome),
            Phase::Link => self.linked(stage, &craft, &outcome),
            Phase::Spend => self.spent(stage, &craft, &outcome),
        }
    }

    fn story(&self) -> Story {
        let Brief { episode, crew, .. } = self.brief;
        Story::fraud(Typology::StolenCardCashOut, Vector::V1, episode, crew)
    }

    /// Makes ready what a wallet starts with.
    fn unpack(&mut self, stage: &mut Stage<'_>, craft: &Craft) {
        let chance = &mut stage.chance;
        self.cards_left = 1 + u8::from(chance.hit(TWO_CARDS));
        self.spares_left = SPARE_CARDS;
        self.links = 0;
        self.payments_left = self.payments_a_wallet;
        self.yuan = log_uniform(chance, FIRST_YUAN) * craft.amount;
        self.phase = Phase::Enter;
    }

    fn enter(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Outcome {
        let mut thief = settle(stage, self.brief.crew, craft, self.from, self.city);
        let outcome = thief.enter(stage, self.story());
        self.thief = Some(thief);
        outcome
    }

    fn entered(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        if !outcome.ending.is_done() {
            return self.next_wallet(stage, craft, outcome);
        }
        let chance = &mut stage.chance;
        let minutes = uniform(chance, (2.0, 30.0));
        if self.thief.is_some_and(|thief| thief.is_aged) {
            self.phase = Phase::Cover(chance.between(COVER.0, COVER.1));
            return Some(after(outcome, minutes * MINUTE_MS));
        }
        self.phase = Phase::Link;
        Some(after(outcome, minutes * MINUTE_MS + 0.5 * rest_ms(craft, chance)))
    }

    /// A small purchase that means nothing, some hours from the next.
    fn cover(&mut self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief, left: i64) -> i64 {
        let till = Till::ordinary(stage, self.city);
        let outcome = thief.spend_for_cover(stage, self.story(), &till);
        self.phase = if left <= 1 { Phase::Link } else { Phase::Cover(left - 1) };
        after(&outcome, paced(uniform(&mut stage.chance, (1.0, 20.0)) * HOUR_MS, craft))
    }

    fn link(&mut self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> Outcome {
        let card = thief.buy_card(stage, self.brief.crew, craft, self.from);
        self.card = card.key;
        self.links += 1;
        thief.link(stage, self.story(), &card, self.links)
    }

    fn linked(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        let chance = &mut stage.chance;
        let minutes = paced(uniform(chance, (1.5, 12.0)), craft);
        if outcome.ending.is_done() {
            self.phase = Phase::Spend;
            self.refusals = 0;
            self.cards_left -= 1;
            return Some(after(outcome, minutes * MINUTE_MS + rest_ms(craft, chance)));
        }
        if self.spares_left == 0 {
            return self.next_wallet(stage, craft, outcome);
        }
        self.spares_left -= 1;
        Some(after(outcome, minutes * MINUTE_MS))
    }

    fn spend(&self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> Option<Outcome> {
        let card = thief.linked(stage, self.card)?;
        let till = self.till(stage, craft);
        let largest = LARGEST_YUAN * craft.amount;
        let fen = price_fen(self.yuan.clamp(SMALLEST_YUAN, largest.max(SMALLEST_YUAN)));
        let fen = thief.below_the_line(stage, craft, fen);
        let story = self.story().staking(fen);
        Some(thief.pay(stage, story, &till, fen, Funding::Card(&card)))
    }

    fn till(&self, stage: &mut Stage<'_>, craft: &Craft) -> Till {
        match self.friend {
            Some(merchant) if stage.chance.hit(AT_FRIEND) => Till {
                merchant,
                kind: "merchant_qr_static",
                extra: Extra::None,
                is_remote: self.is_afar,
            },
            Some(_) | None => Till::of_resale(stage, craft, self.city),
        }
    }

    fn spent(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        let chance = &mut stage.chance;
        self.payments_left -= 1;
        if outcome.ending.is_done() {
            self.refusals = 0;
            self.yuan *= uniform(chance, RISE);
        } else {
            self.refusals += 1;
            self.yuan *= RETREAT;
        }
        if self.payments_left <= 0 {
            return self.next_wallet(stage, craft, outcome);
        }
        let gap_ms = self.window_ms / self.payments_a_wallet as f64;
        let next_ms = after(outcome, paced(chance.exponential(gap_ms).max(25_000.0), craft));
        let is_dead = matches!(outcome.ending, Ending::Refused(Refusal::Blocked));
        if self.refusals < REFUSALS && !is_dead {
            return Some(next_ms);
        }
        if self.cards_left == 0 {
            return self.next_wallet(stage, craft, outcome);
        }
        self.phase = Phase::Link;
        Some(next_ms)
    }

    /// Drops the wallet: nobody comes back to it.
    fn leave(&mut self, stage: &mut Stage<'_>) {
        if let Some(thief) = self.thief.take() {
            stage.accounts.remove(thief.account);
        }
    }

    /// Goes on in another wallet, if the work is split over more.
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
        self.unpack(stage, craft);
        Some(after(outcome, paced(uniform(&mut stage.chance, (0.5, 5.0)) * HOUR_MS, craft)))
    }
}

#[cfg(test)]
mod tests {
    use features::event::Event;
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::play;
    use thief::played::{episodes, median, share, yuan};

    #[test]
    fn a_thief_pays_a_dozen_times_at_most_and_soon_after_the_link() {
        let played = play(&PLAYBOOK, 31, 8);
        let links = episodes(&played, EventType::CardLink);
        let mut waits_min = Vec::new();
        for (episode, payments) in episodes(&played, EventType::Payment) {
            // Split over wallets each has its own few.
            assert!(payments.len() <= PAYMENTS.1 as usize + WALLETS_MAX as usize);
            let linked_ms = links[&episode][0].0.time();
            waits_min.push((payments[0].0.time() - linked_ms) as f64 / MINUTE_MS);
        }
        assert!(5 < waits_min.len());
        assert!(median(waits_min) < 60.0);
    }

    #[test]
    fn most_stolen_cards_bear_another_name_than_the_wallet() {
        let played = play(&PLAYBOOK, 32, 8);
        let links = played.frauds(EventType::CardLink);
        let links: Vec<&Event> = links.into_iter().map(|(event, _)| event).collect();
        let another = share(&links, ids::CARD_NAME_MATCH, &["none", "weak"]);
        assert!((0.6..0.97).contains(&another), "{another}");
    }

    #[test]
    fn amounts_rise_and_all_of_them_are_at_stake() {
        let played = play(&PLAYBOOK, 33, 8);
        let (mut rises, mut falls) = (0, 0);
        for payments in episodes(&played, EventType::Payment).values() {
            for pair in payments.windows(2) {
                let is_rising = yuan(pair[0].0) <= yuan(pair[1].0);
                *(if is_rising { &mut rises } else { &mut falls }) += 1;
            }
            for (payment, truth) in payments {
                assert!((SMALLEST_YUAN..=LARGEST_YUAN).contains(&yuan(payment)));
                assert_eq!(truth.stake_fen() as f64, payment.number(ids::BASE_MINOR));
            }
        }
        assert!(2 * falls < rises, "{rises} rises, {falls} falls");
    }

    #[test]
    fn part_of_the_loot_goes_through_a_young_friend() {
        let played = play(&PLAYBOOK, 34, 8);
        let payments = played.frauds(EventType::Payment);
        let young = payments.iter().filter(|(payment, _)| {
            let age_ms = payment.time() as f64 - payment.number(ids::MERCHANT_ONBOARDED_MS);
            age_ms < 60.0 * thief::DAY_MS
        });
        let share = young.count() as f64 / payments.len() as f64;
        assert!((0.1..0.6).contains(&share), "{share}");
    }

    #[test]
    fn some_wallets_are_old_and_have_paid_honestly_before() {
        let played = play(&PLAYBOOK, 35, 8);
        let covers = played.truths.iter().filter(|(place, truth)| {
            truth.typology().is_none()
                && truth.look_alike().is_none()
                && played.events[*place].event_type() == EventType::Payment
        });
        assert!(0 < covers.count());
        let opened = played.frauds(EventType::AccountOpen).len();
        let entered = played.frauds(EventType::Login).len();
        assert!(0 < entered && entered < opened, "{entered} bought, {opened} opened");
    }
}
