# The wallet's products: the prepaid pass, credits by intermediaries, money that passes through, envelopes, promotions,
# refunds, bills, tickets, codes and mandates.

story what_is_wanted "The event itself, and what pays for it"
  with any      account_id=a1
  with payment  amount_minor=5000 currency=CNY funding=tour_pass merchant.merchant_id=m1 kind=transit
  at 0   login  outcome=success
  expect event_wanted = login
  expect payment_kind = unknown
  expect payment_funding = unknown
  at 1m  payment
  expect event_wanted = payment
  expect payment_kind = transit
  expect payment_funding = tour_pass
  at 2m  payment  funding=balance kind=in_app
  expect payment_kind = in_app
  expect payment_funding = balance

story pass_loads "What a pass was loaded with, by itself"
  with any              account_id=a1 card.card_token=c1
  with tour_pass_topup  pass_id=tp1 amount_minor=10000 currency=CNY
  with payment          amount_minor=5000 currency=CNY funding=tour_pass merchant.merchant_id=m1 kind=in_app
  at -31d   tour_pass_topup  base_minor=7000
  expect pass_topup_count_{1h,24h,7d} = 0, 0, 0
  expect pass_topup_amount_{24h,7d,30d} = 0, 0, 0
  expect pass_age_hours = 0
  expect pass_balance_ratio = unknown
  at -20d   tour_pass_topup  base_minor=50000
  at -3d    tour_pass_topup  base_minor=20000
  at -10h   tour_pass_topup  base_minor=30000
  at -30m   tour_pass_topup  base_minor=10000
  at -5m    tour_pass_topup  pass_id=tp2 base_minor=90000
  at -1m    third_party_topup intermediary_id=i1 amount_minor=80000 currency=CNY
  at 0      tour_pass_topup  base_minor=60000 pass_balance_before_minor=250000
  expect pass_topup_count_{1h,24h,7d} = 1, 2, 3
  expect pass_topup_amount_{24h,7d,30d} = 40000, 60000, 110000
  expect pass_age_hours = 31 * 24
  expect pass_balance_ratio = 0.25
  at 0      payment          pass_id=tp1 pass_opened_ms=@-5h pass_balance_before_minor=1000000
  expect pass_topup_count_{1h,24h,7d} = 2, 3, 4
  expect pass_age_hours = 5
  expect pass_balance_ratio = 1
  at 0      payment
  expect pass_topup_count_1h = unknown
  expect pass_age_hours = unknown
  at 1m     tour_pass_topup
  expect pass_topup_count_{1h,24h,7d} = 2, 3, 4
  expect pass_topup_amount_{24h,7d,30d} = 100000, 120000, 170000

story pass_drain "Spent from the pass against loads, this spend included, by account"
  with any              account_id=a1
  with tour_pass_topup  pass_id=tp1 amount_minor=10000 currency=CNY card.card_token=c1
  with payment          amount_minor=5000 currency=CNY funding=tour_pass merchant.merchant_id=m1 kind=in_app
  at -11h   payment
  expect pass_drain_ratio_{1h,24h} = unknown, unknown
  expect pass_load_to_spend_min = unknown
  expect pass_drain_t90_min = unknown
  at -10h   tour_pass_topup  base_minor=40000
  at -5h    payment          base_minor=20000
  expect pass_load_to_spend_min = 300
  expect pass_drain_ratio_{1h,24h} = unknown, 25000/40000
  at -3h    login            outcome=success
  expect pass_drain_ratio_{1h,24h} = unknown, 25000/40000
  at -30m   tour_pass_topup
  expect pass_drain_ratio_{1h,24h} = unknown, 25000/40000
  at -20m   login            outcome=success
  expect pass_drain_ratio_{1h,24h} = 0, 25000/50000
  at -10m   payment
  at -5m    payment          funding=intl_card card.card_token=c1 base_minor=70000
  expect pass_load_to_spend_min = unknown
  expect pass_drain_ratio_{1h,24h} = 0.5, 30000/50000
  at 0      payment          base_minor=3000
  expect pass_load_to_spend_min = 30
  expect pass_drain_ratio_{1h,24h} = 0.8, 33000/50000
  at 0      payment          base_minor=200000
  expect pass_drain_ratio_{1h,24h} = 10, 233000/50000
  at 0      payment          account_id=a2
  expect pass_load_to_spend_min = unknown

