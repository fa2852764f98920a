//! The way an installed script finds its interpreter.
//!
//! The kernel accepts `#!path` only if the path is short and has no blanks (execve(2)). Installers
//! therefore have a second form: a header that is shell for two lines and a Python string literal
//! at the same time. pip (distlib), uv and rattler write it, each with its own quotes.
//!
//! Invariant: `header` is within the given bytes, and the script's own body follows it.

use super::header::{BESIDE, HIDDEN_EXEC};

const EXEC: &str = "'''exec' ";
const CLOSING: &str = "' '''";
/// The directory of the script itself, with links followed, in the form of uv.
const BESIDE_OF_UV: &str = "\"$(dirname -- \"$(realpath -- \"$0\")\")\"/";

/// The form of the first lines of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shebang {
    /// `#!interpreter arguments`.
    Plain {
        /// The path as written.
        interpreter: String,
    },
    /// `#!/usr/bin/env name`: the first program with this name on PATH.
    OnPath {
        /// `python3`.
        name: String,
    },
    /// `#!/bin/sh`, then `'''exec' interpreter "$0" "$@"`.
    Wrapper {
        /// The path as written.
        interpreter: String,
    },
    /// A wrapper that runs a program in the directory of the script.
    Relocatable {
        /// The path relative to that directory: `python3`.
        name: String,
    },
}

/// The header of a script: its shebang, and where its body begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// How the interpreter is named.
    pub shebang: Shebang,
    /// The arguments of the interpreter before the script: `-sE`. The kernel passes the rest of a
    /// line as one argument.
    pub arguments: Vec<String>,
    /// The line that names an encoding other than UTF-8. It counts only in the first two lines (PEP
    /// 263).
    pub coding: Option<String>,
    /// The number of bytes before the body.
    pub header: usize,
}

impl Script {
    /// The interpreter: a path, or a name to find on PATH or in the directory of the script.
    pub fn interpreter(&self) -> &str {
        match &self.shebang {
            Shebang::Plain { interpreter } | Shebang::Wrapper { interpreter } => interpreter,
            Shebang::OnPath { name } | Shebang::Relocatable { name } => name,
        }
    }
}

/// Reads the first bytes of a file; `None` if they do not begin with `#!`.
pub fn parse_script(start: &[u8]) -> Option<Script> {
    let script = parse_shebang(start)?;
    let next = line_at(start, script.header);
    let text = String::from_utf8_lossy(next);
    let other = text.starts_with('#')
        && (text.contains("coding:") || text.contains("coding="))
        && !text.to_lowercase().contains("utf");
    // A line that does not end within these bytes does not count.
    if script.coding.is_none() && other && text.ends_with('\n') {
        return Some(Script {
            coding: Some(text.into_owned()),
            header: script.header + next.len(),
            ..script
        });
    }
    Some(script)
}

fn parse_shebang(start: &[u8]) -> Option<Script> {
    let first = line_at(start, 0);
    let text = String::from_utf8_lossy(first.strip_prefix(b"#!")?).trim().to_owned();
    let (interpreter, rest) = text
        .split_once([' ', '\t'])
        .map_or((text.as_str(), ""), |(interpreter, rest)| (interpreter, rest.trim()));
    let program = interpreter.rsplit('/').next();
    if program == Some("sh")
        && rest.is_empty()
        && let Some(script) = parse_wrapper(start, first.len())
    {
        return Some(script);
    }
    if program == Some("env") {
        // Without -S (coreutils 8.30) the whole rest is one name.
        let split = rest
            .strip_prefix("-S")
            .or_else(|| rest.strip_prefix("--split-string"))
            .map(|rest| rest.trim_start_matches('='));
        let mut words = split.unwrap_or(rest).split_whitespace().map(str::to_owned);
        let name = words.next().unwrap_or_default();
        return Some(Script {
            shebang: Shebang::OnPath { name },
            arguments: words.collect(),
            coding: None,
            header: first.len(),
        });
    }
    let arguments = Some(rest.to_owned()).filter(|rest| !rest.is_empty()).into_iter().collect();
    Some(Script {
        shebang: Shebang::Plain { interpreter: interpreter.to_owned() },
        arguments,
        coding: None,
        header: first.len(),
    })
}

/// The line that begins at `offset`, with its newline.
fn line_at(bytes: &[u8], offset: usize) -> &[u8] {
    let rest = bytes.get(offset..).unwrap_or_default();
    let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
    &rest[..end]
}

fn parse_wrapper(start: &[u8], offset: usize) -> Option<Script> {
    let second = line_at(start, offset);
    let third = line_at(start, offset + second.len());
    if third.starts_with(HIDDEN_EXEC.as_bytes()) && second.starts_with(b"#") {
        let script = parse_wrapper(start, offset + second.len())?;
        return Some(Script {
            coding: Some(String::from_utf8_lossy(second).into_owned()),
            ..script
        });
    }
    let mut header = offset + second.len();
    let text = String::from_utf8_lossy(second);
    let hidden = text.trim_end().strip_prefix(HIDDEN_EXEC);
    let command = hidden.or_else(|| text.trim_end().strip_prefix(EXEC))?;
    // rattler closes the Python string on this line, behind a shell comment.
    if hidden.is_none() && !command.ends_with("#'''") {
        if third.trim_ascii_end() != CLOSING.as_bytes() {
            return None;
        }
        header += third.len();
    }
    let (command, _) = command.split_once(" \"$0\" \"$@\"")?;
    let beside = [BESIDE, BESIDE_OF_UV].iter().find_map(|beside| command.strip_prefix(beside));
    let (interpreter, mut rest) = first_word(beside.unwrap_or(command))?;
    let shebang = if beside.is_some() {
        Shebang::Relocatable { name: interpreter }
    } else {
        Shebang::Wrapper { interpreter }
    };
    let mut arguments = Vec::new();
    while let Some((argument, after)) = first_word(rest.trim_start()) {
        arguments.push(argument);
        rest = after;
    }
    Some(Script { shebang, arguments, coding: None, header })
}

