# Cards: what they are, what their issuers say, and what is tried with them.

story card_itself "What an event says of its card"
  with card_link  account_id=a1 card.card_token=c1 card.bin8="41111111" card.network=visa card.funding=credit card.issuer_country=DE
  with card_link  card.is_virtual=false card.is_single_use=false card.network_token=false card.expiry_ym=202607
  with card_link  card.name_match=weak pan_entry=manual pan_paste=false
  at 0     card_link
  expect card_network = visa
  expect card_funding = credit
  expect card_is_virtual = false
  expect card_issuer_country = DE
  expect card_name_match = 1
  expect card_pan_entry_mode = manual
  expect card_pan_paste = false
  expect card_expiry_months_left = 0
  expect card_tokenised = false
  at 1m    card_link  card.card_token=c2 card.network=mastercard card.funding=prepaid card.issuer_country=FR card.is_virtual=true card.is_single_use=none card.network_token=true card.expiry_ym=202712 card.name_match=exact pan_entry=nfc_tap pan_paste=true
  expect card_network = mastercard
  expect card_funding = prepaid
  expect card_is_virtual = true
  expect card_issuer_country = FR
  expect card_name_match = 3
  expect card_pan_entry_mode = nfc_tap
  expect card_pan_paste = true
  expect card_expiry_months_left = 17
  expect card_tokenised = true
  at 2m    card_link  card.card_token=c3 card.network=none card.funding=none card.issuer_country=none card.is_virtual=none card.network_token=none card.expiry_ym=202512 card.name_match="none" pan_entry=none pan_paste=none
  expect card_network = unknown
  expect card_funding = unknown
  expect card_is_virtual = unknown
  expect card_issuer_country = unknown
  expect card_name_match = 0
  expect card_pan_entry_mode = unknown
  expect card_pan_paste = unknown
  expect card_expiry_months_left = -7
  expect card_tokenised = unknown
  # Not virtual, but good for one payment; a name that nobody compared.
  at 3m    card_link  card.card_token=c4 card.is_single_use=true card.expiry_ym=none card.name_match=not_checked
  expect card_is_virtual = true
  expect card_expiry_months_left = unknown
  expect card_name_match = unknown
  at 4m    card_link  card.card_token=c5 card.name_match=strong
  expect card_name_match = 2

story card_ages "Since when the card is known, here and on the account"
  with any        account_id=a1
  with card_link  card.card_token=c1
  with payment    amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  at -1100d   payment    account_id=a0
  expect card_first_seen_age_days = 0
  expect card_linked_age_hours = unknown
  at -110d    payment    account_id=a0
  expect card_first_seen_age_days = 990
  at -26h     card_link
  expect card_first_seen_age_days = 1000
  expect card_linked_age_hours = 0
  at 0        payment
  expect card_linked_age_hours = 26
  # What the wallet says of the link counts before what was seen of it.
  at 1m       payment    card.linked_time_ms=@-47h59m
  expect card_linked_age_hours = 48
  # Another account, another card, none.
  at 2m       payment    account_id=a2
  expect card_linked_age_hours = unknown
  expect card_first_seen_age_days = 1000
  at 3m       payment    card.card_token=c2
  expect card_linked_age_hours = unknown
  expect card_first_seen_age_days = 0
  at 4m       payment    card.card_token=none funding=balance
  expect card_first_seen_age_days = unknown

story card_checks "The issuer's last word on code and address, for this card alone"
  with any        account_id=a1
  with payment    amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with auth_result outcome=approved
  at -9h   payment      id=p1
  expect card_cvv_result = unknown
  expect card_avs_result = unknown
  at -8h   auth_result  ref_id=p1 cvv_result=M avs_result=X
  at -7h   payment      id=p2
  expect card_cvv_result = M
  expect card_avs_result = full
  at -7h   payment      card.card_token=c2
  expect card_cvv_result = unknown
  expect card_avs_result = unknown
  at -6h   auth_result  ref_id=p2 cvv_result=N avs_result=Z
  at -5h   payment      id=p3
  expect card_cvv_result = N
  expect card_avs_result = partial
  at -5h   payment      card.card_token=c2
  expect card_avs_result = unknown
  # An answer without a word on the address leaves the last one standing.
  at -4h   auth_result  ref_id=p3 cvv_result=P
  at -3h   payment      id=p4
  expect card_cvv_result = P
  expect card_avs_result = partial
  at -2h   auth_result  ref_id=p4 avs_result=N
  at -1h   payment      id=p5
  expect card_avs_result = none
  at -1h   payment      card.card_token=c2
  expect card_avs_result = unknown
  at -30m  auth_result  ref_id=p5 avs_result=U
  at 0     payment
  expect card_cvv_result = P
  expect card_avs_result = unavailable
  at 1m    payment      card.card_token=c2
  expect card_cvv_result = unknown
  expect card_avs_result = unknown

