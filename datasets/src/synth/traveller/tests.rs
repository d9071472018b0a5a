//! Worlds of one kind of traveller, and what must be found in them.

use std::collections::{BTreeMap, HashMap};

use features::event::Event;
use features::field::{EventType, FieldId, find, ids};

use super::visit::{Habit, Rhythm, day_of};
use super::*;
use crate::synth::population::Population;
use crate::synth::tests_support::{Played, START_MS, honest, text};
use crate::synth::wallet::{Answer, Ask, PlainWallet, Wallet};
use crate::synth::{Atlas, Kind, Options, Peak, Settings, Shard, World};

fn options(seed: u64, accounts: u32, days: u32, persona: Persona) -> Options {
    let mut settings = Settings::default();
    let personas = &mut settings.personas;
    for (of, habits) in [
        (Persona::Tourist, &mut personas.tourist),
        (Persona::Business, &mut personas.business),
        (Persona::Resident, &mut personas.resident),
        (Persona::Family, &mut personas.family),
        (Persona::Shopper, &mut personas.shopper),
    ] {
        habits.share = if of == persona { 1.0 } else { 0.0 };
    }
    let atlas = Atlas::built_in();
    Options { seed, days, accounts, start_ms: START_MS, peaks: Vec::new(), settings, atlas }
}

/// A world of one kind of traveller only.
fn travelled(
    seed: u64,
    accounts: u32,
    days: u32,
    persona: Persona,
    wallet: &mut dyn Wallet,
) -> Played {
    let mut world = World::new(options(seed, accounts, days, persona)).unwrap();
    let roots: Vec<Box<dyn Actor>> = vec![Box::new(Population::new(0..accounts))];
    world.shards = vec![Shard::with(&world.ground, 0, 0..accounts, roots)];
    let mut played = Played { events: Vec::new(), truths: Vec::new(), lines: Vec::new() };
    while world.play_step(wallet) {
        for emitted in world.events().filter(|emitted| emitted.kind != Kind::Label) {
            if let Some(truth) = emitted.truth {
                played.truths.push((played.events.len(), *truth));
            }
            played.events.push(Event::read(emitted.line.as_bytes(), None).unwrap());
        }
    }
    played
}

fn tourists() -> Played {
    travelled(1, 1_500, 30, Persona::Tourist, &mut PlainWallet)
}

fn field(path: &str) -> FieldId {
    find(path).unwrap()
}

/// Share of these events that this holds for.
fn share<'a>(events: impl Iterator<Item = &'a Event>, is: impl Fn(&Event) -> bool) -> f64 {
    let (all, hits) = events.fold((0, 0), |(all, hits), e| (all + 1, hits + u32::from(is(e))));
    f64::from(hits) / f64::from(all)
}

fn assert_near(name: &str, got: f64, wanted: f64, within: f64) {
    assert!((got - wanted).abs() <= within, "{name}: {got:.4}, wanted {wanted}");
}

/// Look-alikes of the accounts, each with its number of events.
fn look_alikes(played: &Played) -> BTreeMap<&'static str, u32> {
    let mut counts = BTreeMap::new();
    for (_, truth) in &played.truths {
        *counts.entry(truth.look_alike().unwrap_or("none")).or_default() += 1;
    }
    counts
}

fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// The visits of many slots that lie in the cycle of a day.
fn visits(persona: Persona, slots: u32) -> Vec<Visit> {
    let world = World::new(options(1, 100, 60, persona)).unwrap();
    let rhythm = Rhythm::of(&world.ground, persona);
    let day = START_MS / DAY_MS + 200;
    let number = |slot| rhythm.current(world.ground.seed, slot, day);
    (0..slots).map(|slot| rhythm.visit(&world.ground, slot, number(slot))).collect()
}

#[test]
fn eight_tourists_in_a_hundred_are_on_a_trip() {
    for (persona, wanted) in
        [(Persona::Tourist, 0.08), (Persona::Business, 0.10), (Persona::Family, 0.10 / 0.6)]
    {
        let all = visits(persona, 40_000);
        let day = START_MS / DAY_MS + 200;
        let on_trip =
            |visit: &&Visit| day_of(visit.arrival_ms) <= day && day <= day_of(visit.leave_ms);
        let got = all.iter().filter(on_trip).count() as f64 / all.len() as f64;
        assert_near(&format!("{persona:?}"), got, wanted, 0.007);
    }
}

