//! People and what they carry: accounts with their holders, phones and cards.
//!
//! [`open`] makes an honest account of a persona, complete: whoever opened it long ago has linked
//! cards, proved an identity and changed this and that since; whoever opens it now has a phone and
//! a number. Cards in a person's pocket are not stored before they are linked: [`own_card`] tells
//! the first, second and third card of an account whenever it is asked. Crooks get their wallets,
//! phones, emulators and stolen cards from here too, so that what they use is drawn from the same
//! tables as what everybody uses, and only what they cannot hide is different.
//!
//! All draws come from the chance of the stage, so an account is the same for the same step of the
//! same actor.

use super::asset::{Account, Card, Country, Device, Factors, Health, Holder, Persona, Place};
use super::chance::{Chance, mix};
use super::crew::Asset;
use super::express::name_match;
use super::ground::Ground;
use super::stage::Stage;

mod phones;

pub(crate) use phones::{companion_phone, emulator, keep_up, phone};

/// A minute, an hour and a day, in milliseconds.
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// The mean year of the calendar; 1970 began with one.
const YEAR_MS: i64 = 31_556_952_000;

/// Hong Kong, whose passport and phone many members of a scattered family hold.
const HK: Country = Country(*b"HK");

/// Cards that a person has at most.
const POCKET_CARDS: u64 = 3;
/// Share of own cards that carry the holder's very name.
const NAME_EXACT: f64 = 0.93;
/// Share of business travellers whose first card names their company.
const CORPORATE_CARD: f64 = 0.55;
/// Share of family visitors, and of all others, whose passport, phone and cards are of three
/// countries.
const MIXED_FAMILY: f64 = 0.25;
const MIXED_OTHERS: f64 = 0.02;
/// Share of people whose nationality is not that of the country they live in.
const LIVES_ABROAD: f64 = 0.08;
/// Share of residents with a local number.
const LOCAL_NUMBER: f64 = 0.88;
/// Share of customers with a password that is in a breach list.
const BREACHED: f64 = 0.06;

/// Shares of customers with a factor, which they enrol when they open the account; of a biometric
/// among those whose phone has one.
const WITH_BIOMETRIC: f64 = 0.90;
const WITH_PASSKEY: f64 = 0.35;
const WITH_SMS: f64 = 0.97;
const WITH_PIN: f64 = 0.90;
const WITH_TOTP: f64 = 0.06;
const WITH_PUSH: f64 = 0.30;

/// Shares of customers of a few hundred days who have changed this once.
const CHANGED_PHONE: f64 = 0.04;
const CHANGED_EMAIL: f64 = 0.03;
const CHANGED_PASSWORD: f64 = 0.20;
const CHANGED_PIN: f64 = 0.12;
const CHANGED_SIM: f64 = 0.10;

/// Beyond this spend of a year, in US cents, the law wants an identity to be known.
pub(crate) const IDENTITY_CENTS: i64 = 500_00;

/// Names of streams of chance.
const OWN_CARD: u64 = 0x6361_7264;
const POCKET: u64 = 0x706f_636b;
const PERSON: u64 = 0x7065_7273;

/// Email providers that everybody uses, with their weights.
const EMAIL_EVERYWHERE: &[(&str, f64)] = &[
    ("gmail.com", 58.0),
    ("outlook.com", 14.0),
    ("hotmail.com", 9.0),
    ("yahoo.com", 8.0),
    ("icloud.com", 9.0),
    ("proton.me", 2.0),
];

/// Email providers at home, by country.
const EMAIL_AT_HOME: &[(Country, &[&str])] = &[
    (Country(*b"CN"), &["qq.com", "163.com", "126.com"]),
    (Country(*b"KR"), &["naver.com", "daum.net"]),
    (Country(*b"JP"), &["yahoo.co.jp", "docomo.ne.jp"]),
    (Country(*b"DE"), &["gmx.de", "web.de", "t-online.de"]),
    (Country(*b"FR"), &["orange.fr", "free.fr"]),
    (Country(*b"GB"), &["yahoo.co.uk", "btinternet.com"]),
    (Country(*b"RU"), &["mail.ru", "yandex.ru"]),
    (Country(*b"IT"), &["libero.it"]),
    (Country(*b"NL"), &["ziggo.nl"]),
    (Country(*b"BR"), &["uol.com.br"]),
];