story address_letters "What each letter of an address check means"
  with any         account_id=a1
  with payment     amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with auth_result outcome=approved
  at 0       payment      id=p1
  at 1m      auth_result  ref_id=p1 avs_result=D
  at 1m      payment
  expect card_avs_result = full
  at 2m      auth_result  ref_id=p1 avs_result=F
  at 2m      payment
  expect card_avs_result = full
  at 3m      auth_result  ref_id=p1 avs_result=M
  at 3m      payment
  expect card_avs_result = full
  at 4m      auth_result  ref_id=p1 avs_result=X
  at 4m      payment
  expect card_avs_result = full
  at 5m      auth_result  ref_id=p1 avs_result=Y
  at 5m      payment
  expect card_avs_result = full
  at 6m      auth_result  ref_id=p1 avs_result=A
  at 6m      payment
  expect card_avs_result = partial
  at 7m      auth_result  ref_id=p1 avs_result=B
  at 7m      payment
  expect card_avs_result = partial
  at 8m      auth_result  ref_id=p1 avs_result=P
  at 8m      payment
  expect card_avs_result = partial
  at 9m      auth_result  ref_id=p1 avs_result=W
  at 9m      payment
  expect card_avs_result = partial
  at 10m      auth_result  ref_id=p1 avs_result=Z
  at 10m      payment
  expect card_avs_result = partial
  at 11m      auth_result  ref_id=p1 avs_result=N
  at 11m      payment
  expect card_avs_result = none
  at 12m      auth_result  ref_id=p1 avs_result=C
  at 12m      payment
  expect card_avs_result = unavailable
  at 13m      auth_result  ref_id=p1 avs_result=E
  at 13m      payment
  expect card_avs_result = unavailable
  at 14m      auth_result  ref_id=p1 avs_result=G
  at 14m      payment
  expect card_avs_result = unavailable
  at 15m      auth_result  ref_id=p1 avs_result=I
  at 15m      payment
  expect card_avs_result = unavailable
  at 16m      auth_result  ref_id=p1 avs_result=R
  at 16m      payment
  expect card_avs_result = unavailable
  at 17m      auth_result  ref_id=p1 avs_result=S
  at 17m      payment
  expect card_avs_result = unavailable
  at 18m      auth_result  ref_id=p1 avs_result=U
  at 18m      payment
  expect card_avs_result = unavailable
  # A letter that no scheme uses.
  at 30m     auth_result  ref_id=p1 avs_result=Q
  at 31m     payment
  expect card_avs_result = unknown

# Logarithms are kept to six digits: 8.517193, 8.853665 and 9.305651 with a mean of 8.892169667 and a deviation of 0.323036078.
story entry_times "Typing a number against others who typed one in 30 days"
  with card_link  account_id=a1 card.card_token=c1 pan_entry=manual
  at -31d   card_link  pan_entry_ms=90000
  at -20d   card_link  pan_entry_ms=5000
  expect card_pan_entry_ms_z = unknown
  at -2d    card_link  pan_entry_ms=7000
  at -1d    card_link  pan_entry_ms=11000
  # Two in the window, as the first is too old by now and this one is not counted: too few.
  expect card_pan_entry_ms_z = unknown
  at -1h    card_link  pan_entry=ocr pan_entry_ms=1000
  at -50m   card_link  pan_entry=ocr pan_entry_ms=1000
  # An entry that took no time, or no time that is told, is none.
  at -45m   card_link  pan_entry=ocr pan_entry_ms=0
  at -44m   card_link  pan_entry=ocr
  at -40m   card_link  pan_entry=ocr pan_entry_ms=1000
  expect card_pan_entry_ms_z = unknown
  at 0      card_link  pan_entry_ms=4000
  expect card_pan_entry_ms_z = -1.8515579758615832
  at 1m     card_link  pan_entry_ms=0
  expect card_pan_entry_ms_z = unknown
  # All alike: the floor of 0.1 divides.
  at 2m     card_link  pan_entry=ocr pan_entry_ms=2000
  expect card_pan_entry_ms_z = (ln(2000) - 6.907755) / 0.1

story cardholder_authenticated "What the issuer said of this very payment"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  at 0   payment
  expect card_authenticated = false
  at 1m  payment  three_ds.trans_status=Y
  expect card_authenticated = true
  # Attempted is not authenticated, and the last payment is another one.
  at 2m  payment  three_ds.trans_status=A
  expect card_authenticated = false