/// The first word of a shell command, in any of the quotes that installers use, and the rest.
fn first_word(command: &str) -> Option<(String, &str)> {
    let (word, rest) = if let Some(rest) = command.strip_prefix('"') {
        let (word, rest) = rest.split_once('"')?;
        (word.to_owned(), rest)
    } else if let Some(mut rest) = command.strip_prefix('\'') {
        let mut word = String::new();
        loop {
            let (part, after) = rest.split_once('\'')?;
            word.push_str(part);
            // A quote inside quotes.
            let Some(more) = after.strip_prefix("\"'\"'") else { break (word, after) };
            word.push('\'');
            rest = more;
        }
    } else {
        let end = command.find(char::is_whitespace).unwrap_or(command.len());
        (command[..end].to_owned(), &command[end..])
    };
    (!word.is_empty()).then_some((word, rest))
}

#[cfg(test)]
mod tests {
    use super::super::header::{absolute_header, relocatable_header};
    use super::*;

    fn shown(text: &str) -> String {
        let Some(script) = parse_script(text.as_bytes()) else { return "none".to_owned() };
        let kind = match &script.shebang {
            Shebang::Plain { .. } => "plain",
            Shebang::OnPath { .. } => "on path",
            Shebang::Wrapper { .. } => "wrapper",
            Shebang::Relocatable { .. } => "relocatable",
        };
        format!(
            "{kind} {}|{}|{}",
            script.interpreter(),
            script.arguments.join("|"),
            &text[script.header..]
        )
    }

    #[test]
    fn forms_of_installers() {
        for (text, expect) in [
            ("", "none"),
            ("import x\n", "none"),
            ("#!", "plain ||"),
            ("#!/v/bin/python\nx", "plain /v/bin/python||x"),
            ("#!python\nx", "plain python||x"),
            ("#!/v/bin/python3.11 -sE \r\nx", "plain /v/bin/python3.11|-sE|x"),
            ("#!/v/bin/python -W ignore\nx", "plain /v/bin/python|-W ignore|x"),
            ("#! /usr/bin/env python3\nx", "on path python3||x"),
            ("#!/usr/bin/env -S python3 -u -B\nx", "on path python3|-u|-B|x"),
            ("#!/usr/bin/env", "on path ||"),
            ("#!/v/bin/python", "plain /v/bin/python||"),
            ("#!/bin/sh\n'''exec' /v/python \"$0\" \"$@\"\n' '''\nx", "wrapper /v/python||x"),
            (
                "#!/bin/sh\n'''exec' /v/python -sE \"$0\" \"$@\"\n' '''\nx",
                "wrapper /v/python|-sE|x",
            ),
            (
                "#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\nx",
                "wrapper /a b/python||x",
            ),
            ("#!/bin/sh\n'''exec' '/a b/python' \"$0\" \"$@\"\n' '''\nx", "wrapper /a b/python||x"),
            (
                "#!/bin/sh\n'''exec' '/a'\"'\"'b/python' \"$0\" \"$@\"\n' '''\nx",
                "wrapper /a'b/python||x",
            ),
            ("#!/bin/sh\n'''exec' \"/c/python\" \"$0\" \"$@\" #'''\nx", "wrapper /c/python||x"),
            (
                "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n' '''\nx",
                "relocatable python||x",
            ),
            ("#!/bin/sh\necho\n", "plain /bin/sh||echo\n"),
            ("#!/bin/sh\n'''exec' /v/python \"$0\"", "plain /bin/sh||'''exec' /v/python \"$0\""),
        ] {
            assert_eq!(shown(text), expect, "{text}");
        }
    }

    #[test]
    fn another_encoding_stays_in_the_first_two_lines() {
        let latin = "# -*- coding: latin-1 -*-\n";
        for (text, expect) in [
            (format!("#!/v/bin/python\n{latin}x"), Some(latin)),
            (format!("#!/bin/sh\n'''exec' /v/python \"$0\" \"$@\"\n' '''\n{latin}x"), Some(latin)),
            (relocatable_header("python", &[], latin) + "x", Some(latin)),
            (absolute_header("/v/bin/python", &[], latin) + "x", Some(latin)),
            ("#!/v/bin/python\n# -*- coding: utf-8 -*-\nx".to_owned(), None),
            ("#!/v/bin/python\n# no encoding\nx".to_owned(), None),
        ] {
            let script = parse_script(text.as_bytes()).unwrap();
            assert_eq!(script.coding.as_deref(), expect, "{text}");
            assert!(text[script.header..].starts_with('x') || expect.is_none(), "{text}");
        }
    }

    #[test]
    fn no_truncation_panics() {
        let text = relocatable_header("p\u{e9}", &["-sE".to_owned()], "# coding: latin-1\n");
        for end in 0..=text.len() {
            let part = &text.as_bytes()[..end];
            assert!(parse_script(part).is_none_or(|script| script.header <= end));
        }
    }
}
