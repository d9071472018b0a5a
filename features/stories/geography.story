# Places lie on the meridians 116.407 E and 63.593 W, one behind the other: on them a degree of latitude is
# 6,371.0088 km * pi / 180 = 111.1950802335329 km, and from 45.2 N in Canada over the pole to 39.904 N in China
# it is 180 - 45.2 - 39.904 = 94.896 degrees.

story coherence "Whether network, position, issuer and person agree"
  with any      account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with payment  amount_minor=100 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  at -5h  payment
  expect ip_country_is_mainland = unknown
  expect gps_country = unknown
  expect ip_gps_country_match = unknown
  expect ip_gps_distance_km = unknown
  expect ip_issuer_country_match = unknown
  expect gps_issuer_country_match = unknown
  expect phone_issuer_country_match = unknown
  expect nationality_issuer_match = unknown
  expect sim_gps_consistency = unknown
  expect mock_location_flag = unknown
  expect gps_fix_age_s = unknown
  expect country_risk_level_gps = unknown
  expect country_risk_level_ip = unknown
  expect country_risk_level_issuer = unknown
  # An American in Beijing, whose network shows a place five degrees south of him.
  with any      account.nationality=US account.phone_country=US geo.lat=39.904 geo.lon=116.407
  with payment  card.issuer_country=US
  at -4h  payment  network.ip_country=CN network.ip_lat=34.904 network.ip_lon=116.407 network.ip_accuracy_km=56 geo.fix_age_s=30 device.mock_location=false
  expect ip_country_is_mainland = true
  expect gps_country = CN
  expect ip_gps_country_match = true
  expect ip_gps_distance_km = 5 * 111.1950802335329 - 56
  expect ip_issuer_country_match = false
  expect gps_issuer_country_match = false
  expect phone_issuer_country_match = true
  expect nationality_issuer_match = true
  expect mock_location_flag = false
  expect gps_fix_age_s = 30
  # Now through a network of his country, with a Chinese card and nobody's phone.
  at -3h  payment  network.ip_country=US network.ip_lat=39.904 network.ip_lon=116.407 network.ip_accuracy_km=10 card.issuer_country=CN account.phone_country=GB device.mock_location=true
  expect ip_country_is_mainland = false
  expect ip_gps_country_match = false
  expect ip_gps_distance_km = 0
  expect ip_issuer_country_match = false
  expect gps_issuer_country_match = true
  expect phone_issuer_country_match = false
  # Residence is not told: nationality alone decides.
  expect nationality_issuer_match = false
  expect mock_location_flag = true
  at -2h  payment  network.ip_country=HK card.issuer_country=HK account.nationality=GB account.residence_country=HK network.ip_lat=39.904 network.ip_lon=116.407
  expect ip_country_is_mainland = false
  expect ip_issuer_country_match = true
  expect nationality_issuer_match = true
  # Without its radius an address has no place.
  expect ip_gps_distance_km = unknown
  at -1h  payment  account.nationality=none account.residence_country=GB
  expect nationality_issuer_match = false
  at 0    payment  account.nationality=none account.residence_country=US geo.lat=0 geo.lon=-20
  expect nationality_issuer_match = true
  # The middle of the Atlantic is no country.
  expect gps_country = unknown

story sims "What the SIM says about a phone in Beijing"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 geo.lat=39.904 geo.lon=116.407 account.residence_country=US
  with login  outcome=success
  at -4h  login  device.sim_country=CN account.residence_country=CN
  expect sim_gps_consistency = home_at_home
  at -3h  login  device.sim_country=CN
  expect sim_gps_consistency = local_sim
  at -2h  login  device.sim_country=US device.roaming=true
  expect sim_gps_consistency = roaming_in_gps_country
  at -1h  login  device.sim_country=US device.roaming=false
  expect sim_gps_consistency = contradictory
  at 0    login  device.sim_country=US
  expect sim_gps_consistency = unknown

