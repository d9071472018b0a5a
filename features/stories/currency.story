# Exchange rates and currencies. A rate is base major units for one, times 10^9: 7500000000 is 7.5 CNY for 1 EUR.

story borders "Issuer, merchant and the currencies between them"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=10000 funding=intl_card card.card_token=c1 card.issuer_country=DE
  with payment  merchant.merchant_id=m1 merchant.country=CN kind=merchant_qr_static
  at 0    payment
  expect is_cross_border = true
  expect currency_mismatch_issuer = unknown
  expect dcc_flag = unknown
  at 1m   payment  card.issuer_country=CN card.billing_currency=CNY dcc=false
  expect is_cross_border = false
  expect currency_mismatch_issuer = false
  expect dcc_flag = false
  at 2m   payment  merchant.country=none
  expect is_cross_border = unknown
  at 3m   payment  card_amount_minor=1300 card_currency=EUR dcc=true
  expect currency_mismatch_issuer = false
  expect dcc_flag = true
  at 4m   payment  card_amount_minor=10000 card_currency=CNY card.billing_currency=EUR
  expect currency_mismatch_issuer = true
  at 5m   payment  card.billing_currency=USD
  expect currency_mismatch_issuer = true
  at 6m   payment  card.billing_currency=EUR
  expect currency_mismatch_issuer = false
  # Cards of Panama are in dollars, those of Kosovo in euro.
  at 7m   payment  card.issuer_country=PA card.billing_currency=USD
  expect currency_mismatch_issuer = false
  at 8m   payment  card.issuer_country=XK card.billing_currency=EUR
  expect currency_mismatch_issuer = false
  at 9m   payment  card.issuer_country=none card.billing_currency=EUR
  expect currency_mismatch_issuer = unknown

story reference "The rate used against the latest snapshot of a week"
  with payment  account_id=a1 currency=CNY amount_minor=10000 funding=intl_card card.card_token=c1 card.billing_currency=EUR
  with payment  merchant.merchant_id=m1 kind=merchant_qr_static
  at -8d   payment  fx.rate_e9=7500000000
  expect fx_rate_deviation_bps = unknown
  at -7d   fx_rate  currency=EUR fx.rate_e9=8000000000
  at -6d   fx_rate  currency=EUR fx.rate_e9=7500000000
  at -6d   fx_rate  currency=USD fx.rate_e9=7000000000
  at -6d   fx_rate  currency=JPY fx.rate_e9=50000000
  at -6d   fx_rate  currency=KWD fx.rate_e9=23000000000
  # The rate of an amount in CNY is that of the card's bill.
  at -5d   payment  fx.rate_e9=7575000000
  expect fx_rate_deviation_bps = 10000 * ln(1.01)
  expect card_amount_consistency = unknown
  at -4d   payment  card.billing_currency=none card.issuer_country=US fx.rate_e9=6930000000
  expect fx_rate_deviation_bps = 10000 * ln(0.99)
  at -4d   payment  card.billing_currency=GBP fx.rate_e9=9000000000
  expect fx_rate_deviation_bps = unknown
  at -4d   payment  currency=EUR amount_minor=1000 card.billing_currency=USD fx.rate_e9=7500000000
  expect fx_rate_deviation_bps = 0
  # 10 EUR for 76.50 CNY.
  at -3d   payment  amount_minor=7650 card_amount_minor=1000 card_currency=EUR
  expect fx_rate_deviation_bps = 10000 * ln(1.02)
  expect card_amount_consistency = 1 - 7.5 / 7.65
  at -3d   payment  amount_minor=7350 card_amount_minor=1000 card_currency=EUR fx.rate_e9=7500000000
  expect fx_rate_deviation_bps = 10000 * ln(0.98)
  expect card_amount_consistency = 7.5 / 7.35 - 1
  # 200 JPY for 10 CNY; 1 KWD, which is 1,000 fils, for 23 CNY.
  at -2d   payment  amount_minor=1000 card_amount_minor=200 card_currency=JPY
  expect card_amount_consistency = 0
  at -2d   payment  amount_minor=2300 card_amount_minor=1000 card_currency=KWD
  expect card_amount_consistency = 0
  # 125 CNY are asked of the issuer for 100.
  at -1d   payment  card_amount_minor=12500 card_currency=CNY
  expect card_amount_consistency = 0.25
  expect fx_rate_deviation_bps = unknown
  at -1d   payment
  expect fx_rate_deviation_bps = unknown
  at 1d    payment  fx.rate_e9=7575000000
  expect fx_rate_deviation_bps = unknown

story own_rates "The rate used against the account's own"
  with payment  account_id=a1 currency=CNY amount_minor=10000 funding=intl_card card.card_token=c1 card.billing_currency=USD
  with payment  merchant.merchant_id=m1 kind=merchant_qr_static
  with tour_pass_topup  account_id=a1 currency=CNY amount_minor=10000 card.card_token=c1 card.billing_currency=USD pass_id=t1
  at -90d  payment  fx.rate_e9=3000000000
  at -80d  payment  fx.rate_e9=7000000000
  at -70d  tour_pass_topup  fx.rate_e9=7000000000
  at -60d  payment
  expect fx_spread_account_z_90d = unknown
  at -50d  payment  card.billing_currency=EUR fx.rate_e9=8000000000
  at -40d  payment  account_id=a2 fx.rate_e9=8000000000
  at -30d  payment  fx.rate_e9=7000000000
  # Logarithms are kept to the sixth place; equal ones have the spread of 10 bps.
  at 0     payment  fx.rate_e9=7070000000
  expect fx_spread_account_z_90d = (ln(7070000000) - round(1000000 * ln(7000000000)) / 1000000) / 0.001
  at 1m    payment  card.billing_currency=EUR fx.rate_e9=8000000000
  expect fx_spread_account_z_90d = unknown

