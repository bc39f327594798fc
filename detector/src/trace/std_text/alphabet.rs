//! Names that RAPID can tell apart.

use super::line::is_argument;
use std::collections::HashSet;

/// The names of one kind that have been given out: no two things get the same.
#[derive(Default)]
pub(super) struct Alphabet {
    taken: HashSet<Box<str>>,
}

impl Alphabet {
    /// Gives out `wish` as it is, unless it is taken.
    pub(super) fn take(&mut self, wish: &str) -> Option<Box<str>> {
        self.taken.insert(wish.into()).then(|| wish.into())
    }

    /// Gives out a name like `wish` that can be an argument. Where that is taken, `mark` makes
    /// the difference.
    pub(super) fn take_like(&mut self, wish: &str, mark: &str) -> Box<str> {
        let blank = |c: char| c == '|' || c.is_whitespace();
        let mut name = wish.replace(blank, "_");
        if !is_argument(&name) {
            mark.clone_into(&mut name);
        } else if self.taken.contains(&*name) {
            name = format!("{name}@{mark}");
        }
        loop {
            if let Some(name) = self.take(&name) {
                return name;
            }
            name.push('\'');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_given_out_twice() {
        let mut names = Alphabet::default();
        assert_eq!(names.take("a b").as_deref(), Some("a b"));
        assert_eq!(names.take("a b"), None);
        assert_eq!(&*names.take_like("a b", "1"), "a_b");
        assert_eq!(&*names.take_like("a|b", "2"), "a_b@2");
        assert_eq!(&*names.take_like("a_b@2", "2"), "a_b@2@2");
        assert_eq!(&*names.take_like("", "3"), "3");
        assert_eq!(&*names.take_like("", "3"), "3'");
    }
}
