//! Who is paid? Shops in the streets of each city, and shops without a place.
//!
//! No merchant is stored: one is a pure function of the seed, its city, its trade and its rank
//! there, so a million of them cost a table of sites for each city. Few are met often and most
//! seldom: ranks are drawn with a probability of about `1 / rank^0.8`. Whatever a merchant is
//! (category, size, settlement, age, place) follows from its own stream of chance and is the same
//! whenever it is met. Some are younger than the world; nobody meets them before their day, and the
//! most popular ones are old, so a shop is always found. A draw costs below 200 ns.

use super::asset::{Country, Merchant, Place};
use super::atlas::Atlas;
use super::chance::{Chance, mix};
use super::settings::{Amount, Settings};

mod trade;

pub(crate) use trade::Trade;

use trade::Build;

const DAY_MS: i64 = 86_400_000;

/// Names the streams of chance of this module.
const STREAM: u64 = 0x6D61_726B;

/// The city index of merchants without a place.
const NOWHERE: u16 = u16::MAX;

/// One shop for so many accounts, and how many there are at least and at most.
const ACCOUNTS_PER_SHOP: u32 = 3;
const SHOPS_LEAST: u32 = 1_500;
const SHOPS_MOST: u32 = 2_000_000;

/// Shops of each other country, for one on the mainland.
const ABROAD_SHARE: f64 = 0.02;

/// Shops without a place, for one with a place.
const ONLINE_SHARE: f64 = 0.1;

/// One over `1 - 0.8`: ranks are this power of an even number, which makes them Zipf of 0.8.
const POWER: i32 = 5;

/// The first ranks, which are never young.
const OLD_RANKS: u32 = 3;

/// Share of the merchants that come up from 60 days before to 360 days after the start of the
/// world: about two of a hundred are younger than two months at any time.
const YOUNG_SHARE: f64 = 0.15;

/// Standard deviation of shops around the middle of their city, along each axis.
const SPREAD_KM: f64 = 4.0;

/// Buildings of a city, in each of which several shops stand: so many shops for one, and how many
/// there are at least and at most.
const SHOPS_PER_SITE: u32 = 8;
const SITES_LEAST: u32 = 64;
const SITES_MOST: u32 = 1_024;

/// Countries of merchants without a place that sell across borders.
const ABROAD: [(Country, f64); 4] = [
    (Country::CN, 0.86),
    (Country(*b"HK"), 0.06),
    (Country(*b"JP"), 0.05),
    (Country(*b"TH"), 0.03),
];

/// Hard cap of an amount: what the wallet allows at once, about 5,000 US dollars.
const AMOUNT_FEN_MOST: i64 = 3_500_000;

/// Share of the prices that are whole CNY; the others end in one of [`ENDINGS_FEN`].
const WHOLE_SHARE: f64 = 0.4;
const ENDINGS_FEN: [i64; 3] = [50, 80, 90];

/// How long a campaign runs.
const CAMPAIGN_MS: i64 = 30 * 86_400_000;

/// Whom a campaign wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// New customers, and who invites them.
    Newcomers,
    /// Everybody.
    Everybody,
}

impl Audience {
    /// Campaigns that run at the same time.
    pub(crate) const fn campaigns(self) -> u64 {
        match self {
            Audience::Newcomers => 2,
            Audience::Everybody => 6,
        }
    }
}

/// A city as its shops need it.
#[derive(Debug, Clone, Copy)]
struct Town {
    country: Country,
    /// First of its sites, and their number.
    first_site: u32,
    sites: u32,
    /// Shops of each trade.
    shops: [u32; Trade::ALL.len()],
}

/// All merchants.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    seed: u64,
    start_ms: i64,
    towns: Vec<Town>,
    /// Where shops stand, city by city.
    sites: Vec<Place>,
    /// Shops without a place, of each trade.
    online: [u32; Trade::ALL.len()],
    amounts: [Amount; Trade::ALL.len()],
}

