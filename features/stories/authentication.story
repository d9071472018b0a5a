# Answers of issuers, challenges, sessions, changes of the profile, identity checks.

story security_codes "Wrong security codes are counted by card, device, account and issuer range"
  with payment  device.device_id=d1 account_id=a1 card.card_token=c1 card.bin8="41111111" amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  at -7d1m    payment      id=p1
  expect card_cvv_fail_count_{1h,24h,7d} = 0, 0, 0
  expect device_cvv_fail_count_{1h,24h,7d} = 0, 0, 0
  expect account_cvv_fail_count_{1h,24h,7d} = 0, 0, 0
  expect device_decline_cvv_count_{1h,24h} = 0, 0
  expect account_decline_cvv_count_{1h,24h} = 0, 0
  expect bin_decline_cvv_count_{1h,24h} = 0, 0
  # Exactly seven days old: outside.
  at -7d      auth_result  ref_id=p1 outcome=declined cvv_result=N
  at -6d23h   payment      id=p2
  at -6d23h   auth_result  ref_id=p2 outcome=declined cvv_result=N
  at -23h     payment      id=p3 account_id=a2
  at -23h     auth_result  ref_id=p3 outcome=declined cvv_result=N
  at -22h     payment      id=p4 card.card_token=c2 card.bin8="42222222"
  at -22h     auth_result  ref_id=p4 outcome=approved cvv_result=N
  at -3h      payment      id=p5 account_id=a3 device.device_id=d3
  at -3h      auth_result  ref_id=p5 outcome=declined cvv_result=N
  at -50m     payment      id=p6 device.device_id=d2
  at -50m     auth_result  ref_id=p6 outcome=declined cvv_result=N
  at -40m     payment      id=p7
  at -40m     auth_result  ref_id=p7 outcome=declined cvv_result=M de39="05"
  at -30m     payment      id=p8
  at -30m     auth_result  ref_id=p8 outcome=declined de39=N7
  at 0        payment
  expect card_cvv_fail_count_{1h,24h,7d} = 1, 3, 4
  expect device_cvv_fail_count_{1h,24h,7d} = 0, 2, 3
  expect account_cvv_fail_count_{1h,24h,7d} = 1, 2, 3
  expect device_decline_cvv_count_{1h,24h} = 1, 3
  expect account_decline_cvv_count_{1h,24h} = 2, 3
  expect bin_decline_cvv_count_{1h,24h} = 2, 4
  # Code 82 counts as N7 does.
  at 1m       payment      id=p9
  at 1m       auth_result  ref_id=p9 outcome=declined de39="82"
  at 2m       payment
  expect bin_decline_cvv_count_{1h,24h} = 3, 5
  expect card_cvv_fail_count_1h = 1
  # Nothing is known of a card that is not there.
  at 3m       payment      card.card_token=none card.bin8=none funding=balance device.device_id=none
  expect card_cvv_fail_count_1h = unknown
  expect device_cvv_fail_count_1h = unknown
  expect bin_decline_cvv_count_1h = unknown
  expect account_cvv_fail_count_1h = 1

