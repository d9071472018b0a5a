# One story for each fraud typology, T01 to T24: what a crook does, and which rule answers.

story t01_card_testing "T01: Stolen cards from a list, one after the other on one account"
  with any        account_id=a1
  with card_link  card.name_match="none"
  at -40m  card_link  card.card_token=c1 cardholder_name_hash=n1
  at -30m  card_link  card.card_token=c2 cardholder_name_hash=n2
  at -20m  card_link  card.card_token=c3 cardholder_name_hash=n3
  at -10m  card_link  card.card_token=c4 cardholder_name_hash=n4
  expect rule card_names_differ hit
  at 0     card_link  card.card_token=c5 cardholder_name_hash=n5
  expect decline because ACCOUNT_LINK_VELOCITY

story t02_enumeration "T02: Card numbers are guessed, and the issuer knows none of them"
  with any          account_id=a1 device.device_id=d1
  with auth_result  outcome=declined de39="14" ref_type=card_link
  at -30m  card_link    id=l1 card.card_token=c1
  at -29m  auth_result  ref_id=l1 card.card_token=c1
  at -20m  card_link    id=l2 card.card_token=c2
  at -19m  auth_result  ref_id=l2 card.card_token=c2
  at -10m  card_link    id=l3 card.card_token=c3
  at -9m   auth_result  ref_id=l3 card.card_token=c3
  at 0     card_link    card.card_token=c4
  expect decline because INVALID_CARD_PROBING

story t03_fresh_wallet "T03: A stolen card in a fresh wallet, cashed out at the counter"
  with any      account_id=a1 account.created_ms=@-2h device.device_id=d1
  with payment  kind=merchant_qr_static currency=CNY funding=intl_card merchant.merchant_id=m1 merchant.mcc=5732
  at 0  payment  card.card_token=c1 card.linked_time_ms=@-20m card.name_match="none" amount_minor=120000 usd_minor=16800
  expect challenge because FRESH_CARD_SPEND
  expect factor three_ds_challenge offered

story t04_ticket "T04: A stolen card buys a stranger's ticket for tomorrow"
  with any      account_id=a1 account.created_ms=@-3d
  with payment  kind=travel currency=CNY funding=intl_card merchant.merchant_id=m1 merchant.mcc=4511
  at 0  payment  card.card_token=c1 card.linked_time_ms=@-5h amount_minor=250000 travel_departure_ms=@20h travel_pax_name_match="none"
  expect challenge because TRAVEL_LAST_MINUTE
  expect message MSG_VERIFY_CARD

story t05_takeover "T05: A phished account gets a new factor on a new phone, and its money leaves"
  with any  account_id=a1 account.created_ms=@-400d device.device_id=d9
  at -2h  login           outcome=success
  at -1h  profile_change  field=factor_add factor=totp
  at 0    transfer        amount_minor=150000 currency=CNY beneficiary_id=b1 funding=balance
  expect challenge because NEW_FACTOR_OUTFLOW
  expect action hold

story t06_relay "T06: A one-time code is typed into a false page and used from elsewhere"
  with any      account_id=a1 account.created_ms=@-400d device.device_id=d9 session_id=s9
  with payment  kind=in_app currency=CNY funding=intl_card merchant.merchant_id=m1 card.card_token=c1
  at -5m  login             id=l1 outcome=success
  at -4m  challenge_issued  ref_id=l1 challenge_id=h1 factor=sms_otp
  at -3m  challenge_result  ref_id=l1 challenge_id=h1 factor=sms_otp result=passed answer_ip_same=false
  at 0    payment           amount_minor=90000
  expect decline because OTP_RELAY
  expect action notify

story t07_sim_swap "T07: The number moves to another SIM, and a new phone signs in"
  with any  account_id=a1 account.created_ms=@-400d factors.sms_otp.enrolled_ms=@-300d factors.sms_otp.verified=true factors.passkey.enrolled_ms=@-300d
  at -2h  sim_signal  phone_hash=p1 last_sim_change_ms=@-6h
  at 0    login       device.device_id=d9 outcome=success
  expect challenge because SIM_RECENT_CHANGE
  expect factor sms_otp forbidden

