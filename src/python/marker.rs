//! A marker of PEP 508: comparisons that `and`, `or` and parentheses join.
//!
//! pep508_rs keeps a whole marker as one decision diagram, whose size can double with every second
//! comparison, and never frees it. So pep508_rs reads one comparison at a time, and the words between them
//! are evaluated here: a marker costs as much as its text.
//!
//! Invariant: no more is kept of a marker than its comparisons; parentheses of any depth that
//! [`super::requirement`] lets in are no limit of the stack.

use pep508_rs::{ExtraName, MarkerEnvironment, MarkerTree};

use super::problems::excerpt;

/// A marker.
#[derive(Clone, Debug)]
pub(super) enum Marker {
    /// One comparison.
    Is(MarkerTree),
    /// Every part holds.
    All(Vec<Marker>),
    /// Some part holds.
    Any(Vec<Marker>),
}

impl Marker {
    /// Reads a marker; the error says why the text is none.
    pub(super) fn parse(text: &str) -> Result<Marker, String> {
        let mut reader = Reader { rest: text.trim_start() };
        let marker = reader.any()?;
        if reader.rest.is_empty() { Ok(marker) } else { Err(unexpected(reader.rest)) }
    }

    /// Whether it holds for an environment and the extras that are wanted.
    pub(super) fn holds(&self, environment: &MarkerEnvironment, extras: &[ExtraName]) -> bool {
        match self {
            Marker::Is(comparison) => comparison.evaluate(environment, extras),
            Marker::All(parts) => parts.iter().all(|part| part.holds(environment, extras)),
            Marker::Any(parts) => parts.iter().any(|part| part.holds(environment, extras)),
        }
    }
}

/// Reads a text from its beginning on. `or` binds weaker than `and`.
struct Reader<'a> {
    /// Begins without blanks.
    rest: &'a str,
}

impl Reader<'_> {
    fn any(&mut self) -> Result<Marker, String> {
        let mut parts = vec![self.all()?];
        while self.takes_word("or") {
            parts.push(self.all()?);
        }
        Ok(Marker::Any(parts))
    }

    fn all(&mut self) -> Result<Marker, String> {
        let mut parts = vec![self.part()?];
        while self.takes_word("and") {
            parts.push(self.part()?);
        }
        Ok(Marker::All(parts))
    }

    fn part(&mut self) -> Result<Marker, String> {
        let Some(inner) = self.rest.strip_prefix('(') else { return self.comparison() };
        self.rest = inner.trim_start();
        let marker = self.any()?;
        let after = self.rest.strip_prefix(')').ok_or("a parenthesis of its marker has no end")?;
        self.rest = after.trim_start();
        Ok(marker)
    }

    fn comparison(&mut self) -> Result<Marker, String> {
        let (comparison, rest) = self.rest.split_at(comparison_length(self.rest));
        self.rest = rest;
        let parsed = comparison.parse::<MarkerTree>();
        parsed.map(Marker::Is).map_err(|error| error.message.to_string())
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let after = self.rest.strip_prefix(word).filter(|after| !after.starts_with(is_part));
        self.rest = after.map_or(self.rest, str::trim_start);
        after.is_some()
    }
}

fn is_part(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '_' | '.')
}

fn unexpected(rest: &str) -> String {
    format!("its marker has {} in a wrong place", excerpt(rest))
}

/// The length of the comparison at the beginning: up to `and`, `or` or a parenthesis outside of quotes.
fn comparison_length(text: &str) -> usize {
    let mut quote = None;
    let mut is_word = false;
    for (at, one) in text.char_indices() {
        let starts_word = !is_word && is_part(one);
        is_word = is_part(one);
        match quote {
            Some(open) if one == open => quote = None,
            Some(_) => {}
            None if matches!(one, '"' | '\'') => quote = Some(one),
            None if matches!(one, '(' | ')') => return at,
            None if starts_word && at > 0 => {
                let word = text[at..].split(|one| !is_part(one)).next();
                if matches!(word, Some("and" | "or")) {
                    return at;
                }
            }
            None => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pep508_rs::MarkerEnvironmentBuilder;

    #[test]
    fn markers_hold_as_in_pep508_rs() {
        let builder = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: "3.11.7",
            os_name: "posix",
            platform_machine: "x86_64",
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: "3.11.7",
            python_version: "3.11",
            sys_platform: "linux",
        };
        let environment = MarkerEnvironment::try_from(builder).unwrap();
        let extras: Vec<ExtraName> = vec!["a".parse().unwrap(), "and".parse().unwrap()];
        for text in [
            "os_name == 'posix'",
            "os_name=='nt'or extra=='a'",
            "os_name == 'nt' or extra == 'a' and extra == 'b'",
            "(os_name == 'nt' or extra == 'a') and extra == \"b\"",
            "extra == 'and' and 'linux' in sys_platform",
            "((extra == 'b')) or (python_version >= '3.8' and (extra == 'a'))",
            "python_version not in '2.7 or 3.0' and sys_platform != 'win32'",
            "'posix' == os_name and platform_machine == 'x86_64 (or so)'",
        ] {
            let expect = text.parse::<MarkerTree>().unwrap().evaluate(&environment, &extras);
            let marker = Marker::parse(text).unwrap();
            assert_eq!(marker.holds(&environment, &extras), expect, "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_markers() {
        for text in [
            "",
            "and",
            "()",
            "(os_name == 'a'",
            "os_name == 'a')",
            "os_name == 'a' and",
            "os_name == 'a' or or os_name == 'b'",
            "os_name",
            "os_name == 'a' os_name == 'b'",
            "os_name == 'a",
            "x == 'a'",
        ] {
            assert!(Marker::parse(text).is_err(), "{text}");
            assert!(text.parse::<MarkerTree>().is_err(), "{text}");
        }
    }
}
