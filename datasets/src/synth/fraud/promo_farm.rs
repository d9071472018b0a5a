//! T13, promotion abuse with many accounts: one workshop that passes for hundreds of new customers.
//!
//! A farm opens account after account with rented numbers, each for its coupons: the one of new
//! customers, the reward for an invitation by another account of the farm, later those of the month
//! that everybody may use. Accounts of earlier campaigns are woken as well. Most coupons are sold as
//! they are; some the farm spends itself, on goods for a stranger who pays outside.
//!
//! A careless account is one of many on an emulator or on a phone full of copies of the app, and
//! redeems within hours. A careful one is made on a phone that is wiped after one to three of them,
//! rests for one to seven days and looks around meanwhile; the phone's state is kept with the
//! account and put back for each visit. Even careless crews have a few careful accounts and the
//! other way round. A crew that was stopped opens more slowly, shares the work among more devices,
//! addresses and campaigns, takes smaller coupons, lets accounts rest, or takes more care.
//!
//! What a coupon is worth is the stake of its redemption; accounts, cards and resales lose nothing
//! more. The farm stops when it has the accounts that it wanted, when the campaigns' month is over,
//! or when its crew gives up, and drops each account that is used up.

use std::collections::BTreeMap;

use crate::synth::act::{Act, Extra, Funding, Pay};
use crate::synth::asset::{Account, Card, Country, Device, probe};
use crate::synth::chance::Chance;
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::market::{Audience, Trade};
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Typology, Vector};

use super::cash_out::thief::{is_good, log_uniform, rest_ms, uniform};
use super::mule_ring::hand::{DAY_MS, HOUR_MS, Hand, MINUTE_MS, habit, waking};

#[cfg(test)]
pub(super) mod tests;

/// T13.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::PromoFarm, events: 2_650.0, least: 40.0, begin };

/// Accounts of a farm, even on the logarithm, and the fewest that still show what it is.
const ACCOUNTS: (f64, f64) = (50.0, 2_000.0);
const FEWEST_ACCOUNTS: u32 = 10;
/// Days in which it opens them, likewise; small farms take at most so many minutes for each.
const OPENING_DAYS: (f64, f64) = (0.7, 3.0);
const OPENING_MIN_MOST: f64 = 18.0;
/// Days after which nothing is opened any more.
const CAMPAIGN_DAYS: f64 = 30.0;
/// Share of accounts that are left from earlier campaigns, or bought.
const OLD: f64 = 0.35;
/// Share of accounts on the phones of people who lend themselves for a fee.
const HIRED: f64 = 0.13;
/// Accounts on a careless device, even on the logarithm, and on a phone between two wipes, with
/// weights.
const ON_A_DEVICE: (f64, f64) = (5.0, 40.0);
const BETWEEN_WIPES: [(u32, f64); 3] = [(1, 0.6), (2, 0.25), (3, 0.15)];
/// Share of wiped phones that the app knows again.
const KNOWN_AGAIN: f64 = 0.25;
/// Share of careless devices that are emulators, and of the phones that show their cloned app.
const EMULATED: f64 = 0.5;
const CLONING_SHOWN: f64 = 0.7;
/// Share of careless accounts before which the app is installed afresh.
const INSTALLED_AFRESH: f64 = 0.25;
/// Share of careless accounts with a number that rings on the internet.
const INTERNET_NUMBER: f64 = 0.45;
/// Time to fill in the form, in milliseconds with the deviation of the logarithm: by a script, and
/// by hand.
const SCRIPTED_MS: (f64, f64) = (11_000.0, 0.8);
const BY_HAND_MS: (f64, f64) = (55_000.0, 0.6);
/// Share of accounts that another one invited; share that invite the next ones, careless and
/// careful.
const INVITED: f64 = 0.3;
const INVITES: (f64, f64) = (0.03, 0.4);
/// Coupons that an account redeems.
const COUPONS: (i64, i64) = (1, 3);
/// How long a new account rests: a careless one in hours, even on the logarithm, a careful one in
/// days.
const CARELESS_REST_H: (f64, f64) = (0.1, 20.0);
const CAREFUL_REST_DAYS: (f64, f64) = (1.0, 7.0);
/// Share of careful accounts that open the app once while they rest.
const LOOKS_AROUND: f64 = 0.6;
/// Days until the account comes back for its next coupon, even on the logarithm.
const RETURN_DAYS: (f64, f64) = (0.8, 7.0);
/// Minutes from one act to the next in a visit.
const STEP_MIN: (f64, f64) = (0.5, 6.0);
/// Coupon of new customers, reward for an invitation, in whole CNY; coupons of the month, in CNY
/// with the deviation of the logarithm, and the dearest: a farm takes the better ones.
const NEW_USER_CNY: (i64, i64) = (10, 30);
const REWARD_CNY: (i64, i64) = (5, 18);
const MONTHLY_CNY: (f64, f64, f64) = (8.0, 0.6, 60.0);
/// Share of coupons that the farm spends itself, and the dearest goods for it, in CNY fen.
const SPENT: f64 = 0.25;
const GOODS_FEN_MOST: i64 = 30_000;
/// Cards of a careless farm that does not spread.
const CARDS: u64 = 2;
/// Deviation of positions from the workshop in kilometres: careless and careful accounts.
const AROUND_KM: (f64, f64) = (0.2, 9.0);

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let hand = Hand::of(stage, brief, Typology::PromoFarm, Vector::V8);
    let accounts = hand.many(&mut stage.chance, ACCOUNTS, FEWEST_ACCOUNTS);
    let days = hand.between(&mut stage.chance, OPENING_DAYS);
    let opening_ms = days * DAY_MS / f64::from(accounts);
    Some(Box::new(Farm {
        hand,
        city: stage.ground.atlas.china(&mut stage.chance),
        unopened: accounts,
        opening_ms: opening_ms.min(OPENING_MIN_MOST * MINUTE_MS),
        opens_ms: waking(stage.now_ms),
        until_ms: stage.now_ms + (CAMPAIGN_DAYS * DAY_MS) as i64,
        careless: Bench::default(),
        careful: Bench::default(),
        inviter: 0,
        errands: BTreeMap::new(),
    }))
}

