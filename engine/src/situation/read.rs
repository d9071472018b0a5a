//! From the numbers that a policy hands over to a situation: which facts a verdict reads, and where
//! each goes.
//!
//! Reading is one pass over some hundred numbers and cannot fail. The place of a fact is found by
//! the compiler, so a name that is not in [`FACTS`] stops the build.

use super::words::{
    AVS_FULL, CHANGES, CVV_MISMATCH, ELSEWHERE, FUNDINGS, GOODS, KINDS, LINES, LINKS, LOCKED,
    PREPAID, SESSIONS, STATUSES, SUCCESS, TRUSTS, event_type, is_protocol_old, network,
};
use super::{
    Card, Change, Device, Enrolled, Funding, Goods, Line, Past, PaymentKind, Proof, Session,
    SessionAuth, Situation, ThreeDsStatus, Trust,
};
use crate::reason::is_same;

/// The names of the facts that a verdict reads, in the order of [`Situation::read`].
pub const FACTS: &[&str] = &[
    "event_type",
    "event_time_ms",
    "kind",
    "funding",
    "field",
    "goods",
    "is_mit",
    "outcome",
    "to_instrument",
    "base_minor",
    "usd_minor",
    "benefit_minor",
    "account.balance_minor",
    "beneficiary_first_seen_ms",
    "account_identity_attempt_count_24h",
    "account_may_be_minor",
    "card.network",
    "card.funding",
    "card.issuer_country",
    "merchant.country",
    "three_ds.trans_status",
    "three_ds.liability_shift",
    "device.is_rooted",
    "device.has_hook_framework",
    "device.is_cloned_app",
    "device.app_genuine",
    "device.call_in_progress",
    "device.bio_changed",
    "device.roaming",
    "auth_ctx.session_auth",
    "auth_ctx.strong_auth_time_ms",
    "auth_ctx.phone_verified_ms",
    "hours_since_phone_change",
    "hours_since_pin_change",
    "auth_ctx.referrer",
    "account.phone_line_type",
    "factors.passkey.enrolled_ms",
    "passkey_added_hours",
    "passkey_added_vouched",
    "factors.device_biometric.enrolled_ms",
    "factors.push_number_match.enrolled_ms",
    "factors.push_number_match.last_used_ms",
    "factors.totp.enrolled_ms",
    "factors.totp.verified",
    "factors.payment_pin.enrolled_ms",
    "hours_since_arrival",
    "device_integrity_level",
    "device_is_emulator",
    "device_remote_control",
    "device_trusted",
    "device_account_age_hours",
    "account_age_hours",
    "sim_change_age_hours",
    "bio_enrol_age_hours",
    "account_otp_fail_count_1h",
    "account_pin_fail_count_1h",
    "phone_otp_send_count_1h",
    "phone_otp_send_count_24h",
    "phone_distinct_accounts_30d",
    "phone_prefix_pumping",
    "account_push_unanswered_15m",
    "push_answered_here",
    "challenge_failed_factors_30m",
    "strong_proof_min",
    "strong_proof_fen",
    "code_proof_min",
    "hours_since_identity_proof",
    "card_name_match",
    "card_linked_age_hours",
    "card_cvv_result",
    "card_cvv_fail_count_1h",
    "card_threeds_fail_count_24h",
    "threeds_reason_fraud_7d",
    "issuer_outage_flag",
    "card_proof_count_90d",
    "account_link_attempt_count_24h",
    "account_attempt_count_24h",
    "hours_since_password_change",
    "hours_since_factor_change",
    "device_distinct_cards_24h",
    "device_distinct_accounts_7d",
    "bin_attempt_zscore_5m",
    "account_amount_zscore_90d",
    "ip_gps_country_match",
    "geo_speed_kmh",
    "geo_speed_confidence",
    "merchant_fraud_rate_30d",
    "component_fraud_count_90d",
    "auth_ctx.email_changed_ms",
    "three_ds.version",
    "three_ds.whitelist_status",
    "account_attempt_count_30d",
    "account_approved_count_90d",
    "card_avs_result",
    "card_3ds_success_age_days",
    "card_low_value_count_since_sca",
    "card_low_value_sum_since_sca_eur",
    "card_retry_blocked",
    "card_declined_count_24h",
    "card_declined_count_30d",
    "card_declined_same_amount_count_30d",
];

