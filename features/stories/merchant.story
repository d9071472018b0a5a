# Who merchants are, what becomes of payments there, who pays and with what.

story onboarding "How long the merchant is known"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=balance kind=in_app
  at 0        payment          merchant.merchant_id=m1 merchant.onboarded_ms=@-10d
  expect merchant_age_days = 10
  at 0        payment          merchant.merchant_id=m1
  expect merchant_age_days = unknown
  at 1d       merchant_update  merchant.merchant_id=m2 update=onboarded
  at 2d       merchant_update  merchant.merchant_id=m2 update=details_changed
  at 3d12h    payment          merchant.merchant_id=m2
  expect merchant_age_days = 2.5

story fraud "Payments that became known as fraud"
  with payment  account_id=a1 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  with label    label=fraud
  at -98d     payment  id=p0
  expect merchant_fraud_rate_{7d,30d,90d} = 28bps, 28bps, 28bps
  expect merchant_fraud_rate_amount_30d = 28bps
  at -96d     payment  id=p1
  at -90d     payment
  at -50d     payment  merchant.merchant_id=m2
  at -36d     payment  id=p3 base_minor=40000
  at -20d     payment  id=p4 base_minor=20000
  at -13d     payment  id=p5
  at -10d     payment
  at -5d      payment  id=p7
  at -98d     label    ref_id=p0 received=-1d
  at -96d     label    ref_id=p1 received=-1d
  at -36d     label    ref_id=p3 received=-1d
  at -20d     label    ref_id=p4 label=legit received=-1d
  at -13d     label    ref_id=p5 received=-1d
  # Known, but less than seven days old.
  at -5d      label    ref_id=p7 received=-1d
  # All together: 3 of 7 card attempts, so (3 + 20 * 28bps) / (7 + 20).
  at 0        payment
  expect merchant_fraud_rate_{7d,30d,90d} = (1 + 20 * 3.056 / 27) / 22, (2 + 20 * 3.056 / 27) / 24, (3 + 20 * 3.056 / 27) / 26
  # 400 and 100 CNY of payments of 200 CNY on average.
  expect merchant_fraud_rate_amount_30d = (2.5 + 20 * 3.056 / 27) / 24
  at 0        payment  merchant.merchant_id=m3
  expect merchant_fraud_rate_{7d,30d,90d} = 3.056 / 27, 3.056 / 27, 3.056 / 27
  expect merchant_fraud_rate_amount_30d = 3.056 / 27

story disputes "Disputes come a month after their payments"
  with payment  account_id=a1 card.card_token=c1 amount_minor=10000 currency=CNY funding=intl_card merchant.merchant_id=m1 kind=in_app
  with dispute  stage=chargeback
  at -121d    payment  payment_id=t0
  expect dispute_rate_90d = 30bps
  expect merchant_dispute_rate_90d = 30bps
  at -119d    payment  payment_id=t1
  at -91d     dispute  payment_id=t0
  at -89d     dispute  payment_id=t1 stage=early_warning
  at -60d     payment  payment_id=t2
  at -60d     dispute  payment_id=t1
  at -50d     payment  payment_id=t3 merchant.merchant_id=m2
  at -31d     payment  payment_id=t4
  at -29d     payment  payment_id=t5
  at -20d     dispute  payment_id=t2 stage=retrieval
  at -10d     dispute  payment_id=t2 stage=won
  at -1d      dispute  payment_id=t4
  # At the merchant: t1 twice and t4, of t1, t2 and t4. All together: 3 of 4.
  at 0        payment  payment_id=t6
  expect dispute_rate_90d = (3 + 20 * 30bps) / (4 + 20)
  expect merchant_dispute_rate_90d = (3 + 20 * 3.06 / 24) / (3 + 20)
  at 0        payment  payment_id=t7 merchant.merchant_id=m2
  expect merchant_dispute_rate_90d = (20 * 3.06 / 24) / (1 + 20)