story pass_rounds "How fast nine tenths were spent"
  with any              account_id=a1 card.card_token=c1
  with tour_pass_topup  pass_id=tp1 amount_minor=10000 currency=CNY
  with payment          amount_minor=5000 currency=CNY funding=tour_pass merchant.merchant_id=m1 kind=in_app
  at -95d   tour_pass_topup  base_minor=90000
  at -60d   tour_pass_topup  base_minor=20000
  at -59d   payment          base_minor=20000
  at -58d   tour_pass_topup  account_id=a3
  at -48d   payment          account_id=a3 base_minor=10000
  at -48h   tour_pass_topup
  at -47h   payment
  expect pass_drain_t90_min = unknown
  at -46h30m payment         funding=intl_card base_minor=9000
  at -46h   payment          base_minor=4000
  # 250 CNY of 300 are spent so far.
  expect pass_drain_t90_min = unknown
  at -45h   login            outcome=success
  expect pass_drain_t90_min = 120
  at -44h   payment          funding=intl_card base_minor=8000
  at 0      payment
  expect pass_drain_t90_min = 120
  at 0      login            outcome=success account_id=a3
  expect pass_drain_t90_min = 14400
  # A new load begins a new round, however small.
  at 1h     tour_pass_topup  base_minor=100
  expect pass_drain_t90_min = 2880
  at 2h     login            outcome=success
  expect pass_drain_t90_min = unknown
  at 3h     payment          base_minor=100
  at 4h     login            outcome=success
  expect pass_drain_t90_min = 120
  at 4h     login            outcome=success account_id=a2
  expect pass_drain_t90_min = unknown

story pass_test_load "A first load of 150 CNY, then five times that within a day"
  with any              account_id=a1 card.card_token=c1
  with tour_pass_topup  pass_id=tp1 amount_minor=15000 currency=CNY
  with payment          amount_minor=5000 currency=CNY funding=tour_pass merchant.merchant_id=m1 kind=in_app
  at -50h    tour_pass_topup  pass_id=tp0 base_minor=90000
  at -10h    tour_pass_topup
  expect pass_micro_load_first = false
  at -9h     tour_pass_topup  base_minor=74999
  expect pass_micro_load_first = false
  at -8h     tour_pass_topup  base_minor=75000
  expect pass_micro_load_first = true
  at -7h     payment          pass_id=tp1
  expect pass_micro_load_first = true
  at -6h     payment
  expect pass_micro_load_first = unknown
  at -5h     tour_pass_topup  pass_id=tp2 base_minor=15001
  at -4h     tour_pass_topup  pass_id=tp2 base_minor=90000
  expect pass_micro_load_first = false
  at 14h     payment          pass_id=tp1
  expect pass_micro_load_first = true
  at 14h1m   tour_pass_topup  base_minor=90000
  expect pass_micro_load_first = false

story pass_owner "Whose card loaded the pass last"
  with any              account_id=a1 card.card_token=c1
  with tour_pass_topup  pass_id=tp1 amount_minor=15000 currency=CNY
  with payment          amount_minor=5000 currency=CNY funding=tour_pass merchant.merchant_id=m1 kind=in_app card.name_match=exact
  at -5h    tour_pass_topup  card.name_match=strong
  expect pass_card_owner_match = 2
  at -4h    tour_pass_topup  card.name_match="none"
  expect pass_card_owner_match = 0
  at -3h    payment          pass_id=tp1
  expect pass_card_owner_match = 0
  at -2h    tour_pass_topup  card.name_match=exact
  expect pass_card_owner_match = 3
  at -1h    tour_pass_topup  card.name_match=weak
  expect pass_card_owner_match = 1
  at 0      payment          pass_id=tp2
  expect pass_card_owner_match = unknown