story cardholder_proven "Approvals and euros since the issuer's challenge was passed"
  with any        account_id=a1
  with payment    amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with auth_result outcome=approved
  with fx_rate    currency=EUR fx.rate_e9=7500000000
  with challenge_result factor=three_ds_challenge result=passed
  at -80d        payment      id=p1
  expect card_3ds_success_age_days = 400
  expect card_3ds_attempted_90d = 0
  expect card_low_value_count_since_sca = 0
  expect card_low_value_sum_since_sca_eur = 0
  at -80d        auth_result  ref_id=p1
  # Without a rate there are no euros, and a rate of another currency is none.
  at -79d10m     fx_rate      currency=USD fx.rate_e9=7100000000
  at -79d        payment      id=p2 base_minor=20000
  expect card_low_value_count_since_sca = 1
  expect card_low_value_sum_since_sca_eur = unknown
  at -79d        auth_result  ref_id=p2
  at -49d12h     payment      id=p6 base_minor=700
  at -49d12h     auth_result  ref_id=p6
  at -41d1h      fx_rate
  at -41d        payment      id=p3 base_minor=3000
  # 307 CNY at 7.5.
  expect card_low_value_count_since_sca = 3
  expect card_low_value_sum_since_sca_eur = 307/7.5
  at -41d        auth_result  ref_id=p3
  expect card_low_value_count_since_sca = 3
  at -40d12h     payment      id=p5 base_minor=250
  at -40d12h     auth_result  ref_id=p5
  at -40d        payment      id=p4 base_minor=40000
  expect card_low_value_count_since_sca = 5
  expect card_low_value_sum_since_sca_eur = (300 + 7 + 30 + 2.5)/7.5
  # Failed, then in the issuer's eyes not needed, then passed: three runs, one of them a proof.
  at -40d        challenge_result  ref_id=p4 result=failed trans_status=N
  at -40d        challenge_result  ref_id=p4 factor=three_ds_frictionless result=issuer_frictionless trans_status=Y
  at -39d23h50m  challenge_result  ref_id=p4 trans_status=Y
  expect card_low_value_count_since_sca = 5
  at -39d23h45m  payment
  expect card_3ds_success_age_days = 5/1440
  expect card_3ds_attempted_90d = 3
  expect card_low_value_count_since_sca = 0
  expect card_low_value_sum_since_sca_eur = 0
  at -39d23h40m  auth_result  ref_id=p4
  # Half an hour after the challenge: the hour's 400 CNY.
  at -39d23h20m  payment      id=q1 base_minor=1500
  expect card_low_value_count_since_sca = 1
  expect card_low_value_sum_since_sca_eur = 400/7.5
  at -39d23h20m  auth_result  ref_id=q1
  # A code or a passkey proves nothing to the issuer, and declined is not approved; another card of the account has its
  # own proofs and approvals.
  at -39d22h     challenge_result  ref_id=q1 factor=sms_otp
  at -39d22h     challenge_result  ref_id=q1 factor=passkey
  at -39d21h     payment      id=o1 card.card_token=c2 base_minor=500
  at -39d21h     auth_result  ref_id=o1
  at -39d21h     challenge_result  ref_id=o1
  at -39d20h     payment      id=o2 card.card_token=c2 base_minor=800
  at -39d20h     auth_result  ref_id=o2
  at -39d21h     auth_result  ref_id=q1 outcome=declined
  # Half a day after: what the day holds, without what came before the challenge.
  at -39d12h     payment      id=q2 base_minor=6000
  expect card_3ds_success_age_days = 710/1440
  expect card_low_value_count_since_sca = 2
  expect card_low_value_sum_since_sca_eur = 415/7.5
  at -39d12h     auth_result  ref_id=q2
  # Four days after: the week holds what came before too, without the 7 CNY ten days before.
  at -36d        payment      id=q3 base_minor=100
  expect card_low_value_count_since_sca = 3
  expect card_low_value_sum_since_sca_eur = (30 + 2.5 + 400 + 15 + 60)/7.5
  at -36d        auth_result  ref_id=q3 outcome=partial
  # Twenty days after: the month, at a new rate.
  at -20d1h      fx_rate      fx.rate_e9=8000000000
  at -20d        payment      id=q4 base_minor=900 three_ds.trans_status=Y
  expect card_low_value_count_since_sca = 4
  expect card_low_value_sum_since_sca_eur = (7 + 30 + 2.5 + 400 + 15 + 60 + 1)/8
  expect card_3ds_attempted_90d = 3
  at -20d        auth_result  ref_id=q4
  # Forty days after: 90 days hold the first two as well. A status in the payment itself is a fourth run.
  at 0           payment      id=q5
  expect card_3ds_success_age_days = 40 - 10/1440
  expect card_3ds_attempted_90d = 4
  expect card_low_value_count_since_sca = 5
  expect card_low_value_sum_since_sca_eur = (100 + 200 + 7 + 30 + 2.5 + 400 + 15 + 60 + 1 + 9)/8
  # The word of the issuer counts before that of whoever asked; a second challenge passed starts anew.
  at 1m          challenge_result  ref_id=q5 trans_status=N
  at 2m          payment
  expect card_low_value_count_since_sca = 5
  expect card_3ds_attempted_90d = 5
  at 3m          challenge_result  ref_id=q5
  at 4m          payment
  expect card_low_value_count_since_sca = 0
  expect card_low_value_sum_since_sca_eur = 0
  expect card_3ds_success_age_days = 1/1440
  at 5m          payment      id=q6 card.card_token=c3
  expect card_3ds_success_age_days = 400
  expect card_3ds_attempted_90d = 0
  expect card_low_value_count_since_sca = 0
  at 6m          auth_result  ref_id=q6
  at 7m          tour_pass_topup  pass_id=tp1 amount_minor=10000 currency=CNY card.card_token=c3 three_ds.trans_status=N
  at 8m          card_link    card.card_token=c3 three_ds.trans_status=Y
  # A rate is good for 30 days.
  at 11d         payment      card.card_token=c3
  expect card_3ds_attempted_90d = 2
  expect card_low_value_count_since_sca = 1
  expect card_low_value_sum_since_sca_eur = unknown
  # After 90 days the first two runs are forgotten.
  at 50d5m       payment
  expect card_3ds_attempted_90d = 4
  at 500d        payment
  expect card_3ds_success_age_days = 400
  expect card_3ds_attempted_90d = 0
  expect card_low_value_count_since_sca = 0

story watch_list "On the list, until its end, until taken off"
  with any          account_id=a1
  with payment      amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with list_update  list_name=breach list_type=watch list_action=add entry=c1
  at -4d    payment
  expect card_on_watchlist = false
  at -3d    list_update  list_type=block
  at -2d    payment
  expect card_on_watchlist = false
  at -1d    list_update
  at -23h   payment
  expect card_on_watchlist = true
  at -22h   payment      card.card_token=c2
  expect card_on_watchlist = false
  at -21h   payment      card.card_token=none funding=balance
  expect card_on_watchlist = unknown
  at -21h   list_update  list_type=block list_action=remove
  at -21h   payment
  expect card_on_watchlist = true
  at -20h   list_update  entry_expires_ms=@-10h
  at -11h   payment
  expect card_on_watchlist = true
  at -10h   payment
  expect card_on_watchlist = false
  at -9h    list_update
  at -8h    payment
  expect card_on_watchlist = true
  at -7h    list_update  list_action=remove
  at -6h    payment
  expect card_on_watchlist = false

