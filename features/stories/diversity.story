# How many different things are seen with one. Ages lie on the edges of the windows: what was seen exactly a
# window ago and not since is outside of it.

story one_device "Cards, names and accounts on one device"
  with any        device.device_id=d1 network.ip=192.0.2.7
  with payment    amount_minor=100 currency=CNY funding=intl_card kind=in_app merchant.merchant_id=m1
  at -30d  card_link  account_id=a0 card.card_token=c0 card.issuer_country=IT cardholder_name_hash=n0
  expect device_distinct_cards_{1h,24h,7d,30d} = 0, 0, 0, 0
  expect device_distinct_accounts_{1h,24h,7d,30d} = 0, 0, 0, 0
  expect device_distinct_card_countries_{24h,7d} = 0, 0
  expect device_distinct_card_names_{24h,7d} = 0, 0
  at -7d   card_link  account_id=a1 card.card_token=c1 card.issuer_country=US cardholder_name_hash=n1
  at -24h  card_link  account_id=a2 card.card_token=c2 card.issuer_country=GB cardholder_name_hash=n2
  at -1h   card_link  account_id=a3 card.card_token=c3 card.issuer_country=FR cardholder_name_hash=n3
  at -10m  card_link  account_id=a4 card.card_token=c4 card.issuer_country=DE cardholder_name_hash=n3
  at -9m   payment    account_id=a4 card.card_token=c4 card.issuer_country=DE
  at -8m   payment    account_id=a4 card.card_token=c5 card.issuer_country=DE
  # Paid from the balance, so the card is not tried; a card taken away; another device.
  at -7m   payment    account_id=a5 card.card_token=c6 card.issuer_country=JP funding=balance
  at -6m   card_unlink  account_id=a6 card.card_token=c7 card.issuer_country=KR
  at -5m   card_link  account_id=a8 card.card_token=c8 card.issuer_country=ES cardholder_name_hash=n8 device.device_id=d2
  at 0     card_link  account_id=a7 card.card_token=c9 card.issuer_country=PT cardholder_name_hash=n9
  expect device_distinct_cards_{1h,24h,7d,30d} = 2, 3, 4, 5
  expect device_distinct_accounts_{1h,24h,7d,30d} = 3, 4, 5, 6
  expect device_distinct_card_countries_{24h,7d} = 2, 3
  expect device_distinct_card_names_{24h,7d} = 1, 2
  at 1s    login  outcome=success account_id=a7 device.device_id=none
  expect device_distinct_cards_{1h,24h,7d,30d} = unknown, unknown, unknown, unknown

story cards_of_account "Cards, countries and names of one account"
  with any        account_id=a1
  with payment    amount_minor=100 currency=CNY funding=intl_card kind=in_app merchant.merchant_id=m1
  at -90d  card_link  card.card_token=c0 card.issuer_country=IT cardholder_name_hash=n0
  expect account_distinct_cards_{1h,24h,7d,30d,90d} = 0, 0, 0, 0, 0
  expect account_distinct_card_countries_{7d,30d} = 0, 0
  expect account_distinct_card_names_{7d,30d} = 0, 0
  at -30d  card_link  card.card_token=c1 card.issuer_country=US cardholder_name_hash=n1
  at -7d   card_link  card.card_token=c2 card.issuer_country=GB cardholder_name_hash=n2
  at -24h  card_link  card.card_token=c3 card.issuer_country=FR cardholder_name_hash=n3
  at -1h   card_link  card.card_token=c4 card.issuer_country=DE cardholder_name_hash=n3
  at -10m  payment    card.card_token=c5 card.issuer_country=DE
  at -9m   payment    card.card_token=c5 card.issuer_country=DE
  at -8m   payment    card.card_token=c6 card.issuer_country=JP funding=balance
  at -7m   card_link  card.card_token=c7 card.issuer_country=ES cardholder_name_hash=n7 account_id=a2
  at 0     card_link  card.card_token=c8 card.issuer_country=PT cardholder_name_hash=n8
  expect account_distinct_cards_{1h,24h,7d,30d,90d} = 1, 2, 3, 4, 5
  expect account_distinct_card_countries_{7d,30d} = 2, 3
  expect account_distinct_card_names_{7d,30d} = 1, 2