/// A device on which accounts are made one after the other.
#[derive(Default)]
struct Bench {
    device: Option<Device>,
    /// Accounts until it is wiped or replaced.
    left: u32,
}

/// The farm at work.
struct Farm {
    hand: Hand,
    city: u16,
    unopened: u32,
    /// From one account to the next at the usual pace.
    opening_ms: f64,
    /// When the next account is opened; the end of time when there are enough.
    opens_ms: i64,
    until_ms: i64,
    careless: Bench,
    careful: Bench,
    /// The account that invites others; 0 for none yet.
    inviter: u64,
    /// What is done next with each account, by time.
    errands: BTreeMap<(i64, u64), Errand>,
}

/// What an account does next.
#[derive(Clone, Copy)]
struct Errand {
    job: Job,
    is_new: bool,
    is_careful: bool,
    /// Who invited it; 0 for nobody.
    invited_by: u64,
    /// Coupons redeemed or refused so far, and still to come.
    turn: u8,
    left: u8,
}

#[derive(Clone, Copy)]
enum Job {
    /// Opens the app for no reason.
    Look,
    /// Logs in for a coupon.
    Enter,
    /// Redeems it.
    Redeem,
    /// Links a card of the farm, to spend a coupon of so much.
    Link { benefit_fen: i64 },
    /// Spends it.
    Spend { benefit_fen: i64 },
}

/// What follows: the next errand with its time, or nothing when the account is used up.
type Next = Option<(i64, Errand)>;