story t08_stuffing "T08: A pair of name and password from a breach opens an account on a new device"
  with any  account_id=a1 account.created_ms=@-400d factors.passkey.enrolled_ms=@-300d
  at 0  login  device.device_id=d9 outcome=success auth_ctx.breached_password=true
  expect challenge because BREACHED_PASSWORD
  expect message MSG_CHANGE_PASSWORD

story t09_load_and_drain "T09: A pass is loaded with a little, then with ten times that"
  with any              account_id=a1
  with tour_pass_topup  pass_id=y1 currency=CNY card.card_token=c1 card.name_match=exact
  at -20m  tour_pass_topup  amount_minor=10000
  expect rule pass_test_load missed
  at 0     tour_pass_topup  amount_minor=100000
  expect challenge because PASS_TEST_LOAD

story t10_topup_laundering "T10: Balance sold below its price"
  with any  account_id=a1
  at 0  third_party_topup  intermediary_id=i1 intermediary_licence=agent amount_minor=100000 currency=CNY paid_minor=85000 paid_currency=CNY
  expect challenge because TOPUP_PRICE_ANOMALY
  expect action hold

story t11_mule "T11: Money comes in and goes on within minutes"
  at -20m  transfer  account_id=a9 beneficiary_id=a1 amount_minor=300000 currency=CNY funding=balance
  at 0     transfer  account_id=a1 beneficiary_id=b7 amount_minor=280000 currency=CNY funding=balance
  expect challenge because MULE_PASS_THROUGH
  expect action hold

story t12_envelope_ring "T12: The same money goes round a closed group in envelopes"
  with any  account_id=a1 currency=CNY group_id_hash=g1 funding=balance
  at -3d  red_envelope_send   amount_minor=300000
  at -2d  red_envelope_claim  envelope_id=v1 amount_minor=280000
  at -1d  red_envelope_send   amount_minor=300000
  at -2h  red_envelope_claim  envelope_id=v2 amount_minor=290000
  at 0    red_envelope_send   amount_minor=300000
  expect rule envelope_ring hit
  expect action limit

story t13_promo_farm "T13: A third account redeems the same coupon on one phone"
  with any               device.device_id=d1
  with promo_redemption  campaign_id=k1
  at -2d  promo_redemption  account_id=a1
  at -1d  promo_redemption  account_id=a2
  at 0    promo_redemption  account_id=a3
  expect decline because PROMO_MULTI_ACCOUNT

story t14_device_farm "T14: An emulator opens an account"
  at 0  account_open  account_id=a1 phone_hash=p1 device.device_id=d1 device.is_emulator=true
  expect decline because DEVICE_EMULATOR
  expect message MSG_DEVICE

story t15_rented_identity "T15: One passport verifies a fourth account"
  with identity_verification  doc_hash=x1 name_hash=n1 result=pass
  at -30d  identity_verification  account_id=a1
  at -20d  identity_verification  account_id=a2
  at -10d  identity_verification  account_id=a3
  at 0     identity_verification  account_id=a4
  expect decline because DOCUMENT_REUSED

story t05_own_push "T05: On a new phone he adds an approval of his own, and it says yes to the phone"
  with any  account_id=a1 account.created_ms=@-400d device.device_id=d2
  at -30m  login           outcome=success
  at -20m  profile_change  field=factor_add factor=push_number_match auth_used=password
  at -10m  profile_change  field=device_trust auth_used=push
  at 0     transfer        currency=CNY funding=balance amount_minor=500000 beneficiary_id=b1
  expect rule new_factor_outflow hit

story t16_bust_out "T16: After weeks of little, jewellery and phones until the card is empty"
  with any      account_id=a1 account.created_ms=@-90d
  with payment  kind=merchant_qr_dynamic currency=CNY funding=intl_card card.card_token=c1 merchant.mcc=5944 auth_ctx.session_auth=passkey auth_ctx.device_trusted_since_ms=@-80d
  at -40h  payment  amount_minor=130000 merchant.merchant_id=m1
  at -20h  payment  amount_minor=160000 merchant.merchant_id=m2
  at -2h   payment  amount_minor=210000 merchant.merchant_id=m3
  expect rule bust_out_series missed
  at 0     payment  amount_minor=240000 merchant.merchant_id=m4
  expect challenge because BUST_OUT_PATTERN

