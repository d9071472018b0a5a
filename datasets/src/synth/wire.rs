//! Events as JSON lines, written straight into bytes.
//!
//! A line is written once, in the order of the field table, without a tree of values in between:
//! about a kilobyte in well under a microsecond, which is what lets a world of millions of accounts
//! be simulated on one core. Ids are numbers below; here they become a letter and fifteen more
//! letters, so that no id looks like a card number. Whatever is written is read back by
//! `Event::read` in the tests, without a fault and without an unknown word.

use super::asset::{Account, Card, Country, Device, Merchant, Network, Place, probe};

/// A line that is being written.
#[derive(Debug, Default)]
pub(crate) struct Line(Vec<u8>);

/// Two letters for each byte.
const LETTERS: [[u8; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [b'a' + (byte >> 4) as u8, b'a' + (byte & 15) as u8];
        byte += 1;
    }
    table
};

/// Two digits for each number below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut table = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        table[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    table
};

impl Line {
    /// Starts an event with its envelope; the object is closed by [`Line::end`].
    pub(crate) fn begin(&mut self, event: EventId, event_type: &str, time_ms: i64) {
        self.0.clear();
        self.raw(b"{\"event_id\":\"");
        self.event_id(event);
        self.raw(b"\",\"event_type\":\"");
        self.raw(event_type.as_bytes());
        self.raw(b"\",\"event_time_ms\":");
        self.digits(time_ms);
    }

    /// Ends the event, and its line.
    pub(crate) fn end(&mut self) {
        self.raw(b"}\n");
    }

