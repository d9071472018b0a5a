//! Somebody with stolen cards in a wallet of his own: what he gets himself, and the acts that all
//! such stories share.
//!
//! What he gets follows from his craft: `disguise` is the chance of an aged account, a card in the
//! account's name, an address that looks like a home. A share of the naive has the same by luck and
//! a share of the masked is careless, so no single trace betrays them all. Hides how an account is
//! come by: one that is opened now starts with `account_open`, a bought one with a login. At most
//! one attempt is made by each call. A thief is a few hundred bytes and is copied freely.

use crate::synth::act::{Act, Ending, Extra, Funding, Outcome, Pay, Who};
use crate::synth::asset::{Card, Country, Device, Health, Merchant, Network, Place, Session};
use crate::synth::atlas::Atlas;
use crate::synth::chance::Chance;
use crate::synth::crew::{Craft, Reaction};
use crate::synth::market::Trade;
use crate::synth::people;
use crate::synth::stage::Stage;
use crate::synth::story::Story;

/// A minute, an hour and a day in milliseconds.
pub(crate) const MINUTE_MS: f64 = 60_000.0;
pub(crate) const HOUR_MS: f64 = 60.0 * MINUTE_MS;
pub(crate) const DAY_MS: f64 = 24.0 * HOUR_MS;

/// How often a good asset falls to a crew without disguise, and to one with all of it.
const GOOD_BY_LUCK: f64 = 0.15;
const GOOD_AT_BEST: f64 = 0.85;
/// Age of a bought account, in days.
const AGED_DAYS: (f64, f64) = (30.0, 180.0);
/// Share of bought accounts whose identity was verified with a rented passport: of careless crews,
/// and of those who look at what they buy.
const VERIFIED: (f64, f64) = (0.5, 0.95);
/// Share of stolen cards that still work when they are used: sold as checked, and sold well.
const CHECKED: (f64, f64) = (0.62, 0.85);
/// Share of stolen cards that were sold with their security code, and of numbers that are pasted.
const CODE_KNOWN: f64 = 0.85;
const PASTED: f64 = 0.30;
/// Slowest tempo that is still an attack.
const PACE_MIN: f64 = 0.02;
/// Share of a crew's shops that are ordinary ones when it hides as well as it can.
const ORDINARY_AT_BEST: f64 = 0.9;

/// Whether an asset that is got now is a good one.
pub(crate) fn is_good(craft: &Craft, chance: &mut Chance) -> bool {
    chance.hit(GOOD_BY_LUCK + (GOOD_AT_BEST - GOOD_BY_LUCK) * craft.disguise)
}

/// Uniform from low to high.
pub(crate) fn uniform(chance: &mut Chance, (low, high): (f64, f64)) -> f64 {
    low + (high - low) * chance.unit()
}

/// From low to high, even on the logarithm.
pub(crate) fn log_uniform(chance: &mut Chance, (low, high): (f64, f64)) -> f64 {
    low * (high / low).powf(chance.unit())
}

/// A span of the story, stretched by the crew's tempo.
pub(crate) fn paced(span_ms: f64, craft: &Craft) -> f64 {
    span_ms / craft.pace.clamp(PACE_MIN, 1.0)
}

/// How long fresh assets rest before they are used, in milliseconds.
pub(crate) fn rest_ms(craft: &Craft, chance: &mut Chance) -> f64 {
    craft.patience_h * uniform(chance, (0.7, 1.3)) * HOUR_MS
}

/// A time this much after an act was answered.
pub(crate) fn after(outcome: &Outcome, span_ms: f64) -> i64 {
    outcome.at_ms + span_ms.max(1.0) as i64
}

/// Tells the crew how an act went that gains something; whether it goes on.
pub(crate) fn goes_on(stage: &mut Stage<'_>, crew: u64, outcome: &Outcome) -> bool {
    !matches!(stage.learn(crew, outcome), Reaction::Quit)
}