impl Farm {
    /// Another account: opened now, or an old one that is woken. `None` when the crew gives up.
    fn enlist(&mut self, stage: &mut Stage<'_>) -> Option<()> {
        self.unopened -= 1;
        let gap_ms = self.hand.gap_ms(&mut stage.chance, self.opening_ms).max(2_000);
        self.opens_ms = waking(stage.now_ms + gap_ms);
        if self.unopened == 0 || self.until_ms <= self.opens_ms {
            self.opens_ms = i64::MAX;
        }
        let is_careful = is_good(&self.hand.craft, &mut stage.chance);
        let is_new = !stage.chance.hit(OLD);
        let account = self.account(stage, is_new, is_careful);
        let key = account.key;
        stage.accounts.insert(account);
        let is_invited = is_new && self.inviter != 0 && stage.chance.hit(INVITED);
        let errand = Errand {
            job: Job::Enter,
            is_new,
            is_careful,
            invited_by: if is_invited { self.inviter } else { 0 },
            turn: 0,
            left: stage.chance.between(COUPONS.0, COUPONS.1) as u8,
        };
        let next = if is_new {
            self.open(stage, key, errand)
        } else {
            Some(Some(soon_after(stage, stage.now_ms, errand)))
        };
        let invites = if is_careful { INVITES.1 } else { INVITES.0 };
        let is_next = self.inviter == 0 || stage.chance.hit(invites);
        if is_next && next.flatten().is_some() {
            self.inviter = key;
        }
        self.follow(stage, key, next)
    }

    /// A new account, or one with a past, on the device that is its turn.
    fn account(&mut self, stage: &mut Stage<'_>, is_new: bool, is_careful: bool) -> Account {
        let ground = stage.ground;
        let age_ms = if is_new { 0 } else { self.hand.age_ms(&mut stage.chance) };
        let claims = ground.atlas.home_country(&ground.settings, &mut stage.chance);
        let mut account = people::crook(stage, self.hand.brief.crew, claims, age_ms);
        let km = if is_careful { AROUND_KM.1 } else { AROUND_KM.0 };
        account.home = ground.atlas.near(self.city, km, &mut stage.chance);
        account.device = self.device(stage, is_careful);
        if account.device.bio_enrolled_ms == 0 {
            account.factors.biometric = 0;
        }
        if !is_careful && stage.chance.hit(INTERNET_NUMBER) {
            account.holder.phone_line = "voip";
        }
        if !is_new {
            // The farm's device is another one than that which the account knew.
            account.trusted_ms = 0;
            account.kyc = stage.chance.weigh(&[(1, 0.3), (2, 0.35), (3, 0.35)]);
        }
        account
    }

    /// The device of the next account.
    fn device(&mut self, stage: &mut Stage<'_>, is_careful: bool) -> Device {
        if stage.chance.hit(HIRED) {
            return people::companion_phone(stage, Country::CN);
        }
        let craft = self.hand.craft;
        let bench = if is_careful { &mut self.careful } else { &mut self.careless };
        let mut device = match bench.device.filter(|_| 0 < bench.left) {
            Some(device) => device,
            None if is_careful => {
                bench.left = (stage.chance.weigh(&BETWEEN_WIPES) / craft.spread.max(1)).max(1);
                wiped(stage, &craft, bench.device)
            }
            None => {
                let accounts = log_uniform(&mut stage.chance, ON_A_DEVICE);
                bench.left = (accounts / f64::from(craft.spread.max(1))).round().max(1.0) as u32;
                crowded(stage, &craft)
            }
        };
        bench.left -= 1;
        if !is_careful && stage.chance.hit(INSTALLED_AFRESH) {
            device.installed_ms = stage.now_ms - (2.0 * MINUTE_MS) as i64;
        }
        bench.device = Some(device);
        device
    }

    fn open(&mut self, stage: &mut Stage<'_>, account: u64, errand: Errand) -> Option<Next> {
        let is_by_hand = is_good(&self.hand.craft, &mut stage.chance);
        let (median_ms, sigma) = if is_by_hand { BY_HAND_MS } else { SCRIPTED_MS };
        let form_fill_ms = stage.chance.log_normal(median_ms, sigma) as u32;
        let referral = (errand.invited_by != 0).then_some(errand.invited_by);
        let outcome = self.hand.fraud(stage, account, 0, &Act::Open { form_fill_ms, referral })?;
        if !outcome.ending.is_done() {
            return Some(None);
        }
        let chance = &mut stage.chance;
        let own_ms = if errand.is_careful {
            uniform(chance, CAREFUL_REST_DAYS) * DAY_MS
        } else {
            log_uniform(chance, CARELESS_REST_H) * HOUR_MS
        };
        let rest_ms = own_ms + rest_ms(&self.hand.craft, chance);
        if errand.is_careful && chance.hit(LOOKS_AROUND) {
            let looks_ms = outcome.at_ms + (rest_ms * uniform(chance, (0.2, 0.8))) as i64;
            return Some(Some((waking(looks_ms), Errand { job: Job::Look, ..errand })));
        }
        // Whoever comes back within the hour is still logged in.
        let job = if rest_ms < HOUR_MS { Job::Redeem } else { Job::Enter };
        Some(Some((waking(outcome.at_ms + rest_ms as i64), Errand { job, ..errand })))
    }