#[test]
fn trips_of_tourists_have_their_length_and_lead() {
    let all = visits(Persona::Tourist, 30_000);
    let days = |visit: &Visit| day_of(visit.leave_ms) - day_of(visit.arrival_ms) + 1;
    assert_eq!(median(all.iter().map(days).collect()), 8);
    let share = |is: fn(&Visit) -> bool| {
        all.iter().filter(|visit| is(visit)).count() as f64 / all.len() as f64
    };
    assert_near("same day", share(|v| v.arrival_ms < v.begin_ms), 0.40, 0.02);
    assert_near("new", share(Visit::is_first), 0.70, 0.02);
    assert_near("come back", share(|v| v.comes_back), 0.30, 0.02);
    assert_near("split fees", share(|v| v.habits.has(Habit::Splits)), 0.06, 0.01);
    let leads = all.iter().filter(|v| v.begin_ms < v.arrival_ms);
    let leads: Vec<f64> =
        leads.map(|v| (v.arrival_ms - v.begin_ms) as f64 / DAY_MS as f64).collect();
    assert_near("lead", leads.iter().sum::<f64>() / leads.len() as f64, 6.4, 0.6);
}

#[test]
fn one_seed_is_one_stream() {
    let lines = |seed| honest(seed, 150, 6).lines;
    let first = lines(7);
    assert!(300 < first.len(), "{}", first.len());
    assert_eq!(first, lines(7));
    assert_ne!(first, lines(8));
}

#[test]
fn a_tourist_pays_six_times_a_day() {
    let played = tourists();
    let mut days: HashMap<(String, i64), u32> = HashMap::new();
    let account = field("account_id");
    for event in played.of(EventType::Payment).filter(|e| e.time() < START_MS + 30 * DAY_MS) {
        let key = (text(event, account).to_owned(), day_of(event.time()));
        *days.entry(key).or_default() += 1;
    }
    let payments: u32 = days.values().sum();
    let mean = f64::from(payments) / (1_500.0 * 0.08 * 30.0);
    assert_near("payments on a day of a trip", mean, 5.8, 0.5);
    let kind = field("kind");
    let of =
        |names: &[&str]| share(played.of(EventType::Payment), |e| names.contains(&text(e, kind)));
    assert_near("qr", of(&["merchant_qr_static", "merchant_qr_dynamic"]), 0.52, 0.05);
    assert_near("code", of(&["payment_code"]), 0.165, 0.03);
    assert_near("transit", of(&["transit"]), 0.13, 0.03);
    assert_near("in app", of(&["in_app"]), 0.145, 0.03);
    assert_near("travel", of(&["travel"]), 0.033, 0.015);
}

/// Events of each account in order, of these types.
fn by_account<'p>(played: &'p Played, types: &[EventType]) -> BTreeMap<&'p str, Vec<&'p Event>> {
    let account = field("account_id");
    let mut all: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in played.events.iter().filter(|event| types.contains(&event.event_type())) {
        all.entry(text(event, account)).or_default().push(event);
    }
    all
}

/// The events of a look-alike.
fn alike<'p>(played: &'p Played, code: &str) -> Vec<&'p Event> {
    let of = |truth: &&(usize, crate::synth::batch::Truth)| truth.1.look_alike() == Some(code);
    played.truths.iter().filter(of).map(|(place, _)| &played.events[*place]).collect()
}

#[test]
fn every_new_tourist_has_just_landed_or_set_up_at_home() {
    let played = tourists();
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    for (place, truth) in &played.truths {
        if played.events[*place].event_type() == EventType::AccountOpen {
            *known.entry(truth.look_alike().unwrap_or("none")).or_default() += 1;
        }
    }
    let opened = played.of(EventType::AccountOpen).count() as u32;
    assert_eq!(known.values().sum::<u32>(), opened, "{known:?}");
    assert!(known.keys().all(|code| ["L01", "L02", "L17"].contains(code)), "{known:?}");
    assert_near("landed", f64::from(known["L01"]) / f64::from(opened), 0.39, 0.07);
}

#[test]
fn look_alikes_are_frequent_enough_to_matter() {
    let played = tourists();
    let counts = look_alikes(&played);
    let scored = played.events.iter().filter(|e| e.event_type().is_scored()).count() as f64;
    for code in ["L01", "L02", "L03", "L05", "L09", "L10", "L14", "L16", "L17"] {
        let share = f64::from(counts.get(code).copied().unwrap_or(0)) / scored;
        assert!(0.001 < share && share < 0.25, "{code}: {share:.4} of {counts:?}");
    }
}

