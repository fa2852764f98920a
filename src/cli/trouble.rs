//! An error as the user sees it: a message, the causes that it does not name itself, and advice.
//!
//! Invariant: exit status 2 always comes with one of these.

use std::borrow::Cow;

use anstream::eprintln;
use anstyle::AnsiColor;

/// The reason why a command fails.
#[derive(Debug)]
pub(crate) struct Trouble {
    message: String,
    hint: Option<Cow<'static, str>>,
}

impl Trouble {
    /// An error with advice.
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Trouble {
        Trouble { message: message.into(), hint: Some(hint.into()) }
    }

    /// An error without advice.
    pub(crate) fn without_hint(message: impl Into<String>) -> Trouble {
        Trouble { message: message.into(), hint: None }
    }

    /// Prints the error to standard error.
    pub(crate) fn print(&self) {
        let style = AnsiColor::Red.on_default().bold();
        eprintln!("{style}error{style:#}: {}", self.message);
        if let Some(hint) = &self.hint {
            eprintln!("  hint: {hint}");
        }
    }
}
