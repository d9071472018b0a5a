# Clocks, calendars and the pace of events. Zero is 2026-07-15T04:00Z, a Wednesday, noon in China.

story clocks "Hours and days at the merchant and at the issuer"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=10000 funding=intl_card card.card_token=c1 card.issuer_country=DE
  with payment  merchant.merchant_id=m1 merchant.country=CN kind=merchant_qr_static
  # Noon in China, 5 in the morning in Germany, whose summer time does not count.
  at 0      payment
  expect hour_local_sin = 0
  expect hour_local_cos = -1
  expect hour_home_sin = sin(6.283185307179586 * 5 / 24)
  expect hour_home_cos = cos(6.283185307179586 * 5 / 24)
  expect is_night_local = false
  expect day_of_week = 2
  expect is_weekend = false
  at 1h     payment  merchant.country=none
  expect hour_local_sin = unknown
  expect hour_local_cos = unknown
  expect is_night_local = unknown
  expect day_of_week = unknown
  expect is_weekend = unknown
  expect is_peak_period = unknown
  at 6h     payment  card.issuer_country=none
  expect hour_local_sin = -1
  expect hour_local_cos = 0
  expect hour_home_sin = unknown
  expect hour_home_cos = unknown
  at 11h59m59999ms  payment
  expect is_night_local = false
  expect day_of_week = 2
  at 12h    payment
  expect is_night_local = true
  expect day_of_week = 3
  at 17h59m payment
  expect is_night_local = true
  at 18h    payment
  expect is_night_local = false
  # Friday, Saturday, Sunday, Monday.
  at 2d     payment
  expect day_of_week = 4
  expect is_weekend = false
  at 3d     payment
  expect is_weekend = true
  at 4d     payment
  expect day_of_week = 6
  expect is_weekend = true
  # Midnight comes first in China: there it is Monday.
  at 4d12h  payment
  expect day_of_week = 0
  expect is_weekend = false

story calendar "Peak periods, and weekends on which China works"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=10000 funding=balance
  with payment  merchant.merchant_id=m1 merchant.country=CN kind=merchant_qr_static
  # Sunday, 26 January 2025: worked.
  at -535d  payment
  expect is_weekend = false
  expect is_peak_period = none
  # 28 January 2025.
  at -533d  payment
  expect is_peak_period = cny
  # 8 October 2025, which belonged to the golden week, and the next day.
  at -280d  payment
  expect is_peak_period = golden_week
  # 9 October 2025.
  at -279d  payment
  expect is_peak_period = none
  # 1 January 2026.
  at -195d  payment
  expect is_peak_period = other
  # Sunday, 4 January 2026: worked in China, not in Hong Kong.
  at -192d  payment
  expect is_weekend = false
  # The same in Hong Kong.
  at -191d23h  payment merchant.country=HK
  expect is_weekend = true
  # Saturday, 14 February 2026: worked.
  at -151d  payment
  expect is_weekend = false
  expect is_peak_period = none
  # Sunday, 15 February 2026: the festival begins.
  at -150d  payment
  expect is_weekend = true
  expect is_peak_period = cny
  # 23 and 24 February 2026.
  at -142d  payment
  expect is_peak_period = cny
  # 24 February 2026.
  at -141d  payment
  expect is_peak_period = none
  # 5 April 2026.
  at -101d  payment
  expect is_peak_period = other
  # 1 May 2026.
  at -75d  payment
  expect is_peak_period = labour_day
  # 6 May 2026.
  at -70d  payment
  expect is_peak_period = none
  # 18 June 2026.
  at -27d  payment
  expect is_peak_period = june_618
  # 21 June 2026.
  at -24d  payment
  expect is_peak_period = other
  # 15 July 2026.
  at 0  payment
  expect is_peak_period = none
  # 25 September 2026.
  at 72d  payment
  expect is_peak_period = other
  # 30 September 2026, 23:00 in China, and two hours later.
  at 77d11h  payment
  expect is_peak_period = none
  # 1 October in China.
  at 77d13h  payment
  expect is_peak_period = golden_week
  # 8 October 2026.
  at 85d  payment
  expect is_peak_period = none
  # 11 November 2026.
  at 119d  payment
  expect is_peak_period = double11
  # 12 November 2026.
  at 120d  payment
  expect is_peak_period = none
  # 6 February 2027.
  at 206d  payment
  expect is_peak_period = cny
  expect is_weekend = true

