//! L06, a family or a group on one phone.
//!
//! A few people travel together for some days. Either one phone signs for all their accounts, or
//! one account pays for all: at the gate of the metro many small payments follow each other within
//! seconds, at the same reader. One device with several accounts has the shape of a farm; what
//! tells it apart is that they go everywhere together, are of one family or one country, and pay in
//! person. The cast is made for the journey and leaves with it.

use super::super::act::{Ending, Extra};
use super::super::asset::{Account, Country, Merchant, Persona, Place, Session};
use super::super::chance::{Chance, mix};
use super::super::market::Trade;
use super::super::people;
use super::super::resident::customer::{
    Customer, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Spot, insists, pause,
};
use super::super::resident::till::{After, Means, Purchase};
use super::super::stage::{Actor, Stage};
use super::super::story::{LookAlike, Story};

/// Account slots for each company that sets out in a day.
const SLOTS_A_COMPANY: f64 = 4_500.0;
/// People whose accounts one phone signs for, and people for whom one account pays.
const ON_ONE_PHONE: (i64, i64) = (2, 4);
const PAID_BY_ONE: (i64, i64) = (4, 6);
/// Companies in which everybody has an account, on one phone.
const HAVE_ACCOUNTS: f64 = 0.55;
const ACCOUNTS_MAX: usize = 4;
/// Companies that are a family, not friends.
const FAMILIES: f64 = 0.75;
/// How long they travel, in days, and how often they stop to pay in a day.
const DAYS: (i64, i64) = (2, 6);
const STOPS: (i64, i64) = (3, 6);
/// How long ago the accounts were opened, in days.
const OPENED_DAYS: (i64, i64) = (12, 500);
/// Phones with a local SIM; the others roam.
const LOCAL_SIM: f64 = 0.5;
/// China's clock.
const CHINA_MIN: i16 = 480;
const STORY: Story = Story {
    typology: None,
    look_alike: Some(LookAlike::GroupLeader),
    vector: None,
    episode: 0,
    actor: 0,
    stake_fen: 0,
};

/// Where the next company comes from.
struct Departures;

/// Lets companies set out.
pub(super) fn begin(stage: &mut Stage<'_>) {
    let at_ms = next(stage);
    stage.spawn(at_ms, Box::new(Departures));
}

fn next(stage: &mut Stage<'_>) -> i64 {
    let per_day = f64::from(stage.slots()) / SLOTS_A_COMPANY;
    super::next_ms(stage, per_day * stage.ground.calendar.volume(stage.now_ms))
}

impl Actor for Departures {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let company = Company::gather(stage);
        let at_ms = company.moment(stage);
        stage.spawn(at_ms, Box::new(company));
        Some(next(stage))
    }
}

/// Where the company stops to pay.
#[derive(Debug, Clone, Copy)]
struct Stop {
    merchant: Merchant,
    kind: &'static str,
    fen: i64,
    /// Payments that are left.
    left: u8,
}

struct Company {
    accounts: [u64; ACCOUNTS_MAX],
    sessions: [Option<Session>; ACCOUNTS_MAX],
    /// Accounts among them.
    count: u8,
    /// People among them.
    heads: u8,
    city: u16,
    is_roaming: bool,
    home: Country,
    until_ms: i64,
    /// Stops that are left today.
    stops: u8,
    stop: Option<Stop>,
    again: Option<(u8, Purchase)>,
    /// Login tries of the account whose turn it is.
    tries: u8,
}