    /// The bytes so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes what has been written already elsewhere.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn digits(&mut self, value: i64) {
        let mut buffer = [0_u8; 20];
        let mut at = buffer.len();
        let mut left = value.unsigned_abs();
        while 100 <= left {
            at -= 2;
            buffer[at..at + 2].copy_from_slice(&PAIRS[(left % 100) as usize]);
            left /= 100;
        }
        if 10 <= left {
            at -= 2;
            buffer[at..at + 2].copy_from_slice(&PAIRS[left as usize]);
        } else {
            at -= 1;
            buffer[at] = b'0' + left as u8;
        }
        if value < 0 {
            at -= 1;
            buffer[at] = b'-';
        }
        self.raw(&buffer[at..]);
    }

    fn event_id(&mut self, event: EventId) {
        self.raw(b"e");
        self.digits(i64::from(event.shard));
        self.raw(b"-");
        self.digits(event.number as i64);
    }

    /// `,"name":` for a name that is given with its quotes and colon.
    fn name(&mut self, name: &str) {
        self.raw(b",\"");
        self.raw(name.as_bytes());
        self.raw(b"\":");
    }

    /// A word of a closed list, or other text that needs no escape.
    pub(crate) fn word(&mut self, name: &str, word: &str) {
        self.name(name);
        self.raw(b"\"");
        self.raw(word.as_bytes());
        self.raw(b"\"");
    }

    /// A whole number.
    pub(crate) fn number(&mut self, name: &str, value: i64) {
        self.name(name);
        self.digits(value);
    }

    /// A time, where there is one: 0 says there is none.
    pub(crate) fn time(&mut self, name: &str, time_ms: i64) {
        if time_ms != 0 {
            self.number(name, time_ms);
        }
    }

    /// A truth value.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.name(name);
        self.raw(if value { b"true" } else { b"false" });
    }

    /// An id: a letter that says of what, and the number as letters.
    pub(crate) fn id(&mut self, name: &str, of: u8, key: u64) {
        self.name(name);
        self.raw(b"\"");
        self.key(of, key);
        self.raw(b"\"");
    }

    fn key(&mut self, of: u8, key: u64) {
        let bytes = (key << 4).to_be_bytes();
        let mut text = [of; 17];
        for (place, byte) in bytes.iter().enumerate() {
            text[1 + 2 * place..3 + 2 * place].copy_from_slice(&LETTERS[*byte as usize]);
        }
        // Sixty bits are fifteen letters.
        self.raw(&text[..16]);
    }

    /// The id of another event.
    pub(crate) fn reference(&mut self, name: &str, event: EventId) {
        self.name(name);
        self.raw(b"\"");
        self.event_id(event);
        self.raw(b"\"");
    }

    /// The id of something that an event made, such as its payment: a letter and the event's id.
    pub(crate) fn made(&mut self, name: &str, of: u8, event: EventId) {
        self.name(name);
        self.raw(b"\"");
        self.raw(&[of]);
        self.event_id(event);
        self.raw(b"\"");
    }

    /// A share, to three decimals.
    pub(crate) fn share(&mut self, name: &str, value: f64) {
        self.name(name);
        self.thousandths((value.clamp(0.0, 1.0) * 1_000.0).round() as i32);
    }

    fn thousandths(&mut self, value: i32) {
        if value < 0 {
            self.raw(b"-");
        }
        let value = value.unsigned_abs();
        self.digits(i64::from(value / 1_000));
        let rest = value % 1_000;
        self.raw(b".");
        self.raw(&[b'0' + (rest / 100) as u8]);
        self.raw(&PAIRS[(rest % 100) as usize]);
    }

    fn country(&mut self, name: &str, country: Country) {
        self.word(name, country.code());
    }

    /// An IPv4 address.
    pub(crate) fn address(&mut self, name: &str, ip: u32) {
        self.name(name);
        self.raw(b"\"");
        for (place, part) in ip.to_be_bytes().into_iter().enumerate() {
            if 0 < place {
                self.raw(b".");
            }
            self.digits(i64::from(part));
        }
        self.raw(b"\"");
    }

    /// An object: what `fill` writes, whose first comma is swallowed.
    fn object(&mut self, name: &str, fill: impl FnOnce(&mut Line)) {
        self.name(name);
        let start = self.0.len();
        fill(self);
        if self.0.len() == start {
            self.raw(b"{");
        } else {
            self.0[start] = b'{';
        }
        self.raw(b"}");
    }

    /// `device`.
    pub(crate) fn device(&mut self, device: &Device, now_ms: i64) {
        self.object("device", |line| line.device_fields(device, now_ms));
    }

    fn device_fields(&mut self, device: &Device, now_ms: i64) {
        self.id("device_id", b'd', device.key);
        let print = super::chance::mix(device.key, u64::from(device.fingerprint));
        self.id("fp_hash", b'f', print >> 4);
        self.word("os", device.os);
        self.word("os_version", device.os_version);
        self.word("model", device.model);
        self.name("app_version");
        self.raw(b"\"");
        let build = i64::from(device.app_build);
        self.digits(build / 10_000);
        self.raw(b".");
        self.digits(build / 100 % 100);
        self.raw(b".");
        self.digits(build % 100);
        self.raw(b"\"");
        self.number("app_build", build);
        self.number("install_age_s", age_s(now_ms, device.installed_ms));
        if device.probes & probe::UNPROBED == 0 {
            self.word("integrity", device.integrity);
            self.probes(device);
            self.number("attest_recent_count", i64::from(device.attests));
            self.number("boot_age_s", age_s(now_ms, device.booted_ms));
        } else {
            self.word("integrity", "not_evaluated");
        }
        self.word("language", device.language);
        self.number("tz_offset_min", i64::from(device.tz_offset_min));
        self.time("bio_enrolled_ms", device.bio_enrolled_ms);
        self.number("sim_count", i64::from(device.sims));
        if device.sim_operator != 0 {
            self.name("sim_mcc_mnc");
            self.raw(b"\"");
            self.digits(i64::from(device.sim_operator));
            self.raw(b"\"");
            self.country("sim_country", device.sim_country);
            self.flag("roaming", device.is_roaming);
        }
    }

    fn probes(&mut self, device: &Device) {
        const NAMES: [(u16, &str); 12] = [
            (probe::ROOTED, "is_rooted"),
            (probe::EMULATOR, "is_emulator"),
            (probe::CLONED_APP, "is_cloned_app"),
            (probe::HOOKED, "has_hook_framework"),
            (probe::OVERLAY, "accessibility_overlay"),
            (probe::SCREEN_SHARED, "screen_shared"),
            (probe::REMOTE_CONTROL, "remote_control_app"),
            (probe::CALL, "call_in_progress"),
            (probe::DEV_MODE, "dev_mode"),
            (probe::MOCK_LOCATION, "mock_location"),
            (probe::SENSOR_STATIC, "sensor_static"),
            (probe::BIO_CHANGED, "bio_changed"),
        ];
        self.flag("app_genuine", device.probes & probe::NOT_GENUINE == 0);
        for (bit, name) in NAMES {
            self.flag(name, device.probes & bit != 0);
        }
    }

    /// `network`.
    pub(crate) fn network(&mut self, network: &Network) {
        self.object("network", |line| {
            line.address("ip", network.ip);
            line.country("ip_country", network.country);
            line.number("asn", i64::from(network.asn));
            line.word("ip_usage", network.usage);
            line.flag("is_vpn", network.is_vpn);
            line.flag("is_proxy", network.is_proxy);
            line.flag("is_residential_proxy", network.is_residential_proxy);
            line.flag("is_tor", network.is_tor);
            line.word("conn_type", network.connection);
            if network.connection == "wifi" {
                line.flag("wifi_public", network.is_public);
            }
            if network.bssid != 0 {
                line.id("bssid_hash", b'w', network.bssid);
            }
            line.number_text("tls_fp", b't', network.tls);
        });
    }

    fn number_text(&mut self, name: &str, of: u8, number: u16) {
        self.name(name);
        self.raw(&[b'"', of]);
        self.digits(i64::from(number));
        self.raw(b"\"");
    }

    /// `geo`.
    pub(crate) fn geo(&mut self, place: Place) {
        self.object("geo", |line| {
            line.position(place);
            // Phones tell positions to some 110 m; the radius is theirs.
            line.raw(b",\"accuracy_m\":25,\"source\":\"fused\",\"fix_age_s\":");
            line.digits(i64::from((place.lat_e3 ^ place.lon_e3).unsigned_abs() % 90));
        });
    }

    fn position(&mut self, place: Place) {
        self.name("lat");
        self.thousandths(place.lat_e3);
        self.name("lon");
        self.thousandths(place.lon_e3);
    }

    /// `three_ds` of a cardholder whom the issuer authenticated.
    pub(crate) fn authenticated(&mut self) {
        self.object("three_ds", |line| {
            line.word("trans_status", "Y");
            line.word("eci", "05");
        });
    }

    /// `card`, as used by the holder of an account.
    pub(crate) fn card(&mut self, card: &Card, name_match: &str) {
        self.object("card", |line| {
            line.id("card_token", b'c', card.key);
            line.range(card);
            line.name("last4");
            line.raw(b"\"");
            line.raw(&PAIRS[usize::from(card.last4 / 100 % 100)]);
            line.raw(&PAIRS[usize::from(card.last4 % 100)]);
            line.raw(b"\"");
            line.word("network", card.scheme);
            line.word("funding", card.funding);
            line.country("issuer_country", card.country);
            line.number_text("issuer_id", b'i', card.issuer as u16);
            line.word("billing_currency", card.currency);
            line.number("expiry_ym", i64::from(card.expiry_ym));
            line.flag("is_virtual", card.is_virtual);
            line.word("name_match", name_match);
            line.time("linked_time_ms", card.linked_ms);
        });
    }

    /// `auth_ctx`'s part that the account knows; the session's part is written by `session`.
    pub(crate) fn auth_context(&mut self, account: &Account, session: Option<SessionView<'_>>) {
        self.object("auth_ctx", |line| {
            if let Some(session) = session {
                line.word("session_auth", session.auth);
                line.time("session_auth_time_ms", session.since_ms);
                line.word("referrer", session.referrer);
                line.time("device_trusted_since_ms", session.trusted_ms);
            }
            line.time("strong_auth_time_ms", account.strong_auth_ms);
            line.time("phone_verified_ms", account.created_ms);
            line.time("phone_changed_ms", account.phone_changed_ms);
            line.time("email_changed_ms", account.email_changed_ms);
            line.time("password_changed_ms", account.password_changed_ms);
            line.time("pin_changed_ms", account.pin_changed_ms);
            line.time("sim_changed_ms", account.sim_changed_ms);
            line.flag("breached_password", account.is_breached);
            line.factors(account);
        });
    }

    fn factors(&mut self, account: &Account) {
        let factors = &account.factors;
        let enrolled = [
            ("passkey", factors.passkey),
            ("device_biometric", factors.biometric),
            ("push_number_match", factors.push),
            ("totp", factors.totp),
            ("sms_otp", factors.sms),
            ("payment_pin", factors.pin),
            ("passport_selfie", factors.passport),
        ];
        self.name("factors_enrolled");
        self.raw(b"[");
        let mut is_first = true;
        for (factor, enrolled_ms) in enrolled.into_iter().filter(|(_, ms)| *ms != 0) {
            self.raw(if is_first { b"{\"factor\":\"" } else { b",{\"factor\":\"" });
            is_first = false;
            self.raw(factor.as_bytes());
            self.raw(b"\",\"enrolled_ms\":");
            self.digits(enrolled_ms);
            self.raw(b",\"verified\":true}");
        }
        self.raw(b"]");
    }

    /// `account`.
    pub(crate) fn account(&mut self, account: &Account, now_ms: i64) {
        self.object("account", |line| {
            line.number("created_ms", account.created_ms);
            line.number("kyc_level", i64::from(account.kyc));
            line.country("nationality", account.holder.nationality);
            line.country("residence_country", account.holder.residence);
            line.country("phone_country", account.holder.phone_country);
            line.word("phone_line_type", account.holder.phone_line);
            line.word("email_domain", account.holder.email_domain);
            let is_frozen = now_ms < account.frozen_until_ms;
            line.word("status", if is_frozen { "frozen" } else { "active" });
            line.number("ytd_spend_usd_minor", account.ytd_cents);
            line.number("balance_minor", account.balance_fen);
        });
    }

    /// `merchant`.
    pub(crate) fn merchant(&mut self, merchant: &Merchant) {
        self.object("merchant", |line| {
            line.id("merchant_id", b'm', merchant.key);
            line.number("mcc", i64::from(merchant.mcc));
            line.country("country", merchant.country);
            if let Some(place) = merchant.place {
                line.position(place);
            }
            line.number("onboarded_ms", merchant.onboarded_ms);
            if merchant.qr != 0 {
                line.id("qr_id", b'q', merchant.qr);
            }
            if merchant.terminal != 0 {
                line.id("terminal_id", b'k', merchant.terminal);
            }
            line.word("size_tier", merchant.tier);
            line.word("settlement", merchant.settlement);
            line.flag("personal_qr", merchant.is_personal);
        });
    }

    /// Money: the amount in CNY, its base and dollar values.
    pub(crate) fn money(&mut self, fen: i64, cents: i64) {
        self.number("amount_minor", fen);
        self.raw(b",\"currency\":\"CNY\"");
        self.number("base_minor", fen);
        self.number("usd_minor", cents);
    }

    /// An exchange rate: CNY for one unit, times 10^9.
    pub(crate) fn rate(&mut self, rate_e9: i64, now_ms: i64) {
        self.object("fx", |line| {
            line.number("rate_e9", rate_e9);
            line.number("rate_ts_ms", now_ms);
            line.word("rate_source", "desk");
        });
    }

    /// The cards of an issuer, without naming one.
    pub(crate) fn issuer(&mut self, card: &Card) {
        self.object("card", |line| {
            line.range(card);
            line.word("network", card.scheme);
            line.country("issuer_country", card.country);
            line.number_text("issuer_id", b'i', card.issuer as u16);
        });
    }

    /// The range that a card's number is in: of numbers shorter than sixteen digits, fewer digits
    /// may be kept.
    fn range(&mut self, card: &Card) {
        let (name, digits) = match card.scheme {
            "amex" | "diners" => ("bin6", card.bin8 / 100),
            _ => ("bin8", card.bin8),
        };
        self.name(name);
        self.raw(b"\"");
        self.digits(i64::from(digits));
        self.raw(b"\"");
    }

    /// A field that is known to be empty.
    pub(crate) fn nothing(&mut self, name: &str) {
        self.name(name);
        self.raw(b"null");
    }

    /// A country field of an event.
    pub(crate) fn land(&mut self, name: &str, country: Country) {
        self.country(name, country);
    }
}

/// Seconds since a time; 0 for one that has not come.
fn age_s(now_ms: i64, since_ms: i64) -> i64 {
    ((now_ms - since_ms) / 1_000).clamp(0, i64::from(u32::MAX))
}

/// An event of a shard, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EventId {
    /// The shard that made it.
    pub(crate) shard: u32,
    /// Its number there.
    pub(crate) number: u64,
}

/// What an event says of the session it happens in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionView<'a> {
    /// `session_auth`.
    pub(crate) auth: &'a str,
    /// `session_auth_time_ms`.
    pub(crate) since_ms: i64,
    /// `referrer`.
    pub(crate) referrer: &'a str,
    /// `device_trusted_since_ms`; 0 when it is not.
    pub(crate) trusted_ms: i64,
}
