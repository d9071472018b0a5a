//! The numbers of the fields, for code that names them: the path in capitals, dots as underscores.
//!
//! The numbers are computed from the table by the compiler, so a constant cannot name a field that
//! is not there. Fields of enrolled factors are found by path instead, because code walks over
//! the factors.

use super::FieldId;
use super::table::id;

/// `schema_version`
pub const SCHEMA_VERSION: FieldId = id("schema_version");
/// `event_id`
pub const EVENT_ID: FieldId = id("event_id");
/// `event_type`
pub const EVENT_TYPE: FieldId = id("event_type");
/// `tenant_id`
pub const TENANT_ID: FieldId = id("tenant_id");
/// `account_id`
pub const ACCOUNT_ID: FieldId = id("account_id");
/// `event_time_ms`
pub const EVENT_TIME_MS: FieldId = id("event_time_ms");
/// `received_time_ms`
pub const RECEIVED_TIME_MS: FieldId = id("received_time_ms");
/// `seq`
pub const SEQ: FieldId = id("seq");
/// `session_id`
pub const SESSION_ID: FieldId = id("session_id");
/// `channel`
pub const CHANNEL: FieldId = id("channel");
/// `score_requested`
pub const SCORE_REQUESTED: FieldId = id("score_requested");
/// `correlation_id`
pub const CORRELATION_ID: FieldId = id("correlation_id");
/// `test_flag`
pub const TEST_FLAG: FieldId = id("test_flag");
/// `device.device_id`
pub const DEVICE_DEVICE_ID: FieldId = id("device.device_id");
/// `device.hw_id_hash`
pub const DEVICE_HW_ID_HASH: FieldId = id("device.hw_id_hash");
/// `device.fp_hash`
pub const DEVICE_FP_HASH: FieldId = id("device.fp_hash");
/// `device.os`
pub const DEVICE_OS: FieldId = id("device.os");
/// `device.os_version`
pub const DEVICE_OS_VERSION: FieldId = id("device.os_version");
/// `device.os_patch_date`
pub const DEVICE_OS_PATCH_DATE: FieldId = id("device.os_patch_date");
/// `device.model`
pub const DEVICE_MODEL: FieldId = id("device.model");
/// `device.app_version`
pub const DEVICE_APP_VERSION: FieldId = id("device.app_version");
/// `device.app_build`
pub const DEVICE_APP_BUILD: FieldId = id("device.app_build");
/// `device.install_age_s`
pub const DEVICE_INSTALL_AGE_S: FieldId = id("device.install_age_s");
/// `device.integrity`
pub const DEVICE_INTEGRITY: FieldId = id("device.integrity");
/// `device.app_genuine`
pub const DEVICE_APP_GENUINE: FieldId = id("device.app_genuine");
/// `device.is_rooted`
pub const DEVICE_IS_ROOTED: FieldId = id("device.is_rooted");
/// `device.is_emulator`
pub const DEVICE_IS_EMULATOR: FieldId = id("device.is_emulator");
/// `device.is_cloned_app`
pub const DEVICE_IS_CLONED_APP: FieldId = id("device.is_cloned_app");
/// `device.has_hook_framework`
pub const DEVICE_HAS_HOOK_FRAMEWORK: FieldId = id("device.has_hook_framework");
/// `device.accessibility_overlay`
pub const DEVICE_ACCESSIBILITY_OVERLAY: FieldId = id("device.accessibility_overlay");
/// `device.screen_shared`
pub const DEVICE_SCREEN_SHARED: FieldId = id("device.screen_shared");
/// `device.remote_control_app`
pub const DEVICE_REMOTE_CONTROL_APP: FieldId = id("device.remote_control_app");
/// `device.call_in_progress`
pub const DEVICE_CALL_IN_PROGRESS: FieldId = id("device.call_in_progress");
/// `device.dev_mode`
pub const DEVICE_DEV_MODE: FieldId = id("device.dev_mode");
/// `device.mock_location`
pub const DEVICE_MOCK_LOCATION: FieldId = id("device.mock_location");
/// `device.attest_recent_count`
pub const DEVICE_ATTEST_RECENT_COUNT: FieldId = id("device.attest_recent_count");
/// `device.language`
pub const DEVICE_LANGUAGE: FieldId = id("device.language");
/// `device.tz_offset_min`
pub const DEVICE_TZ_OFFSET_MIN: FieldId = id("device.tz_offset_min");
/// `device.screen_w`
pub const DEVICE_SCREEN_W: FieldId = id("device.screen_w");
/// `device.screen_h`
pub const DEVICE_SCREEN_H: FieldId = id("device.screen_h");
/// `device.boot_age_s`
pub const DEVICE_BOOT_AGE_S: FieldId = id("device.boot_age_s");
/// `device.sensor_static`
pub const DEVICE_SENSOR_STATIC: FieldId = id("device.sensor_static");
/// `device.bio_enrolled_ms`
pub const DEVICE_BIO_ENROLLED_MS: FieldId = id("device.bio_enrolled_ms");
/// `device.bio_changed`
pub const DEVICE_BIO_CHANGED: FieldId = id("device.bio_changed");
/// `device.sim_count`
pub const DEVICE_SIM_COUNT: FieldId = id("device.sim_count");
/// `device.sim_mcc_mnc`
pub const DEVICE_SIM_MCC_MNC: FieldId = id("device.sim_mcc_mnc");
/// `device.sim_country`
pub const DEVICE_SIM_COUNTRY: FieldId = id("device.sim_country");
/// `device.roaming`
pub const DEVICE_ROAMING: FieldId = id("device.roaming");
/// `network.ip`
pub const NETWORK_IP: FieldId = id("network.ip");
/// `network.ip_country`
pub const NETWORK_IP_COUNTRY: FieldId = id("network.ip_country");
/// `network.ip_lat`
pub const NETWORK_IP_LAT: FieldId = id("network.ip_lat");
/// `network.ip_lon`
pub const NETWORK_IP_LON: FieldId = id("network.ip_lon");
/// `network.ip_accuracy_km`
pub const NETWORK_IP_ACCURACY_KM: FieldId = id("network.ip_accuracy_km");
/// `network.asn`
pub const NETWORK_ASN: FieldId = id("network.asn");
/// `network.ip_usage`
pub const NETWORK_IP_USAGE: FieldId = id("network.ip_usage");
/// `network.is_vpn`
pub const NETWORK_IS_VPN: FieldId = id("network.is_vpn");
/// `network.is_proxy`
pub const NETWORK_IS_PROXY: FieldId = id("network.is_proxy");
/// `network.is_residential_proxy`
pub const NETWORK_IS_RESIDENTIAL_PROXY: FieldId = id("network.is_residential_proxy");
/// `network.is_tor`
pub const NETWORK_IS_TOR: FieldId = id("network.is_tor");
/// `network.conn_type`
pub const NETWORK_CONN_TYPE: FieldId = id("network.conn_type");
/// `network.wifi_public`
pub const NETWORK_WIFI_PUBLIC: FieldId = id("network.wifi_public");
/// `network.bssid_hash`
pub const NETWORK_BSSID_HASH: FieldId = id("network.bssid_hash");
/// `network.tls_fp`
pub const NETWORK_TLS_FP: FieldId = id("network.tls_fp");
/// `geo.lat`
pub const GEO_LAT: FieldId = id("geo.lat");
/// `geo.lon`
pub const GEO_LON: FieldId = id("geo.lon");
/// `geo.accuracy_m`
pub const GEO_ACCURACY_M: FieldId = id("geo.accuracy_m");
/// `geo.source`
pub const GEO_SOURCE: FieldId = id("geo.source");
/// `geo.fix_age_s`
pub const GEO_FIX_AGE_S: FieldId = id("geo.fix_age_s");
/// `card.card_token`
pub const CARD_CARD_TOKEN: FieldId = id("card.card_token");
/// `card.bin8`
pub const CARD_BIN8: FieldId = id("card.bin8");
/// `card.bin6`
pub const CARD_BIN6: FieldId = id("card.bin6");
/// `card.last4`
pub const CARD_LAST4: FieldId = id("card.last4");
/// `card.network`
pub const CARD_NETWORK: FieldId = id("card.network");
/// `card.funding`
pub const CARD_FUNDING: FieldId = id("card.funding");
/// `card.product_level`
pub const CARD_PRODUCT_LEVEL: FieldId = id("card.product_level");
/// `card.issuer_country`
pub const CARD_ISSUER_COUNTRY: FieldId = id("card.issuer_country");
/// `card.issuer_id`
pub const CARD_ISSUER_ID: FieldId = id("card.issuer_id");
/// `card.billing_currency`
pub const CARD_BILLING_CURRENCY: FieldId = id("card.billing_currency");
/// `card.is_virtual`
pub const CARD_IS_VIRTUAL: FieldId = id("card.is_virtual");
/// `card.is_single_use`
pub const CARD_IS_SINGLE_USE: FieldId = id("card.is_single_use");
/// `card.expiry_ym`
pub const CARD_EXPIRY_YM: FieldId = id("card.expiry_ym");
/// `card.name_match`
pub const CARD_NAME_MATCH: FieldId = id("card.name_match");
/// `card.network_token`
pub const CARD_NETWORK_TOKEN: FieldId = id("card.network_token");
/// `card.par_hash`
pub const CARD_PAR_HASH: FieldId = id("card.par_hash");
/// `card.linked_time_ms`
pub const CARD_LINKED_TIME_MS: FieldId = id("card.linked_time_ms");
/// `auth_ctx.session_auth`
pub const AUTH_CTX_SESSION_AUTH: FieldId = id("auth_ctx.session_auth");
/// `auth_ctx.session_auth_time_ms`
pub const AUTH_CTX_SESSION_AUTH_TIME_MS: FieldId = id("auth_ctx.session_auth_time_ms");
/// `auth_ctx.strong_auth_time_ms`
pub const AUTH_CTX_STRONG_AUTH_TIME_MS: FieldId = id("auth_ctx.strong_auth_time_ms");
/// `auth_ctx.device_trusted_since_ms`
pub const AUTH_CTX_DEVICE_TRUSTED_SINCE_MS: FieldId = id("auth_ctx.device_trusted_since_ms");
/// `auth_ctx.phone_verified_ms`
pub const AUTH_CTX_PHONE_VERIFIED_MS: FieldId = id("auth_ctx.phone_verified_ms");
/// `auth_ctx.phone_changed_ms`
pub const AUTH_CTX_PHONE_CHANGED_MS: FieldId = id("auth_ctx.phone_changed_ms");
/// `auth_ctx.email_changed_ms`
pub const AUTH_CTX_EMAIL_CHANGED_MS: FieldId = id("auth_ctx.email_changed_ms");
/// `auth_ctx.password_changed_ms`
pub const AUTH_CTX_PASSWORD_CHANGED_MS: FieldId = id("auth_ctx.password_changed_ms");
/// `auth_ctx.pin_changed_ms`
pub const AUTH_CTX_PIN_CHANGED_MS: FieldId = id("auth_ctx.pin_changed_ms");
/// `auth_ctx.sim_changed_ms`
pub const AUTH_CTX_SIM_CHANGED_MS: FieldId = id("auth_ctx.sim_changed_ms");
/// `auth_ctx.breached_password`
pub const AUTH_CTX_BREACHED_PASSWORD: FieldId = id("auth_ctx.breached_password");
/// `auth_ctx.referrer`
pub const AUTH_CTX_REFERRER: FieldId = id("auth_ctx.referrer");
/// `account.created_ms`
pub const ACCOUNT_CREATED_MS: FieldId = id("account.created_ms");
/// `account.kyc_level`
pub const ACCOUNT_KYC_LEVEL: FieldId = id("account.kyc_level");
/// `account.nationality`
pub const ACCOUNT_NATIONALITY: FieldId = id("account.nationality");
/// `account.residence_country`
pub const ACCOUNT_RESIDENCE_COUNTRY: FieldId = id("account.residence_country");
/// `account.phone_country`
pub const ACCOUNT_PHONE_COUNTRY: FieldId = id("account.phone_country");
/// `account.phone_line_type`
pub const ACCOUNT_PHONE_LINE_TYPE: FieldId = id("account.phone_line_type");
/// `account.email_domain`
pub const ACCOUNT_EMAIL_DOMAIN: FieldId = id("account.email_domain");
/// `account.status`
pub const ACCOUNT_STATUS: FieldId = id("account.status");
/// `account.limit_profile`
pub const ACCOUNT_LIMIT_PROFILE: FieldId = id("account.limit_profile");
/// `account.ytd_spend_usd_minor`
pub const ACCOUNT_YTD_SPEND_USD_MINOR: FieldId = id("account.ytd_spend_usd_minor");
/// `account.balance_minor`
pub const ACCOUNT_BALANCE_MINOR: FieldId = id("account.balance_minor");
/// `merchant.merchant_id`
pub const MERCHANT_MERCHANT_ID: FieldId = id("merchant.merchant_id");
/// `merchant.mcc`
pub const MERCHANT_MCC: FieldId = id("merchant.mcc");
/// `merchant.country`
pub const MERCHANT_COUNTRY: FieldId = id("merchant.country");
/// `merchant.city_geohash5`
pub const MERCHANT_CITY_GEOHASH5: FieldId = id("merchant.city_geohash5");
/// `merchant.lat`
pub const MERCHANT_LAT: FieldId = id("merchant.lat");
/// `merchant.lon`
pub const MERCHANT_LON: FieldId = id("merchant.lon");
/// `merchant.onboarded_ms`
pub const MERCHANT_ONBOARDED_MS: FieldId = id("merchant.onboarded_ms");
/// `merchant.qr_id`
pub const MERCHANT_QR_ID: FieldId = id("merchant.qr_id");
/// `merchant.terminal_id`
pub const MERCHANT_TERMINAL_ID: FieldId = id("merchant.terminal_id");
/// `merchant.size_tier`
pub const MERCHANT_SIZE_TIER: FieldId = id("merchant.size_tier");
/// `merchant.settlement`
pub const MERCHANT_SETTLEMENT: FieldId = id("merchant.settlement");
/// `merchant.personal_qr`
pub const MERCHANT_PERSONAL_QR: FieldId = id("merchant.personal_qr");
/// `three_ds.version`
pub const THREE_DS_VERSION: FieldId = id("three_ds.version");
/// `three_ds.requested_ind`
pub const THREE_DS_REQUESTED_IND: FieldId = id("three_ds.requested_ind");
/// `three_ds.trans_status`
pub const THREE_DS_TRANS_STATUS: FieldId = id("three_ds.trans_status");
/// `three_ds.trans_status_reason`
pub const THREE_DS_TRANS_STATUS_REASON: FieldId = id("three_ds.trans_status_reason");
/// `three_ds.eci`
pub const THREE_DS_ECI: FieldId = id("three_ds.eci");
/// `three_ds.liability_shift`
pub const THREE_DS_LIABILITY_SHIFT: FieldId = id("three_ds.liability_shift");
/// `three_ds.exemption`
pub const THREE_DS_EXEMPTION: FieldId = id("three_ds.exemption");
/// `three_ds.whitelist_status`
pub const THREE_DS_WHITELIST_STATUS: FieldId = id("three_ds.whitelist_status");
/// `fx.rate_e9`
pub const FX_RATE_E9: FieldId = id("fx.rate_e9");
/// `fx.rate_ts_ms`
pub const FX_RATE_TS_MS: FieldId = id("fx.rate_ts_ms");
/// `fx.rate_source`
pub const FX_RATE_SOURCE: FieldId = id("fx.rate_source");
/// `phone_hash`
pub const PHONE_HASH: FieldId = id("phone_hash");
/// `email_hash`
pub const EMAIL_HASH: FieldId = id("email_hash");
/// `email_canon_hash`
pub const EMAIL_CANON_HASH: FieldId = id("email_canon_hash");
/// `amount_minor`
pub const AMOUNT_MINOR: FieldId = id("amount_minor");
/// `currency`
pub const CURRENCY: FieldId = id("currency");
/// `base_minor`
pub const BASE_MINOR: FieldId = id("base_minor");
/// `usd_minor`
pub const USD_MINOR: FieldId = id("usd_minor");
/// `fee_minor`
pub const FEE_MINOR: FieldId = id("fee_minor");
/// `funding`
pub const FUNDING: FieldId = id("funding");
/// `referral_code`
pub const REFERRAL_CODE: FieldId = id("referral_code");
/// `consent_ms`
pub const CONSENT_MS: FieldId = id("consent_ms");
/// `form_fill_ms`
pub const FORM_FILL_MS: FieldId = id("form_fill_ms");
/// `outcome`
pub const OUTCOME: FieldId = id("outcome");
/// `method`
pub const METHOD: FieldId = id("method");
/// `login_name_hash`
pub const LOGIN_NAME_HASH: FieldId = id("login_name_hash");
/// `failure_streak`
pub const FAILURE_STREAK: FieldId = id("failure_streak");
/// `otp_entry_ip`
pub const OTP_ENTRY_IP: FieldId = id("otp_entry_ip");
/// `relay_latency_ms`
pub const RELAY_LATENCY_MS: FieldId = id("relay_latency_ms");
/// `doc_type`
pub const DOC_TYPE: FieldId = id("doc_type");
/// `doc_country`
pub const DOC_COUNTRY: FieldId = id("doc_country");
/// `doc_hash`
pub const DOC_HASH: FieldId = id("doc_hash");
/// `doc_expiry_ym`
pub const DOC_EXPIRY_YM: FieldId = id("doc_expiry_ym");
/// `nfc_chip`
pub const NFC_CHIP: FieldId = id("nfc_chip");
/// `mrz_ok`
pub const MRZ_OK: FieldId = id("mrz_ok");
/// `liveness_score`
pub const LIVENESS_SCORE: FieldId = id("liveness_score");
/// `face_match_score`
pub const FACE_MATCH_SCORE: FieldId = id("face_match_score");
/// `result`
pub const RESULT: FieldId = id("result");
/// `attempt_no`
pub const ATTEMPT_NO: FieldId = id("attempt_no");
/// `name_hash`
pub const NAME_HASH: FieldId = id("name_hash");
/// `birth_year`
pub const BIRTH_YEAR: FieldId = id("birth_year");
/// `field`
pub const FIELD: FieldId = id("field");
/// `factor`
pub const FACTOR: FieldId = id("factor");
/// `old_value_hash`
pub const OLD_VALUE_HASH: FieldId = id("old_value_hash");
/// `new_value_hash`
pub const NEW_VALUE_HASH: FieldId = id("new_value_hash");
/// `new_limit_minor`
pub const NEW_LIMIT_MINOR: FieldId = id("new_limit_minor");
/// `initiated_by`
pub const INITIATED_BY: FieldId = id("initiated_by");
/// `auth_used`
pub const AUTH_USED: FieldId = id("auth_used");
/// `pan_entry`
pub const PAN_ENTRY: FieldId = id("pan_entry");
/// `pan_entry_ms`
pub const PAN_ENTRY_MS: FieldId = id("pan_entry_ms");
/// `pan_paste`
pub const PAN_PASTE: FieldId = id("pan_paste");
/// `cvv_provided`
pub const CVV_PROVIDED: FieldId = id("cvv_provided");
/// `cardholder_name_hash`
pub const CARDHOLDER_NAME_HASH: FieldId = id("cardholder_name_hash");
/// `avs_country`
pub const AVS_COUNTRY: FieldId = id("avs_country");
/// `avs_postcode_present`
pub const AVS_POSTCODE_PRESENT: FieldId = id("avs_postcode_present");
/// `verify_method`
pub const VERIFY_METHOD: FieldId = id("verify_method");
/// `attempt_no_session`
pub const ATTEMPT_NO_SESSION: FieldId = id("attempt_no_session");
/// `payment_id`
pub const PAYMENT_ID: FieldId = id("payment_id");
/// `kind`
pub const KIND: FieldId = id("kind");
/// `card_amount_minor`
pub const CARD_AMOUNT_MINOR: FieldId = id("card_amount_minor");
/// `card_currency`
pub const CARD_CURRENCY: FieldId = id("card_currency");
/// `dcc`
pub const DCC: FieldId = id("dcc");
/// `promo_discount_minor`
pub const PROMO_DISCOUNT_MINOR: FieldId = id("promo_discount_minor");
/// `goods`
pub const GOODS: FieldId = id("goods");
/// `delivery_country`
pub const DELIVERY_COUNTRY: FieldId = id("delivery_country");
/// `is_mit`
pub const IS_MIT: FieldId = id("is_mit");
/// `mandate_id`
pub const MANDATE_ID: FieldId = id("mandate_id");
/// `bill_payee_hash`
pub const BILL_PAYEE_HASH: FieldId = id("bill_payee_hash");
/// `bill_is_own_name`
pub const BILL_IS_OWN_NAME: FieldId = id("bill_is_own_name");
/// `travel_departure_ms`
pub const TRAVEL_DEPARTURE_MS: FieldId = id("travel_departure_ms");
/// `travel_pax`
pub const TRAVEL_PAX: FieldId = id("travel_pax");
/// `travel_pax_name_match`
pub const TRAVEL_PAX_NAME_MATCH: FieldId = id("travel_pax_name_match");
/// `travel_refundable`
pub const TRAVEL_REFUNDABLE: FieldId = id("travel_refundable");
/// `origin_iata`
pub const ORIGIN_IATA: FieldId = id("origin_iata");
/// `dest_iata`
pub const DEST_IATA: FieldId = id("dest_iata");
/// `code_age_ms`
pub const CODE_AGE_MS: FieldId = id("code_age_ms");
/// `topup_id`
pub const TOPUP_ID: FieldId = id("topup_id");
/// `pass_id`
pub const PASS_ID: FieldId = id("pass_id");
/// `pass_opened_ms`
pub const PASS_OPENED_MS: FieldId = id("pass_opened_ms");
/// `pass_balance_before_minor`
pub const PASS_BALANCE_BEFORE_MINOR: FieldId = id("pass_balance_before_minor");
/// `pass_expiry_ms`
pub const PASS_EXPIRY_MS: FieldId = id("pass_expiry_ms");
/// `close_reason`
pub const CLOSE_REASON: FieldId = id("close_reason");
/// `intermediary_id`
pub const INTERMEDIARY_ID: FieldId = id("intermediary_id");
/// `intermediary_licence`
pub const INTERMEDIARY_LICENCE: FieldId = id("intermediary_licence");
/// `paid_minor`
pub const PAID_MINOR: FieldId = id("paid_minor");
/// `paid_currency`
pub const PAID_CURRENCY: FieldId = id("paid_currency");
/// `payer_ref_hash`
pub const PAYER_REF_HASH: FieldId = id("payer_ref_hash");
/// `payer_is_account_holder`
pub const PAYER_IS_ACCOUNT_HOLDER: FieldId = id("payer_is_account_holder");
/// `payer_instrument`
pub const PAYER_INSTRUMENT: FieldId = id("payer_instrument");
/// `payer_country`
pub const PAYER_COUNTRY: FieldId = id("payer_country");
/// `transfer_id`
pub const TRANSFER_ID: FieldId = id("transfer_id");
/// `beneficiary_id`
pub const BENEFICIARY_ID: FieldId = id("beneficiary_id");
/// `beneficiary_kind`
pub const BENEFICIARY_KIND: FieldId = id("beneficiary_kind");
/// `beneficiary_first_seen_ms`
pub const BENEFICIARY_FIRST_SEEN_MS: FieldId = id("beneficiary_first_seen_ms");
/// `memo_class`
pub const MEMO_CLASS: FieldId = id("memo_class");
/// `scheduled`
pub const SCHEDULED: FieldId = id("scheduled");
/// `envelope_id`
pub const ENVELOPE_ID: FieldId = id("envelope_id");
/// `shares`
pub const SHARES: FieldId = id("shares");
/// `split`
pub const SPLIT: FieldId = id("split");
/// `group_id_hash`
pub const GROUP_ID_HASH: FieldId = id("group_id_hash");
/// `recipient_id`
pub const RECIPIENT_ID: FieldId = id("recipient_id");
/// `latency_ms`
pub const LATENCY_MS: FieldId = id("latency_ms");
/// `withdrawal_id`
pub const WITHDRAWAL_ID: FieldId = id("withdrawal_id");
/// `dest_hash`
pub const DEST_HASH: FieldId = id("dest_hash");
/// `dest_kind`
pub const DEST_KIND: FieldId = id("dest_kind");
/// `dest_country`
pub const DEST_COUNTRY: FieldId = id("dest_country");
/// `dest_name_match`
pub const DEST_NAME_MATCH: FieldId = id("dest_name_match");
/// `dest_added_ms`
pub const DEST_ADDED_MS: FieldId = id("dest_added_ms");
/// `refund_id`
pub const REFUND_ID: FieldId = id("refund_id");
/// `original_payment_id`
pub const ORIGINAL_PAYMENT_ID: FieldId = id("original_payment_id");
/// `original_base_minor`
pub const ORIGINAL_BASE_MINOR: FieldId = id("original_base_minor");
/// `reason`
pub const REASON: FieldId = id("reason");
/// `to_instrument`
pub const TO_INSTRUMENT: FieldId = id("to_instrument");
/// `initiator`
pub const INITIATOR: FieldId = id("initiator");
/// `campaign_id`
pub const CAMPAIGN_ID: FieldId = id("campaign_id");
/// `benefit_minor`
pub const BENEFIT_MINOR: FieldId = id("benefit_minor");
/// `type`
pub const TYPE: FieldId = id("type");
/// `referrer_account_id`
pub const REFERRER_ACCOUNT_ID: FieldId = id("referrer_account_id");
/// `ref_id`
pub const REF_ID: FieldId = id("ref_id");
/// `ref_type`
pub const REF_TYPE: FieldId = id("ref_type");
/// `de39`
pub const DE39: FieldId = id("de39");
/// `decline_class`
pub const DECLINE_CLASS: FieldId = id("decline_class");
/// `mac`
pub const MAC: FieldId = id("mac");
/// `cvv_result`
pub const CVV_RESULT: FieldId = id("cvv_result");
/// `avs_result`
pub const AVS_RESULT: FieldId = id("avs_result");
/// `eci`
pub const ECI: FieldId = id("eci");
/// `auth_amount_minor`
pub const AUTH_AMOUNT_MINOR: FieldId = id("auth_amount_minor");
/// `stand_in`
pub const STAND_IN: FieldId = id("stand_in");
/// `challenge_id`
pub const CHALLENGE_ID: FieldId = id("challenge_id");
/// `vendor`
pub const VENDOR: FieldId = id("vendor");
/// `dest_prefix`
pub const DEST_PREFIX: FieldId = id("dest_prefix");
/// `attempts`
pub const ATTEMPTS: FieldId = id("attempts");
/// `duration_ms`
pub const DURATION_MS: FieldId = id("duration_ms");
/// `trans_status`
pub const TRANS_STATUS: FieldId = id("trans_status");
/// `trans_status_reason`
pub const TRANS_STATUS_REASON: FieldId = id("trans_status_reason");
/// `answer_ip_same`
pub const ANSWER_IP_SAME: FieldId = id("answer_ip_same");
/// `answer_device_same`
pub const ANSWER_DEVICE_SAME: FieldId = id("answer_device_same");
/// `last_sim_change_ms`
pub const LAST_SIM_CHANGE_MS: FieldId = id("last_sim_change_ms");
/// `last_port_ms`
pub const LAST_PORT_MS: FieldId = id("last_port_ms");
/// `last_device_change_ms`
pub const LAST_DEVICE_CHANGE_MS: FieldId = id("last_device_change_ms");
/// `source`
pub const SOURCE: FieldId = id("source");
/// `max_age_h`
pub const MAX_AGE_H: FieldId = id("max_age_h");
/// `label`
pub const LABEL: FieldId = id("label");
/// `typology`
pub const TYPOLOGY: FieldId = id("typology");
/// `known_time_ms`
pub const KNOWN_TIME_MS: FieldId = id("known_time_ms");
/// `loss_minor`
pub const LOSS_MINOR: FieldId = id("loss_minor");
/// `confidence`
pub const CONFIDENCE: FieldId = id("confidence");
/// `supersedes`
pub const SUPERSEDES: FieldId = id("supersedes");
/// `dispute_id`
pub const DISPUTE_ID: FieldId = id("dispute_id");
/// `stage`
pub const STAGE: FieldId = id("stage");
/// `network`
pub const NETWORK: FieldId = id("network");
/// `reason_code`
pub const REASON_CODE: FieldId = id("reason_code");
/// `fraud_category`
pub const FRAUD_CATEGORY: FieldId = id("fraud_category");
/// `verdict`
pub const VERDICT: FieldId = id("verdict");
/// `reviewer_id`
pub const REVIEWER_ID: FieldId = id("reviewer_id");
/// `update`
pub const UPDATE: FieldId = id("update");
/// `merchant_status`
pub const MERCHANT_STATUS: FieldId = id("merchant_status");
/// `list_name`
pub const LIST_NAME: FieldId = id("list_name");
/// `list_action`
pub const LIST_ACTION: FieldId = id("list_action");
/// `list_type`
pub const LIST_TYPE: FieldId = id("list_type");
/// `entry`
pub const ENTRY: FieldId = id("entry");
/// `entry_kind`
pub const ENTRY_KIND: FieldId = id("entry_kind");
/// `entry_scope`
pub const ENTRY_SCOPE: FieldId = id("entry_scope");
/// `entry_reason`
pub const ENTRY_REASON: FieldId = id("entry_reason");
/// `entry_source`
pub const ENTRY_SOURCE: FieldId = id("entry_source");
/// `entry_from_ms`
pub const ENTRY_FROM_MS: FieldId = id("entry_from_ms");
/// `entry_expires_ms`
pub const ENTRY_EXPIRES_MS: FieldId = id("entry_expires_ms");
/// `actor_id`
pub const ACTOR_ID: FieldId = id("actor_id");
/// `health`
pub const HEALTH: FieldId = id("health");
/// `health_until_ms`
pub const HEALTH_UNTIL_MS: FieldId = id("health_until_ms");
/// `card.bin`
pub const CARD_BIN: FieldId = id("card.bin");
/// `card.last4_number`
pub const CARD_LAST4_NUMBER: FieldId = id("card.last4_number");
/// `card.months_left`
pub const CARD_MONTHS_LEFT: FieldId = id("card.months_left");
/// `card.home_currency`
pub const CARD_HOME_CURRENCY: FieldId = id("card.home_currency");
/// `network.ip_prefix`
pub const NETWORK_IP_PREFIX: FieldId = id("network.ip_prefix");
/// `device.language_region`
pub const DEVICE_LANGUAGE_REGION: FieldId = id("device.language_region");
/// `geo.country`
pub const GEO_COUNTRY: FieldId = id("geo.country");
/// `place.country`
pub const PLACE_COUNTRY: FieldId = id("place.country");
/// `place.lat`
pub const PLACE_LAT: FieldId = id("place.lat");
/// `place.lon`
pub const PLACE_LON: FieldId = id("place.lon");
/// `place.accuracy_km`
pub const PLACE_ACCURACY_KM: FieldId = id("place.accuracy_km");
/// `place.geohash4`
pub const PLACE_GEOHASH4: FieldId = id("place.geohash4");
/// `place.geohash5`
pub const PLACE_GEOHASH5: FieldId = id("place.geohash5");
/// `place.confidence`
pub const PLACE_CONFIDENCE: FieldId = id("place.confidence");
/// `local.hour`
pub const LOCAL_HOUR: FieldId = id("local.hour");
/// `local.weekday`
pub const LOCAL_WEEKDAY: FieldId = id("local.weekday");
/// `local.date`
pub const LOCAL_DATE: FieldId = id("local.date");
/// `utc.hour`
pub const UTC_HOUR: FieldId = id("utc.hour");
/// `utc.weekday`
pub const UTC_WEEKDAY: FieldId = id("utc.weekday");
/// `utc.date`
pub const UTC_DATE: FieldId = id("utc.date");
/// `home.hour`
pub const HOME_HOUR: FieldId = id("home.hour");
/// `amount_log_e6`
pub const AMOUNT_LOG_E6: FieldId = id("amount_log_e6");
/// `rate.currency`
pub const RATE_CURRENCY: FieldId = id("rate.currency");
/// `rate.paid_e9`
pub const RATE_PAID_E9: FieldId = id("rate.paid_e9");
/// `rate.refunded_e9`
pub const RATE_REFUNDED_E9: FieldId = id("rate.refunded_e9");
/// `ref_event_type`
pub const REF_EVENT_TYPE: FieldId = id("ref_event_type");
/// `ref_time_ms`
pub const REF_TIME_MS: FieldId = id("ref_time_ms");
/// `event_age_ms`
pub const EVENT_AGE_MS: FieldId = id("event_age_ms");
