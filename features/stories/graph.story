# Who belongs together, where money goes, and what is unusual.

story shared_things "Accounts on one device and with one card"
  with any      account_id=a1
  with login    device.device_id=d1 outcome=success
  with payment  device.device_id=d2 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  at -91d     login        account_id=a9
  expect device_degree_accounts_90d = 0
  expect card_account_degree_90d = unknown
  at -90d     payment      account_id=a8
  expect card_account_degree_90d = 0
  at -89d     login        account_id=a2
  at -80d     login        account_id=a2
  at -70d     payment      account_id=a3
  at -50d     card_unlink  account_id=a4 card.card_token=c1
  at -40d     payment      account_id=a5
  at -30d     login        account_id=a6
  at -20d     login        account_id=a7 device.device_id=d3
  # A label is knowledge, not one more sight.
  at -10d     label        ref_id=e4 label=fraud
  # On the device a2 and a6; with the card a3, a4 and a5.
  at 0        payment      device.device_id=d1
  expect device_degree_accounts_90d = 2
  expect card_account_degree_90d = 3
  at 1m       login        device.device_id=none
  expect device_degree_accounts_90d = unknown

story company "Accounts that hang together over devices and cards"
  with account_open  phone_hash=h1
  with payment       amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  at -50h     account_open  account_id=a1 device.device_id=d1 account.created_ms=@-50h
  expect component_size_90d = 1
  expect component_fraud_count_90d = 0
  expect component_fraud_share_90d = (5 * 28bps) / (1 + 5)
  expect component_age_spread_h = unknown
  expect neighbour_fraud_2hop_90d = 0
  at -40h     account_open  account_id=a2 device.device_id=d1 account.created_ms=@-40h
  expect component_size_90d = 2
  # Its own opening is recorded with this event.
  expect component_age_spread_h = unknown
  at -20h     account_open  account_id=a3 device.device_id=d3 account.created_ms=@-20h
  at -10h     account_open  account_id=a4 device.device_id=d3 account.created_ms=@-10h
  at -9h      payment       account_id=a2 device.device_id=d2 card.card_token=c1
  # The card brings both pairs together: opened 50, 40, 20 and 10 hours ago, that is 20, 10, 10 and 20 from the mean.
  at -8h      payment       account_id=a3 device.device_id=d3 card.card_token=c1 id=p1
  expect component_size_90d = 4
  expect component_age_spread_h = sqrt(250)
  at -7h      payment       account_id=a4 device.device_id=d3 card.card_token=c4 id=p2
  at -6h      payment       account_id=a7 device.device_id=d7 card.card_token=c7 id=p3
  at -8h      label         ref_id=p1 label=fraud received=-1h
  at -7h      label         ref_id=p2 label=fraud received=-1h
  at -6h      label         ref_id=p3 label=fraud received=-1h
  # From a1 over d1 to a2 and over c1 to a3: two steps. With a4 it takes a third.
  at 0        payment       account_id=a1 device.device_id=d1 card.card_token=c9
  expect component_size_90d = 4
  expect component_fraud_count_90d = 2
  expect component_fraud_share_90d = (2 + 5 * 28bps) / (4 + 5)
  expect neighbour_fraud_2hop_90d = 1
  at 1m       payment       account_id=a2 device.device_id=d1 card.card_token=c9
  expect neighbour_fraud_2hop_90d = 2
  at 2m       payment       account_id=a8 device.device_id=d8 card.card_token=c8
  expect component_size_90d = 1
  expect component_fraud_count_90d = 0
  expect neighbour_fraud_2hop_90d = 0