/// Share of customers with an address of a provider at home, where there is one.
const EMAIL_HOME_SHARE: f64 = 0.35;

/// Email providers that keep an address for minutes.
const EMAIL_DISPOSABLE: &[&str] = &["mailinator.com", "guerrillamail.com", "temp-mail.org"];

/// An id that the step's chance names.
fn fresh(chance: &mut Chance) -> u64 {
    (chance.bits() >> 4).max(1)
}

/// Makes an honest account of a persona, opened at this time by somebody of this country. One that
/// was opened in the past has a past; one to be opened now has no cards yet. It is not inserted.
pub(crate) fn open(
    stage: &mut Stage<'_>,
    persona: Persona,
    opened_ms: i64,
    country: Country,
) -> Account {
    let key = stage.key();
    open_as(stage, key, persona, opened_ms, country)
}

/// As [`open`], with an account key that the caller knows.
pub(crate) fn open_as(
    stage: &mut Stage<'_>,
    key: u64,
    persona: Persona,
    opened_ms: i64,
    country: Country,
) -> Account {
    let (now_ms, ground) = (stage.now_ms, stage.ground);
    let chance = &mut stage.chance;
    let holder = holder(ground, chance, persona, country);
    let age_ms = (now_ms - opened_ms).max(0);
    let mut device = phones::honest(ground, chance, holder.phone_country, now_ms);
    let home = home(ground, chance, persona, country);
    device.tz_offset_min = ground.atlas.tz_offset_min(home.country);
    device.is_roaming = holder.phone_country != home.country;
    device.installed_ms = installed_ms(chance, opened_ms, age_ms);
    if device.bio_enrolled_ms != 0 {
        // A phone is set up before the first app is put on it.
        device.bio_enrolled_ms = device.bio_enrolled_ms.min(device.installed_ms - HOUR_MS);
    }
    let mut account = Account {
        key,
        created_ms: opened_ms,
        persona,
        holder,
        kyc: 1,
        device,
        trusted_ms: 0,
        home,
        cards: Vec::new(),
        factors: factors(chance, &device, opened_ms, now_ms),
        strong_auth_ms: 0,
        phone_changed_ms: 0,
        email_changed_ms: 0,
        password_changed_ms: 0,
        pin_changed_ms: 0,
        sim_changed_ms: 0,
        is_breached: chance.hit(BREACHED),
        balance_fen: 0,
        ytd_cents: 0,
        pass: None,
        frozen_until_ms: 0,
    };
    if 0 < age_ms {
        settle(ground, chance, &mut account, now_ms);
    }
    account
}

/// Puts the account with this key into the accounts, unless it is there. It is drawn from its key,
/// so it is the same whoever asks first.
pub(crate) fn admit(
    stage: &mut Stage<'_>,
    key: u64,
    persona: Persona,
    opened_ms: i64,
    country: Country,
) {
    if stage.accounts.get(key).is_some() {
        return;
    }
    let own = Chance::of(stage.ground.seed, &[PERSON, key]);
    let step = std::mem::replace(&mut stage.chance, own);
    let account = open_as(stage, key, persona, opened_ms, country);
    stage.chance = step;
    stage.accounts.insert(account);
}

/// When the app came onto the phone: minutes before the account, or with a later phone.
fn installed_ms(chance: &mut Chance, opened_ms: i64, age_ms: i64) -> i64 {
    let before_ms = chance.log_normal(6.0 * MINUTE_MS as f64, 1.2) as i64;
    let with_account_ms = opened_ms - before_ms;
    let phone_age_ms = chance.log_normal(260.0 * DAY_MS as f64, 0.7) as i64;
    let is_later = phone_age_ms + DAY_MS < age_ms;
    if is_later { opened_ms + age_ms - phone_age_ms } else { with_account_ms }
}

