//! Every number of the wallet world that an analyst may want to change, with its unit.
//!
//! The built-in world is `world.toml`, which comments each number; `Settings::read` lays another
//! text over it that names only what differs. All faults of that text come back together: keys that
//! do not exist, values of the wrong type, numbers out of range, shares that do not sum to one.
//! What is read has passed, so nobody downstream checks again. The types here mirror the tables of
//! the text one to one; what is fixed about the world (how a story goes, which cities there are) is
//! code and stands elsewhere.

use std::collections::BTreeMap;

use features::diagnostic::Diagnostic;
use serde::{Deserialize, Deserializer};

use super::asset::{Country, Persona};
use super::story::Typology;

mod check;

/// The numbers of a wallet world.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who the customers are.
    pub personas: Personas,
    /// How long travellers stay and how early they prepare.
    pub trips: Trips,
    /// What is paid in which way.
    pub payments: Payments,
    /// How much is paid, by trade.
    pub amounts: Amounts,
    /// When in the day it is paid.
    pub hours: Hours,
    /// When in the year and the week it is paid.
    pub peaks: Peaks,
    /// Where cards come from and what their issuers decline.
    pub issuers: Issuers,
    /// How honest links of cards go.
    pub links: Links,
    /// From which networks customers come.
    pub networks: Networks,
    /// How customers open the app.
    pub sessions: Sessions,
    /// How much fraud, by whom.
    pub fraud: Fraud,
    /// When the truth becomes known.
    pub labels: Labels,
}

/// The kinds of customers.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Personas {
    /// P1, inbound tourist.
    pub tourist: Habits,
    /// P2, business traveller.
    pub business: Habits,
    /// P3, resident expatriate or student.
    pub resident: Habits,
    /// P4, overseas family visitor.
    pub family: Habits,
    /// P5, cross-border online shopper.
    pub shopper: Habits,
}

/// What one kind of customer does.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    /// Share of the accounts, 0 to 1; all kinds sum to 1.
    pub share: f64,
    /// Share of these accounts that are active on a day, 0 to 1.
    pub active_share: f64,
    /// Mean number of payments on a day of a trip, or on an active day of those who do not travel.
    pub payments_mean: f64,
    /// Dispersion of that number: its variance is `mean + mean^2 / dispersion`.
    pub payments_dispersion: f64,
}

/// Trips.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trips {
    /// Median length in days, log-normal.
    pub length_median_days: f64,
    /// Standard deviation of the logarithm of the length.
    pub length_sigma: f64,
    /// Share of accounts that are opened on the day of arrival, 0 to 1.
    pub same_day_share: f64,
    /// Mean days from opening to arrival for the others, exponential.
    pub lead_mean_days: f64,
}

/// Payments.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// Shares of the kinds of payments during a trip.
    pub kinds: Kinds,
}

/// Shares of the kinds of payments, 0 to 1 each, 1 together.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// The customer scans a printed or shown code.
    pub merchant_qr: f64,
    /// The customer's code is scanned.
    pub payment_code: f64,
    /// Metro and bus.
    pub transit: f64,
    /// Bought in the app.
    pub in_app: f64,
    /// Tickets.
    pub travel: f64,
    /// Bills.
    pub bill: f64,
    /// Automatic debits and the like.
    pub other: f64,
}

/// The amount of one payment, by trade.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    /// Metro and bus.
    pub transit: Amount,
    /// Restaurants.
    pub food: Amount,
    /// Shops.
    pub retail: Amount,
    /// Goods and services bought in the app.
    pub in_app: Amount,
    /// Tickets.
    pub travel: Amount,
    /// Hotels.
    pub hotel: Amount,
    /// Luxury goods.
    pub luxury: Amount,
    /// Electronics.
    pub electronics: Amount,
    /// Jewellery.
    pub jewellery: Amount,
    /// Gift cards.
    pub gift_cards: Amount,
    /// Games.
    pub gaming: Amount,
    /// Bills.
    pub bill: Amount,
    /// Fees of the government.
    pub government: Amount,
}

/// A log-normal amount.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Median in CNY.
    pub median_cny: f64,
    /// Standard deviation of the logarithm.
    pub sigma: f64,
}

