//! What actors own and use: people, phones, networks, places, cards, merchants, accounts.
//!
//! Plain values that are copied and changed freely; the stage writes them into events. Ids are
//! numbers here and become opaque texts there. Closed lists are `&'static str` in the words of the
//! event's field table; a test reads every event back and finds no unknown word.

/// An ISO 3166 country, as its two letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Country(pub(crate) [u8; 2]);

impl Country {
    /// Mainland China, where the wallet lives.
    pub(crate) const CN: Country = Country(*b"CN");

    /// The two letters.
    pub(crate) fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }
}

/// A point on the map, in thousandths of a degree (about 110 m, as positions are rounded).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Latitude.
    pub(crate) lat_e3: i32,
    /// Longitude.
    pub(crate) lon_e3: i32,
    /// The country there.
    pub(crate) country: Country,
    /// Index of the city in the atlas.
    pub(crate) city: u16,
}

/// A phone, or what pretends to be one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Device {
    /// `device_id`.
    pub(crate) key: u64,
    /// `os`: `ios`, `android` or `harmony`.
    pub(crate) os: &'static str,
    /// `os_version`.
    pub(crate) os_version: &'static str,
    /// `model`.
    pub(crate) model: &'static str,
    /// `app_build`; `app_version` follows from it.
    pub(crate) app_build: u32,
    /// When the app was installed; tells `install_age_s`.
    pub(crate) installed_ms: i64,
    /// When it was last started; tells `boot_age_s`.
    pub(crate) booted_ms: i64,
    /// Version of the soft fingerprint: another number is another `fp_hash`.
    pub(crate) fingerprint: u32,
    /// `integrity`: `strong`, `device`, `basic`, `virtual`, `none` or `not_evaluated`.
    pub(crate) integrity: &'static str,
    /// What the app's probes say, see [`probe`].
    pub(crate) probes: u16,
    /// `attest_recent_count`.
    pub(crate) attests: u16,
    /// `language`.
    pub(crate) language: &'static str,
    /// `tz_offset_min`.
    pub(crate) tz_offset_min: i16,
    /// `bio_enrolled_ms`; 0 for none.
    pub(crate) bio_enrolled_ms: i64,
    /// `sim_mcc_mnc`, such as 46000; 0 for no SIM.
    pub(crate) sim_operator: u32,
    /// `sim_country`.
    pub(crate) sim_country: Country,
    /// `sim_count`.
    pub(crate) sims: u8,
    /// `roaming`.
    pub(crate) is_roaming: bool,
}

/// Bits of [`Device::probes`]; a bit that is not set says `false`, `UNPROBED` leaves all out.
pub(crate) mod probe {
    pub(crate) const ROOTED: u16 = 1;
    pub(crate) const EMULATOR: u16 = 1 << 1;
    pub(crate) const CLONED_APP: u16 = 1 << 2;
    pub(crate) const HOOKED: u16 = 1 << 3;
    pub(crate) const OVERLAY: u16 = 1 << 4;
    pub(crate) const SCREEN_SHARED: u16 = 1 << 5;
    pub(crate) const REMOTE_CONTROL: u16 = 1 << 6;
    pub(crate) const CALL: u16 = 1 << 7;
    pub(crate) const DEV_MODE: u16 = 1 << 8;
    pub(crate) const MOCK_LOCATION: u16 = 1 << 9;
    pub(crate) const SENSOR_STATIC: u16 = 1 << 10;
    pub(crate) const BIO_CHANGED: u16 = 1 << 11;
    /// The app's signature is not ours.
    pub(crate) const NOT_GENUINE: u16 = 1 << 12;
    /// An old app that has no probes.
    pub(crate) const UNPROBED: u16 = 1 << 15;
}

/// A network address and what is known about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    /// IPv4 address.
    pub(crate) ip: u32,
    /// `ip_country`, as databases say it.
    pub(crate) country: Country,
    /// `asn`.
    pub(crate) asn: u32,
    /// `ip_usage`: `residential`, `mobile`, `business`, `hosting`, `education`.
    pub(crate) usage: &'static str,
    /// `conn_type`: `cellular` or `wifi`.
    pub(crate) connection: &'static str,
    /// `is_vpn`.
    pub(crate) is_vpn: bool,
    /// `is_proxy`.
    pub(crate) is_proxy: bool,
    /// `is_residential_proxy`.
    pub(crate) is_residential_proxy: bool,
    /// `is_tor`.
    pub(crate) is_tor: bool,
    /// `wifi_public`, when on Wi-Fi.
    pub(crate) is_public: bool,
    /// `bssid_hash`; 0 for none.
    pub(crate) bssid: u64,
    /// `tls_fp`: the client's TLS fingerprint; apps have a few, tools have their own.
    pub(crate) tls: u16,
}

/// Whether a card works, which only its issuer knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It works.
    Live,
    /// The number, date or code is wrong: a guessed or stale card.
    Invalid,
    /// Reported lost or stolen, or closed.
    Blocked,
    /// Valid, but not enabled for use abroad or online.
    NotPermitted,
}

