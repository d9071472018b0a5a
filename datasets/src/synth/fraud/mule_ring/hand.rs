//! How a crew acts through wallets of its own.
//!
//! A [`Hand`] is a crew at one story: it recruits wallets, acts with each from its phone and line,
//! tells every act of fraud to the crew, whose craft may change by it, and keeps covers apart from
//! frauds. Careful crews give each wallet a phone number, line and past of its own; careless ones
//! sit at a few desks. What belongs to a wallet (its line, its way out) is drawn from its number,
//! so nothing of it is stored.

use crate::synth::act::{Act, Ending, Extra, Funding, Outcome, Pay, Who};
use crate::synth::asset::{Account, Card, Country, Network};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Reaction};
use crate::synth::market::Trade;
use crate::synth::people;
use crate::synth::stage::Stage;
use crate::synth::story::{Story, Typology, Vector};

/// A minute.
pub(crate) const MINUTE_MS: f64 = 60_000.0;
/// An hour.
pub(crate) const HOUR_MS: f64 = 3_600_000.0;
/// A day.
pub(crate) const DAY_MS: f64 = 86_400_000.0;

/// A crew at work on an episode with wallets of its own.
#[derive(Clone, Copy)]
pub(crate) struct Hand {
    /// The episode.
    pub(crate) brief: Brief,
    /// What the crew knows by now.
    pub(crate) craft: Craft,
    /// How often the wallet stopped it in this episode.
    pub(crate) stops: u32,
    typology: Typology,
    vector: Vector,
}

/// Share of own wallets that have a network line of their own, whatever the crew's care.
const OWN_LINE: f64 = 0.35;
/// Age of a bought wallet in days: of a careless crew, and of a careful one.
const CARELESS_AGE_DAYS: (f64, f64) = (1.0, 40.0);
const CAREFUL_AGE_DAYS: (f64, f64) = (30.0, 240.0);
/// Share of ages that are drawn like those of the other kind of crew.
const ODD_AGES: f64 = 0.2;
/// Share of own wallets on a phone with a Chinese SIM card; the others roam.
const LOCAL_SIM: f64 = 0.7;
/// Share of acts that tell where the phone is.
const POSITIONED: f64 = 0.8;
/// How long a session has lasted when something is done in it: mean minutes.
const SESSION_MIN: f64 = 6.0;

impl Hand {
    /// The crew of this brief at this story.
    pub(crate) fn of(stage: &Stage<'_>, brief: Brief, typology: Typology, vector: Vector) -> Hand {
        Hand { brief, craft: stage.craft(brief.crew), stops: 0, typology, vector }
    }

    /// The truth of an act of this fraud.
    pub(crate) fn story(&self) -> Story {
        Story::fraud(self.typology, self.vector, self.brief.episode, self.brief.crew)
    }

    /// A number within a range, small ones more likely, shrunk with the world but not below a floor.
    pub(crate) fn many(&self, chance: &mut Chance, range: (f64, f64), fewest: u32) -> u32 {
        let many = self.between(chance, range) * self.brief.size;
        (many.round() as u32).max(fewest)
    }

    /// A number within a range; its logarithm is uniform.
    pub(crate) fn between(&self, chance: &mut Chance, (low, high): (f64, f64)) -> f64 {
        low * (high / low).powf(chance.unit())
    }

    /// A pause of this mean at the crew's tempo.
    pub(crate) fn gap_ms(&self, chance: &mut Chance, mean_ms: f64) -> i64 {
        chance.exponential(mean_ms / self.craft.pace) as i64
    }

    /// How old a wallet is that the crew buys.
    pub(crate) fn age_ms(&self, chance: &mut Chance) -> i64 {
        let is_careful = chance.hit(self.craft.disguise) != chance.hit(ODD_AGES);
        let days = if is_careful { CAREFUL_AGE_DAYS } else { CARELESS_AGE_DAYS };
        (self.between(chance, days) * DAY_MS) as i64
    }

