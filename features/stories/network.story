# What is known of addresses, of their providers and of how a phone is connected.

story lookups "What the look-up of an address tells"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login  outcome=success
  at -4h  login
  expect ip_is_vpn = unknown
  expect ip_is_proxy = unknown
  expect ip_is_tor = unknown
  expect ip_usage_type = unknown
  expect ip_is_public_wifi = unknown
  at -3h  login  network.is_vpn=true network.is_proxy=true network.is_tor=true network.ip_usage=hosting network.wifi_public=true
  expect ip_is_vpn = true
  expect ip_is_proxy = true
  expect ip_is_tor = true
  expect ip_usage_type = hosting
  expect ip_is_public_wifi = true
  at -2h  login  network.is_vpn=false network.is_proxy=false network.is_residential_proxy=true network.is_tor=false network.ip_usage=residential network.wifi_public=false
  expect ip_is_vpn = false
  expect ip_is_proxy = true
  expect ip_is_tor = false
  expect ip_usage_type = residential
  expect ip_is_public_wifi = false
  at -1h  login  network.is_proxy=false network.is_residential_proxy=false
  expect ip_is_proxy = false
  at 0    login  network.is_proxy=false
  expect ip_is_proxy = unknown

story familiar "Addresses and providers that an account knows"
  with any      account_id=a1 device.device_id=d1 network.ip=192.0.2.7 network.asn=100
  with login    outcome=success
  with payment  amount_minor=100 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  at -401d  login  account_id=a2
  expect ip_age_days = 0
  at -400d12h  login  account_id=a2 network.ip=192.0.2.9
  expect ip_age_days = 0
  at -90d   payment  id=p1
  expect ip_age_days = 311
  expect ip_seen_by_account = false
  expect asn_seen_by_account = false
  at -80d   login  network.ip=198.51.100.1 network.asn=200
  expect ip_seen_by_account = false
  expect asn_seen_by_account = false
  # What a bank says of a payment does not come from the payer's address.
  at -70d   dispute  payment_id=p1 stage=chargeback
  at -1s    login
  expect ip_age_days = 400
  expect ip_seen_by_account = true
  expect asn_seen_by_account = true
  # Another address of a known block; a known provider at an unknown block; and the reverse.
  at 0      login  network.ip=192.0.2.200 network.asn=300
  expect ip_age_days = 0
  expect ip_seen_by_account = true
  expect asn_seen_by_account = false
  at 1s     login  network.ip=203.0.113.1 network.asn=200
  expect ip_seen_by_account = false
  expect asn_seen_by_account = true
  at 10d    login  network.ip=198.51.100.7 network.asn=none
  expect ip_seen_by_account = false
  expect asn_seen_by_account = unknown
  at 11d    login  network.ip=none network.asn=none
  expect ip_age_days = unknown
  expect ip_seen_by_account = unknown

story bad_sources "Fraud from an address and from a provider"
  with any       account_id=a1 device.device_id=d1 network.ip=192.0.2.7 network.asn=100
  with payment   amount_minor=100 currency=CNY funding=balance merchant.merchant_id=m1 kind=in_app
  with transfer  amount_minor=100 currency=CNY beneficiary_id=b1
  with login     outcome=success
  with label     label=fraud
  at -37d  payment  id=p1
  expect ip_fraud_rate_{7d,30d} = 0.0028, 0.0028
  expect asn_fraud_rate_30d = 0.0028
  at -20d  payment  id=p2 network.asn=200
  at -14d  payment  id=p3
  at -12d  payment  id=p4 network.ip=192.0.2.8
  at -11d  payment  id=p5 network.ip=192.0.2.8
  at -10d  transfer  id=t1
  at -9d   transfer  id=t2
  at -8d   login  id=l1
  at -7d   payment  id=p6
  at -1d   payment  id=p7
  at -37d  label  ref_id=p1 received=-2h
  at -20d  label  ref_id=p2 received=-2h
  at -14d  label  ref_id=p3 received=-2h
  at -11d  label  ref_id=p5 received=-2h
  at -9d   label  ref_id=t2 received=-2h
  at -8d   label  ref_id=l1 received=-2h
  at -1d   label  ref_id=p7 received=-2h
  # Of all eight that are 97 to 7 days old, p1, p2, p3, p5 and t2 were fraud. At the address: of t1, t2 and p6 the
  # second; 30 days back also p2 and p3, both fraud. At the provider, without p2: of p3, p4, p5, t1, t2 and p6 three.
  at 0     payment
  expect attempt_fraud_rate_90d = (5 + 0.056) / 28
  expect ip_fraud_rate_{7d,30d} = (1 + 20 * (5 + 0.056) / 28) / 23, (3 + 20 * (5 + 0.056) / 28) / 25
  expect asn_fraud_rate_30d = (3 + 20 * (5 + 0.056) / 28) / 26
  at 1s    payment  network.ip=198.51.100.1 network.asn=none
  expect ip_fraud_rate_{7d,30d} = (5 + 0.056) / 28, (5 + 0.056) / 28
  expect asn_fraud_rate_30d = unknown