/// A payment card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Card {
    /// `card_token`.
    pub(crate) key: u64,
    /// `bin8`.
    pub(crate) bin8: u32,
    /// `last4`.
    pub(crate) last4: u16,
    /// `network`: `visa`, `mastercard`, `jcb`, `discover`, `diners`, `amex`.
    pub(crate) scheme: &'static str,
    /// `funding`: `credit`, `debit`, `prepaid`.
    pub(crate) funding: &'static str,
    /// `issuer_country`.
    pub(crate) country: Country,
    /// `issuer_id`.
    pub(crate) issuer: u32,
    /// `billing_currency`.
    pub(crate) currency: &'static str,
    /// Name of the cardholder: [`Holder::name`] of its owner.
    pub(crate) name: u64,
    /// `expiry_ym`.
    pub(crate) expiry_ym: u32,
    /// `is_virtual`.
    pub(crate) is_virtual: bool,
    /// What it may spend in 30 days, in CNY fen.
    pub(crate) limit_fen: i64,
    /// When it was linked to the account it is used on; 0 for not yet.
    pub(crate) linked_ms: i64,
    /// Whether it works.
    pub(crate) health: Health,
    /// Whether its holder did not give it: issuers suspect such use more often.
    pub(crate) is_stolen: bool,
}

/// Who an account belongs to, on paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Holder {
    /// The name, as a number; equal numbers are equal names.
    pub(crate) name: u64,
    /// `nationality`.
    pub(crate) nationality: Country,
    /// `residence_country`.
    pub(crate) residence: Country,
    /// `phone_hash`.
    pub(crate) phone: u64,
    /// `phone_country`.
    pub(crate) phone_country: Country,
    /// `phone_line_type`: `mobile`, `voip`, `prepaid`, `landline`.
    pub(crate) phone_line: &'static str,
    /// `email_hash`.
    pub(crate) email: u64,
    /// `email_domain`.
    pub(crate) email_domain: &'static str,
    /// `doc_hash`.
    pub(crate) document: u64,
    /// `birth_year`.
    pub(crate) birth_year: u16,
}

/// When each factor was enrolled, in milliseconds; 0 for not enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Factors {
    pub(crate) passkey: i64,
    pub(crate) biometric: i64,
    pub(crate) push: i64,
    pub(crate) totp: i64,
    pub(crate) sms: i64,
    pub(crate) pin: i64,
    pub(crate) passport: i64,
}

/// A prepaid virtual card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pass {
    /// `pass_id`.
    pub(crate) key: u64,
    /// `pass_opened_ms`.
    pub(crate) opened_ms: i64,
    /// What is on it, in CNY fen.
    pub(crate) balance_fen: i64,
    /// `pass_expiry_ms`.
    pub(crate) expiry_ms: i64,
}

/// What kind of customer an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Persona {
    /// P1, inbound tourist.
    Tourist,
    /// P2, business traveller.
    Business,
    /// P3, resident expatriate or student.
    Resident,
    /// P4, overseas family visitor.
    Family,
    /// P5, cross-border online shopper.
    Shopper,
    /// Opened by a crook.
    Crook,
}

/// A wallet account, with what its rightful user has at hand.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// `account_id`.
    pub(crate) key: u64,
    /// `created_ms`.
    pub(crate) created_ms: i64,
    /// Not in any event.
    pub(crate) persona: Persona,
    /// Who it belongs to.
    pub(crate) holder: Holder,
    /// `kyc_level`, 0 to 4.
    pub(crate) kyc: u8,
    /// The phone that the rightful user holds.
    pub(crate) device: Device,
    /// When that phone became trusted; 0 for not yet.
    pub(crate) trusted_ms: i64,
    /// Where the rightful user lives, or stays for long.
    pub(crate) home: Place,
    /// Cards that are linked, all of them, each with its `linked_ms`.
    pub(crate) cards: Vec<Card>,
    /// Enrolled factors.
    pub(crate) factors: Factors,
    /// `strong_auth_time_ms`; 0 for never.
    pub(crate) strong_auth_ms: i64,
    /// `phone_changed_ms` and so on; 0 for never.
    pub(crate) phone_changed_ms: i64,
    pub(crate) email_changed_ms: i64,
    pub(crate) password_changed_ms: i64,
    pub(crate) pin_changed_ms: i64,
    pub(crate) sim_changed_ms: i64,
    /// `breached_password`.
    pub(crate) is_breached: bool,
    /// Wallet balance in CNY fen.
    pub(crate) balance_fen: i64,
    /// Spend of the calendar year in US cents.
    pub(crate) ytd_cents: i64,
    /// The prepaid card, if one is open.
    pub(crate) pass: Option<Pass>,
    /// Nothing is allowed before this time: a freeze after a report.
    pub(crate) frozen_until_ms: i64,
}

/// A session, as whoever opened it holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// `session_id`.
    pub(crate) key: u64,
    /// `session_auth`: `password`, `pin`, `biometric`, `passkey`, `otp_sms`, `totp`, `push`.
    pub(crate) auth: &'static str,
    /// `session_auth_time_ms`.
    pub(crate) since_ms: i64,
    /// `referrer`: `direct`, `push_notice`, `deeplink`, `web_link`, `message_link`, `qr_scan`.
    pub(crate) referrer: &'static str,
}

/// A merchant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Merchant {
    /// `merchant_id`.
    pub(crate) key: u64,
    /// `mcc`.
    pub(crate) mcc: u16,
    /// Where it stands; online merchants have no place.
    pub(crate) place: Option<Place>,
    /// `country`.
    pub(crate) country: Country,
    /// `onboarded_ms`.
    pub(crate) onboarded_ms: i64,
    /// `qr_id`; 0 for none.
    pub(crate) qr: u64,
    /// `terminal_id`; 0 for none.
    pub(crate) terminal: u64,
    /// `size_tier`: `micro`, `small`, `mid`, `large`, `platform`.
    pub(crate) tier: &'static str,
    /// `settlement`: `t0`, `t1`, `tN`.
    pub(crate) settlement: &'static str,
    /// `personal_qr`.
    pub(crate) is_personal: bool,
    /// `goods` that it sells.
    pub(crate) goods: &'static str,
}
