# Cards: what the house policy must see when somebody tries or uses cards that are not theirs, and what it must let pass.

story card_testing "Stolen cards are tried one after the other on one device"
  with any        device.device_id=d1 network.ip=192.0.2.7
  with card_link  account_id=a1
  at -50m  card_link  card.card_token=c1
  expect rule device_many_cards missed
  at -40m  card_link  card.card_token=c2
  at -30m  card_link  card.card_token=c3
  at -20m  card_link  card.card_token=c4
  at -10m  card_link  card.card_token=c5
  at 0     card_link  card.card_token=c6
  expect decline because DEVICE_MANY_CARDS
  expect rule device_many_cards hit
  expect action block_retry
  expect device_distinct_cards_24h = 5