/// Tells the crew of an act that only prepares others: that it went through means nothing yet.
/// Whether it goes on.
pub(crate) fn is_prepared(stage: &mut Stage<'_>, crew: u64, outcome: &Outcome) -> bool {
    !outcome.ending.is_stopped() || goes_on(stage, crew, outcome)
}

/// What somebody who tests cards tells his crew of an act. An issuer's answer is what he came for,
/// whatever it is; so many stops in a row are bad luck, and not told.
pub(crate) fn verdict(outcome: &Outcome, stops: u8, by_luck: u8) -> Option<Outcome> {
    match outcome.ending {
        Ending::Done | Ending::Refused(_) => Some(Outcome { ending: Ending::Done, ..*outcome }),
        Ending::Blocked | Ending::Failed | Ending::Abandoned | Ending::Held | Ending::Void => {
            (by_luck < stops).then_some(*outcome)
        }
    }
}

/// Yuan in fen, as a shop would ask for: whole yuan above a hundred.
pub(crate) fn price_fen(yuan: f64) -> i64 {
    if 100.0 <= yuan { yuan.round() as i64 * 100 } else { (yuan * 100.0).round() as i64 }
}

/// The line by which a thief goes online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    HomeLine,
    Mobile,
    Vpn,
    Datacenter,
    Tor,
    ResidentialProxy,
}

impl Exit {
    /// What a crew gets itself.
    pub(crate) fn draw(craft: &Craft, chance: &mut Chance) -> Exit {
        if is_good(craft, chance) {
            let good =
                [(Exit::ResidentialProxy, 0.6), (Exit::Mobile, 0.25), (Exit::HomeLine, 0.15)];
            return chance.weigh(&good);
        }
        chance.weigh(&[
            (Exit::Vpn, 0.40),
            (Exit::Datacenter, 0.22),
            (Exit::Mobile, 0.18),
            (Exit::HomeLine, 0.15),
            (Exit::Tor, 0.05),
        ])
    }

    /// One address of it; another key is another address.
    pub(crate) fn network(self, atlas: &Atlas, country: Country, key: u64) -> Network {
        match self {
            Exit::HomeLine => atlas.home_line(country, key),
            Exit::Mobile => atlas.mobile(country, key),
            Exit::Vpn => atlas.vpn(country, key),
            Exit::Datacenter => atlas.datacenter(key),
            Exit::Tor => atlas.tor(key),
            Exit::ResidentialProxy => atlas.residential_proxy(country, key),
        }
    }
}

/// A thief in his wallet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thief {
    pub(crate) account: u64,
    pub(crate) device: Device,
    pub(crate) network: Network,
    pub(crate) place: Option<Place>,
    pub(crate) session: Session,
    /// The account was bought, not opened.
    pub(crate) is_aged: bool,
}

impl Thief {
    /// Gets an account of somebody from the country that it claims. The account's own phone is used
    /// unless another is given.
    pub(crate) fn settle(
        stage: &mut Stage<'_>,
        crew: u64,
        claims: Country,
        age_ms: i64,
        device: Option<Device>,
        (network, place): (Network, Option<Place>),
    ) -> Thief {
        let mut account = people::crook(stage, crew, claims, age_ms);
        if let Some(device) = device {
            account.device = device;
        }
        let is_aged = 0 < age_ms;
        let verified = VERIFIED.0 + (VERIFIED.1 - VERIFIED.0) * stage.craft(crew).disguise;
        if is_aged && stage.chance.hit(verified) {
            account.kyc = 3;
            account.factors.passport = account.created_ms + HOUR_MS as i64;
        }
        let (key, device) = (account.key, account.device);
        stage.accounts.insert(account);
        let session = stage.session("pin", "direct");
        Thief { account: key, device, network, place, session, is_aged }
    }

    /// How old an account a crew gets: 0 for one that it opens now.
    pub(crate) fn account_age_ms(craft: &Craft, chance: &mut Chance) -> i64 {
        if is_good(craft, chance) { (uniform(chance, AGED_DAYS) * DAY_MS) as i64 } else { 0 }
    }