story burnt "Frauds on the same device, card and document"
  with payment                account_id=a1 device.device_id=d1 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  with identity_verification  device.device_id=d5 doc_hash=x1 name_hash=n1 result=pass
  with label                  label=fraud
  at -200d    identity_verification  account_id=b1 id=i1
  expect document_reuse_fraud = 0
  expect neighbour_fraud_1hop_90d = 0
  at -200d    label    ref_id=i1
  at -90d     payment  id=p1 account_id=a9
  at -90d     label    ref_id=p1
  at -80d     payment  id=p2 account_id=a2 card.card_token=c2
  at -80d     label    ref_id=p2
  at -70d     payment  id=p3 account_id=a3 card.card_token=c3
  at -70d     label    ref_id=p3
  # Twice fraud, one account; and once innocent.
  at -60d     payment  id=p4 account_id=a3 card.card_token=c3
  at -60d     label    ref_id=p4
  at -50d     payment  id=p5 account_id=a4 card.card_token=c3
  at -50d     label    ref_id=p5 label=legit
  at -40d     payment  id=p6 account_id=a6 device.device_id=d6
  at -40d     label    ref_id=p6
  at -30d     identity_verification  account_id=b2 id=i2
  at -30d     label    ref_id=i2
  at -20d     identity_verification  account_id=b3 id=i3
  at -20d     label    ref_id=i3
  at -10d     identity_verification  account_id=b4 id=i4
  at -10d     label    ref_id=i4
  # On the device a2 and a3, with the card a6.
  at 0        payment
  expect neighbour_fraud_1hop_90d = 2
  expect document_reuse_fraud = unknown
  # With the document b2, b3 and b4, and b1 long ago.
  at 1h       identity_verification  account_id=a1 device.device_id=d8
  expect neighbour_fraud_1hop_90d = 3
  expect document_reuse_fraud = 4
  at 2h       payment  device.device_id=d8
  expect neighbour_fraud_1hop_90d = 1

story payees "Whether the beneficiary is a new one"
  with transfer  account_id=a1 beneficiary_id=b1 amount_minor=10000 currency=CNY
  with payment   account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  at -10d     transfer
  expect payee_is_new_edge = true
  expect payee_edge_age_days = 0
  at -4d      transfer
  at 0        transfer
  expect payee_is_new_edge = false
  expect payee_edge_age_days = 10
  at 1m       transfer  beneficiary_id=b2 beneficiary_first_seen_ms=@-30d
  expect payee_is_new_edge = false
  expect payee_edge_age_days = 30 + 1 / 1440
  at 2m       transfer  beneficiary_id=b3 beneficiary_first_seen_ms=@2m
  expect payee_is_new_edge = true
  expect payee_edge_age_days = 0
  at 3m       transfer  account_id=a2
  expect payee_is_new_edge = true
  expect payee_edge_age_days = 0
  at 4m       payment
  expect payee_is_new_edge = unknown
  expect payee_edge_age_days = unknown
  at 395d     transfer
  expect payee_edge_age_days = 400

story known_mule "A beneficiary of money that was stolen"
  with transfer  account_id=a1 beneficiary_id=b1 amount_minor=10000 currency=CNY
  with payment   account_id=a1 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  with label     label=fraud
  at -50d     payment
  at -40d     payment
  at -38d     transfer  id=t1
  # Of all card attempts one is seven days old.
  expect payee_fraud_inflow_share_30d = (20 * 28bps) / (1 + 20)
  at -36d     transfer  id=t2 base_minor=30000
  at -20d     transfer  id=t3
  at -8d      transfer  id=t4 base_minor=20000 account_id=a2
  at -6d      transfer  id=t5
  at -38d     label     ref_id=t1 received=-1d
  at -36d     label     ref_id=t2 received=-1d
  at -20d     label     ref_id=t3 received=-1d label=legit
  at -6d      label     ref_id=t5 received=-1d
  # All together 2 frauds for 2 card attempts. Received 300, 100 and 200 CNY, of which 300 are fraud.
  at 0        transfer  account_id=a3
  expect payee_fraud_inflow_share_30d = (30000 / 20000 + 20 * (2.056 / 22)) / (3 + 20)
  at 0        transfer  account_id=a3 beneficiary_id=b2
  expect payee_fraud_inflow_share_30d = 2.056 / 22
  at 0        payment
  expect payee_fraud_inflow_share_30d = unknown