story funding_mix "What of the account's money came by top-up"
  with any                 account_id=a1 currency=CNY
  with tour_pass_topup     pass_id=tp1 card.card_token=c1
  with third_party_topup   intermediary_id=i1
  with payment             merchant.merchant_id=m1 kind=in_app
  with red_envelope_claim  envelope_id=v1
  with refund              original_payment_id=x1
  at -31d   tour_pass_topup     amount_minor=700000
  expect topup_share_of_inflow_{7d,30d} = unknown, unknown
  expect third_party_inflow_share_{7d,30d} = unknown, unknown
  at -25d   transfer            account_id=a2 beneficiary_id=a1 amount_minor=15000
  at -20d   tour_pass_topup     amount_minor=10000
  at -3d    third_party_topup   amount_minor=20000
  at -2d    payment             amount_minor=30000 funding=intl_card card.card_token=c1
  at -2d    payment             amount_minor=99000 funding=balance
  at -1d    red_envelope_claim  amount_minor=5000
  at -1h    refund              amount_minor=40000 to_instrument=original
  at -1h    refund              amount_minor=2000 to_instrument=balance
  at -1h    third_party_topup   account_id=a2 amount_minor=88000
  at 0      third_party_topup   amount_minor=12345
  expect topup_share_of_inflow_{7d,30d} = 20/57, 30/82
  expect third_party_inflow_share_{7d,30d} = 20/27, 20/42

# Fraud of all, from 97 to 7 days ago: three labels and no card attempt, so 3.056/20.
story intermediaries "Licence, age, disputes, spread and complaints of an intermediary"
  with any                account_id=a1
  with third_party_topup  intermediary_id=i1 intermediary_licence=licensed amount_minor=10000 currency=CNY
  with dispute            stage=chargeback
  at -100d  third_party_topup  id=t0
  expect intermediary_reputation = 40 + 0 + 25 + 0 + 10
  expect intermediary_age_days = 0
  expect intermediary_fraud_rate_{30d,90d} = 28bps, 28bps
  at -73d   third_party_topup  id=t1 account_id=a2
  expect intermediary_reputation = 40 + 15 * 27/365 + 25 + 5 + 10
  expect intermediary_age_days = 27
  at -60d   dispute            payment_id=t0 fraud_category=false
  at -59d   dispute            payment_id=t0 stage=retrieval fraud_category=false
  at -50d   third_party_topup  id=t2
  at -49d   third_party_topup  id=u1 intermediary_id=i2
  at -100d  label              ref_id=t0 label=fraud source=customer_report received=-48d
  at -73d   label              ref_id=t1 label=fraud source=customer_report received=-48d
  at -50d   label              ref_id=t2 label=fraud source=analyst received=-47d
  at -20d   third_party_topup  id=t3 account_id=a3
  at -20d   label              ref_id=t3 label=fraud source=analyst received=-18d
  at -19d   dispute            payment_id=t3 stage=early_warning fraud_category=true
  at -3d    dispute            payment_id=t2 fraud_category=false
  at -3d    third_party_topup  id=t5
  at -3d    label              ref_id=t5 label=legit source=customer_report received=-2d
  # Five credits, this one included, three of them to one account; three disputes, one complaint.
  at 0      third_party_topup  id=t4 intermediary_licence=agent
  expect intermediary_reputation = 20 + 15 * 100/365 + 25 * 2/5 + 10 * (1 - 11/25) + 10 * 4/5
  expect intermediary_age_days = 100
  # Delayed: in 30 days a credit and its label; in 90 days three credits, all with labels, and a dispute for another reason.
  expect intermediary_fraud_rate_{30d,90d} = (1 + 3.056) / 21, (4 + 3.056) / 23
  at 0      third_party_topup  intermediary_id=i2 intermediary_licence=unknown
  expect intermediary_reputation = 0 + 15 * 49/365 + 25 + 0 + 10
  expect intermediary_fraud_rate_{30d,90d} = 3.056/20, 3.056/21
  at 0      third_party_topup  intermediary_id=i3 intermediary_licence=none
  expect intermediary_reputation = unknown
  # Ten years old, and more disputes than credits.
  at 1m     dispute            payment_id=u1 stage=chargeback
  at 1m     dispute            payment_id=u1 stage=early_warning
  at 1m     dispute            payment_id=u1 stage=chargeback
  at 2m     dispute            payment_id=u1 stage=chargeback
  at 3m     third_party_topup  intermediary_id=i2
  expect intermediary_reputation = 40 + 15 * (49 + 3/1440)/365 + 0 + 0 + 10
  at 400d   third_party_topup  intermediary_id=i2
  expect intermediary_reputation = 40 + 15 + 25 + 0 + 10
  at 400d   login              outcome=success
  expect intermediary_reputation = unknown
  expect intermediary_age_days = unknown
  expect intermediary_fraud_rate_90d = unknown

