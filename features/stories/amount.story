# Amounts. Zero is 2026-07-15T04:00Z, noon in China.

story account_baseline "An account's approved amounts over 30 and 90 days"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at -90d1m   payment  amount_minor=999999 id=p0
  expect account_amount_mean_{30d,90d} = unknown, unknown
  expect account_amount_std_{30d,90d} = unknown, unknown
  expect account_amount_zscore_{30d,90d} = unknown, unknown
  expect account_amount_ratio_mean_{30d,90d} = unknown, unknown
  expect account_amount_ratio_max_90d = unknown
  expect account_amount_quantile_90d = unknown
  expect account_amount_cv_30d = unknown
  at -90d     auth_result  ref_id=p0 outcome=approved
  # The window of 30 days begins after the approval, which is exactly as old.
  at -60d     payment  amount_minor=30000 id=p1
  expect account_amount_mean_{30d,90d} = unknown, 999999
  expect account_amount_std_{30d,90d} = unknown, 0
  expect account_amount_zscore_{30d,90d} = unknown, unknown
  expect account_amount_ratio_mean_{30d,90d} = unknown, 30000 / 999999
  expect account_amount_ratio_max_90d = 30000 / 999999
  at -60d     auth_result  ref_id=p1 outcome=partial
  at -30d1m   payment  amount_minor=10000 id=p2
  at -30d     auth_result  ref_id=p2 outcome=approved
  at -20d     payment  amount_minor=20000 id=p3
  at -20d     auth_result  ref_id=p3 outcome=approved
  at -10d     payment  amount_minor=40000 id=p4
  expect account_amount_quantile_90d = unknown
  expect account_amount_cv_30d = unknown
  at -10d     auth_result  ref_id=p4 outcome=approved
  at -9d      payment  amount_minor=70000 id=p5
  at -9d      auth_result  ref_id=p5 outcome=declined
  at -2d      payment  amount_minor=30000 id=p6
  expect account_amount_cv_30d = sqrt(1400) / 70
  at -2d      auth_result  ref_id=p6 outcome=approved
  # Another account's approvals are not this one's.
  at -1d      payment  account_id=a2 amount_minor=5000 id=p7
  at -1d      auth_result  account_id=a2 ref_id=p7 outcome=approved
  # 30 days: 20,000 40,000 30,000; 90 days: also 30,000 and 10,000.
  at 0        payment  amount_minor=50000 usd_minor=7000
  expect amount_log = ln(50001)
  expect amount_usd = 70
  expect account_amount_mean_{30d,90d} = 30000, 26000
  expect account_amount_std_{30d,90d} = sqrt(200000000 / 3), sqrt(104000000)
  expect account_amount_zscore_{30d,90d} = 20000 / sqrt(200000000 / 3), 24000 / sqrt(104000000)
  expect account_amount_ratio_mean_{30d,90d} = 5 / 3, 25 / 13
  expect account_amount_ratio_max_90d = 1.25
  expect account_amount_quantile_90d = 1
  expect account_amount_cv_30d = sqrt(200000000 / 3) / 30000
  # Two of five are below, two are equal.
  at 1m       payment  amount_minor=30000
  expect account_amount_quantile_90d = 0.6
  expect account_amount_zscore_{30d,90d} = 0, 4000 / sqrt(104000000)
  at 2m       login  outcome=success
  expect amount_log = unknown
  expect amount_usd = unknown
  expect account_amount_quantile_90d = unknown
  expect account_amount_ratio_max_90d = unknown