story trade "What is paid at a merchant, by whom, when, and how"
  with payment      account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 merchant.country=CN kind=in_app card.card_token=c1 account.created_ms=@-400d
  with auth_result  outcome=approved
  with refund       account_id=a1 amount_minor=1000 currency=CNY
  # Thirty days before zero: in no window there.
  at -30d     payment      id=p0 base_minor=999900 funding=intl_card
  expect merchant_refund_rate_{7d,30d} = unknown, unknown
  expect merchant_amount_mean_30d = unknown
  expect merchant_burst_ratio_1h = 0
  expect merchant_foreign_card_share_{24h,30d} = unknown, unknown
  expect merchant_foreign_share_shift = unknown
  expect merchant_new_account_share_{24h,7d} = unknown, unknown
  expect merchant_night_share_7d = unknown
  expect merchant_round_share_{7d,30d} = unknown, unknown
  expect merchant_payer_hhi_{7d,30d} = unknown, unknown
  at -30d     auth_result  ref_id=p0
  at -29d     payment      id=p1 base_minor=20000
  at -25d     refund       original_payment_id=p1
  at -20d     payment      id=p2 account_id=a2 base_minor=50000 funding=intl_card account.created_ms=@-21d
  at -6d      payment      id=p3 base_minor=60000 funding=intl_card
  at -6d      auth_result  ref_id=p3
  # Midnight there.
  at -5d12h   payment      id=p4 account_id=a3 base_minor=10050 funding=intl_card account.created_ms=@-10d
  at -5d12h   auth_result  ref_id=p4 outcome=declined
  at -3d      refund       original_payment_id=p3
  at -20h     payment      id=p5 account_id=a3 base_minor=70000 funding=intl_card account.created_ms=@-10d
  at -20h     auth_result  ref_id=p5 outcome=partial
  # Four in the morning there; a round amount, but a small one.
  at -8h      payment      id=p6 account_id=a4 base_minor=10000 funding=intl_card account.created_ms=@-1d
  # Five in the morning is no night.
  at -7h      payment      id=p7 base_minor=30050
  at -40m     refund       original_payment_id=p5
  at -30m     payment      id=p8 account_id=a5 base_minor=100050 funding=domestic_card account.created_ms=none
  at -20m     payment      id=q1 merchant.merchant_id=m2 base_minor=70000 funding=intl_card
  at 0        payment
  expect merchant_refund_rate_{7d,30d} = 2/6, 3/8
  expect merchant_amount_mean_30d = 65000
  expect merchant_burst_ratio_1h = 1 / (8 / 720 + 1)
  expect merchant_foreign_card_share_{24h,30d} = 2/4, 5/8
  expect merchant_foreign_share_shift = -0.125
  # In a day a4 of a1, a3 and a4; in a week also a3, whose account was young on the first of two payments.
  expect merchant_new_account_share_{24h,7d} = 1/3, 2/3
  expect merchant_night_share_7d = 2/6
  expect merchant_round_share_{7d,30d} = 2/6, 3/8
  # Payments of a1, a3, a4 and a5: 2, 2, 1 and 1; in 30 days 3, 2, 1, 1 and one of a2.
  expect merchant_payer_hhi_{7d,30d} = 10/36, 16/64
  at 0        payment      merchant.merchant_id=m2 merchant.country=none
  expect merchant_payer_hhi_7d = 1
  expect merchant_burst_ratio_1h = 1 / (1 / 720 + 1)

story loyalty "The account has been here before"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 merchant.country=CN kind=in_app
  at -91d     payment  merchant.merchant_id=m3
  expect merchant_payer_repeat_days_30d = 0
  expect account_merchant_first_time = true
  at -30d     payment
  at -29d     payment
  expect account_merchant_first_time = false
  # Yesterday evening in China, then twice on the day that in Greenwich begins at eight in the morning there.
  at -13h     payment
  at -11h     payment
  at -1h      payment
  at -30m     payment  account_id=a2 merchant.merchant_id=m4
  at 0        payment
  expect merchant_payer_repeat_days_30d = 3
  expect account_merchant_first_time = false
  at 0        payment  merchant.merchant_id=m3
  expect merchant_payer_repeat_days_30d = 0
  expect account_merchant_first_time = true
  at 0        payment  merchant.merchant_id=m4
  expect account_merchant_first_time = true
  at 1m       login    account_id=a1 outcome=success
  expect account_merchant_first_time = unknown
  expect merchant_payer_repeat_days_30d = unknown

story trades "Trade, payment code and settlement of a merchant"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  at 0        payment  merchant.mcc=5944 merchant.personal_qr=true merchant.settlement=t0
  expect merchant_mcc_risk = 3
  expect merchant_personal_qr = true
  expect merchant_settlement_speed = 2
  at 0        payment  merchant.mcc=4722 merchant.personal_qr=false merchant.settlement=t1
  expect merchant_mcc_risk = 2
  expect merchant_personal_qr = false
  expect merchant_settlement_speed = 1
  at 0        payment  merchant.mcc=7011 merchant.settlement=tN
  expect merchant_mcc_risk = 1
  expect merchant_personal_qr = unknown
  expect merchant_settlement_speed = 0
  at 0        payment  merchant.mcc=5411
  expect merchant_mcc_risk = 0
  expect merchant_settlement_speed = unknown
  at 0        payment
  expect merchant_mcc_risk = unknown

story own_counter "Who runs the merchant pays there too, and payment codes change"
  with payment          account_id=a1 device.device_id=d1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=merchant_qr_static
  with merchant_update  device.device_id=d1 merchant.merchant_id=m1
  at -31d     merchant_update  update=details_changed device.device_id=d9
  at -30d     merchant_update  update=qr_reissued device.device_id=d3
  at -30d     payment
  expect merchant_shared_device_count_30d = 0
  expect merchant_qr_reissue_count_{7d,30d} = 1, 1
  at -29d     merchant_update  update=qr_reissued
  at -10d     merchant_update  update=relocated device.device_id=d2
  at -7d      merchant_update  update=qr_reissued device.device_id=none
  at -6d      merchant_update  update=qr_reissued
  at -5d      payment
  at -4d      payment          device.device_id=d3
  at -3d      payment          device.device_id=d9
  at -2d      payment
  at -1d      payment          device.device_id=d2 merchant.merchant_id=m2
  # Run from d1 and d2, paid from d1, d3 and d9.
  at 0        payment
  expect merchant_shared_device_count_30d = 1
  expect merchant_qr_reissue_count_{7d,30d} = 1, 3
  at 1m       payment          device.device_id=d2
  at 2m       payment
  expect merchant_shared_device_count_30d = 2
  at 2d       payment
  expect merchant_qr_reissue_count_{7d,30d} = 0, 2