story travel "From Canada to China, and once too fast"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 account.residence_country=CA geo.lon=116.407 geo.accuracy_m=1000
  with login  outcome=success
  at -20d           login  geo.lat=45.2 geo.lon=-63.593
  expect geo_distance_last_km = unknown
  expect geo_speed_kmh = unknown
  expect geo_speed_confidence = unknown
  expect geo_impossible_travel = unknown
  expect traveler_state = home
  expect hours_since_arrival = unknown
  at -19d12h        login  geo.lat=39.904
  expect geo_distance_last_km = 94.896 * 111.1950802335329 - 2
  expect geo_speed_kmh = (94.896 * 111.1950802335329 - 2) / 12
  expect geo_speed_confidence = 1
  expect geo_impossible_travel = false
  expect traveler_state = arrived
  expect hours_since_arrival = 0
  at -19d           login  geo.lat=34.904
  expect geo_distance_last_km = 5 * 111.1950802335329 - 2
  expect geo_speed_kmh = (5 * 111.1950802335329 - 2) / 12
  expect traveler_state = arrived
  expect hours_since_arrival = 12
  # No position: the network's place, with a radius of 50 km, stands for it.
  with any  geo.lat=none geo.lon=none geo.accuracy_m=none network.ip_lon=116.407 network.ip_accuracy_km=50 network.ip_country=CN
  at -15d12h        login  network.ip_lat=39.904
  expect geo_distance_last_km = 5 * 111.1950802335329 - 51
  expect geo_speed_kmh = (5 * 111.1950802335329 - 51) / 84
  expect geo_speed_confidence = 0.6
  expect traveler_state = in_trip
  expect hours_since_arrival = 96
  at -15d11h        login  network.ip_lat=34.904 network.ip_usage=mobile
  expect geo_distance_last_km = 5 * 111.1950802335329 - 100
  expect geo_speed_confidence = 0.072
  # 40 degrees in an hour, but from a place that a mobile network told.
  with any  network.ip_lon=none network.ip_accuracy_km=none geo.lon=116.407 geo.accuracy_m=1000
  at -15d10h        login  geo.lat=-5.096
  expect geo_speed_kmh = 40 * 111.1950802335329 - 51
  expect geo_speed_confidence = 0.12
  expect geo_impossible_travel = false
  at -15d9h         login  geo.lat=34.904
  expect geo_speed_kmh = 40 * 111.1950802335329 - 2
  expect geo_speed_confidence = 1
  expect geo_impossible_travel = true
  # Ten seconds count as a minute.
  at -15d8h59m50s   login  geo.lat=39.904
  expect geo_speed_kmh = 60 * (5 * 111.1950802335329 - 2)
  expect geo_impossible_travel = true
  at -15d8h59m40s   login  geo.lat=36.904
  expect geo_speed_kmh = 60 * (3 * 111.1950802335329 - 2)
  expect geo_impossible_travel = false
  at 11d13h         login  geo.lat=39.904
  expect traveler_state = resident
  expect hours_since_arrival = 745
  # A faked position without a known network is no place at all.
  at 11d14h         login  geo.lat=39.904 device.mock_location=true network.ip_country=none
  expect geo_distance_last_km = unknown
  expect traveler_state = unknown
  expect hours_since_arrival = unknown

story arrival "Whether the way from home was a journey"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 account.residence_country=CA geo.lat=39.904 geo.lon=116.407
  with login  outcome=success
  at -40h  login  geo.lat=45.2 geo.lon=-63.593 device.sim_country=CA
  expect hours_since_home = unknown
  expect hours_since_first_fix_here = 0
  expect arrival_speed_kmh = unknown
  expect plausible_arrival = unknown
  at -28h  login  device.roaming=true
  expect hours_since_home = 12
  expect hours_since_first_fix_here = 0
  expect arrival_speed_kmh = 94.896 * 111.1950802335329 / 12
  expect plausible_arrival = true
  # Elsewhere in China it is still the first fix there that counts. SIM and clock stayed in Canada.
  at -20h  login  geo.lat=34.904 device.roaming=false device.sim_country=CA device.tz_offset_min=-240
  expect hours_since_home = 20
  expect hours_since_first_fix_here = 8
  expect arrival_speed_kmh = 94.896 * 111.1950802335329 / 12
  expect plausible_arrival = false
  at -19h  login  device.roaming=false device.sim_country=CN
  expect plausible_arrival = true
  at -18h  login  device.tz_offset_min=540
  expect plausible_arrival = true
  at -17h  login
  expect plausible_arrival = unknown
  # At home once more, and two hours later in China again: that is no journey, whatever the phone shows.
  at -2h   login  geo.lat=45.2 geo.lon=-63.593
  expect plausible_arrival = unknown
  at 0     login  geo.lat=34.904 device.roaming=true
  expect hours_since_home = 2
  expect hours_since_first_fix_here = 28
  expect arrival_speed_kmh = (180 - 45.2 - 34.904) * 111.1950802335329 / 2
  expect plausible_arrival = false
  # Less than a minute counts as one.
  at -10s  login  account_id=a2 geo.lat=45.2 geo.lon=-63.593
  at 0     login  account_id=a2 device.roaming=true
  expect arrival_speed_kmh = 94.896 * 111.1950802335329 * 60
  expect plausible_arrival = false
  # Where home has the same hour, the clock is no sign.
  at -20h  login  account_id=a3 account.residence_country=SG geo.lat=1.352 geo.lon=103.82
  at 0     login  account_id=a3 account.residence_country=SG device.roaming=false device.sim_country=SG device.tz_offset_min=480
  expect plausible_arrival = false

