//! The names by which Python source opens libraries.
//!
//! A name counts if it can reach a function that opens libraries: as its argument, through variables,
//! lists, loops, parameters and results of functions of the same file. The order of statements and
//! conditions do not matter: a name for another system is not found in the builder.
//!
//! Invariant: no file is imported or run; source that is broken gives the names in the rest of it.

mod flow;
mod tree;

use std::collections::BTreeSet;

/// The functions that open libraries.
const OPENERS: [(&str, Opener); 6] = [
    ("find_library", Opener::FindLibrary),
    ("CDLL", Opener::Dlopen),
    ("PyDLL", Opener::Dlopen),
    ("LoadLibrary", Opener::Dlopen),
    ("cdll", Opener::Dlopen),
    ("dlopen", Opener::Cffi),
];

/// How a name is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opener {
    /// `ctypes.util.find_library`: a name without `lib` and suffix.
    FindLibrary,
    /// `ctypes.CDLL` and its relatives: `dlopen(3)`.
    Dlopen,
    /// `ffi.dlopen` of cffi: `dlopen(3)` for a name with a dot, and `find_library`.
    Cffi,
}

/// A name that source opens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The literal.
    pub text: String,
    /// How it is looked for.
    pub opener: Opener,
}

/// The words that a file has one of if it opens libraries.
pub fn opener_words() -> impl Iterator<Item = &'static str> {
    OPENERS.iter().map(|(word, _)| *word)
}

/// The names of libraries that a Python file opens, from its syntax tree.
pub fn names_in_source(source: &[u8]) -> BTreeSet<Name> {
    let text = std::str::from_utf8(source).ok();
    let tree = text.and_then(|text| Some((text, tree::parse(text)?)));
    tree.map(|(text, tree)| flow::names(text, tree.root_node())).unwrap_or_default()
}

#[cfg(test)]
mod tests;
