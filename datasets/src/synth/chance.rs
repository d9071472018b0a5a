//! Seeded chance: every draw of the simulated world comes from here.
//!
//! A stream is named by numbers (`Chance::of`), so whatever is derived from the same names is the
//! same wherever and whenever it is asked for: a merchant, a card range, the trip of an account
//! need not be stored. Numbers come from PCG, distributions from `rand_distr`; both are pinned by
//! the lock file, as their streams are part of what a seed means.

use rand_distr::{Distribution, Exp1, Gamma, Poisson, StandardNormal};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng as _;

/// A stream of chance.
#[derive(Debug, Clone)]
pub(crate) struct Chance(Pcg64Mcg);

/// Mixes a word into a hash (the finaliser of SplitMix64).
pub(crate) const fn mix(hash: u64, word: u64) -> u64 {
    let mut z = (hash ^ word).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Chance {
    /// The stream with this name.
    pub(crate) fn of(seed: u64, name: &[u64]) -> Chance {
        let hash = name.iter().fold(mix(seed, name.len() as u64), |hash, word| mix(hash, *word));
        Chance(Pcg64Mcg::new(u128::from(hash) << 64 | u128::from(mix(hash, 1))))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `limit`; 0 when `limit` is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).unsigned_abs() + 1) as i64
    }

    /// True with this probability.
    pub(crate) fn hit(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Normal with this mean and standard deviation.
    pub(crate) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let standard: f64 = StandardNormal.sample(&mut self.0);
        mean + deviation * standard
    }

    /// Log-normal with this median; `sigma` is the deviation of the logarithm.
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * self.normal(0.0, sigma).exp()
    }

    /// Exponential with this mean.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        let standard: f64 = Exp1.sample(&mut self.0);
        mean * standard
    }

    /// Poisson with this mean; 0 when the mean is not above zero.
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        Poisson::new(mean).map_or(0, |poisson| poisson.sample(&mut self.0) as u64)
    }

    /// Negative binomial with this mean and dispersion (variance = mean + mean^2 / dispersion).
    pub(crate) fn negative_binomial(&mut self, mean: f64, dispersion: f64) -> u64 {
        let rate = Gamma::new(dispersion, mean / dispersion);
        let rate = rate.map_or(0.0, |gamma| gamma.sample(&mut self.0));
        self.poisson(rate)
    }

    /// One of several, which must not be none.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// An index with a probability proportional to its weight; the last one when all are zero.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            if left < weight {
                return index;
            }
            left -= weight;
        }
        last
    }

    /// One of several pairs of thing and weight.
    pub(crate) fn weigh<T: Copy>(&mut self, of: &[(T, f64)]) -> T {
        of[self.weighted(of.iter().map(|(_, weight)| *weight))].0
    }
}