story fraud_and_disputes "Known fraud and disputes, of the card and of the account, from when they are known"
  with any        account_id=a1
  with payment    amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with label      label=fraud
  with dispute    stage=chargeback
  at -101d  payment  id=p1
  expect card_fraud_known_life = 0
  expect account_fraud_known_life = 0
  expect card_dispute_count_90d = 0
  expect card_dispute_count_life = 0
  expect account_dispute_count_90d = 0
  expect account_dispute_count_life = 0
  at -100d  dispute  payment_id=p1 stage=early_warning
  at -99d   dispute  payment_id=p1 stage=retrieval
  at -50d   payment  id=p2 card.card_token=c2
  at -40d   dispute  payment_id=p2
  expect card_dispute_count_90d = 0
  expect account_dispute_count_90d = 1
  at -30d   payment  id=p3
  expect card_dispute_count_90d = 1
  expect card_dispute_count_life = 1
  expect account_dispute_count_90d = 2
  expect account_dispute_count_life = 2
  at -101d  label    ref_id=p1 typology=T03 received=-20d
  at -19d   payment
  expect card_fraud_known_life = 1
  expect account_fraud_known_life = 1
  # Told twice, it counts once. A stolen session and a fraud without a story are not the account's doing.
  at -101d  label    ref_id=p1 typology=T03 received=-18d
  at -50d   label    ref_id=p2 typology=T05 received=-17d
  at -30d   label    ref_id=p3 received=-16d
  at -19d   label    ref_id=p3 label=legit received=-15d
  at 0      payment
  expect card_fraud_known_life = 2
  expect account_fraud_known_life = 1
  expect card_dispute_count_90d = 0
  expect card_dispute_count_life = 1
  expect account_dispute_count_90d = 1
  expect account_dispute_count_life = 2
  at 1m     payment  card.card_token=c2
  expect card_fraud_known_life = 1
  expect card_dispute_count_90d = 1
  at 2m     payment  account_id=a2
  expect card_fraud_known_life = 2
  expect account_fraud_known_life = 0
  expect account_dispute_count_life = 0

story own_doing "Which stories of fraud are the account's own doing: sixteen of 24"
  with payment  account_id=a1 amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with label    label=fraud
  at -2d    payment  id=p1
  at -2d    payment  id=p2
  at -2d    payment  id=p3
  at -2d    payment  id=p4
  at -2d    payment  id=p5
  at -2d    payment  id=p6
  at -2d    payment  id=p7
  at -2d    payment  id=p8
  at -2d    payment  id=p9
  at -2d    payment  id=p10
  at -2d    payment  id=p11
  at -2d    payment  id=p12
  at -2d    payment  id=p13
  at -2d    payment  id=p14
  at -2d    payment  id=p15
  at -2d    payment  id=p16
  at -2d    payment  id=p17
  at -2d    payment  id=p18
  at -2d    payment  id=p19
  at -2d    payment  id=p20
  at -2d    payment  id=p21
  at -2d    payment  id=p22
  at -2d    payment  id=p23
  at -2d    payment  id=p24
  at -2d    payment  id=p25
  at -2d    label    ref_id=p1 typology=T01 received=-1h
  at -2d    label    ref_id=p2 typology=T02 received=-1h
  at -2d    label    ref_id=p3 typology=T03 received=-1h
  at -2d    label    ref_id=p4 typology=T04 received=-1h
  at -2d    label    ref_id=p5 typology=T05 received=-1h
  at -2d    label    ref_id=p6 typology=T06 received=-1h
  at -2d    label    ref_id=p7 typology=T07 received=-1h
  at -2d    label    ref_id=p8 typology=T08 received=-1h
  at -2d    label    ref_id=p9 typology=T09 received=-1h
  at -2d    label    ref_id=p10 typology=T10 received=-1h
  at -2d    label    ref_id=p11 typology=T11 received=-1h
  at -2d    label    ref_id=p12 typology=T12 received=-1h
  at -2d    label    ref_id=p13 typology=T13 received=-1h
  at -2d    label    ref_id=p14 typology=T14 received=-1h
  at -2d    label    ref_id=p15 typology=T15 received=-1h
  at -2d    label    ref_id=p16 typology=T16 received=-1h
  at -2d    label    ref_id=p17 typology=T17 received=-1h
  at -2d    label    ref_id=p18 typology=T18 received=-1h
  at -2d    label    ref_id=p19 typology=T19 received=-1h
  at -2d    label    ref_id=p20 typology=T20 received=-1h
  at -2d    label    ref_id=p21 typology=T21 received=-1h
  at -2d    label    ref_id=p22 typology=T22 received=-1h
  at -2d    label    ref_id=p23 typology=T23 received=-1h
  at -2d    label    ref_id=p24 typology=T24 received=-1h
  at -2d    label    ref_id=p25 label=abuse typology=T18 received=-1h
  at 0      payment
  expect account_fraud_known_life = 16
  expect card_fraud_known_life = 24

story visa_retries "A refusal for good until an approval, and not more than 15 declines in 30 days"
  with any         account_id=a1
  with payment     amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.network=visa merchant.merchant_id=m1 kind=in_app
  with auth_result ref_id=p1 outcome=declined
  at -70d   payment      id=p1
  expect card_retry_blocked = false
  at -70d   auth_result  de39="05"
  at -69d   payment
  expect card_retry_blocked = false
  at -68d   auth_result  de39="14"
  at -67d   payment
  expect card_retry_blocked = true
  at -48d   payment
  expect card_retry_blocked = true
  at -38d   payment
  expect card_retry_blocked = false
  at -37d   auth_result  de39="R1"
  expect card_retry_blocked = false
  at -37d   payment      card.card_token=c2
  expect card_retry_blocked = false
  at -36d   auth_result  outcome=approved
  at -35d   payment
  expect card_retry_blocked = false
  at -34d   payment
  expect card_retry_blocked = false
  # Advice to merchants is the other scheme's.
  at -34d   auth_result  mac="03"
  at -33d   payment
  expect card_retry_blocked = false
  at -696h   auth_result  de39="51"
  at -684h   auth_result  de39="51"
  at -672h   auth_result  de39="51"
  at -660h   auth_result  de39="51"
  at -648h   auth_result  de39="51"
  at -636h   auth_result  de39="51"
  at -624h   auth_result  de39="51"
  at -612h   auth_result  de39="51"
  at -600h   auth_result  de39="51"
  at -588h   auth_result  de39="51"
  at -576h   auth_result  de39="51"
  at -564h   auth_result  de39="51"
  at -552h   auth_result  de39="51"
  at -540h   auth_result  de39="51"
  at -528h   auth_result  de39="51"
  at -1h    auth_result  outcome=approved
  at -1h    payment
  expect card_retry_blocked = false
  at -50m   auth_result  de39="51"
  expect card_retry_blocked = false
  at 0      payment
  expect card_retry_blocked = true
  expect card_declined_count_30d = 16
  expect card_declined_same_amount_count_30d = 16
  at 1s     payment      amount_minor=10001
  expect card_declined_same_amount_count_30d = 0
  at 1m     payment      card.card_token=c2
  expect card_retry_blocked = false
  # Later the first of them are older than 30 days.
  at 37h    payment
  expect card_retry_blocked = false