impl Situation {
    /// The situation in these facts, given in the order of [`FACTS`]; missing ones are unknown.
    pub fn read(values: &[f64]) -> Situation {
        let facts = Facts(values);
        let outcome = facts.number(const { at("outcome") });
        Situation {
            event: event_type(facts.number(const { at("event_type") })),
            time_ms: facts.number(const { at("event_time_ms") }),
            kind: facts.one_of(const { at("kind") }, &KINDS, PaymentKind::Unknown),
            funding: facts.one_of(const { at("funding") }, &FUNDINGS, Funding::Unknown),
            change: facts.one_of(const { at("field") }, &CHANGES, Change::Unknown),
            goods: facts.one_of(const { at("goods") }, &GOODS, Goods::Other),
            is_mit: facts.flag(const { at("is_mit") }),
            is_locked_out: outcome == LOCKED,
            is_login_failed: (!outcome.is_nan()).then_some(outcome != SUCCESS),
            is_refund_elsewhere: facts.number(const { at("to_instrument") }) == ELSEWHERE,
            base_minor: facts.number(const { at("base_minor") }),
            usd_minor: facts.number(const { at("usd_minor") }),
            benefit_minor: facts.number(const { at("benefit_minor") }),
            balance_minor: facts.number(const { at("account.balance_minor") }),
            payee_first_seen_ms: facts.number(const { at("beneficiary_first_seen_ms") }),
            identity_attempts_24h: facts.number(const { at("account_identity_attempt_count_24h") }),
            is_minor: facts.flag(const { at("account_may_be_minor") }),
            merchant_country: facts.number(const { at("merchant.country") }),
            card: Card::read(facts),
            device: Device::read(facts),
            session: Session::read(facts),
            enrolled: Enrolled::read(facts),
            past: Past::read(facts),
        }
    }
}

impl Card {
    fn read(facts: Facts<'_>) -> Card {
        let status = const { at("three_ds.trans_status") };
        let trust = const { at("three_ds.whitelist_status") };
        Card {
            network: network(facts.number(const { at("card.network") })),
            is_prepaid: facts.number(const { at("card.funding") }) == PREPAID,
            issuer_country: facts.number(const { at("card.issuer_country") }),
            three_ds_status: facts.one_of(status, &STATUSES, ThreeDsStatus::Unknown),
            liability_shift: facts.flag(const { at("three_ds.liability_shift") }),
            name_match: facts.number(const { at("card_name_match") }),
            linked_age_hours: facts.number(const { at("card_linked_age_hours") }),
            is_cvv_mismatch: facts.number(const { at("card_cvv_result") }) == CVV_MISMATCH,
            is_address_proven: facts.number(const { at("card_avs_result") }) == AVS_FULL,
            trust: facts.one_of(trust, &TRUSTS, Trust::Unknown),
            is_protocol_old: is_protocol_old(facts.number(const { at("three_ds.version") })),
            proven_age_days: facts.number(const { at("card_3ds_success_age_days") }),
            low_value_count: facts.number(const { at("card_low_value_count_since_sca") }),
            low_value_eur: facts.number(const { at("card_low_value_sum_since_sca_eur") }),
            is_retry_blocked: facts.flag(const { at("card_retry_blocked") }),
            declined_24h: facts.number(const { at("card_declined_count_24h") }),
            declined_30d: facts.number(const { at("card_declined_count_30d") }),
            declined_same_amount_30d: facts
                .number(const { at("card_declined_same_amount_count_30d") }),
            cvv_fails_1h: facts.number(const { at("card_cvv_fail_count_1h") }),
            three_ds_fails_24h: facts.number(const { at("card_threeds_fail_count_24h") }),
            is_refused_for_fraud: facts.flag(const { at("threeds_reason_fraud_7d") }),
            is_issuer_down: facts.flag(const { at("issuer_outage_flag") }),
            proofs_90d: facts.number(const { at("card_proof_count_90d") }),
        }
    }
}

impl Device {
    fn read(facts: Facts<'_>) -> Device {
        Device {
            is_rooted: facts.flag(const { at("device.is_rooted") }),
            is_hooked: facts.flag(const { at("device.has_hook_framework") }),
            is_cloned_app: facts.flag(const { at("device.is_cloned_app") }),
            is_app_genuine: facts.flag(const { at("device.app_genuine") }),
            is_in_call: facts.flag(const { at("device.call_in_progress") }),
            is_bio_changed: facts.flag(const { at("device.bio_changed") }),
            is_roaming: facts.flag(const { at("device.roaming") }),
            integrity_level: facts.number(const { at("device_integrity_level") }),
            is_emulator: facts.flag(const { at("device_is_emulator") }),
            is_remote_controlled: facts.flag(const { at("device_remote_control") }),
            is_trusted: facts.flag(const { at("device_trusted") }),
            account_age_hours: facts.number(const { at("device_account_age_hours") }),
            bio_enrol_age_hours: facts.number(const { at("bio_enrol_age_hours") }),
            cards_24h: facts.number(const { at("device_distinct_cards_24h") }),
            accounts_7d: facts.number(const { at("device_distinct_accounts_7d") }),
        }
    }
}

