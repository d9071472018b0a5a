//! How good are these scores? The measures that fraud teams compare models by.
//!
//! [`Ranking`] sorts the scores once and answers everything that depends on their order; the other
//! functions look at probabilities, money, or cards and days. Everything is `f64` with counts exact
//! up to 2^53. Ties are exact: rows with one score are never told apart, a cut through them counts
//! their expected share. A measure that is not defined (no fraud, no legitimate row, nothing at
//! all) is `NaN`, never 0. Labels are 1 for fraud and 0 else.

use std::collections::{BTreeMap, BTreeSet};

/// Scores and labels sorted from the most to the least suspicious.
#[derive(Debug, Clone)]
pub struct Ranking {
    groups: Vec<Group>,
    frauds: f64,
    others: f64,
}

/// Rows with one score, with the totals up to and including them.
#[derive(Debug, Clone, Copy)]
struct Group {
    score: f64,
    frauds: f64,
    others: f64,
    frauds_so_far: f64,
    others_so_far: f64,
}

impl Ranking {
    /// Sorts the rows. A score that is `NaN` counts as the least suspicious.
    ///
    /// # Panics
    /// When there is not one label for each score.
    pub fn new(scores: &[f64], labels: &[u8]) -> Ranking {
        assert_eq!(scores.len(), labels.len(), "a label for each score");
        let mut rows: Vec<(f64, u8)> = scores
            .iter()
            .map(|score| if score.is_nan() { f64::NEG_INFINITY } else { *score })
            .zip(labels.iter().copied())
            .collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let [mut frauds, mut others] = [0.0, 0.0];
        let groups = rows
            .chunk_by(|a, b| a.0 == b.0)
            .map(|rows| {
                let in_group = rows.iter().filter(|row| row.1 != 0).count() as f64;
                let others_in_group = rows.len() as f64 - in_group;
                frauds += in_group;
                others += others_in_group;
                Group {
                    score: rows[0].0,
                    frauds: in_group,
                    others: others_in_group,
                    frauds_so_far: frauds,
                    others_so_far: others,
                }
            })
            .collect();
        Ranking { groups, frauds, others }
    }

    /// Frauds among the rows.
    pub fn frauds(&self) -> f64 {
        self.frauds
    }

    /// Area under the ROC curve: the chance that a fraud is above a legitimate row, ties half.
    pub fn auc_roc(&self) -> f64 {
        let pairs = self
            .groups
            .iter()
            .map(|group| group.frauds * (self.others - group.others_so_far + 0.5 * group.others))
            .sum::<f64>();
        pairs / (self.frauds * self.others)
    }

    /// Average precision: the sum over distinct scores of the gain in recall times the precision
    /// there (steps, no interpolation).
    pub fn average_precision(&self) -> f64 {
        let steps = self.groups.iter().map(|group| {
            group.frauds * group.frauds_so_far / (group.frauds_so_far + group.others_so_far)
        });
        steps.sum::<f64>() / self.frauds
    }

    /// The expected number of frauds among the `k` most suspicious rows.
    fn frauds_at(&self, k: usize) -> f64 {
        let k = k as f64;
        let mut found = 0.0;
        for group in &self.groups {
            let rows = group.frauds + group.others;
            let before = group.frauds_so_far + group.others_so_far - rows;
            found += group.frauds * ((k - before) / rows).clamp(0.0, 1.0);
        }
        found
    }

    /// The share of frauds among the `k` most suspicious rows.
    pub fn precision_at(&self, k: usize) -> f64 {
        self.frauds_at(k) / (k as f64).min(self.frauds + self.others)
    }

    /// The share of all frauds that is among the `k` most suspicious rows.
    pub fn recall_at(&self, k: usize) -> f64 {
        self.frauds_at(k) / self.frauds
    }

    /// The last group of rows that a threshold may take in without exceeding a false-positive rate.
    fn last_within(&self, false_positive_rate: f64) -> Option<&Group> {
        let allowed = false_positive_rate * self.others;
        self.groups.iter().take_while(|group| group.others_so_far <= allowed).last()
    }

