# The card's issuer: what may be claimed instead of strong authentication, what he is asked for, and what may follow when he
# says no.

story issuer_tra "A quiet remote payment is exempt by risk analysis until something is found"
  with any      account_id=a1 account.created_ms=@-400d account.kyc_level=3 network.ip=192.0.2.7 network.ip_country=CN geo.lat=31.23 geo.lon=121.47
  with any      device.device_id=d1 device.integrity=strong device.has_hook_framework=false device.is_cloned_app=false device.screen_shared=false device.remote_control_app=false device.accessibility_overlay=false auth_ctx.device_trusted_since_ms=@-90d
  with payment  kind=in_app currency=CNY funding=intl_card amount_minor=30000 usd_minor=4200 card.card_token=c1 card.network=visa card.issuer_country=DE card.linked_time_ms=@-300d merchant.merchant_id=m1 merchant.country=CN
  at -20d  payment      id=p1
  at -20d  auth_result  ref_id=p1 outcome=approved
  at -15d  payment      id=p2 amount_minor=28000 usd_minor=3920
  at -15d  auth_result  ref_id=p2 outcome=approved
  at -10d  payment      id=p3 amount_minor=33000 usd_minor=4620
  at -10d  auth_result  ref_id=p3 outcome=approved
  at 0     payment
  expect approve
  expect exempt tra
  # Nobody scored it here, so the issuer is left to his own mind.
  expect three_ds 01
  at 1m    payment      device.remote_control_app=true
  expect exempt none
  # Above 100 EUR, which is what 13 basis points of fraud allow.
  at 2m    payment      amount_minor=80000 usd_minor=11200
  expect exempt none

story issuer_low_value "Small remote payments are exempt until five of them, and more than 100 EUR, came after the last challenge"
  with any      account_id=a1 account.created_ms=@-400d account.kyc_level=3
  with payment  kind=in_app currency=CNY funding=intl_card amount_minor=20000 usd_minor=2800 card.card_token=c1 card.issuer_country=DE card.linked_time_ms=@-300d merchant.merchant_id=m1 merchant.country=CN
  with auth_result  outcome=approved
  at -29d  fx_rate      currency=EUR fx.rate_e9=7700000000
  at -28d  payment      id=p1
  expect exempt low_value
  expect card_low_value_count_since_sca = 0
  at -28d  auth_result  ref_id=p1
  at -24d  payment      id=p2
  at -24d  auth_result  ref_id=p2
  at -20d  payment      id=p3
  at -20d  auth_result  ref_id=p3
  at -16d  payment      id=p4
  at -16d  auth_result  ref_id=p4
  at -12d  payment      id=p5
  expect exempt low_value
  expect card_low_value_count_since_sca = 4
  at -12d  auth_result  ref_id=p5
  at -8d   payment      id=p6
  expect exempt none
  expect card_low_value_count_since_sca = 5
  expect card_low_value_sum_since_sca_eur = 1000 / 7.7
  at -7d   challenge_result  ref_id=p6 card.card_token=c1 factor=three_ds_challenge result=passed trans_status=Y
  at 0     payment
  expect exempt low_value

story issuer_kinds "Mandates, fares and trusted payees have an exemption of their own; what is authenticated already needs none"
  with any      account_id=a1 account.created_ms=@-400d account.kyc_level=3
  with payment  kind=in_app currency=CNY funding=intl_card amount_minor=90000 usd_minor=12600 card.card_token=c1 card.network=visa card.issuer_country=DE card.linked_time_ms=@-300d merchant.merchant_id=m1 merchant.country=CN
  at -4h   payment  kind=auto_debit mandate_id=x1
  expect exempt recurring
  at -3h   payment  kind=transit amount_minor=400 usd_minor=56
  expect exempt transit
  at -2h   payment  three_ds.whitelist_status=Y
  expect exempt trusted
  at -1h   payment  three_ds.whitelist_status=Y three_ds.eci="05"
  expect exempt none
  # An exemption was asked for: no shift of liability, whatever the authentication said.
  at 0     payment  three_ds.whitelist_status=Y three_ds.eci="05" three_ds.exemption=trusted
  expect three_ds.liability_shift = false
  expect exempt trusted

story issuer_refuses "The issuer's code tells its class, and what may follow"
  with any          account_id=a1
  with payment      kind=in_app currency=CNY funding=intl_card amount_minor=10000 usd_minor=1400 card.card_token=c1 card.network=mastercard card.issuer_country=DE merchant.merchant_id=m1 merchant.country=CN
  with auth_result  ref_id=p1 outcome=declined card.card_token=c1 card.network=mastercard
  at -3h   payment      id=p1
  at -170m auth_result  de39="51"
  expect retry retry_after
  expect card_declined_count_24h = 0
  at -160m auth_result  de39="65"
  expect retry authenticate_first
  at -150m auth_result  de39="82"
  expect retry update_data_first
  at -140m auth_result  de39="05" mac="24"
  expect retry retry_after
  at -130m auth_result  de39="05" mac="03"
  expect retry never_retry
  at -120m auth_result  outcome=approved de39="00"
  expect retry none
  at -110m auth_result  de39="51"
  expect card_declined_count_24h = 5
  at -100m auth_result  de39="51"
  at -90m  auth_result  de39="51"
  at -80m  auth_result  de39="51"
  at -70m  auth_result  de39="51"
  expect retry retry_after
  at -60m  auth_result  de39="51"
  expect card_declined_count_24h = 10
  expect card_declined_same_amount_count_30d = 10
  expect retry limit_reached

story issuer_forbids "What the scheme forbids is not tried again by a machine"
  with any      account_id=a1
  with payment  kind=auto_debit mandate_id=x1 currency=CNY funding=intl_card amount_minor=10000 usd_minor=1400 card.card_token=c1 card.network=visa card.issuer_country=DE merchant.merchant_id=m1 merchant.country=CN
  at -3d   payment      id=p1
  at -3d   auth_result  ref_id=p1 outcome=declined de39="14"
  at 0     payment
  expect decline because SCHEME_RETRY_BLOCK
  expect retry never_retry