    /// One attempt.
    pub(crate) fn attempt(&self, stage: &mut Stage<'_>, story: Story, act: &Act<'_>) -> Outcome {
        stage.attempt(&self.who(story), act)
    }

    /// Who acts.
    pub(crate) fn who(&self, story: Story) -> Who<'_> {
        Who {
            account: self.account,
            device: &self.device,
            network: &self.network,
            place: self.place,
            session: &self.session,
            story,
        }
    }

    /// An amount; of those who know where the law wants an identity to be known, one that keeps an
    /// account without it below that line.
    pub(crate) fn below_the_line(&self, stage: &mut Stage<'_>, craft: &Craft, fen: i64) -> i64 {
        const LEAST_FEN: i64 = 80_00;
        let Some(account) = stage.accounts.get(self.account) else { return fen };
        let is_known = 2 <= account.kyc;
        let room_cents = people::IDENTITY_CENTS * 95 / 100 - account.ytd_cents;
        if is_known || !is_good(craft, &mut stage.chance) {
            return fen;
        }
        let cents_of_1000 = stage.ground.rates.cents(1_000_00, stage.now_ms);
        fen.min((room_cents * 1_000_00 / cents_of_1000.max(1)).max(LEAST_FEN))
    }

    /// Opens the account, or logs in to a bought one. One that cannot be opened is gone.
    pub(crate) fn enter(&mut self, stage: &mut Stage<'_>, story: Story) -> Outcome {
        let method = stage.chance.weigh(&[("pin", 0.4), ("biometric", 0.45), ("password", 0.15)]);
        self.session = stage.session(method, "direct");
        if self.is_aged {
            let name = stage.accounts.get(self.account).map_or(0, |account| account.holder.phone);
            let login = Act::Login { method, outcome: "success", name, streak: 0, code: None };
            return self.attempt(stage, story, &login);
        }
        let form_fill_ms = stage.chance.log_normal(38_000.0, 0.6) as u32;
        let outcome = self.attempt(stage, story, &Act::Open { form_fill_ms, referral: None });
        if !outcome.ending.is_done() {
            stage.accounts.remove(self.account);
        }
        outcome
    }

    /// Buys a stolen card; a good one bears the account's name.
    pub(crate) fn buy_card(
        &self,
        stage: &mut Stage<'_>,
        crew: u64,
        craft: &Craft,
        from: Country,
    ) -> Card {
        let mut card = people::stolen_card(stage, crew, from);
        let checked = CHECKED.0 + (CHECKED.1 - CHECKED.0) * craft.disguise;
        card.health = if stage.chance.hit(checked) {
            Health::Live
        } else {
            stage.chance.weigh(&[
                (Health::Blocked, 0.5),
                (Health::Invalid, 0.25),
                (Health::NotPermitted, 0.25),
            ])
        };
        if is_good(craft, &mut stage.chance) {
            card.name = stage.accounts.get(self.account).map_or(card.name, |own| own.holder.name);
        }
        card
    }

    /// Links a stolen card, typed by hand.
    pub(crate) fn link(
        &self,
        stage: &mut Stage<'_>,
        story: Story,
        card: &Card,
        attempt: u8,
    ) -> Outcome {
        let chance = &mut stage.chance;
        let entry_ms = chance.log_normal(14_000.0, 0.5) as u32;
        let (is_pasted, knows_cvv) = (chance.hit(PASTED), chance.hit(CODE_KNOWN));
        let link = Act::Link { card, entry: "manual", entry_ms, is_pasted, knows_cvv, attempt };
        self.attempt(stage, story, &link)
    }

    /// A card of the account as it is linked now.
    pub(crate) fn linked(&self, stage: &Stage<'_>, key: u64) -> Option<Card> {
        let account = stage.accounts.get(self.account)?;
        account.cards.iter().find(|card| card.key == key).copied()
    }

    /// Gives a bought account the card that its first owner, or the thief, pays small things with.
    pub(crate) fn give_own_card(&self, stage: &mut Stage<'_>) {
        let Some(holder) = stage.accounts.get(self.account).map(|account| account.holder) else {
            return;
        };
        let ground = stage.ground;
        let key = stage.key();
        let card = ground.atlas.card(holder.residence, stage.now_ms, &mut stage.chance);
        if let Some(account) = stage.accounts.get_mut(self.account) {
            let linked_ms = account.created_ms + DAY_MS as i64;
            account.cards.push(Card { key, name: holder.name, linked_ms, ..card });
        }
    }

    /// A small honest payment for cover, by the account's own card.
    pub(crate) fn spend_for_cover(
        &self,
        stage: &mut Stage<'_>,
        story: Story,
        till: &Till,
    ) -> Outcome {
        let own = stage.accounts.get(self.account).and_then(|account| account.cards.first());
        let Some(card) = own.copied() else {
            return Outcome::void(stage.now_ms);
        };
        let fen = price_fen(log_uniform(&mut stage.chance, (12.0, 180.0)));
        self.pay(stage, story.cover(), till, fen, Funding::Card(&card))
    }

    /// Pays; at a shop he stands there, unless he hides where he is.
    pub(crate) fn pay(
        &self,
        stage: &mut Stage<'_>,
        story: Story,
        till: &Till,
        fen: i64,
        funding: Funding<'_>,
    ) -> Outcome {
        let mut who = self.who(story);
        if self.place.is_some() && !till.is_remote {
            who.place = till.merchant.place.or(self.place);
        }
        let Till { merchant, kind, extra, .. } = till;
        stage.attempt(&who, &Act::Pay(Pay { kind, fen, funding, merchant, extra: *extra }))
    }
}

