//! One requirement (PEP 508), read by pep508_rs behind a check.
//!
//! pep508_rs 0.9 panics for a name or an extra that ends in punctuation, and for text outside of
//! ASCII that follows a marker. It recurses for each parenthesis and for each term of a marker. So
//! the text is checked before, and a panic that the check does not foresee is an error as well.
//!
//! Invariant: no text ends the run; no other module parses a requirement.

use std::panic::{UnwindSafe, catch_unwind};

use pep508_rs::Requirement;
use url::Url;

use super::marker::Marker;
use super::name::is_name;

/// The longest requirement that is read, in bytes.
const LONGEST: usize = 8 << 10;
/// The deepest parentheses that are read.
const DEEPEST: usize = 32;
/// The most comparisons of a marker with both `and` and `or`. pep508_rs keeps a marker as a decision
/// diagram, whose size can double with every second comparison.
const MOST_MIXED: usize = 16;
/// The most comparisons of a marker with `and` alone or `or` alone, for which it grows with their square.
const MOST_COMPARISONS: usize = 64;

/// Reads one requirement with its marker; the error says in one line why the text is none.
pub(super) fn read_requirement(text: &str) -> Result<Requirement<Url>, String> {
    let text = text.trim();
    check_marker(check(text)?)?;
    contain(|| text.parse::<Requirement<Url>>().map_err(|error| error.message.to_string()))
}

/// The same for the metadata of a distribution, which may have markers of any length: the marker is read
/// apart from the rest. That of a URL is short.
pub(super) fn read_with_marker(text: &str) -> Result<(Requirement<Url>, Marker), String> {
    let text = text.trim();
    check(text)?;
    match text.split_once(';').filter(|(rest, _)| !rest.contains('@')) {
        Some((rest, marker)) => Ok((read_requirement(rest)?, contain(|| Marker::parse(marker))?)),
        None => {
            let requirement = read_requirement(text)?;
            let marker = Marker::Is(requirement.marker.clone());
            Ok((requirement, marker))
        }
    }
}

/// The name with which the text of a requirement begins, as written; empty if it is none.
pub fn required_name(text: &str) -> &str {
    split_name(text.trim()).0
}

/// The characters of a name, and the rest.
fn split_name(text: &str) -> (&str, &str) {
    split_while(text, |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Makes an error of a panic, and keeps the first line of an error.
fn contain<T>(read: impl FnOnce() -> Result<T, String> + UnwindSafe) -> Result<T, String> {
    let read = catch_unwind(read).unwrap_or_else(|_| Err("it cannot be parsed".to_owned()));
    read.map_err(|why| why.lines().next().unwrap_or_default().to_owned())
}

/// Checks everything that pep508_rs takes for granted, and returns the text from the versions on.
fn check(text: &str) -> Result<&str, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let (name, rest) = split_name(text);
    if !is_name(name) {
        return Err("it does not begin with the name of a distribution".to_owned());
    }
    let rest = check_extras(rest.trim_start())?;
    // Only a URL may contain other characters than ASCII. A marker follows it after a blank.
    let rest = match rest.trim_start().strip_prefix('@') {
        Some(url) => url.find(" ;").map_or("", |end| &url[end..]),
        None => rest,
    };
    if !rest.is_ascii() {
        return Err("its versions and its marker are not ASCII".to_owned());
    }
    check_depth(rest)?;
    Ok(rest)
}

/// Counts the comparisons of a marker. Words in quotes count too: the bounds are far above markers in use.
fn check_marker(text: &str) -> Result<(), String> {
    let marker = text.split_once(';').map_or("", |(_, marker)| marker);
    let is_part = |one: char| one.is_ascii_alphanumeric() || "_-.".contains(one);
    let count =
        |wanted: &str| marker.split(|one| !is_part(one)).filter(|word| *word == wanted).count();
    let (and, or) = (count("and"), count("or"));
    let most = if and == 0 || or == 0 { MOST_COMPARISONS } else { MOST_MIXED };
    if and + or < most {
        Ok(())
    } else {
        Err(format!("its marker has more than {most} comparisons"))
    }
}

/// Checks the names in `[a, b]`, and returns the text after them.
fn check_extras(text: &str) -> Result<&str, String> {
    let Some(list) = text.strip_prefix('[') else { return Ok(text) };
    let (extras, rest) = list.split_once(']').ok_or("the list of extras has no end")?;
    let wrong = extras.split(',').map(str::trim).find(|extra| !is_name(extra));
    match wrong {
        Some(extra) if !extras.trim().is_empty() => Err(format!("{extra:?} is not an extra")),
        _ => Ok(rest),
    }
}

fn check_depth(text: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("it has more than {DEEPEST} nested parentheses"));
        }
    }
    Ok(())
}

