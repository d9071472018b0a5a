//! Traffic for the benches: seeded wallet events of realistic size, and the hash of what came out.
//!
//! One payment carries what a mobile wallet sends (device, network, position, card, account,
//! merchant), about 1.2 KB of JSON; between payments come issuer answers, card links and logins.
//! The same seed gives the same events; every bench prints the [`Digest`] of its answers, so that a
//! faster wrong answer is seen.

use hdrhistogram::Histogram;

/// Seeded chance (SplitMix64).
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// A whole number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

/// FNV-1a over everything that was answered.
#[derive(Clone, Debug)]
pub struct Digest(pub u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest(0xCBF2_9CE4_8422_2325)
    }
}

impl Digest {
    /// Takes bytes in.
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
}

/// Memory of the process that is in RAM, in bytes, where the system tells it; else 0.
pub fn resident_bytes() -> u64 {
    status_bytes("VmRSS:")
}

/// The most that it ever was.
pub fn peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

fn status_bytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// A histogram of times in nanoseconds, up to a minute.
pub fn times() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("sound bounds")
}

/// First event time of the traffic, in milliseconds.
const START_MS: i64 = 1_780_000_000_000;

/// `count` events of `accounts` accounts, 40 ms apart: JSON texts in order.
pub fn traffic(seed: u64, count: usize, accounts: u64) -> Vec<String> {
    let mut chance = Chance(seed);
    (0..count).map(|index| event(&mut chance, index, accounts)).collect()
}

fn event(chance: &mut Chance, index: usize, accounts: u64) -> String {
    let time = START_MS + index as i64 * 40;
    let account = chance.below(accounts);
    match chance.below(20) {
        0 => format!(
            r#"{{{},"login_name_hash":"n{account}","outcome":"{}","method":"password"{}}}"#,
            envelope("login", index, account, time),
            if chance.below(8) == 0 { "bad_password" } else { "success" },
            context(chance, account, time),
        ),
        1 => format!(
            r#"{{{},"pan_entry":"manual","cvv_provided":true,"verify_method":"3ds","consent_ms":{time},"attempt_no_session":1{}{}}}"#,
            envelope("card_link", index, account, time),
            card(chance, account, time),
            context(chance, account, time),
        ),
        2..=6 if 0 < index => format!(
            r#"{{{},"ref_id":"e{}","ref_type":"payment","outcome":"{}","decline_class":"approved","latency_ms":180}}"#,
            envelope("auth_result", index, account, time),
            index - 1,
            if chance.below(20) == 0 { "declined" } else { "approved" },
        ),
        _ => payment(chance, index, account, time),
    }
}

fn envelope(kind: &str, index: usize, account: u64, time: i64) -> String {
    format!(
        r#""schema_version":1,"event_id":"e{index}","event_type":"{kind}","tenant_id":1,"account_id":"a{account}","event_time_ms":{time},"session_id":"s{account}","channel":"app_ios""#
    )
}

fn payment(chance: &mut Chance, index: usize, account: u64, time: i64) -> String {
    // A tenth of the payments go to twenty large merchants.
    let merchant = if chance.below(10) == 0 { chance.below(20) } else { 20 + chance.below(20_000) };
    let fen = 300 + chance.below(60_000);
    format!(
        r#"{{{},"payment_id":"p{index}","kind":"merchant_qr_dynamic","amount_minor":{fen},"currency":"CNY","base_minor":{fen},"usd_minor":{},"funding":"intl_card","goods":"physical","is_mit":false,"merchant":{{"merchant_id":"m{merchant}","mcc":5812,"country":"CN","city_geohash5":"wx4g0","lat":39.9,"lon":116.4,"onboarded_ms":1650000000000,"qr_id":"q{merchant}","size_tier":"small","settlement":"t1","personal_qr":false}}{}{}}}"#,
        envelope("payment", index, account, time),
        fen / 7,
        card(chance, account, time),
        context(chance, account, time),
    )
}