#[test]
fn most_cards_are_linked_at_the_first_try_and_nearly_all_in_the_end() {
    let played = tourists();
    let results: HashMap<&str, &str> = played
        .of(EventType::AuthResult)
        .map(|event| (text(event, field("ref_id")), text(event, field("outcome"))))
        .collect();
    let event_id = field("event_id");
    let is_linked = |event: &&&Event| results.get(text(event, event_id)) == Some(&"approved");
    let links = by_account(&played, &[EventType::AccountOpen, EventType::CardLink]);
    let fresh = links.values().filter(|events| {
        events[0].event_type() == EventType::AccountOpen
            && events[0].time() < START_MS + 20 * DAY_MS
    });
    let (mut all, mut first, mut last) = (0, 0, 0);
    for events in fresh.filter(|events| 1 < events.len()) {
        all += 1;
        // A plain wallet loses some in the issuer's authentication, which is not the issuer's no.
        first += u32::from(is_linked(&&events[1]));
        last += u32::from(events[1..].iter().any(|event| is_linked(&event)));
    }
    // Some two hundred accounts: three standard errors.
    assert_near("first", f64::from(first) / f64::from(all), 0.81, 0.08);
    assert_near("in the end", f64::from(last) / f64::from(all), 0.94, 0.04);
}

#[test]
fn tourists_come_over_the_networks_of_tourists() {
    let played = tourists();
    let away = || {
        let china = field("geo.lon");
        let kinds = [EventType::Payment, EventType::CardLink, EventType::Login];
        let events = played.events.iter().filter(move |e| kinds.contains(&e.event_type()));
        events.filter(move |e| {
            (73.0..135.0).contains(&e.number(china)) && e.number(field("geo.lat")) > 18.0
        })
    };
    let is = |path: &str| {
        let id = field(path);
        share(away(), |event| event.number(id) == 1.0)
    };
    assert_near("vpn", is("network.is_vpn"), 0.22, 0.05);
    assert_near("public wifi", is("network.wifi_public"), 0.35, 0.07);
    assert_near("roaming", is("device.roaming"), 0.58, 0.10);
    let sims = share(away(), |event| text(event, field("device.sim_country")) == "CN");
    assert_near("local sim", sims, 0.38, 0.08);
    let all = played.of(EventType::Payment).filter(|e| e.has(field("device.device_id")));
    assert_near("position", share(all, |e| e.has(field("geo.lat"))), 0.86, 0.04);
}

#[test]
fn nobody_outruns_a_plane() {
    let played = tourists();
    let (lat, lon) = (field("geo.lat"), field("geo.lon"));
    let mut too_fast = 0;
    let mut all = 0;
    for events in by_account(&played, &[EventType::Payment, EventType::Login]).values() {
        let fixes: Vec<&&Event> = events.iter().filter(|event| event.has(lat)).collect();
        for pair in fixes.windows(2) {
            let [from, to] = [pair[0], pair[1]].map(|e| (e.number(lat), e.number(lon)));
            let km = features::geo::distance_km(from.0, from.1, to.0, to.1);
            let hours = ((pair[1].time() - pair[0].time()) as f64 / HOUR_MS as f64).max(1.0 / 60.0);
            all += 1;
            too_fast += u32::from(1_000.0 < km / hours);
        }
    }
    assert!(1_000 < all);
    assert!(f64::from(too_fast) < 0.002 * f64::from(all), "{too_fast} of {all}");
}

#[test]
fn who_is_refused_tries_own_cards_within_minutes_and_mostly_succeeds() {
    let played = tourists();
    let retries = alike(&played, "L05");
    assert!(50 < retries.len());
    let results: HashMap<&str, &str> = played
        .of(EventType::AuthResult)
        .map(|event| (text(event, field("ref_id")), text(event, field("outcome"))))
        .collect();
    let done = |e: &&&Event| results.get(text(e, field("event_id"))) == Some(&"approved");
    let done = retries.iter().filter(done).count() as f64 / retries.len() as f64;
    assert!(0.6 < done, "{done}");
    let mut cards: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for event in &retries {
        let card =
            (text(event, field("card.card_token")), text(event, field("card.issuer_country")));
        let known = cards.entry(text(event, field("account_id"))).or_default();
        if !card.0.is_empty() && !known.contains(&card) {
            known.push(card);
        }
    }
    assert!(cards.values().all(|known| known.len() <= 3));
    assert!(cards.values().all(|known| known.iter().all(|card| card.1 == known[0].1)));
}