/// Gives an account that was opened before now its past.
fn settle(ground: &Ground, chance: &mut Chance, account: &mut Account, now_ms: i64) {
    let opened_ms = account.created_ms;
    let age_ms = now_ms - opened_ms;
    account.trusted_ms = account.device.installed_ms.max(opened_ms) + 2 * MINUTE_MS;
    account.trusted_ms = account.trusted_ms.min(now_ms - 1);
    account.kyc = chance.weigh(kyc(account.persona));
    if 3 <= account.kyc {
        account.factors.passport = opened_ms + chance.below(age_ms as u64 / 8 + 1) as i64;
    }
    if account.factors.passkey != 0 || account.factors.biometric != 0 {
        account.strong_auth_ms = now_ms - chance.exponential(9.0 * DAY_MS as f64) as i64;
        account.strong_auth_ms = account.strong_auth_ms.clamp(opened_ms, now_ms - 1);
    }
    let linked = 1 + u64::from(1 < pocket(account) && chance.hit(0.4));
    for index in 0..linked {
        let after_ms = if index == 0 {
            chance.log_normal(9.0 * MINUTE_MS as f64, 1.5)
        } else {
            chance.exponential(40.0 * DAY_MS as f64)
        };
        let mut card = own_card(ground, account, index);
        card.linked_ms = (opened_ms + after_ms as i64).min(now_ms - 1);
        account.cards.push(card);
    }
    let share = (age_ms as f64 / (300.0 * DAY_MS as f64)).min(1.5);
    let mut changed = |probability: f64| {
        let is_changed = chance.hit(probability * share);
        if is_changed { opened_ms + chance.below(age_ms as u64) as i64 } else { 0 }
    };
    account.phone_changed_ms = changed(CHANGED_PHONE);
    account.email_changed_ms = changed(CHANGED_EMAIL);
    account.password_changed_ms = changed(CHANGED_PASSWORD);
    account.pin_changed_ms = changed(CHANGED_PIN);
    account.sim_changed_ms = changed(CHANGED_SIM);
    fill(chance, account, now_ms);
}

/// What is in an older account: balance, and the spend of the year so far.
fn fill(chance: &mut Chance, account: &mut Account, now_ms: i64) {
    let (with_balance, balance_cny, yearly_usd) = match account.persona {
        Persona::Resident => (0.70, 450.0, 3_200.0),
        Persona::Family => (0.30, 220.0, 900.0),
        Persona::Business => (0.08, 120.0, 1_500.0),
        Persona::Shopper => (0.10, 60.0, 500.0),
        Persona::Tourist | Persona::Crook => (0.03, 60.0, 400.0),
    };
    if chance.hit(with_balance) {
        account.balance_fen = chance.log_normal(balance_cny * 100.0, 1.0) as i64;
    }
    let into_year = (now_ms.rem_euclid(YEAR_MS) as f64 / YEAR_MS as f64)
        .min((now_ms - account.created_ms) as f64 / YEAR_MS as f64);
    account.ytd_cents = chance.log_normal(yearly_usd * 100.0 * into_year, 0.8) as i64;
    if account.persona == Persona::Crook {
        account.ytd_cents = account.ytd_cents.min(IDENTITY_CENTS / 2);
    } else if IDENTITY_CENTS < account.ytd_cents {
        account.kyc = account.kyc.max(2);
    }
}

/// Levels of identity proof that older accounts of a persona have.
fn kyc(persona: Persona) -> &'static [(u8, f64)] {
    match persona {
        Persona::Tourist => &[(1, 0.15), (2, 0.25), (3, 0.60)],
        Persona::Business => &[(1, 0.05), (2, 0.20), (3, 0.75)],
        Persona::Resident => &[(2, 0.07), (3, 0.43), (4, 0.50)],
        Persona::Family => &[(1, 0.12), (2, 0.28), (3, 0.60)],
        Persona::Shopper => &[(1, 0.50), (2, 0.38), (3, 0.12)],
        Persona::Crook => &[(1, 1.0)],
    }
}

