//! The cases: a suspicion, a probability, and what happens.

/// One case.
pub(super) struct Case {
    /// Its name, and that of its file.
    pub(super) name: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
    /// The policy: rules that bring a suspicion and perhaps a demand.
    pub(super) rules: &'static str,
    /// What happens, in the words of stories.
    pub(super) events: &'static str,
    /// What the model says of everything; `None` for no model.
    pub(super) probability: Option<f64>,
}

/// A customer with every factor enrolled long ago, on a trusted device, and what he usually does.
pub(super) const WITH: &str = r#"
  with any  account_id=a1 account.created_ms=@-400d account.phone_line_type=mobile phone_hash=h1 device.device_id=d1 device.integrity=strong auth_ctx.device_trusted_since_ms=@-90d auth_ctx.session_auth=password auth_ctx.phone_verified_ms=@-300d auth_ctx.sim_changed_ms=@-300d factors.passkey.enrolled_ms=@-90d factors.device_biometric.enrolled_ms=@-90d factors.push_number_match.enrolled_ms=@-90d factors.push_number_match.last_used_ms=@-1d factors.totp.enrolled_ms=@-90d factors.totp.verified=true factors.payment_pin.enrolled_ms=@-90d
  with payment  kind=in_app currency=CNY amount_minor=100000 usd_minor=14000 funding=intl_card merchant.merchant_id=m1 card.card_token=c1 card.bin8="41111111" card.network=visa card.issuer_country=DE card.issuer_id=s1 card.name_match=exact card.linked_time_ms=@-30d
  with card_link  card.card_token=c1 card.bin8="41111111" card.network=visa card.issuer_country=DE card.issuer_id=s1 card.name_match=exact
  with tour_pass_topup  pass_id=y1 currency=CNY card.card_token=c1 card.bin8="41111111" card.network=visa card.issuer_country=DE card.issuer_id=s1 card.name_match=exact card.linked_time_ms=@-30d
  with transfer  beneficiary_id=b1 currency=CNY amount_minor=150000 funding=balance
  with login  outcome=success
  at -100d  login
"#;

/// Every case.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "v1_stolen_card",
        title: "A stolen card: the issuer, else a passport",
        rules: r#"rule suspicion "A suspicion" on payment when true then review because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "v2_takeover",
        title: "A takeover: what the user holds",
        rules: r#"rule suspicion "A suspicion" on payment when true then review because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "v3_relay",
        title: "A relay: nothing that can be typed into a false page",
        rules: r#"rule suspicion "A suspicion" on login when true then review because AMOUNT_UNUSUAL suspects V3 0.9"#,
        events: r#"
  at 0 login device.device_id=d9 auth_ctx.device_trusted_since_ms=none auth_ctx.referrer=message_link
