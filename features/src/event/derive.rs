//! Fields that follow from the event alone, and the values of absent envelope fields.
//!
//! They are filled once, when an event is read, so that facts, rules and columns see one truth.
//! Each is absent when what it follows from is absent; none is ever a guess dressed as zero. Local
//! hours use standard time (see `geo`).

use std::fmt::Write as _;
use std::net::IpAddr;

use super::{Event, Span};
use crate::field::{EventType, FieldId, Kind, ids};
use crate::geo;
use crate::limits::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::money::{Currency, Money};
use crate::scheme::{self, is_dispute_of_fraud, is_liability_shifted};

/// Trust in a fix of the device that is not faked.
const DEVICE_FIX: f64 = 1.0;
/// Trust in the place of an address.
const ADDRESS_FIX: f64 = 0.6;
/// What remains of it when the address says little about where its user is.
const POOR_ADDRESS: f64 = 0.2;
/// An address whose place is known no better than this gives no fix.
const ADDRESS_ACCURACY_KM_MAX: f64 = 100.0;
/// Radius of a device fix that states none: coordinates come rounded to three decimals.
const DEVICE_ACCURACY_KM: f64 = 0.11;
/// Fields of geohash cells, their letters and the radius up to which a fix names its cell: about
/// the shorter side.
const CELLS: [(FieldId, u16, f64); 2] =
    [(ids::PLACE_GEOHASH4, 4, 20.0), (ids::PLACE_GEOHASH5, 5, 5.0)];

/// Fills defaults and derived fields.
pub(super) fn fill(event: &mut Event, ip: Option<IpAddr>) {
    fill_defaults(event);
    fill_reference(event);
    fill_dispute(event);
    fill_decline_class(event);
    fill_texts(event, ip);
    fill_card(event);
    fill_liability(event);
    if let Some(region) = event.text(ids::DEVICE_LANGUAGE).and_then(region_of) {
        event.set(ids::DEVICE_LANGUAGE_REGION, region.into());
    }
    fill_place(event);
    fill_clock(event);
    fill_rates(event);
    if let Some(base) = event.int(ids::BASE_MINOR) {
        let log = (1e6 * (base as f64).ln_1p()).round();
        event.set_int(ids::AMOUNT_LOG_E6, log as i64);
    }
    event.set_int(ids::EVENT_AGE_MS, event.received_ms - event.time_ms);
}

fn fill_defaults(event: &mut Event) {
    let scored = u64::from(event.event_type.is_scored());
    event.adopt(ids::SCHEMA_VERSION, 1);
    event.adopt(ids::TENANT_ID, 0);
    event.adopt(ids::SCORE_REQUESTED, scored);
    event.adopt(ids::TEST_FLAG, 0);
}

/// Disputes and refunds name their payment in a field of their own.
fn fill_reference(event: &mut Event) {
    let named = match event.event_type {
        EventType::Dispute => ids::PAYMENT_ID,
        EventType::Refund => ids::ORIGINAL_PAYMENT_ID,
        _ => return,
    };
    if !event.has(ids::REF_ID) {
        copy_text(event, named, ids::REF_ID);
    }
}

/// A dispute that does not say whether it is about fraud says so by its network's reason code.
fn fill_dispute(event: &mut Event) {
    if event.event_type != EventType::Dispute {
        return;
    }
    let codes = event.text(ids::NETWORK).zip(event.text(ids::REASON_CODE));
    if let Some(is_fraud) = codes.and_then(|(network, code)| is_dispute_of_fraud(network, code)) {
        event.adopt(ids::FRAUD_CATEGORY, u64::from(is_fraud));
    }
}

/// The class of an issuer's answer as its code tells it: what stands in for a `decline_class` that
/// is not given.
pub(super) fn decline_class(event: &Event) -> Option<&'static str> {
    scheme::decline_class(event.text(ids::DE39)?, event.text(ids::CARD_NETWORK))
}

fn fill_decline_class(event: &mut Event) {
    if event.event_type != EventType::AuthResult {
        return;
    }
    let names = ids::DECLINE_CLASS.kind().names().unwrap_or_default();
    let class = decline_class(event).and_then(|class| names.iter().position(|name| *name == class));
    if let Some(index) = class {
        event.adopt(ids::DECLINE_CLASS, index as u64);
    }
}

/// A payment that does not say who bears a fraud says so by the exemption it went with, which always
/// leaves it with the merchant's side, or by the indicator of its network.
fn fill_liability(event: &mut Event) {
    let is_exempt = event.text(ids::THREE_DS_EXEMPTION).is_some_and(|name| name != "none");
    let codes = event.text(ids::CARD_NETWORK).zip(event.text(ids::THREE_DS_ECI));
    let by_code = codes.and_then(|(network, eci)| is_liability_shifted(network, eci));
    if let Some(is_shifted) = if is_exempt { Some(false) } else { by_code } {
        event.adopt(ids::THREE_DS_LIABILITY_SHIFT, u64::from(is_shifted));
    }
}

