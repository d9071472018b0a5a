//! Where the reader is, kept cheap while all is well: a path becomes text only in a message.

use std::fmt::Write as _;

use crate::limits::NAME_SHOWN_MAX;

/// The path of the value being read: a path known to the table, the item of a list, and the names
/// of members that the table does not know.
#[derive(Default)]
pub(super) struct Trail {
    base: &'static str,
    item: Option<usize>,
    deep: String,
}

impl Trail {
    /// Starts again at a known path.
    pub(super) fn set(&mut self, base: &'static str, item: Option<usize>) {
        self.base = base;
        self.item = item;
        self.deep.clear();
    }

    /// A place to come back to by [`Trail::reset`].
    pub(super) fn mark(&self) -> usize {
        self.deep.len()
    }

    pub(super) fn reset(&mut self, mark: usize) {
        self.deep.truncate(mark);
    }

    /// Goes into a member; long names are cut and control characters are replaced.
    pub(super) fn push_name(&mut self, name: &str) {
        let shown = name.chars().take(NAME_SHOWN_MAX);
        self.deep.push('.');
        self.deep.extend(shown.map(|c| if c.is_control() { '?' } else { c }));
    }

    /// Goes into an item of a list.
    pub(super) fn push_index(&mut self, index: usize) {
        // Writing to a String cannot fail.
        let _ = write!(self.deep, "[{index}]");
    }

    /// The dotted path as text.
    pub(super) fn path(&self) -> String {
        let item = self.item.map_or(String::new(), |item| format!("[{item}]"));
        let path = format!("{}{item}{}", self.base, self.deep);
        path.trim_start_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_people_read_it() {
        let mut trail = Trail::default();
        assert_eq!(trail.path(), "");
        trail.push_name("a\nb");
        assert_eq!(trail.path(), "a?b");
        trail.set("auth_ctx.factors_enrolled", Some(2));
        let mark = trail.mark();
        trail.push_name("extra");
        trail.push_index(0);
        assert_eq!(trail.path(), "auth_ctx.factors_enrolled[2].extra[0]");
        trail.reset(mark);
        assert_eq!(trail.path(), "auth_ctx.factors_enrolled[2]");
        trail.set("card", None);
        trail.push_name(&"x".repeat(500));
        assert_eq!(trail.path().len(), "card.".len() + NAME_SHOWN_MAX);
    }
}
