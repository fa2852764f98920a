//! The version of this program, and the name under which it is published.
//!
//! Invariant: constants of the build. Nothing at run time changes them.

/// The version with the commit of the source: `0.1.0 (7c4e2b4fd01a)`. A source without a repository has no
/// commit, and the version stands alone.
pub const VERSION: &str = env!("WHEELBARROW_VERSION");

/// Where the source is: `https://github.com/OWNER/wheelbarrow`, by `repository` of Cargo.toml.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The image that contains this version as `/wheelbarrow` and nothing else.
pub fn published_image() -> String {
    let name = REPOSITORY.strip_prefix("https://github.com/").expect("Cargo.toml names GitHub");
    format!("ghcr.io/{name}:{}", env!("CARGO_PKG_VERSION"))
}