    /// The largest share of frauds that some threshold finds while at most this share (0 to 1) of
    /// the legitimate rows is at or above it.
    pub fn recall_at_fpr(&self, false_positive_rate: f64) -> f64 {
        let found = self.last_within(false_positive_rate).map_or(0.0, |group| group.frauds_so_far);
        found / self.frauds
    }

    /// The lowest threshold (rows at or above it are flagged) within that false-positive rate;
    /// infinity when even the highest score exceeds it.
    pub fn threshold_at_fpr(&self, false_positive_rate: f64) -> f64 {
        self.last_within(false_positive_rate).map_or(f64::INFINITY, |group| group.score)
    }

    /// Kolmogorov and Smirnov's distance: the largest difference of recall and false-positive rate.
    pub fn ks(&self) -> f64 {
        let distance = |group: &Group| {
            (group.frauds_so_far / self.frauds - group.others_so_far / self.others).abs()
        };
        let undefined = self.frauds * self.others == 0.0;
        let start = if undefined { f64::NAN } else { 0.0 };
        // `f64::max` would prefer the number to the NaN.
        self.groups.iter().map(distance).fold(
            start,
            |most, next| {
                if most < next { next } else { most }
            },
        )
    }
}

/// Mean squared error of probabilities.
///
/// # Panics
/// When there is not one label for each probability; so do the functions below.
pub fn brier(probabilities: &[f64], labels: &[u8]) -> f64 {
    mean(probabilities, labels, |probability, fraud| {
        let error = probability - f64::from(u8::from(fraud));
        error * error
    })
}

/// Mean log loss of probabilities in nats. Probabilities are cut at 1e-15 from 0 and 1.
pub fn log_loss(probabilities: &[f64], labels: &[u8]) -> f64 {
    mean(probabilities, labels, |probability, fraud| {
        let probability = probability.clamp(1e-15, 1.0 - 1e-15);
        if fraud { -probability.ln() } else { -(-probability).ln_1p() }
    })
}

fn mean(probabilities: &[f64], labels: &[u8], loss: impl Fn(f64, bool) -> f64) -> f64 {
    assert_eq!(probabilities.len(), labels.len(), "a label for each row");
    let rows = probabilities.iter().zip(labels);
    let sum: f64 = rows.map(|(probability, label)| loss(*probability, *label != 0)).sum();
    sum / probabilities.len() as f64
}

/// One bin of a calibration table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// Rows in the bin.
    pub rows: u64,
    /// Frauds among them.
    pub frauds: u64,
    /// The least probability in the bin.
    pub from: f64,
    /// The greatest probability in the bin.
    pub to: f64,
    /// The mean probability that was predicted.
    pub predicted: f64,
    /// The share of frauds that was observed.
    pub observed: f64,
    /// Logarithm of observed odds over predicted odds: how far off the bin is. Infinite when the
    /// bin holds one class only.
    pub log_odds_gap: f64,
}