story least_spread "Equal amounts have the spread of a tenth of their mean, and of 5 CNY at least"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=10000 funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at -5h   payment  id=p1
  at -5h   auth_result  ref_id=p1 outcome=approved
  at -4h   payment  id=p2
  at -4h   auth_result  ref_id=p2 outcome=approved
  at -3h   payment  id=p3
  expect account_amount_zscore_30d = unknown
  expect card_amount_zscore_90d = unknown
  expect merchant_amount_zscore_30d = unknown
  at -3h   auth_result  ref_id=p3 outcome=approved
  at -2h   payment  amount_minor=12000
  expect account_amount_zscore_{30d,90d} = 2, 2
  expect card_amount_zscore_90d = 2
  expect merchant_amount_zscore_30d = 2
  at -1h   payment  account_id=a2 card.card_token=c2 merchant.merchant_id=m2 amount_minor=1000 id=p4
  at -1h   auth_result  account_id=a2 ref_id=p4 outcome=approved
  at -50m  payment  account_id=a2 card.card_token=c2 merchant.merchant_id=m2 amount_minor=1000 id=p5
  at -50m  auth_result  account_id=a2 ref_id=p5 outcome=approved
  at -40m  payment  account_id=a2 card.card_token=c2 merchant.merchant_id=m2 amount_minor=1000 id=p6
  at -40m  auth_result  account_id=a2 ref_id=p6 outcome=approved
  at 0     payment  account_id=a2 card.card_token=c2 merchant.merchant_id=m2 amount_minor=2500
  expect account_amount_zscore_{30d,90d} = 3, 3
  expect card_amount_zscore_90d = 3
  expect merchant_amount_zscore_30d = 3

story peers "What the card and the merchant are used to"
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at -91d  payment  account_id=a1 amount_minor=900000 merchant.merchant_id=m9 id=p0
  at -91d  auth_result  ref_id=p0 outcome=approved
  at -80d  payment  account_id=a1 amount_minor=10000 merchant.merchant_id=m9 id=p1
  at -80d  auth_result  ref_id=p1 outcome=approved
  # Too old for the merchant, not for the card.
  at -31d  payment  account_id=a2 amount_minor=20000 id=p2
  at -31d  auth_result  ref_id=p2 outcome=approved
  at -20d  payment  account_id=a1 amount_minor=30000 id=p3
  at -20d  auth_result  ref_id=p3 outcome=approved
  at -19d  payment  account_id=a3 card.card_token=c2 amount_minor=50000 id=p4
  at -19d  auth_result  ref_id=p4 outcome=approved
  at -18d  payment  account_id=a3 card.card_token=c2 amount_minor=40000 id=p5
  at -18d  auth_result  ref_id=p5 outcome=approved
  at -17d  payment  account_id=a3 card.card_token=c2 amount_minor=90000 id=p6
  at -17d  auth_result  ref_id=p6 outcome=declined
  # The card: 10,000 20,000 30,000; the merchant: 30,000 50,000 40,000.
  at 0     payment  account_id=a4 amount_minor=80000
  expect card_amount_zscore_90d = 60000 / sqrt(200000000 / 3)
  expect merchant_amount_zscore_30d = 40000 / sqrt(200000000 / 3)
  expect account_amount_zscore_90d = unknown
  at 1m    transfer  account_id=a4 beneficiary_id=b1 currency=CNY amount_minor=80000
  expect card_amount_zscore_90d = unknown
  expect merchant_amount_zscore_30d = unknown

story trade "What is usual in the trade of a country, on logarithms"
  with payment  currency=CNY amount_minor=10000 funding=intl_card card.card_token=c1 kind=merchant_qr_static merchant.mcc=7011 merchant.country=CN
  at -36d  payment  account_id=a1 merchant.merchant_id=m1 amount_minor=500000 id=p0
  at -36d  auth_result  ref_id=p0 outcome=approved
  at -9d   payment  account_id=a1 merchant.merchant_id=m1 id=p1
  at -9d   auth_result  ref_id=p1 outcome=approved
  at -8d   payment  account_id=a2 merchant.merchant_id=m2 id=p2
  at -8d   auth_result  ref_id=p2 outcome=approved
  at -7d   payment  account_id=a2 merchant.merchant_id=m3 merchant.country=HK id=p3
  at -7d   auth_result  ref_id=p3 outcome=approved
  at -6d   payment  account_id=a2 merchant.merchant_id=m4 merchant.mcc=5812 id=p4
  at -6d   auth_result  ref_id=p4 outcome=approved
  at -5d   payment  account_id=a3 merchant.merchant_id=m5 amount_minor=100000 id=p5
  expect mcc_amount_zscore_30d = unknown
  at -5d   auth_result  ref_id=p5 outcome=declined
  at -4d   payment  account_id=a3 merchant.merchant_id=m5 id=p6
  at -4d   auth_result  ref_id=p6 outcome=approved
  # All three are equal: the spread is the floor of 0.1.
  at 0     payment  account_id=a4 merchant.merchant_id=m6 amount_minor=100000
  expect mcc_amount_zscore_30d = (round(1000000 * ln(100001)) - round(1000000 * ln(10001))) / 100000