    /// A wallet of a foreigner who is said to live in a Chinese city; not yet among the accounts.
    pub(crate) fn recruit(&self, stage: &mut Stage<'_>, age_ms: i64) -> Account {
        let ground = stage.ground;
        let claims = ground.atlas.home_country(&ground.settings, &mut stage.chance);
        let mut account = people::crook(stage, self.brief.crew, claims, age_ms);
        let city = ground.atlas.china(&mut stage.chance);
        account.home = ground.atlas.near(city, 15.0, &mut stage.chance);
        // The phone lives there too: its clock is China's, and mostly its SIM card.
        let device = &mut account.device;
        device.tz_offset_min = ground.atlas.tz_offset_min(Country::CN);
        if stage.chance.hit(LOCAL_SIM) {
            device.sim_operator = ground.atlas.sim_operator(Country::CN);
            device.sim_country = Country::CN;
        }
        device.is_roaming = device.sim_country != Country::CN;
        if 0 < age_ms {
            account.kyc = stage.chance.weigh(&[(1, 0.2), (2, 0.3), (3, 0.5)]);
        }
        account
    }

    /// Where a wallet's phone is online: on a line of its own, or on one of the crew's desks.
    fn line(&self, stage: &Stage<'_>, account: u64) -> Network {
        let atlas = &stage.ground.atlas;
        let mut chance = Chance::of(self.brief.episode, &[account]);
        if chance.hit(OWN_LINE + (1.0 - OWN_LINE) * self.craft.disguise) {
            return if chance.hit(0.5) {
                atlas.mobile(Country::CN, account)
            } else {
                atlas.home_line(Country::CN, account)
            };
        }
        let desk = chance.below(u64::from(self.craft.spread.max(1)));
        let key = mix(self.brief.episode, desk) >> 4;
        match Chance::of(self.brief.episode, &[desk, 1]).below(3) {
            0 => atlas.vpn(Country::CN, key),
            1 => atlas.residential_proxy(Country::CN, key),
            _ => atlas.home_line(Country::CN, key),
        }
    }

    /// Does something with a wallet from its own phone; a void end when there is no such wallet.
    fn act(&self, stage: &mut Stage<'_>, account: u64, story: Story, act: &Act<'_>) -> Outcome {
        let Some(owner) = stage.accounts.get(account) else {
            return Outcome::void(stage.now_ms + 1_000);
        };
        let (device, home) = (owner.device, owner.home);
        let place = match act {
            Act::Pay(pay) if pay.merchant.place.is_some() => pay.merchant.place,
            _ => stage.chance.hit(POSITIONED).then_some(home),
        };
        let network = self.line(stage, account);
        let mut session = stage.session(habit(account), "direct");
        session.since_ms -= stage.chance.exponential(SESSION_MIN * MINUTE_MS) as i64;
        let who =
            Who { account, device: &device, network: &network, place, session: &session, story };
        stage.attempt(&who, act)
    }

    /// An act of the fraud, from which the crew learns; `None` when it gives up.
    pub(crate) fn fraud(
        &mut self,
        stage: &mut Stage<'_>,
        account: u64,
        stake_fen: i64,
        act: &Act<'_>,
    ) -> Option<Outcome> {
        let outcome = self.act(stage, account, self.story().staking(stake_fen), act);
        self.heed(stage, &outcome).then_some(outcome)
    }

    /// An act for cover, as anybody might do it.
    pub(crate) fn cover(&self, stage: &mut Stage<'_>, account: u64, act: &Act<'_>) -> Outcome {
        self.act(stage, account, self.story().cover(), act)
    }

    /// Tells the crew how an act of fraud ended; false when it gives up.
    pub(crate) fn heed(&mut self, stage: &mut Stage<'_>, outcome: &Outcome) -> bool {
        if outcome.ending == Ending::Void {
            return true;
        }
        self.stops += u32::from(outcome.ending.is_stopped());
        match stage.learn(self.brief.crew, outcome) {
            Reaction::Continue => true,
            Reaction::Change => {
                self.craft = stage.craft(self.brief.crew);
                true
            }
            Reaction::Quit => false,
        }
    }

