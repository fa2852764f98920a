//! Text of the input where only one line of plain text fits: a finding, a comment, a lock.
//!
//! Invariant: the result has one line, and no character that a terminal or an editor obeys.

use std::fmt::Display;

/// Whether a terminal or an editor does anything but show the character: the controls C0 and C1, DEL,
/// and the controls of lines and of the direction of text (Unicode Technical Report 36, "Bidirectional
/// Text Spoofing"). The noncharacters are those by which a text of ours says how it is shown.
pub(crate) fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(letter, '\u{fdd0}'..='\u{fdef}')
}

/// The text with its control characters as escape sequences: `\n`, `\u{1b}`.
pub fn one_line(text: impl Display) -> String {
    let mut line = text.to_string();
    if line.contains(is_control) {
        let escaped = |letter: char| match is_control(letter) {
            true => letter.escape_default().to_string(),
            false => letter.to_string(),
        };
        line = line.chars().map(escaped).collect();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let text =
            "J\u{fc}rgen\nRUN id\t\r\0\u{1b}[1m\u{7f}\u{9b}2J\u{202e}\u{2066}\u{2028}\u{fdd0}";
        assert_eq!(
            one_line(text),
            "J\u{fc}rgen\\nRUN id\\t\\r\\u{0}\\u{1b}[1m\\u{7f}\\u{9b}2J\\u{202e}\\u{2066}\\u{2028}\\u{fdd0}"
        );
    }
}
