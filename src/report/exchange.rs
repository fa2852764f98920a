//! Findings for other tools: the annotations of GitHub Actions, SARIF, and JSON.
//!
//! Invariant: every finding is in every form, in the order given; a subject cannot end a line.

use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::escape::one_line;
use crate::finding::{Code, Finding, Severity};

/// `--output-format json`.
#[derive(Serialize, schemars::JsonSchema)]
pub struct FindingList<'a> {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// In the order in which they are shown.
    pub findings: &'a [Finding],
}

/// A line for each finding, which GitHub Actions shows as an annotation ("Workflow commands for GitHub
/// Actions").
pub fn github_text(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let level = match finding.severity {
            Severity::Deny => "error",
            Severity::Warn => "warning",
            Severity::Note => "notice",
        };
        let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
        let text = format!("{}{help}", sentence(finding));
        // In a message these characters have a meaning; a code has none of them.
        let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        format!("::{level} title=wheelbarrow {}::{}\n", finding.code.as_str(), one_line(text))
    };
    findings.iter().map(line).collect()
}

fn sentence(finding: &Finding) -> String {
    format!("{}: {}", one_line(&finding.subject), one_line(&finding.message))
}

/// A document of the Static Analysis Results Interchange Format (SARIF 2.1.0) with one run.
pub fn sarif(findings: &[Finding]) -> Value {
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code)).collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.meaning() },
        "help": { "text": code.remedies().join("\n") },
        "defaultConfiguration": { "level": level(code.usual_severity()) },
    })
}

fn result(finding: &Finding) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", sentence(finding)),
        None => sentence(finding),
    };
    let rule = Code::ALL.iter().position(|code| *code == finding.code);
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": rule.expect("every code is in the list"),
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [location(&finding.subject)],
    })
}

/// A path of the root is a file; another subject is a name.
fn location(subject: &str) -> Value {
    match Url::from_file_path(subject) {
        Ok(url) => json!({ "physicalLocation": { "artifactLocation": { "uri": url.as_str() } } }),
        Err(()) => json!({ "logicalLocations": [{ "fullyQualifiedName": subject }] }),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Deny => "error",
        Severity::Warn => "warning",
        Severity::Note => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> [Finding; 2] {
        let subject = "/opt/50% a\n::error::b";
        [
            Finding::new(Severity::Deny, Code::UnownedLibrary, subject, "is lost")
                .help("look\nhere"),
            Finding::new(Severity::Note, Code::InterpreterMoved, "numpy", "is here"),
        ]
    }

    #[test]
    fn an_annotation_is_one_line() {
        assert_eq!(
            github_text(&findings()),
            "::error title=wheelbarrow unowned-library::/opt/50%25 a\\n::error::b: is lost%0Ahelp: look%0Ahere\n\
             ::notice title=wheelbarrow interpreter-moved::numpy: is here\n"
        );
    }

    #[test]
    fn sarif_has_rules_and_results() {
        let document = sarif(&findings());
        let run = &document["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for (result, (level, uri)) in run["results"]
            .as_array()
            .unwrap()
            .iter()
            .zip([("error", json!("file:///opt/50%25%20a%0A::error::b")), ("note", Value::Null)])
        {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert_eq!(result["level"], level);
            let file = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            assert_eq!(*file, uri);
        }
        let name = &run["results"][1]["locations"][0]["logicalLocations"][0];
        assert_eq!(name["fullyQualifiedName"], "numpy");
    }
}