story challenges "Challenges failed, abandoned and passed"
  with login             account_id=a1 device.device_id=d1 phone_hash=h1 outcome=success
  with challenge_result  factor=sms_otp result=failed
  at -91d     login             id=l1
  expect account_otp_fail_count_{1h,24h,7d} = 0, 0, 0
  expect device_otp_fail_count_{1h,24h,7d} = 0, 0, 0
  expect phone_otp_fail_count_{1h,24h,7d} = 0, 0, 0
  expect challenge_fail_count_{24h,7d,30d} = 0, 0, 0
  expect challenge_abandon_count_{24h,7d,30d} = 0, 0, 0
  expect challenge_pass_rate_90d = 85%
  expect challenge_pass_ratio_90d = 85%
  # Longer ago than 90 days.
  at -91d     challenge_result  ref_id=l1 result=passed
  at -31d     login             id=l2
  at -31d     challenge_result  ref_id=l2 result=abandoned
  at -29d     login             id=l3
  at -29d     challenge_result  ref_id=l3 result=abandoned
  at -7d      login             id=l4
  at -7d      challenge_result  ref_id=l4
  at -6d      login             id=l5
  at -6d      challenge_result  ref_id=l5
  at -5d      login             id=l6
  at -5d      challenge_result  ref_id=l6 result=timeout
  # A message that never came is nobody's failure.
  at -4d      login             id=l7
  at -4d      challenge_result  ref_id=l7 result=delivery_failed
  at -23h     login             id=l8
  at -23h     challenge_result  ref_id=l8 result=abandoned
  at -20h     login             id=l9 device.device_id=d2
  at -20h     challenge_result  ref_id=l9 factor=totp
  at -19h     login             id=l10 account_id=a2
  at -19h     challenge_result  ref_id=l10
  at -18h     login             id=l11 account_id=a2
  at -18h     challenge_result  ref_id=l11
  at -17h     login             id=l12 account_id=a3 device.device_id=d3
  at -17h     challenge_result  ref_id=l12
  at -30m     login             id=l13 phone_hash=h2
  at -30m     challenge_result  ref_id=l13
  # No one-time code, but a failed challenge.
  at -20m     login             id=l14
  at -20m     challenge_result  ref_id=l14 factor=passkey
  at -10m     login             id=l15
  at -10m     challenge_result  ref_id=l15 result=passed
  at 0        login
  expect account_otp_fail_count_{1h,24h,7d} = 1, 2, 3
  expect device_otp_fail_count_{1h,24h,7d} = 1, 3, 4
  expect phone_otp_fail_count_{1h,24h,7d} = 0, 4, 5
  expect challenge_fail_count_{24h,7d,30d} = 3, 4, 5
  expect challenge_abandon_count_{24h,7d,30d} = 1, 2, 3
  # All together: 1 passed of 13. The account: 1 passed, 5 failed, 4 given up.
  expect challenge_pass_rate_90d = (1 + 20 * 0.85) / (13 + 20)
  expect challenge_pass_ratio_90d = (1 + 4 * 18 / 33) / (10 + 4)
  at 1m       login             account_id=a9 phone_hash=none
  expect challenge_pass_ratio_90d = 18 / 33
  expect phone_otp_fail_count_1h = unknown

story cardholder "The issuer does not authenticate the card's user"
  with payment           account_id=a1 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  with challenge_result  factor=three_ds_challenge result=failed
  at -7d1m    payment           id=p1
  expect card_threeds_fail_count_{24h,7d} = 0, 0
  expect account_threeds_fail_count_{24h,7d} = 0, 0
  expect threeds_reason_fraud_7d = false
  at -7d      challenge_result  ref_id=p1 trans_status=N trans_status_reason="10"
  at -6d      payment           id=p2
  expect threeds_reason_fraud_7d = true
  at -6d      challenge_result  ref_id=p2 trans_status=R trans_status_reason="11"
  at -23h     payment           id=p3 account_id=a2 three_ds.trans_status=N
  at -2h      payment           id=p4 card.card_token=c2
  at -2h      challenge_result  ref_id=p4 trans_status=Y result=passed
  # What the request says is counted once, not again with the challenge that follows.
  at -1h      payment           id=p5 three_ds.trans_status=N three_ds.trans_status_reason="01"
  at -1h      challenge_result  ref_id=p5 factor=passkey
  at -50m     payment           id=p6 card.card_token=c2
  at -50m     challenge_result  ref_id=p6 trans_status=N trans_status_reason="01"
  at -40m     payment           id=p7 card.card_token=c2
  at -40m     challenge_result  ref_id=p7 trans_status=R
  at 0        payment
  expect card_threeds_fail_count_{24h,7d} = 2, 3
  expect account_threeds_fail_count_{24h,7d} = 3, 4
  expect threeds_reason_fraud_7d = true
  # The last fraud reason is more than seven days old.
  at 1d1m     payment
  expect threeds_reason_fraud_7d = false
  at 1d2m     payment           three_ds.trans_status=R three_ds.trans_status_reason="10"
  at 1d3m     payment
  expect threeds_reason_fraud_7d = true
  at 1d4m     payment           card.card_token=none funding=balance
  expect threeds_reason_fraud_7d = unknown

