//! Tables of verification: a final root and its findings ([`crate::scenario`]).
//!
//! A bundle is written by hand, as the virtual environment that it is: so nothing here depends on
//! plans.

mod bundle;
mod manifest;
mod promise;
