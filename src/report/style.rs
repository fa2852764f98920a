//! The marks in a text: styles, links, and the column below which a long line goes on.
//!
//! A mark is a noncharacter, which Unicode keeps for internal use. [`crate::escape::one_line`] escapes
//! those of the input.
//!
//! Invariant: a mark has no width, and a text without its marks is complete.

use std::fmt::{self, Display, Write as _};

use anstyle::AnsiColor;

use crate::escape::is_control;

/// A style: `{BOLD}text{BOLD:#}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style(char);

/// A title, or a name that is asked about.
pub const BOLD: Style = Style('\u{fdd0}');
/// An error, and a deny-level finding.
pub const RED: Style = Style('\u{fdd1}');
/// A warning.
pub const YELLOW: Style = Style('\u{fdd2}');
/// A note.
pub const CYAN: Style = Style('\u{fdd3}');
/// Something that a difference adds.
pub const ADDED: Style = Style('\u{fdd4}');
/// Something that a difference removes.
pub const REMOVED: Style = Style('\u{fdd5}');
/// Something that a difference changes.
pub const CHANGED: Style = Style('\u{fdd6}');
/// A detail beside something more important.
pub const DIM: Style = Style('\u{fdd7}');
/// The end of a style.
pub(super) const END: char = '\u{fddf}';

/// The column where the continuation of a wrapped line begins.
pub(super) const HANG: char = '\u{fde0}';
/// A link begins with its path, which [`LINK_TEXT`] ends.
pub(super) const LINK: char = '\u{fde1}';
/// The text of a link begins.
pub(super) const LINK_TEXT: char = '\u{fde2}';
/// The text of a link ends.
pub(super) const LINK_END: char = '\u{fde3}';

impl Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char(if f.alternate() { END } else { self.0 })
    }
}

impl Style {
    /// The style of a mark; `None` for any other character.
    pub(super) fn of_mark(letter: char) -> Option<anstyle::Style> {
        let bold = anstyle::Style::new().bold();
        let colour = |colour: AnsiColor| Some(bold.fg_color(Some(colour.into())));
        match Style(letter) {
            BOLD => Some(bold),
            RED => colour(AnsiColor::Red),
            YELLOW => colour(AnsiColor::Yellow),
            CYAN => colour(AnsiColor::Cyan),
            ADDED => Some(AnsiColor::Green.on_default()),
            REMOVED => Some(AnsiColor::Red.on_default()),
            CHANGED => Some(AnsiColor::Yellow.on_default()),
            DIM => Some(anstyle::Style::new().dimmed()),
            _ => None,
        }
    }
}

/// A text that leads to a path of the root, on a terminal that can follow it.
pub(super) fn link(path: impl Display, shown: impl Display) -> String {
    let path = path.to_string();
    // A path with a line end would end the line.
    match path.contains(is_control) {
        true => shown.to_string(),
        false => format!("{LINK}{path}{LINK_TEXT}{shown}{LINK_END}"),
    }
}

/// The columns that a text with marks takes.
pub(super) fn width(text: &str) -> usize {
    let mut in_path = false;
    let is_shown = |letter: &char| {
        in_path = *letter == LINK || in_path && *letter != LINK_TEXT;
        !in_path && !is_control(*letter)
    };
    textwrap::core::display_width(&text.chars().filter(is_shown).collect::<String>())
}