story days_of_spending "A day against the days that the account spends on"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 merchant.country=CN kind=merchant_qr_static
  at -30d     payment  amount_minor=99000 id=p0
  expect account_daily_spend_ratio_24h = unknown
  expect account_spend_acceleration = 0
  at -30d     auth_result  ref_id=p0 outcome=approved
  at -29d     payment  amount_minor=10000 id=p1
  # Of what was approved before only the day before counts, and it was the only day.
  expect account_daily_spend_ratio_24h = 0
  at -29d     auth_result  ref_id=p1 outcome=approved
  # 7 and 9 in the morning in China are one day there and two in UTC.
  at -10d5h   payment  amount_minor=20000 id=p2
  at -10d5h   auth_result  ref_id=p2 outcome=approved
  at -10d3h   payment  amount_minor=10000 id=p3
  at -10d3h   auth_result  ref_id=p3 outcome=approved
  at -20h     payment  amount_minor=30000 id=p4
  at -20h     auth_result  ref_id=p4 outcome=approved
  at -30m     payment  amount_minor=20000 id=p5
  at -30m     auth_result  ref_id=p5 outcome=approved
  # 90,000 on 4 days.
  at 0        payment  amount_minor=1000
  expect account_daily_spend_ratio_24h = 50000 / 22500
  expect account_spend_acceleration = 24 * 20000 / 50000

story small_change "Below 5 CNY nothing is fast"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=100 funding=intl_card card.card_token=c1 merchant.merchant_id=m1 merchant.country=CN kind=merchant_qr_static
  at -40m  payment  id=p1
  at -40m  auth_result  ref_id=p1 outcome=approved
  at 0     payment
  expect account_daily_spend_ratio_24h = 0.2
  expect account_spend_acceleration = 4.8

story micro "Tests of cards are at most 2 USD"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=1400 funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at 0   payment  usd_minor=200
  expect amount_is_micro = true
  at 1m  payment  usd_minor=201
  expect amount_is_micro = false
  expect amount_usd = 2.01
  at 2m  payment
  expect amount_is_micro = unknown
  expect amount_usd = unknown

story round_and_charm "Round amounts, and amounts of good meaning"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at 0    payment  amount_minor=50000
  expect amount_is_round = true
  expect amount_is_charm = false
  at 1m   payment  amount_minor=40000
  expect amount_is_round = false
  at 2m   payment  amount_minor=55000
  expect amount_is_round = false
  at 3m   payment  amount_minor=8800
  expect amount_is_charm = true
  at 4m   payment  amount_minor=1314
  expect amount_is_charm = true
  at 5m   payment  amount_minor=131400
  expect amount_is_charm = true
  at 6m   payment  amount_minor=52000
  expect amount_is_charm = true
  at 7m   payment  amount_minor=6666
  expect amount_is_charm = true
  # 14.00 CNY and 66.10 CNY, no more.
  at 8m   payment  amount_minor=1400
  expect amount_is_charm = false
  at 9m   payment  amount_minor=6610
  expect amount_is_charm = false
  at 10m  payment  currency=EUR amount_minor=100 base_minor=788
  expect amount_is_charm = false
  at 11m  login  outcome=success
  expect amount_is_round = unknown
  expect amount_is_charm = unknown