/// The local day: two normals, and an even rest.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Middle of the first normal, in hours since local midnight.
    pub noon_h: f64,
    /// Middle of the second normal, in hours since local midnight.
    pub evening_h: f64,
    /// Share of the second normal in both, 0 to 1.
    pub evening_share: f64,
    /// Standard deviation of both, in hours.
    pub sigma_h: f64,
    /// Share that is spread evenly over the day, 0 to 1.
    pub even_share: f64,
}

/// Volume as a multiple of the usual.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peaks {
    /// 1 to 8 October, against the neighbouring weeks.
    pub golden_week: f64,
    /// Eight days from the eve of the lunar New Year, against the neighbouring weeks.
    pub new_year: f64,
    /// 1 to 5 May, against the neighbouring weeks.
    pub labour_day: f64,
    /// Saturday and Sunday, against the other days.
    pub weekend: f64,
}

/// Issuers of cards.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuers {
    /// Share of each country, 1 together; by country code.
    #[serde(deserialize_with = "by_country")]
    pub(crate) countries: Vec<(Country, f64)>,
    /// Countries whose issuers decline this share of everything; by country code.
    #[serde(deserialize_with = "by_country")]
    pub(crate) failing: Vec<(Country, f64)>,
    /// Shares of the card networks.
    pub schemes: Schemes,
    /// What issuers decline of honest use.
    pub declines: Declines,
}

/// Shares of the card networks, 0 to 1 each, 1 together.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schemes {
    /// Visa.
    pub visa: f64,
    /// Mastercard.
    pub mastercard: f64,
    /// JCB.
    pub jcb: f64,
    /// Discover.
    pub discover: f64,
    /// Diners Club.
    pub diners: f64,
    /// American Express.
    pub amex: f64,
}

/// What issuers decline of honest use.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declines {
    /// Probability at the first use of a card abroad.
    pub first_abroad: f64,
    /// Probability at any later use.
    pub usual: f64,
    /// Why.
    pub classes: DeclineClasses,
}

/// Shares of the classes of an issuer's declines, 0 to 1 each, 1 together.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineClasses {
    /// Not enough money.
    pub funds: f64,
    /// Not permitted for this card.
    pub not_permitted: f64,
    /// Suspected fraud.
    pub suspicion: f64,
    /// The issuer or the network failed.
    pub technical: f64,
    /// Anything else.
    pub other: f64,
}

/// Honest links of a card.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// Probability that the first try goes through.
    pub first_try: f64,
    /// Probability that the card is linked in the end.
    pub after_retries: f64,
}

/// Networks of honest customers.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// Share of tourists' sessions behind a VPN, 0 to 1.
    pub vpn_share: f64,
    /// Share of sessions on the Wi-Fi of a hotel or another public place, 0 to 1.
    pub public_wifi_share: f64,
    /// Share of travellers with a local eSIM, 0 to 1.
    pub local_esim_share: f64,
    /// Share of travellers whose home operator roams, 0 to 1; at most 1 together with the eSIM.
    pub roaming_share: f64,
}

/// Shares of the ways in which the app is opened, 0 to 1 each, 1 together.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Fingerprint or face.
    pub biometric: f64,
    /// Passkey.
    pub passkey: f64,
    /// PIN.
    pub pin: f64,
}

/// Fraud.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fraud {
    /// Attempted fraud before any control, in 1/10,000 of the scored events by count.
    pub prevalence_bps: f64,
    /// Standing deviation of the logarithm of a typology's weekly rate.
    pub drift_sigma: f64,
    /// Correlation of that logarithm in neighbouring weeks, 0 to 0.99.
    pub drift_memory: f64,
    /// Crews by how fast they learn.
    pub crews: Crews,
    /// How crews react to refusals.
    pub learning: Learning,
    /// What crews pay for their assets, in US dollars.
    pub costs_usd: Costs,
    /// What is left to a crew of what it takes, 0 to 1.
    pub resale_share: f64,
    /// The typologies in the order of their codes, T01 first.
    #[serde(deserialize_with = "by_typology")]
    pub typologies: [TypologyPlan; Typology::ALL.len()],
}

