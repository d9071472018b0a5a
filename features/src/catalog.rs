//! The built-in facts: one text, by group, in the language that analysts write.
//!
//! There is no second form of a definition: what `gyr features` prints, what the service computes
//! and what an analyst may copy into a policy is `catalog/*.policy`, checked when first used.

use std::sync::LazyLock;

use crate::language::define::{Definitions, Origin};
use crate::language::parse;

/// The text of the catalogue.
pub const TEXT: &str = concat!(
    include_str!("catalog/predicates.policy"),
    include_str!("catalog/velocity.policy"),
    include_str!("catalog/amount.policy"),
    include_str!("catalog/diversity.policy"),
    include_str!("catalog/geography.policy"),
    include_str!("catalog/device.policy"),
    include_str!("catalog/network.policy"),
    include_str!("catalog/card.policy"),
    include_str!("catalog/wallet.policy"),
    include_str!("catalog/authentication.policy"),
    include_str!("catalog/merchant.policy"),
    include_str!("catalog/currency.policy"),
    include_str!("catalog/time.policy"),
    include_str!("catalog/graph.policy"),
);

/// What a wallet cannot do without from its first day; what the bundled model knows.
pub const DAY_ONE: [&str; 72] = [
    "card_attempt_count_1h",
    "card_attempt_count_24h",
    "card_link_attempt_count_24h",
    "account_attempt_count_5m",
    "account_attempt_count_1h",
    "account_attempt_count_24h",
    "account_approved_amount_24h",
    "account_approved_amount_30d",
    "account_link_attempt_count_1h",
    "account_link_attempt_count_24h",
    "account_login_fail_count_1h",
    "device_link_attempt_count_1h",
    "device_link_attempt_count_24h",
    "ip_login_fail_count_5m",
    "bin_link_attempt_count_5m",
    "bin_link_attempt_count_1h",
    "bin_decline_ratio_1h",
    "bin_attempt_zscore_5m",
    "merchant_attempt_count_1h",
    "amount_log",
    "account_amount_zscore_90d",
    "account_amount_ratio_max_90d",
    "mcc_amount_zscore_30d",
    "account_micro_then_large_24h",
    "limit_headroom_ratio",
    "device_distinct_cards_24h",
    "device_distinct_accounts_7d",
    "account_distinct_cards_7d",
    "card_distinct_accounts_30d",
    "account_distinct_devices_7d",
    "ip_gps_country_match",
    "ip_issuer_country_match",
    "gps_issuer_country_match",
    "sim_gps_consistency",
    "geo_speed_kmh",
    "geo_speed_confidence",
    "traveler_state",
    "hours_since_arrival",
    "device_gps_merchant_distance_km",
    "device_age_hours",
    "device_account_age_hours",
    "device_trusted",
    "device_integrity_level",
    "device_is_emulator",
    "device_remote_control",
    "app_version_lag_days",
    "device_tz_gps_mismatch_min",
    "sim_change_age_hours",
    "bio_enrol_age_hours",
    "ip_is_vpn",
    "ip_is_tor",
    "ip_usage_type",
    "card_network",
    "card_funding",
    "card_linked_age_hours",
    "card_name_match",
    "card_cvv_result",
    "bin_fraud_rate_90d",
    "pass_drain_ratio_1h",
    "pass_through_ratio_24h",
    "hours_since_password_change",
    "hours_since_factor_change",
    "account_otp_fail_count_24h",
    "card_decline_fraud_suspected_count_7d",
    "retry_after_issuer_decline",
    "merchant_fraud_rate_30d",
    "merchant_burst_ratio_1h",
    "account_age_hours",
    "link_to_payment_min",
    "hour_local_sin",
    "hour_local_cos",
    "component_fraud_count_90d",
];

/// The catalogue, resolved: what a policy starts from.
///
/// # Panics
/// On first use, when the text built into this binary has a fault; a test reads it.
pub fn definitions() -> Definitions {
    static CATALOG: LazyLock<Definitions> = LazyLock::new(|| {
        let (policy, mut faults) = parse(TEXT);
        let mut definitions = Definitions::default();
        faults.extend(definitions.add(&policy, Origin::Builtin));
        let report = crate::diagnostic::render("catalog", TEXT, &faults);
        assert!(faults.is_empty(), "the built-in catalogue has faults:\n{report}");
        definitions
    });
    CATALOG.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_all_day_one_facts() {
        let definitions = definitions();
        for name in DAY_ONE {
            let found = definitions.features().iter().any(|feature| feature.name == name);
            assert!(found, "{name} is missing");
        }
    }

    #[test]
    fn every_feature_says_what_it_is() {
        for feature in definitions().features() {
            assert!(!feature.title.is_empty(), "{} has no title", feature.name);
            assert!(!feature.unit.is_empty(), "{} has no unit", feature.name);
            assert!(!feature.missing.is_empty(), "{} hides what is missing", feature.name);
            assert!(feature.is_builtin);
        }
    }
}