#[test]
fn a_local_sim_card_changes_all_but_the_number() {
    let played = tourists();
    let events = alike(&played, "L03");
    let sim = field("device.sim_country");
    assert!(100 < events.len());
    // Automatic debits come without a phone.
    let on_phone = || events.iter().filter(|event| event.has(field("device.device_id")));
    assert!(on_phone().all(|event| text(event, sim) == "CN"));
    assert!(on_phone().all(|event| event.number(field("device.sim_count")) == 2.0));
    let phone = field("account.phone_country");
    let abroad = share(events.iter().copied(), |event| text(event, phone) != "CN");
    assert!(0.95 < abroad, "{abroad}");
    let answers = played.of(EventType::SimSignal);
    // The operator knows of no change of that number.
    assert_eq!(share(answers, |e| e.number(field("last_sim_change_ms")) <= 0.0), 1.0);
}

#[test]
fn those_who_avoid_the_fee_pay_one_shop_in_parts() {
    let played = tourists();
    let parts = alike(&played, "L09");
    assert!(parts.iter().all(|event| event.number(field("base_minor")) <= 200_00.0));
    let shop = |event: &&Event| {
        (
            text(event, field("account_id")).to_owned(),
            text(event, field("merchant.merchant_id")).to_owned(),
        )
    };
    let again = parts.windows(2).filter(|pair| {
        shop(&pair[0]) == shop(&pair[1]) && pair[1].time() - pair[0].time() < 5 * MINUTE_MS
    });
    assert!(0.4 * (parts.len() as f64) < again.count() as f64);
}

/// Leaves every payment to the issuer.
struct IssuerMayChoose;

impl Wallet for IssuerMayChoose {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        if ask.event_type == "payment" {
            Answer::Challenge { factors: vec!["three_ds_frictionless"], is_all: false }
        } else {
            Answer::Approve
        }
    }

    fn record(&mut self, _line: &str) {}
}

#[test]
fn an_issuer_that_may_choose_answers_most_silently_and_challenges_the_rest() {
    let played = travelled(3, 400, 20, Persona::Tourist, &mut IssuerMayChoose);
    let results: Vec<(&str, &str)> = played
        .of(EventType::ChallengeResult)
        .map(|event| (text(event, ids::FACTOR), text(event, ids::RESULT)))
        .collect();
    let share = |holds: &dyn Fn(&str, &str) -> bool| {
        let found = results.iter().filter(|(factor, result)| holds(factor, result)).count();
        found as f64 / results.len() as f64
    };
    assert!(1_000 < results.len());
    let silent = share(&|factor, _| factor == "three_ds_frictionless");
    assert!((0.61..0.67).contains(&silent), "{silent}");
    let passed = share(&|_, result| ["passed", "issuer_frictionless"].contains(&result));
    assert!((0.90..0.94).contains(&passed), "{passed}");
    let told = share(&|factor, result| {
        (factor == "three_ds_frictionless") == (result == "issuer_frictionless")
    });
    assert!(0.98 < told, "what was silent is told so: {told}");
}

#[test]
fn dear_things_are_paid_once_and_the_tax_comes_back_at_the_airport() {
    let played = tourists();
    let events = alike(&played, "L10");
    let of = |wanted: EventType| events.iter().filter(move |e| e.event_type() == wanted);
    let paid: Vec<i64> =
        of(EventType::Payment).map(|e| e.number(field("base_minor")) as i64).collect();
    let level = |event: &&&Event| event.number(field("account.kyc_level"));
    let proven = of(EventType::Payment).filter(|event| 3.0 <= level(event)).count();
    assert!(8 * paid.len() < 10 * proven, "the shop wants the passport for the tax");
    let by_card = of(EventType::Payment).filter(|event| event.has(field("card.card_token")));
    let (asked, confirmed) = by_card.fold((0, 0), |(asked, confirmed), event| {
        (asked + 1, confirmed + u32::from(text(event, field("three_ds.trans_status")) == "Y"))
    });
    assert!(6 * asked < 10 * confirmed && confirmed < asked, "{confirmed} of {asked} by 3DS");
    let back: Vec<i64> =
        of(EventType::Refund).map(|e| e.number(field("base_minor")) as i64).collect();
    assert!(10 < paid.len() && !back.is_empty());
    let usual = played.of(EventType::Payment).map(|e| e.number(field("base_minor")) as i64);
    assert!(20 * median(usual.collect()) < median(paid.clone()));
    assert!(5 * median(back) < median(paid));
}