impl Market {
    /// The merchants of a world with so many accounts.
    pub(crate) fn new(
        seed: u64,
        accounts: u32,
        atlas: &Atlas,
        settings: &Settings,
        start_ms: i64,
    ) -> Market {
        let shops = (accounts / ACCOUNTS_PER_SHOP).clamp(SHOPS_LEAST, SHOPS_MOST);
        let online = f64::from(shops) * ONLINE_SHARE;
        let mut market = Market {
            seed,
            start_ms,
            towns: Vec::with_capacity(atlas.cities().len()),
            sites: Vec::new(),
            online: Trade::ALL.map(|trade| trade.count(online * trade.shelf().online)),
            amounts: Trade::ALL.map(|trade| trade.amount(&settings.amounts)),
        };
        for (number, city) in (0_u16..).zip(atlas.cities()) {
            let fellows = atlas.cities().iter().filter(|other| other.country == city.country);
            let weights = fellows.map(|other| other.weight).sum::<f64>().max(f64::MIN_POSITIVE);
            let is_home = city.country == Country::CN;
            let of_country = if is_home { 1.0 } else { ABROAD_SHARE } * f64::from(shops);
            let shops = of_country * city.weight / weights;
            let shops = Trade::ALL.map(|trade| trade.count(shops * trade.shelf().street));
            let sites = shops.iter().sum::<u32>() / SHOPS_PER_SITE;
            let sites = sites.clamp(SITES_LEAST, SITES_MOST);
            let first_site = market.sites.len() as u32;
            let mut chance = Chance::of(seed, &[STREAM, u64::from(number)]);
            let site = |_| atlas.near(number, SPREAD_KM, &mut chance);
            market.sites.extend((0..sites).map(site));
            market.towns.push(Town { country: city.country, first_site, sites, shops });
        }
        market
    }

    /// A merchant of a trade in a city of the atlas; popular ones are met more often. Trades that
    /// are sold without a place only give a merchant without one.
    pub(crate) fn shop(
        &self,
        city: u16,
        trade: Trade,
        chance: &mut Chance,
        now_ms: i64,
    ) -> Merchant {
        if trade.is_placeless() {
            return self.online(trade, chance, now_ms);
        }
        // As in the atlas, a number that is no city's means the last.
        let city = city.min((self.towns.len() - 1) as u16);
        let shops = self.towns[usize::from(city)].shops[trade as usize];
        self.open_now(shops, now_ms, chance, |rank| self.street_merchant(city, trade, rank))
    }

    /// A merchant of a trade without a place.
    pub(crate) fn online(&self, trade: Trade, chance: &mut Chance, now_ms: i64) -> Merchant {
        let shops = self.online[trade as usize];
        self.open_now(shops, now_ms, chance, |rank| self.online_merchant(trade, rank))
    }

    /// The id of one of the campaigns for this audience that run now.
    pub(crate) fn campaign(&self, audience: Audience, place: u64, now_ms: i64) -> u64 {
        let month = now_ms.div_euclid(CAMPAIGN_MS) as u64;
        mix(mix(self.seed, audience as u64), month * audience.campaigns() + place) >> 4
    }

    /// What a customer pays at once in a trade, in CNY fen.
    pub(crate) fn amount_fen(&self, trade: Trade, chance: &mut Chance) -> i64 {
        let Amount { median_cny, sigma } = self.amounts[trade as usize];
        let draw = |chance: &mut Chance| (100.0 * chance.log_normal(median_cny, sigma)) as i64;
        let mut fen = draw(chance);
        // Nobody pays just the cap because of the cap: another purchase is made instead.
        for _ in 0..8 {
            if fen <= AMOUNT_FEN_MOST {
                break;
            }
            fen = draw(chance);
        }
        let ending = if chance.hit(WHOLE_SHARE) { 0 } else { chance.pick(&ENDINGS_FEN) };
        let price = (fen - ending + 50).div_euclid(100) * 100 + ending;
        price.clamp(100, AMOUNT_FEN_MOST)
    }

