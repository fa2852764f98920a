//! Integration tests in one binary: everything that a user would notice.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the host as a user would"
)]
#![allow(unreachable_pub, reason = "a test binary has no public interface")]

mod arch;
mod bad_input;
mod bases;
mod changed;
#[cfg(feature = "conda")]
mod conda;
mod documents;
mod environments;
mod examples;
mod faults;
mod final_root;
mod fixed_stage;
mod fuzz;
mod image_files;
mod init;
mod injection;
mod interrupted;
mod layers;
mod lock;
mod matrix;
mod mutations;
mod observe;
mod oracle;
mod parity;
mod readme_root;
mod rebuilds;
mod releases;
mod scripts;
mod slim;
mod streams;
mod support;
mod vendored;
mod verify;
mod weights;
