//! Advice that an error brings along.
//!
//! Invariant: advice names an action of the user; the cause of an error is its message and its `source`.

/// An error that may know what the user can do about it.
pub trait Hint: std::error::Error {
    /// The advice, one sentence without a full stop, or `None`.
    fn hint(&self) -> Option<&str>;
}
