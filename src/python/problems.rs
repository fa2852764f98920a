//! The lines of one file that a parser does not understand, as sentences.
//!
//! Invariant: a file of bad lines alone gives few sentences; the number of the others is not lost.

/// The sentences that are kept.
const MOST: usize = 20;

/// Sentences about lines, each of which names its line.
pub(super) struct Problems {
    /// The name of the file.
    file: &'static str,
    first: Vec<String>,
    others: usize,
}

impl Problems {
    pub(super) fn of(file: &'static str) -> Problems {
        Problems { file, first: Vec::new(), others: 0 }
    }

    /// Adds a sentence that begins with the name of the file.
    pub(super) fn add(&mut self, sentence: impl FnOnce() -> String) {
        if self.first.len() < MOST {
            self.first.push(format!("{} {}", self.file, sentence()));
        } else {
            self.others += 1;
        }
    }

    pub(super) fn finish(self) -> Vec<String> {
        let others =
            (self.others > 0).then(|| format!("{} has {} more such lines", self.file, self.others));
        self.first.into_iter().chain(others).collect()
    }
}

/// The beginning of a text in quotes, for a message.
pub(super) fn excerpt(text: &str) -> String {
    let mut letters = text.chars();
    let beginning: String = letters.by_ref().take(80).collect();
    if letters.next().is_some() { format!("{beginning:?}...") } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_and_the_others_counted() {
        let mut problems = Problems::of("RECORD");
        (0..MOST + 7).for_each(|line| problems.add(|| format!("has {line}")));
        let sentences = problems.finish();
        assert_eq!(sentences.len(), MOST + 1);
        assert_eq!(
            (sentences[0].as_str(), sentences[MOST].as_str()),
            ("RECORD has 0", "RECORD has 7 more such lines")
        );
        assert!(Problems::of("RECORD").finish().is_empty());
    }
}