story passing_through "Money comes in from many and goes out to others"
  with transfer  account_id=a1 beneficiary_id=b1 amount_minor=10000 currency=CNY
  with payment   account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  with refund    account_id=a1 amount_minor=5000 currency=CNY original_payment_id=p0
  at -21d     payment
  expect mule_fan_in_out_{24h,7d} = 0, 0
  expect mule_flow_balance_{24h,7d} = unknown, unknown
  expect counterparty_new_account_share_{7d,30d} = unknown, unknown
  at -20d     transfer  account_id=s4 beneficiary_id=a1 account.created_ms=@-21d
  at -7d      transfer  account_id=s5 beneficiary_id=a1 base_minor=70000
  at -7d      transfer  beneficiary_id=b5 base_minor=90000
  at -3d      transfer  account_id=s3 beneficiary_id=a1 base_minor=40000
  at -2d      transfer  beneficiary_id=b2 base_minor=30000
  at -10h     transfer  account_id=s1 beneficiary_id=a1 account.created_ms=@-1d
  at -9h      transfer  account_id=s2 beneficiary_id=a1 base_minor=20000 account.created_ms=@-100d
  at -8h      transfer  account_id=s1 beneficiary_id=a1 base_minor=1000 account.created_ms=@-1d
  at -4h      refund    to_instrument=balance
  at -3h      refund    to_instrument=original base_minor=3000
  at -2h      transfer
  at -1h      transfer
  at -1h      transfer  account_id=s1 beneficiary_id=b7
  # In a day from s1 and s2 to b1; in a week also from s3 and to b2.
  at 0        payment
  expect mule_fan_in_out_{24h,7d} = 2, 6
  # In a day 100 + 200 + 10 + 50 CNY came in and 200 went out; in a week 400 more and 300 more.
  expect mule_flow_balance_{24h,7d} = 1 - 160 / 560, 1 - 260 / 1260
  # In a week s1 of s1 and s2; in a month also s4. The age of s3 and s5 is not known.
  expect counterparty_new_account_share_{7d,30d} = 1/2, 2/3

story back_and_forth "Money that comes back"
  with transfer  account_id=a1 beneficiary_id=a2 amount_minor=10000 currency=CNY
  with payment   account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  at -31d     transfer  base_minor=99900
  expect reciprocity_30d = unknown
  expect ring_cycle_value_7d = 0
  at -20d     transfer  base_minor=30000
  at -8d      transfer  account_id=a2 beneficiary_id=a1 base_minor=5000
  at -6d      transfer  account_id=a2 beneficiary_id=a1
  at -5d      transfer  account_id=a3 beneficiary_id=a1
  # Sent 300 CNY, 150 came back. In the week 200 with this one, of which 100 came back.
  at 0        transfer  base_minor=20000
  expect reciprocity_30d = 1 - 150 / 450
  expect ring_cycle_value_7d = 10000
  at 1m       transfer  beneficiary_id=a4
  expect reciprocity_30d = unknown
  expect ring_cycle_value_7d = 0
  # Seen from the other side: 150 sent and 500 came back; in the week 600 with this one, of which 200 came back.
  at 1h       transfer  account_id=a2 beneficiary_id=a1 base_minor=50000
  expect reciprocity_30d = 1 - 350 / 650
  expect ring_cycle_value_7d = 20000
  at 2h       payment
  expect reciprocity_30d = unknown
  expect ring_cycle_value_7d = unknown

story newcomers "New accounts come from one address"
  with any           network.ip=1.2.3.4
  with account_open  phone_hash=h1
  with login         outcome=success
  at -2h      account_open  account_id=a5
  expect shared_ip_burst_1h = 0
  at -50m     login         account_id=a4 account.created_ms=@-3d
  at -30m     account_open  account_id=a2
  at -20m     login         account_id=a3 account.created_ms=@-5h
  at -10m     login         account_id=a3 account.created_ms=@-5h
  at -10m     login         account_id=a6
  at -5m      login         account_id=a7 account.created_ms=@-1h network.ip=5.6.7.8
  at 0        login         account_id=a1
  expect shared_ip_burst_1h = 2
  at 1m       login         account_id=a1 network.ip=5.6.7.8
  expect shared_ip_burst_1h = 1
  at 2m       login         account_id=a1 network.ip=none
  expect shared_ip_burst_1h = unknown

story one_phone_many_payers "Payers without a device of their own"
  with payment  amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  at -30d     payment  account_id=a8 device.device_id=d8
  expect merchant_device_overlap_30d = unknown
  at -29d     payment  account_id=a1 device.device_id=d1
  at -20d     payment  account_id=a2 device.device_id=d1
  at -10d     payment  account_id=a3 device.device_id=d1
  at -9d      payment  account_id=a4 device.device_id=d2
  at -8d      payment  account_id=a4 device.device_id=d2
  at -7d      payment  account_id=a5
  # Accounts a1 to a4 on d1 and d2.
  at 0        payment  account_id=a6
  expect merchant_device_overlap_30d = 0.5
  at 1m       payment  account_id=a1 device.device_id=d1 merchant.merchant_id=m2
  at 2m       payment  account_id=a1 device.device_id=d2 merchant.merchant_id=m2
  at 3m       payment  account_id=a1 device.device_id=d2 merchant.merchant_id=m2
  expect merchant_device_overlap_30d = 0