fn copy_text(event: &mut Event, from: FieldId, to: FieldId) {
    if let Some(bits) = event.bits(from) {
        event.set(to, bits);
        event.spans[to.index()] = event.spans[from.index()];
    }
}

fn fill_texts(event: &mut Event, ip: Option<IpAddr>) {
    let bin = if event.has(ids::CARD_BIN8) { ids::CARD_BIN8 } else { ids::CARD_BIN6 };
    copy_text(event, bin, ids::CARD_BIN);
    let Some(ip) = ip else { return };
    let start = event.text.len();
    // Writing to a String cannot fail.
    let _ = match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            write!(event.text, "{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            write!(event.text, "{a:x}:{b:x}:{c:x}::/48")
        }
    };
    let len = event.text.len() - start;
    event.set_span(ids::NETWORK_IP_PREFIX, Span { start: start as u16, len: len as u16 });
}

fn fill_card(event: &mut Event) {
    let last4 = event.text(ids::CARD_LAST4).and_then(|digits| digits.parse().ok());
    if let Some(last4) = last4 {
        event.set_int(ids::CARD_LAST4_NUMBER, last4);
    }
    if let Some(expiry) = event.int(ids::CARD_EXPIRY_YM) {
        let month = 12 * (expiry / 100) + expiry % 100 - 1;
        event.set_int(ids::CARD_MONTHS_LEFT, month - months(event.time_ms));
    }
}

/// The country of a language tag: its first part of two letters behind the language, before any
/// extension, which a single letter begins.
fn region_of(tag: &str) -> Option<u16> {
    let mut parts = tag.split(['-', '_']).skip(1).take_while(|part| 1 < part.len());
    let region = parts.find(|part| part.len() == 2)?;
    geo::pack_country(&region.to_ascii_uppercase())
}

fn fill_place(event: &mut Event) {
    let fix = event.float(ids::GEO_LAT).zip(event.float(ids::GEO_LON));
    let country = fix.and_then(|(lat, lon)| geo::country_at(lat, lon)).map(u64::from);
    if let Some(country) = country {
        event.set(ids::GEO_COUNTRY, country);
    }
    let is_faked = event.is_true(ids::DEVICE_MOCK_LOCATION);
    let country = country.filter(|_| !is_faked).or(event.bits(ids::NETWORK_IP_COUNTRY));
    if let Some(country) = country {
        event.set(ids::PLACE_COUNTRY, country);
    }
    let accuracy_km = event.float(ids::GEO_ACCURACY_M).map_or(DEVICE_ACCURACY_KM, |m| m / 1e3);
    let device = fix.filter(|_| !is_faked).map(|fix| (fix, accuracy_km, DEVICE_FIX));
    if let Some(((lat, lon), accuracy_km, confidence)) = device.or_else(|| address_fix(event)) {
        event.set_float(ids::PLACE_LAT, lat);
        event.set_float(ids::PLACE_LON, lon);
        event.set_float(ids::PLACE_ACCURACY_KM, accuracy_km);
        event.set_float(ids::PLACE_CONFIDENCE, confidence);
        fill_cells(event, lat, lon, accuracy_km);
    }
}

fn fill_cells(event: &mut Event, lat: f64, lon: f64, accuracy_km: f64) {
    let start = event.text.len() as u16;
    event.text.extend(geo::geohash5(lat, lon).map(char::from));
    for (field, len, radius_km) in CELLS {
        if accuracy_km <= radius_km {
            event.set_span(field, Span { start, len });
        }
    }
}

/// The place of the address, its radius, and the trust in it; none behind a VPN, proxy or Tor.
fn address_fix(event: &Event) -> Option<((f64, f64), f64, f64)> {
    let hiding = [
        ids::NETWORK_IS_VPN,
        ids::NETWORK_IS_PROXY,
        ids::NETWORK_IS_RESIDENTIAL_PROXY,
        ids::NETWORK_IS_TOR,
    ];
    let accuracy_km = event.float(ids::NETWORK_IP_ACCURACY_KM)?;
    let is_hidden = hiding.into_iter().any(|field| event.is_true(field));
    if is_hidden || ADDRESS_ACCURACY_KM_MAX < accuracy_km {
        return None;
    }
    let fix = event.float(ids::NETWORK_IP_LAT).zip(event.float(ids::NETWORK_IP_LON))?;
    let usage = event.text(ids::NETWORK_IP_USAGE);
    let is_poor = matches!(usage, Some("hosting" | "satellite" | "mobile"));
    let confidence = if is_poor { ADDRESS_FIX * POOR_ADDRESS } else { ADDRESS_FIX };
    Some((fix, accuracy_km, confidence))
}

