//! The suspected attack, held against the simulated world, where every fraud has a true one.

use datasets::synth::{Atlas, Options, Settings};
use engine::backtest::{Fit, Report};

const SEED: u64 = 11;

/// A world without a risk engine, with twenty times the usual fraud and all attacks from the first
/// day, through the eyes of the house rules. Seeds 1 and 2 taught the numbers: not this one.
fn backtest(seed: u64) -> Report {
    let mut settings = Settings::default();
    settings.fraud.prevalence_bps *= 20.0;
    settings.fraud.begin_at_once();
    let options = Options {
        seed,
        days: 24,
        accounts: 1_600,
        // First of September 2026.
        start_ms: 1_788_220_800_000,
        peaks: Vec::new(),
        settings,
        atlas: Atlas::built_in(),
    };
    tests::backtest(options)
}

#[test]
fn the_suspected_attack_is_far_better_than_the_prior_and_not_too_sure() {
    println!("seed {SEED}");
    let report = backtest(SEED);
    let even = 9.0_f64.ln();
    let check = |name: &str, fit: &Fit, least: u64, most: f64| {
        let (loss, prior) = (fit.log_loss().unwrap(), fit.prior_log_loss().unwrap());
        let right = fit.right_share().unwrap();
        println!("{name}: {} frauds, {loss:.3} against {prior:.3}, {right:.3} right", fit.frauds);
        assert!(least < fit.frauds, "{} frauds {name}", fit.frauds);
        assert!(loss < most && loss < 0.55 * prior && prior < 0.6 * even, "{name}: {loss}");
        assert!(0.8 < right, "{name}: {right}");
        for band in fit.sureness() {
            let (said, found) = (band.said().unwrap(), band.right_share().unwrap());
            println!("  said {said:.2}, right {found:.2} of {}", band.frauds);
            // A small world has few episodes, and what one does is said many times.
            assert!(band.frauds < 200 || said - 0.2 < found, "{name}: said {said}, is {found}");
        }
    };
    check("all", &report.suspicion.all, 800, 0.5);
    check("not simply approved", &report.suspicion.touched, 400, 0.45);
}