/// Crews by how fast they learn.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crews {
    /// They never learn.
    pub naive: Crew,
    /// They learn after a while.
    pub normal: Crew,
    /// They learn at once.
    pub professional: Crew,
}

/// A kind of crew.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crew {
    /// Share of the crews, 0 to 1; all kinds sum to 1.
    pub share: f64,
    /// Learning speed, 0 to 1.
    pub skill: f64,
}

/// How crews react to refusals.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learning {
    /// Refusals in a row before a crew reacts.
    pub refusals: u32,
    /// Probability to give up at each reaction.
    pub quit: f64,
    /// New tempo after a reaction, as a share of the rate that was refused.
    pub retreat: f64,
}

/// What assets cost, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Data of a stolen card.
    pub stolen_card: f64,
    /// A number that receives text messages.
    pub sms_number: f64,
    /// A wallet account with a history.
    pub aged_account: f64,
    /// A passport and its owner's face.
    pub rented_identity: f64,
}

/// How much of one typology, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypologyPlan {
    /// Share of the fraud events relative to the other typologies.
    pub weight: f64,
    /// Day of the world on which it first appears; 0 is the first.
    pub from_day: u32,
}

/// Channels by which the truth becomes known.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// No chargeback comes later than this many days after the act.
    pub cut_days: f64,
    /// Probability that third-party card fraud is never told by anybody.
    pub never_third_party: f64,
    /// Probability that mules and promotion abuse are never told by anybody.
    pub never_mule_or_promo: f64,
    /// Share of the chargebacks for fraud that are misuse of honest purchases, 0 to 1.
    pub misuse_share: f64,
    /// Early warning by a card network, of third-party card fraud.
    pub early_warning: Channel,
    /// Chargeback of third-party card fraud.
    pub chargeback: Channel,
    /// Chargeback of friendly fraud.
    pub friendly_chargeback: Channel,
    /// Report by the owner of an account that was taken over.
    pub takeover_report: Channel,
    /// Report by the owner of a number that was taken over.
    pub sim_swap_report: Channel,
    /// Report by the victim of a scam.
    pub scam_report: Channel,
    /// Confirmation by an analyst of what was flagged.
    pub analyst: Analyst,
}

/// A channel with a log-normal delay.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Probability that it tells.
    pub probability: f64,
    /// Median delay in days.
    pub median_days: f64,
    /// Standard deviation of the logarithm of the delay.
    pub sigma: f64,
}

/// The analyst's desk, with an even delay.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analyst {
    /// Probability that a flagged fraud is confirmed.
    pub probability: f64,
    /// Least delay in hours.
    pub from_hours: f64,
    /// Greatest delay in hours.
    pub to_hours: f64,
}

impl Default for Settings {
    /// The built-in world.
    fn default() -> Settings {
        Settings::read("").expect("a test reads the built-in world")
    }
}

impl Settings {
    /// The built-in world with single keys replaced by those of a TOML text.
    ///
    /// # Errors
    /// Every fault of the text at once, with the path of its key (`Place::Field`): `D051` unknown
    /// key, `D052` wrong type, `D053` out of range, `D054` shares that do not sum to one, `D055`
    /// unknown country; or only those of its syntax, `D050` with their places in the text.
    pub fn read(text: &str) -> Result<Settings, Vec<Diagnostic>> {
        check::read(text)
    }
}

impl Personas {
    /// The habits of a kind of customer; crooks pass for tourists.
    pub(crate) fn of(&self, persona: Persona) -> &Habits {
        match persona {
            Persona::Tourist | Persona::Crook => &self.tourist,
            Persona::Business => &self.business,
            Persona::Resident => &self.resident,
            Persona::Family => &self.family,
            Persona::Shopper => &self.shopper,
        }
    }

    /// Each kind of customer with its share.
    pub(crate) fn shares(&self) -> [(Persona, f64); 5] {
        [Persona::Tourist, Persona::Business, Persona::Resident, Persona::Family, Persona::Shopper]
            .map(|persona| (persona, self.of(persona).share))
    }
}