fn fill_clock(event: &mut Event) {
    let time = event.time_ms;
    event.set_int(ids::UTC_HOUR, time.rem_euclid(DAY_MS) / HOUR_MS);
    event.set_int(ids::UTC_WEEKDAY, weekday(time));
    event.set_int(ids::UTC_DATE, date(time));
    let merchant = zone(event, ids::MERCHANT_COUNTRY, ids::MERCHANT_LON);
    let local = merchant.or_else(|| zone(event, ids::PLACE_COUNTRY, ids::PLACE_LON));
    if let Some(offset_min) = local {
        event.set_float(ids::LOCAL_HOUR, hour(time, offset_min));
        let shifted = time + i64::from(offset_min) * MINUTE_MS;
        event.set_int(ids::LOCAL_WEEKDAY, weekday(shifted));
        event.set_int(ids::LOCAL_DATE, date(shifted));
    }
    let home = event.bits(ids::CARD_ISSUER_COUNTRY);
    let home = home.and_then(|country| geo::utc_offset_min(country as u16, None));
    if let Some(offset_min) = home {
        event.set_float(ids::HOME_HOUR, hour(time, offset_min));
    }
}

/// The currency at home, and the rates of what is paid and of what comes back. A refund has a field
/// of its own, so that the payment's rate, which it inherits, is never taken for its own.
fn fill_rates(event: &mut Event) {
    let home = event.text(ids::CARD_ISSUER_COUNTRY).and_then(Currency::of_country);
    if let Some(home) = home {
        event.set(ids::CARD_HOME_CURRENCY, home.bits());
    }
    match event.event_type {
        EventType::Payment | EventType::TourPassTopup => {
            if let Some((currency, rate_e9)) = rate_paid(event) {
                event.set(ids::RATE_CURRENCY, currency.bits());
                event.set_int(ids::RATE_PAID_E9, rate_e9);
            }
        }
        EventType::Refund => {
            if let Some(rate_e9) = event.int(ids::FX_RATE_E9) {
                event.set_int(ids::RATE_REFUNDED_E9, rate_e9);
            }
        }
        _ => {}
    }
}

/// The rate at which a payment was converted, and its currency.
fn rate_paid(event: &Event) -> Option<(Currency, i64)> {
    let currency = |field| event.bits(field).and_then(Currency::from_bits);
    if let Some((minor, currency)) =
        event.int(ids::CARD_AMOUNT_MINOR).zip(currency(ids::CARD_CURRENCY))
    {
        let rate_e9 = Money { minor, currency }.rate_e9(event.int(ids::BASE_MINOR)?)?;
        return Some((currency, rate_e9));
    }
    let rate_e9 = event.int(ids::FX_RATE_E9)?;
    let currency = match currency(ids::CURRENCY)? {
        // An amount in CNY needs no rate of its own: the rate is that of the card's bill.
        Currency::CNY => {
            currency(ids::CARD_BILLING_CURRENCY).or_else(|| currency(ids::CARD_HOME_CURRENCY))?
        }
        foreign => foreign,
    };
    Some((currency, rate_e9))
}

/// Minutes ahead of UTC by country and longitude, or by longitude alone.
fn zone(event: &Event, country: FieldId, lon: FieldId) -> Option<i16> {
    debug_assert!(country.kind() == Kind::Country, "{country:?} is no country");
    let lon = event.float(lon);
    match event.bits(country) {
        Some(country) => geo::utc_offset_min(country as u16, lon),
        None => lon.map(geo::solar_offset_min),
    }
}

fn hour(time_ms: i64, offset_min: i16) -> f64 {
    let local = time_ms + i64::from(offset_min) * MINUTE_MS;
    local.rem_euclid(DAY_MS) as f64 / HOUR_MS as f64
}

/// Months from January of the year 0 to a time, in UTC.
fn months(time_ms: i64) -> i64 {
    let date = date(time_ms);
    12 * (date / 10_000) + date / 100 % 100 - 1
}

/// Monday is 1; 1970-01-01 was a Thursday.
fn weekday(time_ms: i64) -> i64 {
    (time_ms.div_euclid(DAY_MS) + 3).rem_euclid(7) + 1
}

/// Year, month and day as one number, in the Gregorian calendar.
fn date(time_ms: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year; 400 years repeat.
    let days = time_ms.div_euclid(DAY_MS) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = 400 * era + year_of_era + i64::from(month <= 2);
    10_000 * year + 100 * month + day
}
