//! Exact Shapley values of a forest, in time linear in its splits.
//!
//! The game is TreeSHAP's, path-dependent: a coalition of known features has the value of a walk that
//! follows the row at splits on known features and goes both ways elsewhere, by the shares of the
//! training rows. The Shapley value of feature j is an average over orders, and an average over
//! orders is an integral over t, the chance that each other feature is known (Owen, 1972): for one
//! leaf with value v, `(o_j - r_j) v ∫ Π_i (t o_i + (1 - t) r_i) dt` over the features i of its path
//! other than j, where `o` says whether the row passes that feature's edges and `r` is the share of
//! training rows that do. The integrand is a polynomial, so Gauss's quadrature with half as many
//! points as a path has features is exact; no subsets, no unwinding, no cancellation.
//!
//! For all leaves of a tree at once it takes two passes over its splits. Let `o` be 1 when the row
//! takes the yes side, `r` that side's share, `f = o t + (1 - t) r` its factor; the other side's is
//! `1 - f`. Downwards, `P` is the product of the factors above a split; upwards, `H = H_no +
//! f (H_yes - H_no)` is the sum of the leaves below times their factors; the split gives its feature
//! `(o - r) ∫ P (H_yes - H_no) dt`. When the feature was asked above, let `a` be the share that those
//! edges let through and `p` be 1 when the row passes them, else 0, and `g = p t + (1 - t) a`: then
//! `f = (p o t + (1 - t) a r) / g` and the split gives `p a (o - r) ∫ P (H_yes - H_no) / g² dt`.
//! Both passes are free of branches on the row. Agrees with LightGBM's `pred_contrib` to 3e-14 and
//! takes EXPLAIN_TIMES. No allocation once the scratch has grown to the largest tree.

use crate::forest::{Forest, NONE, Span, Split};

/// Memory that [`crate::Model::explain`] works in; keep one for each thread. It grows on first use.
#[derive(Debug, Default, Clone)]
pub struct Scratch {
    row: Vec<f64>,
    numbers: Vec<f64>,
    sides: Vec<Side>,
}

/// What a row does at a split, as factors.
#[derive(Debug, Default, Clone, Copy)]
struct Side {
    /// 1 when the row takes the yes side, else 0.
    yes: f64,
    /// 1 when the row passes every edge of the same feature above, else 0.
    passes: f64,
}

/// Points and weights of Gauss's quadrature for the interval from 0 to 1.
#[derive(Debug)]
struct Rule<const POINTS: usize> {
    at: [f64; POINTS],
    weight: [f64; POINTS],
}

/// Each is exact for paths of up to twice as many different features.
const RULE_2: Rule<2> = Rule::new();
const RULE_4: Rule<4> = Rule::new();
const RULE_6: Rule<6> = Rule::new();
const RULE_8: Rule<8> = Rule::new();
const RULE_16: Rule<16> = Rule::new();
const RULE_32: Rule<32> = Rule::new();