impl Schemes {
    /// Each card network, as events name it, with its share.
    pub(crate) fn shares(&self) -> [(&'static str, f64); 6] {
        [
            ("visa", self.visa),
            ("mastercard", self.mastercard),
            ("jcb", self.jcb),
            ("discover", self.discover),
            ("diners", self.diners),
            ("amex", self.amex),
        ]
    }
}

impl Fraud {
    /// Lets every story be told from the first day on: for a world that is too short to wait for
    /// what emerges after months.
    pub fn begin_at_once(&mut self) {
        for plan in &mut self.typologies {
            plan.from_day = 0;
        }
    }

    /// How much of a typology, and since when.
    pub(crate) fn plan(&self, typology: Typology) -> &TypologyPlan {
        &self.typologies[typology as usize]
    }
}

fn by_country<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(Country, f64)>, D::Error> {
    let texts = BTreeMap::<String, f64>::deserialize(from)?;
    let country = |(code, share): (String, f64)| match code.as_bytes() {
        [first, second] => Ok((Country([*first, *second]), share)),
        _ => Err(serde::de::Error::custom(format!("{code:?} is no country code"))),
    };
    texts.into_iter().map(country).collect()
}

fn by_typology<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<[TypologyPlan; Typology::ALL.len()], D::Error> {
    let plans = BTreeMap::<String, TypologyPlan>::deserialize(from)?;
    let mut ordered = [TypologyPlan::default(); Typology::ALL.len()];
    for (place, typology) in ordered.iter_mut().zip(Typology::ALL) {
        let plan = plans.get(typology.code());
        *place = *plan.ok_or_else(|| serde::de::Error::missing_field(typology.code()))?;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_world_has_the_numbers_of_the_field() {
        let world = Settings::default();
        assert_eq!(world.personas.of(Persona::Tourist).share, 0.52);
        assert_eq!(world.personas.of(Persona::Crook), world.personas.of(Persona::Tourist));
        assert_eq!(world.personas.of(Persona::Resident).payments_mean, 3.5);
        assert_eq!(world.personas.shares().map(|(_, share)| share).iter().sum::<f64>(), 1.0);
        assert_eq!(world.issuers.schemes.shares()[0], ("visa", 0.52));
        assert!(world.issuers.countries.contains(&(Country(*b"GB"), 0.06)));
        assert_eq!(world.issuers.failing, [(Country(*b"RU"), 0.85)]);
        assert_eq!(world.peaks.golden_week, 1.9);
        assert_eq!(world.fraud.prevalence_bps, 28.0);
        assert!(0.15 <= world.fraud.drift_sigma);
        assert_eq!(world.labels.scam_report.median_days, 2.5);
    }

    #[test]
    fn typologies_stand_in_the_order_of_their_codes() {
        let fraud = Settings::default().fraud;
        assert_eq!(fraud.plan(Typology::CardTesting).weight, 18.0);
        assert_eq!(fraud.plan(Typology::SmsPumping).weight, 0.5);
        let days = Typology::ALL.map(|typology| fraud.plan(typology).from_day);
        let late: Vec<&str> =
            (0..24).filter(|at| 90 < days[*at]).map(|at| Typology::ALL[at].code()).collect();
        assert_eq!(late, ["T06", "T22"]);
    }

    #[test]
    fn a_text_changes_what_it_names_and_nothing_else() {
        let text = "
            [peaks]
            golden_week = 3
            [issuers.countries]
            US = 0.16
            KZ = 0.01
            [fraud.typologies]
            T06 = { from_day = 0 }
        ";
        let mut wanted = Settings::default();
        wanted.peaks.golden_week = 3.0;
        wanted.fraud.typologies[Typology::TakeoverByRelay as usize].from_day = 0;
        for (country, share) in &mut wanted.issuers.countries {
            if country.code() == "US" {
                *share = 0.16;
            }
        }
        wanted.issuers.countries.push((Country(*b"KZ"), 0.01));
        wanted.issuers.countries.sort_by_key(|(country, _)| *country);
        assert_eq!(Settings::read(text).unwrap(), wanted);
    }
}
