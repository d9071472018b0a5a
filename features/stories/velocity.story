# How often and how much, by whoever can be counted. Ages lie on the edges of the windows: what happened
# exactly a window ago is outside of it.

story attempts "Attempts pile up; each key counts its own"
  with any       account_id=a1 device.device_id=d1 network.ip=192.0.2.7 email_canon_hash=em1
  with payment   amount_minor=100 currency=CNY funding=intl_card kind=merchant_qr_static
  with payment   card.card_token=c1 merchant.merchant_id=m1
  with transfer  amount_minor=100 currency=CNY beneficiary_id=b1
  at -90d  payment
  expect card_attempt_count_{5m,1h,24h,7d,30d} = 0, 0, 0, 0, 0
  expect account_attempt_count_{1m,5m,1h,24h,7d,30d} = 0, 0, 0, 0, 0, 0
  expect device_attempt_count_{5m,1h,24h,7d} = 0, 0, 0, 0
  expect ip_attempt_count_{1m,5m,1h,24h} = 0, 0, 0, 0
  expect merchant_attempt_count_{5m,1h,24h,7d} = 0, 0, 0, 0
  expect email_attempt_count_{1h,24h,7d} = 0, 0, 0
  expect card_seconds_since_last_attempt = 7776000
  expect account_seconds_since_last_attempt = 7776000
  at -30d  payment
  expect card_seconds_since_last_attempt = 60 * 86400
  at -7d   payment
  at -24h  payment
  at -1h   payment
  at -5m   payment
  at -1m   payment
  # Linking is no attempt to pay.
  at -50s  card_link  card.card_token=c1
  # The same card elsewhere; the same account with another card, device and merchant.
  at -49s  payment  account_id=a2 device.device_id=d2 network.ip=198.51.100.1 email_canon_hash=em2
  at -48s  payment  card.card_token=c2 device.device_id=d2 network.ip=198.51.100.1 merchant.merchant_id=m2
  # The same device, then the same address, then the same mailbox, each with nothing else in common.
  at -47s  payment  account_id=a3 network.ip=198.51.100.2 email_canon_hash=em3 card.card_token=c3 merchant.merchant_id=m3
  at -46s  payment  account_id=a3 network.ip=198.51.100.2 email_canon_hash=em3 card.card_token=c3 merchant.merchant_id=m3
  at -45s  payment  account_id=a4 device.device_id=d4 email_canon_hash=em4 card.card_token=c4 merchant.merchant_id=m4
  at -44s  payment  account_id=a4 device.device_id=d4 email_canon_hash=em4 card.card_token=c4 merchant.merchant_id=m4
  at -43s  payment  account_id=a4 device.device_id=d4 email_canon_hash=em4 card.card_token=c4 merchant.merchant_id=m4
  at -42s  payment  account_id=a5 device.device_id=d5 network.ip=198.51.100.3 card.card_token=c5 merchant.merchant_id=m5
  at -30s  payment
  # Paid from the balance: an attempt, but none of the card.
  at -20s  payment  funding=balance
  # A transfer is an attempt without a card and without a merchant.
  at -10s  transfer
  expect card_attempt_count_{5m,1h,24h,7d,30d} = unknown, unknown, unknown, unknown, unknown
  expect merchant_attempt_count_{5m,1h,24h,7d} = unknown, unknown, unknown, unknown
  expect card_seconds_since_last_attempt = unknown
  at 0     payment
  expect card_attempt_count_{5m,1h,24h,7d,30d} = 3, 4, 5, 6, 7
  expect account_attempt_count_{1m,5m,1h,24h,7d,30d} = 4, 5, 6, 7, 8, 9
  expect device_attempt_count_{5m,1h,24h,7d} = 6, 7, 8, 9
  expect ip_attempt_count_{1m,5m,1h,24h} = 6, 7, 8, 9
  expect merchant_attempt_count_{5m,1h,24h,7d} = 4, 5, 6, 7
  expect email_attempt_count_{1h,24h,7d} = 7, 8, 9
  expect card_seconds_since_last_attempt = 30
  expect account_seconds_since_last_attempt = 10

