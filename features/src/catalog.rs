//! The built-in facts: one text, in the language that analysts write.
//!
//! There is no second form of a definition: what `gyr features` prints, what the service computes
//! and what an analyst may copy into a policy is `catalog.policy`, checked when first used.

use std::sync::LazyLock;

use crate::language::define::{Definitions, Origin};
use crate::language::parse;

/// The text of the catalogue.
pub const TEXT: &str = include_str!("catalog.policy");

/// The catalogue, resolved: what a policy starts from.
///
/// # Panics
/// On first use, when the text built into this binary has a fault; a test reads it.
pub fn definitions() -> Definitions {
    static CATALOG: LazyLock<Definitions> = LazyLock::new(|| {
        let (policy, mut faults) = parse(TEXT);
        let mut definitions = Definitions::default();
        faults.extend(definitions.add(&policy, Origin::Builtin));
        let report = crate::diagnostic::render("catalog.policy", TEXT, &faults);
        assert!(faults.is_empty(), "the built-in catalogue has faults:\n{report}");
        definitions
    });
    CATALOG.clone()
}