#[test]
fn friends_travel_weeks_later_and_owls_eat_at_night() {
    let played = travelled(2, 2_500, 30, Persona::Tourist, &mut PlainWallet);
    let tickets = alike(&played, "L14");
    assert!(8 < tickets.len());
    for ticket in tickets {
        let lead_ms = ticket.number(field("travel_departure_ms")) as i64 - ticket.time();
        assert!(14 * DAY_MS <= lead_ms && 3.0 <= ticket.number(field("travel_pax")));
    }
    let meals = alike(&played, "L16");
    assert!(40 < meals.len());
    for meal in meals {
        let hour = (meal.time() - midnight_ms(day_of(meal.time()))) / HOUR_MS;
        assert!((2..=5).contains(&hour), "{hour}");
        assert!([5812.0, 5814.0].contains(&meal.number(field("merchant.mcc"))));
    }
}

#[test]
fn business_travellers_change_countries() {
    let played = travelled(3, 1_500, 40, Persona::Business, &mut PlainWallet);
    let trips = alike(&played, "L11");
    let mut countries: HashMap<&str, Vec<&str>> = HashMap::new();
    for event in &trips {
        let known = countries.entry(text(event, field("account_id"))).or_default();
        let country = text(event, field("merchant.country"));
        if !country.is_empty() && !known.contains(&country) {
            known.push(country);
        }
    }
    let many = countries.values().filter(|known| 2 <= known.len()).count() as f64;
    assert!(0.5 < many / countries.len() as f64);
    let weak = share(trips.iter().copied().filter(|e| e.has(field("card.name_match"))), |event| {
        ["weak", "none"].contains(&text(event, field("card.name_match")))
    });
    assert!(0.3 < weak && weak < 0.8, "{weak}");
}

/// A wallet that declines every payment of its own accord.
struct Miser;

impl Wallet for Miser {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        if ask.event_type == "payment" { Answer::Decline } else { Answer::Approve }
    }

    fn record(&mut self, _line: &str) {}
}

#[test]
fn who_is_stopped_tries_again_or_goes_on_and_some_give_up_for_the_day() {
    let free = travelled(4, 600, 20, Persona::Tourist, &mut PlainWallet);
    let stopped = travelled(4, 600, 20, Persona::Tourist, &mut Miser);
    let payments = |played: &Played| played.of(EventType::Payment).count() as f64;
    let ratio = payments(&stopped) / payments(&free);
    // 1 + 0.45 + 0.45^2 tries each, over a day that one in six stops cuts short.
    assert!(0.7 < ratio && ratio < 1.5, "{ratio}");
}

#[test]
fn accounts_of_tourists_go_with_them() {
    let mut world = World::new(options(5, 2_000, 120, Persona::Tourist)).unwrap();
    let roots: Vec<Box<dyn Actor>> = vec![Box::new(Population::new(0..2_000))];
    world.shards = vec![Shard::with(&world.ground, 0, 0..2_000, roots)];
    while world.play_hour(1) {}
    // Eight in a hundred on a trip, the week after it, the lead before it, and 30 in a hundred of
    // all who were ever here and come back.
    assert!(world.live_accounts() < 1_000, "{}", world.live_accounts());
}

#[test]
fn golden_week_nearly_doubles_what_tourists_do() {
    let mut options = options(1, 3_000, 46, Persona::Tourist);
    options.peaks = vec![Peak::GoldenWeek];
    let mut world = World::new(options).unwrap();
    let roots: Vec<Box<dyn Actor>> = vec![Box::new(Population::new(0..3_000))];
    world.shards = vec![Shard::with(&world.ground, 0, 0..3_000, roots)];
    let mut days = [0_u32; 48];
    while world.play_hour(1) {
        for event in world.events().filter(|event| event.kind == Kind::Scored) {
            days[(day_of(event.time_ms) - START_MS / DAY_MS) as usize] += 1;
        }
    }
    // The first of October is day 30.
    let mean =
        |from: usize, to: usize| days[from..to].iter().sum::<u32>() as f64 / (to - from) as f64;
    let ratio = mean(31, 37) / ((mean(22, 29) + mean(39, 46)) / 2.0);
    assert_near("golden week", ratio, 1.9, 0.25);
}