story approvals "Approvals count when the answer comes, for the amount asked"
  with any      account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with payment  amount_minor=100 currency=CNY usd_minor=50 funding=intl_card kind=merchant_qr_static
  with payment  card.card_token=c1 merchant.merchant_id=m1
  with auth_result  outcome=approved account_id=none
  at -91d      payment  id=p1 base_minor=100000
  expect card_approved_count_{1h,24h,7d,30d,90d} = 0, 0, 0, 0, 0
  expect card_approved_amount_{1h,24h,7d,30d,90d} = 0, 0, 0, 0, 0
  expect account_approved_count_{1h,24h,7d,30d,90d} = 0, 0, 0, 0, 0
  expect account_approved_amount_{1h,24h,7d,30d,90d} = 0, 0, 0, 0, 0
  expect merchant_approved_amount_{1h,24h,7d,30d} = 0, 0, 0, 0
  expect account_ytd_spend_usd = 0
  at -90d      auth_result  ref_id=p1
  at -30d10m   payment  id=p2 base_minor=3200
  at -30d      auth_result  ref_id=p2
  at -7d10m    payment  id=p3 base_minor=1600
  at -7d       auth_result  ref_id=p3
  at -24h10m   payment  id=p4 base_minor=800
  at -24h      auth_result  ref_id=p4
  at -1h10m    payment  id=p5 base_minor=400
  at -1h9m     payment  id=p6 base_minor=200
  at -1h       auth_result  ref_id=p5
  at -59m      auth_result  ref_id=p6 outcome=partial
  # A reversal, a decline and an approved link are no approvals of a payment.
  at -50m      auth_result  ref_id=p6 outcome=reversed
  at -40m      payment  id=p7 base_minor=7
  at -39m      auth_result  ref_id=p7 outcome=declined
  at -38m      card_link  id=l1 card.card_token=c1
  at -37m      auth_result  ref_id=l1
  # The same card on another account, the same account with another card, twice, and from the balance.
  at -11m      payment  id=q1 base_minor=10 account_id=a2 merchant.merchant_id=m2
  at -10m      auth_result  ref_id=q1
  at -9m       payment  id=q2 base_minor=20 card.card_token=c2 merchant.merchant_id=m2
  at -8m       auth_result  ref_id=q2
  at -7m       payment  id=q3 base_minor=40 card.card_token=c2
  at -6m       auth_result  ref_id=q3
  at -5m       payment  id=q4 base_minor=80 card.card_token=none funding=balance
  at -4m       auth_result  ref_id=q4
  at 0         payment  id=q5 base_minor=5
  expect card_approved_count_{1h,24h,7d,30d,90d} = 2, 3, 4, 5, 6
  expect card_approved_amount_{1h,24h,7d,30d,90d} = 210, 610, 1410, 3010, 6210
  expect account_approved_count_{1h,24h,7d,30d,90d} = 4, 5, 6, 7, 8
  expect account_approved_amount_{1h,24h,7d,30d,90d} = 340, 740, 1540, 3140, 6340
  expect merchant_approved_amount_{1h,24h,7d,30d} = 320, 720, 1520, 3120
  expect account_ytd_spend_usd = 4
  # An answer that tells what it knew does not count itself.
  at 1s        auth_result  ref_id=q5
  expect card_approved_count_{1h,24h,7d,30d,90d} = 2, 3, 4, 5, 6
  expect card_approved_amount_{1h,24h,7d,30d,90d} = 210, 610, 1410, 3010, 6210
  expect account_approved_count_{1h,24h,7d,30d,90d} = 4, 5, 6, 7, 8
  expect account_approved_amount_{1h,24h,7d,30d,90d} = 340, 740, 1540, 3140, 6340
  expect merchant_approved_amount_{1h,24h,7d,30d} = 320, 720, 1520, 3120
  expect account_ytd_spend_usd = 4
  at 2s        payment  account.ytd_spend_usd_minor=123456
  expect account_ytd_spend_usd = 1234.56