story visa_refusals "The codes after which Visa takes no other attempt"
  with any         account_id=a1
  with payment     amount_minor=10000 currency=CNY funding=intl_card card.network=visa merchant.merchant_id=m1 kind=in_app
  with auth_result outcome=declined
  at -2h    payment      id=p04 card.card_token=c04
  at -1h    auth_result  ref_id=p04 de39="04"
  at 0      payment      card.card_token=c04
  expect card_retry_blocked = true
  at -2h    payment      id=p07 card.card_token=c07
  at -1h    auth_result  ref_id=p07 de39="07"
  at 0      payment      card.card_token=c07
  expect card_retry_blocked = true
  at -2h    payment      id=p12 card.card_token=c12
  at -1h    auth_result  ref_id=p12 de39="12"
  at 0      payment      card.card_token=c12
  expect card_retry_blocked = true
  at -2h    payment      id=p14 card.card_token=c14
  at -1h    auth_result  ref_id=p14 de39="14"
  at 0      payment      card.card_token=c14
  expect card_retry_blocked = true
  at -2h    payment      id=p15 card.card_token=c15
  at -1h    auth_result  ref_id=p15 de39="15"
  at 0      payment      card.card_token=c15
  expect card_retry_blocked = true
  at -2h    payment      id=p41 card.card_token=c41
  at -1h    auth_result  ref_id=p41 de39="41"
  at 0      payment      card.card_token=c41
  expect card_retry_blocked = true
  at -2h    payment      id=p43 card.card_token=c43
  at -1h    auth_result  ref_id=p43 de39="43"
  at 0      payment      card.card_token=c43
  expect card_retry_blocked = true
  at -2h    payment      id=p46 card.card_token=c46
  at -1h    auth_result  ref_id=p46 de39="46"
  at 0      payment      card.card_token=c46
  expect card_retry_blocked = true
  at -2h    payment      id=p57 card.card_token=c57
  at -1h    auth_result  ref_id=p57 de39="57"
  at 0      payment      card.card_token=c57
  expect card_retry_blocked = true
  at -2h    payment      id=pR0 card.card_token=cR0
  at -1h    auth_result  ref_id=pR0 de39="R0"
  at 0      payment      card.card_token=cR0
  expect card_retry_blocked = true
  at -2h    payment      id=pR1 card.card_token=cR1
  at -1h    auth_result  ref_id=pR1 de39="R1"
  at 0      payment      card.card_token=cR1
  expect card_retry_blocked = true
  at -2h    payment      id=p05 card.card_token=c05
  at -1h    auth_result  ref_id=p05 de39="05"
  at 0      payment      card.card_token=c05
  expect card_retry_blocked = false
  at -2h    payment      id=p51 card.card_token=c51
  at -1h    auth_result  ref_id=p51 de39="51"
  at 0      payment      card.card_token=c51
  expect card_retry_blocked = false
  at -2h    payment      id=p54 card.card_token=c54
  at -1h    auth_result  ref_id=p54 de39="54"
  at 0      payment      card.card_token=c54
  expect card_retry_blocked = false
  at -2h    payment      id=p59 card.card_token=c59
  at -1h    auth_result  ref_id=p59 de39="59"
  at 0      payment      card.card_token=c59
  expect card_retry_blocked = false
  at -2h    payment      id=p62 card.card_token=c62
  at -1h    auth_result  ref_id=p62 de39="62"
  at 0      payment      card.card_token=c62
  expect card_retry_blocked = false
  at -2h    payment      id=p91 card.card_token=c91
  at -1h    auth_result  ref_id=p91 de39="91"
  at 0      payment      card.card_token=c91
  expect card_retry_blocked = false

