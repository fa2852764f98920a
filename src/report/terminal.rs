//! The form in which a text may be shown.
//!
//! A text contains names, links and messages of files that anybody may have written, so every control
//! character in it is suspect. The marks of [`super::style`] become control sequences only after all
//! control characters are escaped.
//!
//! Invariant: the result of [`for_terminal`] has no control sequence but those of the marks. The worst
//! that a text can do is to be bold.

use std::fmt::Write as _;

use textwrap::WordSeparator;
use textwrap::core::display_width;

use super::style::{END, HANG, LINK, LINK_END, LINK_TEXT, Style};
use crate::escape::is_control;

/// No text is readable in fewer columns.
const NARROWEST: usize = 40;

/// Gives the URL of a path of the root, where there is one.
pub type LinkOf<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The place where a text is shown. A build log has neither a width nor links.
#[derive(Clone, Copy, Default)]
pub struct Terminal<'a> {
    /// The number of columns; without it no line is wrapped.
    pub width: Option<usize>,
    /// The links of paths; without it there are none.
    pub link: Option<LinkOf<'a>>,
}

/// A text with its marks as control sequences, and with every other control character escaped, except
/// line ends and tabs. Long lines are wrapped between words.
pub fn for_terminal(text: &str, terminal: Terminal) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (content, end) = match line.strip_suffix('\n') {
            Some(content) => (content, "\n"),
            None => (line, ""),
        };
        shown += &wrap(content, terminal);
        shown += end;
    }
    shown
}

/// One line, as several if it is too long.
fn wrap(line: &str, terminal: Terminal) -> String {
    let (start, rest) = line.split_once(HANG).unwrap_or(("", line));
    let (start, rest) = (show(start, terminal), show(rest, terminal));
    let whole = format!("{start}{rest}");
    let Some(width) = terminal.width.map(|width| width.max(NARROWEST)) else { return whole };
    if display_width(&whole) <= width {
        return whole;
    }
    let leading = whole.len() - whole.trim_start_matches(' ').len();
    let column = if start.is_empty() { leading + 2 } else { display_width(&start) };
    break_line(&whole, width, column.min(width / 2))
}

/// Continues a line below `indent`. A word that is longer than a line stays where it is: the terminal
/// breaks it, and then it can still be copied.
fn break_line(line: &str, width: usize, indent: usize) -> String {
    let mut lines = String::with_capacity(line.len());
    let mut column = 0;
    for word in WordSeparator::AsciiSpace.find_words(line) {
        let columns = display_width(&word);
        let does_fit = column + columns <= width;
        if !does_fit && indent + columns <= width && column > indent {
            lines.truncate(lines.trim_end_matches(' ').len());
            lines += "\n";
            lines += &" ".repeat(indent);
            column = indent;
        }
        lines += &word;
        lines += word.whitespace;
        column += columns + word.whitespace.len();
    }
    lines
}

/// A part of a line without line ends.
fn show(text: &str, terminal: Terminal) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut is_open = false;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            END => _ = write!(shown, "{}", anstyle::Reset),
            HANG | LINK_TEXT => {}
            LINK => {
                let path: String = letters.by_ref().take_while(|next| *next != LINK_TEXT).collect();
                let url = terminal.link.and_then(|link| link(&path));
                if let Some(url) = url.filter(|url| !url.contains(is_control)) {
                    shown += &hyperlink(&url);
                    is_open = true;
                }
            }
            LINK_END if is_open => {
                shown += &hyperlink("");
                is_open = false;
            }
            LINK_END => {}
            letter => match Style::of_mark(letter) {
                Some(style) => _ = write!(shown, "{style}"),
                None if is_control(letter) && letter != '\t' => {
                    shown.extend(letter.escape_default())
                }
                None => shown.push(letter),
            },
        }
    }
    if is_open {
        shown += &hyperlink("");
    }
    shown
}

/// The beginning of a link, or its end without a URL (OSC 8).
fn hyperlink(url: &str) -> String {
    format!("\u{1b}]8;;{url}\u{1b}\\")
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
    use crate::report::style::{self, BOLD};

    #[test]
    fn only_marks_are_control_sequences() {
        let name = "a\u{1b}[31mb\r\u{7}\u{9b}2J\u{7f}\u{202e}txt\u{2066}\u{0}";
        let text = format!("{BOLD}{name}{BOLD:#}\tJ\u{fc}rgen\n");
        assert_eq!(
            for_terminal(&text, Terminal::default()),
            "\u{1b}[1ma\\u{1b}[31mb\\r\\u{7}\\u{9b}2J\\u{7f}\\u{202e}txt\\u{2066}\\u{0}\u{1b}[0m\t\
             J\u{fc}rgen\n"
        );
    }

    #[test]
    fn long_lines_go_on_below_their_text() {
        let check = |text: &str, expect: &str| {
            let terminal = Terminal { width: Some(40), ..Terminal::default() };
            let shown = for_terminal(text, terminal);
            assert_eq!(anstream::adapter::strip_str(&shown).to_string(), expect);
        };
        let words = "eight words that need more than one line";
        check(
            &format!("{BOLD}title{BOLD:#}  {HANG}{words}\n"),
            "title  eight words that need more than\n       one line\n",
        );
        check(
            &format!("  help: {words}\nshort\n"),
            "  help: eight words that need more than\n    one line\nshort\n",
        );
        // Neither paths nor names with hyphens are broken.
        let path = "/opt/venv/lib/python3.11/site-packages/a-name-with-hyphens.so";
        check(path, path);
        check(&format!("file {HANG}{path} it is"), &format!("file {path}\n     it is"));
    }

    #[test]
    fn links_lead_to_what_is_there() {
        let link = |path: &str| (path == "/a b").then(|| "file:///a%20b".to_owned());
        let terminal = Terminal { link: Some(&link), ..Terminal::default() };
        let text = |path: &str| format!("{} x", style::link(path, "name"));
        assert_eq!(
            for_terminal(&text("/a b"), terminal),
            "\u{1b}]8;;file:///a%20b\u{1b}\\name\u{1b}]8;;\u{1b}\\ x"
        );
        for path in ["/gone", "/a b\n", "/a b\u{fde2}"] {
            assert_eq!(for_terminal(&text(path), terminal), "name x");
        }
        assert_eq!(for_terminal(&text("/a b"), Terminal::default()), "name x");
        assert_eq!(style::width(&text("/a b")), 6);
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({ "a\u{9b}": "\u{1b}\u{202e}\u{7f}\n\t\u{fc}\u{fdd0}" });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = json_for_terminal(&text);
        assert!(!shown.chars().any(|letter| is_control(letter) && letter != '\n'), "{shown:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
