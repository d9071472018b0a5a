//! Phones: what people carry, and what pretends to be a phone.
//!
//! Models, systems and apps come from small tables, weighed by the country of the number. A new
//! build of the app comes out every fortnight; [`keep_up`] gives a phone the build that its owner
//! would have by now, most of them within days, a few not for a year. A clean phone is what nearly
//! everybody has, a crook too; four in a hundred are old, one or two are rooted by their owner.

use super::{DAY_MS, HOUR_MS, MINUTE_MS, fresh};
use crate::synth::asset::{Country, Device, probe};
use crate::synth::chance::{Chance, mix};
use crate::synth::ground::Ground;
use crate::synth::stage::Stage;

/// Build of the app that came out at the turn of 2023, and what each release adds.
const FIRST_BUILD: i64 = 100_500;
const BUILD_STEP: i64 = 10;
const FIRST_BUILD_MS: i64 = 1_672_531_200_000;
const RELEASE_MS: i64 = 14 * DAY_MS;

/// Share of phones that are old: little attestation, often no recent app.
const OLD: f64 = 0.04;
/// Share of old phones whose app has no probes at all.
const OLD_UNPROBED: f64 = 0.30;
/// Share of phones that their owner rooted, or on which a developer works or fakes the place.
const ROOTED: f64 = 0.015;
const DEVELOPER: f64 = 0.003;
/// Share of phones with a fingerprint or face enrolled.
const WITH_BIOMETRIC: f64 = 0.83;
/// Share of phones with two SIM cards.
const TWO_SIMS: f64 = 0.22;

/// Nobody keeps a phone, or an app on it, for longer than this.
const OLDEST_DAYS: f64 = 1_800.0;

/// Names of streams of chance.
const LAG: u64 = 0x6c61_6720;

/// Share of iOS by country; elsewhere [`IOS_ELSEWHERE`].
const IOS: &[(Country, f64)] = &[
    (Country(*b"US"), 0.58),
    (Country(*b"JP"), 0.60),
    (Country(*b"CA"), 0.57),
    (Country(*b"AU"), 0.58),
    (Country(*b"GB"), 0.51),
    (Country(*b"HK"), 0.47),
    (Country(*b"SG"), 0.40),
    (Country(*b"DE"), 0.38),
    (Country(*b"FR"), 0.35),
    (Country(*b"KR"), 0.26),
    (Country(*b"CN"), 0.24),
];
const IOS_ELSEWHERE: f64 = 0.28;
/// Share of Harmony among the other phones of China.
const HARMONY: f64 = 0.24;

/// A system: its models and versions with their weights, the usual ones and those of old phones.
struct System {
    os: &'static str,
    models: &'static [(&'static str, f64)],
    versions: &'static [(&'static str, f64)],
    old_models: &'static [&'static str],
    old_versions: &'static [&'static str],
}

const IOS_PHONES: System = System {
    os: "ios",
    models: &[
        ("iPhone 17 Pro", 7.0),
        ("iPhone 17", 6.0),
        ("iPhone 16 Pro", 13.0),
        ("iPhone 16", 12.0),
        ("iPhone 15 Pro Max", 9.0),
        ("iPhone 15", 13.0),
        ("iPhone 14 Pro", 9.0),
        ("iPhone 14", 10.0),
        ("iPhone 13", 13.0),
        ("iPhone 12", 8.0),
    ],
    versions: &[
        ("26.1", 30.0),
        ("26.0.1", 16.0),
        ("18.7.1", 20.0),
        ("18.6.2", 18.0),
        ("18.5", 11.0),
        ("17.7.2", 5.0),
    ],
    old_models: &["iPhone 7", "iPhone 8", "iPhone 6s"],
    old_versions: &["15.8.3", "16.7.10"],
};

