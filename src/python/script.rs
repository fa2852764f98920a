//! How an installed script finds its interpreter, and the header that replaces it.
//!
//! The kernel takes `#!path` only when path is short and without blanks (execve(2)), so installers
//! have a second form: a file that is shell for two lines and a Python string literal at the same
//! time. pip (distlib), uv and rattler write it, each with its own quotes.
//!
//! Invariant: `header` is within the bytes given, and what follows it is the script's own body.

/// `#!`, the path and the newline must fit: the buffer of Linux before 5.1 (`BINPRM_BUF_SIZE`).
const LONGEST_SHEBANG: usize = 127;
const EXEC: &str = "'''exec' ";
const CLOSING: &str = "' '''";

/// The first lines of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shebang {
    /// `#!interpreter arguments`.
    Plain { interpreter: String, arguments: String },
    /// `#!/bin/sh`, then `'''exec' interpreter "$0" "$@"`.
    Wrapper { interpreter: String },
    /// As a wrapper, with `name` beside the script itself.
    Relocatable { name: String },
}

/// A script's shebang and where its body begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub shebang: Shebang,
    /// Bytes to cut to leave the body alone.
    pub header: usize,
}

/// Reads the first bytes of a file; `None` when it does not begin with `#!`.
pub fn parse_script(start: &[u8]) -> Option<Script> {
    let first = line_at(start, 0);
    let text = String::from_utf8_lossy(first.strip_prefix(b"#!")?).trim().to_owned();
    let (interpreter, arguments) = text.split_once([' ', '\t']).unwrap_or((&text, ""));
    if interpreter.rsplit('/').next() == Some("sh")
        && arguments.is_empty()
        && let Some(script) = parse_wrapper(start, first.len())
    {
        return Some(script);
    }
    let shebang = Shebang::Plain { interpreter: interpreter.to_owned(), arguments: arguments.trim().to_owned() };
    Some(Script { shebang, header: first.len() })
}

/// The line that begins at `offset`, its newline included.
fn line_at(bytes: &[u8], offset: usize) -> &[u8] {
    let rest = bytes.get(offset..).unwrap_or_default();
    let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
    &rest[..end]
}

fn parse_wrapper(start: &[u8], offset: usize) -> Option<Script> {
    let second = line_at(start, offset);
    let mut header = offset + second.len();
    let text = String::from_utf8_lossy(second);
    let command = text.trim_end().strip_prefix(EXEC)?;
    // rattler closes the Python string on this line, behind a shell comment.
    if !command.ends_with("#'''") {
        let third = line_at(start, header);
        if third.trim_ascii_end() != CLOSING.as_bytes() {
            return None;
        }
        header += third.len();
    }
    if command.starts_with("\"$(dirname ") {
        let word = command.split_once(" \"$0\" \"$@\"").map_or(command, |(word, _)| word);
        let name = word.rsplit('/').next().unwrap_or_default().trim_matches(['\'', '"']);
        let plain = !name.is_empty() && !name.contains(['$', '(', ')', ' ', '\'', '"']);
        return plain.then(|| Script { shebang: Shebang::Relocatable { name: name.to_owned() }, header });
    }
    let interpreter = first_word(command)?;
    Some(Script { shebang: Shebang::Wrapper { interpreter }, header })
}

/// The first word of a shell command, in any of the quotes installers use.
fn first_word(command: &str) -> Option<String> {
    let word = if let Some(rest) = command.strip_prefix('"') {
        rest.split_once('"')?.0.to_owned()
    } else if let Some(rest) = command.strip_prefix('\'') {
        // uv writes a quote inside quotes as '"'"'.
        rest.replace("'\"'\"'", "\0").split_once('\'')?.0.replace('\0', "'")
    } else {
        command.split_whitespace().next()?.to_owned()
    };
    (!word.is_empty()).then_some(word)
}

/// A header that runs `python` from the script's own directory, wherever that is. It needs
/// `/bin/sh`, `dirname` and `realpath` in the final image.
pub fn relocatable_header(python: &str) -> String {
    format!("#!/bin/sh\n{EXEC}\"$(dirname -- \"$(realpath -- \"$0\")\")\"/{} \"$0\" \"$@\"\n{CLOSING}\n", quoted(python))
}

/// A header that runs `python` at its absolute path: plain where the kernel takes it.
pub fn absolute_header(python: &str) -> String {
    let plain = format!("#!{python}\n");
    if plain.len() <= LONGEST_SHEBANG && !python.contains(char::is_whitespace) {
        return plain;
    }
    format!("#!/bin/sh\n{EXEC}{} \"$0\" \"$@\"\n{CLOSING}\n", quoted(python))
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse_script(text.as_bytes()) {
            None => "none".to_owned(),
            Some(Script { shebang, header }) => {
                let body = &text[header..];
                match shebang {
                    Shebang::Plain { interpreter, arguments } => format!("plain {interpreter}|{arguments}|{body}"),
                    Shebang::Wrapper { interpreter } => format!("wrapper {interpreter}|{body}"),
                    Shebang::Relocatable { name } => format!("relocatable {name}|{body}"),
                }
            }
        }
    }

    #[test]
    fn forms_of_installers() {
        for (text, expect) in [
            ("", "none"),
            ("import x\n", "none"),
            ("#!", "plain ||"),
            ("#!/v/bin/python\nx", "plain /v/bin/python||x"),
            ("#!/v/bin/python3.11 -sE \r\nx", "plain /v/bin/python3.11|-sE|x"),
            ("#! /usr/bin/env python3\nx", "plain /usr/bin/env|python3|x"),
            ("#!/v/bin/python", "plain /v/bin/python||"),
            ("#!/bin/sh\n'''exec' /v/python \"$0\" \"$@\"\n' '''\nx", "wrapper /v/python|x"),
            ("#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\nx", "wrapper /a b/python|x"),
            ("#!/bin/sh\n'''exec' '/a b/python' \"$0\" \"$@\"\n' '''\nx", "wrapper /a b/python|x"),
            ("#!/bin/sh\n'''exec' '/a'\"'\"'b/python' \"$0\" \"$@\"\n' '''\nx", "wrapper /a'b/python|x"),
            ("#!/bin/sh\n'''exec' \"/c/python\" \"$0\" \"$@\" #'''\nx", "wrapper /c/python|x"),
            ("#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n' '''\nx", "relocatable python|x"),
            ("#!/bin/sh\necho\n", "plain /bin/sh||echo\n"),
            ("#!/bin/sh\n'''exec' /v/python \"$0\"", "plain /bin/sh||'''exec' /v/python \"$0\""),
        ] {
            assert_eq!(shown(text), expect, "{text}");
        }
    }

    #[test]
    fn headers_are_read_back() {
        assert_eq!(absolute_header("/v/bin/python"), "#!/v/bin/python\n");
        assert_eq!(shown(&absolute_header("/a b/it's/python")), "wrapper /a b/it's/python|");
        let fits = format!("/{}", "x".repeat(LONGEST_SHEBANG - 4));
        assert_eq!(shown(&absolute_header(&fits)), format!("plain {fits}||"));
        let long = format!("{fits}x");
        assert_eq!(shown(&absolute_header(&long)), format!("wrapper {long}|"));
        let header = relocatable_header("python");
        assert_eq!(header, "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n' '''\n");
        assert_eq!(shown(&header), "relocatable python|");
    }

    #[test]
    fn no_truncation_panics() {
        let text = relocatable_header("p\u{e9}");
        for end in 0..=text.len() {
            let part = &text.as_bytes()[..end];
            assert!(parse_script(part).is_none_or(|script| script.header <= end));
        }
    }
}
