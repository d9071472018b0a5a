# One story for each honest pattern that looks like fraud, L01 to L18: what tells it apart, and the rule that stays silent.

story l01_landed "L01: A tourist just landed pays a few small sums through a VPN"
  with any      account_id=a1 account.created_ms=@-5h account.kyc_level=3 device.device_id=d1 network.ip=192.0.2.7 network.ip_usage=hosting network.is_vpn=true
  with payment  kind=merchant_qr_static currency=CNY funding=intl_card card.card_token=c1 card.name_match=exact card.linked_time_ms=@-3h
  at -1h  payment  amount_minor=3800 usd_minor=530 merchant.merchant_id=m1
  at 0    payment  amount_minor=6200 usd_minor=870 merchant.merchant_id=m2
  expect rule hosting_network missed
  expect approve

story l01_small "L01: A tourist without a passport shown flew in and pays for noodles"
  with any      account_id=a1 account.created_ms=@-20d account.kyc_level=1 device.device_id=d1 device.roaming=true account.phone_country=DE
  with payment  kind=merchant_qr_static currency=CNY funding=intl_card card.card_token=c1 card.name_match=exact card.linked_time_ms=@-9d merchant.merchant_id=m1
  at -20h  login    outcome=success geo.lat=50.05 geo.lon=8.57 geo.accuracy_m=20 geo.source=fused geo.fix_age_s=5
  at -30s  payment  amount_minor=3000 geo.lat=31.15 geo.lon=121.80 geo.accuracy_m=20 geo.source=fused geo.fix_age_s=5
  at 30s   payment  amount_minor=3800 geo.lat=31.40 geo.lon=121.50 geo.accuracy_m=20 geo.source=fused geo.fix_age_s=5
  expect plausible_arrival = true
  expect rule impossible_travel_spend suppressed
  expect approve

story l01_mocked "L01: His phone makes up its position; he showed his passport to it today, and the card bears his name"
  with any      account_id=a1 device.device_id=d1 device.mock_location=true account.kyc_level=3
  with payment  kind=payment_code currency=CNY funding=intl_card card.card_token=c1 card.name_match=exact card.linked_time_ms=@-2h merchant.merchant_id=m1 amount_minor=4200
  at -3h  identity_verification  result=pass doc_hash=h1 name_hash=n1
  at 0    payment
  expect rule location_spoofed missed
  expect rule location_spoofed_fresh_card missed
  expect rule location_spoofed_named_card hit
  at 1m   challenge_result  ref_id=e2 challenge_id=h1 factor=three_ds_challenge result=passed
  at 1h   payment
  expect rule location_spoofed_named_card missed

story l02_prepared "L02: Who linked the card at home pays days later, and not little"
  with any  account_id=a1 account.created_ms=@-9d account.kyc_level=3 device.device_id=d1
  at -6d  card_link  card.card_token=c1 card.name_match=weak
  at 0    payment    kind=in_app currency=CNY funding=intl_card amount_minor=120000 usd_minor=16800 merchant.merchant_id=m1 card.card_token=c1 card.name_match=weak card.linked_time_ms=@-6d
  expect rule fresh_card_spend missed
  expect approve

story l03_local_sim "L03: A local card goes into the phone that the account knows"
  with any  account_id=a1 account.created_ms=@-90d device.device_id=d1
  at -30d  login       outcome=success
  at -3h   sim_signal  phone_hash=p1 last_sim_change_ms=@-4h
  at 0     login       outcome=success
  expect rule sim_recent_change missed
  expect approve

story l03_trusted "L03: The same, where the wallet has trusted the phone for longer than anybody here remembers"
  with any    account_id=a1 account.created_ms=@-400d
  with login  outcome=success
  at -3h  sim_signal  phone_hash=p1 last_sim_change_ms=@-4h
  at 0    login       device.device_id=d1 auth_ctx.device_trusted_since_ms=@-90d
  expect rule sim_recent_change missed
  at 1m   login       device.device_id=d2
  expect rule sim_recent_change hit