/// Where he pays, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Till {
    pub(crate) merchant: Merchant,
    pub(crate) kind: &'static str,
    pub(crate) extra: Extra,
    /// Paid by a picture of the code, from where he is.
    pub(crate) is_remote: bool,
}

/// Trades whose goods are as good as money.
const RESALE: [(Trade, f64); 5] = [
    (Trade::Electronics, 3.0),
    (Trade::GiftCards, 3.0),
    (Trade::Jewellery, 2.0),
    (Trade::Gaming, 1.0),
    (Trade::Luxury, 1.0),
];
/// Trades where nobody wonders about a visitor.
const ORDINARY: [(Trade, f64); 3] =
    [(Trade::Retail, 4.0), (Trade::Hotel, 1.0), (Trade::Electronics, 1.0)];

impl Till {
    /// At a shop of this trade, or online where that is how the trade is done.
    pub(crate) fn at(stage: &mut Stage<'_>, city: u16, trade: Trade) -> Till {
        let (ground, now_ms) = (stage.ground, stage.now_ms);
        if matches!(trade, Trade::GiftCards | Trade::Gaming | Trade::InApp) {
            let merchant = ground.market.online(trade, &mut stage.chance, now_ms);
            return Till { merchant, kind: "in_app", extra: Extra::None, is_remote: false };
        }
        let merchant = ground.market.shop(city, trade, &mut stage.chance, now_ms);
        let kind = stage.chance.weigh(&[
            ("merchant_qr_dynamic", 0.40),
            ("merchant_qr_static", 0.25),
            ("payment_code", 0.35),
        ]);
        let age_ms = stage.chance.log_normal(6_000.0, 0.8) as u32;
        let extra = if kind == "payment_code" { Extra::Code { age_ms } } else { Extra::None };
        Till { merchant, kind, extra, is_remote: false }
    }

    /// At a shop that nobody wonders about.
    pub(crate) fn ordinary(stage: &mut Stage<'_>, city: u16) -> Till {
        let trade = stage.chance.weigh(&[(Trade::Food, 3.0), (Trade::Retail, 2.0)]);
        Till::at(stage, city, trade)
    }