    /// Does the next thing with an account; `None` when the crew gives up.
    fn run(&mut self, stage: &mut Stage<'_>, account: u64, errand: Errand) -> Option<Next> {
        match errand.job {
            Job::Look => {
                let login = login(stage, account);
                self.hand.cover(stage, account, &login);
                let rest_ms = uniform(&mut stage.chance, (0.3, 3.0)) * DAY_MS;
                let due_ms = waking(stage.now_ms + rest_ms as i64);
                Some(Some((due_ms, Errand { job: Job::Enter, ..errand })))
            }
            Job::Enter => {
                let login = login(stage, account);
                let outcome = self.hand.fraud(stage, account, 0, &login)?;
                let redeem = Errand { job: Job::Redeem, ..errand };
                Some(outcome.ending.is_done().then(|| soon_after(stage, outcome.at_ms, redeem)))
            }
            Job::Redeem => self.redeem(stage, account, errand),
            Job::Link { benefit_fen } => {
                let card = self.card(stage, account, errand.is_careful);
                let entry_ms = stage.chance.log_normal(12_000.0, 0.5) as u32;
                let is_pasted = !errand.is_careful && stage.chance.hit(0.4);
                let link = Act::Link {
                    card: &card,
                    entry: "manual",
                    entry_ms,
                    is_pasted,
                    knows_cvv: true,
                    attempt: 1,
                };
                let outcome = self.hand.fraud(stage, account, 0, &link)?;
                if !outcome.ending.is_done() {
                    return Some(self.come_back(stage, errand));
                }
                let spend = Errand { job: Job::Spend { benefit_fen }, ..errand };
                Some(Some(soon_after(stage, outcome.at_ms, spend)))
            }
            Job::Spend { benefit_fen } => {
                self.spend(stage, account, benefit_fen)?;
                Some(self.come_back(stage, errand))
            }
        }
    }

    fn redeem(&mut self, stage: &mut Stage<'_>, account: u64, errand: Errand) -> Option<Next> {
        let sort = match (errand.is_new, errand.turn, errand.invited_by) {
            (true, 0, _) => Sort::NewUser,
            (true, 1, 1..) => Sort::Reward,
            _ => Sort::Monthly,
        };
        let Coupon { campaign, benefit_fen, kind } = Coupon::choose(stage, self.hand.brief, sort);
        let referrer = (sort == Sort::Reward).then_some(errand.invited_by);
        let act = Act::Redeem { campaign, benefit_fen, kind, referrer };
        let outcome = self.hand.fraud(stage, account, benefit_fen, &act)?;
        let errand = Errand { turn: errand.turn + 1, left: errand.left - 1, ..errand };
        if !outcome.ending.is_done() || !stage.chance.hit(SPENT) {
            // What was refused is not asked for again; the next campaign may know no better.
            return Some(self.come_back(stage, errand));
        }
        let has_card = stage.accounts.get(account).is_some_and(|own| !own.cards.is_empty());
        let job = if has_card { Job::Spend { benefit_fen } } else { Job::Link { benefit_fen } };
        Some(Some(soon_after(stage, outcome.at_ms, Errand { job, ..errand })))
    }

    /// The next visit of an account, if anything is left to it.
    fn come_back(&self, stage: &mut Stage<'_>, errand: Errand) -> Next {
        let days = log_uniform(&mut stage.chance, RETURN_DAYS);
        let due_ms = waking(stage.now_ms + (days * DAY_MS) as i64);
        (0 < errand.left).then_some((due_ms, Errand { job: Job::Enter, ..errand }))
    }