# The code tells the class, unless the event says another.
story decline_reasons "Declines by reason, for the card and for the account"
  with payment      account_id=a1 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  with auth_result  outcome=declined
  at -30d     payment      id=h0
  expect card_decline_hard_count_{24h,7d,30d} = 0, 0, 0
  expect account_decline_hard_count_{24h,7d,30d} = 0, 0, 0
  expect card_decline_dnh_count_{24h,7d} = 0, 0
  expect account_decline_dnh_count_{24h,7d} = 0, 0
  expect card_decline_nsf_count_{24h,7d} = 0, 0
  expect account_decline_nsf_count_{24h,7d} = 0, 0
  expect card_decline_fraud_suspected_count_{24h,7d} = 0, 0
  expect account_decline_fraud_suspected_count_{24h,7d} = 0, 0
  expect card_decline_not_permitted_count_{24h,7d} = 0, 0
  expect account_decline_not_permitted_count_{24h,7d} = 0, 0
  at -30d     auth_result  ref_id=h0 de39="43"
  at -29d     payment      id=h1
  at -29d     auth_result  ref_id=h1 de39="41"
  # Exactly seven days ago: outside the week.
  at -7d      payment      id=e1
  at -7d      auth_result  ref_id=e1 de39="05"
  at -7d      auth_result  ref_id=e1 de39="51"
  at -7d      auth_result  ref_id=e1 de39="59"
  at -7d      auth_result  ref_id=e1 de39="57"
  at -6d      payment      id=h2
  at -6d      auth_result  ref_id=h2 de39="14"
  at -5d      payment      id=d1
  at -5d      auth_result  ref_id=d1 de39="05"
  at -4d      payment      id=n1
  at -4d      auth_result  ref_id=n1 de39="51"
  at -3d      payment      id=s1
  at -3d      auth_result  ref_id=s1 de39="59"
  at -2d      payment      id=x1
  at -2d      auth_result  ref_id=x1 de39="57"
  at -23h     payment      id=h3 account_id=a2
  at -23h     auth_result  ref_id=h3 de39="41"
  at -22h     payment      id=h4 card.card_token=c2
  at -22h     auth_result  ref_id=h4 de39="14"
  at -21h     payment      id=h5 card.card_token=c2
  at -21h     auth_result  ref_id=h5 de39="46"
  at -20h     payment      id=d2
  at -20h     auth_result  ref_id=d2 de39="05"
  at -19h     payment      id=d3 account_id=a2
  at -19h     auth_result  ref_id=d3 de39="05"
  at -18h     payment      id=n2 card.card_token=c2
  at -18h     auth_result  ref_id=n2 de39="51"
  at -17h     payment      id=n3 card.card_token=c2
  at -17h     auth_result  ref_id=n3 de39="51"
  at -16h     payment      id=s2
  at -16h     auth_result  ref_id=s2 de39="63"
  at -15h     payment      id=s3
  at -15h     auth_result  ref_id=s3 decline_class=suspected_fraud de39="34"
  at -14h     payment      id=s4 card.card_token=c2
  at -14h     auth_result  ref_id=s4 de39="59"
  at -13h     payment      id=x2 account_id=a2
  at -13h     auth_result  ref_id=x2 de39="57"
  at -12h     payment      id=x3 card.card_token=c2
  at -12h     auth_result  ref_id=x3 de39="62"
  at -11h     payment      id=x4 card.card_token=c2
  at -11h     auth_result  ref_id=x4 de39="62"
  # An approval with a code is no decline.
  at -1h      payment      id=y1
  at -1h      auth_result  ref_id=y1 outcome=approved de39="05"
  at 0        payment
  expect card_decline_hard_count_{24h,7d,30d} = 1, 2, 3
  expect account_decline_hard_count_{24h,7d,30d} = 2, 3, 4
  expect card_decline_dnh_count_{24h,7d} = 2, 3
  expect account_decline_dnh_count_{24h,7d} = 1, 2
  expect card_decline_nsf_count_{24h,7d} = 0, 1
  expect account_decline_nsf_count_{24h,7d} = 2, 3
  expect card_decline_fraud_suspected_count_{24h,7d} = 2, 3
  expect account_decline_fraud_suspected_count_{24h,7d} = 3, 4
  expect card_decline_not_permitted_count_{24h,7d} = 1, 2
  expect account_decline_not_permitted_count_{24h,7d} = 2, 3
  at 12h1m    payment
  expect card_decline_nsf_count_24h = 0
  expect account_decline_not_permitted_count_24h = 1
  at 12h2m    payment      id=n4
  at 12h2m    auth_result  ref_id=n4 de39="51"
  at 12h3m    payment
  expect card_decline_nsf_count_{24h,7d} = 1, 2

