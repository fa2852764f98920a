//! Integration tests, one binary: what a user would notice.

mod bad_input;
mod examples;
mod oracle;
mod readme_root;
mod scripts;