fn split_while(text: &str, wanted: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !wanted(byte)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str, expect: &str) {
        let read = read_requirement(text).map_or_else(|why| why, |read| read.to_string());
        assert_eq!(read, expect, "{text}");
    }

    #[test]
    fn requirements_are_read() {
        check_text(" a ", "a");
        check_text("A_b[x, Y_z]>=1,<2", "a-b[x,y-z]>=1,<2");
        check_text("a[]", "a");
        check_text("a (>=1) ; os_name == 'posix'", "a>=1 ; os_name == 'posix'");
        check_text("a@https://h/\u{e9}.whl", "a @ https://h/%C3%A9.whl");
        check_text(
            "a @ https://h/\u{e9}.whl ; python_version < '3'",
            "a @ https://h/%C3%A9.whl ; python_full_version < '3'",
        );
    }

    #[test]
    fn text_that_pep508_rs_cannot_take_is_refused() {
        let name = "it does not begin with the name of a distribution";
        for text in ["", "a->=1", "a- ;x", "a.>1", "a_@x", "-", "\u{e9}", "a.@ https://h/a"] {
            check_text(text, name);
        }
        let ascii = "its versions and its marker are not ASCII";
        check_text("a; python_version<'3' \u{e9}", ascii);
        check_text("a @ https://h/a ; python_version<'3' \u{e9}", ascii);
        check_text("a>=\u{661}", ascii);
        check_text("a[x-]", "\"x-\" is not an extra");
        check_text("a[x", "the list of extras has no end");
        let nested = format!("a; {}os_name=='x'", "(".repeat(4000));
        check_text(&nested, "it has more than 32 nested parentheses");
        check_text(&format!("a; {}", "(".repeat(100_000)), "it is longer than 8192 bytes");
    }

    #[test]
    fn markers_with_many_comparisons_are_refused() {
        let extras = |number: usize, join: &str| {
            (0..number).map(|one| format!("extra=='e{one}'")).collect::<Vec<_>>().join(join)
        };
        let mixed = format!("a; ({}) or os_name=='x'", extras(16, " and "));
        check_text(&mixed, "its marker has more than 16 comparisons");
        check_text(
            &format!("a; {}", extras(65, " or ")),
            "its marker has more than 64 comparisons",
        );
        assert!(read_requirement(&format!("a; {}", extras(64, " or "))).is_ok());
        for text in [mixed, format!("a[b]>=1; {}", extras(400, " or "))] {
            assert!(read_with_marker(&text).is_ok(), "{text}");
        }
    }

    /// Each part of a requirement in each place, with characters of one to four bytes.
    #[test]
    fn no_combination_panics() {
        let parts = [
            "a", "-", "[", "]", "@", "(", ")", ";", ">=", "1", " ", "\u{e9}", "\u{3000}", "'",
            "os_name", "x:", "#", ",", "*", "and",
        ];
        for first in parts {
            for second in parts {
                for third in parts {
                    for start in ["a", "a[x", "a;os_name=='x'", "a@x:y", "a>=1"] {
                        let _ = read_requirement(&format!("{start}{first}{second}{third}"));
                    }
                }
            }
        }
    }
}