    /// A prepaid card of the farm: one for each careful account, a few for all others.
    fn card(&self, stage: &mut Stage<'_>, account: u64, is_careful: bool) -> Card {
        let cards = CARDS * u64::from(self.hand.craft.spread.max(1));
        let number = if is_careful { account } else { stage.chance.below(cards) };
        let (ground, episode) = (stage.ground, self.hand.brief.episode);
        let mut own = Chance::of(ground.seed, &[episode, number, 3]);
        let issued_in = ground.atlas.home_country(&ground.settings, &mut own);
        let card = ground.atlas.card(issued_in, ground.start_ms, &mut own);
        let (key, stranger) = ((own.bits() >> 4).max(1), own.bits() >> 4);
        let holder = stage.accounts.get(account).filter(|_| is_careful);
        let name = holder.map_or(stranger, |own| own.holder.name);
        Card { key, name, funding: "prepaid", is_virtual: true, ..card }
    }

    /// Buys something for a stranger at the price that the coupon leaves.
    fn spend(&mut self, stage: &mut Stage<'_>, account: u64, benefit_fen: i64) -> Option<()> {
        let cards = stage.accounts.get(account).map_or(&[][..], |own| &own.cards);
        let Some(card) = cards.first().copied() else { return Some(()) };
        let trades = [(Trade::InApp, 0.6), (Trade::Gaming, 0.25), (Trade::GiftCards, 0.15)];
        let trade = stage.chance.weigh(&trades);
        let (market, now_ms) = (&stage.ground.market, stage.now_ms);
        let merchant = market.online(trade, &mut stage.chance, now_ms);
        let usual_fen = market.amount_fen(trade, &mut stage.chance);
        let pay = Pay {
            kind: "in_app",
            fen: usual_fen.clamp(benefit_fen + 100, GOODS_FEN_MOST),
            funding: Funding::Card(&card),
            merchant: &merchant,
            extra: Extra::Delivery { country: Country::CN, discount_fen: benefit_fen },
        };
        self.hand.fraud(stage, account, 0, &Act::Pay(pay)).map(|_| ())
    }

    /// Notes what follows with an account, and drops it when nothing does.
    fn follow(&mut self, stage: &mut Stage<'_>, account: u64, next: Option<Next>) -> Option<()> {
        if let Some((due_ms, errand)) = next.flatten() {
            self.errands.insert((due_ms, account), errand);
        } else {
            stage.accounts.remove(account);
        }
        next.map(|_| ())
    }

    fn work(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let due = self.errands.first_entry().filter(|first| first.key().0 <= stage.now_ms);
        match due.map(|first| first.remove_entry()) {
            Some(((_, account), errand)) => {
                let next = self.run(stage, account, errand);
                self.follow(stage, account, next)?;
            }
            None if self.opens_ms <= stage.now_ms => self.enlist(stage)?,
            None => {}
        }
        let next_ms = self.errands.first_key_value().map_or(i64::MAX, |((due_ms, _), _)| *due_ms);
        let next_ms = next_ms.min(self.opens_ms);
        (next_ms != i64::MAX).then_some(next_ms.max(stage.now_ms + 1_000))
    }
}

impl Actor for Farm {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next_ms = self.work(stage);
        if next_ms.is_none() {
            // Nobody comes back to these accounts.
            for (_, account) in std::mem::take(&mut self.errands).into_keys() {
                stage.accounts.remove(account);
            }
        }
        next_ms
    }
}

/// A sort of coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// For new customers.
    NewUser,
    /// For an invitation.
    Reward,
    /// Of the month, for everybody.
    Monthly,
}

/// A coupon of a campaign that runs for everybody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coupon {
    pub(super) campaign: u64,
    pub(super) benefit_fen: i64,
    pub(super) kind: &'static str,
}

