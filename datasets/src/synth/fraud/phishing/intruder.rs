//! Whoever acts on an account that is not his: what every such story has in common.
//!
//! A crew has one city as its base for all its episodes, phones and lines that it buys, and victims
//! with a history and something to take. An [`Intruder`] is one of its hands on one account; the
//! stories differ in how he gets in and what he does then. After every act of fraud a story heeds
//! what came of it: [`heed`] tells the crew, and says whether there is anything left to do.

use crate::synth::act::{Act, Outcome, Who};
use crate::synth::asset::{Account, Card, Country, Device, Network, Persona, Place, Session};
use crate::synth::chance::Chance;
use crate::synth::crew::{Craft, Reaction};
use crate::synth::people;
use crate::synth::resident::customer::{Customer, Spot};
use crate::synth::stage::Stage;
use crate::synth::story::Story;

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// A smaller sum is not worth the trouble, in CNY fen.
pub(crate) const SMALLEST_FEN: i64 = 1_000;
/// An account that is worth a takeover has a history of this length.
pub(crate) const HISTORY_MS: i64 = 30 * DAY_MS;
/// What the wallet lets an account spend from its cards in a day, by how well it knows the holder
/// (`kyc_level`), in CNY fen.
const DAILY_FEN: [i64; 5] = [100_000, 250_000, 400_000, 600_000, 800_000];
/// Share of naive intruders who use an emulator.
const EMULATED: f64 = 0.2;
/// Share of crews in mainland China, where the shops are.
const IN_CHINA: f64 = 0.6;
/// Share of bought lines that come out in the victim's country; the others do in China.
const NEAR_HOME: f64 = 0.75;
/// Names the stream of a crew's base.
const BASE: u64 = 0xBA5E;

/// Whoever acts on an account that is not his.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intruder {
    pub(crate) victim: u64,
    pub(crate) device: Device,
    pub(crate) network: Network,
    /// What his phone tells of its position.
    pub(crate) place: Option<Place>,
    pub(crate) session: Session,
    pub(crate) story: Story,
}

impl Intruder {
    /// He, with so much to gain, in CNY fen.
    pub(crate) fn who(&self, stake_fen: i64) -> Who<'_> {
        Who {
            account: self.victim,
            device: &self.device,
            network: &self.network,
            place: self.place,
            session: &self.session,
            story: self.story.staking(stake_fen),
        }
    }

    /// Logs in with the right password or code, after so many failures in a row; `None` when the
    /// account is gone.
    pub(crate) fn log_in(
        &mut self,
        stage: &mut Stage<'_>,
        streak: u16,
        code: Option<(u32, u32)>,
    ) -> Option<Outcome> {
        let name = stage.accounts.get(self.victim)?.holder.phone;
        self.session.since_ms = stage.now_ms;
        let method = self.session.auth;
        let act = Act::Login { method, outcome: "success", name, streak, code };
        Some(stage.attempt(&self.who(0), &act))
    }

    /// Changes a field of the account: `by` the user in the app, or the support desk.
    pub(crate) fn change(
        &self,
        stage: &mut Stage<'_>,
        (field, factor): (&'static str, Option<&'static str>),
        new_limit_fen: Option<i64>,
        by: &'static str,
    ) -> Outcome {
        let auth = self.session.auth;
        let act = Act::Change { field, factor, new_limit_fen, by, auth };
        stage.attempt(&self.who(0), &act)
    }

    /// Links a card to the account, typing or pasting its number.
    pub(crate) fn link(&self, stage: &mut Stage<'_>, card: &Card, attempt: u8) -> Outcome {
        let is_pasted = stage.chance.hit(0.4);
        let (least, most) = if is_pasted { (1_200, 6_000) } else { (9_000, 32_000) };
        let entry_ms = stage.chance.between(least, most) as u32;
        let act =
            Act::Link { card, entry: "manual", entry_ms, is_pasted, knows_cvv: true, attempt };
        stage.attempt(&self.who(0), &act)
    }
}

/// What a story does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It acts again at this time.
    Next(i64),
    /// It leaves this account.
    Leave,
    /// The crew has had enough of the whole episode.
    Quit,
}

impl Turn {
    /// The time of the next act.
    pub(crate) fn time_ms(self) -> Option<i64> {
        match self {
            Turn::Next(at_ms) => Some(at_ms),
            Turn::Leave | Turn::Quit => None,
        }
    }
}