story card_numbers "Card numbers are tried out at linking"
  with card_link    account_id=a1 device.device_id=d1 network.ip=1.2.3.4 card.card_token=c1
  with payment      account_id=a1 device.device_id=d1 network.ip=1.2.3.4 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  with auth_result  outcome=declined decline_class=hard_account
  at -24h1m   card_link    id=k1
  expect device_decline_invalid_card_count_{1h,24h} = 0, 0
  expect account_decline_invalid_card_count_{1h,24h} = 0, 0
  expect ip_decline_invalid_card_count_{1h,24h} = 0, 0
  at -24h     auth_result  ref_id=k1 de39="14"
  at -23h     card_link    id=k2
  at -23h     auth_result  ref_id=k2 de39="14"
  at -20h     card_link    id=k3 account_id=a2
  at -20h     auth_result  ref_id=k3 de39="15"
  at -19h     card_link    id=k4 device.device_id=d2
  at -19h     auth_result  ref_id=k4 de39="54" decline_class=data_error
  at -18h     card_link    id=k5 account_id=a3 device.device_id=d3
  at -18h     auth_result  ref_id=k5 de39="14"
  at -40m     card_link    id=k6 network.ip=5.6.7.8
  at -40m     auth_result  ref_id=k6 de39="14"
  at -30m     card_link    id=k7
  at -30m     auth_result  ref_id=k7 de39="05" decline_class=do_not_honour
  # At a payment the number is known to be one.
  at -20m     payment      id=p1
  at -20m     auth_result  ref_id=p1 de39="14"
  at -10m     card_link    id=k8 device.device_id=d2
  at -10m     auth_result  ref_id=k8 de39="14"
  at 0        card_link
  expect device_decline_invalid_card_count_{1h,24h} = 1, 3
  expect account_decline_invalid_card_count_{1h,24h} = 2, 4
  expect ip_decline_invalid_card_count_{1h,24h} = 1, 5

story session "From login to payment in one session"
  with any      account_id=a1
  with payment  amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  at -10m     login    session_id=s1 outcome=success auth_ctx.referrer=web_link
  expect login_to_payment_s = unknown
  expect session_age_s = 0
  expect session_auth_level = 0
  expect login_referrer_risk = true
  at -9m      login    session_id=s1 outcome=bad_otp
  at -90s     payment  session_id=s1
  expect login_to_payment_s = 510
  expect session_age_s = 510
  expect login_referrer_risk = true
  # Another session: its login is not known.
  at -60s     payment  session_id=s2
  expect login_to_payment_s = unknown
  expect session_age_s = 0
  expect login_referrer_risk = unknown
  at -50s     payment
  expect session_age_s = unknown
  at 0        payment  session_id=s1 auth_ctx.session_auth=passkey auth_ctx.session_auth_time_ms=@-20m auth_ctx.referrer=direct
  expect login_to_payment_s = 600
  expect session_age_s = 1200
  expect session_auth_level = 5
  expect login_referrer_risk = false
  at 1s       payment  auth_ctx.session_auth=biometric auth_ctx.referrer=message_link
  expect session_auth_level = 4
  expect login_referrer_risk = true
  at 2s       payment  auth_ctx.session_auth=push auth_ctx.referrer=unknown
  expect session_auth_level = 4
  expect login_referrer_risk = unknown
  at 3s       payment  auth_ctx.session_auth=totp auth_ctx.referrer=qr_scan
  expect session_auth_level = 3
  expect login_referrer_risk = false
  at 4s       payment  auth_ctx.session_auth=otp_sms
  expect session_auth_level = 2
  at 5s       payment  auth_ctx.session_auth=password
  expect session_auth_level = 1
  at 6s       payment  auth_ctx.session_auth=pin
  expect session_auth_level = 1
  at 7s       payment  auth_ctx.session_auth=none auth_ctx.breached_password=true
  expect session_auth_level = 0
  expect breached_password_flag = true
  at 8s       payment  auth_ctx.breached_password=false
  expect breached_password_flag = false
  at 9s       payment
  expect breached_password_flag = unknown