story declines "Declines reach everybody the attempt named"
  with any      account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with payment  amount_minor=100 currency=CNY funding=intl_card kind=merchant_qr_static
  with payment  card.card_token=c1 card.bin8="41111111" merchant.merchant_id=m1
  with auth_result  outcome=declined account_id=none device.device_id=none network.ip=none
  at -7d10m  payment  id=p1
  expect card_declined_count_{5m,1h,24h,7d,30d} = 0, 0, 0, 0, 0
  expect account_declined_count_{5m,1h,24h,7d} = 0, 0, 0, 0
  expect device_declined_count_{5m,1h,24h} = 0, 0, 0
  expect ip_declined_count_{5m,1h,24h} = 0, 0, 0
  expect merchant_declined_count_{5m,1h,24h} = 0, 0, 0
  expect bin_declined_count_{5m,1h,24h} = 0, 0, 0
  at -7d     auth_result  ref_id=p1
  at -24h2s  payment  id=p2
  at -24h    auth_result  ref_id=p2
  at -1h2s   payment  id=p3
  at -1h     auth_result  ref_id=p3
  at -5m4s   payment  id=p4
  at -5m2s   payment  id=p5
  at -5m     auth_result  ref_id=p4
  at -4m     auth_result  ref_id=p5
  # An approval is none, and a decline that nobody can be told about is nobody's.
  at -3m     payment  id=p6
  at -2m58s  auth_result  ref_id=p6 outcome=approved
  at -2m57s  auth_result  ref_id=p0
  # One more for the card, two for the account, three for the device, four for the address, five for the merchant.
  at -2m50s  payment  id=q1 account_id=a9
  at -2m49s  auth_result  ref_id=q1
  at -2m48s  payment  id=q2 card.card_token=c9
  at -2m47s  auth_result  ref_id=q2
  at -2m46s  payment  id=q3 card.card_token=c9
  at -2m45s  auth_result  ref_id=q3
  at -2m44s  payment  id=q4 account_id=a9 card.card_token=c9 device.device_id=d9
  at -2m43s  auth_result  ref_id=q4
  at -2m42s  payment  id=q5 account_id=a9 card.card_token=c9 device.device_id=d9 network.ip=192.0.2.9
  at -2m41s  auth_result  ref_id=q5
  at -2m40s  payment  id=q6 account_id=a9 card.card_token=c9 device.device_id=d9 network.ip=192.0.2.9 merchant.merchant_id=m9
  at -2m39s  auth_result  ref_id=q6
  # A declined link counts for the issuer range.
  at -2m38s  card_link  id=l1 account_id=a9 card.card_token=c9 card.bin8="41111111" device.device_id=d9 network.ip=192.0.2.9
  at -2m37s  auth_result  ref_id=l1
  # Another range.
  at -2m36s  payment  id=q7 account_id=a8 card.card_token=c8 card.bin8="52222222" device.device_id=d8 network.ip=192.0.2.8 merchant.merchant_id=m8
  at -2m35s  auth_result  ref_id=q7
  at 0       payment  id=q8
  at 0       auth_result  ref_id=q8
  expect card_declined_count_{5m,1h,24h,7d,30d} = 2, 3, 4, 5, 6
  expect account_declined_count_{5m,1h,24h,7d} = 3, 4, 5, 6
  expect device_declined_count_{5m,1h,24h} = 4, 5, 6
  expect ip_declined_count_{5m,1h,24h} = 5, 6, 7
  expect merchant_declined_count_{5m,1h,24h} = 6, 7, 8
  expect bin_declined_count_{5m,1h,24h} = 8, 9, 10

story stopped "Attempts that no issuer answered"
  with any      account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with payment  amount_minor=100 currency=CNY funding=intl_card kind=in_app
  with payment  card.card_token=c1 merchant.merchant_id=m1
  with auth_result  account_id=none
  at -7d      payment
  expect card_blocked_count_{1h,24h,7d} = 0, 0, 0
  expect account_blocked_count_{1h,24h,7d} = 0, 0, 0
  at -24h     payment
  at -1h      payment
  # Answered, and the answer taken back.
  at -30m     payment  id=p1
  at -29m58s  auth_result  ref_id=p1 outcome=approved
  at -29m     auth_result  ref_id=p1 outcome=reversed
  at -20m     payment
  at -10m     payment  card.card_token=c2
  # The balance has no issuer, whether the ledger answers or not.
  at -9m      payment  funding=balance
  at -8m      payment  id=p2 funding=balance
  at -7m59s   auth_result  ref_id=p2 outcome=approved
  # Answered on another account; an answer to a link is none to a payment.
  at -7m      payment  id=p3 account_id=a2
  at -6m59s   auth_result  ref_id=p3 outcome=declined
  at -6m      card_link  id=l1 card.card_token=c1
  at -5m59s   auth_result  ref_id=l1 outcome=declined
  at 0        payment
  expect card_blocked_count_{1h,24h,7d} = 1, 2, 3
  expect account_blocked_count_{1h,24h,7d} = 2, 3, 4