story l04_new_phone "L04: The old phone says yes to the new one"
  with any      account_id=a1 account.created_ms=@-400d
  with payment  kind=in_app currency=CNY funding=intl_card merchant.merchant_id=m1 card.card_token=c1
  at -3h   profile_change    device.device_id=d1 field=password
  at -2h   challenge_result  ref_id=r1 challenge_id=h1 factor=push_number_match result=passed answer_device_same=false
  at 0     payment           device.device_id=d2 amount_minor=100000 usd_minor=14000
  expect rule reset_then_spend suppressed
  expect approve

story l04_by_push "L04: The password is in a breach; the new phone was let in by the old one, without it"
  with any  account_id=a1 account.created_ms=@-400d auth_ctx.breached_password=true
  at -9d  login  device.device_id=d1 outcome=success
  at 0    login  device.device_id=d2 outcome=success method=push
  expect rule breached_password missed
  at 1m   login  device.device_id=d3 outcome=success method=password
  expect rule breached_password hit

story l04_to_mother "L04: The old phone is lost, and from the new one money goes to whom it always went"
  with any       account_id=a1 account.created_ms=@-400d
  with transfer  currency=CNY funding=balance amount_minor=50000
  at -30d  transfer        device.device_id=d1 beneficiary_id=mother
  at -2h   login           device.device_id=d2 outcome=success method=password
  at -1h   profile_change  device.device_id=d2 field=factor_add factor=device_biometric auth_used=pin
  at 0     transfer        device.device_id=d2 beneficiary_id=mother
  expect rule new_factor_outflow missed
  at 30s   withdrawal      device.device_id=d2 currency=CNY amount_minor=50000 dest_added_ms=@-90d
  expect rule new_factor_outflow missed
  at 40s   withdrawal      device.device_id=d2 currency=CNY amount_minor=50000 dest_added_ms=@-10m
  expect rule new_factor_outflow hit
  at 1m    transfer        device.device_id=d2 beneficiary_id=stranger
  expect rule new_factor_outflow hit
  at 2m    transfer        device.device_id=d2 beneficiary_id=stranger
  expect rule new_factor_outflow hit

story l05_rooted "L05: A newcomer with a phone of his own making links his card: his issuer says whether it is he"
  with any  account_id=a1 account.created_ms=@-2h device.device_id=d1 device.is_rooted=true
  at 0  card_link  card.card_token=c1 card.name_match=exact cardholder_name_hash=n1
  expect rule device_rooted_young_card hit
  expect challenge because DEVICE_TAMPERED

story l05_retry "L05: The bank says no, and the customer tries his two cards in turn"
  with any        account_id=a1 device.device_id=d1
  with card_link  cardholder_name_hash=n1 card.name_match=exact card.issuer_country=DE
  at -40m  card_link    id=l1 card.card_token=c1
  at -39m  auth_result  ref_id=l1 ref_type=card_link card.card_token=c1 outcome=declined de39="57"
  at -30m  card_link    card.card_token=c2
  at -20m  card_link    card.card_token=c1
  at -10m  card_link    card.card_token=c2
  at 0     card_link    card.card_token=c1
  expect rule account_link_velocity suppressed
  expect approve

story l02_her_card "L02: His pass is loaded with her card: her issuer is asked, once his passport is known"
  with any              account_id=a1
  with tour_pass_topup  pass_id=y1 currency=CNY card.card_token=c1 card.name_match="none" amount_minor=50000
  at -1d  tour_pass_topup  account.kyc_level=1
  expect decline because PASS_OWNER_MISMATCH
  at 0    tour_pass_topup  account.kyc_level=3
  expect challenge because PASS_OWNER_MISMATCH
  expect factor three_ds_challenge offered

story l04_card_abroad "L04: His card was misused elsewhere; on his new phone his passport says that it is he, and then his issuer"
  with any      account_id=a1 account.created_ms=@-400d account.kyc_level=3 card.card_token=c1 card.name_match=exact card.linked_time_ms=@-300d
  with payment  kind=merchant_qr_dynamic currency=CNY funding=intl_card merchant.merchant_id=m1 amount_minor=5000
  at -9d  payment                id=p1 account_id=thief card.linked_time_ms=@-10d
  at -5d  label                  ref_id=p1 ref_type=payment label=fraud source=chargeback
  at -2h  payment                device.device_id=d2
  expect decline because CARD_BLOCKLISTED
  at -1h  identity_verification  device.device_id=d2 doc_hash=k1 name_hash=n1 result=pass
  at 0    payment                device.device_id=d2
  expect challenge because CARD_COMPROMISED_LIST

