//! The definitions of a file by their names. A large library has hundreds of thousands, so the names stay in the
//! table of strings of the file.
//!
//! Invariant: names that are equal are found in one step, however many there are.

use std::hash::BuildHasher as _;
use std::ops::Range;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

/// One symbol that other files can bind to.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    name: Range<usize>,
    /// The index of the version; 0 and 1 mean no version.
    pub(super) index: u16,
    /// Whether only references that name the version bind to it.
    pub(super) hidden: bool,
    /// The definition of the same name before this one.
    before: Option<usize>,
}

/// The definitions of one file.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    /// The text of all names, which is complete when the last definition was added.
    pub(super) strings: Vec<u8>,
    all: Vec<Definition>,
    /// The last definition of each name.
    last: HashTable<usize>,
}

impl Definitions {
    /// Adds a definition whose name is at a place in `strings`. A name that is not UTF-8 is added there as text.
    pub(super) fn add(
        &mut self,
        mut name: Range<usize>,
        strings: &mut Vec<u8>,
        index: u16,
        hidden: bool,
    ) {
        if std::str::from_utf8(&strings[name.clone()]).is_err() {
            let text = String::from_utf8_lossy(&strings[name]).into_owned();
            name = strings.len()..strings.len() + text.len();
            strings.extend(text.into_bytes());
        }
        let (all, number) = (&self.all, self.all.len());
        let of = |other: &usize| &strings[all[*other].name.clone()];
        let own = &strings[name.clone()];
        let before =
            match self.last.entry(hash(own), |other| of(other) == own, |other| hash(of(other))) {
                Entry::Occupied(mut last) => Some(std::mem::replace(last.get_mut(), number)),
                Entry::Vacant(none) => {
                    none.insert(number);
                    None
                }
            };
        self.all.push(Definition { name, index, hidden, before });
    }

    /// The definitions of a name.
    pub(super) fn of(&self, name: &str) -> impl Iterator<Item = &Definition> {
        let same = |number: &usize| self.name(*number) == name.as_bytes();
        let last = self.last.find(hash(name.as_bytes()), same).copied();
        let numbers = std::iter::successors(last, |number| self.all[*number].before);
        numbers.map(|number| &self.all[number])
    }

    /// Every name once, in no particular order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let text = |number: &usize| std::str::from_utf8(self.name(*number));
        self.last.iter().map(move |number| text(number).expect("names are added as text"))
    }

    fn name(&self, number: usize) -> &[u8] {
        &self.strings[self.all[number].name.clone()]
    }
}

fn hash(name: &[u8]) -> u64 {
    FxBuildHasher.hash_one(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_with_all_their_definitions() {
        let mut strings = b"f\0g\0\xff\0".to_vec();
        let mut definitions = Definitions::default();
        for (place, index) in [(0..1, 1), (2..3, 2), (0..1, 3), (4..5, 4), (4..5, 5)] {
            definitions.add(place, &mut strings, index, false);
        }
        definitions.strings = strings;
        let of = |name: &str| definitions.of(name).map(|one| one.index).collect::<Vec<_>>();
        assert_eq!(
            (of("f"), of("g"), of("\u{fffd}"), of("h")),
            (vec![3, 1], vec![2], vec![5, 4], vec![])
        );
        let mut names: Vec<&str> = definitions.names().collect();
        names.sort_unstable();
        assert_eq!(names, ["f", "g", "\u{fffd}"]);
    }
}