    /// Money leaves the wallet for good: to a bank, abroad, or to an outsider's account.
    pub(crate) fn exit(
        &mut self,
        stage: &mut Stage<'_>,
        account: u64,
        fen: i64,
        stake_fen: i64,
    ) -> Option<Outcome> {
        let created_ms = stage.accounts.get(account).map_or(stage.now_ms, |owner| owner.created_ms);
        // A wallet keeps its way out: the same bank account, added in its first days.
        let mut habit = Chance::of(account, &[2]);
        let dest = habit.bits() >> 4;
        let way = habit.weigh(&[("bank", 0.6), ("remittance", 0.25), ("outside", 0.15)]);
        let added_ms =
            created_ms + (habit.exponential(DAY_MS) as i64).min(stage.now_ms - created_ms);
        if way == "outside" {
            let transfer = Act::Transfer {
                to: dest,
                kind: "bank",
                fen,
                known_since_ms: if habit.hit(0.5) { added_ms } else { 0 },
                memo: "none",
                funding: Funding::Balance,
            };
            return self.fraud(stage, account, stake_fen, &transfer);
        }
        let abroad = stage.ground.atlas.home_country(&stage.ground.settings, &mut habit);
        let is_same_name = habit.hit(0.45 + 0.5 * self.craft.disguise);
        let withdrawal = Act::Withdraw {
            fen,
            dest,
            dest_kind: way,
            dest_country: if way == "remittance" { abroad } else { Country::CN },
            name_match: if is_same_name { "exact" } else { habit.pick(&["weak", "none"]) },
            added_ms,
        };
        self.fraud(stage, account, stake_fen, &withdrawal)
    }

    /// Buys something in the city where the wallet is said to live.
    pub(crate) fn buy(
        &self,
        stage: &mut Stage<'_>,
        account: u64,
        purchase: Purchase<'_>,
        story: Story,
    ) -> Outcome {
        let city = stage.accounts.get(account).map_or(0, |owner| owner.home.city);
        let market = &stage.ground.market;
        let now_ms = stage.now_ms;
        let is_online = matches!(purchase.trade, Trade::InApp | Trade::GiftCards | Trade::Gaming);
        let merchant = if is_online {
            market.online(purchase.trade, &mut stage.chance, now_ms)
        } else {
            market.shop(city, purchase.trade, &mut stage.chance, now_ms)
        };
        let kinds = ["merchant_qr_static", "merchant_qr_dynamic", "payment_code"];
        let kind = if is_online { "in_app" } else { stage.chance.pick(&kinds) };
        let extra = match kind {
            "payment_code" => Extra::Code { age_ms: stage.chance.between(1_500, 25_000) as u32 },
            _ => Extra::None,
        };
        let funding = purchase.card.map_or(Funding::Balance, Funding::Card);
        let pay = Pay { kind, fen: purchase.fen, funding, merchant: &merchant, extra };
        self.act(stage, account, story, &Act::Pay(pay))
    }
}

/// What a wallet of a crew buys, from its card or else its balance.
pub(crate) struct Purchase<'a> {
    /// Where.
    pub(crate) trade: Trade,
    /// For how much, in CNY fen.
    pub(crate) fen: i64,
    /// The card that pays.
    pub(crate) card: Option<&'a Card>,
}

/// How the user of a wallet opens the app: always the same way.
pub(crate) fn habit(account: u64) -> &'static str {
    Chance::of(account, &[1]).pick(&["pin", "biometric", "biometric", "password"])
}

/// Whether a wallet is closed or frozen.
pub(crate) fn is_lost(stage: &Stage<'_>, account: u64) -> bool {
    let account = stage.accounts.get(account);
    account.is_none_or(|account| stage.now_ms < account.frozen_until_ms)
}

/// A sum without fen.
pub(crate) fn whole_yuan(fen: f64) -> i64 {
    (fen / 100.0).round() as i64 * 100
}

/// The same time, or the next morning when people in China sleep.
pub(crate) fn waking(ms: i64) -> i64 {
    const CHINA_MS: i64 = 8 * 3_600_000;
    const DAY: i64 = 86_400_000;
    let of_day_ms = (ms + CHINA_MS).rem_euclid(DAY);
    let (asleep_ms, awake_ms) = (3_600_000, 8 * 3_600_000);
    if of_day_ms < asleep_ms || awake_ms <= of_day_ms {
        return ms;
    }
    // Whoever sleeps until eight does not start all at once.
    ms - of_day_ms + awake_ms + (of_day_ms - asleep_ms) / 5
}