fn home(ground: &Ground, chance: &mut Chance, persona: Persona, country: Country) -> Place {
    let atlas = &ground.atlas;
    if persona == Persona::Resident {
        let city = atlas.china(chance);
        atlas.near(city, 9.0, chance)
    } else {
        let city = atlas.city_in(country, chance);
        atlas.near(city, 20.0, chance)
    }
}

fn factors(chance: &mut Chance, device: &Device, opened_ms: i64, now_ms: i64) -> Factors {
    let mut enrolled = |probability: f64, after_min: f64| {
        let is_enrolled = chance.hit(probability);
        let after_ms = chance.exponential(after_min * MINUTE_MS as f64) as i64;
        if is_enrolled { (opened_ms + after_ms).min(now_ms) } else { 0 }
    };
    let biometric = enrolled(WITH_BIOMETRIC, 3.0);
    Factors {
        passkey: enrolled(WITH_PASSKEY, 4.0),
        biometric: if device.bio_enrolled_ms == 0 { 0 } else { biometric },
        push: enrolled(WITH_PUSH, 60.0),
        totp: enrolled(WITH_TOTP, 600.0),
        sms: enrolled(WITH_SMS, 0.5),
        pin: enrolled(WITH_PIN, 2.0),
        passport: 0,
    }
}

fn holder(ground: &Ground, chance: &mut Chance, persona: Persona, country: Country) -> Holder {
    let is_resident = persona == Persona::Resident;
    let residence = if is_resident { Country::CN } else { country };
    let mixed = if persona == Persona::Family { MIXED_FAMILY } else { MIXED_OTHERS };
    let (nationality, phone_country) = if is_resident {
        (country, if chance.hit(LOCAL_NUMBER) { Country::CN } else { country })
    } else if chance.hit(mixed) {
        let other = ground.atlas.home_country(&ground.settings, chance);
        (if country == HK { other } else { HK }, Country::CN)
    } else if chance.hit(LIVES_ABROAD) {
        (ground.atlas.home_country(&ground.settings, chance), country)
    } else {
        (country, country)
    };
    let (born, deviation) = match persona {
        Persona::Resident => (1997.0, 8.0),
        Persona::Family => (1976.0, 14.0),
        Persona::Business => (1982.0, 9.0),
        Persona::Tourist | Persona::Shopper | Persona::Crook => (1988.0, 12.0),
    };
    Holder {
        name: fresh(chance),
        nationality,
        residence,
        phone: fresh(chance),
        phone_country,
        phone_line: chance.weigh(&[
            ("mobile", 0.925),
            ("prepaid", 0.065),
            ("voip", 0.008),
            ("landline", 0.002),
        ]),
        email: fresh(chance),
        email_domain: email_domain(chance, phone_country),
        document: fresh(chance),
        birth_year: chance.normal(born, deviation).clamp(1940.0, 2006.0) as u16,
    }
}

fn email_domain(chance: &mut Chance, country: Country) -> &'static str {
    let at_home = EMAIL_AT_HOME.iter().find(|(home, _)| *home == country);
    match at_home {
        Some((_, domains)) if chance.hit(EMAIL_HOME_SHARE) => chance.pick(domains),
        Some(_) | None => chance.weigh(EMAIL_EVERYWHERE),
    }
}

/// How many cards the holder of an account has, linked or not.
pub(crate) fn pocket(account: &Account) -> u64 {
    // One card in 3 of 8 pockets, else two or three.
    match mix(account.key, POCKET) % 8 {
        0..3 => 1,
        3..6 => 2,
        _ => POCKET_CARDS,
    }
}