story late_answer "An answer that came within the window to an attempt before it takes nothing away"
  with any      account_id=a1
  with payment  amount_minor=100 currency=CNY funding=intl_card kind=in_app
  with payment  card.card_token=c1 merchant.merchant_id=m1
  at -61m  payment  id=p1
  at -59m  auth_result  ref_id=p1 outcome=timeout
  at 0     payment
  expect card_blocked_count_{1h,24h,7d} = 0, 0, 0
  expect account_blocked_count_{1h,24h,7d} = 0, 0, 0

story links "Attempts to link cards"
  with any        account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with card_link  card.card_token=c1 card.bin8="41111111"
  at -30d  card_link
  expect card_link_attempt_count_{1h,24h,7d,30d} = 0, 0, 0, 0
  expect account_link_attempt_count_{5m,1h,24h,7d} = 0, 0, 0, 0
  expect device_link_attempt_count_{5m,1h,24h,7d} = 0, 0, 0, 0
  expect ip_link_attempt_count_{5m,1h,24h} = 0, 0, 0
  expect bin_link_attempt_count_{1m,5m,1h,24h} = 0, 0, 0, 0
  at -7d   card_link
  at -24h  card_link
  at -1h   card_link
  at -5m   card_link
  at -1m   card_link
  # Neither a payment nor taking the card away is a link.
  at -50s  payment  amount_minor=100 currency=CNY funding=intl_card kind=in_app merchant.merchant_id=m1 card.card_token=c1 card.bin8="41111111"
  at -49s  card_unlink  card.card_token=c1 card.bin8="41111111"
  # One more for the card, two for the account, three for the device, four for the address, five for the range.
  at -48s  card_link  account_id=a9
  at -47s  card_link  card.card_token=c9
  at -46s  card_link  card.card_token=c9
  at -45s  card_link  account_id=a9 card.card_token=c9 device.device_id=d9
  at -44s  card_link  account_id=a9 card.card_token=c9 device.device_id=d9 network.ip=192.0.2.9
  at -43s  card_link  account_id=a8 card.card_token=c8 card.bin8="52222222" device.device_id=d8 network.ip=192.0.2.8
  at -30s  card_link
  at 0     card_link
  expect card_link_attempt_count_{1h,24h,7d,30d} = 4, 5, 6, 7
  expect account_link_attempt_count_{5m,1h,24h,7d} = 4, 5, 6, 7
  expect device_link_attempt_count_{5m,1h,24h,7d} = 5, 6, 7, 8
  expect ip_link_attempt_count_{5m,1h,24h} = 6, 7, 8
  expect bin_link_attempt_count_{1m,5m,1h,24h} = 6, 7, 8, 9

story working_cards "Links that the issuer let through"
  with any          account_id=a1
  with card_link    card.card_token=c1
  with auth_result  outcome=approved account_id=none
  at -30d1m  card_link  id=l1
  expect account_link_success_count_{24h,7d,30d} = 0, 0, 0
  at -30d    auth_result  ref_id=l1
  at -7d1m   card_link  id=l2
  at -7d     auth_result  ref_id=l2
  at -24h1m  card_link  id=l3
  at -24h    auth_result  ref_id=l3
  at -24h1s  card_link  id=l4
  at -23h    auth_result  ref_id=l4
  # Declined; on another account; a payment.
  at -2h     card_link  id=l5
  at -1h59m  auth_result  ref_id=l5 outcome=declined
  at -1h     card_link  id=l6 account_id=a2
  at -59m    auth_result  ref_id=l6
  at -30m    payment  id=p1 amount_minor=100 currency=CNY funding=intl_card kind=in_app merchant.merchant_id=m1 card.card_token=c1
  at -29m    auth_result  ref_id=p1
  at 0       card_link  id=l7
  at 0       auth_result  ref_id=l7
  expect account_link_success_count_{24h,7d,30d} = 1, 2, 3