story strong_proof "The last proof that is strong"
  with any      account_id=a1
  with payment  amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  with identity_verification  doc_hash=x1 name_hash=n1
  at -60h     login             id=l1 outcome=success
  expect hours_since_strong_auth = 2160
  at -50h     challenge_result  ref_id=l1 factor=passkey result=passed
  at -49h     challenge_result  ref_id=l1 factor=sms_otp result=passed
  at -48h     challenge_result  ref_id=l1 factor=passkey result=failed
  at -47h     login             outcome=success method=totp
  at -46h     login             outcome=locked method=passkey
  at -45h     identity_verification  result=fail
  at 0        payment
  expect hours_since_strong_auth = 50
  at 1h       payment           auth_ctx.strong_auth_time_ms=@-2h
  expect hours_since_strong_auth = 3
  at 2h       identity_verification  result=pass
  at 3h       payment           auth_ctx.strong_auth_time_ms=@-2h
  expect hours_since_strong_auth = 1
  at 4h       login             outcome=success method=passkey
  at 6h       login             outcome=success method=push
  expect hours_since_strong_auth = 2
  at 6h30m    payment
  expect hours_since_strong_auth = 0.5
  # Ninety days on.
  at 90d6h    payment
  expect hours_since_strong_auth = 2160
  at 90d7h    payment           auth_ctx.strong_auth_time_ms=@-2h
  expect hours_since_strong_auth = 2160
  at 90d8h    login             account_id=none outcome=unknown_account
  expect hours_since_strong_auth = unknown

story changes "What was changed, how long ago, and by whom"
  with any      account_id=a1
  with payment  amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  at -200h    payment
  expect hours_since_password_change = 8760
  expect hours_since_phone_change = 8760
  expect hours_since_email_change = 8760
  expect hours_since_pin_change = 8760
  expect hours_since_factor_change = 8760
  expect support_change_recent_h = 8760
  at -110h    profile_change  field=phone
  at -100h    profile_change  field=phone
  at -90h     profile_change  field=email
  at -80h     profile_change  field=pin
  at -70h     profile_change  field=password
  at -60h     profile_change  field=factor_add factor=totp
  at -50h     profile_change  field=address initiated_by=support
  at -30h     profile_change  field=limit initiated_by=user
  at -20h     profile_change  field=phone account_id=a2 initiated_by=support
  at 0        payment
  expect hours_since_phone_change = 100
  expect hours_since_email_change = 90
  expect hours_since_pin_change = 80
  expect hours_since_password_change = 70
  expect hours_since_factor_change = 60
  expect support_change_recent_h = 50
  at 1h       profile_change  field=name channel=support
  at 2h       profile_change  field=factor_remove factor=totp
  # The wallet knows of later changes.
  at 3h       payment  auth_ctx.phone_changed_ms=@30m auth_ctx.email_changed_ms=@1h auth_ctx.pin_changed_ms=@1h30m auth_ctx.password_changed_ms=@2h
  expect hours_since_phone_change = 2.5
  expect hours_since_email_change = 2
  expect hours_since_pin_change = 1.5
  expect hours_since_password_change = 1
  expect hours_since_factor_change = 1
  expect support_change_recent_h = 2
  # What the wallet knows may be older than what was seen here.
  at 4h       payment  auth_ctx.phone_changed_ms=@-300h
  expect hours_since_phone_change = 104
  at 366d     payment
  expect hours_since_phone_change = 8760
  expect hours_since_factor_change = 8760
  expect support_change_recent_h = 8760
  at 366d     login  account_id=none outcome=unknown_account
  expect hours_since_phone_change = unknown
  expect support_change_recent_h = unknown

story relay "A code that takes longer to come back than it used to"
  with login  account_id=a1 outcome=success
  # Exactly 90 days before the fourth: too old to count there.
  at -110d    login  relay_latency_ms=900000
  at -40d     login  relay_latency_ms=1000
  at -30d     login  relay_latency_ms=2000
  at -20d     login  relay_latency_ms=4000
  expect otp_relay_latency_z = unknown
  # Neither a failed login nor one without a time makes a habit.
  at -15d     login  relay_latency_ms=60000 outcome=bad_otp
  at -14d     login  relay_latency_ms=0
  # Logarithms 6.907755, 7.600902 and 8.294050: their sum is 22.802707.
  at 0        login  relay_latency_ms=8000
  expect otp_relay_latency_z = (ln(8000) - 22.802707 / 3) / (sqrt(3 * (6907755 * 6907755 + 7600902 * 7600902 + 8294050 * 8294050) - 22802707 * 22802707) / 3000000)
  at 1m       login
  expect otp_relay_latency_z = unknown
  # Always the same: a tenth is the least deviation.
  at 2m       login  relay_latency_ms=1000 account_id=a2
  at 3m       login  relay_latency_ms=1000 account_id=a2
  at 4m       login  relay_latency_ms=1000 account_id=a2
  at 5m       login  relay_latency_ms=2000 account_id=a2
  expect otp_relay_latency_z = (ln(2000) - 6.907755) / 0.1