story odd_trade "A trade that the account does not visit"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  at -90d     payment  merchant.mcc=5812
  expect mdl_mcc_surprise = ln(300)
  at -50d     payment  merchant.mcc=5812
  at -40d     payment  merchant.mcc=5812
  at -30d     payment  merchant.mcc=5411
  at 0        payment  merchant.mcc=5812
  expect mdl_mcc_surprise = ln(303 / 3)
  at 1m       payment  merchant.mcc=5944
  expect mdl_mcc_surprise = ln(304 / 1)
  at 2m       payment
  expect mdl_mcc_surprise = unknown

story odd_amount "An amount that the account does not pay"
  with payment      account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  with auth_result  outcome=approved
  at -91d     payment      id=p0 base_minor=7
  expect amount_log_mean_90d = unknown
  expect account_amount_log_mean_90d = unknown
  expect account_amount_log_deviation_90d = unknown
  expect mdl_amount_surprise = unknown
  at -91d     auth_result  ref_id=p0
  at -80d     payment      id=p1
  at -80d     auth_result  ref_id=p1
  at -70d     payment      id=p2 base_minor=30000
  at -70d     auth_result  ref_id=p2
  at -60d     payment      id=p3 base_minor=40000 account_id=a2
  at -60d     auth_result  ref_id=p3
  at -50d     payment      id=p4 base_minor=9000000
  at -50d     auth_result  ref_id=p4 outcome=declined
  # Logarithms 9.210440 and 10.308986 of a1 and 10.596660 of a2.
  at 0        payment      base_minor=20000
  expect amount_log_mean_90d = (9.210440 + 10.308986 + 10.596660) / 3
  expect account_amount_log_mean_90d = (9.210440 + 10.308986 + 5 * (30.116086 / 3)) / 7
  # Variances 0.301701 of the account and 0.356796 of all, and how far their means, 9.759713 and 10.038695, are from 9.958986.
  expect account_amount_log_deviation_90d = 0.5974433451644804
  expect mdl_amount_surprise = 0.4081494652079024
  # An account without a past: as all together.
  at 1m       payment      base_minor=20000 account_id=a9
  expect account_amount_log_mean_90d = 30.116086 / 3
  expect account_amount_log_deviation_90d = 0.5973241752266706
  expect mdl_amount_surprise = 0.4292425838628258
  # The same amount over and over: a tenth is the least deviation.
  at 120d     payment      id=q1
  at 120d     auth_result  ref_id=q1
  at 121d     payment
  expect account_amount_log_deviation_90d = 0.1
  expect mdl_amount_surprise = ln(0.25066282746310002)