/// Probabilities against what happened, in bins of about equal size from low to high.
///
/// Rows with one probability stay in one bin, so there may be fewer bins than asked for.
pub fn calibration_table(probabilities: &[f64], labels: &[u8], bins: usize) -> Vec<CalibrationBin> {
    assert_eq!(probabilities.len(), labels.len(), "a label for each row");
    let mut rows: Vec<(f64, u8)> =
        probabilities.iter().copied().zip(labels.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut table = Vec::new();
    let mut start = 0;
    for bin in 1..=bins {
        let mut end = (rows.len() * bin / bins).max(start);
        while start < end && end < rows.len() && rows[end - 1].0 == rows[end].0 {
            end += 1;
        }
        if start < end {
            table.push(calibration_bin(&rows[start..end]));
            start = end;
        }
    }
    table
}

fn calibration_bin(rows: &[(f64, u8)]) -> CalibrationBin {
    let count = rows.len() as f64;
    let frauds = rows.iter().filter(|row| row.1 != 0).count();
    let predicted = rows.iter().map(|row| row.0).sum::<f64>() / count;
    let observed = frauds as f64 / count;
    let log_odds = |share: f64| (share / (1.0 - share)).ln();
    CalibrationBin {
        rows: rows.len() as u64,
        frauds: frauds as u64,
        from: rows[0].0,
        to: rows[rows.len() - 1].0,
        predicted,
        observed,
        log_odds_gap: log_odds(observed) - log_odds(predicted),
    }
}

/// Expected calibration error: the mean distance of predicted and observed over the rows of a
/// table.
pub fn calibration_error(table: &[CalibrationBin]) -> f64 {
    let rows: f64 = table.iter().map(|bin| bin.rows as f64).sum();
    let distance: f64 =
        table.iter().map(|bin| bin.rows as f64 * (bin.predicted - bin.observed).abs()).sum();
    distance / rows
}

/// The share of the value of all frauds that a threshold finds (rows at or above it are flagged).
/// `values` are amounts in any one unit, not negative.
pub fn value_weighted_recall(scores: &[f64], labels: &[u8], values: &[f64], threshold: f64) -> f64 {
    assert_eq!(scores.len(), labels.len(), "a label for each score");
    assert_eq!(scores.len(), values.len(), "a value for each score");
    let [mut found, mut all] = [0.0, 0.0];
    for ((score, label), value) in scores.iter().zip(labels).zip(values) {
        if *label != 0 {
            all += value;
            if threshold <= *score {
                found += value;
            }
        }
    }
    found / all
}

/// One round of roll-forward validation as the Fraud Detection Handbook does it: train on some
/// days, leave out the days whose labels are not known yet, assess on the days after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// First day of training.
    pub train_from: i64,
    /// Days of training.
    pub train_days: i64,
    /// Days that a label takes to become known.
    pub delay_days: i64,
    /// Days of assessment.
    pub assess_days: i64,
}

impl Fold {
    /// First day of assessment.
    pub fn assess_from(&self) -> i64 {
        self.train_from + self.train_days + self.delay_days
    }

    /// For each assessed day, the cards whose fraud is known by then: a fraud in the training days,
    /// or later but at least one day more than the label delay before the assessed day. Their rows
    /// of that day are left out of every measure. `labels`, `cards` and `days` are rows that cover
    /// the fold.
    pub fn known_cards(
        &self,
        labels: &[u8],
        cards: &[u64],
        days: &[i64],
    ) -> BTreeMap<i64, BTreeSet<u64>> {
        let assessed = self.assess_from()..self.assess_from() + self.assess_days;
        assessed
            .map(|assessed| {
                let known = self.train_from..assessed - self.delay_days;
                let rows = labels.iter().zip(cards).zip(days);
                let frauds = rows
                    .filter(|((label, _), day)| **label != 0 && known.contains(day))
                    .map(|((_, card), _)| *card);
                (assessed, frauds.collect())
            })
            .collect()
    }
}

