//! The weights that the user gives to findings: `--allow` and `--deny`.
//!
//! Invariant: only severities change; no finding appears or disappears.

use super::{Code, Finding, Severity};

/// Findings that the user accepts: all of one code, or those about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The code.
    pub code: Code,
    /// The subject; `None` for all.
    pub subject: Option<String>,
}

/// The weights of the user. What is closest to a finding counts: its subject, then a denied code, then an
/// allowed one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weights {
    /// Findings that become notes.
    pub allowed: Vec<Allowed>,
    /// Codes whose findings become deny-level findings.
    pub denied: Vec<Code>,
}

impl Weights {
    /// The findings with these weights, sorted, the worst first.
    pub fn apply(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        for finding in &mut findings {
            finding.severity = self.weigh(finding);
        }
        findings.sort();
        findings
    }

    fn weigh(&self, finding: &Finding) -> Severity {
        let mut allowed = self.allowed.iter().filter(|allowed| allowed.code == finding.code);
        let by_subject = allowed.clone().any(|one| one.subject.as_ref() == Some(&finding.subject));
        if by_subject {
            Severity::Note
        } else if self.denied.contains(&finding.code) {
            Severity::Deny
        } else if allowed.any(|one| one.subject.is_none()) {
            Severity::Note
        } else {
            finding.severity
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_weight_counts() {
        let allow = |subject: Option<&str>| Allowed {
            code: Code::UnresolvedLibrary,
            subject: subject.map(str::to_owned),
        };
        let deny = || vec![Code::UnresolvedLibrary];
        for (allowed, denied, expect) in [
            (vec![], vec![], ["deny", "warn"]),
            (vec![allow(None)], vec![], ["note", "note"]),
            (vec![allow(Some("liba.so"))], vec![], ["note", "warn"]),
            (vec![], deny(), ["deny", "deny"]),
            (vec![allow(Some("liba.so")), allow(None)], deny(), ["note", "deny"]),
            (vec![], vec![Code::UnownedLibrary], ["deny", "warn"]),
        ] {
            let weights = Weights { allowed, denied };
            let finding = |severity, subject| {
                Finding::new(severity, Code::UnresolvedLibrary, subject, "is missing")
            };
            let found = [finding(Severity::Deny, "liba.so"), finding(Severity::Warn, "libb.so")];
            assert_eq!(found.map(|one| weights.weigh(&one).as_str()), expect, "{weights:?}");
        }
    }
}