story nights "Home is where the nights are"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 geo.lon=-63.593
  with login  outcome=success
  # All at midnight of a zone four hours behind, or at 22 o'clock; two at 6 o'clock and at noon, far away.
  at -91d     login  geo.lat=20
  expect geo_distance_home_km = unknown
  at -89d     login  geo.lat=45.0
  at -60d     login  geo.lat=45.1
  at -30d     login  geo.lat=45.2
  at -9d12h   login  geo.lat=10
  at -5d2h    login  geo.lat=45.3
  at -3d18h   login  geo.lat=10
  at -1d      login  geo.lat=45.4
  expect geo_distance_home_km = unknown
  at 0        login  geo.lat=46.2
  expect geo_distance_home_km = 111.1950802335329
  at 1h       login  geo.lon=none
  expect geo_distance_home_km = unknown

story countries "Countries that an account has been to"
  with any      account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login    outcome=success
  with payment  amount_minor=100 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  at -300d  login  network.ip_country=CN
  expect geo_new_country_account = true
  expect geo_days_since_country_seen = 400
  at -50d   payment  id=p1 network.ip_country=KR
  expect geo_new_country_account = true
  at -10d   login  network.ip_country=US
  # What a bank says of a payment is no visit to its country.
  at -1d    dispute  payment_id=p1 stage=chargeback
  at 0      login  network.ip_country=KR
  expect geo_new_country_account = false
  expect geo_days_since_country_seen = 50
  # A position goes before the network, unless it is faked.
  at 1s     login  network.ip_country=US geo.lat=39.904 geo.lon=116.407
  expect geo_new_country_account = false
  expect geo_days_since_country_seen = 300 + 1/86400
  at 1d     login  network.ip_country=US geo.lat=39.904 geo.lon=116.407 device.mock_location=true
  expect geo_days_since_country_seen = 11
  at 2d     login  network.ip_country=CN account_id=a2
  expect geo_new_country_account = true
  at 3d     login
  expect geo_new_country_account = unknown
  expect geo_days_since_country_seen = unknown
  at 500d   login  network.ip_country=KR
  expect geo_new_country_account = false
  expect geo_days_since_country_seen = 400

story hopping "From one country to the next"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login  outcome=success
  at -8d     login  network.ip_country=JP
  expect account_country_change_count_{24h,7d} = 0, 0
  at -6d     login  network.ip_country=CN
  at -5d     login  network.ip_country=US
  at -4d23h  login  network.ip_country=CN
  at -20h    login  network.ip_country=US
  at -10h    login  network.ip_country=US
  at -5h     login  network.ip_country=CN
  at -4h     login
  at 0       login  network.ip_country=US
  expect account_country_change_count_{24h,7d} = 1, 4
  at 1s      login  account_id=none network.ip_country=CN outcome=unknown_account
  expect account_country_change_count_{24h,7d} = unknown, unknown

story cities "Cells that an account has been to"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 geo.lat=39.904 geo.lon=116.407
  with login  outcome=success
  at -91d   login
  expect geo_new_city_account = true
  at -30d   login  geo.lat=31.23 geo.lon=121.474
  expect geo_new_city_account = true
  # The cell wx4g reaches from 39.902 to 40.078 N and from 116.367 to 116.719 E.
  at -20d   login  geo.lat=40.07 geo.lon=116.7
  expect geo_new_city_account = false
  at -18d   login  geo.lat=39.90
  expect geo_new_city_account = true
  at -17d   login  geo.accuracy_m=20001
  expect geo_new_city_account = unknown
  at 60d    login  geo.lat=31.23 geo.lon=121.474
  expect geo_new_city_account = true
  at 60d1h  login  geo.accuracy_m=20000
  expect geo_new_city_account = false