/// The first, second, .. card of an account's holder; the same whenever it is asked.
pub(crate) fn own_card(ground: &Ground, account: &Account, index: u64) -> Card {
    let chance = &mut Chance::of(ground.seed, &[OWN_CARD, account.key, index]);
    let holder = &account.holder;
    let is_resident = account.persona == Persona::Resident;
    let country = if is_resident { holder.nationality } else { holder.residence };
    let mut card = ground.atlas.card(country, ground.start_ms, chance);
    card.key = fresh(chance);
    let is_corporate = account.persona == Persona::Business && index == 0;
    card.name = if is_corporate && chance.hit(CORPORATE_CARD) {
        resembling(holder.name, chance)
    } else if chance.hit(NAME_EXACT) {
        holder.name
    } else {
        spouse(holder.name, chance)
    };
    card
}

/// The name on the card of a husband or wife, or from before a marriage.
fn spouse(name: u64, chance: &mut Chance) -> u64 {
    let given = chance.bits() >> 32;
    match chance.below(3) {
        0 => name >> 32 << 32 | given,
        1 => resembling(name, chance),
        _ => fresh(chance),
    }
}

/// A name that is another but resembles this one, such as that of a firm beside an initial.
fn resembling(name: u64, chance: &mut Chance) -> u64 {
    let mut other = fresh(chance);
    for _ in 0..16 {
        if name_match(name, other) == "weak" {
            break;
        }
        other = fresh(chance);
    }
    other
}

/// Whether passport, phone and card of an account are of three countries.
pub(crate) fn is_mixed(account: &Account) -> bool {
    let holder = &account.holder;
    holder.nationality != holder.phone_country
        && holder.nationality != holder.residence
        && holder.phone_country != holder.residence
}

/// Makes the account of a crook who claims to be of this country, opened so long ago; 0 is to be
/// opened now. It has a plausible phone and no cards, is paid for by its crew, and is not inserted.
pub(crate) fn crook(stage: &mut Stage<'_>, crew: u64, claims: Country, age_ms: i64) -> Account {
    stage.buy(crew, if age_ms == 0 { Asset::SmsNumber } else { Asset::AgedAccount });
    let opened_ms = stage.now_ms - age_ms;
    let mut account = open(stage, Persona::Crook, opened_ms, claims);
    let chance = &mut stage.chance;
    let disposable = chance.hit(0.10);
    account.holder.phone_line =
        chance.weigh(&[("mobile", 0.55), ("prepaid", 0.27), ("voip", 0.17), ("landline", 0.01)]);
    if disposable {
        account.holder.email_domain = chance.pick(EMAIL_DISPOSABLE);
    }
    account.cards.clear();
    account.balance_fen = 0;
    account
}

