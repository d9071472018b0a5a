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

/// Fills defaults and derived fields.
pub(super) fn fill(event: &mut Event, ip: Option<IpAddr>) {
    fill_defaults(event);
    fill_reference(event);
    fill_texts(event, ip);
    fill_place(event);
    fill_clock(event);
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
    let merchant = zone(event, ids::MERCHANT_COUNTRY, ids::MERCHANT_LON);
    let local = merchant.or_else(|| zone(event, ids::PLACE_COUNTRY, ids::PLACE_LON));
    if let Some(offset_min) = local {
        event.set_float(ids::LOCAL_HOUR, hour(time, offset_min));
        let shifted = time + i64::from(offset_min) * MINUTE_MS;
        event.set_int(ids::LOCAL_WEEKDAY, weekday(shifted));
    }
    let home = event.bits(ids::CARD_ISSUER_COUNTRY);
    let home = home.and_then(|country| geo::utc_offset_min(country as u16, None));
    if let Some(offset_min) = home {
        event.set_float(ids::HOME_HOUR, hour(time, offset_min));
    }
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

/// Monday is 1; 1970-01-01 was a Thursday.
fn weekday(time_ms: i64) -> i64 {
    (time_ms.div_euclid(DAY_MS) + 3).rem_euclid(7) + 1
}