impl Company {
    /// Makes the cast.
    fn gather(stage: &mut Stage<'_>) -> Company {
        let ground = stage.ground;
        let home = ground.atlas.home_country(&ground.settings, &mut stage.chance);
        let on_one_phone = stage.chance.hit(HAVE_ACCOUNTS);
        let (least, most) = if on_one_phone { ON_ONE_PHONE } else { PAID_BY_ONE };
        let heads = stage.chance.between(least, most) as u8;
        let count = if on_one_phone { heads } else { 1 };
        let is_family = stage.chance.hit(FAMILIES);
        let is_roaming = !stage.chance.hit(LOCAL_SIM);
        let mut company = Company {
            accounts: [0; ACCOUNTS_MAX],
            sessions: [None; ACCOUNTS_MAX],
            count,
            heads,
            city: ground.atlas.china(&mut stage.chance),
            is_roaming,
            home,
            until_ms: stage.now_ms + stage.chance.between(DAYS.0, DAYS.1) * DAY_MS,
            stops: 0,
            stop: None,
            again: None,
            tries: 0,
        };
        let mut leader: Option<Account> = None;
        for place in 0..usize::from(count) {
            let mut account = traveller(stage, home);
            if let Some(leader) = &leader {
                join(&mut account, leader, is_family);
            } else {
                account.device.tz_offset_min = CHINA_MIN;
                account.device.is_roaming = is_roaming;
                if !is_roaming {
                    account.device.sim_country = Country::CN;
                    account.device.sim_operator = ground.atlas.sim_operator(Country::CN);
                    account.device.sims = 2;
                }
                leader = Some(account.clone());
            }
            company.accounts[place] = account.key;
            stage.accounts.insert(account);
        }
        company
    }

    /// A time of the next day at which they set out, not before the morning.
    fn moment(&self, stage: &mut Stage<'_>) -> i64 {
        let day_ms = (stage.now_ms + 8 * HOUR_MS).div_euclid(DAY_MS) * DAY_MS + DAY_MS;
        // Eight to eleven in China.
        day_ms + stage.chance.between(0, 3 * HOUR_MS)
    }

    fn spot(&self, stage: &mut Stage<'_>, customer: &Customer, place: Option<Place>) -> Spot {
        let ground = stage.ground;
        let lease = stage.now_ms.div_euclid(12 * HOUR_MS) as u64;
        let key = mix(self.accounts[0], lease);
        let country = if self.is_roaming { self.home } else { Country::CN };
        let network = ground.atlas.mobile(country, key);
        // In the morning all of them are at the same table.
        let day = stage.now_ms.div_euclid(DAY_MS) as u64;
        let mut morning = Chance::of(ground.seed, &[self.accounts[0], day]);
        let place = place.unwrap_or_else(|| ground.atlas.near(self.city, 3.0, &mut morning));
        Spot { network, place: customer.fix(&mut stage.chance, place) }
    }

    /// One of the accounts that has no session yet opens the app; gives when things go on.
    fn open(&mut self, stage: &mut Stage<'_>, place: usize, customer: &Customer) -> i64 {
        let spot = self.spot(stage, customer, None);
        let session = customer.session(stage, "direct");
        let outcome = customer.login(stage, &spot, &session, STORY);
        self.tries += 1;
        if outcome.ending != Ending::Done
            && insists(&mut stage.chance, outcome.ending, self.tries - 1)
        {
            return pause(&mut stage.chance, outcome.at_ms);
        }
        self.tries = 0;
        if outcome.ending == Ending::Done {
            self.sessions[place] = Some(session);
        } else {
            self.drop_out(stage, place);
        }
        outcome.at_ms + stage.chance.between(15 * SECOND_MS, 70 * SECOND_MS)
    }

    /// The wallet does not let this account in: the others go on without it.
    fn drop_out(&mut self, stage: &mut Stage<'_>, place: usize) {
        stage.accounts.remove(self.accounts[place]);
        self.count -= 1;
        let last = usize::from(self.count);
        self.accounts.swap(place, last);
        self.sessions.swap(place, last);
        self.accounts[last] = 0;
        self.sessions[last] = None;
    }

    /// The company comes to the next counter.
    fn arrive(&mut self, stage: &mut Stage<'_>) {
        let ground = stage.ground;
        let (kind, trade) = stage.chance.weigh(&[
            (("transit", Trade::Transit), 0.50),
            (("merchant_qr_dynamic", Trade::Food), 0.30),
            (("payment_code", Trade::Retail), 0.20),
        ]);
        let merchant = ground.market.shop(self.city, trade, &mut stage.chance, stage.now_ms);
        let fen = ground.market.amount_fen(trade, &mut stage.chance);
        // At a gate everybody pays; at a table somebody does, or each a part.
        let left = match trade {
            Trade::Transit => self.heads,
            _ if stage.chance.hit(0.5) => self.count,
            _ => 1,
        };
        self.stop = Some(Stop { merchant, kind, fen, left });
    }