story payers "Who pays for a credit, what is kept of it, and how many pay"
  with any                account_id=a1
  with third_party_topup  intermediary_id=i1 amount_minor=10000 currency=CNY
  at -40d   third_party_topup  payer_ref_hash=x9 payer_is_account_holder=yes
  expect third_party_payer_mismatch = false
  expect third_party_implied_fee_bps = unknown
  expect third_party_distinct_payers_{7d,30d} = 0, 0
  at -31d   third_party_topup  payer_ref_hash=x3 payer_is_account_holder=no
  expect third_party_payer_mismatch = true
  at -20d   third_party_topup  payer_ref_hash=x1 payer_is_account_holder=unknown
  expect third_party_payer_mismatch = unknown
  at -8d    fx_rate            currency=EUR fx.rate_e9=7800000000
  at -6d    fx_rate            currency=USD fx.rate_e9=7900000000
  at -5d    fx_rate            currency=USD fx.rate_e9=7200000000
  at -5d    fx_rate            currency=JPY fx.rate_e9=48000000
  at -5d    fx_rate            currency=KWD fx.rate_e9=23000000000
  at -3d    third_party_topup  payer_ref_hash=x2 paid_minor=10500 paid_currency=CNY
  expect third_party_implied_fee_bps = 10000 * 500/10500
  expect third_party_payer_mismatch = unknown
  at -2d    third_party_topup  payer_ref_hash=x2
  at -1d    third_party_topup  payer_ref_hash=x5 account_id=a2
  # 10 USD are 72 CNY: credited with 75.60 the payer gets 5 % too much.
  at 0      third_party_topup  base_minor=7560 paid_minor=1000 paid_currency=USD
  expect third_party_implied_fee_bps = -500
  expect third_party_distinct_payers_{7d,30d} = 1, 2
  # 1,000 JPY are 48 CNY, 1 KWD is 23 CNY.
  at 1m     third_party_topup  base_minor=4560 paid_minor=1000 paid_currency=JPY
  expect third_party_implied_fee_bps = 500
  at 2m     third_party_topup  base_minor=2070 paid_minor=1000 paid_currency=KWD
  expect third_party_implied_fee_bps = 1000
  # Too old a rate, none, and a credit in another currency than the wallet's.
  at 3m     third_party_topup  paid_minor=1000 paid_currency=EUR
  expect third_party_implied_fee_bps = unknown
  at 4m     third_party_topup  paid_minor=1000 paid_currency=THB
  expect third_party_implied_fee_bps = unknown
  at 5m     third_party_topup  currency=USD amount_minor=900 paid_minor=1000 paid_currency=USD
  expect third_party_implied_fee_bps = 1000
  at 6m     third_party_topup  currency=USD amount_minor=900 paid_minor=7200 paid_currency=CNY
  expect third_party_implied_fee_bps = unknown