impl Session {
    fn read(facts: Facts<'_>) -> Session {
        let referrer = facts.number(const { at("auth_ctx.referrer") });
        let auth = const { at("auth_ctx.session_auth") };
        let line = const { at("account.phone_line_type") };
        Session {
            auth: facts.one_of(auth, &SESSIONS, SessionAuth::Unknown),
            strong_auth_ms: facts.number(const { at("auth_ctx.strong_auth_time_ms") }),
            phone_verified_ms: facts.number(const { at("auth_ctx.phone_verified_ms") }),
            email_changed_ms: facts.number(const { at("auth_ctx.email_changed_ms") }),
            phone_change_age_hours: facts.number(const { at("hours_since_phone_change") }),
            pin_change_age_hours: facts.number(const { at("hours_since_pin_change") }),
            is_link_referred: (!referrer.is_nan()).then(|| LINKS.contains(&referrer)),
            line: facts.one_of(line, &LINES, Line::Unknown),
            sim_change_age_hours: facts.number(const { at("sim_change_age_hours") }),
            password_change_age_hours: facts.number(const { at("hours_since_password_change") }),
            factor_change_age_hours: facts.number(const { at("hours_since_factor_change") }),
            otp_fails_1h: facts.number(const { at("account_otp_fail_count_1h") }),
            pin_fails_1h: facts.number(const { at("account_pin_fail_count_1h") }),
            codes_sent_1h: facts.number(const { at("phone_otp_send_count_1h") }),
            codes_sent_24h: facts.number(const { at("phone_otp_send_count_24h") }),
            phone_accounts_30d: facts.number(const { at("phone_distinct_accounts_30d") }),
            is_prefix_pumped: facts.flag(const { at("phone_prefix_pumping") }),
            pushes_unanswered_15m: facts.number(const { at("account_push_unanswered_15m") }),
            is_push_answered_here: facts.flag(const { at("push_answered_here") }),
            failed_factors_30m: facts.number(const { at("challenge_failed_factors_30m") }),
            proof: Proof::read(facts),
        }
    }
}

impl Proof {
    fn read(facts: Facts<'_>) -> Proof {
        Proof {
            strong_min: facts.number(const { at("strong_proof_min") }),
            strong_base_minor: facts.number(const { at("strong_proof_fen") }),
            code_min: facts.number(const { at("code_proof_min") }),
            identity_min: 60.0 * facts.number(const { at("hours_since_identity_proof") }),
        }
    }
}

impl Enrolled {
    fn read(facts: Facts<'_>) -> Enrolled {
        Enrolled {
            passkey_ms: facts.number(const { at("factors.passkey.enrolled_ms") }),
            passkey_added_hours: facts.number(const { at("passkey_added_hours") }),
            is_passkey_vouched: facts.flag(const { at("passkey_added_vouched") }),
            biometric_ms: facts.number(const { at("factors.device_biometric.enrolled_ms") }),
            push_ms: facts.number(const { at("factors.push_number_match.enrolled_ms") }),
            push_used_ms: facts.number(const { at("factors.push_number_match.last_used_ms") }),
            totp_ms: facts.number(const { at("factors.totp.enrolled_ms") }),
            is_totp_verified: facts.flag(const { at("factors.totp.verified") }),
            pin_ms: facts.number(const { at("factors.payment_pin.enrolled_ms") }),
        }
    }
}

impl Past {
    fn read(facts: Facts<'_>) -> Past {
        Past {
            account_age_hours: facts.number(const { at("account_age_hours") }),
            hours_since_arrival: facts.number(const { at("hours_since_arrival") }),
            link_attempts_24h: facts.number(const { at("account_link_attempt_count_24h") }),
            attempts_24h: facts.number(const { at("account_attempt_count_24h") }),
            attempts_30d: facts.number(const { at("account_attempt_count_30d") }),
            approved_90d: facts.number(const { at("account_approved_count_90d") }),
            bin_zscore_5m: facts.number(const { at("bin_attempt_zscore_5m") }),
            amount_zscore_90d: facts.number(const { at("account_amount_zscore_90d") }),
            is_ip_at_place: facts.flag(const { at("ip_gps_country_match") }),
            speed_kmh: facts.number(const { at("geo_speed_kmh") }),
            speed_confidence: facts.number(const { at("geo_speed_confidence") }),
            merchant_fraud_rate_30d: facts.number(const { at("merchant_fraud_rate_30d") }),
            linked_fraud_90d: facts.number(const { at("component_fraud_count_90d") }),
        }
    }
}