story another_try "A declined payment is tried again"
  with payment      account_id=a1 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  with auth_result  outcome=declined
  at -40m     payment      id=p0
  expect retry_after_issuer_decline = 0
  # Exactly half an hour old at zero.
  at -30m     auth_result  ref_id=p0
  at -29m     payment      id=p1
  at -29m     auth_result  ref_id=p1
  at -20m     payment      id=p2 merchant.merchant_id=m2 base_minor=50000
  at -20m     auth_result  ref_id=p2
  # Another amount at another merchant than the last declined.
  at 0        payment      base_minor=30000
  expect retry_after_issuer_decline = 0
  at 0        payment      merchant.merchant_id=m2 base_minor=100
  expect retry_after_issuer_decline = 2
  at 0        payment      merchant.merchant_id=m3 base_minor=54900
  expect retry_after_issuer_decline = 2
  at 0        payment      merchant.merchant_id=m3 base_minor=55100
  expect retry_after_issuer_decline = 0
  at 2m       payment      merchant.merchant_id=m3 base_minor=45000
  expect retry_after_issuer_decline = 1
  at 0        payment      merchant.merchant_id=m2 account_id=a2
  expect retry_after_issuer_decline = 0

story opening "How the session was opened, as the wallet says"
  with login    account_id=a1 session_id=s1
  with payment  account_id=a1 session_id=s1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  at 0   login    outcome=success auth_ctx.session_auth=passkey
  expect session_opened_by = passkey
  at 1m  payment
  expect session_opened_by = unknown
  at 2m  payment  auth_ctx.session_auth=push
  expect session_opened_by = push

story identity "Identity checks"
  with payment                account_id=a1 device.device_id=d1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  with identity_verification  account_id=a1 device.device_id=d1 doc_hash=x1 name_hash=n1 result=fail
  at -31d     payment
  expect account_kyc_fail_count_{24h,7d,30d} = 0, 0, 0
  expect device_kyc_fail_count_{24h,7d,30d} = 0, 0, 0
  expect kyc_level = 0
  expect liveness_score_last = unknown
  at -30d     identity_verification
  at -29d     identity_verification
  at -6d      identity_verification
  at -23h     identity_verification  device.device_id=d2 liveness_score=0.31
  expect liveness_score_last = 0.31
  at -22h     identity_verification  account_id=a2
  at -21h     identity_verification  account_id=a2 liveness_score=0.5
  at -20h     identity_verification  result=manual
  expect liveness_score_last = 0.31
  at -2h      payment
  expect kyc_level = 0
  at -1h      identity_verification  result=pass liveness_score=0.93
  at 0        payment
  expect account_kyc_fail_count_{24h,7d,30d} = 1, 2, 3
  expect device_kyc_fail_count_{24h,7d,30d} = 2, 3, 4
  expect kyc_level = 2
  expect liveness_score_last = 0.93
  at 1m       payment  account.kyc_level=4
  expect kyc_level = 4
  at 2m       payment  account.kyc_level=0
  expect kyc_level = 0
  at 3m       payment  device.device_id=none
  expect device_kyc_fail_count_24h = unknown

story wrong_pins "Wrong PINs count whether they are typed to pay or to sign in"
  with login             account_id=a1 device.device_id=d1 outcome=success
  with challenge_result  factor=payment_pin result=failed
  at -70m  login             id=l1
  expect account_pin_fail_count_1h = 0
  at -70m  challenge_result  ref_id=l1
  at -50m  login             id=l2
  at -50m  challenge_result  ref_id=l2
  at -40m  challenge_result  ref_id=l2 factor=totp
  at -30m  challenge_result  ref_id=l2 result=passed
  at -20m  login             method=pin outcome=bad_password
  at -10m  login             method=password outcome=bad_password
  at 0     login
  expect account_pin_fail_count_1h = 2