# In: 300 CNY 96 hours ago, 400 CNY 72 hours ago, 200 CNY 10 hours ago, 100 CNY half an hour ago. Out: 300 CNY 48 hours
# ago, 100 CNY 5 hours ago, 40 CNY 10 minutes ago.
story pass_through "Money in and out again, and how long it stayed"
  with any                 account_id=a1 currency=CNY
  with third_party_topup   intermediary_id=i1
  with red_envelope_claim  envelope_id=v1
  with transfer            beneficiary_id=b1
  at -8d    third_party_topup   amount_minor=500000
  expect pass_through_ratio_{1h,24h,7d} = unknown, unknown, unknown
  expect account_inflow_age_min_7d = unknown
  expect account_outflow_age_min_7d = unknown
  expect hold_time_median_min_7d = unknown
  at -8d    transfer            amount_minor=500000
  expect pass_through_ratio_{1h,24h,7d} = 0, 0, 0
  at -8d    transfer            account_id=a2 beneficiary_id=a1 amount_minor=70000
  at -96h   transfer            account_id=a2 beneficiary_id=a1 amount_minor=30000
  at -72h   third_party_topup   amount_minor=40000
  at -48h   transfer            amount_minor=30000
  at -10h   transfer            account_id=a2 beneficiary_id=a1 amount_minor=20000
  at -5h    withdrawal          amount_minor=10000
  expect cashout_speed_min = 300
  at -30m   red_envelope_claim  amount_minor=10000
  expect pass_through_ratio_{1h,24h,7d} = unknown, 10/20, 40/90
  expect account_inflow_age_min_7d = 60 * (300 * 95.5 + 400 * 71.5 + 200 * 9.5) / 900
  at -10m   red_envelope_send   amount_minor=4000
  at -5m    red_envelope_claim  amount_minor=9999 account_id=a3
  at -5m    payment             amount_minor=70000 funding=balance merchant.merchant_id=m1 kind=in_app
  expect cashout_speed_min = unknown
  at 0      transfer            amount_minor=25000 account.balance_minor=26000
  expect pass_through_ratio_{1h,24h,7d} = 0.4, 14/30, 44/100
  expect account_inflow_age_min_7d = 60 * (300 * 96 + 400 * 72 + 200 * 10 + 100 * 0.5) / 1000
  expect account_outflow_age_min_7d = 60 * (300 * 48 + 100 * 5 + 40 / 6) / 440
  expect hold_time_median_min_7d = 60 * ((300 * 96 + 400 * 72 + 200 * 10 + 100 * 0.5) / 1000 - (300 * 48 + 100 * 5 + 40 / 6) / 440)
  expect cashout_speed_min = 30
  expect balance_zeroing = true
  # Less than 100 CNY does not start the clock; in the last hour only 99.99 CNY came in.
  at 1m     withdrawal          amount_minor=100000 account_id=a3
  expect cashout_speed_min = unknown
  expect pass_through_ratio_{1h,24h,7d} = unknown, unknown, unknown
  at 2m     red_envelope_claim  amount_minor=1 account_id=a3
  # Now 100 CNY, of which 1,000 CNY went out before more came in, at the cap; most of it went out before it came in.
  at 3m     red_envelope_send   amount_minor=50000 account_id=a3
  expect pass_through_ratio_{1h,24h,7d} = 2, 2, 2
  expect hold_time_median_min_7d = (8 * 9999 + 1 * 1) / 10000 - 2
  # The sender's own money: what it sends does not come in at its side.
  at 4m     login               outcome=success account_id=a2
  expect account_inflow_age_min_7d = unknown
  expect account_outflow_age_min_7d = (300 * (96 * 60 + 4) + 200 * 604) / 500
  expect hold_time_median_min_7d = unknown
  at 5m     red_envelope_claim  amount_minor=30000 account_id=a2
  at 6m     withdrawal          amount_minor=30000 account_id=a2
  # Sent ten hours before anything came in.
  expect hold_time_median_min_7d = unknown
  expect cashout_speed_min = 1