const ANDROID_PHONES: System = System {
    os: "android",
    models: &[
        ("SM-S938B", 8.0),
        ("SM-S928B", 10.0),
        ("SM-S918B", 9.0),
        ("SM-A556B", 9.0),
        ("SM-A346B", 7.0),
        ("SM-F956B", 3.0),
        ("Pixel 9", 6.0),
        ("Pixel 8", 6.0),
        ("Pixel 7a", 4.0),
        ("Xiaomi 14", 8.0),
        ("Redmi Note 13", 8.0),
        ("OPPO Reno12", 6.0),
        ("vivo V30", 6.0),
        ("OnePlus 12", 4.0),
        ("HONOR 200", 4.0),
        ("motorola edge 50", 2.0),
    ],
    versions: &[("16", 22.0), ("15", 38.0), ("14", 27.0), ("13", 13.0)],
    old_models: &["SM-G960F", "SM-J730F", "Redmi Note 5", "Moto G6", "HUAWEI P20"],
    old_versions: &["8.1.0", "9", "10"],
};

const HARMONY_PHONES: System = System {
    os: "harmony",
    models: &[
        ("Mate 70 Pro", 20.0),
        ("Mate 60 Pro", 28.0),
        ("Pura 70", 24.0),
        ("nova 13", 16.0),
        ("nova 12", 12.0),
    ],
    versions: &[("6.0.0", 20.0), ("5.1.0", 34.0), ("5.0.0", 22.0), ("4.2.0", 24.0)],
    old_models: &["P40", "nova 7"],
    old_versions: &["2.0.0", "3.0.0"],
};

/// The newest build of the app at a time.
pub(crate) fn newest_build(ms: i64) -> u32 {
    let releases = ((ms - FIRST_BUILD_MS) / RELEASE_MS).max(0);
    (FIRST_BUILD + BUILD_STEP * releases) as u32
}

/// How late a phone takes up a new build: most within days, some in weeks, few in a year.
fn lag_ms(key: u64) -> i64 {
    let share = (mix(key, LAG) >> 11) as f64 / (1_u64 << 53) as f64;
    let days = if share < 0.75 {
        0.2 + 4.0 * share
    } else if share < 0.96 {
        3.0 + 240.0 * (share - 0.75)
    } else {
        60.0 + 7_500.0 * (share - 0.96)
    };
    (days * DAY_MS as f64) as i64
}

/// Gives a phone the build of the app that its owner has by now, never an older one.
pub(crate) fn keep_up(device: &mut Device, now_ms: i64) {
    // An app without probes is one that is never brought up to date.
    if device.probes & probe::UNPROBED == 0 {
        device.app_build = device.app_build.max(newest_build(now_ms - lag_ms(device.key)));
    }
}

/// An ordinary clean phone with a SIM card of a country, some weeks in use.
pub(crate) fn phone(stage: &mut Stage<'_>, country: Country) -> Device {
    let key = stage.key();
    let (now_ms, ground) = (stage.now_ms, stage.ground);
    let mut device = clean(ground, &mut stage.chance, country, now_ms);
    device.key = key;
    keep_up(&mut device, now_ms);
    device
}

/// The phone of somebody who travels along, as honest customers have them.
pub(crate) fn companion_phone(stage: &mut Stage<'_>, country: Country) -> Device {
    honest(stage.ground, &mut stage.chance, country, stage.now_ms)
}

/// A phone as honest customers have them, some of them old or tampered with by their owner.
pub(super) fn honest(
    ground: &Ground,
    chance: &mut Chance,
    country: Country,
    now_ms: i64,
) -> Device {
    let mut device = clean(ground, chance, country, now_ms);
    if chance.hit(OLD) {
        age(chance, &mut device, now_ms);
    } else if chance.hit(ROOTED) {
        device.probes |= probe::ROOTED;
        device.integrity = chance.pick(&["basic", "none", "basic"]);
    } else if chance.hit(DEVELOPER) {
        device.probes |= chance.pick(&[probe::DEV_MODE, probe::MOCK_LOCATION]);
    }
    device
}

/// Makes a phone an old one.
fn age(chance: &mut Chance, device: &mut Device, now_ms: i64) {
    let system = system_of(device.os);
    device.model = chance.pick(system.old_models);
    device.os_version = chance.pick(system.old_versions);
    device.integrity = chance.pick(&["basic", "none", "basic", "not_evaluated"]);
    if chance.hit(OLD_UNPROBED) {
        device.probes = probe::UNPROBED;
        let late_ms = chance.between(120, 420) * DAY_MS;
        device.app_build = newest_build(now_ms - late_ms);
    }
}