    /// One of so many merchants that is open for business.
    fn open_now(
        &self,
        shops: u32,
        now_ms: i64,
        chance: &mut Chance,
        merchant: impl Fn(u32) -> Merchant,
    ) -> Merchant {
        for _ in 0..8 {
            let found = merchant(rank(shops, chance));
            if found.onboarded_ms <= now_ms {
                return found;
            }
        }
        merchant(0)
    }

    fn street_merchant(&self, city: u16, trade: Trade, rank: u32) -> Merchant {
        let town = &self.towns[usize::from(city)];
        let shelf = trade.shelf();
        let mut own = self.stream(city, trade, rank);
        let site = town.first_site + own.below(u64::from(town.sites)) as u32;
        let tier = tier(shelf.build, rank, town.shops[trade as usize], &mut own);
        let is_personal = tier == "micro" && shelf.build == Build::Street && own.hit(0.12);
        let terminals = match tier {
            "micro" if is_personal => 0.0,
            "micro" => 0.2,
            "small" => 0.6,
            _ => 1.0,
        };
        Merchant {
            key: key(&mut own),
            mcc: own.weigh(shelf.mccs),
            place: Some(self.sites[site as usize]),
            country: town.country,
            onboarded_ms: self.onboarded_ms(rank, &mut own),
            qr: key(&mut own),
            terminal: if own.hit(terminals) { key(&mut own) } else { 0 },
            tier,
            settlement: if is_personal { "t0" } else { settlement(tier, &mut own) },
            is_personal,
            goods: own.weigh(shelf.goods),
        }
    }

    fn online_merchant(&self, trade: Trade, rank: u32) -> Merchant {
        let shelf = trade.shelf();
        let mut own = self.stream(NOWHERE, trade, rank);
        let tier = match own.unit() {
            _ if rank < 2 || shelf.build == Build::Institution => "platform",
            draw if draw < 0.15 => "micro",
            draw if draw < 0.55 => "small",
            draw if draw < 0.85 => "mid",
            _ => "large",
        };
        // The operators of platforms are at home.
        let is_abroad = shelf.is_cross_border && tier != "platform";
        Merchant {
            key: key(&mut own),
            mcc: own.weigh(shelf.mccs),
            place: None,
            country: if is_abroad { own.weigh(&ABROAD) } else { Country::CN },
            onboarded_ms: self.onboarded_ms(rank, &mut own),
            qr: 0,
            terminal: 0,
            tier,
            settlement: settlement(tier, &mut own),
            is_personal: false,
            goods: own.weigh(shelf.goods),
        }
    }

    fn stream(&self, city: u16, trade: Trade, rank: u32) -> Chance {
        Chance::of(self.seed, &[STREAM, (u64::from(city) << 8) | trade as u64, u64::from(rank)])
    }

    fn onboarded_ms(&self, rank: u32, own: &mut Chance) -> i64 {
        let days = if OLD_RANKS <= rank && own.hit(YOUNG_SHARE) {
            420.0 * own.unit() - 60.0
        } else {
            -60.0 - own.exponential(700.0).min(3_000.0)
        };
        self.start_ms + (days * DAY_MS as f64) as i64
    }
}

/// A rank below `shops`, with a probability of about `1 / (rank + 1)^0.8`.
fn rank(shops: u32, chance: &mut Chance) -> u32 {
    // The inverse of the distribution of a continuous rank from 1 to one more than there are.
    let reach = f64::from(shops + 1).powf(1.0 / f64::from(POWER)) - 1.0;
    let continuous = (1.0 + chance.unit() * reach).powi(POWER);
    (continuous as u32 - 1).min(shops - 1)
}

fn key(own: &mut Chance) -> u64 {
    // Ids have sixty bits, and zero stands for none.
    (own.bits() >> 4).max(1)
}