story doors_of_account "Devices, addresses, networks and countries of one account"
  with any    account_id=a1
  with login  outcome=success
  at -30d  login  device.device_id=d0 network.ip=192.0.2.10 network.asn=100 network.ip_country=IT
  expect account_distinct_devices_{24h,7d,30d} = 0, 0, 0
  expect account_distinct_ips_{1h,24h,7d} = 0, 0, 0
  expect account_distinct_asns_{24h,7d} = 0, 0
  expect account_distinct_ip_countries_{24h,7d,30d} = 0, 0, 0
  at -7d   login  device.device_id=d1 network.ip=192.0.2.11 network.asn=101 network.ip_country=US
  at -24h  profile_change  field=email device.device_id=d2 network.ip=192.0.2.12 network.asn=102 network.ip_country=GB
  at -1h   login  device.device_id=d3 network.ip=192.0.2.13 network.asn=103 network.ip_country=FR
  at -10m  device_signal  device.device_id=d4 network.ip=192.0.2.14 network.asn=103 network.ip_country=FR
  at -9m   login  device.device_id=d4 network.ip=192.0.2.15 network.asn=103 network.ip_country=FR
  # Nothing is added by somebody else, nor by an event that names no device and no address.
  at -8m   login  account_id=a2 device.device_id=d5 network.ip=192.0.2.16 network.asn=104 network.ip_country=JP
  at -7m   login
  at 0     login  device.device_id=d6 network.ip=192.0.2.17 network.asn=105 network.ip_country=PT
  expect account_distinct_devices_{24h,7d,30d} = 2, 3, 4
  expect account_distinct_ips_{1h,24h,7d} = 2, 3, 4
  expect account_distinct_asns_{24h,7d} = 1, 2
  expect account_distinct_ip_countries_{24h,7d,30d} = 1, 2, 3

story shopping "Merchants and trades that one account pays"
  with any      account_id=a1
  with payment  amount_minor=100 currency=CNY funding=balance kind=in_app
  at -30d  payment  merchant.merchant_id=m0 merchant.mcc=7011
  expect account_distinct_merchants_{1h,24h,7d,30d} = 0, 0, 0, 0
  expect account_distinct_mccs_{24h,7d,30d} = 0, 0, 0
  expect account_mcc_entropy_30d = unknown
  expect account_new_merchant_share_{24h,7d} = unknown, unknown
  at -7d   payment  merchant.merchant_id=m1 merchant.mcc=5812
  at -24h  payment  merchant.merchant_id=m2 merchant.mcc=5411
  at -1h   payment  merchant.merchant_id=m3 merchant.mcc=5813
  at -50m  payment  merchant.merchant_id=m4 merchant.mcc=5813
  at -40m  payment  merchant.merchant_id=m4 merchant.mcc=5813
  # A refund and another account's payment.
  at -30m  refund   original_payment_id=e1 amount_minor=100 currency=CNY merchant.merchant_id=m5 merchant.mcc=5999
  at -20m  payment  account_id=a2 merchant.merchant_id=m6 merchant.mcc=5999
  at 0     payment  merchant.merchant_id=m7 merchant.mcc=4121
  expect account_distinct_merchants_{1h,24h,7d,30d} = 1, 2, 3, 4
  expect account_distinct_mccs_{24h,7d,30d} = 1, 2, 3
  expect account_mcc_entropy_30d = -(2 * 0.2 * ln(0.2) + 0.6 * ln(0.6))
  expect account_new_merchant_share_{24h,7d} = 2 / 3, 3 / 4

story payees "Beneficiaries and bills of one account"
  with any       account_id=a1 amount_minor=100 currency=CNY
  with payment   funding=balance kind=bill merchant.merchant_id=m1
  at -90d  payment   bill_payee_hash=y0
  expect account_distinct_bill_payees_{7d,30d,90d} = 0, 0, 0
  expect account_distinct_beneficiaries_{24h,7d,30d} = 0, 0, 0
  at -30d  payment   bill_payee_hash=y1
  at -30d  transfer  beneficiary_id=b0
  at -7d   payment   bill_payee_hash=y2
  at -7d   transfer  beneficiary_id=b1
  at -24h  transfer  beneficiary_id=b2
  at -1d   payment   bill_payee_hash=y3
  at -1h   transfer  beneficiary_id=b3
  at -30m  transfer  beneficiary_id=b3
  at -20m  payment   bill_payee_hash=y3
  at -19m  payment   kind=in_app
  at -18m  payment   bill_payee_hash=y4 account_id=a2
  at -17m  transfer  beneficiary_id=b4 account_id=a2
  at 0     transfer  beneficiary_id=b5
  expect account_distinct_bill_payees_{7d,30d,90d} = 1, 2, 3
  expect account_distinct_beneficiaries_{24h,7d,30d} = 1, 2, 3

