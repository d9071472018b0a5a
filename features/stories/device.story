# What phones say of themselves, and what is known of them from before.

story ages "A phone, its accounts and its sessions"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login  outcome=success
  at -800d  login  account_id=a9
  expect device_age_hours = 0
  expect device_account_age_hours = 0
  at -799d21h  login  account_id=a9
  expect device_age_hours = 3
  expect device_account_age_hours = 3
  at -48h   login  session_id=s1
  expect device_age_hours = 17520
  expect device_account_age_hours = 0
  expect device_is_new_to_account = true
  # Still the first session; then the second, another account, and acts without a session.
  at -47h   login  session_id=s1
  expect device_account_age_hours = 1
  expect device_is_new_to_account = true
  at -24h   login  session_id=s2
  expect device_is_new_to_account = false
  at -20h   login  session_id=s3 account_id=a2
  expect device_account_age_hours = 0
  expect device_is_new_to_account = true
  at -10h   login
  expect device_account_age_hours = 38
  expect device_is_new_to_account = false
  at -9h    login  account_id=a3
  expect device_is_new_to_account = true
  at -8h    login  device.device_id=none
  expect device_age_hours = unknown
  expect device_account_age_hours = unknown
  expect device_is_new_to_account = unknown

story trust "A phone is trusted a day after it passed a strong factor"
  with any               account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login             outcome=success
  with challenge_result  ref_id=none
  at -30h      login  id=l1
  expect device_trusted = false
  at -29h59m   challenge_result  ref_id=l1 factor=sms_otp result=passed
  at -25h      login
  expect device_trusted = false
  at -24h30m   challenge_result  ref_id=l1 factor=passkey result=failed
  at -24h      challenge_result  ref_id=l1 factor=passkey result=passed
  at -1ms      login
  expect device_trusted = false
  at 0         login
  expect device_trusted = true
  at 1s        login  account_id=a2
  expect device_trusted = false
  at 2s        login  account_id=a2 auth_ctx.device_trusted_since_ms=@-23h
  expect device_trusted = false
  at 3s        login  account_id=a2 auth_ctx.device_trusted_since_ms=@-24h
  expect device_trusted = true

story probes "What the app's probes tell"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login  outcome=success
  at -5h  login
  expect device_is_emulator = unknown
  expect device_is_rooted = unknown
  expect device_integrity_level = unknown
  expect device_app_genuine = unknown
  expect device_hooked = unknown
  expect device_remote_control = unknown
  expect device_call_in_progress = unknown
  expect device_install_age_hours = unknown
  expect device_boot_age_hours = unknown
  expect device_sensor_static = unknown
  expect device_attest_recent_count = unknown
  expect device_sim_count = unknown
  expect bio_enrol_age_hours = unknown
  at -4h  login  device.is_emulator=false device.integrity=virtual device.is_rooted=true device.app_genuine=false device.has_hook_framework=true device.screen_shared=true
  expect device_is_emulator = true
  expect device_is_rooted = true
  expect device_integrity_level = 0
  expect device_app_genuine = false
  expect device_hooked = true
  expect device_remote_control = true
  at -3h  login  device.is_emulator=true device.integrity=basic device.is_rooted=false device.app_genuine=true device.is_cloned_app=true device.remote_control_app=true
  expect device_is_emulator = true
  expect device_is_rooted = false
  expect device_integrity_level = 1
  expect device_app_genuine = true
  expect device_hooked = true
  expect device_remote_control = true
  at -2h  login  device.is_emulator=false device.integrity=device device.has_hook_framework=false device.is_cloned_app=false device.screen_shared=false device.remote_control_app=false device.accessibility_overlay=false
  expect device_is_emulator = false
  expect device_integrity_level = 2
  expect device_hooked = false
  expect device_remote_control = false
  # One of two or three that is not told leaves the answer open, unless another is true.
  at -1h  login  device.integrity=strong device.has_hook_framework=false device.screen_shared=false device.remote_control_app=false device.call_in_progress=false
  expect device_is_emulator = unknown
  expect device_integrity_level = 3
  expect device_hooked = unknown
  expect device_remote_control = unknown
  expect device_call_in_progress = false
  at -30m  login  device.integrity=not_evaluated device.accessibility_overlay=true device.call_in_progress=true
  expect device_integrity_level = unknown
  expect device_remote_control = true
  expect device_call_in_progress = true
  at -20m  login  device.integrity="none" device.sensor_static=false
  expect device_integrity_level = 0
  expect device_sensor_static = false
  at 0    login  device.install_age_s=5400 device.boot_age_s=900 device.sensor_static=true device.attest_recent_count=12 device.sim_count=0 device.bio_enrolled_ms=@-6h
  expect device_install_age_hours = 1.5
  expect device_boot_age_hours = 0.25
  expect device_sensor_static = true
  expect device_attest_recent_count = 12
  expect device_sim_count = 0
  expect bio_enrol_age_hours = 6