story mastercard_retries "The scheme's advice, 10 declines in a day, 35 of the same amount in 30 days"
  with any         account_id=a1
  with payment     amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.network=mastercard merchant.merchant_id=m1 kind=in_app
  with auth_result ref_id=p1 outcome=declined
  at -70d   payment      id=p1
  expect card_retry_blocked = false
  at -70d   auth_result  de39="14" mac="02"
  at -69d   payment
  expect card_retry_blocked = false
  at -68d   auth_result  mac="21"
  at -67d   payment
  expect card_retry_blocked = true
  at -67d   payment      card.network=jcb
  expect card_retry_blocked = false
  at -67d   payment      card.card_token=c2
  expect card_retry_blocked = false
  at -67d   card_link    card.card_token=c2 card.network=mastercard
  expect card_retry_blocked = false
  at -66d   auth_result  outcome=approved
  at -65d   payment
  expect card_retry_blocked = false
  at -1440h  auth_result
  at -1438h  auth_result
  at -1436h  auth_result
  at -1434h  auth_result
  at -1432h  auth_result
  at -1430h  auth_result
  at -1428h  auth_result
  at -1426h  auth_result
  at -1424h  auth_result
  at -1422h  auth_result
  at -1422h  auth_result  outcome=approved
  at -1421h  payment
  expect card_retry_blocked = false
  at -1421h  auth_result
  expect card_retry_blocked = false
  at -1420h  payment
  expect card_retry_blocked = true
  at -1420h  payment      card.card_token=c2
  expect card_retry_blocked = false
  # The eleven are spread over more than a day now.
  at -1416h  payment      id=p2 base_minor=5000
  expect card_retry_blocked = false
  at -696h  auth_result  ref_id=p2
  at -684h  auth_result  ref_id=p2
  at -672h  auth_result  ref_id=p2
  at -660h  auth_result  ref_id=p2
  at -648h  auth_result  ref_id=p2
  at -636h  auth_result  ref_id=p2
  at -624h  auth_result  ref_id=p2
  at -612h  auth_result  ref_id=p2
  at -600h  auth_result  ref_id=p2
  at -588h  auth_result  ref_id=p2
  at -576h  auth_result  ref_id=p2
  at -564h  auth_result  ref_id=p2
  at -552h  auth_result  ref_id=p2
  at -540h  auth_result  ref_id=p2
  at -528h  auth_result  ref_id=p2
  at -516h  auth_result  ref_id=p2
  at -504h  auth_result  ref_id=p2
  at -492h  auth_result  ref_id=p2
  at -480h  auth_result  ref_id=p2
  at -468h  auth_result  ref_id=p2
  at -456h  auth_result  ref_id=p2
  at -444h  auth_result  ref_id=p2
  at -432h  auth_result  ref_id=p2
  at -420h  auth_result  ref_id=p2
  at -408h  auth_result  ref_id=p2
  at -396h  auth_result  ref_id=p2
  at -384h  auth_result  ref_id=p2
  at -372h  auth_result  ref_id=p2
  at -360h  auth_result  ref_id=p2
  at -348h  auth_result  ref_id=p2
  at -336h  auth_result  ref_id=p2
  at -324h  auth_result  ref_id=p2
  at -312h  auth_result  ref_id=p2
  at -300h  auth_result  ref_id=p2
  at -288h  auth_result  ref_id=p2
  at -2h    auth_result  ref_id=p2 outcome=approved
  at -2h    payment      base_minor=5000
  expect card_retry_blocked = false
  at -90m   auth_result  ref_id=p2
  expect card_retry_blocked = false
  at -80m   payment
  expect card_retry_blocked = false
  at 0      payment      base_minor=5000
  expect card_retry_blocked = true
  at 0      payment      base_minor=5000 card.card_token=c2
  expect card_retry_blocked = false
  # Twenty days after the advice and the approval that came after it.
  at 80d    auth_result  mac="03"
  at 81d    payment
  expect card_retry_blocked = true
  at 82d    auth_result  outcome=approved
  at 100d   payment
  expect card_retry_blocked = false
  at 101d   auth_result  mac="03"
  at 121d   payment
  expect card_retry_blocked = true

# All attempts: 4 from 97 to 7 days ago, 3 of them fraud; so the rate of all is 3.056/24.
story range_fraud "Fraud of an issuer range, seven days late, smoothed by all"
  with any      account_id=a1
  with payment  amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.bin8="41111111" merchant.merchant_id=m1 kind=in_app
  with label    label=fraud
  at -98d   payment  id=p0
  expect fraud_rate_90d = 28bps
  expect bin_fraud_rate_{30d,90d} = 28bps, 28bps
  at -98d   label    ref_id=p0 received=-97d
  at -50d   payment  id=p1
  at -50d   label    ref_id=p1 received=-40d
  at -20d   payment  id=p2
  at -20d   payment  id=p5
  at -20d   payment  funding=balance
  at -20d   payment  id=p3 card.card_token=c2 card.bin8="51111111"
  at -20d   label    ref_id=p5 received=-9d
  at -20d   label    ref_id=p3 label=legit received=-9d
  at -20d   label    ref_id=p2 received=-10d
  at -3d    payment  id=p4
  at -3d    label    ref_id=p4 received=-1d
  at 0      payment
  expect fraud_rate_90d = 3.056/24
  expect bin_fraud_rate_{30d,90d} = (2 + 20 * 3.056/24) / 22, (3 + 20 * 3.056/24) / 23
  at 1m     payment  card.bin8="51111111"
  expect bin_fraud_rate_{30d,90d} = (20 * 3.056/24) / 21, (20 * 3.056/24) / 21
  # Four digits less name the range as well.
  at 2m     payment  card.bin8=none card.bin6="411111"
  expect bin_fraud_rate_{30d,90d} = 3.056/24, 3.056/24
  at 3m     payment  card.bin8=none
  expect bin_fraud_rate_90d = unknown

# Scheme and country: 3 of 4 decided answers declined in 24 hours, so 5.5/54.
story declines "Declines of a range and of an issuer, smoothed by scheme and country"
  with any         account_id=a1
  with payment     amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.bin8="41111111" card.issuer_id=i1 card.network=visa card.issuer_country=DE merchant.merchant_id=m1 kind=in_app
  with auth_result outcome=declined
  at -26h   payment      id=p1
  expect issuer_region_decline_ratio_24h = 5%
  expect bin_decline_ratio_{1h,24h} = 5%, 5%
  expect issuer_decline_ratio_{1h,24h} = 5%, 5%
  at -25h   auth_result  ref_id=p1
  at -12h   payment      id=p2 card.card_token=c2 card.bin8="42222222" card.issuer_id=i2
  at -10h   auth_result  ref_id=p1
  at -30m   auth_result  ref_id=p1 outcome=approved
  at -20m   auth_result  ref_id=p1
  at -10m   auth_result  ref_id=p1 outcome=error
  at -5m    auth_result  ref_id=p2
  expect issuer_region_decline_ratio_24h = 4.5/53
  expect bin_decline_ratio_1h = (50 * 4.5/53) / 50
  expect issuer_decline_ratio_1h = (50 * 4.5/53) / 50
  at 0      payment
  expect issuer_region_decline_ratio_24h = 5.5/54
  expect bin_decline_ratio_{1h,24h} = (1 + 50 * 5.5/54) / 52, (2 + 50 * 5.5/54) / 53
  expect issuer_decline_ratio_{1h,24h} = (1 + 50 * 5.5/54) / 53, (2 + 50 * 5.5/54) / 54
  at 1m     payment      card.issuer_country=none
  expect issuer_region_decline_ratio_24h = unknown
  expect bin_decline_ratio_{1h,24h} = 3.5/52, 4.5/53
  expect issuer_decline_ratio_{1h,24h} = 3.5/53, 4.5/54