    /// At a shop whose goods turn into cash, or at an ordinary one for those who hide.
    pub(crate) fn of_resale(stage: &mut Stage<'_>, craft: &Craft, city: u16) -> Till {
        let is_ordinary = stage.chance.hit(ORDINARY_AT_BEST * craft.disguise);
        let trade = stage.chance.weigh(if is_ordinary { &ORDINARY[..] } else { &RESALE[..] });
        Till::at(stage, city, trade)
    }
}

/// What story tests ask of a played world.
#[cfg(test)]
pub(crate) mod played {
    use std::collections::BTreeMap;

    use features::event::Event;
    use features::field::{EventType, FieldId, ids};

    use crate::synth::batch::Truth;
    use crate::synth::tests_support::{Played, text};

    /// Fraud events of one type by their episodes.
    pub(crate) fn episodes(
        played: &Played,
        event_type: EventType,
    ) -> BTreeMap<u64, Vec<(&Event, &Truth)>> {
        let mut episodes: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for (event, truth) in played.frauds(event_type) {
            episodes.entry(truth.episode()).or_default().push((event, truth));
        }
        episodes
    }

    /// An amount in yuan.
    pub(crate) fn yuan(event: &Event) -> f64 {
        event.number(ids::BASE_MINOR) / 100.0
    }

    /// The middle one.
    pub(crate) fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    /// Share of events whose field is one of these words.
    pub(crate) fn share(events: &[&Event], field: FieldId, words: &[&str]) -> f64 {
        let fits = events.iter().filter(|event| words.contains(&text(event, field)));
        fits.count() as f64 / events.len().max(1) as f64
    }

    /// Different values of a field.
    pub(crate) fn distinct(events: &[(&Event, &Truth)], field: FieldId) -> usize {
        let mut values: Vec<_> = events.iter().map(|(event, _)| event.bits(field)).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAIVE: Craft =
        Craft { skill: 0.0, pace: 1.0, spread: 1, amount: 1.0, patience_h: 0.0, disguise: 0.0 };

    #[test]
    fn good_assets_are_neither_sure_nor_out_of_reach() {
        let mut chance = Chance::of(7, &[1]);
        let masked = Craft { disguise: 1.0, ..NAIVE };
        let mut share = |craft: &Craft| {
            f64::from((0..4_000).map(|_| u32::from(is_good(craft, &mut chance))).sum::<u32>())
                / 4_000.0
        };
        assert!((share(&NAIVE) - GOOD_BY_LUCK).abs() < 0.03);
        assert!((share(&masked) - GOOD_AT_BEST).abs() < 0.03);
    }

    #[test]
    fn disguise_leaves_data_centres_for_addresses_like_homes() {
        let mut chance = Chance::of(7, &[2]);
        let masked = Craft { disguise: 1.0, ..NAIVE };
        let mut hosted = |craft: &Craft| {
            let draws = (0..2_000).map(|_| Exit::draw(craft, &mut chance));
            draws.filter(|exit| matches!(exit, Exit::Vpn | Exit::Datacenter | Exit::Tor)).count()
        };
        let (naive, hidden) = (hosted(&NAIVE), hosted(&masked));
        assert!(5 * hidden < 2 * naive, "{hidden} of 2,000 against {naive}");
        assert!(0 < hidden);
    }

    #[test]
    fn a_slower_crew_stretches_every_span_but_not_for_ever() {
        let slow = Craft { pace: 0.1, ..NAIVE };
        let stopped = Craft { pace: 0.0, ..NAIVE };
        assert_eq!(paced(60.0, &NAIVE), 60.0);
        assert_eq!(paced(60.0, &slow).round(), 600.0);
        assert_eq!(paced(60.0, &stopped), 3_000.0);
    }

    #[test]
    fn prices_above_a_hundred_are_whole_yuan() {
        assert_eq!(price_fen(1_234.56), 123_500);
        assert_eq!(price_fen(7.345), 735);
    }
}
