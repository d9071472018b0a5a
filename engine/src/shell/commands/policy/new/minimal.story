# What happens, and what must then be decided. Times are before the hour of the story, `at 0`.

story stolen_cards "Cards are tried one after the other on one device"
  with any  account_id=a1 device.device_id=d1
  at -20m  card_link  card.card_token=c1
  expect rule many_cards missed
  at -10m  card_link  card.card_token=c2
  at 0     card_link  card.card_token=c3
  expect device_distinct_cards_24h = 2
  expect rule many_cards hit
  expect decline because DEVICE_MANY_CARDS
