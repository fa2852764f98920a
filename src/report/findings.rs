//! Findings for people.
//!
//! Invariant: the line of a finding has its code and its subject, so that a build log can be searched.

use std::fmt::Write as _;

use super::style::{CYAN, RED, YELLOW};
use crate::escape::one_line;
use crate::finding::{Finding, Severity};

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Problems alone: no notes.
    Problems,
    /// The first names of a list, and their number.
    Examples,
    /// All names and files.
    All,
}

/// Findings in the order given. Advice that several findings share is given once, after the last of them.
pub fn findings_text(findings: &[Finding], detail: Detail) -> String {
    let mut text = String::new();
    let is_shown =
        |finding: &&Finding| detail > Detail::Problems || finding.severity != Severity::Note;
    let mut shown = findings.iter().filter(is_shown).peekable();
    while let Some(finding) = shown.next() {
        let style = match finding.severity {
            Severity::Deny => RED,
            Severity::Warn => YELLOW,
            Severity::Note => CYAN,
        };
        let _ = writeln!(
            text,
            "{style}{}[{}]{style:#} {}: {}",
            finding.severity.as_str(),
            finding.code.as_str(),
            one_line(&finding.subject),
            one_line(&finding.message)
        );
        if detail == Detail::All {
            for file in &finding.files {
                let _ = writeln!(text, "  {}", one_line(file));
            }
        }
        let is_last = shown
            .peek()
            .is_none_or(|next| (next.code, &next.help) != (finding.code, &finding.help));
        if let Some(help) = finding.help.as_ref().filter(|_| is_last) {
            let _ = writeln!(text, "  help: {}", one_line(help));
        }
    }
    text
}

/// `1 deny, 2 warn, 3 note`.
pub(super) fn count_findings(findings: &[Finding]) -> String {
    let counted = [(Severity::Deny, "deny"), (Severity::Warn, "warn"), (Severity::Note, "note")];
    let parts: Vec<String> = counted
        .into_iter()
        .map(|(severity, word)| {
            let number = findings.iter().filter(|finding| finding.severity == severity).count();
            (number, word)
        })
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;

    #[test]
    fn advice_is_given_once_and_notes_can_be_left_out() {
        let warn = |code, subject: &str, help: &str| {
            Finding::new(Severity::Warn, code, subject, "is here").help(help)
        };
        let findings = [
            warn(Code::UnownedLibrary, "/a", "one"),
            warn(Code::UnownedLibrary, "/b", "one"),
            warn(Code::UnownedLibrary, "/c", "two"),
            Finding::new(Severity::Note, Code::InterpreterMoved, "/d", "is here"),
        ];
        let plain = |detail| {
            let text = findings_text(&findings, detail);
            let shown = super::super::for_terminal(&text, super::super::Terminal::default());
            anstream::adapter::strip_str(&shown).to_string()
        };
        let warnings = "warn[unowned-library] /a: is here\n\
                        warn[unowned-library] /b: is here\n  help: one\n\
                        warn[unowned-library] /c: is here\n  help: two\n";
        assert_eq!(plain(Detail::Problems), warnings);
        assert_eq!(
            plain(Detail::Examples),
            format!("{warnings}note[interpreter-moved] /d: is here\n")
        );
    }
}