story one_card "Accounts and devices that share a card"
  with any        card.card_token=c1
  with payment    amount_minor=100 currency=CNY funding=intl_card kind=in_app merchant.merchant_id=m1
  at -90d  card_link  account_id=a0 device.device_id=d0 network.ip=192.0.2.7
  expect card_distinct_accounts_{24h,7d,30d,90d} = 0, 0, 0, 0
  expect card_distinct_devices_{24h,7d,30d} = 0, 0, 0
  at -30d  card_link  account_id=a1 device.device_id=d1
  at -7d   payment    account_id=a2 device.device_id=d2
  at -24h  card_link  account_id=a3 device.device_id=d3
  at -1h   payment    account_id=a4 device.device_id=d4
  at -30m  payment    account_id=a4 device.device_id=d5
  at -20m  payment    account_id=a5 device.device_id=d6 funding=balance
  at -19m  card_unlink  account_id=a6 device.device_id=d7
  at -18m  card_link  account_id=a7 device.device_id=d8 card.card_token=c2
  at 0     card_link  account_id=a8 device.device_id=d9
  expect card_distinct_accounts_{24h,7d,30d,90d} = 1, 2, 3, 4
  expect card_distinct_devices_{24h,7d,30d} = 2, 3, 4

story one_address "Accounts, cards and devices behind one address"
  with any        network.ip=192.0.2.7
  with payment    amount_minor=100 currency=CNY funding=intl_card kind=in_app merchant.merchant_id=m1
  at -7d   card_link  account_id=a0 device.device_id=d0 card.card_token=c0
  expect ip_distinct_accounts_{1h,24h,7d} = 0, 0, 0
  expect ip_distinct_cards_{1h,24h} = 0, 0
  expect ip_distinct_devices_{1h,24h} = 0, 0
  at -24h  card_link  account_id=a1 device.device_id=d1 card.card_token=c1
  at -1h   card_link  account_id=a2 device.device_id=d2 card.card_token=c2
  at -10m  card_link  account_id=a3 device.device_id=d3 card.card_token=c3
  at -9m   login      account_id=a4 device.device_id=d4 outcome=success
  at -9m   login      account_id=a4 device.device_id=d5 outcome=success
  at -8m   payment    account_id=a4 device.device_id=d3 card.card_token=c4
  at -7m   payment    account_id=a4 device.device_id=d3 card.card_token=c5
  at -7m   payment    account_id=a4 device.device_id=d3 card.card_token=c9
  at -6m   payment    account_id=a4 device.device_id=d3 card.card_token=c6 funding=balance
  at -5m   card_link  account_id=a5 device.device_id=d5 card.card_token=c7 network.ip=192.0.2.8
  at 0     card_link  account_id=a6 device.device_id=d6 card.card_token=c8
  expect ip_distinct_accounts_{1h,24h,7d} = 2, 3, 4
  expect ip_distinct_cards_{1h,24h} = 4, 5
  expect ip_distinct_devices_{1h,24h} = 3, 4