story last_inflow "Minutes from the last inflow of 100 CNY or more, of whatever age up to 90 days"
  with any                account_id=a1 currency=CNY
  with third_party_topup  intermediary_id=i1 amount_minor=10000
  with transfer           beneficiary_id=a2
  at -95d   third_party_topup
  at -93d   transfer    amount_minor=10000
  at -40d   third_party_topup
  at -39d   third_party_topup  amount_minor=9999
  at -2d    withdrawal  amount_minor=100 account_id=a2
  expect cashout_speed_min = unknown
  at -50d   transfer    amount_minor=10000
  at -49d   transfer    amount_minor=9999
  at 0      withdrawal  amount_minor=100
  expect cashout_speed_min = 40 * 1440
  at 0      withdrawal  amount_minor=100 account_id=a2
  expect cashout_speed_min = 50 * 1440

story emptied "An outflow of nearly all there is"
  with any         account_id=a1 currency=CNY
  with transfer    beneficiary_id=b1
  at 0      transfer    amount_minor=9499 account.balance_minor=10000
  expect balance_zeroing = false
  at 0      withdrawal  amount_minor=9500 account.balance_minor=10000
  expect balance_zeroing = true
  at 0      transfer    amount_minor=9500 account.balance_minor=0
  expect balance_zeroing = unknown
  at 0      transfer    amount_minor=9500
  expect balance_zeroing = unknown
  at 0      payment     amount_minor=9500 account.balance_minor=10000 funding=balance merchant.merchant_id=m1 kind=in_app
  expect balance_zeroing = unknown

story envelopes "Envelopes sent and claimed, how fast, and in which groups"
  with any                 account_id=a1 currency=CNY amount_minor=1000
  with red_envelope_claim  envelope_id=v1 group_id_hash=g1
  with red_envelope_send   group_id_hash=g1
  at -31d   red_envelope_send   base_minor=7000 group_id_hash=g9
  expect envelope_in_out_ratio_{24h,7d} = unknown, unknown
  expect envelope_claim_latency_p50_ms_7d = unknown
  expect envelope_group_hhi_{7d,30d} = unknown, unknown
  expect envelope_send_count_{1h,24h} = 0, 0
  expect envelope_round_trip_share_7d = unknown
  at -20d   red_envelope_claim  base_minor=6000 latency_ms=1
  at -20d   red_envelope_send   base_minor=8000
  at -3d    red_envelope_claim  base_minor=3000 latency_ms=900
  at -2d    red_envelope_send   base_minor=20000
  at -10h   red_envelope_claim  latency_ms=500 group_id_hash=g2
  at -5h    red_envelope_send   base_minor=4000
  at -2h    red_envelope_claim  account_id=a2 base_minor=9000 latency_ms=100
  at -50m   red_envelope_send   group_id_hash=none
  at -40m   payment             funding=balance merchant.merchant_id=m1 kind=in_app
  # Of 29,000 fen with 4,000 claimed; in a day 5,000 and 1,000.
  at 0      red_envelope_claim  latency_ms=1300
  expect envelope_in_out_ratio_{24h,7d} = 1/6, 4/29
  expect envelope_claim_latency_p50_ms_7d = 700
  # Groups: three and one in 7 days, five and one in 30; the one without a group is in none.
  expect envelope_group_hhi_{7d,30d} = 10/16, 26/36
  expect envelope_send_count_{1h,24h} = 1, 2
  expect envelope_round_trip_share_7d = 3/24
  at 1m     red_envelope_claim  latency_ms=5
  expect envelope_claim_latency_p50_ms_7d = 900
  at 2m     red_envelope_send   group_id_hash=g2
  expect envelope_round_trip_share_7d = unknown
  at 3m     red_envelope_claim  base_minor=90000
  at 4m     red_envelope_send
  expect envelope_round_trip_share_7d = 1
  at 5m     red_envelope_send   group_id_hash=none
  expect envelope_round_trip_share_7d = unknown
  at 6m     red_envelope_send   account_id=a2
  expect envelope_round_trip_share_7d = unknown
  expect envelope_send_count_{1h,24h} = 0, 0