story age "How old the account is"
  with payment  currency=CNY amount_minor=10000 funding=balance merchant.merchant_id=m1 kind=in_app
  at -30h  login  account_id=a1 outcome=success
  expect account_age_hours = 0
  at -20h  payment  account_id=a2 account.created_ms=@-24h
  expect account_age_hours = 4
  # a1 was first seen 30 hours ago; a2 is said to be older than it was seen.
  at 0     payment  account_id=a1
  expect account_age_hours = 30
  at 1m    payment  account_id=a2 account.created_ms=@-24h
  expect account_age_hours = 24 + 1/60

story habit "The hours in which the account pays"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=10000 funding=balance
  with payment  merchant.merchant_id=m1 merchant.country=CN kind=merchant_qr_static
  at -91d3h  payment  id=p0
  at -91d3h  auth_result  ref_id=p0 outcome=approved
  at -10d  payment  id=p10
  at -9d23h  auth_result  ref_id=p10 outcome=approved
  at -9d  payment  id=p9
  at -8d23h  auth_result  ref_id=p9 outcome=approved
  at -8d  payment  id=p8
  at -7d23h  auth_result  ref_id=p8 outcome=approved
  at -7d  payment  id=p7
  at -6d23h  auth_result  ref_id=p7 outcome=approved
  at -6d  payment  id=p6
  at -5d23h  auth_result  ref_id=p6 outcome=approved
  at -5d  payment  id=p5
  at -4d23h  auth_result  ref_id=p5 outcome=approved
  at -4d  payment  id=p4
  at -3d23h  auth_result  ref_id=p4 outcome=approved
  at -3d  payment  id=p3
  at -2d23h  auth_result  ref_id=p3 outcome=approved
  at -2d  payment  id=p2
  at -1d23h  auth_result  ref_id=p2 outcome=approved
  at -1d3h  payment  id=q1
  expect account_hour_rarity = unknown
  at -1d2h  auth_result  ref_id=q1 outcome=declined
  at -1d  payment  id=p1
  expect account_hour_rarity = unknown
  at -23h  auth_result  ref_id=p1 outcome=approved
  # All ten were asked for at noon, though answered an hour later: the density at noon is exp(6) / (2 pi I0(6)), with
  # 67.23440697647798 for I0(6).
  at 0     payment
  expect account_hour_rarity = ln(2 * 3.141592653589793 * 67.23440697647798) - 6
  at 6h    payment
  expect account_hour_rarity = ln(2 * 3.141592653589793 * 67.23440697647798)
  at 12h   payment
  expect account_hour_rarity = ln(2 * 3.141592653589793 * 67.23440697647798) + 6
  at 13h   login  outcome=success
  expect account_hour_rarity = unknown

story pace "Times between attempts of an account and from a device"
  with any       account_id=a1 device.device_id=d1
  with payment   currency=CNY amount_minor=10000 funding=balance merchant.merchant_id=m1 kind=in_app
  with transfer  currency=CNY amount_minor=10000 beneficiary_id=b1
  at -24h  payment
  expect account_interarrival_cv_24h = unknown
  expect device_interarrival_cv_24h = unknown
  at -2h   payment
  at -50m  transfer
  expect account_interarrival_cv_24h = unknown
  expect account_interarrival_min_s_1h = unknown
  expect device_interarrival_min_s_1h = unknown
  at -45m  login  outcome=success
  at -40m  payment
  at -25m  payment  account_id=a2
  at -20m  payment
  # Minutes between: 70 10 20 of the account, 70 10 15 5 of the device.
  at 0     payment
  expect account_interarrival_cv_24h = sqrt(6200 / 9) / (100 / 3)
  expect device_interarrival_cv_24h = sqrt(687.5) / 25
  expect account_interarrival_min_s_1h = 600
  expect device_interarrival_min_s_1h = 300

story rhythm "A machine keeps the beat"
  with any      account_id=a1 device.device_id=d1
  with payment  currency=CNY amount_minor=10000 funding=balance merchant.merchant_id=m1 kind=in_app
  at -9s  payment
  at -6s  payment
  at -3s  payment
  at 0    payment
  expect account_interarrival_cv_24h = 0
  expect device_interarrival_cv_24h = 0
  expect account_interarrival_min_s_1h = 3
  expect device_interarrival_min_s_1h = 3