story t17_collusion "T17: The phones behind the counter pay at the counter"
  with merchant_update  merchant.merchant_id=m9 update=details_changed
  with payment          kind=merchant_qr_static currency=CNY funding=balance merchant.merchant_id=m9 amount_minor=8800
  at -3d  merchant_update  device.device_id=d1
  at -3d  merchant_update  device.device_id=d2
  at -2d  payment          account_id=a1 device.device_id=d1
  at -1d  payment          account_id=a2 device.device_id=d2
  at 0    payment          account_id=a3 device.device_id=d3
  expect rule merchant_collusion hit
  expect action delay_settlement

story t18_friendly "T18: Who disputed his own purchases comes again with the same card"
  with any      account_id=a1
  with payment  kind=in_app currency=CNY funding=intl_card merchant.merchant_id=m1 card.card_token=c1
  at -60d  payment  id=p1 amount_minor=300000
  at -5d   label    ref_id=p1 ref_type=payment label=fraud source=chargeback
  at 0     payment  amount_minor=50000
  expect decline because CARD_BLOCKLISTED
  expect action freeze_card

story t19_refund "T19: A purchase by card comes back as balance"
  with any      account_id=a1
  with payment  kind=in_app currency=CNY funding=intl_card merchant.merchant_id=m1 card.card_token=c1
  at -3d  payment  id=p1 amount_minor=200000
  at 0    refund   original_payment_id=p1 amount_minor=200000 currency=CNY to_instrument=balance
  expect challenge because REFUND_REDIRECT
  expect action hold

story t20_shared_credential "T20: The owner is in Paris, and ten minutes later a new phone signs in from Shanghai"
  with any  account_id=a1 account.created_ms=@-400d factors.passkey.enrolled_ms=@-300d
  at -10m  login  outcome=success device.device_id=d1 geo.lat=48.857 geo.lon=2.352 geo.source=gps
  at 0     login  outcome=success device.device_id=d9 geo.lat=31.230 geo.lon=121.474 geo.source=gps
  expect challenge because IMPOSSIBLE_TRAVEL

story t21_coached "T21: A voice on the phone talks a customer into a transfer"
  with any  account_id=a1 account.created_ms=@-400d device.device_id=d1
  at 0  transfer  amount_minor=200000 currency=CNY beneficiary_id=b1 funding=balance device.call_in_progress=true
  expect challenge because COACHED_TRANSFER
  expect action hold
  expect action warn

story t22_skimmed_code "T22: A payment code is photographed over a shoulder and used a minute later"
  with any  account_id=a1
  at 0  payment  kind=payment_code code_age_ms=75000 amount_minor=99900 currency=CNY funding=balance merchant.merchant_id=m1
  expect decline because PAYMENT_CODE_STALE
  expect message MSG_REFRESH_CODE

story t23_stolen_phone "T23: A thief puts his own finger on a stolen phone and goes shopping"
  with any  account_id=a1 account.created_ms=@-400d device.device_id=d1 factors.device_biometric.enrolled_ms=@-1h
  at 0  payment  kind=merchant_qr_static amount_minor=120000 usd_minor=16800 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 device.bio_enrolled_ms=@-1h
  expect challenge because BIOMETRIC_TOO_NEW
  expect factor device_biometric forbidden

story t24_sms_pumping "T24: Codes by text message that nobody ever types"
  with any               account_id=a1 factors.passkey.enrolled_ms=@-300d
  with challenge_issued  ref_id=r1 factor=sms_otp
  at -50m  challenge_issued  challenge_id=h1
  at -40m  challenge_issued  challenge_id=h2
  at -30m  challenge_issued  challenge_id=h3
  at -20m  challenge_issued  challenge_id=h4
  at -10m  challenge_issued  challenge_id=h5
  at 0     login             outcome=success
  expect challenge because SMS_PUMPING
  expect rule sms_pumping_account hit
