//! The advice of an error.
//!
//! Invariant: advice is an action of the user. The cause of the error is in its message and
//! `source`.

/// An error that can have advice for the user, shown as `help:`.
pub trait Hint: std::error::Error {
    /// The advice, one sentence without a full stop, or `None`.
    fn hint(&self) -> Option<&str>;
}