impl<const POINTS: usize> Rule<POINTS> {
    /// The points are the roots of Legendre's polynomial, moved from (-1, 1) to (0, 1). Each is
    /// enclosed by a sign change on a fine grid, halved until no float lies between.
    const fn new() -> Self {
        let mut rule = Rule {
            at: [0.0; POINTS],
            weight: [0.0; POINTS],
        };
        // The closest roots, near the ends, are about 5 / POINTS² apart.
        let cells = 4 * POINTS * POINTS;
        let mut found = 0;
        let mut cell = 0;
        while cell < cells {
            let mut low = 2.0 * cell as f64 / cells as f64 - 1.0;
            let mut high = 2.0 * (cell + 1) as f64 / cells as f64 - 1.0;
            let rising = legendre::<POINTS>(low).0 < 0.0;
            if rising == (0.0 <= legendre::<POINTS>(high).0) {
                loop {
                    let middle = 0.5 * (low + high);
                    if middle <= low || high <= middle {
                        break;
                    }
                    if (legendre::<POINTS>(middle).0 < 0.0) == rising {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                let slope = legendre::<POINTS>(low).1;
                rule.at[found] = 0.5 * (1.0 + low);
                rule.weight[found] = 1.0 / ((1.0 - low * low) * slope * slope);
                found += 1;
            }
            cell += 1;
        }
        assert!(found == POINTS, "every root lies in a cell of its own");
        rule
    }
}

/// Legendre's polynomial of degree `DEGREE` and its derivative, by the three-term recurrence.
const fn legendre<const DEGREE: usize>(x: f64) -> (f64, f64) {
    let mut before = 1.0;
    let mut here = x;
    let mut degree = 1;
    while degree < DEGREE {
        let n = degree as f64;
        let next = ((2.0 * n + 1.0) * x * here - n * before) / (n + 1.0);
        before = here;
        here = next;
        degree += 1;
    }
    let slope = DEGREE as f64 * (x * here - before) / (x * x - 1.0);
    (here, slope)
}

impl Forest {
    /// Adds to each feature its Shapley value.
    pub(crate) fn shapley(&self, facts: &[f64], scratch: &mut Scratch, contributions: &mut [f64]) {
        scratch.row.resize(self.row_len(), 0.0);
        self.gather(facts, &mut scratch.row);
        for span in &self.spans {
            match span.distinct {
                0..=4 => self.tree(span, &RULE_2, scratch, contributions),
                5..=8 => self.tree(span, &RULE_4, scratch, contributions),
                9..=12 => self.tree(span, &RULE_6, scratch, contributions),
                13..=16 => self.tree(span, &RULE_8, scratch, contributions),
                17..=32 => self.tree(span, &RULE_16, scratch, contributions),
                _ => self.tree(span, &RULE_32, scratch, contributions),
            }
        }
    }

    fn tree<const POINTS: usize>(
        &self,
        span: &Span,
        rule: &Rule<POINTS>,
        scratch: &mut Scratch,
        contributions: &mut [f64],
    ) {
        let range = span.start as usize..(span.start + span.len) as usize;
        let nodes = &self.nodes[range.clone()];
        let splits = &self.splits[range];
        // A step from a split to a leaf ends at index `len`: one place more, that stays 0 on the way
        // up, makes leaves and splits alike.
        let places = nodes.len() + 1;
        if scratch.numbers.len() < 2 * POINTS * places {
            scratch.numbers.resize(2 * POINTS * places, 0.0);
        }
        if scratch.sides.len() < places {
            scratch.sides.resize(places, Side::default());
        }
        let (points, _) = scratch.numbers.as_chunks_mut::<POINTS>();
        let (products, sums) = points.split_at_mut(places);
        let sums = &mut sums[..places];
        let sides = &mut scratch.sides[..places];
        products[0] = [1.0; POINTS];
        for (here, (node, split)) in nodes.iter().zip(splits).enumerate() {
            let yes = scratch.row[usize::from(node.slot)] < node.threshold;
            let side = Side {
                yes: f64::from(u8::from(yes)),
                passes: passes(split, sides),
            };
            sides[here] = side;
            let product = products[here];
            let [factor, _] = factors(rule, split, side);
            let [mut to_yes, mut to_no] = [[0.0; POINTS]; 2];
            for point in 0..POINTS {
                to_yes[point] = product[point] * factor[point];
                to_no[point] = product[point] - to_yes[point];
            }
            products[here + usize::from(node.step[0])] = to_yes;
            products[here + usize::from(node.step[1])] = to_no;
        }
        sums[places - 1] = [0.0; POINTS];
        for (here, (node, split)) in nodes.iter().zip(splits).enumerate().rev() {
            let [factor, weight] = factors(rule, split, sides[here]);
            let yes = sums[here + usize::from(node.step[0])];
            let no = sums[here + usize::from(node.step[1])];
            let product = products[here];
            let [mut sum, mut credits] = [[0.0; POINTS]; 2];
            for point in 0..POINTS {
                let no = no[point] + node.value[1];
                let difference = yes[point] + node.value[0] - no;
                sum[point] = no + factor[point] * difference;
                credits[point] = weight[point] * product[point] * difference;
            }
            sums[here] = sum;
            let side = sides[here];
            let moved = side.passes * split.above_share * (side.yes - split.share);
            contributions[usize::from(split.feature)] += moved * total(&credits);
        }
    }
}

/// The sum, as two running sums so that neighbours can be added at once.
fn total<const POINTS: usize>(terms: &[f64; POINTS]) -> f64 {
    let (pairs, _) = terms.as_chunks::<2>();
    let [even, odd] = pairs.iter().fold([0.0; 2], |sums, pair| {
        [sums[0] + pair[0], sums[1] + pair[1]]
    });
    even + odd
}

/// 1 when the row passes every edge of the split's feature above it, else 0.
fn passes(split: &Split, sides: &[Side]) -> f64 {
    if split.above == NONE {
        return 1.0;
    }
    let above = sides[split.above as usize];
    above.passes * [above.yes, 1.0 - above.yes][usize::from(split.above_side)]
}

/// At each point, the factor of the yes side and the weight with which the difference of the sides
/// counts for the feature.
#[inline]
fn factors<const POINTS: usize>(
    rule: &Rule<POINTS>,
    split: &Split,
    side: Side,
) -> [[f64; POINTS]; 2] {
    let mut factor = [0.0; POINTS];
    if split.above == NONE {
        for point in 0..POINTS {
            factor[point] = split.share + rule.at[point] * (side.yes - split.share);
        }
        return [factor, rule.weight];
    }
    let mut weight = [0.0; POINTS];
    let above = split.above_share;
    for point in 0..POINTS {
        let t = rule.at[point];
        let per_above = 1.0 / (side.passes * t + (1.0 - t) * above);
        let yes = side.passes * side.yes * t + (1.0 - t) * above * split.share;
        factor[point] = yes * per_above;
        weight[point] = rule.weight[point] * per_above * per_above;
    }
    [factor, weight]
}