story test_then_hit "Small approved amounts, then twenty times as much"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at -2h     payment  amount_minor=1000 usd_minor=140 id=p1
  expect account_micro_then_large_{1h,24h} = false, false
  at -1h59m  auth_result  ref_id=p1 outcome=approved
  at -30m    payment  amount_minor=20000 usd_minor=2800 id=p2
  expect account_micro_then_large_{1h,24h} = false, true
  at -29m    auth_result  ref_id=p2 outcome=approved
  at -20m    payment  amount_minor=1200 usd_minor=170 id=p3
  expect account_micro_then_large_{1h,24h} = false, false
  at -19m    auth_result  ref_id=p3 outcome=approved
  # Twenty times the largest, which is no test.
  at 0       payment  amount_minor=400000 usd_minor=56000
  expect account_micro_then_large_{1h,24h} = true, true
  at 1s      payment  amount_minor=399999 usd_minor=56000
  expect account_micro_then_large_{1h,24h} = false, false

story same_amount "The same amount again and again"
  with any       account_id=a1
  with payment   currency=CNY amount_minor=5000 funding=balance merchant.merchant_id=m1 kind=merchant_qr_static
  with transfer  currency=CNY amount_minor=5000 beneficiary_id=b1
  at -24h  payment
  expect account_repeat_amount_count_{1h,24h} = 0, 0
  at -3h   transfer
  at -2h   payment
  at -30m  payment
  at -20m  payment  amount_minor=6000
  at -10m  payment  account_id=a2
  at 0     payment
  expect account_repeat_amount_count_{1h,24h} = 1, 3
  at 1m    payment  amount_minor=7000
  expect account_repeat_amount_count_{1h,24h} = 0, 0
  at 2m    login  outcome=success
  expect account_repeat_amount_count_{1h,24h} = unknown, unknown

story ladder_up "Higher and higher with one card"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  with tour_pass_topup  currency=CNY card.card_token=c1 pass_id=t1
  at -27h  payment  amount_minor=500
  expect card_amount_ladder_up_24h = 1
  # The first is exactly a day old.
  at -3h   payment  amount_minor=1000
  expect card_amount_ladder_up_24h = 1
  at -2h   payment  amount_minor=3000
  expect card_amount_ladder_up_24h = 2
  at -1h   payment  amount_minor=2000
  expect card_amount_ladder_up_24h = 1
  at -30m  payment  amount_minor=9000 card.card_token=c2
  expect card_amount_ladder_up_24h = 1
  at 0     tour_pass_topup  amount_minor=4000
  expect card_amount_ladder_up_24h = 2
  at 1m    payment  amount_minor=5000
  expect card_amount_ladder_up_24h = 3
  at 2m    payment  amount_minor=5000
  expect card_amount_ladder_up_24h = 1
  at 3m    login  outcome=success
  expect card_amount_ladder_up_24h = unknown

story ladder_down "Lower and lower after declines for lack of funds"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  with auth_result  outcome=declined de39="51"
  at -2h     payment  amount_minor=50000 id=p1
  expect card_amount_ladder_down_{1h,24h} = 0, 0
  at -1h59m  auth_result  ref_id=p1
  at -50m    payment  amount_minor=40000 id=p2
  expect card_amount_ladder_down_{1h,24h} = 0, 2
  at -49m    auth_result  ref_id=p2
  at -40m    payment  amount_minor=45000 id=p3
  expect card_amount_ladder_down_{1h,24h} = 0, 0
  at -39m    auth_result  ref_id=p3 de39="05"
  at -30m    payment  amount_minor=30000 id=p4
  expect card_amount_ladder_down_{1h,24h} = 2, 3
  at -29m    auth_result  ref_id=p4
  at 0       payment  amount_minor=20000
  expect card_amount_ladder_down_{1h,24h} = 3, 4
  at 1m      payment  amount_minor=20000 card.card_token=c2
  expect card_amount_ladder_down_{1h,24h} = 0, 0
  at 2m      login  outcome=success
  expect card_amount_ladder_down_{1h,24h} = unknown, unknown

story headroom "Room under the limits of 5,000 and 50,000 USD"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=700000 funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at -91d  payment  usd_minor=900000 id=p0
  at -91d  auth_result  ref_id=p0 outcome=approved
  at -80d  payment  usd_minor=500000 id=p1
  at -80d  auth_result  ref_id=p1 outcome=approved
  # The single limit is nearer.
  at -1h   payment  usd_minor=100000
  expect limit_headroom_ratio = 0.8
  # 44,900 of 50,000 are left.
  at 0     payment  usd_minor=10000
  expect limit_headroom_ratio = 0.898
  # The ledger knows of 10,000.
  at 1m    payment  usd_minor=100000 account.ytd_spend_usd_minor=1000000
  expect limit_headroom_ratio = 0.78
  at 2m    payment
  expect limit_headroom_ratio = unknown