story one_range "Cards of one issuer range, and who links them"
  with any        network.ip=192.0.2.7 card.bin8="41111111"
  with payment    amount_minor=100 currency=CNY funding=intl_card kind=in_app merchant.merchant_id=m1
  at -24h  card_link  account_id=a0 device.device_id=d0 card.card_token=c0
  expect bin_distinct_cards_{5m,1h,24h} = 0, 0, 0
  expect bin_distinct_accounts_{5m,1h,24h} = 0, 0, 0
  expect bin_distinct_devices_{5m,1h,24h} = 0, 0, 0
  at -1h   card_link  account_id=a1 device.device_id=d1 card.card_token=c1
  at -5m   card_link  account_id=a2 device.device_id=d2 card.card_token=c2
  at -4m   card_link  account_id=a3 device.device_id=d3 card.card_token=c3
  at -3m   card_link  account_id=a4 device.device_id=d3 card.card_token=c4
  # A payment tries a card, but links none; a card is taken away.
  at -2m   card_unlink  account_id=a8 device.device_id=d8 card.card_token=c8
  at -2m   payment    account_id=a5 device.device_id=d5 card.card_token=c5
  at -1m   card_link  account_id=a6 device.device_id=d6 card.card_token=c6 card.bin8="52222222"
  at 0     card_link  account_id=a7 device.device_id=d7 card.card_token=c7
  expect bin_distinct_cards_{5m,1h,24h} = 3, 4, 5
  expect bin_distinct_accounts_{5m,1h,24h} = 2, 3, 4
  expect bin_distinct_devices_{5m,1h,24h} = 1, 2, 3

# In 24 hours five payments by cards of the first range, three of the second, two of the third; a day before one
# more of the first.
story one_merchant "Cards and accounts at one merchant"
  with payment  amount_minor=100 currency=CNY funding=intl_card kind=in_app merchant.merchant_id=m1
  with payment  card.bin8="41111111"
  at -7d   payment  account_id=a0 card.card_token=c0
  expect merchant_distinct_cards_{1h,24h,7d} = 0, 0, 0
  expect merchant_distinct_accounts_{1h,24h,7d} = 0, 0, 0
  expect merchant_bin_hhi_{24h,7d} = unknown, unknown
  at -24h  payment  account_id=a1 card.card_token=c1
  at -1h   payment  account_id=a2 card.card_token=c2
  at -55m  payment  account_id=a3 card.card_token=c3
  at -54m  payment  account_id=a3 card.card_token=c3
  at -53m  payment  account_id=a3 card.card_token=c4
  at -52m  payment  account_id=a3 card.card_token=c4
  at -51m  payment  account_id=a4 card.card_token=c5 card.bin8="52222222"
  at -50m  payment  account_id=a4 card.card_token=c5 card.bin8="52222222"
  at -49m  payment  account_id=a4 card.card_token=c5 card.bin8="52222222"
  at -48m  payment  account_id=a4 card.card_token=c6 card.bin8="63333333"
  # Nine came within a day before this one: too few. Within a week it is ten, seven of the first range.
  expect merchant_bin_hhi_{24h,7d} = unknown, (49 + 9) / 100
  at -47m  payment  account_id=a4 card.card_token=c6 card.bin8="63333333"
  at -46m  payment  account_id=a5 card.card_token=c7 card.bin8="74444444" funding=balance
  at -45m  payment  account_id=a6 card.card_token=c8 card.bin8="74444444" merchant.merchant_id=m2
  at 0     payment  account_id=a7 card.card_token=c9
  expect merchant_distinct_cards_{1h,24h,7d} = 4, 5, 6
  expect merchant_distinct_accounts_{1h,24h,7d} = 3, 4, 5
  expect merchant_bin_hhi_{24h,7d} = (25 + 9 + 4) / 100, (36 + 9 + 4) / 121

story senders "Accounts that send to one beneficiary"
  with transfer  amount_minor=100 currency=CNY beneficiary_id=b1
  at -30d  transfer  account_id=a0
  expect beneficiary_distinct_senders_{1h,24h,7d,30d} = 0, 0, 0, 0
  at -7d   transfer  account_id=a1
  at -24h  transfer  account_id=a2
  at -1h   transfer  account_id=a3
  at -30m  transfer  account_id=a4
  at -20m  transfer  account_id=a4
  at -10m  transfer  account_id=a5 beneficiary_id=b2
  at 0     transfer  account_id=a6
  expect beneficiary_distinct_senders_{1h,24h,7d,30d} = 1, 2, 3, 4

