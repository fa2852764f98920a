//! Styles of texts, and the form in which a text may be shown.
//!
//! A text contains names, links and messages of files that anybody may have written, so every control
//! character in it is suspect. A style is written as a noncharacter, which Unicode keeps for internal
//! use, and becomes a control sequence only after all control characters are escaped.
//!
//! Invariant: the result of [`for_terminal`] has no control sequence but those of [`Style`]. The worst
//! that a text can do is to be bold.

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
const END: char = '\u{fdd7}';

impl Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char(if f.alternate() { END } else { self.0 })
    }
}

/// The control sequence of a style; `None` for any other character.
fn sequence(letter: char) -> Option<anstyle::Style> {
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
        _ => None,
    }
}

/// A text with its styles as control sequences, and with every other control character escaped, except
/// line ends and tabs.
pub fn for_terminal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match sequence(letter) {
            Some(style) => _ = write!(shown, "{style}"),
            None if letter == END => _ = write!(shown, "{}", anstyle::Reset),
            None if is_control(letter) && !matches!(letter, '\n' | '\t') => {
                shown.extend(letter.escape_default());
            }
            None => shown.push(letter),
        }
    }
    shown
}

/// JSON whose strings have no control character that JSON itself leaves as it is. Outside of strings
/// there is none.
pub fn json_for_terminal(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_control(letter) && letter != '\n' {
            let _ = write!(shown, "\\u{:04x}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_styles_are_control_sequences() {
        let name = "a\u{1b}[31mb\r\u{7}\u{9b}2J\u{7f}\u{202e}txt\u{2066}\u{0}";
        let text = format!("{BOLD}{name}{BOLD:#}\tJ\u{fc}rgen\n");
        assert_eq!(
            for_terminal(&text),
            "\u{1b}[1ma\\u{1b}[31mb\\r\\u{7}\\u{9b}2J\\u{7f}\\u{202e}txt\\u{2066}\\u{0}\u{1b}[0m\t\
             J\u{fc}rgen\n"
        );
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({ "a\u{9b}": "\u{1b}\u{202e}\u{7f}\n\t\u{fc}" });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = json_for_terminal(&text);
        assert!(!shown.chars().any(|letter| is_control(letter) && letter != '\n'), "{shown:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