fn system_of(os: &str) -> &'static System {
    match os {
        "ios" => &IOS_PHONES,
        "harmony" => &HARMONY_PHONES,
        _ => &ANDROID_PHONES,
    }
}

fn clean(ground: &Ground, chance: &mut Chance, country: Country, now_ms: i64) -> Device {
    let ios = IOS.iter().find(|(home, _)| *home == country).map_or(IOS_ELSEWHERE, |(_, s)| *s);
    let system = if chance.hit(ios) {
        &IOS_PHONES
    } else if country == Country::CN && chance.hit(HARMONY) {
        &HARMONY_PHONES
    } else {
        &ANDROID_PHONES
    };
    let key = fresh(chance);
    let mut days_ago = |median: f64| {
        let days = chance.log_normal(median, 1.0).min(OLDEST_DAYS);
        (days * DAY_MS as f64) as i64
    };
    let installed_ms = now_ms - days_ago(40.0);
    let set_up_ms = installed_ms - days_ago(150.0);
    let with_biometric = chance.hit(WITH_BIOMETRIC);
    let mut device = Device {
        key,
        os: system.os,
        os_version: chance.weigh(system.versions),
        model: chance.weigh(system.models),
        app_build: 0,
        installed_ms,
        booted_ms: now_ms - chance.exponential(6.0 * DAY_MS as f64) as i64 - 3 * MINUTE_MS,
        fingerprint: 0,
        integrity: if system.os == "ios" || chance.hit(0.72) { "strong" } else { "device" },
        probes: 0,
        attests: chance.poisson(0.4) as u16,
        language: ground.atlas.language(country),
        tz_offset_min: ground.atlas.tz_offset_min(country),
        bio_enrolled_ms: if with_biometric { set_up_ms } else { 0 },
        sim_operator: ground.atlas.sim_operator(country),
        sim_country: country,
        sims: if chance.hit(TWO_SIMS) { 2 } else { 1 },
        is_roaming: false,
    };
    keep_up(&mut device, now_ms);
    device
}

/// A sign by which emulators are known, and how often one shows it when nothing is done about it.
const SIGNS: [(u16, f64); 6] = [
    (probe::EMULATOR, 0.72),
    (probe::ROOTED, 0.45),
    (probe::CLONED_APP, 0.28),
    (probe::HOOKED, 0.30),
    (probe::SENSOR_STATIC, 0.75),
    (probe::DEV_MODE, 0.50),
];

/// An emulator, or a phone made to run many copies of the app; `disguise`, 0 to 1, is the
/// probability that each of its signs is hidden.
pub(crate) fn emulator(stage: &mut Stage<'_>, disguise: f64) -> Device {
    let country = stage.ground.atlas.home_country(&stage.ground.settings, &mut stage.chance);
    let mut device = phone(stage, country);
    let (now_ms, chance) = (stage.now_ms, &mut stage.chance);
    if device.os != "android" {
        device.os = ANDROID_PHONES.os;
        device.model = chance.weigh(ANDROID_PHONES.models);
        device.os_version = chance.weigh(ANDROID_PHONES.versions);
    }
    device.installed_ms = now_ms - chance.log_normal(3.0 * HOUR_MS as f64, 1.3) as i64;
    device.booted_ms = now_ms - chance.log_normal(1.5 * HOUR_MS as f64, 1.0) as i64;
    // Some are asked as seldom as a phone; scripts that run for long are asked often.
    let often = if chance.hit(disguise) { 0.4 } else { chance.exponential(4.0) };
    device.attests = chance.poisson(often) as u16;
    device.probes = 0;
    for (sign, shown) in SIGNS {
        if chance.hit(shown * (1.0 - disguise)) {
            device.probes |= sign;
        }
    }
    device.integrity = if chance.hit(disguise) {
        chance.pick(&["device", "basic", "device", "strong"])
    } else {
        chance.pick(&["virtual", "none", "virtual", "basic"])
    };
    if chance.hit(0.6) {
        device.bio_enrolled_ms = 0;
    }
    if chance.hit(0.4 * (1.0 - disguise)) {
        device.sim_operator = 0;
        device.sims = 0;
    }
    device
}