story pushes "Approvals on another device: asked for in vain, and answered where they were asked for"
  with login             account_id=a1 device.device_id=d1 outcome=success
  with challenge_issued  factor=push_number_match
  with challenge_result  factor=push_number_match result=passed
  at -60m  login  id=l1
  expect account_push_unanswered_15m = 0
  expect push_answered_here = unknown
  at -40m  challenge_issued  ref_id=l1
  at -39m  challenge_result  ref_id=l1 answer_device_same=true
  at -14m  challenge_issued  ref_id=l1
  at -10m  challenge_issued  ref_id=l1
  at -9m   challenge_result  ref_id=l1 result=timeout answer_device_same=false
  at -5m   challenge_issued  ref_id=l1
  at 0     login  id=l2
  expect account_push_unanswered_15m = 3
  expect push_answered_here = true
  at 1m    challenge_result  ref_id=l2 answer_device_same=false
  at 2m    login
  expect account_push_unanswered_15m = 0
  expect push_answered_here = false

story identity_attempts "Checks of identity tried in a day, and how old the person may be"
  with identity_verification  account_id=a1 doc_hash=x1 name_hash=n1 result=fail
  with challenge_result       factor=passport_selfie result=failed
  at -25h  identity_verification  id=i1
  at -23h  identity_verification  id=i2 birth_year=2008
  at -22h  challenge_result       ref_id=i2
  at -21h  identity_verification  birth_year=2008
  at 0     login  account_id=a1 outcome=success
  expect account_identity_attempt_count_24h = 2
  expect account_may_be_minor = true
  at 1m    identity_verification  birth_year=2007
  expect account_may_be_minor = false
  at 2m    login  account_id=a2 outcome=success
  expect account_may_be_minor = unknown
  expect account_identity_attempt_count_24h = 0

story passkey_additions "The newest passkey: since when, and whether a strong proof came before it"
  with any             account_id=a1
  with profile_change  field=factor_add factor=passkey
  at -9h  login  outcome=success
  expect passkey_added_hours = unknown
  expect passkey_added_vouched = unknown
  at -8h  profile_change  auth_used=password
  at -6h  login  outcome=success
  expect passkey_added_hours = 2
  expect passkey_added_vouched = false
  at -3h  profile_change  auth_used=push
  at -1h  profile_change  factor=totp auth_used=password
  at 0    login  outcome=success
  expect passkey_added_hours = 3
  expect passkey_added_vouched = true

story remembered_proofs "A proof is remembered for an hour, on its account and device, for its class of payee"
  with any               account_id=a1 device.device_id=d1 currency=CNY
  with payment           funding=balance merchant.merchant_id=m1 kind=in_app amount_minor=10000
  with transfer          funding=balance beneficiary_id=b1 amount_minor=10000
  with login             outcome=success
  with challenge_result  factor=passkey result=passed
  at -70m  payment           id=p1 amount_minor=90000
  at -69m  challenge_result  ref_id=p1
  at 0     payment           id=p2
  expect strong_proof_min = unknown
  expect strong_proof_fen = unknown
  at 1m    challenge_result  ref_id=p2
  at 6m    payment
  expect strong_proof_min = 5
  expect strong_proof_fen = 10000
  at 7m    transfer          id=t1 amount_minor=20000
  expect strong_proof_min = unknown
  at 8m    challenge_result  ref_id=t1 factor=push_number_match
  at 9m    challenge_result  ref_id=t1 factor=sms_otp
  at 10m   transfer
  expect strong_proof_min = 2
  expect strong_proof_fen = 20000
  expect code_proof_min = unknown
  at 11m   login             id=l1
  expect strong_proof_min = unknown
  at 12m   challenge_result  ref_id=l1 factor=totp
  at 13m   challenge_result  ref_id=l1 result=failed
  at 14m   profile_change    field=email
  expect strong_proof_min = unknown
  expect code_proof_min = 2
  # Another device has proved nothing.
  at 15m   payment           device.device_id=d2
  expect strong_proof_min = unknown