story logins "Logins that failed and logins that did not"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login  outcome=success
  at -7d   login
  expect account_login_fail_count_{5m,1h,24h} = 0, 0, 0
  expect device_login_fail_count_{5m,1h,24h} = 0, 0, 0
  expect ip_login_fail_count_{1m,5m,1h,24h} = 0, 0, 0, 0
  expect ipprefix_login_fail_count_{5m,1h} = 0, 0
  expect account_login_success_count_{24h,7d} = 0, 0
  at -24h  login
  at -24h  login  outcome=bad_password
  at -2h   login
  at -1h   login  outcome=bad_otp
  at -9m   login  account_id=a2 device.device_id=d2 network.ip=203.0.113.1
  at -5m   login  outcome=locked
  at -1m   login  outcome=bot_blocked
  # Nobody's account from the device, another device at the address, another address of its block and of the next.
  at -50s  login  outcome=unknown_account account_id=none
  at -49s  login  outcome=bad_password account_id=a3 device.device_id=d3
  at -48s  login  outcome=bad_password account_id=a4 device.device_id=d4 network.ip=192.0.2.200
  at -47s  login  outcome=bad_password account_id=a5 device.device_id=d5 network.ip=192.0.3.7
  at -45s  login
  at -30s  login  outcome=bad_password
  at 0     login
  expect account_login_success_count_{24h,7d} = 2, 3
  at 0     login  outcome=bad_password
  expect account_login_fail_count_{5m,1h,24h} = 2, 3, 4
  expect device_login_fail_count_{5m,1h,24h} = 3, 4, 5
  expect ip_login_fail_count_{1m,5m,1h,24h} = 3, 4, 5, 6
  expect ipprefix_login_fail_count_{5m,1h} = 5, 6

story openings "Accounts opened on one device and from one address"
  with any           device.device_id=d1 network.ip=192.0.2.7
  with account_open  phone_hash=ph1
  at -30d  account_open  account_id=a1
  expect device_account_open_count_{24h,7d,30d} = 0, 0, 0
  expect ip_account_open_count_{1h,24h,7d} = 0, 0, 0
  at -7d   account_open  account_id=a2
  at -24h  account_open  account_id=a3
  at -1h   account_open  account_id=a4
  at -5m   account_open  account_id=a5
  at -4m   account_open  account_id=a6 device.device_id=d2
  at -3m   account_open  account_id=a7 device.device_id=d2
  at -2m   account_open  account_id=a8 network.ip=192.0.2.8
  at -1m   login  outcome=success account_id=a8
  at 0     account_open  account_id=a9
  expect device_account_open_count_{24h,7d,30d} = 3, 4, 5
  expect ip_account_open_count_{1h,24h,7d} = 3, 4, 5

story codes "Codes by text message, to an account, a number and a country"
  with login             outcome=bad_otp account_id=a1 phone_hash=ph1 account.phone_country=US
  with challenge_issued  factor=sms_otp
  at -25h    login  id=g1
  expect account_otp_send_count_{5m,1h,24h} = 0, 0, 0
  expect phone_otp_send_count_{5m,1h,24h} = 0, 0, 0
  expect phone_prefix_otp_send_count_{5m,1h,24h} = 0, 0, 0
  at -24h    challenge_issued  ref_id=g1
  at -1h     challenge_issued  ref_id=g1
  at -5m     challenge_issued  ref_id=g1
  at -4m     challenge_issued  ref_id=g1
  # Another factor, and the answer to a code.
  at -3m     challenge_issued  ref_id=g1 factor=totp
  at -2m50s  challenge_result  ref_id=g1 factor=sms_otp result=failed
  # Another account with the number, another number of the country, another country.
  at -2m40s  login  id=g2 account_id=a2
  at -2m39s  challenge_issued  ref_id=g2
  at -2m30s  login  id=g3 account_id=a3 phone_hash=ph3
  at -2m29s  challenge_issued  ref_id=g3
  at -2m20s  login  id=g4 phone_hash=ph4 account.phone_country=GB
  at -2m19s  challenge_issued  ref_id=g4
  at -2m18s  challenge_issued  ref_id=g4
  at -2m17s  challenge_issued  ref_id=g4
  at 0       login  id=g5
  at 0       challenge_issued  ref_id=g5
  expect account_otp_send_count_{5m,1h,24h} = 4, 5, 6
  expect phone_otp_send_count_{5m,1h,24h} = 2, 3, 4
  expect phone_prefix_otp_send_count_{5m,1h,24h} = 3, 4, 5
  at 1s      login  phone_hash=none account.phone_country=none
  expect phone_otp_send_count_{5m,1h,24h} = unknown, unknown, unknown
  expect phone_prefix_otp_send_count_{5m,1h,24h} = unknown, unknown, unknown