story young_block "Young accounts in one block of addresses"
  with any    device.device_id=d1 network.ip=192.0.2.7
  with login  outcome=success
  at -25h  login  account_id=b0 account.created_ms=@-2d
  at -24h  login  account_id=b1 account.created_ms=@-2d
  at -10h  login  account_id=b2 account.created_ms=@-2d
  at -9h   login  account_id=b3 account.created_ms=@-2d
  at -9h   login  account_id=b3 account.created_ms=@-2d
  at -8h   login  account_id=b4 account.created_ms=@-7d network.ip=192.0.2.8
  # Seven days old to the hour, and older.
  at -7h   login  account_id=b5 account.created_ms=@-7d7h
  at -6h   login  account_id=b6 account.created_ms=@-30d
  at -5h   login  account_id=b7 account.created_ms=@-30d
  at -4h   login  account_id=b8 account.created_ms=@-30d
  at -3h   login  account_id=b9 account.created_ms=@-30d
  # Of unknown age, and in another block.
  at -2h   login  account_id=b10
  at -90m  login  account_id=b11 account.created_ms=@-2d network.ip=192.0.3.7
  at -1h   login  account_id=b12 account.created_ms=@-30d
  expect ipprefix_new_account_share_24h = unknown
  # At 1 hour ago b1 was the ninth; now it is a day old, and b12 and b13 make b2 to b9 ten.
  at -30m  login  account_id=b13 account.created_ms=@-30d
  at 0     login  account_id=b14 account.created_ms=@-1d
  expect ipprefix_new_account_share_24h = 3 / 10
  at 1s    login  account_id=b15
  expect ipprefix_new_account_share_24h = 4 / 11

story wandering "A session that changes its address, a phone that changes its connection"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 session_id=s1
  with login  outcome=success
  at -4h  login
  expect ip_change_in_session = 0
  at -3h  login  network.ip=192.0.2.8
  expect ip_change_in_session = 1
  at -2h  login
  expect ip_change_in_session = 1
  at -1h  login  network.ip=192.0.2.9 session_id=s2
  expect ip_change_in_session = 0
  at 0    login  network.ip=192.0.2.9
  expect ip_change_in_session = 2
  at 1s   login  session_id=none
  expect ip_change_in_session = unknown

story connections "Connected in another way than usual"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login  outcome=success
  at -31d  login  network.conn_type=ethernet
  expect conn_type_change = unknown
  at -30d  login  network.conn_type=ethernet
  expect conn_type_change = false
  at -9d   login  network.conn_type=cellular
  expect conn_type_change = true
  at -8d   login  network.conn_type=wifi
  at -7d   login  network.conn_type=wifi
  at -6d   login  network.conn_type=unknown
  at -5d   login  network.conn_type=unknown
  at -4d   login  network.conn_type=unknown
  expect conn_type_change = unknown
  at -1d   login
  expect conn_type_change = unknown
  at 0     login  network.conn_type=wifi
  expect conn_type_change = false
  at 1s    login  network.conn_type=cellular
  expect conn_type_change = true

story roaming "A phone in Beijing that is connected through its home"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 geo.lat=39.904 geo.lon=116.407
  with login  outcome=success
  at -5h  login  network.conn_type=cellular network.ip_country=US device.sim_country=US
  expect ip_home_routed_roaming = true
  at -4h  login  network.conn_type=wifi network.ip_country=US device.sim_country=US
  expect ip_home_routed_roaming = false
  at -3h  login  network.conn_type=cellular network.ip_country=CN device.sim_country=US
  expect ip_home_routed_roaming = false
  at -2h  login  network.conn_type=cellular network.ip_country=CN device.sim_country=CN
  expect ip_home_routed_roaming = false
  at -1h  login  network.conn_type=cellular network.ip_country=US
  expect ip_home_routed_roaming = unknown

story clients "Common and rare TLS clients"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 device.os=android device.app_build=7
  with login  outcome=success
  at -7d   login  network.tls_fp=tool
  expect tls_fp_rarity_7d = unknown
  at -6d   login  network.tls_fp=app
  at -5d   login  network.tls_fp=app
  at -4d   login  network.tls_fp=app
  at -3d   login  network.tls_fp=tool device.app_build=8
  at -2d   login  network.tls_fp=tool device.os=ios
  at 0     login  network.tls_fp=app
  expect tls_fp_rarity_7d = 0
  at 1s    login  network.tls_fp=tool
  expect tls_fp_rarity_7d = ln(5)
  at 2s    login  network.tls_fp=tool
  expect tls_fp_rarity_7d = ln(6 / 2)
  at 3s    login  device.app_build=none
  expect tls_fp_rarity_7d = unknown

story relayed_codes "A code that is passed from another address"
  with any               account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login             outcome=success
  with challenge_result  factor=sms_otp result=passed
  at -26h  login  id=l1
  expect otp_answer_ip_mismatch_24h = unknown
  at -24h  challenge_result  ref_id=l1 answer_ip_same=false
  at -23h  challenge_result  ref_id=l1
  at -22h  challenge_result  ref_id=l1 answer_ip_same=false factor=passkey
  at -21h  challenge_result  ref_id=l1 answer_ip_same=false result=failed
  at -1s   login
  expect otp_answer_ip_mismatch_24h = true
  at 0     login
  expect otp_answer_ip_mismatch_24h = unknown
  at 1h    challenge_result  ref_id=l1 answer_ip_same=true
  at 2h    login
  expect otp_answer_ip_mismatch_24h = false
  at 3h    challenge_result  ref_id=l1 answer_ip_same=false factor=totp
  at 4h    login
  expect otp_answer_ip_mismatch_24h = true
  at 5h    login  account_id=a2
  expect otp_answer_ip_mismatch_24h = unknown