impl Coupon {
    /// What a crew takes now: the campaign that pays best, or several if it spreads its work.
    pub(super) fn choose(stage: &mut Stage<'_>, brief: Brief, sort: Sort) -> Coupon {
        let craft = stage.craft(brief.crew);
        let (market, now_ms, chance) = (&stage.ground.market, stage.now_ms, &mut stage.chance);
        let audience = match sort {
            Sort::Monthly => Audience::Everybody,
            Sort::NewUser | Sort::Reward => Audience::Newcomers,
        };
        let campaigns = audience.campaigns();
        let others = chance.below(u64::from(craft.spread.max(1)).min(campaigns));
        let best = market.campaign(audience, brief.episode, now_ms) % campaigns;
        let place = (best + others) % campaigns;
        let (cny, kind) = match sort {
            Sort::NewUser => (chance.between(NEW_USER_CNY.0, NEW_USER_CNY.1) as f64, "new_user"),
            Sort::Reward => (chance.between(REWARD_CNY.0, REWARD_CNY.1) as f64, "referral"),
            Sort::Monthly => (
                chance.log_normal(MONTHLY_CNY.0, MONTHLY_CNY.1).min(MONTHLY_CNY.2),
                if place.is_multiple_of(2) { "coupon" } else { "cashback" },
            ),
        };
        let yuan = cny * craft.amount;
        let benefit_fen = match sort {
            Sort::Monthly => (100.0 * yuan) as i64,
            Sort::NewUser | Sort::Reward => 100 * yuan.round() as i64,
        };
        let campaign = market.campaign(audience, place, now_ms);
        Coupon { campaign, benefit_fen: benefit_fen.max(100), kind }
    }
}

/// The errand some minutes after this time.
fn soon_after(stage: &mut Stage<'_>, at_ms: i64, errand: Errand) -> (i64, Errand) {
    (at_ms + (uniform(&mut stage.chance, STEP_MIN) * MINUTE_MS) as i64, errand)
}

fn login(stage: &Stage<'_>, account: u64) -> Act<'static> {
    let name = stage.accounts.get(account).map_or(0, |own| own.holder.phone);
    Act::Login { method: habit(account), outcome: "success", name, streak: 0, code: None }
}

/// A device that many accounts share: an emulator, or a phone with copies of the app.
fn crowded(stage: &mut Stage<'_>, craft: &Craft) -> Device {
    if stage.chance.hit(EMULATED) {
        let emulator = people::emulator(stage, craft.disguise);
        return in_china(stage, emulator);
    }
    let mut phone = people::phone(stage, Country::CN);
    if stage.chance.hit(CLONING_SHOWN * (1.0 - craft.disguise)) {
        phone.probes |= probe::CLONED_APP;
    }
    phone
}

/// What pretends to be a phone of somebody abroad, in a workshop in China.
pub(super) fn in_china(stage: &Stage<'_>, device: Device) -> Device {
    Device {
        tz_offset_min: stage.ground.atlas.tz_offset_min(Country::CN),
        is_roaming: device.sim_country != Country::CN,
        ..device
    }
}

/// A phone as it comes from the factory, or back from a reset to that state.
fn wiped(stage: &mut Stage<'_>, craft: &Craft, before: Option<Device>) -> Device {
    let Some(before) = before else { return people::phone(stage, Country::CN) };
    let is_known_again = stage.chance.hit(KNOWN_AGAIN * (1.0 - craft.disguise));
    let key = if is_known_again { before.key } else { stage.key() };
    let minutes_ago = |chance: &mut Chance, least: f64, most: f64| {
        stage.now_ms - (uniform(chance, (least, most)) * MINUTE_MS) as i64
    };
    let chance = &mut stage.chance;
    let bio_enrolled_ms = minutes_ago(chance, 16.0, 25.0);
    let mut device = Device {
        key,
        fingerprint: before.fingerprint + 1,
        installed_ms: minutes_ago(chance, 1.0, 15.0),
        booted_ms: minutes_ago(chance, 26.0, 60.0),
        bio_enrolled_ms: if chance.hit(0.5) { bio_enrolled_ms } else { 0 },
        ..before
    };
    people::keep_up(&mut device, stage.now_ms);
    device
}