/// The handbook's card precision at `k`: for each day, the share of compromised cards among the `k`
/// cards with the highest score of the day, averaged over the days that have rows.
///
/// A card counts with its highest score and its highest label of the day. Cards in `removed` for a
/// day are left out on that day (see [`Fold::known_cards`]); a compromised card that was among the
/// `k` is detected and left out on the following days. Equal scores rank by card number.
pub fn card_precision_at_k(
    scores: &[f64],
    labels: &[u8],
    cards: &[u64],
    days: &[i64],
    removed: &BTreeMap<i64, BTreeSet<u64>>,
    k: usize,
) -> f64 {
    assert_eq!(scores.len(), labels.len(), "a label for each score");
    assert_eq!(scores.len(), cards.len(), "a card for each score");
    assert_eq!(scores.len(), days.len(), "a day for each score");
    let mut by_day: BTreeMap<i64, BTreeMap<u64, (f64, u8)>> = BTreeMap::new();
    for row in 0..scores.len() {
        let score = if scores[row].is_nan() { f64::NEG_INFINITY } else { scores[row] };
        let cards_of_day = by_day.entry(days[row]).or_default();
        let card = cards_of_day.entry(cards[row]).or_insert((score, labels[row]));
        *card = (card.0.max(score), card.1.max(labels[row]));
    }
    let mut detected: BTreeSet<u64> = BTreeSet::new();
    let mut precisions = 0.0;
    for (day, cards_of_day) in &by_day {
        let gone = removed.get(day);
        let mut ranked: Vec<(f64, u64, u8)> = cards_of_day
            .iter()
            .filter(|(card, _)| !detected.contains(*card))
            .filter(|(card, _)| gone.is_none_or(|gone| !gone.contains(*card)))
            .map(|(card, (score, label))| (*score, *card, *label))
            .collect();
        // The sort is stable, so equal scores keep the order of the cards.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let caught = ranked.iter().take(k).filter(|card| card.2 != 0);
        let before = detected.len();
        detected.extend(caught.map(|card| card.1));
        precisions += (detected.len() - before) as f64 / k as f64;
    }
    precisions / by_day.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_of_a_ranking_match_scikit_learn() {
        // roc_auc_score, average_precision_score, and ks_2samp of scipy on the same rows.
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.9, 0.05];
        let labels = [0, 0, 1, 1, 1, 0, 0, 0];
        let ranking = Ranking::new(&scores, &labels);
        assert_close(ranking.auc_roc(), 0.6);
        assert_close(ranking.average_precision(), 0.466_666_666_666_666_6);
        assert_close(ranking.ks(), 0.4);
    }

    #[test]
    fn scores_far_below_single_precision_are_told_apart() {
        let ranking = Ranking::new(&[1e-12, 2e-12, 5e-11, 0.2], &[0, 0, 0, 1]);
        assert_eq!(ranking.auc_roc(), 1.0);
        let ranking = Ranking::new(&[1e-12, 2e-12, 5e-11], &[1, 0, 0]);
        assert_eq!(ranking.auc_roc(), 0.0);
    }

    #[test]
    fn rows_with_one_score_are_worth_chance() {
        let ranking = Ranking::new(&[0.5; 10], &[1, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(ranking.auc_roc(), 0.5);
        assert_close(ranking.average_precision(), 0.2);
        assert_close(ranking.precision_at(3), 0.2);
        assert_close(ranking.recall_at(5), 0.5);
        assert_eq!(ranking.recall_at_fpr(0.99), 0.0);
        assert_eq!(ranking.threshold_at_fpr(0.99), f64::INFINITY);
        assert_eq!(ranking.recall_at_fpr(1.0), 1.0);
    }

    #[test]
    fn a_false_positive_rate_is_never_exceeded() {
        let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
        let ranking = Ranking::new(&scores, &[1, 0, 1, 0, 1, 0]);
        assert_close(ranking.recall_at_fpr(0.33), 1.0 / 3.0);
        assert_eq!(ranking.threshold_at_fpr(0.33), 0.9);
        assert_close(ranking.recall_at_fpr(0.34), 2.0 / 3.0);
        assert_eq!(ranking.threshold_at_fpr(0.34), 0.7);
        assert_close(ranking.precision_at(2), 0.5);
        assert_close(ranking.precision_at(100), 0.5);
    }

    #[test]
    fn what_is_not_defined_is_not_a_number() {
        for ranking in [Ranking::new(&[], &[]), Ranking::new(&[0.1, 0.2], &[0, 0])] {
            assert!(ranking.auc_roc().is_nan());
            assert!(ranking.average_precision().is_nan());
            assert!(ranking.recall_at_fpr(0.01).is_nan());
            assert!(ranking.ks().is_nan());
        }
        assert!(brier(&[], &[]).is_nan());
        assert!(value_weighted_recall(&[0.1], &[0], &[5.0], 0.0).is_nan());
        assert!(calibration_error(&[]).is_nan());
        assert!(card_precision_at_k(&[], &[], &[], &[], &BTreeMap::new(), 1).is_nan());
    }

    #[test]
    fn losses_are_the_textbook_ones() {
        let [probabilities, labels] = [[0.9, 0.2, 0.0], [1.0, 0.0, 0.0]];
        let labels = labels.map(|label| label as u8);
        assert_close(brier(&probabilities, &labels), (0.01 + 0.04) / 3.0);
        let wanted = -(f64::ln(0.9) + f64::ln(0.8) + f64::ln(1.0 - 1e-15)) / 3.0;
        assert_close(log_loss(&probabilities, &labels), wanted);
        assert!(log_loss(&[0.0], &[1]) < 35.0);
    }

    #[test]
    fn a_calibration_table_keeps_equal_probabilities_together() {
        let probabilities = [0.1, 0.1, 0.1, 0.2, 0.5, 0.5];
        let table = calibration_table(&probabilities, &[0, 0, 1, 0, 1, 1], 3);
        let sizes: Vec<u64> = table.iter().map(|bin| bin.rows).collect();
        assert_eq!(sizes, [3, 1, 2]);
        assert_close(table[0].log_odds_gap, f64::ln(0.5) - f64::ln(1.0 / 9.0));
        assert_eq!(table[1].log_odds_gap, f64::NEG_INFINITY);
        let wanted = (3.0 * (1.0 / 3.0 - 0.1) + 0.2 + 2.0 * 0.5) / 6.0;
        assert_close(calibration_error(&table), wanted);
    }

    #[test]
    fn value_recall_counts_money_not_rows() {
        let scores = [0.9, 0.8, 0.3, 0.1];
        let recall = value_weighted_recall(&scores, &[1, 0, 1, 1], &[10.0, 99.0, 60.0, 30.0], 0.3);
        assert_close(recall, 0.7);
    }

    #[test]
    fn a_detected_card_is_not_counted_again() {
        // Card 1 is compromised on both days and ranks first on both; card 2 on the second only.
        let scores = [0.9, 0.2, 0.95, 0.5, 0.4];
        let labels = [1, 0, 1, 1, 0];
        let cards = [1, 2, 1, 2, 3];
        let days = [0, 0, 1, 1, 1];
        let none = BTreeMap::new();
        let precision = card_precision_at_k(&scores, &labels, &cards, &days, &none, 1);
        assert_close(precision, 1.0);
        let precision = card_precision_at_k(&scores, &labels, &cards, &days, &none, 2);
        assert_close(precision, 0.5);
        let removed = BTreeMap::from([(0, BTreeSet::from([1]))]);
        let precision = card_precision_at_k(&scores, &labels, &cards, &days, &removed, 2);
        assert_close(precision, 0.5);
    }

    #[test]
    fn a_card_counts_once_a_day_with_its_highest_score_and_label() {
        let scores = [0.1, 0.8, 0.5];
        let precision =
            card_precision_at_k(&scores, &[1, 0, 0], &[7, 7, 8], &[0; 3], &BTreeMap::new(), 1);
        assert_close(precision, 1.0);
    }

    #[test]
    fn known_cards_wait_for_the_label_delay() {
        let fold = Fold { train_from: 10, train_days: 7, delay_days: 7, assess_days: 2 };
        assert_eq!(fold.assess_from(), 24);
        // Frauds before, in, at the end of training, on the first delay day, on the second.
        let cards = [1, 2, 3, 4, 5, 6];
        let days = [9, 10, 16, 17, 18, 12];
        let known = fold.known_cards(&[1, 1, 1, 1, 1, 0], &cards, &days);
        assert_eq!(known[&24], BTreeSet::from([2, 3]));
        assert_eq!(known[&25], BTreeSet::from([2, 3, 4]));
        assert_eq!(known.len(), 2);
    }

    fn assert_close(got: f64, wanted: f64) {
        assert!((got - wanted).abs() < 1e-12, "got {got}, wanted {wanted}");
    }
}
