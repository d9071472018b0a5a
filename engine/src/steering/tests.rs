use super::*;

/// The default settings with one changed.
fn with(name: &str, value: f64) -> Economics {
    let mut economics = Economics::default();
    economics.set(name, value).expect("it is a setting and in range");
    economics
}

#[test]
fn the_price_rises_over_budget_falls_under_it_and_stays_within_its_bounds() {
    let economics = Economics::default();
    assert_eq!(next_price(&economics, 0.15, 0.06), 0.15 + 0.1 * 0.16);
    assert_eq!(next_price(&economics, 0.15, 0.9), next_price(&economics, 0.15, 0.06), "by a tenth");
    assert_eq!(next_price(&economics, 0.5, 0.03), 0.5, "on budget");
    assert!(next_price(&economics, 0.5, 0.02) < 0.5);
    assert_eq!(next_price(&economics, 0.16, 0.0), 0.15, "back where it began");
    assert_eq!(next_price(&economics, 2.95, 1.0), 3.0);
    assert_eq!(next_price(&economics, f64::NAN, 1.0), 0.15);
}

#[test]
fn a_price_of_nothing_can_rise_and_comes_back() {
    let economics = with("challenge_price_usd", 0.0);
    let risen = next_price(&economics, 0.0, 1.0);
    assert!(0.0 < risen);
    assert_eq!(next_price(&economics, risen, 0.0), 0.0);
}

#[test]
fn lots_are_spread_evenly() {
    let mut tenths = [0; 10];
    for seed in 0..100_000 {
        let lot = lot(seed);
        assert!((0.0..1.0).contains(&lot));
        tenths[(lot * 10.0) as usize] += 1;
    }
    assert!(tenths.iter().all(|count| (9_600..10_400).contains(count)), "{tenths:?}");
}