    /// One payment at the counter; gives when the next follows.
    fn pay(&mut self, stage: &mut Stage<'_>, stop: Stop) -> i64 {
        let turn = stop.left % self.count;
        let left = stop.left - 1;
        self.stop = (0 < left).then_some(Stop { left, ..stop });
        let account = self.accounts[usize::from(turn)];
        if let Some(customer) = Customer::find(stage, account)
            && let Some(means) = Means::choose(stage, &customer, stop.fen)
            && !(stop.merchant.is_personal && means != Means::Balance)
        {
            let extra = match stop.kind {
                "payment_code" => {
                    Extra::Code { age_ms: stage.chance.between(2_000, 20_000) as u32 }
                }
                _ => Extra::None,
            };
            let Stop { merchant, kind, fen, .. } = stop;
            let look = Some(LookAlike::GroupLeader);
            let purchase = Purchase { kind, fen, merchant, extra, means, look, tries: 0 };
            return self.settle(stage, &customer, turn, purchase);
        }
        stage.now_ms + SECOND_MS
    }

    fn settle(
        &mut self,
        stage: &mut Stage<'_>,
        customer: &Customer,
        turn: u8,
        purchase: Purchase,
    ) -> i64 {
        let spot = self.spot(stage, customer, purchase.merchant.place);
        let Some(session) = self.sessions[usize::from(turn)] else { return stage.now_ms };
        match purchase.pay(stage, &customer.who(&spot, &session, STORY)) {
            After::Again { at_ms, purchase } => {
                self.again = Some((turn, purchase));
                at_ms
            }
            After::Paid { at_ms, .. } => at_ms + stage.chance.between(1_500, 9_000),
            After::Over | After::Frozen => {
                stage.now_ms + stage.chance.between(5 * SECOND_MS, 20 * SECOND_MS)
            }
        }
    }

    /// What comes when a counter is done with; `None` when they go home.
    fn on(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        if 0 < self.stops {
            self.stops -= 1;
            self.arrive(stage);
            let walk_min = stage.chance.log_normal(75.0, 0.6).clamp(8.0, 300.0);
            return Some(stage.now_ms + (walk_min * MINUTE_MS as f64) as i64);
        }
        let at_ms = self.moment(stage);
        if self.until_ms <= at_ms {
            for account in &self.accounts[..usize::from(self.count)] {
                stage.accounts.remove(*account);
            }
            return None;
        }
        // The app is opened afresh each morning.
        self.sessions = [None; ACCOUNTS_MAX];
        Some(at_ms)
    }
}

impl Actor for Company {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let count = usize::from(self.count);
        if count == 0 {
            return None;
        }
        if let Some((turn, purchase)) = self.again.take() {
            let account = self.accounts[usize::from(turn)];
            let customer = Customer::find(stage, account)?;
            return Some(self.settle(stage, &customer, turn, purchase));
        }
        if let Some(place) = self.sessions[..count].iter().position(Option::is_none) {
            let customer = Customer::find(stage, self.accounts[place])?;
            let next_ms = self.open(stage, place, &customer);
            if self.sessions[..usize::from(self.count)].iter().all(Option::is_some) {
                self.stops = stage.chance.between(STOPS.0, STOPS.1) as u8;
            }
            return Some(next_ms);
        }
        match self.stop {
            Some(stop) => Some(self.pay(stage, stop)),
            None => self.on(stage),
        }
    }
}

/// One of the company, who has had the wallet for a while.
fn traveller(stage: &mut Stage<'_>, home: Country) -> Account {
    let days = stage.chance.between(OPENED_DAYS.0, OPENED_DAYS.1);
    let opened_ms = stage.now_ms - days * DAY_MS - stage.chance.between(0, DAY_MS);
    let mut account = people::open(stage, Persona::Family, opened_ms, home);
    account.kyc = account.kyc.max(2);
    account
}

/// Puts an account on the leader's phone.
fn join(account: &mut Account, leader: &Account, is_family: bool) {
    account.device = leader.device;
    account.trusted_ms = account.trusted_ms.max(leader.device.installed_ms);
    account.home = leader.home;
    account.holder.residence = leader.holder.residence;
    if is_family {
        let own = account.holder.name;
        let name = leader.holder.name >> 32 << 32 | own & u64::from(u32::MAX);
        for card in &mut account.cards {
            if card.name == own {
                card.name = name;
            }
        }
        account.holder.name = name;
    }
}
