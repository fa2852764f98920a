//! An error as the user sees it: a message, causes that the message does not contain, and advice.
//!
//! Invariant: exit status 2 always comes with one of these.

use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::iter::successors;
use std::sync::Arc;

use wheelbarrow::escape::one_line;
use wheelbarrow::hint::Hint;
use wheelbarrow::report::RED;

use super::streams::print_error;

/// The reason why a command fails.
#[derive(Debug)]
pub(crate) struct Trouble {
    message: String,
    /// The causes from the nearest to the first.
    causes: Vec<String>,
    hint: Option<Cow<'static, str>>,
}

impl Trouble {
    /// An error with advice.
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Trouble {
        Trouble { hint: Some(hint.into()), ..Trouble::without_hint(message) }
    }

    /// An error without advice.
    pub(crate) fn without_hint(message: impl Into<String>) -> Trouble {
        Trouble { message: message.into(), causes: Vec::new(), hint: None }
    }

    /// An error of the library that concerns the option or file `place`.
    pub(crate) fn at(place: &str, error: &impl Hint) -> Trouble {
        Trouble {
            message: format!("{place}: {error}"),
            causes: causes(error),
            hint: error.hint().map(|hint| hint.to_owned().into()),
        }
    }

    /// Prints the error to standard error.
    pub(crate) fn print(&self) {
        let mut text = format!("{RED}error{RED:#}: {}\n", one_line(&self.message));
        for cause in &self.causes {
            text += &format!("  cause: {}\n", one_line(cause));
        }
        if let Some(hint) = &self.hint {
            text += &format!("  help: {}\n", one_line(hint));
        }
        print_error(&text);
    }
}

impl<E: Hint> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble {
            message: error.to_string(),
            causes: causes(&error),
            hint: error.hint().map(|hint| hint.to_owned().into()),
        }
    }
}

/// The causes of an error that its message does not contain.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut shown = error.to_string();
    let mut causes = Vec::new();
    for cause in successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source()) {
        let text = cause.to_string();
        let first_line = text.lines().next().unwrap_or_default();
        if !shown.contains(first_line) && !kind(cause).is_some_and(|kind| shown.contains(&kind)) {
            causes.push(first_line.to_owned());
            shown.push_str(first_line);
        }
    }
    causes
}

/// The kind of a failed system call. The message of a root's error has the kind instead of the
/// system's own text, which adds nothing.
fn kind(error: &(dyn Error + 'static)) -> Option<String> {
    let shared = error.downcast_ref::<Arc<io::Error>>().map(|error| error.kind());
    let kind = shared.or_else(|| error.downcast_ref::<io::Error>().map(io::Error::kind))?;
    let text = kind.to_string();
    (!text.starts_with("uncategorized")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wheelbarrow::root::RootError;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error(transparent)]
        Same(RootError),
        #[error("cannot do it")]
        Silent(#[source] RootError),
    }

    #[test]
    fn causes_in_the_message_are_not_repeated() {
        let root = |number| RootError::io("/a", "read", io::Error::from_raw_os_error(number));
        let (no_space, broken_disk) = (28, 5);
        assert_eq!(causes(&Outer::Same(root(no_space))), Vec::<String>::new());
        assert_eq!(causes(&Outer::Same(root(broken_disk))), ["Input/output error (os error 5)"]);
        let silent = causes(&Outer::Silent(root(no_space)));
        assert_eq!(silent, ["/a: cannot read: no storage space"]);
    }
}
