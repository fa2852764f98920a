//! The build script: finds the commit of the source, for `--version`, the manifest and the lock.
//!
//! Invariant: the same source gives the same answer. No clock is read, and no state of the work tree.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script reads its environment, runs git and talks to cargo on its output"
)]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What `cargo package` writes beside Cargo.toml of a published crate.
const PACKAGED: &str = ".cargo_vcs_info.json";

/// As many digits of a commit as are shown.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let version = env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    let version = match packaged_commit().or_else(checked_out_commit) {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=WHEELBARROW_VERSION={version}");
    if !is_static() {
        println!(
            "cargo::warning=this program will not be static: it runs only where the C library is at \
             least as new as here, and not on Alpine; docs/install.md has the flags"
        );
    }
}

/// The commit of a crate from a registry.
fn packaged_commit() -> Option<String> {
    let text = fs::read_to_string(PACKAGED).ok()?;
    println!("cargo::rerun-if-changed={PACKAGED}");
    let (_, after) = text.split_once("\"sha1\"")?;
    let digits = after.trim_start_matches([':', ' ', '"']);
    shortened(digits.split_once('"')?.0)
}

/// The commit of a clone. A source tree inside of another repository has none.
fn checked_out_commit() -> Option<String> {
    // The prefix is the path from the top of the repository, so it is empty for our own.
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    for changed in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", changed])?;
        // Cargo would run this script each time for a file that does not exist.
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    shortened(&git(&["rev-parse", "HEAD"])?)
}

fn shortened(commit: &str) -> Option<String> {
    let is_commit = commit.len() >= DIGITS && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| commit[..DIGITS].to_owned())
}

/// The answer of git; none if it is not installed or fails.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout))?;
    Some(text.ok()?.trim_end().to_owned())
}

/// Whether the C library is linked into the program, as `.cargo/config.toml` asks. `cargo install` from a
/// registry does not read that file.
fn is_static() -> bool {
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    features.split(',').any(|feature| feature == "crt-static")
}
