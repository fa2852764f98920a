//! A difference for people.
//!
//! Invariant: colours are written as styles; no difference is one line, and sizes come last.

use std::fmt::Write as _;

use super::{Change, Difference, SideFinding, SizeChange};
use crate::escape::one_line;
use crate::finding::size;
use crate::report::{ADDED, BOLD, CHANGED, REMOVED};

/// Renders a difference, one line for each change.
pub fn difference_text(difference: &Difference) -> String {
    let mut text = String::new();
    if difference.is_empty() {
        text.push_str("no difference\n");
    }
    for change in &difference.settings {
        append_change(&mut text, "", change);
    }
    for (title, changes) in [
        ("packages", &difference.packages),
        ("distributions", &difference.distributions),
        ("libraries", &difference.libraries),
    ] {
        if !changes.is_empty() {
            let _ = writeln!(text, "{BOLD}{title}{BOLD:#}");
            changes.iter().for_each(|change| append_change(&mut text, "  ", change));
        }
    }
    if let Some(findings) = &difference.findings
        && !(findings.added.is_empty() && findings.removed.is_empty())
    {
        let _ = writeln!(text, "{BOLD}findings{BOLD:#}");
        findings.removed.iter().for_each(|finding| append_finding(&mut text, '-', finding));
        findings.added.iter().for_each(|finding| append_finding(&mut text, '+', finding));
    }
    for (title, change) in
        [("bundle", difference.bundle_size), ("packages", difference.package_size)]
    {
        if let Some(change) = change.filter(|change| change.old != change.new) {
            let _ = writeln!(text, "{BOLD}size{BOLD:#} of the {title}: {}", size_text(change));
        }
    }
    if !difference.not_compared.is_empty() {
        let parts = difference.not_compared.join(", ");
        let _ = writeln!(text, "not compared, since one side does not have it: {parts}");
    }
    text
}

fn append_change(text: &mut String, indent: &str, change: &Change) {
    let bytes = change
        .bytes
        .filter(|bytes| *bytes != 0)
        .map_or_else(String::new, |bytes| format!(" ({})", signed_size(bytes)));
    let Change { name, old, new, .. } = change;
    let (style, sign, value) = match (old, new) {
        (Some(old), Some(new)) => (CHANGED, '~', format!("{old} -> {new}")),
        (None, Some(new)) => (ADDED, '+', new.clone()),
        (Some(old), None) => (REMOVED, '-', old.clone()),
        (None, None) => unreachable!("a change has a side"),
    };
    let _ = writeln!(
        text,
        "{indent}{style}{sign} {}{style:#} {}{bytes}",
        one_line(name),
        one_line(value)
    );
}

fn append_finding(text: &mut String, sign: char, finding: &SideFinding) {
    let style = if sign == '+' { ADDED } else { REMOVED };
    let SideFinding { severity, code, subject, message } = finding;
    let severity = severity.as_str();
    let _ = writeln!(
        text,
        "  {style}{sign} {severity}[{code}]{style:#} {}: {}",
        one_line(subject),
        one_line(message)
    );
}

fn size_text(change: SizeChange) -> String {
    let bytes = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    let more = signed_size(bytes(change.new).saturating_sub(bytes(change.old)));
    format!("{} -> {} ({more})", size(change.old), size(change.new))
}