story shared_identity "Accounts that share a number, a mailbox, a document"
  with login                  outcome=success
  with identity_verification  doc_hash=p1 name_hash=n1 result=pass
  at -120d  login  account_id=a0 phone_hash=ph1 email_canon_hash=em1
  expect phone_distinct_accounts_{30d,120d} = 0, 0
  expect email_distinct_accounts_{30d,120d} = 0, 0
  at -120d  identity_verification  account_id=a0
  expect document_distinct_accounts_{90d,120d} = 0, 0
  at -90d   identity_verification  account_id=a1
  at -30d   login  account_id=a1 phone_hash=ph1 email_canon_hash=em1
  at -29d   login  account_id=a2 phone_hash=ph1 email_canon_hash=em1
  at -20d   login  account_id=a2 phone_hash=ph1 email_canon_hash=em1
  at -19d   login  account_id=a3 phone_hash=ph1 email_canon_hash=em3
  at -10d   identity_verification  account_id=a2 result=fail
  at -9d    identity_verification  account_id=a3
  at -8d    identity_verification  account_id=a4 doc_hash=p2
  at 0      login  account_id=a5 phone_hash=ph1 email_canon_hash=em1
  expect phone_distinct_accounts_{30d,120d} = 2, 3
  expect email_distinct_accounts_{30d,120d} = 1, 2
  at 0      identity_verification  account_id=a5
  expect document_distinct_accounts_{90d,120d} = 2, 3

story one_pass "Cards that load one prepaid pass"
  with any      account_id=a1 amount_minor=100 currency=CNY pass_id=tp1
  with payment  funding=tour_pass kind=in_app merchant.merchant_id=m1
  at -30d  tour_pass_topup  card.card_token=c0
  expect pass_distinct_cards_{7d,30d} = 0, 0
  at -7d   tour_pass_topup  card.card_token=c1
  at -1d   tour_pass_topup  card.card_token=c2
  at -1h   tour_pass_topup  card.card_token=c3
  at -50m  tour_pass_topup  card.card_token=c3
  at -40m  tour_pass_topup  card.card_token=c4 pass_id=tp2
  at -30m  payment  card.card_token=c5
  at 0     payment
  expect pass_distinct_cards_{7d,30d} = 2, 3

story reseller "Accounts that one intermediary credits"
  with third_party_topup  amount_minor=100 currency=CNY intermediary_id=i1
  at -30d  third_party_topup  account_id=a0
  expect intermediary_distinct_beneficiaries_{24h,7d,30d} = 0, 0, 0
  at -7d   third_party_topup  account_id=a1
  at -24h  third_party_topup  account_id=a2
  at -1h   third_party_topup  account_id=a3
  at -30m  third_party_topup  account_id=a3
  at -20m  third_party_topup  account_id=a4 intermediary_id=i2
  at 0     third_party_topup  account_id=a5
  expect intermediary_distinct_beneficiaries_{24h,7d,30d} = 1, 2, 3

story ring "Accounts that claim envelopes in one group"
  with any                 amount_minor=100 currency=CNY group_id_hash=g1
  with red_envelope_claim  envelope_id=v1
  at -7d   red_envelope_claim  account_id=a0
  expect group_distinct_claimers_{24h,7d} = 0, 0
  at -24h  red_envelope_claim  account_id=a1
  at -1h   red_envelope_claim  account_id=a2
  at -30m  red_envelope_claim  account_id=a2
  # A sender is no claimer.
  at -20m  red_envelope_send   account_id=a3
  at -10m  red_envelope_claim  account_id=a4 group_id_hash=g2
  at 0     red_envelope_claim  account_id=a5
  expect group_distinct_claimers_{24h,7d} = 1, 2

story campaign "Accounts that redeem one campaign on one device"
  with any              device.device_id=d1 network.ip=192.0.2.7
  with promo_redemption  campaign_id=k1
  at -30d  promo_redemption  account_id=a0
  expect campaign_device_accounts_{7d,30d} = 0, 0
  at -7d   promo_redemption  account_id=a1
  at -1d   promo_redemption  account_id=a2
  at -1h   promo_redemption  account_id=a2
  at -50m  promo_redemption  account_id=a3 campaign_id=k2
  at -40m  promo_redemption  account_id=a4 device.device_id=d2
  at -30m  login  account_id=a5 outcome=success
  at 0     promo_redemption  account_id=a6
  expect campaign_device_accounts_{7d,30d} = 1, 2