story l05_two_names "L05: His own cards and one of his wife's, and no passport yet"
  with any        account_id=a1 account.kyc_level=1 device.device_id=d1
  with card_link  card.issuer_country=DE
  at -40m  card_link    id=l1 card.card_token=c1 cardholder_name_hash=n1 card.name_match=exact
  at -39m  auth_result  ref_id=l1 ref_type=card_link card.card_token=c1 outcome=declined de39="57"
  at -30m  card_link    card.card_token=c2 cardholder_name_hash=n2 card.name_match=weak
  at -20m  card_link    card.card_token=c3 cardholder_name_hash=n1 card.name_match=exact
  at -15m  card_link    card.card_token=c1 cardholder_name_hash=n1 card.name_match=exact
  at -10m  card_link    card.card_token=c3 cardholder_name_hash=n1 card.name_match=exact
  at 0     card_link    card.card_token=c1 cardholder_name_hash=n1 card.name_match=exact
  expect rule device_many_cards missed
  expect rule account_link_velocity suppressed

story l05_hers "L05: She showed her passport and tries a card in her husband's name again and again: his issuer is asked"
  with any        account_id=a1 account.kyc_level=3 device.device_id=d1
  with card_link  card.issuer_country=DE card.card_token=c1 cardholder_name_hash=n2 card.name_match="none"
  at -40m  card_link
  at -30m  card_link
  at -20m  card_link
  at -10m  card_link
  at 0     card_link
  expect rule account_link_velocity missed
  expect challenge because ACCOUNT_LINK_VELOCITY
  expect factor three_ds_challenge offered

story l06_family "L06: One phone pays for a family of four"
  with payment  kind=payment_code currency=CNY funding=balance merchant.merchant_id=m1 device.device_id=d1 amount_minor=4500
  at -30m  payment  account_id=a1
  at -20m  payment  account_id=a2
  at -10m  payment  account_id=a3
  at 0     payment  account_id=a4
  expect rule device_many_accounts missed
  expect approve

story l07_golden_week "L07: In the Golden Week every shop has its best hour"
  with any  account_id=a1
  at 80d  payment  kind=merchant_qr_static currency=CNY funding=balance amount_minor=8800 merchant.merchant_id=m1 merchant.country=CN
  expect peak_times_merchant = 2
  expect peak_times_envelope = 3
  expect approve

story l08_outage "L08: The issuer is down, and three customers' links fail on one phone"
  with any            account_id=a1 device.device_id=d1
  with card_link      card.issuer_id=i1
  with issuer_health  card.issuer_id=i1
  at -1h   issuer_health  health=outage
  at -20m  card_link      id=l1 card.card_token=c1
  at -19m  auth_result    ref_id=l1 ref_type=card_link card.card_token=c1 outcome=declined de39="91"
  at 0     card_link      card.card_token=c1
  expect issuer_outage_flag = true
  expect rule invalid_card_probing missed
  expect approve

story l09_fee_splitter "L09: A lunch of 950 CNY is paid in five parts below the fee"
  with any      account_id=a1
  with payment  kind=merchant_qr_static currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 amount_minor=19500
  at -4m  payment
  at -3m  payment
  at -2m  payment
  at -1m  payment
  at 0    payment
  expect rule structuring suppressed
  expect approve

story l10_luxury "L10: One watch, thirty times the usual sum, on the phone of months"
  with any      account_id=a1 account.created_ms=@-200d account.kyc_level=3 device.device_id=d1 auth_ctx.device_trusted_since_ms=@-100d
  with payment  currency=CNY funding=intl_card card.card_token=c1 card.name_match=exact kind=merchant_qr_dynamic
  at -20d  login    outcome=success
  at 0     payment  amount_minor=3000000 usd_minor=420000 merchant.merchant_id=m2 merchant.mcc=5944
  expect rule amount_unusual missed
  expect rule bust_out_series missed
  expect approve