fn tier(build: Build, rank: u32, shops: u32, own: &mut Chance) -> &'static str {
    let draw = own.unit();
    // The most popular hundredth of a street are branches of chains.
    let is_chain = rank < shops.div_ceil(100);
    match build {
        Build::Institution => "large",
        Build::Street if is_chain && draw < 0.50 => "mid",
        Build::Street if is_chain => "large",
        Build::Street if draw < 0.55 => "micro",
        Build::Street if draw < 0.90 => "small",
        Build::Street if draw < 0.98 => "mid",
        Build::House if draw < 0.10 => "micro",
        Build::House if draw < 0.50 => "small",
        Build::House if draw < 0.88 => "mid",
        Build::Street | Build::House => "large",
    }
}

fn settlement(tier: &str, own: &mut Chance) -> &'static str {
    let draw = own.unit();
    match tier {
        "micro" if draw < 0.35 => "t0",
        "small" if draw < 0.10 => "t0",
        "micro" | "small" | "mid" => "t1",
        _ if draw < 0.40 => "t1",
        _ => "tN",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::trade::SHELVES;
    use super::*;

    const START_MS: i64 = 20_000 * DAY_MS;
    fn market(accounts: u32) -> Market {
        Market::new(5, accounts, &Atlas::built_in(), &Settings::default(), START_MS)
    }

    /// The first city of a country.
    fn city(code: &str) -> u16 {
        let atlas = Atlas::built_in();
        atlas.cities().iter().position(|city| city.country.code() == code).unwrap() as u16
    }

    /// Draws at a time, from a stream of this name.
    fn shops(market: &Market, city: u16, trade: Trade, now_ms: i64, draws: usize) -> Vec<Merchant> {
        let mut chance = Chance::of(3, &[u64::from(city), trade as u64]);
        (0..draws).map(|_| market.shop(city, trade, &mut chance, now_ms)).collect()
    }

    fn share(merchants: &[Merchant], is: impl Fn(&Merchant) -> bool) -> f64 {
        merchants.iter().filter(|merchant| is(merchant)).count() as f64 / merchants.len() as f64
    }

    /// The same merchants, each once.
    fn distinct(merchants: &[Merchant]) -> Vec<Merchant> {
        let mut seen = HashSet::new();
        merchants.iter().filter(|merchant| seen.insert(merchant.key)).copied().collect()
    }

    #[test]
    fn a_merchant_is_the_same_whenever_it_is_met() {
        let market = market(30_000);
        let mut known: HashMap<u64, Merchant> = HashMap::new();
        for day in 0..60 {
            let now_ms = START_MS + day * DAY_MS;
            for merchant in shops(&market, city("CN"), Trade::Food, now_ms, 200) {
                assert_eq!(*known.entry(merchant.key).or_insert(merchant), merchant);
            }
        }
        assert!(100 < known.len(), "{}", known.len());
    }

    #[test]
    fn few_shops_are_met_often_and_most_seldom() {
        let market = market(300_000);
        let met = shops(&market, city("CN"), Trade::Food, START_MS, 100_000);
        let mut counts: HashMap<u64, u32> = HashMap::new();
        for merchant in &met {
            *counts.entry(merchant.key).or_default() += 1;
        }
        let mut counts: Vec<u32> = counts.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        // Zipf of 0.8 over some 8,000 shops: the first has 3 %, a rank ten times as deep 6.3 times
        // less.
        let first = f64::from(counts[0]) / met.len() as f64;
        assert!(0.02 < first && first < 0.045, "{first}");
        let ratio = f64::from(counts[4]) / f64::from(counts[49]);
        assert!(4.0 < ratio && ratio < 10.0, "{ratio}");
        assert!(4_000 < counts.len(), "{}", counts.len());
    }

    #[test]
    fn nobody_meets_a_merchant_before_its_day() {
        let market = market(30_000);
        for day in [0, 30, 200] {
            let now_ms = START_MS + day * DAY_MS;
            for city in [city("CN"), city("HK"), city("JP")] {
                for trade in Trade::ALL {
                    let met = shops(&market, city, trade, now_ms, 100);
                    assert!(met.iter().all(|merchant| merchant.onboarded_ms <= now_ms));
                }
            }
        }
        // Before all their days only the most popular shop is left, and it is still found.
        let early = shops(&market, city("JP"), Trade::Hotel, i64::MIN, 3);
        assert_eq!(distinct(&early).len(), 1);
    }

    #[test]
    fn young_shops_appear_while_the_world_runs() {
        let market = market(300_000);
        for day in [0, 100, 300] {
            let now_ms = START_MS + day * DAY_MS;
            let met = distinct(&shops(&market, city("CN"), Trade::Retail, now_ms, 50_000));
            let month = share(&met, |merchant| now_ms - 30 * DAY_MS < merchant.onboarded_ms);
            assert!(0.004 < month && month < 0.02, "day {day}: {month}");
        }
    }

    #[test]
    fn shops_stand_around_their_city() {
        let market = market(300_000);
        let atlas = Atlas::built_in();
        let degrees = |e3: i32| f64::from(e3) / 1e3;
        for number in [city("CN"), city("HK"), city("JP")] {
            let middle = atlas.cities()[usize::from(number)];
            let distance_km = |merchant: &Merchant| {
                let place = merchant.place.unwrap();
                assert_eq!((place.city, place.country), (number, middle.country));
                assert_eq!(merchant.country, middle.country);
                let (lat, lon) = (degrees(middle.lat_e3), degrees(middle.lon_e3));
                features::geo::distance_km(lat, lon, degrees(place.lat_e3), degrees(place.lon_e3))
            };
            let met = distinct(&shops(&market, number, Trade::Food, START_MS, 20_000));
            let squares: f64 = met.iter().map(|merchant| distance_km(merchant).powi(2)).sum();
            // Two axes of 4 km each give 5.7 km, less where the border is near.
            let spread_km = (squares / met.len() as f64).sqrt();
            assert!(1.5 < spread_km && spread_km < 6.3, "{}: {spread_km}", middle.name);
        }
    }

    #[test]
    fn shops_without_a_place_are_chinese_but_for_some_across_the_border() {
        let market = market(300_000);
        let mut chance = Chance::of(3, &[1]);
        let met: Vec<Merchant> =
            (0..30_000).map(|_| market.online(Trade::Retail, &mut chance, START_MS)).collect();
        let met = distinct(&met);
        assert!(met.iter().all(|merchant| merchant.place.is_none()));
        assert!(met.iter().all(|merchant| merchant.qr == 0 && merchant.terminal == 0));
        let home = share(&met, |merchant| merchant.country == Country::CN);
        assert!((home - 0.86).abs() < 0.04, "{home}");
        for code in ["HK", "JP", "TH"] {
            let abroad = share(&met, |merchant| merchant.country.code() == code);
            assert!(0.01 < abroad && abroad < 0.1, "{code}: {abroad}");
        }
        let bill = market.online(Trade::Bill, &mut chance, START_MS);
        assert_eq!((bill.country, bill.mcc, bill.tier), (Country::CN, 4900, "platform"));
        assert_eq!(market.shop(city("CN"), Trade::Gaming, &mut chance, START_MS).place, None);
    }

    #[test]
    fn trades_have_their_categories_and_streets_are_small() {
        let market = market(300_000);
        let met = |trade| distinct(&shops(&market, city("CN"), trade, START_MS, 20_000));
        let food = met(Trade::Food);
        let fast = share(&food, |merchant| merchant.mcc == 5814);
        assert!((fast - 0.45).abs() < 0.03, "{fast}");
        assert!(food.iter().all(|merchant| matches!(merchant.mcc, 5812 | 5814)));
        let micro = share(&food, |merchant| merchant.tier == "micro");
        assert!((micro - 0.55).abs() < 0.05, "{micro}");
        let personal = share(&food, |merchant| merchant.is_personal);
        assert!((personal - 0.066).abs() < 0.02, "{personal}");
        assert!(food.iter().all(|merchant| merchant.qr != 0));
        assert!(food.iter().filter(|merchant| merchant.is_personal).all(|merchant| {
            merchant.settlement == "t0" && merchant.terminal == 0 && merchant.tier == "micro"
        }));
        let gold = met(Trade::Jewellery);
        assert!(gold.iter().all(|merchant| merchant.mcc == 5944 && !merchant.is_personal));
        let metro = met(Trade::Transit);
        assert!(metro.len() <= 4 && metro.iter().all(|merchant| merchant.goods == "ticket"));
    }

    #[test]
    fn words_are_those_of_the_field_table() {
        let words = |path: &str| match features::field::find(path).unwrap().kind() {
            features::field::Kind::Enum(words) => words,
            kind => panic!("{path} is {kind:?}"),
        };
        let market = market(30_000);
        let mut chance = Chance::of(3, &[2]);
        for trade in Trade::ALL {
            for _ in 0..200 {
                for merchant in [
                    market.shop(city("JP"), trade, &mut chance, START_MS),
                    market.online(trade, &mut chance, START_MS),
                ] {
                    assert!(words("merchant.size_tier").contains(&merchant.tier));
                    assert!(words("merchant.settlement").contains(&merchant.settlement));
                    assert!(words("goods").contains(&merchant.goods));
                }
            }
        }
    }

    #[test]
    fn more_accounts_have_more_shops_up_to_a_limit() {
        let all = |accounts| {
            let market = market(accounts);
            let shops = market.towns.iter().flat_map(|town| town.shops).chain(market.online);
            shops.map(u64::from).sum::<u64>()
        };
        assert_eq!(all(0), all(4_000));
        assert!(all(30_000) < all(300_000));
        assert_eq!(all(6_000_000), all(u32::MAX));
        let streets: f64 = SHELVES.iter().map(|shelf| shelf.street).sum();
        let online: f64 = SHELVES.iter().map(|shelf| shelf.online).sum();
        assert!((streets - 1.0).abs() < 1e-9 && (online - 1.0).abs() < 1e-9, "{streets} {online}");
    }

    #[test]
    fn amounts_have_the_medians_of_the_settings() {
        let market = market(30_000);
        let wanted = [
            (Trade::Transit, 4.0, 0.15),
            (Trade::Food, 38.0, 0.04),
            (Trade::Retail, 95.0, 0.05),
            (Trade::Hotel, 900.0, 0.04),
            (Trade::Luxury, 4_200.0, 0.04),
        ];
        for (trade, median_cny, tolerance) in wanted {
            let mut chance = Chance::of(9, &[trade as u64]);
            let mut fens: Vec<i64> =
                (0..20_000).map(|_| market.amount_fen(trade, &mut chance)).collect();
            fens.sort_unstable();
            let median = fens[10_000] as f64 / 100.0;
            assert!((median / median_cny - 1.0).abs() < tolerance, "{trade:?}: {median}");
            assert!(100 <= fens[0] && fens[19_999] <= AMOUNT_FEN_MOST, "{trade:?}");
            let capped = fens.iter().filter(|fen| **fen == AMOUNT_FEN_MOST).count();
            assert!(capped < 5, "{trade:?}: {capped} at the cap");
        }
    }

    #[test]
    fn two_prices_of_five_are_whole() {
        let market = market(30_000);
        let mut chance = Chance::of(9, &[1]);
        let endings: Vec<i64> =
            (0..20_000).map(|_| market.amount_fen(Trade::Retail, &mut chance) % 100).collect();
        let count = |ending: i64| endings.iter().filter(|other| **other == ending).count() as f64;
        assert!((count(0) / 20_000.0 - 0.4).abs() < 0.015);
        assert_eq!(count(0) + count(50) + count(80) + count(90), 20_000.0);
    }
}
