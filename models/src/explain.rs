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
//! For all leaves of a tree at once it takes two passes over its splits. With `f` the factor of the
//! side that the row takes and `1 - f` that of the other: downwards `P` is the product of the factors
//! above a split; upwards `H = H_cold + f (H_hot - H_cold)` is the sum of the leaves below times
//! their factors; the split gives its feature `r_cold ∫ P (H_hot - H_cold) dt`. When the feature was
//! asked above with share `a`, then `f = (t + (1 - t) a r_hot) / g` with `g = t + (1 - t) a`, and the
//! split gives `a r_cold ∫ P (H_hot - H_cold) / g² dt`, or nothing if the row failed above.
//! Measured for 300 trees of 63 splits: see [`crate::Model::explain`]. No allocation once the scratch
//! has grown to the largest tree.

use crate::forest::{Forest, NONE, Node, Span, Split};

/// Memory that [`crate::Model::explain`] works in; keep one for each thread. It grows on first use.
#[derive(Debug, Default, Clone)]
pub struct Scratch {
    row: Vec<f64>,
    numbers: Vec<f64>,
    sides: Vec<Side>,
}

/// What a row does at a split.
#[derive(Debug, Default, Clone, Copy)]
struct Side {
    /// The side that the row takes.
    hot: bool,
    /// Whether the row passes every edge of the same feature above.
    passes: bool,
}

/// Points and weights of Gauss's quadrature for the interval from 0 to 1.
#[derive(Debug)]
struct Rule<const POINTS: usize> {
    at: [f64; POINTS],
    weight: [f64; POINTS],
}

/// Exact for paths of up to 4, 8, 16, 32 and 64 different features.
const RULE_2: Rule<2> = Rule::new();
const RULE_4: Rule<4> = Rule::new();
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
                9..=16 => self.tree(span, &RULE_8, scratch, contributions),
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
        let needed = 3 * POINTS * nodes.len();
        if scratch.numbers.len() < needed {
            scratch.numbers.resize(needed, 0.0);
        }
        if scratch.sides.len() < nodes.len() {
            scratch.sides.resize(nodes.len(), Side::default());
        }
        let (points, _) = scratch.numbers[..needed].as_chunks_mut::<POINTS>();
        let (products, points) = points.split_at_mut(nodes.len());
        let (factors, weights) = points.split_at_mut(nodes.len());
        let sides = &mut scratch.sides[..nodes.len()];
        products[0] = [1.0; POINTS];
        for here in 0..nodes.len() {
            sides[here] = side(here, nodes, splits, &scratch.row, sides);
            let product = products[here];
            factors[here] = down(rule, &splits[here], sides[here], &product, &mut weights[here]);
            let hot = usize::from(sides[here].hot);
            let mut parts = [[0.0; POINTS]; 2];
            for point in 0..POINTS {
                parts[hot][point] = product[point] * factors[here][point];
                parts[1 - hot][point] = product[point] - parts[hot][point];
            }
            for (part, step) in parts.into_iter().zip(nodes[here].step) {
                // A step past the end of the tree is a leaf.
                if let Some(child) = products.get_mut(here + usize::from(step)) {
                    *child = part;
                }
            }
        }
        // On the way up the sums of the leaves below take the place of the products.
        for here in (0..nodes.len()).rev() {
            let node = &nodes[here];
            let below = [0, 1].map(|side| {
                let child = here + usize::from(node.step[side]);
                products.get(child).copied().unwrap_or([node.value[side]; POINTS])
            });
            let hot = usize::from(sides[here].hot);
            let mut credit = 0.0;
            for point in 0..POINTS {
                let difference = below[hot][point] - below[1 - hot][point];
                credit += weights[here][point] * difference;
                products[here][point] = below[1 - hot][point] + factors[here][point] * difference;
            }
            contributions[usize::from(splits[here].feature)] += credit;
        }
    }
}

/// Which way the row goes at a split, and whether it comes there as far as the feature is concerned.
fn side(here: usize, nodes: &[Node], splits: &[Split], row: &[f64], sides: &[Side]) -> Side {
    let (node, split) = (&nodes[here], &splits[here]);
    let passes = split.above == NONE || {
        let above = sides[split.above as usize];
        above.passes && above.hot == (split.above_side == 1)
    };
    Side {
        hot: node.threshold <= row[usize::from(node.slot)],
        passes,
    }
}

/// The factor of the side that the row takes, at each point; fills the weights with which the
/// difference of the two sides counts for the split's feature.
fn down<const POINTS: usize>(
    rule: &Rule<POINTS>,
    split: &Split,
    side: Side,
    product: &[f64; POINTS],
    weights: &mut [f64; POINTS],
) -> [f64; POINTS] {
    let hot_share = if side.hot { 1.0 - split.share } else { split.share };
    let mut factor = [hot_share; POINTS];
    *weights = [0.0; POINTS];
    if !side.passes {
        return factor;
    }
    let cold_share = 1.0 - hot_share;
    if split.above == NONE {
        for point in 0..POINTS {
            let t = rule.at[point];
            factor[point] = t + (1.0 - t) * hot_share;
            weights[point] = rule.weight[point] * cold_share * product[point];
        }
        return factor;
    }
    let above = split.above_share;
    for point in 0..POINTS {
        let t = rule.at[point];
        let per_above = 1.0 / (t + (1.0 - t) * above);
        factor[point] = (t + (1.0 - t) * above * hot_share) * per_above;
        weights[point] =
            rule.weight[point] * above * cold_share * product[point] * per_above * per_above;
    }
    factor
}