fn card(chance: &mut Chance, account: u64, time: i64) -> String {
    let linked = time - 86_400_000 * (1 + account as i64 % 90);
    let country = ["US", "KR", "JP", "SG", "GB", "DE"][account as usize % 6];
    format!(
        r#","card":{{"card_token":"c{account}-{}","bin8":"4{:07}","last4":"{:04}","network":"visa","funding":"credit","issuer_country":"{country}","billing_currency":"USD","expiry_ym":202912,"name_match":"exact","network_token":true,"linked_time_ms":{linked}}}"#,
        chance.below(2),
        account % 500,
        account % 10_000,
    )
}

fn context(chance: &mut Chance, account: u64, time: i64) -> String {
    let lat = 39.0 + chance.below(2_000) as f64 / 1_000.0;
    let ip = format!("36.{}.{}.{}", account % 200, account / 200 % 250, chance.below(4) + 1);
    let country = ["US", "KR", "JP", "SG", "GB", "DE"][account as usize % 6];
    format!(
        r#","device":{{"device_id":"d{account}","os":"ios","os_version":"19.2","model":"iPhone17,1","app_version":"10.8.2","app_build":108020,"integrity":"strong","app_genuine":true,"is_rooted":false,"is_emulator":false,"has_hook_framework":false,"screen_shared":false,"remote_control_app":false,"accessibility_overlay":false,"call_in_progress":false,"mock_location":false,"language":"en-US","tz_offset_min":480,"bio_enrolled_ms":1700000000000,"sim_country":"{country}","roaming":true}},"network":{{"ip":"{ip}","ip_country":"CN","asn":4134,"ip_usage":"mobile","is_vpn":false,"is_proxy":false,"is_tor":false,"conn_type":"cellular"}},"geo":{{"lat":{lat:.3},"lon":116.4,"accuracy_m":20.0,"source":"gps","fix_age_s":5}},"auth_ctx":{{"session_auth":"biometric","session_auth_time_ms":{time},"device_trusted_since_ms":1700000000000,"sim_changed_ms":1600000000000,"password_changed_ms":1700000000000,"referrer":"direct","factors_enrolled":[{{"factor":"passkey","enrolled_ms":1700000000000,"verified":true}},{{"factor":"sms_otp","enrolled_ms":1690000000000,"verified":true}}]}},"account":{{"created_ms":1690000000000,"kyc_level":3,"residence_country":"{country}","phone_country":"{country}","phone_line_type":"mobile"}}"#
    )
}

/// One transaction with the numbers of who took part in it, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Payment {
    /// Number of the transaction.
    pub id: i64,
    /// When, in milliseconds.
    pub time: i64,
    /// By which card.
    pub card: i64,
    /// By whom.
    pub customer: i64,
    /// On which device.
    pub device: i64,
    /// From which address.
    pub ip: i64,
    /// To whom.
    pub merchant: i64,
    /// How much, in minor units.
    pub amount: i64,
}

/// Transactions in order, a second and a half apart: some cards and merchants are much busier than
/// others, most cards have a device and most devices an address of their own.
pub fn payments(count: usize) -> Vec<Payment> {
    let mut chance = Chance(17);
    let mut time = 1_735_689_600_000;
    let home = |key: u64, limit: u64| Chance(key << 20).below(limit);
    let payment = |id: usize| {
        time += 1 + chance.below(3_110) as i64;
        let card = match chance.below(100) {
            0..8 => chance.below(2_000),
            8..35 => chance.below(20_000),
            _ => chance.below(200_000),
        };
        let merchant = match chance.below(100) {
            0..10 => chance.below(10),
            10..35 => chance.below(100),
            35..65 => chance.below(1_000),
            _ => chance.below(20_000),
        };
        let device = match chance.below(100) {
            0..85 => home(card, 180_000),
            85..97 => home(card + 1, 180_000),
            _ => chance.below(180_000),
        };
        let ip = match chance.below(100) {
            0..60 => 200 + home(device, 150_000),
            60..85 => chance.below(200),
            _ => 200 + chance.below(150_000),
        };
        Payment {
            id: id as i64,
            time,
            card: card as i64,
            customer: home(card, 160_000) as i64,
            device: device as i64,
            ip: ip as i64,
            merchant: merchant as i64,
            amount: 50 + (chance.below(1_000) * chance.below(20)) as i64,
        }
    };
    (0..count).map(payment).collect()
}