story shop "Where the payers of a code stand"
  with any      account_id=a1 device.device_id=d1 network.ip=192.0.2.7 geo.lon=114
  with payment  amount_minor=100 currency=CNY funding=intl_card card.card_token=c1 kind=merchant_qr_static
  with payment  merchant.merchant_id=m1 merchant.qr_id=q1 merchant.lat=30 merchant.lon=114
  at -31d  payment  geo.lat=10
  expect device_gps_merchant_distance_km = 20 * 111.1950802335329
  at -10d  payment  geo.lat=29.90
  at -9d   payment  geo.lat=29.91
  at -8d   payment  geo.lat=29.92
  expect qr_relocation_km_{24h,30d} = unknown, unknown
  at -5h   payment  geo.lat=30.01
  at -4h   payment  geo.lat=30.02
  at -3h   payment  geo.lat=30.03
  at -2h   payment  geo.lat=30.04
  # Bought from afar, or with a faked position: these stand nowhere. The third is at another code.
  at -90m  payment  geo.lat=50 kind=bill bill_payee_hash=x1
  expect device_gps_merchant_distance_km = unknown
  at -80m  payment  geo.lat=50 device.mock_location=true network.ip_lat=50 network.ip_lon=114 network.ip_accuracy_km=1
  at -70m  payment  geo.lat=50 merchant.qr_id=q2
  at -1h   payment  geo.lat=30.05
  expect qr_relocation_km_{24h,30d} = unknown, 0.01 * 111.1950802335329
  at 0     payment  geo.lat=31
  expect qr_relocation_km_{24h,30d} = 0.03 * 111.1950802335329, 0.015 * 111.1950802335329
  expect device_gps_merchant_distance_km = 111.1950802335329

story levels "Countries by their risk"
  with any      account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with payment  amount_minor=100 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  at -5h  payment  geo.lat=39.02 geo.lon=125.75 network.ip_country=MM card.issuer_country=NP
  expect country_risk_level_gps = 9
  expect country_risk_level_ip = 3
  expect country_risk_level_issuer = 2
  at -4h  payment  geo.lat=16.8 geo.lon=96.15 network.ip_country=NP card.issuer_country=KH
  expect country_risk_level_gps = 3
  expect country_risk_level_ip = 2
  expect country_risk_level_issuer = 1
  at -3h  payment  geo.lat=27.7 geo.lon=85.3 network.ip_country=KH card.issuer_country=US
  expect country_risk_level_gps = 2
  expect country_risk_level_ip = 1
  expect country_risk_level_issuer = 0
  at -2h  payment  geo.lat=11.55 geo.lon=104.92 network.ip_country=US card.issuer_country=IR
  expect country_risk_level_gps = 1
  expect country_risk_level_ip = 0
  expect country_risk_level_issuer = 9
  at -1h  payment  geo.lat=39.904 geo.lon=116.407 network.ip_country=KP card.issuer_country=MM
  expect country_risk_level_gps = 0
  expect country_risk_level_ip = 9
  expect country_risk_level_issuer = 3

story hot_spot "Fraud in one cell of a city"
  with any       account_id=a1 device.device_id=d1 network.ip=192.0.2.7 geo.lat=39.904 geo.lon=116.407
  with payment   amount_minor=100 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=merchant_qr_static
  with transfer  amount_minor=100 currency=CNY beneficiary_id=b1
  with login     outcome=success
  with label     label=fraud
  at -97d   payment  id=p0
  expect attempt_fraud_rate_90d = 0.0028
  expect geohash_fraud_rate_30d = 0.0028
  at -97d   label  ref_id=p0 received=-96d
  # For the cell 37 to 7 days ago count, for all attempts 97 to 7 days ago.
  at -37d   payment  id=p1
  at -30d   payment  id=p2
  at -20d   payment  id=p3 geo.lat=31.23 geo.lon=121.474
  at -15d   transfer  id=t1
  at -12d   login  id=l1
  at -10d   payment  id=p4
  at -7d    payment  id=p5
  at -37d   label  ref_id=p1 received=-5d
  at -10d   label  ref_id=p4 received=-4d
  at -15d   label  ref_id=t1 received=-3d
  at -12d   label  ref_id=l1 received=-3d
  at -3d    payment  id=p6
  at -3d    label  ref_id=p6 received=-2d
  at -30d   label  ref_id=p2 label=legit received=-1d
  # Of six attempts (p1 to p5, t1) p1, p4 and t1 were fraud; of three payments in the cell (p2, p4, p5) p4.
  at 0      payment
  expect attempt_fraud_rate_90d = (3 + 20 * 0.0028) / 26
  expect geohash_fraud_rate_30d = (1 + 20 * (3 + 20 * 0.0028) / 26) / 23
  at 1s     payment  geo.accuracy_m=5001
  expect geohash_fraud_rate_30d = unknown
