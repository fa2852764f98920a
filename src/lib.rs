//! wheelbarrow lifts what `pip install` left in a builder stage into a small final stage.
//!
//! ```text
//! builder root ──read──▶ Inventory ──decide──▶ Plan ──write──▶ Bundle
//!                         (facts)     (pure)          (the only writer)
//!                             └──────────┴────▶ Report (text, JSON, Dockerfile)
//! ```
//!
//! | room | what is in it | what is not |
//! | --- | --- | --- |
//! | [`path`], [`finding`] | paths inside a root; what is worth saying | `std::path` |
//! | [`root`] | link resolution; the only reader of the disk | writes |
//! | [`elf`] | facts of one ELF file, its run path; the only place that names goblin | roots |
//! | [`loader`] | musl and glibc as data, one breadth-first walk | the host's libc |
//! | [`packages`] | apk, dpkg and conda databases, the owner index; the only place that names rattler | running a package manager |
//! | [`python`] | interpreter, environment, distributions, scripts | running Python |
//! | [`wheelhouse`] | wheels: chosen by name, checked, unpacked below a given directory | running pip; downloads |
//! | [`base`] | what the final root has, read from it or shipped | comparing |
//! | [`inventory`] | everything true of a root for one request | decisions |
//! | [`plan`] | every path and package with its reason | files, clock, environment |
//! | [`project`] | a Dockerfile for a directory of source | environments; running an installer |
//! | [`bundle`] | executes a plan; the only writer but for unpacked wheels | decisions |
//! | [`report`] | renders | decisions |
//! | [`verify`] | a bundle over its final root, proved | what the builder decided |
//!
//! Three channels are never mixed: a *finding* is about the user's environment and is data; an *error*
//! is "we cannot go on", with a hint; a *bug* is an `expect` with its invariant.

pub mod base;
pub mod bundle;
pub mod elf;
pub mod finding;
pub mod hint;
pub mod inventory;
pub mod loader;
pub mod packages;
pub mod path;
pub mod plan;
pub mod project;
pub mod python;
pub mod release;
pub mod report;
pub mod root;
#[cfg(test)]
mod scenario;
pub mod verify;
pub mod wheelhouse;