story just_below "Amounts that stay just below a limit"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at 0    payment  amount_minor=19000
  expect amount_just_below_threshold = true
  at 1m   payment  amount_minor=18999
  expect amount_just_below_threshold = false
  at 2m   payment  amount_minor=20000
  expect amount_just_below_threshold = false
  at 3m   payment  amount_minor=332500
  expect amount_just_below_threshold = true
  at 4m   payment  amount_minor=350000
  expect amount_just_below_threshold = false
  at 5m   payment  currency=USD amount_minor=475000 base_minor=3400000
  expect amount_just_below_threshold = true
  at 6m   payment  currency=USD amount_minor=500000 base_minor=3600000
  expect amount_just_below_threshold = false
  at 7m   payment  currency=EUR amount_minor=2850 base_minor=22000
  expect amount_just_below_threshold = true
  at 8m   payment  currency=EUR amount_minor=3000 base_minor=23000
  expect amount_just_below_threshold = false
  at 9m   payment  currency=JPY amount_minor=2900 base_minor=14000
  expect amount_just_below_threshold = false
  at 10m  payment  currency=EUR amount_minor=5000
  expect amount_just_below_threshold = unknown
  at 11m  payment  amount_minor=95000
  expect amount_just_below_threshold = false
  at 12m  profile_change  field=limit new_limit_minor=100000
  at 13m  payment  amount_minor=95000
  expect amount_just_below_threshold = true
  at 14m  payment  amount_minor=94999
  expect amount_just_below_threshold = false
  at 15m  payment  amount_minor=100000
  expect amount_just_below_threshold = false
  at 16m  profile_change  field=limit new_limit_minor=90000
  at 17m  payment  amount_minor=95000
  expect amount_just_below_threshold = false

story split "Payments without a fee at one merchant"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at -24h  payment  amount_minor=20000
  expect merchant_split_count_{1h,24h} = 0, 0
  at -2h   payment  amount_minor=15000
  expect merchant_split_count_{1h,24h} = 0, 0
  at -50m  payment  amount_minor=10000
  expect merchant_split_count_{1h,24h} = 0, 2
  # More than 200 CNY has its fee and is no part of a split.
  at -40m  payment  amount_minor=20001
  at -30m  payment  amount_minor=12000
  at -20m  payment  amount_minor=20000 merchant.merchant_id=m2
  at -10m  payment  amount_minor=20000 account_id=a2
  at 0     payment  amount_minor=18000
  expect merchant_split_count_{1h,24h} = 2, 3
  # 200 CNY together need no splitting.
  at 1m    payment  amount_minor=18000 merchant.merchant_id=m2
  expect merchant_split_count_{1h,24h} = 0, 0
  at 2m    login  outcome=success
  expect merchant_split_count_{1h,24h} = unknown, unknown

story discount "A discount as a share of the price"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=9000 funding=balance merchant.merchant_id=m1 kind=in_app
  at 0   payment  promo_discount_minor=1000
  expect promo_discount_share = 0.1
  at 1m  payment
  expect promo_discount_share = unknown

story loads "Loads of a prepaid pass against the largest before"
  with any  account_id=a1
  with tour_pass_topup  currency=CNY card.card_token=c1 pass_id=t1
  with payment  currency=CNY amount_minor=50000 funding=balance merchant.merchant_id=m1 kind=in_app
  at -100d  tour_pass_topup  amount_minor=90000
  expect topup_amount_ratio_max_90d = unknown
  at -50d   tour_pass_topup  amount_minor=20000
  expect topup_amount_ratio_max_90d = 2 / 9
  at -10d   tour_pass_topup  amount_minor=10000
  at -9d    payment
  expect topup_amount_ratio_max_90d = unknown
  at 0      tour_pass_topup  amount_minor=30000
  expect topup_amount_ratio_max_90d = 1.5