/// Tells the crew what came of an act; gives how the story ends, if it does: the crew quits, or the
/// account is gone or frozen.
pub(crate) fn heed(
    stage: &mut Stage<'_>,
    crew: u64,
    victim: u64,
    outcome: &Outcome,
) -> Option<Turn> {
    if matches!(stage.learn(crew, outcome), Reaction::Quit) {
        return Some(Turn::Quit);
    }
    let account = stage.accounts.get(victim);
    let is_open = account.is_some_and(|account| account.frozen_until_ms <= outcome.at_ms);
    (!is_open).then_some(Turn::Leave)
}

/// Whether an episode begins of which only this share is wanted: a story that cannot be told any
/// smaller is told less often.
pub(crate) fn takes_place(stage: &mut Stage<'_>, share: f64) -> bool {
    stage.chance.hit(share)
}

/// Where a crew works, the same place for all its episodes.
pub(crate) fn base(stage: &Stage<'_>, crew: u64) -> Place {
    let ground = stage.ground;
    let mut chance = Chance::of(ground.seed, &[crew, BASE]);
    let city = if chance.hit(IN_CHINA) {
        ground.atlas.china(&mut chance)
    } else {
        let country = ground.atlas.home_country(&ground.settings, &mut chance);
        ground.atlas.city_in(country, &mut chance)
    };
    ground.atlas.near(city, 8.0, &mut chance)
}

/// The city whose shops a crew can go to: only mainland China takes the wallet at the till.
pub(crate) fn shopping(base: Place) -> Option<u16> {
    (base.country == Country::CN).then_some(base.city)
}

/// A line that comes out in the victim's country or in China, as crews buy them.
pub(crate) fn proxy(stage: &mut Stage<'_>, victim: Country) -> Network {
    let country = if stage.chance.hit(NEAR_HOME) { victim } else { Country::CN };
    let key = stage.key();
    stage.ground.atlas.residential_proxy(country, key)
}

/// A phone of a crew, or what it passes off as one.
pub(crate) fn equip(
    stage: &mut Stage<'_>,
    craft: &Craft,
    base: Country,
    victim: Country,
) -> Device {
    if stage.chance.hit(EMULATED * (1.0 - craft.disguise)) {
        return people::emulator(stage, craft.disguise);
    }
    let country = if stage.chance.hit(craft.disguise) { victim } else { base };
    people::phone(stage, country)
}

/// What can be taken from an account in a day, in CNY fen: what it holds, and what its cards lend.
pub(crate) fn reach_fen(account: &Account) -> i64 {
    let daily_fen = DAILY_FEN[usize::from(account.kyc).min(DAILY_FEN.len() - 1)];
    let card_fen = account.cards.iter().map(|card| card.limit_fen).max().unwrap_or(0);
    let held_fen = account.balance_fen + account.pass.map_or(0, |pass| pass.balance_fen);
    card_fen.min(daily_fen) + held_fen
}

/// Somebody with an account at least so old and something to take, who fits.
pub(crate) fn victim(
    stage: &mut Stage<'_>,
    age_ms: i64,
    fits: impl Fn(&Account) -> bool,
) -> Option<u64> {
    let now_ms = stage.now_ms;
    let is_worth_it = |account: &Account| {
        account.created_ms + age_ms <= now_ms
            && account.frozen_until_ms <= now_ms
            && SMALLEST_FEN <= reach_fen(account)
    };
    stage.accounts.victim(&mut stage.chance, |account| is_worth_it(account) && fits(account))
}

/// Where an account's own holder is. Residents and shoppers are at home; travellers may be
/// anywhere: their mobile data comes out at home wherever they roam, and their phone does not tell.
pub(crate) fn at_home(stage: &mut Stage<'_>, account: &Account) -> Spot {
    let holder = Customer::of(account);
    if matches!(account.persona, Persona::Resident | Persona::Shopper) {
        holder.at_home(stage)
    } else {
        Spot { network: holder.mobile(stage.ground, stage.now_ms), place: None }
    }
}

/// A step away, as positions are never quite the same.
pub(crate) fn beside(place: Place, chance: &mut Chance) -> Place {
    let lat_e3 = place.lat_e3 + chance.between(-1, 1) as i32;
    let lon_e3 = place.lon_e3 + chance.between(-1, 1) as i32;
    Place { lat_e3, lon_e3, ..place }
}