/// A stranger's card from this country, as it is sold to a crew: the caller says whether it still
/// works.
pub(crate) fn stolen_card(stage: &mut Stage<'_>, crew: u64, from: Country) -> Card {
    stage.buy(crew, Asset::StolenCard);
    let mut card = stage.ground.atlas.card(from, stage.now_ms, &mut stage.chance);
    card.key = stage.key();
    card.name = fresh(&mut stage.chance);
    card.is_stolen = true;
    card.health = Health::Live;
    card
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::asset::probe;
    use super::super::stage::Actor;
    use super::super::tests_support::START_MS;
    use super::super::{Atlas, Options, PlainWallet, Settings, Shard, World};
    use super::*;

    const US: Country = Country(*b"US");

    /// Somebody who acts once.
    struct Once<F>(F);

    impl<F: FnMut(&mut Stage<'_>) + Send> Actor for Once<F> {
        fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
            (self.0)(stage);
            None
        }
    }

    /// What this makes of the stage of an empty world.
    fn on_stage<T: Send + 'static>(
        seed: u64,
        mut make: impl FnMut(&mut Stage<'_>) -> T + Send + 'static,
    ) -> T {
        let options = Options {
            seed,
            days: 1,
            accounts: 100,
            start_ms: START_MS,
            peaks: Vec::new(),
            settings: Settings::default(),
            atlas: Atlas::built_in(),
        };
        let mut world = World::new(options).unwrap();
        let made = Arc::new(Mutex::new(None));
        let to = Arc::clone(&made);
        let actor = Once(move |stage: &mut Stage<'_>| {
            *to.lock().unwrap() = Some(make(stage));
        });
        world.shards = vec![Shard::with(&world.ground, 0, 0..100, vec![Box::new(actor)])];
        while world.play_step(&mut PlainWallet) {}
        made.lock().unwrap().take().unwrap()
    }

    /// Accounts of a persona, opened so many days ago.
    fn accounts(persona: Persona, days: i64, count: u32) -> Vec<Account> {
        on_stage(5, move |stage| {
            let opened_ms = stage.now_ms - days * DAY_MS;
            (0..count)
                .map(|_| {
                    let ground = stage.ground;
                    let home = ground.atlas.home_country(&ground.settings, &mut stage.chance);
                    open(stage, persona, opened_ms, home)
                })
                .collect()
        })
    }

    fn share(accounts: &[Account], is: impl Fn(&Account) -> bool) -> f64 {
        accounts.iter().filter(|account| is(account)).count() as f64 / accounts.len() as f64
    }

    fn assert_near(name: &str, got: f64, wanted: f64, within: f64) {
        assert!((got - wanted).abs() <= within, "{name}: {got:.4}, wanted {wanted}");
    }

    #[test]
    fn what_people_have_enrolled_has_its_share() {
        let all = accounts(Persona::Tourist, 0, 6_000);
        let with = |of: fn(&Factors) -> i64| share(&all, |account| of(&account.factors) != 0);
        assert_near("biometric", with(|f| f.biometric), 0.75, 0.02);
        assert_near("passkey", with(|f| f.passkey), 0.35, 0.02);
        assert_near("sms", with(|f| f.sms), 0.97, 0.01);
        assert_near("pin", with(|f| f.pin), 0.90, 0.02);
        assert_near("totp", with(|f| f.totp), 0.06, 0.01);
        assert_near("push", with(|f| f.push), 0.30, 0.02);
        let later = |ms: i64| START_MS < ms;
        assert_eq!(share(&all, |a| later(a.factors.push) || later(a.factors.passkey)), 0.0);
    }

    #[test]
    fn most_phones_are_sound_and_a_few_are_old_or_rooted() {
        let all = accounts(Persona::Shopper, 300, 8_000);
        let sound = |a: &Account| matches!(a.device.integrity, "strong" | "device");
        let has = |bit: u16| share(&all, |a| a.device.probes & bit != 0);
        assert_near("sound", share(&all, sound), 0.945, 0.01);
        assert_near("rooted", has(probe::ROOTED), 0.0145, 0.005);
        assert_near("developer", has(probe::DEV_MODE | probe::MOCK_LOCATION), 0.003, 0.002);
        assert_near("unprobed", has(probe::UNPROBED), 0.012, 0.005);
        assert_eq!(has(probe::EMULATOR | probe::HOOKED), 0.0);
        let is_behind = |a: &Account| a.device.app_build < phones::newest_build(START_MS);
        assert_near("an older build", share(&all, is_behind), 0.23, 0.04);
    }

    #[test]
    fn an_account_to_be_opened_is_bare_and_an_old_one_has_a_past() {
        let fresh = accounts(Persona::Tourist, 0, 500);
        let old = accounts(Persona::Family, 400, 3_000);
        let is_bare = |a: &Account| {
            a.cards.is_empty() && a.kyc == 1 && a.trusted_ms == 0 && a.balance_fen == 0
        };
        assert_eq!(share(&fresh, is_bare), 1.0);
        assert_eq!(share(&old, |a| a.cards.is_empty() || a.trusted_ms == 0), 0.0);
        assert_eq!(share(&old, |a| a.cards.iter().any(|c| START_MS <= c.linked_ms)), 0.0);
        // Twelve in a hundred have not by themselves; the law asked half of them.
        assert_near("proved", share(&old, |a| 2 <= a.kyc), 0.94, 0.03);
        let passwords = share(&old, |a| a.password_changed_ms != 0);
        assert_near("password changed", passwords, 0.27, 0.04);
        assert_near("mixed papers", share(&old, is_mixed), 0.25, 0.04);
    }

    #[test]
    fn names_on_own_cards_are_mostly_the_holder_s() {
        let matching = |persona, wanted: &[&str]| {
            let all = accounts(persona, 100, 3_000);
            share(&all, |a| wanted.contains(&name_match(a.holder.name, a.cards[0].name)))
        };
        assert_near("tourists", matching(Persona::Tourist, &["exact"]), 0.93, 0.02);
        let corporate = matching(Persona::Business, &["weak", "none"]);
        assert_near("firms", corporate, 0.57, 0.04);
    }

    #[test]
    fn an_own_card_is_the_same_whenever_it_is_asked() {
        let (first, again, other) = on_stage(9, |stage| {
            let account = open(stage, Persona::Business, stage.now_ms, US);
            let ask = |index| own_card(stage.ground, &account, index);
            (ask(0), ask(0), ask(1))
        });
        assert_eq!(first, again);
        assert_ne!(first.key, other.key);
        assert_eq!(first.country, US);
    }

    #[test]
    fn an_account_drawn_from_its_key_does_not_depend_on_who_asks() {
        let drawn = |turns: u32| {
            on_stage(9, move |stage| {
                (0..turns).for_each(|_| _ = stage.chance.bits());
                let next = stage.chance.clone().bits();
                admit(stage, 77, Persona::Resident, START_MS - DAY_MS, US);
                assert_eq!(stage.chance.bits(), next, "the step's own chance goes on");
                let account = stage.accounts.get(77).unwrap();
                (account.holder, account.device, account.cards.clone())
            })
        };
        assert_eq!(drawn(0), drawn(5));
    }

    #[test]
    fn a_crook_looks_like_a_new_customer_without_cards() {
        let (fresh, aged) = on_stage(3, |stage| {
            let fresh: Vec<Account> = (0..800).map(|_| crook(stage, 0, US, 0)).collect();
            let aged: Vec<Account> = (0..800).map(|_| crook(stage, 0, US, 90 * DAY_MS)).collect();
            (fresh, aged)
        });
        for all in [&fresh, &aged] {
            assert_eq!(share(all, |a| a.persona == Persona::Crook && a.kyc == 1), 1.0);
            assert_eq!(share(all, |a| a.cards.is_empty() && a.holder.residence == US), 1.0);
        }
        assert_eq!(share(&fresh, |a| a.created_ms == START_MS && a.trusted_ms == 0), 1.0);
        assert_eq!(share(&aged, |a| a.created_ms == START_MS - 90 * DAY_MS), 1.0);
        let voip = |all: &[Account]| share(all, |a| a.holder.phone_line == "voip");
        assert_near("voip", voip(&fresh), 0.17, 0.04);
    }

    #[test]
    fn disguise_hides_the_signs_of_an_emulator() {
        let shown = |disguise: f64| {
            on_stage(4, move |stage| {
                let is_shown = |device: &Device| {
                    device.probes & probe::EMULATOR != 0 || device.integrity == "virtual"
                };
                (0..600).filter(|_| is_shown(&emulator(stage, disguise))).count()
            })
        };
        assert!(420 < shown(0.0), "{}", shown(0.0));
        assert!(shown(0.9) < 120, "{}", shown(0.9));
    }

    #[test]
    fn a_stolen_card_is_a_stranger_s() {
        let (card, other, holder) = on_stage(8, |stage| {
            let account = crook(stage, 0, US, 0);
            (stolen_card(stage, 0, US), stolen_card(stage, 0, US), account.holder)
        });
        assert!(card.is_stolen && card.country == US && card.linked_ms == 0);
        assert_ne!(card.key, other.key);
        assert_ne!(name_match(holder.name, card.name), "exact");
    }
}