story changes "Changes to a profile"
  with any             account_id=a1
  with profile_change  field=email
  at -7d   profile_change
  expect account_profile_change_count_{1h,24h,7d} = 0, 0, 0
  at -24h  profile_change  field=password
  at -1h   profile_change  field=pin
  at -59m  profile_change  field=limit
  at -30m  profile_change  account_id=a2
  at -20m  login  outcome=success
  at 0     profile_change
  expect account_profile_change_count_{1h,24h,7d} = 1, 2, 3

story money_out "Transfers, envelopes and withdrawals"
  with any                account_id=a1 currency=CNY
  with transfer           beneficiary_id=b1
  at -30d  transfer  amount_minor=1600
  expect account_transfer_out_count_{1h,24h,7d} = 0, 0, 0
  expect account_transfer_out_amount_{1h,24h,7d,30d} = 0, 0, 0, 0
  at -7d   withdrawal  amount_minor=800
  at -24h  red_envelope_send  amount_minor=400
  at -1h   transfer  amount_minor=200
  at -10m  withdrawal  amount_minor=100
  # Others' money, and a payment.
  at -9m   transfer  amount_minor=7 account_id=a2 beneficiary_id=a1
  at -8m   payment  amount_minor=7 funding=balance kind=in_app merchant.merchant_id=m1
  at 0     transfer  amount_minor=5
  expect account_transfer_out_count_{1h,24h,7d} = 1, 2, 3
  expect account_transfer_out_amount_{1h,24h,7d,30d} = 100, 300, 700, 1500

story money_in "Refunds to the balance and what others send"
  with any       account_id=a1 currency=CNY
  with payment   amount_minor=9000 funding=balance kind=in_app merchant.merchant_id=m1
  with refund    original_payment_id=p1 to_instrument=balance
  with transfer  account_id=a2 beneficiary_id=a1
  at -31d  payment  id=p1
  expect account_inflow_count_{1h,24h,7d} = 0, 0, 0
  expect account_inflow_amount_{1h,24h,7d,30d} = 0, 0, 0, 0
  expect account_refund_count_{7d,30d,90d} = 0, 0, 0
  at -30d  refund    amount_minor=3200
  at -7d   refund    amount_minor=1600
  at -24h  transfer  amount_minor=800
  at -1h   refund    amount_minor=400
  at -10m  transfer  amount_minor=200
  # To the card it came from; sent away; sent to somebody else; refunded to somebody else.
  at -9m   refund    amount_minor=7 to_instrument=original
  at -8m   transfer  amount_minor=7 account_id=a1 beneficiary_id=a2
  at -7m   transfer  amount_minor=7 beneficiary_id=a3
  at -6m   refund    amount_minor=7 account_id=a3
  at 0     refund    amount_minor=50
  expect account_inflow_count_{1h,24h,7d} = 1, 2, 3
  expect account_inflow_amount_{1h,24h,7d,30d} = 200, 600, 1400, 3000
  expect account_refund_count_{7d,30d,90d} = 2, 3, 4

story old_refunds "Refunds of a quarter"
  with any     account_id=a1 currency=CNY
  with refund  original_payment_id=p1 amount_minor=100
  at -91d     payment  id=p1 amount_minor=9000 funding=balance kind=in_app merchant.merchant_id=m1
  at -90d     refund
  at -89d     refund
  at -29d     refund
  at -28d     refund
  at -1d      refund
  at 0        refund
  expect account_refund_count_{7d,30d,90d} = 1, 3, 4

