//! Integration tests, one binary: what a user would notice.

mod examples;
mod readme_root;