story builds "Old builds of the app and of the system"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 device.os=ios
  with login  outcome=success
  at -91d  login  device.app_build=999
  expect newest_app_build = unknown
  expect app_version_lag_days = unknown
  expect app_version_lag_count = unknown
  at -10d  login  device.app_build=100 device.os_patch_date=2026-07-05
  expect newest_app_build = 999
  expect app_version_lag_days = 81
  expect app_version_lag_count = 899
  expect os_patch_age_days = 1/6
  at -4d   login  device.app_build=118
  at -3d   login  device.app_build=120
  at -1d   login  device.app_build=120
  at -12h  login  device.app_build=500 device.os=android
  expect newest_app_build = unknown
  at 0     login  device.app_build=100 device.os_patch_date=2026-04-05
  expect newest_app_build = 120
  expect app_version_lag_days = 3
  expect app_version_lag_count = 20
  expect os_patch_age_days = 101 + 1/6
  at 1s    login  device.app_build=120
  expect app_version_lag_days = 0
  expect app_version_lag_count = 0
  expect os_patch_age_days = unknown
  at 2s    login  device.app_build=130
  expect newest_app_build = 120
  expect app_version_lag_days = 0
  expect app_version_lag_count = 0

story clocks "The phone's clock against the place"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 geo.lat=39.904 geo.lon=116.407
  with login  outcome=success
  at -3h  login  network.ip_country=US
  expect device_tz_gps_mismatch_min = unknown
  expect device_tz_ip_mismatch_min = unknown
  at -2h  login  device.tz_offset_min=-240 network.ip_country=US network.ip_lat=37.75 network.ip_lon=-122.4
  expect device_tz_gps_mismatch_min = 720
  expect device_tz_ip_mismatch_min = 240
  at -1h  login  device.tz_offset_min=480 network.ip_country=JP
  expect device_tz_gps_mismatch_min = 0
  expect device_tz_ip_mismatch_min = 60
  at 0    login  device.tz_offset_min=480 geo.lat=none geo.lon=none network.ip_country=CN
  expect device_tz_gps_mismatch_min = unknown
  expect device_tz_ip_mismatch_min = 0

story languages "The phone's language against what is known of its user"
  with any        account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login      outcome=success
  with card_link  card.card_token=c1
  at -9h  login  device.language=en-GB
  expect device_lang_country_mismatch = unknown
  at -8h  login  account.nationality=GB
  expect device_lang_country_mismatch = unknown
  at -7h  login  account.nationality=GB device.language=en
  expect device_lang_country_mismatch = unknown
  at -6h  login  account.nationality=GB device.language=en-GB
  expect device_lang_country_mismatch = false
  at -5h  login  account.nationality=GB account.phone_country=IE device.language=zh-Hans-CN
  expect device_lang_country_mismatch = true
  at -4h  login  account.nationality=GB device.language=zh-Hans-CN geo.lat=39.904 geo.lon=116.407
  expect device_lang_country_mismatch = false
  at -3h  login  account.nationality=GB account.phone_country=IE device.language=en-IE
  expect device_lang_country_mismatch = false
  at -2h  card_link  account.nationality=GB card.issuer_country=FR device.language=fr-fr
  expect device_lang_country_mismatch = false
  at -1h  card_link  card.issuer_country=FR device.language=vi-VN
  expect device_lang_country_mismatch = true

