//! The header of a script that finds its interpreter: a `#!` line, or a command of the shell.
//!
//! The string literal of other installers replaces the script's own docstring, which programs print
//! as help and after which `from __future__` must stand. The header written here is therefore a
//! comment to Python and a command to the shell: a form feed at the start of a line is white space
//! to Python (language reference, 2.1.8). To the shell it is a letter, so the `#` after it does not
//! begin a comment.
//!
//! Invariant: a header works with any PATH, from any directory and in any POSIX shell; only a script
//! that is started through a link runs another program, `readlink`.

/// `#!`, the path and the newline must fit: the buffer of Linux before 5.1 (`BINPRM_BUF_SIZE`).
const LONGEST_SHEBANG: usize = 127;
/// A command that does not exist, with its error hidden, and then the real command.
pub(super) const HIDDEN_EXEC: &str = "\x0c# 2>/dev/null; exec ";
/// The directory of the script itself, with links followed. A leading `./` keeps names such as `-x`
/// from being options, and `cd` from searching `CDPATH`.
pub(super) const BESIDE: &str = concat!(
    r#""$(case $0 in (/*) f=$0;; (*) f=./$0;; esac; while [ -L "$f" ]; do "#,
    r#"l=$(PATH=/usr/bin:/bin readlink "$f"); case $l in (/*) f=$l;; (*) f=${f%/*}/$l;; esac; "#,
    r#"done; cd -P "${f%/*}/" && pwd -P)"/"#
);

/// A header that runs `python` from the directory of the script, wherever that is. It needs
/// `/bin/sh` in the final image. `coding` is a whole line, or empty.
pub fn relocatable_header(python: &str, arguments: &[String], coding: &str) -> String {
    shell_header(&format!("{BESIDE}{}", quote(python)), arguments, coding)
}

/// A header that runs `python` at its absolute path: a plain `#!` line if the kernel accepts it.
pub fn absolute_header(python: &str, arguments: &[String], coding: &str) -> String {
    let plain = format!(
        "#!{python}{}{}\n",
        if arguments.is_empty() { "" } else { " " },
        arguments.concat()
    );
    if plain.len() <= LONGEST_SHEBANG
        && !python.contains(char::is_whitespace)
        && arguments.len() < 2
    {
        return plain + coding;
    }
    shell_header(&quote(python), arguments, coding)
}

fn shell_header(program: &str, arguments: &[String], coding: &str) -> String {
    let arguments: String = arguments.iter().map(|word| format!(" {}", quote(word))).collect();
    format!("#!/bin/sh\n{coding}{HIDDEN_EXEC}{program}{arguments} \"$0\" \"$@\"\n")
}

/// A word of a shell command, whatever is in it.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use super::super::script::{Shebang, parse_script};
    use super::*;

    /// A header as it is read again.
    fn shown(header: &str) -> String {
        let script = parse_script(header.as_bytes()).unwrap();
        let kind = match &script.shebang {
            Shebang::Plain { .. } => "plain",
            Shebang::OnPath { .. } => "on path",
            Shebang::Wrapper { .. } => "wrapper",
            Shebang::Relocatable { .. } => "relocatable",
        };
        assert_eq!(script.header, header.len());
        format!("{kind} {}|{}", script.interpreter(), script.arguments.join("|"))
    }

    #[test]
    fn headers_are_read_back() {
        let option = ["-sE".to_owned()];
        assert_eq!(absolute_header("/v/bin/python", &[], ""), "#!/v/bin/python\n");
        assert_eq!(absolute_header("/v/bin/python", &option, ""), "#!/v/bin/python -sE\n");
        assert_eq!(
            shown(&absolute_header("/a b/it's/python", &option, "")),
            "wrapper /a b/it's/python|-sE"
        );
        assert_eq!(
            shown(&absolute_header("/v/python", &["-u".to_owned(), "-B".to_owned()], "")),
            "wrapper /v/python|-u|-B"
        );
        let fits = format!("/{}", "x".repeat(LONGEST_SHEBANG - 4));
        assert_eq!(shown(&absolute_header(&fits, &[], "")), format!("plain {fits}|"));
        let long = format!("{fits}x");
        assert_eq!(shown(&absolute_header(&long, &[], "")), format!("wrapper {long}|"));
        assert_eq!(shown(&relocatable_header("python", &[], "")), "relocatable python|");
        assert_eq!(shown(&relocatable_header("python", &option, "")), "relocatable python|-sE");
        assert_eq!(
            shown(&relocatable_header("python", &["-W ignore".to_owned(), "-u".to_owned()], "")),
            "relocatable python|-W ignore|-u"
        );
    }
}