/// `+3.1 MB`.
fn signed_size(bytes: i64) -> String {
    format!("{}{}", if bytes < 0 { '-' } else { '+' }, size(bytes.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::lock::document::tests::lock;
    use crate::lock::{Side, Source, compare_sides};
    use crate::report::{Terminal, for_terminal};

    /// The text of a difference, without colours.
    fn shown(old: &Side, new: &Side) -> String {
        anstream::adapter::strip_str(&for_terminal(
            &difference_text(&compare_sides(old, new)),
            Terminal::default(),
        ))
        .to_string()
    }

    fn plan(lines: &str, findings: &[(Severity, &str, &str, &str)]) -> Side {
        let finding =
            |(severity, code, subject, message): &(Severity, &str, &str, &str)| SideFinding {
                severity: *severity,
                code: (*code).to_owned(),
                subject: (*subject).to_owned(),
                message: (*message).to_owned(),
            };
        Side {
            source: Source::Plan,
            lock: lock(lines),
            findings: findings.iter().map(finding).collect(),
        }
    }

    const BEFORE: &str = "package libldap 2.6.7 dependency 300000
        package libpq 15.6 installed 400000
        package old 1 installed 1000
        distribution Flask 3.0.0 100000
        distribution numpy 1.26.4 60000000
        distribution psycopg2 2.9.9 900000
        library libold.so.1 package old numpy
        library libpq.so.5 package libpq psycopg2
        library libz.so.1 base zlib numpy";

    const AFTER: &str = "package libldap 2.6.8 installed 300000
        package libpq 15.6 installed 400000
        package zlib 1.3 bundled 100000
        distribution flask 3.0.0 100500
        distribution numpy 2.0.1 63100000
        distribution pillow 10.4.0 4000000
        distribution psycopg2 2.9.9 900000
        library libldap.so.2 package libldap psycopg2
        library libpq.so.5 package libpq psycopg2
        library libz.so.1 bundle zlib numpy,pillow";

    #[test]
    fn the_text_of_a_difference() {
        let gone = (Severity::Note, "unowned-library", "/usr/lib/libold.so.1", "is not owned");
        let new = (Severity::Deny, "unresolved-library", "/opt/a.so", "needs libx.so");
        let kept = (Severity::Warn, "runs-at-start", "/opt/a.pth", "imports a");
        let old = plan(BEFORE, &[gone, kept]);
        let mut new = plan(AFTER, &[new, kept]);
        new.lock.base = None;
        new.lock.python.version = "3.11.10".to_owned();
        insta::assert_snapshot!(shown(&old, &new), @r"
        - base python:3.11-alpine3.20
        ~ python cpython 3.11.9 -> cpython 3.11.10
        packages
          ~ libldap 2.6.7 (as a dependency) -> 2.6.8
          - old 1 (-1.0 kB)
          + zlib 1.3 (bundled) (+100.0 kB)
        distributions
          ~ numpy 1.26.4 -> 2.0.1 (+3.1 MB)
          + pillow 10.4.0 (+4.0 MB)
        libraries
          + libldap.so.2 of libldap
          - libold.so.1 of old
          ~ libz.so.1 in the base -> bundled, of zlib
        findings
          - note[unowned-library] /usr/lib/libold.so.1: is not owned
          + deny[unresolved-library] /opt/a.so: needs libx.so
        size of the bundle: 61.0 MB -> 68.1 MB (+7.1 MB)
        size of the packages: 701.0 kB -> 700.0 kB (-1.0 kB)
        ");
        insta::assert_snapshot!(shown(&old, &old), @"no difference");
    }

    #[test]
    fn a_size_alone_is_no_difference() {
        let (old, new) =
            (plan("distribution shop 1.0 100000", &[]), plan("distribution shop 1.0 900000", &[]));
        assert!(compare_sides(&old, &new).is_empty());
        insta::assert_snapshot!(shown(&old, &new), @r"
        no difference
        size of the bundle: 100.0 kB -> 900.0 kB (+800.0 kB)
        ");
    }

    #[test]
    fn parts_that_one_side_does_not_tell_are_named() {
        let whole = plan(BEFORE, &[]);
        let manifest = Side {
            source: Source::Manifest,
            lock: lock(
                "package libpq 15.6 installed 0
                 package old 1 installed 0
                 distribution Flask 3.0.0 100000
                 distribution numpy 1.26.4 60000000
                 distribution psycopg2 2.9.9 900000
                 library libold.so.1 package old -
                 library libpq.so.5 package libpq -",
            ),
            findings: Vec::new(),
        };
        insta::assert_snapshot!(shown(&whole, &manifest), @r"
        no difference
        not compared, since one side does not have it: details of packages, findings
        ");
        let report = Side { source: Source::Report, ..plan(BEFORE, &[]) };
        insta::assert_snapshot!(shown(&whole, &report), @r"
        no difference
        not compared, since one side does not have it: base, size of the bundle
        ");
    }

    #[test]
    fn two_versions_of_one_name() {
        let one = "distribution a 1 10\ndistribution a 2 20";
        for (new, expect) in [
            (one, "no difference\n"),
            ("distribution a 2 20", "distributions\n  - a 1 (-10 B)\n"),
            ("distribution a 2 20\ndistribution a 3 30", "distributions\n  ~ a 1 -> 3 (+20 B)\n"),
            (
                "distribution A 1 10\ndistribution a 2 20\ndistribution a 3 5",
                "distributions\n  + a 3 (+5 B)\n",
            ),
        ] {
            let text = shown(&plan(one, &[]), &plan(new, &[]));
            assert!(text.starts_with(expect), "{text}");
        }
    }
}