# With little or no usual the deviation is 0.2 a minute, and 0.1 of each minute is free beside the usual.
story slow_drip "Links of a range summed from their best start: the last 5 minutes, 15, the hour, 4 hours"
  with any        account_id=a1
  with card_link  card.card_token=c1 card.bin8="41111111"
  at -10d    card_link  card.bin8="45555555"
  expect bin_link_deviation_1m = 0.2
  expect bin_cusum = 0
  # One link a week ago: 1/48 in 5 minutes, which does not lift the floor.
  at -7d     card_link  card.bin8="41111111"
  at -7d     card_link  card.bin8="42222222"
  at -7d     card_link  card.bin8="43333333"
  at -7d     card_link  card.bin8="44444444"
  at -40349m  card_link  card.bin8="46666666"
  at -40320m  card_link  card.bin8="46666666"
  at -40290m  card_link  card.bin8="46666666"
  at -30269m  card_link  card.bin8="46666666"
  at -30240m  card_link  card.bin8="46666666"
  at -30210m  card_link  card.bin8="46666666"
  at -20189m  card_link  card.bin8="46666666"
  at -20160m  card_link  card.bin8="46666666"
  at -20130m  card_link  card.bin8="46666666"
  at -10109m  card_link  card.bin8="46666666"
  at -10080m  card_link  card.bin8="46666666"
  at -10050m  card_link  card.bin8="46666666"
  at -300m  card_link  card.bin8="44444444"
  at -235m  card_link  card.bin8="44444444"
  at -234m  card_link  card.bin8="44444444"
  at -233m  card_link  card.bin8="44444444"
  at -232m  card_link  card.bin8="44444444"
  at -231m  card_link  card.bin8="44444444"
  at -230m  card_link  card.bin8="44444444"
  at -229m  card_link  card.bin8="44444444"
  at -228m  card_link  card.bin8="44444444"
  at -227m  card_link  card.bin8="44444444"
  at -226m  card_link  card.bin8="44444444"
  at -225m  card_link  card.bin8="44444444"
  at -224m  card_link  card.bin8="44444444"
  at -223m  card_link  card.bin8="44444444"
  at -222m  card_link  card.bin8="44444444"
  at -221m  card_link  card.bin8="44444444"
  at -220m  card_link  card.bin8="44444444"
  at -219m  card_link  card.bin8="44444444"
  at -218m  card_link  card.bin8="44444444"
  at -217m  card_link  card.bin8="44444444"
  at -216m  card_link  card.bin8="44444444"
  at -50m  card_link  card.bin8="43333333"
  at -50m  card_link  card.bin8="44444444"
  at -49m  card_link  card.bin8="43333333"
  at -49m  card_link  card.bin8="44444444"
  at -48m  card_link  card.bin8="43333333"
  at -48m  card_link  card.bin8="44444444"
  at -47m  card_link  card.bin8="43333333"
  at -47m  card_link  card.bin8="44444444"
  at -46m  card_link  card.bin8="43333333"
  at -46m  card_link  card.bin8="44444444"
  at -45m  card_link  card.bin8="43333333"
  at -45m  card_link  card.bin8="44444444"
  at -10m  card_link  card.bin8="42222222"
  at -10m  card_link  card.bin8="43333333"
  at -10m  card_link  card.bin8="44444444"
  at -9m  card_link  card.bin8="42222222"
  at -9m  card_link  card.bin8="43333333"
  at -9m  card_link  card.bin8="44444444"
  at -3m  card_link  card.bin8="41111111"
  at -3m  card_link  card.bin8="42222222"
  at -3m  card_link  card.bin8="43333333"
  at -3m  card_link  card.bin8="44444444"
  at -3m  card_link  card.bin8="46666666"
  at -2m  card_link  card.bin8="41111111"
  at -2m  card_link  card.bin8="42222222"
  at -2m  card_link  card.bin8="43333333"
  at -2m  card_link  card.bin8="44444444"
  at -2m  card_link  card.bin8="46666666"
  at -1m    payment    account_id=a1 amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.bin8="42222222" merchant.merchant_id=m1 kind=in_app
  at -1m    payment    account_id=a1 amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.bin8="44444444" merchant.merchant_id=m1 kind=in_app
  at 0      card_link
  expect bin_link_deviation_1m = 0.2
  expect bin_cusum = (2 - 1/48 - 5 * 0.1) / 0.2
  at 0      card_link  card.bin8="42222222"
  expect bin_cusum = (4 - 3/48 - 15 * 0.1) / 0.2
  at 0      card_link  card.bin8="43333333"
  expect bin_cusum = (10 - 12/48 - 60 * 0.1) / 0.2
  at 0      card_link  card.bin8="44444444"
  expect bin_cusum = (30 - 48/48 - 240 * 0.1) / 0.2
  # Twelve links in this hour of four weeks are 0.05 a minute.
  at 0      card_link  card.bin8="46666666"
  expect bin_link_deviation_1m = sqrt(0.05)
  expect bin_cusum = (2 - 5 * 0.05 - 5 * 0.5 * sqrt(0.05)) / sqrt(0.05)
  at 0      card_link  card.bin8=none
  expect bin_cusum = unknown