story l11_business "L11: A business traveller in a hotel's VPN with the company's card"
  with any  account_id=a1 account.created_ms=@-700d account.kyc_level=3 network.ip=192.0.2.7 network.ip_usage=hosting network.is_vpn=true
  at 0  payment  kind=in_app currency=CNY funding=intl_card amount_minor=60000 usd_minor=8400 merchant.merchant_id=m1 card.card_token=c1 card.name_match=weak card.linked_time_ms=@-300d
  expect rule hosting_network missed
  expect approve

story l12_campus "L12: A campus signs in from one address, and somebody mistypes"
  with login  network.ip=192.0.2.7 network.ip_usage=education
  at -3m  login  account_id=a1 outcome=success
  at -2m  login  account_id=a2 outcome=bad_password
  at -1m  login  account_id=a3 outcome=success
  at 0    login  account_id=a2 outcome=success
  expect rule credential_stuffing missed
  expect rule login_brute_force missed
  expect approve

story l13_hongbao "L13: Good wishes go to and fro in the family's group"
  with any  account_id=a1 currency=CNY group_id_hash=g1 funding=balance
  at -2h  red_envelope_claim  envelope_id=v1 amount_minor=6600 latency_ms=9000
  at -1h  red_envelope_send   amount_minor=8800
  at 0    red_envelope_claim  envelope_id=v2 amount_minor=52000 latency_ms=4000
  expect rule envelope_bot missed
  expect rule envelope_ring missed
  expect approve

story l14_tickets "L14: Tickets for friends, weeks ahead"
  with any  account_id=a1 account.created_ms=@-300d
  at 0  payment  kind=travel currency=CNY funding=intl_card amount_minor=250000 merchant.merchant_id=m1 card.card_token=c1 card.linked_time_ms=@-100d travel_departure_ms=@35d travel_pax_name_match="none"
  expect rule travel_last_minute missed
  expect approve

story l15_old_phone "L15: An old phone with the last app that it can run links a card"
  with any  device.os=android
  at -300d  login      account_id=a9 device.device_id=d9 device.app_build=5000 outcome=success
  at -60d   login      account_id=a9 device.device_id=d9 device.app_build=5600 outcome=success
  at -40d   login      account_id=a1 device.device_id=d1 device.app_build=5000 outcome=success
  at 0      card_link  account_id=a1 device.device_id=d1 device.app_build=5000 card.card_token=c1
  expect app_version_lag_count = 600
  expect rule app_outdated missed
  expect approve

story l16_night "L16: Noodles at three in the morning, local time, after a flight"
  with any  account_id=a1 account.created_ms=@-30d account.kyc_level=3
  at -9h  payment  kind=payment_code currency=CNY funding=intl_card amount_minor=4200 usd_minor=590 merchant.merchant_id=m1 merchant.country=CN merchant.mcc=5812 card.card_token=c1 card.name_match=exact card.linked_time_ms=@-20d
  expect approve

story l17_mixed "L17: A Chinese number, a card of the United States, a passport of Hong Kong, for years"
  with any  account_id=a1 account.created_ms=@-900d account.kyc_level=4 account.phone_country=CN account.nationality=HK device.device_id=d1 device.sim_country=CN network.ip=192.0.2.7 network.ip_country=CN geo.lat=31.230 geo.lon=121.474
  at 0  payment  kind=in_app currency=CNY funding=intl_card amount_minor=30000 usd_minor=4200 merchant.merchant_id=m1 card.card_token=c1 card.issuer_country=US card.name_match=exact card.linked_time_ms=@-600d
  expect rule location_inconsistent missed
  expect approve

story l18_update "L18: A phone shows a new fingerprint after its update"
  with any  account_id=a1 device.device_id=d1
  at -5h  login  outcome=success device.fp_hash=f1
  at -2h  login  outcome=success device.fp_hash=f2
  at 0    login  outcome=success device.fp_hash=f2
  expect device_fp_churn_count_24h = 2
  expect rule fingerprint_churn missed
  expect approve