story spread_rates "Rates that vary are measured by how they do"
  with payment  account_id=a1 currency=CNY amount_minor=10000 funding=intl_card card.card_token=c1 card.billing_currency=USD
  with payment  merchant.merchant_id=m1 kind=merchant_qr_static
  at -3d  payment  fx.rate_e9=7000000000
  at -2d  payment  fx.rate_e9=7700000000
  at -1d  payment  fx.rate_e9=8470000000
  expect fx_spread_account_z_90d = unknown
  # Their logarithms are 22.764486 and 0.09531 below and above it.
  at 0    payment  fx.rate_e9=7350000000
  expect fx_spread_account_z_90d = (ln(7350000000) - 22.764486) / (0.09531 * sqrt(2 / 3))

story refunds "What waiting for the rate gains"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=100000 funding=intl_card card.card_token=c1 card.billing_currency=EUR
  with payment  merchant.merchant_id=m1 kind=in_app
  with refund   currency=CNY amount_minor=100000 fx.rate_e9=7500000000
  at -99d  payment  id=p0 fx.rate_e9=7650000000
  at -98d  payment  id=p1 fx.rate_e9=7650000000
  at -98d  payment  id=p2 fx.rate_e9=7350000000
  at -98d  payment  id=p3 amount_minor=7650 card_amount_minor=1000 card_currency=EUR
  at -98d  payment  id=p4 currency=USD amount_minor=10000 fx.rate_e9=7200000000
  expect refund_fx_gain_bps = unknown
  expect refund_fx_gain_sum_90d = 0
  at -90d  refund  original_payment_id=p0
  expect refund_fx_gain_bps = 200
  expect refund_fx_gain_sum_90d = 0
  # Half of it, and the rate fell by 2 %.
  at -80d  refund  original_payment_id=p1 amount_minor=50000
  expect refund_fx_gain_bps = 200
  expect refund_fx_gain_sum_90d = 2000
  # A loss is no negative gain.
  at -70d  refund  original_payment_id=p2
  expect refund_fx_gain_bps = -200
  expect refund_fx_gain_sum_90d = 3000
  at -60d  refund  original_payment_id=p3 amount_minor=7650
  expect refund_fx_gain_bps = 200
  # In dollars, at the rate of the dollar.
  at -50d  refund  original_payment_id=p4 currency=USD amount_minor=10000 fx.rate_e9=6400000000
  expect refund_fx_gain_bps = 1250
  # The rate is not said, or is that of another currency, or the payment is not known.
  at -40d  refund  original_payment_id=p1 fx.rate_e9=none
  expect refund_fx_gain_bps = unknown
  at -40d  refund  original_payment_id=p1 currency=JPY amount_minor=10000 fx.rate_e9=50000000
  expect refund_fx_gain_bps = unknown
  at -40d  refund  original_payment_id=p9
  expect refund_fx_gain_bps = unknown
  # 1,000 of p1, 153 of p3, 12.5 % of 64,000 of p4.
  at 0     refund  original_payment_id=p2
  expect refund_fx_gain_sum_90d = 9153
  at 1m    payment  account_id=a2
  expect refund_fx_gain_sum_90d = 0

story currencies "A currency that the account has not paid in"
  with any      account_id=a1
  with payment  amount_minor=10000 currency=EUR funding=balance merchant.merchant_id=m1 kind=in_app
  with transfer  amount_minor=10000 currency=CNY beneficiary_id=b1
  at -91d  payment
  expect account_new_currency = true
  at -90d  payment
  expect account_new_currency = false
  at -10d  payment  account_id=a2 currency=CNY
  expect account_new_currency = true
  at -9d   payment  currency=CNY
  expect account_new_currency = true
  at -8d   transfer
  expect account_new_currency = false
  at 0     payment
  expect account_new_currency = true
  at 1m    login  outcome=success
  expect account_new_currency = unknown

story fees "Fees, and payments that stay free of them"
  with any      account_id=a1
  with payment  currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  at -30d  payment  amount_minor=18000
  expect fee_avoid_ratio_{7d,30d} = unknown, unknown
  expect fee_bps_effective = unknown
  at -20d  payment  amount_minor=16001
  expect fee_avoid_ratio_{7d,30d} = unknown, 1
  at -19d  payment  amount_minor=20000
  at -18d  payment  amount_minor=20001 fee_minor=600
  expect fee_bps_effective = 6000000 / 20001
  at -17d  payment  amount_minor=16000
  at -7d   payment  amount_minor=18000
  at -4d   payment  amount_minor=18000
  at -3d   payment  amount_minor=30000 fee_minor=900
  expect fee_bps_effective = 300
  at -2d   payment  amount_minor=18000 account_id=a2
  at 0     payment  amount_minor=18000
  expect fee_avoid_ratio_{7d,30d} = 1/2, 4/7