story loads "A card loads prepaid passes"
  with any              account_id=a1 currency=CNY
  with tour_pass_topup  pass_id=tp1 card.card_token=c1
  at -30d  tour_pass_topup  amount_minor=800
  expect card_topup_amount_{24h,7d,30d} = 0, 0, 0
  at -7d   tour_pass_topup  amount_minor=400
  at -24h  tour_pass_topup  amount_minor=200
  at -1h   tour_pass_topup  amount_minor=100 account_id=a2 pass_id=tp2
  at -30m  tour_pass_topup  amount_minor=7 card.card_token=c2
  at -20m  payment  amount_minor=7 funding=intl_card kind=in_app merchant.merchant_id=m1 card.card_token=c1
  at 0     tour_pass_topup  amount_minor=5
  expect card_topup_amount_{24h,7d,30d} = 100, 300, 700

# The weeks before hold 2 + 1 + 1 + 2 links within half an hour of the same hour, so 6 / 4 = 1.5 an hour is usual.
story burst "Links of an issuer range against the same hour of past weeks"
  with any        account_id=a1
  with card_link  card.card_token=c1 card.bin8="41111111"
  at -28d        card_link
  expect bin_usual_link_attempts_5m = 0
  expect bin_attempt_zscore_5m = 0
  expect bin_attempt_zscore_1h = 0
  at -27d23h50m  card_link
  at -21d        card_link
  at -14d        card_link
  at -7d30m      card_link
  at -7d         card_link
  at -7d         card_unlink  card.card_token=c1 card.bin8="41111111"
  at -6d23h30m   card_link
  at -6d23h29m   card_link
  at -30m        card_link
  at -4m         card_link
  at -3m         card_link
  at -2m         card_link  card.bin8="52222222"
  at -1m         card_unlink  card.card_token=c1 card.bin8="41111111"
  at 0           card_link
  expect bin_usual_link_attempts_5m = 6 / 48
  expect bin_attempt_zscore_5m = 2 - 0.125
  expect bin_attempt_zscore_1h = (3 - 1.5) / sqrt(1.5)
  at 0           card_link  card.bin8=none
  expect bin_usual_link_attempts_5m = unknown
  expect bin_attempt_zscore_5m = unknown
  expect bin_attempt_zscore_1h = unknown

story fan_in "Transfers that one beneficiary receives"
  with any       account_id=a1 currency=CNY
  with transfer  beneficiary_id=b1
  at -7d   transfer  amount_minor=800
  expect beneficiary_inflow_count_{1h,24h,7d} = 0, 0, 0
  expect beneficiary_inflow_amount_{1h,24h,7d} = 0, 0, 0
  at -24h  transfer  amount_minor=400 account_id=a2
  at -1h   transfer  amount_minor=200 account_id=a3
  at -59m  transfer  amount_minor=100 account_id=a4
  at -11m  transfer  amount_minor=7 beneficiary_id=b2
  at -10m  transfer  amount_minor=7 beneficiary_id=b2
  at -9m   withdrawal  amount_minor=7
  at 0     transfer  amount_minor=5
  expect beneficiary_inflow_count_{1h,24h,7d} = 1, 2, 3
  expect beneficiary_inflow_amount_{1h,24h,7d} = 100, 300, 700

story pass_and_purse "A load tries the card; top-ups and envelopes bring money in"
  with any                 account_id=a1 amount_minor=100 currency=CNY
  with tour_pass_topup     pass_id=tp1 card.card_token=c1
  with third_party_topup   intermediary_id=i1
  with red_envelope_claim  envelope_id=v1
  at -2h   tour_pass_topup
  at -50m  tour_pass_topup  id=t1
  at -49m  auth_result  ref_id=t1 outcome=approved
  at -40m  tour_pass_topup
  at -30m  third_party_topup  amount_minor=400
  at -20m  red_envelope_claim  amount_minor=800
  at 0     tour_pass_topup
  expect card_attempt_count_{1h,24h} = 2, 3
  expect card_blocked_count_{1h,24h} = 1, 2
  expect account_distinct_cards_1h = 1
  expect account_inflow_count_{1h,24h} = 2, 2
  expect account_inflow_amount_1h = 1200