story fingerprints "One phone shows many fingerprints, one body many phones"
  with any    account_id=a1 device.device_id=d1 device.hw_id_hash=h1 network.ip=192.0.2.7
  with login  outcome=success
  at -30d   login  device.fp_hash=f0
  expect device_fp_churn_count_{24h,7d,30d} = 0, 0, 0
  at -20d   login  device.fp_hash=f1
  at -3d    login  device.fp_hash=f2
  at -2d    login  device.fp_hash=f3
  at -47h   login  device.fp_hash=f2
  at -24h   login  device.fp_hash=f4
  at -10h   login  device.fp_hash=f5
  at -5h    login  device.fp_hash=f6 device.device_id=d2
  at -4h    login  device.fp_hash=f7 device.device_id=d2
  at -3h    login  device.fp_hash=f8 device.device_id=d3 device.hw_id_hash=h3
  at -2h    login
  # By the body h1: f5 to f7; with f2, f3 and f4; with f1.
  at 0      login
  expect device_fp_churn_count_{24h,7d,30d} = 3, 6, 7
  # By the phone d1 alone: f5; with f2, f3 and f4; with f1.
  at 0      login  device.hw_id_hash=none
  expect device_fp_churn_count_{24h,7d,30d} = 1, 4, 5
  at 1s     login  device.device_id=none device.hw_id_hash=none
  expect device_fp_churn_count_{24h,7d,30d} = unknown, unknown, unknown

story reinstalls "The app is installed anew"
  with any          account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login        outcome=success
  with payment      amount_minor=100 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1 kind=in_app
  with auth_result  outcome=approved device.device_id=none network.ip=none
  at -30d   login  device.install_age_s=7200
  expect device_reinstall_count_{7d,30d} = 0, 0
  # Installed 21 days ago, seen twice.
  at -20d   login  device.install_age_s=86400
  at -19d   login  device.install_age_s=172800
  # Installed an hour before, then a minute before.
  at -6d    login  device.install_age_s=3600
  at -5d    payment  id=p1 device.install_age_s=60
  # The answer to the payment is no installation; a second more or less is none either.
  at -4d    auth_result  ref_id=p1
  at -4d    login  device.install_age_s=86459
  at -3d    login
  at 0      login  device.install_age_s=10
  expect device_reinstall_count_{7d,30d} = 1, 2
  at 1s     login  device.install_age_s=11
  expect device_reinstall_count_{7d,30d} = 2, 3
  at 2s     login  device.device_id=none
  expect device_reinstall_count_{7d,30d} = unknown, unknown

story offender "A phone with a past"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with login  outcome=success
  at -399d  login  id=l1
  expect device_fraud_known = 0
  at -300d  login  id=l2 account_id=a2
  at -200d  login  id=l3
  at -399d  label  ref_id=l1 label=fraud received=-100d
  at -200d  label  ref_id=l3 label=legit received=-100d
  at -1d    login
  expect device_fraud_known = 1
  at -300d  label  ref_id=l2 label=fraud received=-2h
  at 0      login
  expect device_fraud_known = 2
  at 1s     login  device.device_id=d2
  expect device_fraud_known = 0
  at 2s     login  device.device_id=none
  expect device_fraud_known = unknown

story sim_change "When the SIM was changed, by the phone and by the operator"
  with any         account_id=a1 device.device_id=d1 network.ip=192.0.2.7
  with sim_signal  phone_hash=ph1
  with login       outcome=success
  at -10d  login
  expect sim_change_age_hours = unknown
  at -9d   login  auth_ctx.sim_changed_ms=@-10d
  expect sim_change_age_hours = 24
  at -8d   sim_signal  last_sim_change_ms=@-10d last_port_ms=null
  at -7d   login
  expect sim_change_age_hours = 72
  at -6d   sim_signal  last_sim_change_ms=@-10d last_port_ms=@-7d
  at -5d   login
  expect sim_change_age_hours = 48
  at -4d   sim_signal  last_sim_change_ms=null last_port_ms=null
  at -3d   login
  expect sim_change_age_hours = 8760
  # Asked after the change that the phone tells, the operator knows better; asked before, he could not know.
  at -2d   login  auth_ctx.sim_changed_ms=@-5d
  expect sim_change_age_hours = 8760
  at 0     login  auth_ctx.sim_changed_ms=@-5h
  expect sim_change_age_hours = 5

story models "Common and rare models"
  with any    account_id=a1 device.device_id=d1 network.ip=192.0.2.7 device.os=android
  with login  outcome=success
  at -30d  login  device.model=Rack
  expect device_model_rarity_30d = unknown
  at -5d   login  device.model=Common
  at -4d   login  device.model=Common
  at -3d   login  device.model=Common
  at -2d   login  device.model=Rack
  at -1d   login  device.model=Rack device.os=ios
  at 0     login  device.model=Common
  expect device_model_rarity_30d = ln(5 / 4)
  at 1s    login  device.model=Rack
  expect device_model_rarity_30d = ln(6 / 2)
  at 2s    login  device.model=New
  expect device_model_rarity_30d = ln(7)
  at 3s    login
  expect device_model_rarity_30d = unknown