story sessions "Events of a session"
  with any      account_id=a1 session_id=s1
  with payment  currency=CNY amount_minor=10000 funding=balance merchant.merchant_id=m1 kind=in_app
  at -1d     login  session_id=s2 outcome=success
  at -10m    login  outcome=success
  expect session_events_per_min = 0
  at -9m30s  payment
  expect session_events_per_min = 1
  at -8m     payment
  expect session_events_per_min = 1
  at -1m     login  session_id=s2 outcome=success
  at 0       payment
  expect session_events_per_min = 0.3
  at 0       payment  session_id=s2
  expect session_events_per_min = 1
  at 1m      payment  session_id=none
  expect session_events_per_min = unknown

story first_payment "From the opening of the account to its first payment"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=10000 funding=balance merchant.merchant_id=m1 kind=in_app
  at -90m  account_open  phone_hash=h1
  expect open_to_first_payment_min = unknown
  at -80m  login  outcome=success
  expect open_to_first_payment_min = unknown
  at -30m  payment
  expect open_to_first_payment_min = 60
  at 0     payment
  expect open_to_first_payment_min = 60
  at 0     payment  account_id=a2 account.created_ms=@-100m
  expect open_to_first_payment_min = 100
  at 5m    payment  account_id=a2 account.created_ms=@-100m
  expect open_to_first_payment_min = 100
  at 5m    payment  account_id=a3
  expect open_to_first_payment_min = unknown

story linked_card "From the link of the card to the payment"
  with any        account_id=a1
  with payment    currency=CNY amount_minor=10000 funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with card_link  card.card_token=c1
  at -4h   card_link  id=l0
  at -4h   auth_result  ref_id=l0 outcome=declined
  at -3h   card_link  id=l1
  expect link_to_payment_min = unknown
  at -3h   auth_result  ref_id=l1 outcome=approved
  # An approved payment is no link, nor is a link of another account.
  at -2h   payment  id=p1
  expect link_to_payment_min = 60
  at -2h   auth_result  ref_id=p1 outcome=approved
  at -1h   card_link  account_id=a2 id=l2
  at -1h   auth_result  account_id=a2 ref_id=l2 outcome=approved
  at 0     payment  card.linked_time_ms=@-5h
  expect link_to_payment_min = 180
  at 0     payment  card.card_token=c2 card.linked_time_ms=@-5h
  expect link_to_payment_min = 300
  at 0     payment  card.card_token=c2
  expect link_to_payment_min = unknown

story active_days "Days on which something was approved"
  with any       account_id=a1
  with payment   currency=CNY amount_minor=10000 funding=balance
  with payment   merchant.merchant_id=m1 merchant.country=CN kind=merchant_qr_static
  with transfer  currency=CNY amount_minor=10000 beneficiary_id=b1
  at -90d1h   payment  id=p0
  expect days_active_{30d,90d} = 0, 0
  at -90d     auth_result  ref_id=p0 outcome=approved
  at -80d     payment  id=p1
  expect days_active_{30d,90d} = 1, 1
  at -80d     auth_result  ref_id=p1 outcome=approved
  at -30d1h   payment  id=p2
  at -30d     auth_result  ref_id=p2 outcome=approved
  # 7 and 9 in the morning in China are one day there and two in UTC.
  at -10d5h   payment  id=p3
  at -10d5h   auth_result  ref_id=p3 outcome=approved
  at -10d3h   payment  id=p4
  at -10d3h   auth_result  ref_id=p4 outcome=approved
  at -5d      payment  id=p5
  at -5d      auth_result  ref_id=p5 outcome=declined
  # Nobody knows where: 3 and 5 in UTC are one day, 11 and 13 in China.
  at -3d1h    transfer  id=t1
  at -3d1h    auth_result  ref_id=t1 outcome=approved
  at -2d23h   transfer  id=t2
  at -2d23h   auth_result  ref_id=t2 outcome=approved
  at 0        payment
  expect days_active_{30d,90d} = 2, 4

story loaded "The last load or top-up"
  with any      account_id=a1
  with payment  currency=CNY amount_minor=10000 funding=balance merchant.merchant_id=m1 kind=in_app
  with tour_pass_topup    currency=CNY amount_minor=10000 card.card_token=c1 pass_id=t1
  with third_party_topup  currency=CNY amount_minor=10000 intermediary_id=i1
  at -90d  third_party_topup
  expect hours_since_topup = 2160
  at 0     payment
  expect hours_since_topup = 2160
  at 1h    tour_pass_topup
  at 3h    payment
  expect hours_since_topup = 2
  at 4h    third_party_topup
  expect hours_since_topup = 3
  at 9h    payment
  expect hours_since_topup = 5
  at 9h    payment  account_id=a2
  expect hours_since_topup = 2160