story strong_openings "A session that was opened by another phone or a passkey, neither of them new, proves the customer to himself"
  with any    account_id=a1 device.device_id=d1 currency=CNY
  with login  outcome=success
  at -2h   login    auth_ctx.session_auth=push auth_ctx.session_auth_time_ms=@-124m
  expect strong_proof_min = 4
  at -1h   login    auth_ctx.session_auth=password auth_ctx.session_auth_time_ms=@-1h
  expect strong_proof_min = unknown
  at -30m  login    auth_ctx.session_auth=push auth_ctx.session_auth_time_ms=@-90m
  expect strong_proof_min = unknown
  at -25m  login    outcome=bad_otp auth_ctx.session_auth=push auth_ctx.session_auth_time_ms=@-25m
  expect strong_proof_min = unknown
  at -20m  login    auth_ctx.session_auth=passkey auth_ctx.session_auth_time_ms=@-21m
  expect strong_proof_min = 1
  at -15m  payment  funding=balance merchant.merchant_id=m1 kind=in_app amount_minor=100 auth_ctx.session_auth=passkey auth_ctx.session_auth_time_ms=@-21m
  expect strong_proof_min = unknown
  at -10m  profile_change  field=factor_add factor=push_number_match auth_used=password
  at 0     login    auth_ctx.session_auth=push auth_ctx.session_auth_time_ms=@-1m
  expect strong_proof_min = unknown
  at 72h   login    auth_ctx.session_auth=passkey auth_ctx.session_auth_time_ms=@72h
  expect strong_proof_min = 0

story identity_proofs "When the customer last showed who he is, on this device"
  with any                    account_id=a1 device.device_id=d1
  with identity_verification  doc_hash=x1 name_hash=n1
  with login                  outcome=success
  at -9h  identity_verification  result=pass
  at -8h  identity_verification  result=fail
  at -6h  login
  expect hours_since_identity_proof = 3
  at 0    login  device.device_id=d2
  expect hours_since_identity_proof = unknown

story cards_held "An account that proved to hold a card"
  with any               account_id=a1 card.card_token=c1
  with card_link         card.network=visa
  with challenge_result  factor=three_ds_challenge result=passed
  at -91d  card_link         id=k1
  at -91d  challenge_result  ref_id=k1
  at -40d  card_link         id=k2
  at -40d  challenge_result  ref_id=k2 trans_status=N result=failed
  at -30d  card_link         id=k3
  at -30d  challenge_result  ref_id=k3 trans_status=Y
  at -20d  card_link         three_ds.trans_status=Y
  at -10d  card_link         id=k4 card.card_token=c2
  at -10d  challenge_result  ref_id=k4 factor=micro_amount card.card_token=c2
  at 0     card_link
  expect card_proof_count_90d = 2
  at 1m    card_link         account_id=a2
  expect card_proof_count_90d = 0

story failed_factors "Two different factors fail on one device within half an hour"
  with login             account_id=a1 device.device_id=d1 outcome=success
  with challenge_result  result=failed
  at -40m  login             id=l1
  at -40m  challenge_result  ref_id=l1 factor=passkey
  at -20m  challenge_result  ref_id=l1 factor=totp
  at -15m  challenge_result  ref_id=l1 factor=totp
  at -12m  challenge_result  ref_id=l1 factor=sms_otp result=abandoned
  at 0     login             id=l2
  expect challenge_failed_factors_30m = 1
  at 1m    challenge_result  ref_id=l2 factor=sms_otp
  at 2m    login
  expect challenge_failed_factors_30m = 2
  at 3m    login             device.device_id=d2
  expect challenge_failed_factors_30m = 0

story pumped_prefix "Fifty codes to one country in five minutes, four of which are answered, then a fifth"
  with login             account_id=a1 account.phone_country=KH outcome=success
  with challenge_issued  factor=sms_otp
  with challenge_result  factor=sms_otp result=passed
  at -4m  login             id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -3m  challenge_issued  ref_id=l1
  at -2m  challenge_result  ref_id=l1
  at -2m  challenge_result  ref_id=l1
  at -2m  challenge_result  ref_id=l1
  at -2m  challenge_result  ref_id=l1
  at -1m  login
  expect phone_prefix_pumping = false
  at -1m  challenge_issued  ref_id=l1
  at 0    login
  expect phone_prefix_pumping = true
  at 0    login             account.phone_country=TH
  expect phone_prefix_pumping = false
  at 1s   challenge_result  ref_id=l1
  at 2s   login
  expect phone_prefix_pumping = false
