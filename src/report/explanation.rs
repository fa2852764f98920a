//! The explanation of a code, as text for a terminal.
//!
//! Invariant: the same texts as in docs/findings.md.

use std::fmt::Write as _;

use crate::finding::Code;

/// The meaning, the causes and the remedies of a code.
pub fn explanation_text(code: Code) -> String {
    let (name, severity) = (code.as_str(), code.usual_severity().as_str());
    let mut text = format!("{name} (usually {severity})\n\n{}\n", code.meaning());
    for (title, lines) in [("causes", code.causes()), ("help", code.remedies())] {
        let _ = writeln!(text, "\n{title}:");
        for line in lines {
            let _ = writeln!(text, "  - {line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        for code in Code::ALL {
            let text = explanation_text(*code);
            assert!(text.starts_with(code.as_str()) && text.contains("\ncauses:\n  - "), "{text}");
            assert!(code.remedies().iter().all(|remedy| text.contains(remedy)), "{text}");
        }
    }
}