"#,
        probability: Some(0.03),
    },
    Case {
        name: "v4_sim_swap",
        title: "A swapped SIM and a device that came after: no code by text message",
        rules: r#"rule suspicion "A suspicion" on transfer when true then review because AMOUNT_UNUSUAL suspects V4 0.9"#,
        events: r#"
  at -1h sim_signal phone_hash=h1 last_sim_change_ms=@-6h
  at 0 transfer device.device_id=d9 auth_ctx.device_trusted_since_ms=none auth_ctx.sim_changed_ms=@-6h
"#,
        probability: Some(0.03),
    },
    Case {
        name: "v5_known_device_in_other_hands",
        title: "A changed biometric: not the biometric",
        rules: r#"rule suspicion "A suspicion" on payment when true then review because AMOUNT_UNUSUAL suspects V5 0.9"#,
        events: r#"
  at 0 payment device.bio_changed=true device.bio_enrolled_ms=@-2h amount_minor=300000 usd_minor=42000
"#,
        probability: Some(0.03),
    },
    Case {
        name: "v6_coached_victim",
        title: "A coached victim: time and a warning",
        rules: r#"rule suspicion "A suspicion" on transfer when true then review because AMOUNT_UNUSUAL suspects V6 0.9"#,
        events: r#"
  at 0 transfer
"#,
        probability: Some(0.03),
    },
    Case {
        name: "v7_mule",
        title: "A mule: time",
        rules: r#"rule suspicion "A suspicion" on transfer when true then review because AMOUNT_UNUSUAL suspects V7 0.9"#,
        events: r#"
  at 0 transfer
"#,
        probability: Some(0.03),
    },
    Case {
        name: "v8_abuse",
        title: "Abuse by the customer himself: no factor, an analyst",
        rules: r#"rule suspicion "A suspicion" on refund when true then review because AMOUNT_UNUSUAL suspects V8 0.9"#,
        events: r#"
  at 0 refund original_payment_id=p1 amount_minor=50000 currency=CNY
"#,
        probability: Some(0.03),
    },
    Case {
        name: "v9_machine",
        title: "An emulator that fails attestation and a card of another name: refused",
        rules: r#"rule suspicion "A suspicion" on card_link when true then review because AMOUNT_UNUSUAL suspects V9 0.9"#,
        events: r#"
  at 0 card_link device.device_id=d9 auth_ctx.device_trusted_since_ms=none device.integrity=none device.is_emulator=true card.name_match=mismatch
"#,
        probability: Some(0.6),
    },
    Case {
        name: "v9_machine_demanded",
        title: "A machine where a rule wants a challenge: what machines fail",
        rules: r#"rule suspicion "A suspicion" on card_link when true then challenge because AMOUNT_UNUSUAL suspects V9 0.9"#,
        events: r#"
  at 0 card_link device.device_id=d9 auth_ctx.device_trusted_since_ms=none device.integrity=none device.is_emulator=true card.name_match=mismatch
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_login_known_device",
        title: "A login on a trusted device has no floor",
        rules: r#"rule suspicion "A suspicion" on login when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 login
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_login_new_device",
        title: "A login on a new device: S2",
        rules: r#"rule suspicion "A suspicion" on login when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 login device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_login_new_device_rich",
        title: "A login on a new device that reaches more than 500 USD: S3",
        rules: r#"rule suspicion "A suspicion" on login when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 login device.device_id=d9 auth_ctx.device_trusted_since_ms=none account.balance_minor=300000
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_change_enrolled",
        title: "A changed e-mail address with a passkey enrolled: S3",
        rules: r#"rule suspicion "A suspicion" on profile_change when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 profile_change field=email new_value_hash=n2
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_change_nothing_enrolled",
        title: "The same with nothing strong enrolled: S2, a notice and low limits",
        rules: r#"rule suspicion "A suspicion" on profile_change when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 profile_change field=email new_value_hash=n2 factors.passkey.enrolled_ms=none factors.device_biometric.enrolled_ms=none factors.push_number_match.enrolled_ms=none factors.push_number_match.last_used_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_card_link",
        title: "A card is linked: the cardholder",
        rules: r#"rule suspicion "A suspicion" on card_link when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at 0 card_link
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_card_link_code_alone",
        title: "A card is linked and a rule names the security code: it is not enough",
        rules: r#"rule suspicion "A suspicion" on card_link when true then challenge with cvv_reentry because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 card_link
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_payment_small",
        title: "A payment of 150 CNY has no floor",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment amount_minor=15000 usd_minor=2100
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_payment_new_card",
        title: "300 CNY with a card linked an hour ago: the cardholder",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at 0 payment amount_minor=30000 usd_minor=4200 card.linked_time_ms=@-1h
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_payment_new_card_proven",
        title: "The same on a new device after the cardholder was proven once",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -50m card_link id=k1
  at -49m challenge_result ref_id=k1 factor=three_ds_challenge result=passed trans_status=Y
  at 0 payment amount_minor=30000 usd_minor=4200 card.linked_time_ms=@-1h device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_payment_large",
        title: "1,120 USD and a card that was never proven: S3 and the cardholder",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment amount_minor=800000 usd_minor=112000
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_payment_large_card_proven",
        title: "1,120 USD and a card proven last month: S3",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -30d card_link id=k1
  at -30d challenge_result ref_id=k1 factor=three_ds_challenge result=passed trans_status=Y
  at 0 payment amount_minor=800000 usd_minor=112000
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_load_small_known_card",
        title: "A load of 300 CNY with a known card has no floor",
        rules: r#"rule suspicion "A suspicion" on tour_pass_topup when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 tour_pass_topup amount_minor=30000 usd_minor=4200
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_load_large",
        title: "A load of 800 CNY: the cardholder each time",
        rules: r#"rule suspicion "A suspicion" on tour_pass_topup when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 tour_pass_topup amount_minor=80000 usd_minor=11200
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_load_new_card",
        title: "A load of 300 CNY with a new card: the cardholder",
        rules: r#"rule suspicion "A suspicion" on tour_pass_topup when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 tour_pass_topup amount_minor=30000 usd_minor=4200 card.linked_time_ms=@-1h device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_third_party_topup",
        title: "Money from an intermediary: S3",
        rules: r#"rule suspicion "A suspicion" on third_party_topup when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 third_party_topup intermediary_id=i1 amount_minor=100000 currency=CNY device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_withdrawal",
        title: "A withdrawal: S3",
        rules: r#"rule suspicion "A suspicion" on withdrawal when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 withdrawal amount_minor=100000 currency=CNY dest_hash=z1 device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_transfer_new_payee",
        title: "1,500 CNY to a new payee: S3",
        rules: r#"rule suspicion "A suspicion" on transfer when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 transfer amount_minor=150000 device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_transfer_known_payee",
        title: "1,500 CNY to a known payee has no floor",
        rules: r#"rule suspicion "A suspicion" on transfer when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 transfer amount_minor=150000 beneficiary_first_seen_ms=@-90d device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_recovery",
        title: "A reset by somebody who is not signed in: two independent proofs and a day",
        rules: r#"rule suspicion "A suspicion" on profile_change when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 profile_change field=password auth_ctx.session_auth="none"
"#,
        probability: Some(0.03),
    },
    Case {
        name: "floor_recovery_nothing_left",
        title: "The same with nothing left: a passport or a call",
        rules: r#"rule suspicion "A suspicion" on profile_change when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 profile_change field=password auth_ctx.session_auth="none" factors.passkey.enrolled_ms=none factors.device_biometric.enrolled_ms=none factors.push_number_match.enrolled_ms=none factors.push_number_match.last_used_ms=none factors.totp.enrolled_ms=none factors.totp.verified=none auth_ctx.phone_verified_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_after_failures",
        title: "Five wrong codes and three wrong PINs in an hour",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  with challenge_result result=failed
  at -50m login id=l1
  at -49m challenge_result ref_id=l1 factor=totp
  at -48m challenge_result ref_id=l1 factor=totp
  at -47m challenge_result ref_id=l1 factor=sms_otp
  at -46m challenge_result ref_id=l1 factor=sms_otp
  at -45m challenge_result ref_id=l1 factor=sms_otp
  at -44m challenge_result ref_id=l1 factor=payment_pin
  at -43m challenge_result ref_id=l1 factor=payment_pin
  at -42m challenge_result ref_id=l1 factor=payment_pin
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_pushes",
        title: "Four approvals asked for in a quarter of an hour, none of which came",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -14m login id=l1
  at -13m challenge_issued ref_id=l1 factor=push_number_match
  at -12m challenge_issued ref_id=l1 factor=push_number_match
  at -11m challenge_issued ref_id=l1 factor=push_number_match
  at -10m challenge_issued ref_id=l1 factor=push_number_match
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_push_on_the_asking_device",
        title: "The last approval came from the device that asked for it",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -2d login id=l1
  at -2d challenge_result ref_id=l1 factor=push_number_match result=passed answer_device_same=true
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_codes_in_bulk",
        title: "Five codes to the number in an hour",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -50m login id=l1
  at -49m challenge_issued ref_id=l1 factor=sms_otp
  at -48m challenge_issued ref_id=l1 factor=sms_otp
  at -47m challenge_issued ref_id=l1 factor=sms_otp
  at -46m challenge_issued ref_id=l1 factor=sms_otp
  at -45m challenge_issued ref_id=l1 factor=sms_otp
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_shared_number",
        title: "A number of four accounts",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -4d login account_id=a2
  at -3d login account_id=a3
  at -2d login account_id=a4
  at -1d login account_id=a5
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_internet_number",
        title: "A number of an internet line",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment account.phone_line_type=voip
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_new_number",
        title: "A number changed yesterday",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -1d profile_change field=phone
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_rooted_device",
        title: "A rooted device: no biometric on it",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment device.is_rooted=true
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_remote_control",
        title: "Somebody else controls the screen: nothing that is approved by a touch",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment device.remote_control_app=true device.screen_shared=false device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_emulator",
        title: "An emulator: no biometric and no passport before its camera",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment device.is_emulator=true
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_new_passkey",
        title: "A passkey added an hour ago with a password",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -1h profile_change field=factor_add factor=passkey auth_used=password
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "allowed_vouched_passkey",
        title: "A passkey added an hour ago after a strong proof, on a known device",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -9d login
  at -1h profile_change field=factor_add factor=passkey auth_used=passkey
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_issuer_refused",
        title: "The issuer refused because the card is stolen",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at -1d payment id=p1
  at -1d challenge_result ref_id=p1 factor=three_ds_challenge result=failed trans_status=N trans_status_reason="11"
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_issuer_down",
        title: "The issuer is down: a passport",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at -5m issuer_health card.bin8="41111111" card.issuer_id=s1 health=outage health_until_ms=@1h
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_issuer_unavailable",
        title: "The issuer could not answer: a passport",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at 0 payment three_ds.trans_status=U
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_minor",
        title: "The person may be under 18: no passport and face",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at -9d identity_verification doc_hash=x1 name_hash=n1 result=pass birth_year=2010
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_identity_attempts",
        title: "Three identity checks today: not a fourth",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  with identity_verification doc_hash=x1 name_hash=n1 result=fail
  at -5h identity_verification
  at -4h identity_verification
  at -3h identity_verification
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_wrong_security_codes",
        title: "Two wrong security codes in an hour",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V5 0.9"#,
        events: r#"
  at -50m payment id=p1
  at -50m auth_result ref_id=p1 outcome=declined cvv_result=N
  at -40m payment id=p2
  at -40m auth_result ref_id=p2 outcome=declined cvv_result=N
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "forbidden_cvv_of_a_stolen_card",
        title: "A stolen card is sold with its code",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at 0 payment device.roaming=true
"#,
        probability: Some(0.03),
    },
    Case {
        name: "both_proofs_of_mixed_suspicion",
        title: "A stolen card or a takeover: both proofs",
        rules: r#"rule suspicion "A suspicion" on payment when true then review because AMOUNT_UNUSUAL suspects V1 0.4, V2 0.6"#,
        events: r#"
  at 0 payment card.linked_time_ms=@-1h device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.05),
    },
    Case {
        name: "demanded_passport",
        title: "A rule wants identity proven",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge strength S4 prove identity with passport_selfie because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "demanded_two_factors",
        title: "Two rules name two factors: both",
        rules: r#"rule issuer "The issuer" on payment when true then challenge with three_ds_challenge because FRESH_CARD_SPEND suspects V1 0.7
rule user "The user" on payment when true then challenge strength S3 prove user with passkey because RESET_THEN_SPEND suspects V2 0.3"#,
        events: r#"
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "demanded_micro_amount",
        title: "A rule names the amount on the statement",
        rules: r#"rule suspicion "A suspicion" on card_link when true then challenge with micro_amount because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at 0 card_link card.funding=credit
"#,
        probability: Some(0.03),
    },
    Case {
        name: "demanded_call",
        title: "A rule names a call from support",
        rules: r#"rule call "A call" on payment when true then challenge with support_callback because AMOUNT_UNUSUAL suspects V2 0.5"#,
        events: r#"
  at 0 payment amount_minor=800000 usd_minor=112000
"#,
        probability: Some(0.005),
    },
    Case {
        name: "demanded_code",
        title: "Nothing that is bound to a device may be asked: a code",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge forbid passkey, device_biometric, push_number_match because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment amount_minor=15000 usd_minor=2100
"#,
        probability: Some(0.03),
    },
    Case {
        name: "demanded_pin",
        title: "Nothing but the PIN is left",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge forbid passkey, device_biometric, push_number_match, totp, sms_otp, passport_selfie because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment amount_minor=15000 usd_minor=2100
"#,
        probability: Some(0.03),
    },
    Case {
        name: "no_factor_refused",
        title: "A challenge is wanted and nothing is safe to ask: refused",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at -9d identity_verification doc_hash=x1 name_hash=n1 result=pass birth_year=2010
  at -1h payment id=p1
  at -1h challenge_result ref_id=p1 factor=three_ds_challenge result=failed trans_status=N trans_status_reason="11"
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "no_factor_waits",
        title: "The same where money can wait: it waits",
        rules: r#"rule suspicion "A suspicion" on transfer when true then challenge strength S3 prove user with micro_amount because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 transfer device.device_id=d9 auth_ctx.device_trusted_since_ms=none
"#,
        probability: Some(0.03),
    },
    Case {
        name: "held_by_a_rule",
        title: "A rule holds the money: the only option is to wait",
        rules: r#"rule suspicion "A suspicion" on transfer when true then hold 12h and review because AMOUNT_UNUSUAL suspects V7 0.9"#,
        events: r#"
  at 0 transfer
"#,
        probability: Some(0.001),
    },
    Case {
        name: "limited_by_a_rule",
        title: "A rule sets a limit: it stands after a pass",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge and limit 500 CNY because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "remembered_proof",
        title: "Five minutes after a passkey for as much: no second challenge",
        rules: r#"rule suspicion "A suspicion" on payment when true then review because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -6m payment id=p1
  at -5m challenge_result ref_id=p1 factor=passkey result=passed
  at 0 payment
"#,
        probability: Some(0.004),
    },
    Case {
        name: "remembered_proof_larger_amount",
        title: "Five minutes after a passkey for less: asked again",
        rules: r#"rule suspicion "A suspicion" on payment when true then review because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -6m payment id=p1 amount_minor=50000 usd_minor=7000
  at -5m challenge_result ref_id=p1 factor=passkey result=passed
  at 0 payment
"#,
        probability: Some(0.004),
    },
    Case {
        name: "remembered_proof_demanded",
        title: "A rule wants a challenge whatever was proven",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  at -6m payment id=p1
  at -5m challenge_result ref_id=p1 factor=passkey result=passed
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "failed_two_factors",
        title: "Two different factors failed within half an hour: the device waits",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  with challenge_result result=failed
  at -20m payment id=p1
  at -19m challenge_result ref_id=p1 factor=three_ds_challenge
  at -18m challenge_result ref_id=p1 factor=passkey
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "failed_two_factors_takeover",
        title: "The same where a takeover is likely: the account is frozen",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V2 0.9"#,
        events: r#"
  with challenge_result result=failed
  at -20m payment id=p1
  at -19m challenge_result ref_id=p1 factor=totp
  at -18m challenge_result ref_id=p1 factor=passkey
  at 0 payment
"#,
        probability: Some(0.03),
    },
    Case {
        name: "exempt_low_value",
        title: "Little money at a shop in Europe",
        rules: r#"rule quiet "Never" on payment when amount_usd > 1_000_000 then review because AMOUNT_UNUSUAL"#,
        events: r#"
  at 0 payment amount_minor=15000 usd_minor=2100 merchant.country=FR device.is_rooted=false device.is_emulator=false device.app_genuine=true device.has_hook_framework=false device.is_cloned_app=false device.screen_shared=false device.remote_control_app=false device.accessibility_overlay=false
"#,
        probability: Some(0.0005),
    },
    Case {
        name: "exempt_transit",
        title: "A fare",
        rules: r#"rule quiet "Never" on payment when amount_usd > 1_000_000 then review because AMOUNT_UNUSUAL"#,
        events: r#"
  at 0 payment kind=transit amount_minor=400 usd_minor=56 merchant.country=CN
"#,
        probability: Some(0.0005),
    },
    Case {
        name: "exempt_recurring",
        title: "A debit under a mandate",
        rules: r#"rule quiet "Never" on payment when amount_usd > 1_000_000 then review because AMOUNT_UNUSUAL"#,
        events: r#"
  at 0 payment kind=auto_debit is_mit=true mandate_id=y1 amount_minor=40000 usd_minor=5600 merchant.country=DE
"#,
        probability: Some(0.0005),
    },
    Case {
        name: "authenticated_before",
        title: "The issuer authenticated the cardholder: it bears the loss",
        rules: r#"rule quiet "Never" on payment when amount_usd > 1_000_000 then review because AMOUNT_UNUSUAL"#,
        events: r#"
  at 0 payment three_ds.trans_status=Y three_ds.liability_shift=true merchant.country=DE
"#,
        probability: Some(0.0005),
    },
    Case {
        name: "without_a_model",
        title: "No model: the rules decide alone",
        rules: r#"rule suspicion "A suspicion" on payment when true then challenge because AMOUNT_UNUSUAL suspects V1 0.9"#,
        events: r#"
  at 0 payment
"#,
        probability: None,
    },
];