/// The numbers given for [`FACTS`], with their three readings.
#[derive(Clone, Copy)]
struct Facts<'a>(&'a [f64]);

impl Facts<'_> {
    fn number(self, at: usize) -> f64 {
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }

    fn flag(self, at: usize) -> Option<bool> {
        let value = self.number(at);
        if value.is_nan() { None } else { Some(value != 0.0) }
    }

    fn one_of<T: Copy>(self, at: usize, codes: &[(f64, T)], unknown: T) -> T {
        let value = self.number(at);
        codes.iter().find(|(code, _)| *code == value).map_or(unknown, |(_, meaning)| *meaning)
    }
}

/// The place of a fact, found while compiling.
const fn at(name: &str) -> usize {
    let mut place = 0;
    while place < FACTS.len() {
        if is_same(FACTS[place], name) {
            return place;
        }
        place += 1;
    }
    panic!("no such fact")
}

#[cfg(test)]
mod tests {
    use features::event::hash_text;
    use features::expr::key_number;
    use features::field::{self, EventType};

    use super::super::words::code;
    use super::*;

    #[test]
    fn every_fact_is_an_event_field_or_a_built_in_feature() {
        let known = features::catalog::TEXT;
        for name in FACTS {
            let short = name.rsplit_once('_').map_or(*name, |(stem, _)| stem);
            let is_feature = known.contains(&format!("feature {name} "))
                || known.contains(&format!("feature {short}_{{"));
            assert!(field::find(name).is_some() || is_feature, "{name} is nowhere defined");
        }
    }

    #[test]
    fn every_fact_is_named_once() {
        for (place, name) in FACTS.iter().enumerate() {
            assert_eq!(at(name), place, "{name}");
        }
    }

    #[test]
    fn facts_that_must_not_decide_are_not_read() {
        for banned in ["nationality", "language", "vpn", "wifi", "doc_country", "patch", "os_"] {
            assert!(FACTS.iter().all(|name| !name.contains(banned)), "{banned}");
        }
    }

    #[test]
    fn what_is_not_given_is_unknown() {
        let situation = Situation::unknown();
        assert_eq!(situation.event, None);
        assert!(situation.usd_minor.is_nan() && situation.past.speed_kmh.is_nan());
        assert_eq!(situation.device.is_emulator, None);
        assert_eq!(situation.funding, Funding::Unknown);
        assert_eq!((situation.card.network, situation.card.is_protocol_old), (None, false));
        assert!(!situation.is_card_funded() && !situation.is_outflow());
    }

    #[test]
    fn values_arrive_where_their_names_say() {
        let mut values = vec![f64::NAN; FACTS.len()];
        let mut set = |name: &str, value: f64| values[at(name)] = value;
        set("event_type", EventType::Payment as u8 as f64);
        set("event_time_ms", 7_200_000.0);
        set("kind", code("kind", "transit"));
        set("funding", code("funding", "intl_card"));
        set("card.network", code("card.network", "visa"));
        set("three_ds.trans_status", code("three_ds.trans_status", "R"));
        set("three_ds.version", key_number(hash_text("2.1.0")));
        set("three_ds.whitelist_status", code("three_ds.whitelist_status", "Y"));
        set("device_is_emulator", 0.0);
        set("device_trusted", 1.0);
        set("auth_ctx.referrer", code("auth_ctx.referrer", "message_link"));
        set("component_fraud_count_90d", 2.0);
        let situation = Situation::read(&values);
        assert_eq!(situation.event, Some(EventType::Payment));
        assert_eq!(situation.kind, PaymentKind::Transit);
        assert!(situation.is_card_funded());
        assert_eq!(situation.card.network, Some("visa"));
        assert!(situation.card.is_protocol_old && situation.card.trust == Trust::Listed);
        assert_eq!(situation.card.three_ds_status, ThreeDsStatus::Refused);
        assert_eq!(situation.device.is_emulator, Some(false));
        assert_eq!(situation.device.is_trusted, Some(true));
        assert_eq!(situation.session.is_link_referred, Some(true));
        assert_eq!(situation.past.linked_fraud_90d, 2.0);
        assert_eq!(situation.hours_since(3_600_000.0), 1.0);
    }

    #[test]
    fn numbers_that_are_no_index_are_no_event_type() {
        for wrong in [-1.0, 28.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(event_type(wrong), None, "{wrong}");
        }
    }
}
