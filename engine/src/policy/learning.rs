//! What no model may learn from.
//!
//! A key number is the name of something and no quantity: a tree that splits on it learns the rows
//! by heart. And where a person comes from must not count by itself, which a model would make it do.

use std::fmt;

use features::field::FieldId;
use features::language::define::Definitions;
use features::language::weight::Weights;
use features::plan::Reading;

/// Why no model may learn from a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlearnable {
    /// It is the key number of a text: only equality means something.
    Key,
    /// It weighs where a person comes from: this field.
    Origin(FieldId),
}

impl fmt::Display for Unlearnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unlearnable::Key => f.write_str("it is the key of a text and no quantity"),
            Unlearnable::Origin(field) => write!(
                f,
                "it weighs `{}` by itself, which may only be held against other fields",
                field.path()
            ),
        }
    }
}

/// For each feature why no model may learn from it, if so.
pub(super) fn unlearnable(
    definitions: &Definitions,
    weights: &Weights,
) -> Vec<Option<Unlearnable>> {
    let of = |definition: usize| {
        let origin = weights.origin_of(definition).map(Unlearnable::Origin);
        let is_key = definitions.reading(definition) == &Reading::Key;
        origin.or(is_key.then_some(Unlearnable::Key))
    };
    definitions.features().iter().map(|feature| of(feature.definition)).collect()
}
