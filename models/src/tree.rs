//! Trees as the model file says them, and the check that they are trees.
//!
//! A tree is a list of nodes that point at each other by index, so a file can say things that are
//! no tree: children out of range, loops, nodes that two splits share or none leads to. All of them
//! are found here, with every other wrong number; what passes can be walked without a look back.
//! The limits let the compiled form (`forest.rs`) count in 16 bits and recurse without fear.

use serde::{Deserialize, Serialize};

use crate::artifact::{Fault, check_number};

const TREES_MAX: usize = 10_000;
/// With at most this many nodes every step forward fits 16 bits.
const NODES_MAX: usize = 65_535;
/// Deepest leaf; bounds the recursion over a tree.
const DEPTH_MAX: usize = 64;

/// One node of a tree, by its place in the tree's list; the root is at 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum NodeDraft {
    /// Asks whether a feature is below a threshold.
    Split {
        /// Index into the model's features.
        feature: u32,
        /// The answer is yes when the feature's value is less than this.
        below: f64,
        /// Index of the node for yes.
        yes: u32,
        /// Index of the node for no.
        no: u32,
        /// Where a missing value goes: equals `yes` or `no`.
        missing: u32,
    },
    /// Ends a path.
    Leaf {
        /// What the tree adds to the margin, in log-odds.
        leaf: f64,
        /// The weight of training rows that ended here; only ratios of covers matter.
        cover: f64,
    },
}

/// A sum of decision trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForestDraft {
    /// What the sum starts from, in log-odds.
    pub base: f64,
    /// The trees; in each, the root is the first node.
    pub trees: Vec<Vec<NodeDraft>>,
}

impl ForestDraft {
    /// Reports every fault of the draft.
    pub(crate) fn check(&self, features: usize, faults: &mut Vec<Fault>) {
        check_number(self.base, || "scorer.forest.base".to_owned(), faults);
        if self.trees.is_empty() || TREES_MAX < self.trees.len() {
            faults.push(Fault::new(
                "M005",
                "scorer.forest.trees",
                format!("got {} trees, wanted 1 to {TREES_MAX}", self.trees.len()),
            ));
        }
        for (index, tree) in self.trees.iter().enumerate() {
            check_tree(tree, index, features, faults);
        }
    }
}

fn check_tree(tree: &[NodeDraft], index: usize, features: usize, faults: &mut Vec<Fault>) {
    let tree_place = format!("scorer.forest.trees[{index}]");
    if tree.is_empty() || NODES_MAX < tree.len() {
        let message = format!("got {} nodes, wanted 1 to {NODES_MAX}", tree.len());
        faults.push(Fault::new("M005", tree_place, message));
        return;
    }
    let mut linked = true;
    for (number, node) in tree.iter().enumerate() {
        let place = || format!("{tree_place}[{number}]");
        match node {
            NodeDraft::Leaf { leaf, cover } => {
                check_number(*leaf, place, faults);
                check_number(*cover, place, faults);
                if *cover <= 0.0 {
                    let message = format!("got cover {cover}, wanted more than 0");
                    faults.push(Fault::new("M006", place(), message));
                }
            }
            NodeDraft::Split { feature, below, yes, no, missing } => {
                if features <= *feature as usize {
                    let message = format!("got feature {feature}, wanted less than {features}");
                    faults.push(Fault::new("M009", place(), message));
                }
                if !below.is_finite() {
                    let message = format!("got threshold {below}, wanted a finite number");
                    faults.push(Fault::new("M006", place(), message));
                }
                for child in [yes, no] {
                    if tree.len() <= *child as usize {
                        linked = false;
                        let message = format!("got child {child}, wanted less than {}", tree.len());
                        faults.push(Fault::new("M007", place(), message));
                    }
                }
                if missing != yes && missing != no {
                    let message = format!("got missing {missing}, wanted {yes} (yes) or {no} (no)");
                    faults.push(Fault::new("M007", place(), message));
                }
            }
        }
    }
    if linked {
        check_shape(tree, &tree_place, faults);
    }
}

/// From the root every node must be reached exactly once, and none too deep.
fn check_shape(tree: &[NodeDraft], tree_place: &str, faults: &mut Vec<Fault>) {
    let mut reached = vec![false; tree.len()];
    let mut open = vec![(0usize, 0usize)];
    while let Some((number, depth)) = open.pop() {
        let place = format!("{tree_place}[{number}]");
        if reached[number] {
            let message = "node is reached twice, wanted a tree";
            faults.push(Fault::new("M007", place, message));
            continue;
        }
        reached[number] = true;
        if DEPTH_MAX < depth {
            let message = format!("node is deeper than {DEPTH_MAX} splits");
            faults.push(Fault::new("M007", place, message));
            continue;
        }
        if let NodeDraft::Split { yes, no, .. } = &tree[number] {
            open.push((*yes as usize, depth + 1));
            open.push((*no as usize, depth + 1));
        }
    }
    for (number, _) in reached.iter().enumerate().filter(|(_, reached)| !**reached) {
        let place = format!("{tree_place}[{number}]");
        faults.push(Fault::new("M007", place, "no split leads to this node"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(tree: Vec<NodeDraft>) -> Vec<(&'static str, String)> {
        let draft = ForestDraft { base: 0.0, trees: vec![tree] };
        let mut faults = Vec::new();
        draft.check(2, &mut faults);
        faults.into_iter().map(|fault| (fault.code, fault.place)).collect()
    }

    fn split(yes: u32, no: u32) -> NodeDraft {
        NodeDraft::Split { feature: 0, below: 1.0, yes, no, missing: yes }
    }

    fn leaf() -> NodeDraft {
        NodeDraft::Leaf { leaf: 0.5, cover: 1.0 }
    }

    #[test]
    fn broken_links_are_reported_where_they_are() {
        let at = |node: usize| format!("scorer.forest.trees[0][{node}]");
        assert_eq!(faults_of(vec![split(1, 9), leaf()]), [("M007", at(0))]);
        // A cycle: node 1 leads back to the root, and nothing leads to node 3.
        let cycle = vec![split(1, 2), split(0, 2), leaf(), leaf()];
        let codes: Vec<String> = faults_of(cycle).into_iter().map(|fault| fault.1).collect();
        assert_eq!(codes, [at(2), at(0), at(3)]);
        let shared = vec![split(1, 1), leaf()];
        assert_eq!(faults_of(shared), [("M007", at(1))]);
        let NodeDraft::Split { .. } = split(1, 2) else { unreachable!() };
        let astray = NodeDraft::Split { feature: 2, below: f64::NAN, yes: 1, no: 2, missing: 0 };
        let codes: Vec<&str> =
            faults_of(vec![astray, leaf(), leaf()]).into_iter().map(|fault| fault.0).collect();
        assert_eq!(codes, ["M009", "M006", "M007"]);
    }

    #[test]
    fn trees_too_deep_or_empty_and_leaves_without_rows_are_reported() {
        let chain = |splits: u32| {
            let mut tree: Vec<NodeDraft> =
                (0..splits).map(|at| split(at + 1, splits + 1 + at)).collect();
            tree.extend((0..=splits).map(|_| leaf()));
            tree
        };
        assert_eq!(faults_of(chain(64)), []);
        assert_eq!(faults_of(chain(65))[0].0, "M007");
        assert_eq!(faults_of(Vec::new())[0].0, "M005");
        let empty = NodeDraft::Leaf { leaf: f64::INFINITY, cover: 0.0 };
        let codes: Vec<&str> = faults_of(vec![empty]).into_iter().map(|fault| fault.0).collect();
        assert_eq!(codes, ["M006", "M006"]);
    }
}