story promotions "Promotions redeemed, their worth, and accounts that refer each other on one device"
  with any               account_id=a1 device.device_id=d1
  with promo_redemption  campaign_id=k1 type=coupon benefit_minor=500
  with payment           amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  at -100d  account_open      phone_hash=h1 account_id=a7
  at -40d   account_open      phone_hash=h1
  at -91d   promo_redemption  type=referral referrer_account_id=a7
  expect promo_referral_depth_90d = 1
  at -40d   promo_redemption  type=referral referrer_account_id=a7
  expect promo_redemption_count_{7d,30d} = 0, 0
  expect promo_benefit_ratio_30d = unknown
  expect promo_referral_depth_90d = 2
  at -35d   payment           id=p0
  at -35d   auth_result       ref_id=p0 outcome=approved
  at -31d   promo_redemption
  expect promo_referral_depth_90d = 0
  at -29d   payment           id=p1
  at -29d   auth_result       ref_id=p1 outcome=approved
  # Of the benefits 500 and 500 so far, against 100 CNY.
  expect promo_benefit_ratio_30d = 0.1
  at -28d   payment           id=p2
  at -28d   auth_result       ref_id=p2 outcome=declined
  at -20d   promo_redemption
  at -3d    promo_redemption  benefit_minor=300
  at -2d    promo_redemption  benefit_minor=none
  at 0      promo_redemption
  expect promo_redemption_count_{7d,30d} = 2, 3
  expect promo_benefit_ratio_30d = 0.08
  # A referrer that opened its account here, one that logged in here, one never seen here or not in 90 days.
  at 1h     promo_redemption  account_id=a2 type=referral referrer_account_id=a1
  expect promo_referral_depth_90d = 2
  at 2h     login             account_id=a2 outcome=success
  at 3h     promo_redemption  account_id=a3 type=referral referrer_account_id=a2
  expect promo_referral_depth_90d = 3
  at 4h     promo_redemption  account_id=a4 type=referral referrer_account_id=a3
  expect promo_referral_depth_90d = 0
  at 5h     promo_redemption  account_id=a4 type=referral referrer_account_id=a7
  expect promo_referral_depth_90d = 0
  at 6h     promo_redemption  account_id=a5 type=referral referrer_account_id=a1 device.device_id=d2
  expect promo_referral_depth_90d = 0
  at 7h     promo_redemption  account_id=a5 type=referral referrer_account_id=a1 device.device_id=none
  expect promo_referral_depth_90d = unknown

story refunds "How much is refunded, how soon and where to"
  with any      account_id=a1
  with payment  amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with refund   amount_minor=3000 currency=CNY original_payment_id=p2
  at -100d  payment      id=p0
  expect refund_ratio_amount_{30d,90d} = unknown, unknown
  expect refund_after_hours = unknown
  expect refund_to_other_instrument = unknown
  at -100d  auth_result  ref_id=p0 outcome=approved
  at -95d   refund       original_payment_id=p0
  at -50d   payment      id=p1 card.card_token=c2
  at -50d   auth_result  ref_id=p1 outcome=approved
  expect refund_ratio_amount_90d = 0.3
  at -49d   payment      id=p3
  at -49d   auth_result  ref_id=p3 outcome=declined
  at -40d   refund       original_payment_id=p1 base_minor=5000 to_instrument=original
  expect refund_after_hours = 240
  expect refund_to_other_instrument = false
  at -26h   payment      id=p2 payment_id=wallet-2 base_minor=30000
  at -26h   auth_result  ref_id=p2 outcome=approved
  expect refund_after_hours = unknown
  at -25h   refund       original_payment_id=wallet-2 to_instrument=other_card
  expect refund_after_hours = 1
  expect refund_to_other_instrument = true
  at 0      refund       to_instrument=balance
  expect refund_ratio_amount_{30d,90d} = 0.1, 0.2
  expect refund_after_hours = 26
  expect refund_to_other_instrument = true
  at 1m     refund       original_payment_id=p9
  expect refund_after_hours = unknown
  expect refund_to_other_instrument = unknown
  at 2m     refund       account_id=a2
  expect refund_ratio_amount_30d = unknown

