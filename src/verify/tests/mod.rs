//! Verification as tables: what is in the final root, what is found ([`crate::scenario`]).
//!
//! A bundle is written by hand, as the virtual environment that it is: so nothing here depends on
//! plans.

mod bundle;
mod promise;