story guessing "Card numbers of one issuer range are guessed"
  with card_link    account_id=a1 card.card_token=c1 card.bin8="41111111" card.network=visa card.issuer_country=DE
  with auth_result  outcome=declined decline_class=hard_account de39="14"
  at -2d      card_link    id=k0
  expect mdl_bin_attack_state = normal
  at -4m      card_link    id=k1
  at -4m      auth_result  ref_id=k1
  at -4m      card_link    id=k2
  at -4m      auth_result  ref_id=k2
  at -4m      card_link    id=k3
  at -4m      auth_result  ref_id=k3
  at -4m      card_link    id=k4
  expect mdl_bin_attack_state = normal
  at -4m      auth_result  ref_id=k4
  at -4m      card_link    id=k5
  # Four before it, where none are usual.
  expect mdl_bin_attack_state = suspected
  at -4m      auth_result  ref_id=k5
  at -4m      card_link    id=k6
  at -4m      auth_result  ref_id=k6
  at -4m      card_link    id=k7
  at -4m      auth_result  ref_id=k7
  at -4m      card_link    id=k8
  at -4m      auth_result  ref_id=k8
  at -4m      card_link    id=k9
  at -4m      auth_result  ref_id=k9
  at -4m      card_link    id=k10
  at -4m      auth_result  ref_id=k10
  at -4m      card_link    id=k11
  at -4m      auth_result  ref_id=k11
  at -4m      card_link    id=k12
  at -4m      auth_result  ref_id=k12
  at -4m      card_link    id=k13
  at -4m      auth_result  ref_id=k13
  at -4m      card_link    id=k14
  at -4m      auth_result  ref_id=k14
  at -4m      card_link    id=k15
  at -4m      auth_result  ref_id=k15
  at -4m      card_link    id=k16
  at -4m      auth_result  ref_id=k16
  at -4m      card_link    id=k17
  at -4m      auth_result  ref_id=k17
  at -4m      card_link    id=k18
  at -4m      auth_result  ref_id=k18
  at -4m      card_link    id=k19
  at -4m      auth_result  ref_id=k19
  at -4m      card_link    id=k20
  at -4m      auth_result  ref_id=k20
  at -4m      card_link    id=k21
  at -4m      auth_result  ref_id=k21
  at -4m      card_link    id=k22
  at -4m      auth_result  ref_id=k22
  at -4m      card_link    id=k23
  at -4m      auth_result  ref_id=k23
  at -4m      card_link    id=k24
  at -4m      auth_result  ref_id=k24
  at -4m      card_link    id=k25
  at -4m      auth_result  ref_id=k25
  at -4m      card_link    id=k26
  at -4m      auth_result  ref_id=k26
  at -4m      card_link    id=k27
  at -4m      auth_result  ref_id=k27
  at -4m      card_link    id=k28
  at -4m      auth_result  ref_id=k28
  at -4m      card_link    id=k29
  at -4m      auth_result  ref_id=k29
  at -4m      card_link    id=k30
  at -4m      auth_result  ref_id=k30
  # 30 declines of 30: with the scheme's share (30 + 2.5) / 80 that makes (30 + 50 * 0.40625) / 80 = 0.629.
  at 0        card_link
  expect bin_decline_ratio_1h = (30 + 50 * 32.5 / 80) / 80
  expect mdl_bin_attack_state = attack
  at 1m       card_link    card.bin8="42222222"
  expect mdl_bin_attack_state = normal
  at 30m      card_link
  expect mdl_bin_attack_state = cool_down
  at 2h       card_link
  expect mdl_bin_attack_state = normal
  at 3h       card_link    card.bin8=none
  expect mdl_bin_attack_state = unknown

story rig "Phones set up alike"
  with payment  account_id=a1 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app device.device_id=d9 device.model=M1 device.os_version="14" device.app_build=100 device.language=zh-CN device.tz_offset_min=480
  with label    label=fraud
  at -38d     payment  id=p1 device.device_id=d1
  expect mdl_entity_embedding_rate_30d = 28bps
  at -36d     payment  id=p2 device.device_id=d2
  at -20d     payment  id=p3 device.device_id=d3
  at -15d     payment  id=p4 device.device_id=d4 device.model=M2
  at -14d     payment  id=p5 device.device_id=d5 device.os_version="15"
  at -13d     payment  id=p6 device.device_id=d6 device.app_build=101
  at -12d     payment  id=p7 device.device_id=d7 device.language=en-GB
  at -11d     payment  id=p8 device.device_id=d8 device.tz_offset_min=60
  at -8d      payment  id=p9 device.device_id=d10
  at -6d      payment  id=p10 device.device_id=d11
  at -38d     label    ref_id=p1 received=-1d
  at -36d     label    ref_id=p2 received=-1d
  at -15d     label    ref_id=p4 received=-1d
  at -14d     label    ref_id=p5 received=-1d
  at -13d     label    ref_id=p6 received=-1d
  at -12d     label    ref_id=p7 received=-1d
  at -11d     label    ref_id=p8 received=-1d
  at -8d      label    ref_id=p9 received=-1d
  at -6d      label    ref_id=p10 received=-1d
  # All together 8 frauds of 9 attempts; on phones alike 2 of 3.
  at 0        payment
  expect mdl_entity_embedding_rate_30d = (2 + 20 * (8.056 / 29)) / (3 + 20)
  at 1m       payment  device.model=none
  expect mdl_entity_embedding_rate_30d = unknown