story numbers_in_a_row "Last digits tried of a range within an hour: five different, in two blocks of 40"
  with card_link  account_id=a1 card.card_token=c1 card.bin8="41111111"
  with payment    account_id=a1 amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.bin8="41111111" merchant.merchant_id=m1 kind=in_app
  at -65m   card_link  card.last4="9000"
  at -50m   payment    card.last4="0002"
  at -40m   card_link  card.last4="0039"
  at -30m   card_link  card.last4="0001"
  at -25m   card_link  card.bin8="42222222" card.last4="5000"
  at -20m   card_link  card.last4="0041"
  at -15m   card_link  card.last4="0001"
  at -10m   card_link  card.last4="0018"
  at -5m    card_link  card.last4="0009"
  expect bin_luhn_adjacency_1h = unknown
  at 0      card_link  card.last4="0010"
  expect bin_luhn_adjacency_1h = 3/4
  at 1m     card_link  card.last4="7777"
  at 2m     card_link  card.last4="8888"
  # Seven different in three blocks, then eight in four.
  expect bin_luhn_adjacency_1h = 4/6
  at 3m     card_link
  expect bin_luhn_adjacency_1h = 4/7
  at 4m     card_link  card.bin8="42222222"
  expect bin_luhn_adjacency_1h = unknown

story outage_told "An outage that somebody told, until its end, its all-clear, or a day later"
  with any            account_id=a1
  with payment        amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.issuer_id=i1 merchant.merchant_id=m1 kind=in_app
  with issuer_health  card.issuer_id=i1
  at -45d   issuer_health  health=outage health_until_ms=@-5d
  at -35d   payment
  expect issuer_outage_flag = true
  # Not heard of for 30 days.
  at -14d   payment
  expect issuer_outage_flag = false
  at -5d    payment
  expect issuer_outage_flag = false
  at -4d    issuer_health  health=degraded health_until_ms=@-94h
  at -95h   payment
  expect issuer_outage_flag = true
  at -95h   payment        card.issuer_id=i2
  expect issuer_outage_flag = false
  at -95h   payment        card.issuer_id=none
  expect issuer_outage_flag = unknown
  at -94h   payment
  expect issuer_outage_flag = false
  at -3d    issuer_health  health=outage
  at -49h   payment
  expect issuer_outage_flag = true
  at -48h   payment
  expect issuer_outage_flag = false
  at -2h    issuer_health  health=outage
  at -1h    payment
  expect issuer_outage_flag = true
  at -30m   issuer_health  health=ok
  at 0      payment
  expect issuer_outage_flag = false

story outage_seen "More than 30 % of 20 answers in 5 minutes were technical"
  with any         account_id=a1
  with payment     amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.issuer_id=i1 merchant.merchant_id=m1 kind=in_app
  with auth_result ref_id=p1 outcome=declined
  at -1h       payment      id=p1
  at -10m      auth_result
  at -10m      auth_result
  at -10m      auth_result
  at -10m      auth_result
  at -325s     auth_result  outcome=timeout
  at -290s     auth_result  de39="91"
  at -285s     auth_result  de39="91"
  at -280s     auth_result  de39="91"
  at -275s     auth_result  de39="96"
  at -270s     auth_result  de39="96"
  at -265s     auth_result  outcome=timeout
  at -255s     auth_result  de39="05"
  at -245s     auth_result  de39="05"
  at -235s     auth_result  de39="05"
  at -225s     auth_result  de39="05"
  at -215s     auth_result  de39="05"
  at -205s     auth_result  de39="05"
  at -195s     auth_result  de39="05"
  at -185s     auth_result  de39="05"
  at -175s     auth_result  de39="05"
  at -165s     auth_result  de39="05"
  at -155s     auth_result  de39="05"
  at -145s     auth_result  de39="05"
  at -135s     auth_result  de39="05"
  # Five answers of another issuer do not count here.
  at -24s      payment      id=p2 card.issuer_id=i2
  at -23s      auth_result  ref_id=p2 outcome=timeout
  at -23s      auth_result  ref_id=p2
  at -23s      auth_result  ref_id=p2
  at -23s      auth_result  ref_id=p2
  at -23s      auth_result  ref_id=p2
  # Six of nineteen: too few answers. Seven of twenty.
  at -20s      payment
  expect issuer_outage_flag = false
  at -19s      auth_result  outcome=timeout
  expect issuer_outage_flag = false
  at -18s      payment
  expect issuer_outage_flag = true
  at -17s      auth_result  outcome=approved
  at -16s      payment      card.issuer_id=i2
  expect issuer_outage_flag = false
  # The first technical answer is five minutes old: six of twenty are not more than 30 %.
  at 10s       payment
  expect issuer_outage_flag = false

story new_card_country "A first card from a country, on an account with cards for 30 days"
  with card_link  account_id=a1 card.card_token=c1 card.issuer_country=DE
  with payment    account_id=a1 amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 card.issuer_country=DE merchant.merchant_id=m1 kind=in_app
  at -120d  card_link  card.card_token=c9 card.issuer_country=IT
  expect card_country_vs_account_new = false
  at -40d   payment
  expect card_country_vs_account_new = true
  at -39d   payment
  expect card_country_vs_account_new = false
  at 0      card_link  card.card_token=c2 card.issuer_country=FR
  expect card_country_vs_account_new = true
  at 1m     payment    card.card_token=c2 card.issuer_country=FR
  expect card_country_vs_account_new = false
  at 1m     card_link  card.card_token=c7
  expect card_country_vs_account_new = false
  # A card that is named but not used is not seen.
  at 1m     payment    funding=balance card.card_token=c8 card.issuer_country=ES
  at 1m     card_link  card.card_token=c8 card.issuer_country=ES
  expect card_country_vs_account_new = true
  # Not in 90 days.
  at 2m     card_link  card.card_token=c9 card.issuer_country=IT
  expect card_country_vs_account_new = true
  at 3m     card_link  card.card_token=c3 card.issuer_country=none
  expect card_country_vs_account_new = unknown
  at 4m     card_link  account_id=a2 card.card_token=c4
  expect card_country_vs_account_new = false
  at 29d    card_link  account_id=a2 card.card_token=c5 card.issuer_country=FR
  expect card_country_vs_account_new = false
  at 30d4m  card_link  account_id=a2 card.card_token=c6 card.issuer_country=ES
  expect card_country_vs_account_new = true