story bills "Bills: whose, and to whom for the first time"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=bill bill_payee_hash=b1
  at -91d   payment  bill_payee_hash=b2
  at -60d   payment  bill_is_own_name=true
  expect bill_first_payee = true
  expect bill_not_own_name = false
  at 0      payment  bill_is_own_name=false
  expect bill_first_payee = false
  expect bill_not_own_name = true
  at 1m     payment  bill_payee_hash=b2
  expect bill_first_payee = true
  expect bill_not_own_name = unknown
  at 2m     payment  account_id=a2
  expect bill_first_payee = true
  at 3m     payment  kind=in_app bill_payee_hash=none
  expect bill_first_payee = unknown

story tickets_and_codes "Departure, passenger, code"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=travel travel_departure_ms=@36h
  at 0      payment  travel_pax_name_match=weak
  expect travel_lead_hours = 36
  expect travel_pax_mismatch = true
  expect payment_code_age_ms = unknown
  at 1h     payment  travel_pax_name_match=strong
  expect travel_lead_hours = 35
  expect travel_pax_mismatch = false
  at 2h     payment  travel_pax_name_match="none"
  expect travel_pax_mismatch = true
  at 3h     payment  travel_pax_name_match=not_checked
  expect travel_pax_mismatch = unknown
  at 4h     payment  kind=payment_code travel_departure_ms=none code_age_ms=1500
  expect travel_lead_hours = unknown
  expect travel_pax_mismatch = unknown
  expect payment_code_age_ms = 1500
  at 5h     payment  kind=payment_code code_age_ms=90000
  expect payment_code_age_ms = 90000

story printed_codes "A printed code paid to for the first time"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 merchant.qr_id=q1 kind=merchant_qr_static
  at -91d   payment  merchant.qr_id=q2
  at -50d   payment
  expect qr_static_first_time = true
  at -4d    payment
  expect qr_static_first_time = false
  at -3d    payment  account_id=a2
  expect qr_static_first_time = true
  at -2d    payment  kind=merchant_qr_dynamic
  expect qr_static_first_time = unknown
  at -1d    payment  merchant.qr_id=none
  expect qr_static_first_time = unknown
  at 0      payment  merchant.qr_id=q2
  expect qr_static_first_time = true

story limit_and_mandate "A limit raised, a mandate just set up"
  with any             account_id=a1
  with profile_change  field=limit
  with payment         amount_minor=10000 currency=CNY funding=balance merchant.merchant_id=m1 kind=auto_debit mandate_id=n1
  at -100d  payment         mandate_id=n9
  expect limit_raised_recent_h = 8760
  expect auto_debit_new_mandate = true
  at -60d   profile_change  account_id=a3 new_limit_minor=400000
  at -50d   profile_change  account_id=a3 new_limit_minor=300000
  at -50d   profile_change  field=address new_limit_minor=none
  at -49d   payment
  expect limit_raised_recent_h = 8760
  expect auto_debit_new_mandate = true
  at -10d   profile_change  new_limit_minor=500000
  at -9d    login           outcome=success
  expect limit_raised_recent_h = 24
  expect auto_debit_new_mandate = unknown
  at -5d    profile_change  new_limit_minor=300000
  expect limit_raised_recent_h = 120
  at -4d    login           outcome=success
  expect limit_raised_recent_h = 8760
  at -1d    profile_change  new_limit_minor=400000
  at -12h   profile_change  field=address new_limit_minor=none
  at 0      payment
  expect limit_raised_recent_h = 24
  expect auto_debit_new_mandate = false
  at 0      login           outcome=success account_id=a3
  expect limit_raised_recent_h = 8760
  # First debited less than a day ago, whether or not there is word of the mandate.
  at 1h     payment         mandate_id=n2
  expect auto_debit_new_mandate = true
  at 20h    profile_change  field=auto_debit_mandate
  at 21h    payment         mandate_id=n2
  expect auto_debit_new_mandate = true
  at 26h    payment         mandate_id=n2
  expect auto_debit_new_mandate = false
  # Set up two days ago, debited for the first time.
  at 68h    payment         mandate_id=n3
  expect auto_debit_new_mandate = false
  at 69h    payment         account_id=a2
  expect auto_debit_new_mandate = true
  at 400d   payment
  expect limit_raised_recent_h = 8760
