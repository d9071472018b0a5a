//! Which features: patterns such as `account_*` against the names that a policy can keep.
//!
//! `*` stands for any letters, `?` for one, and `day_one` for the facts that no wallet can do without
//! ([`DAY_ONE`]). A pattern that matches nothing is a fault with the
//! nearest name, so that a misspelt feature never goes missing in silence. The chosen names keep
//! the order of the catalogue, whatever the order of the patterns.

use features::catalog::DAY_ONE;
use features::diagnostic::nearest;

use super::common::Failure;

/// The word for all of [`DAY_ONE`].
const GROUP: &str = "day_one";

/// The names that one of the patterns matches, in their own order; all names without a pattern.
pub(crate) fn choose(patterns: &[String], names: &[&str]) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    for pattern in patterns {
        if names.iter().any(|name| means(pattern, name)) {
            continue;
        }
        let mut fault = format!("no feature matches {pattern:?}");
        if let Some(near) = nearest(pattern, names.iter().copied()) {
            fault.push_str(&format!(" (help: did you mean {near:?}?)"));
        }
        faults.push(fault);
    }
    if !faults.is_empty() {
        faults.push("`gyr features` lists what there is".to_owned());
        return Err(Failure::Usage(faults.join("\n")));
    }
    let is_chosen =
        |name: &&&str| patterns.is_empty() || patterns.iter().any(|pattern| means(pattern, name));
    Ok(names.iter().filter(is_chosen).map(|name| (*name).to_owned()).collect())
}

fn means(pattern: &str, name: &str) -> bool {
    matches(pattern, name) || pattern == GROUP && DAY_ONE.contains(&name)
}

/// Whether a name matches a pattern of letters, `*` and `?`; time is at most pattern times name.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Where to go back to: behind the latest star, with one more letter given to it.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p + 1, n));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == name[n]) {
            p += 1;
            n += 1;
        } else if let Some((after, given)) = star {
            star = Some((after, given + 1));
            p = after;
            n = given + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_like_in_a_shell() {
        for (pattern, name, wanted) in [
            ("account_*", "account_attempt_count_1h", true),
            ("account_*", "card_attempt_count_1h", false),
            ("*_1h", "account_attempt_count_1h", true),
            ("*_1h", "account_attempt_count_1h_x", false),
            ("*count*1?", "card_count_1d", true),
            ("*count*1?", "card_count_1", false),
            ("card", "card", true),
            ("card", "cards", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "aXbXbc", true),
            ("a**c", "ac", true),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} on {name}");
        }
    }

    #[test]
    fn names_keep_their_order_and_nothing_chosen_is_all() {
        let day_one = choose(&[GROUP.to_owned()], &["card_a", DAY_ONE[0]]).unwrap();
        assert_eq!(day_one, [DAY_ONE[0]], "a word for many names");
        let names = ["card_a", "account_b", "card_c"];
        let patterns = |list: &[&str]| list.iter().map(|p| p.to_string()).collect::<Vec<_>>();
        assert_eq!(choose(&[], &names).unwrap(), names);
        assert_eq!(choose(&patterns(&["card_c", "card_*"]), &names).unwrap(), ["card_a", "card_c"]);
    }

    #[test]
    fn a_pattern_without_a_match_is_named_with_its_neighbour() {
        let names = ["card_count_1h", "account_count_1h"];
        let patterns = ["card_cuont_1h".to_owned(), "geo_*".to_owned()];
        let Err(Failure::Usage(text)) = choose(&patterns, &names) else { panic!("no fault") };
        assert!(
            text.contains("\"card_cuont_1h\" (help: did you mean \"card_count_1h\"?)"),
            "{text}"
        );
        assert!(text.contains("no feature matches \"geo_*\""), "{text}");
    }
}
