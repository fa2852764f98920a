//! wheelbarrow moves a Python environment from the builder stage of a Docker build into a small
//! final stage.
//!
//! ```text
//! builder root ──read──▶ Inventory ──decide──▶ Plan ──write──▶ Bundle ──read again──▶ Verify
//!                         (facts)              (pure)     (the only writer)   (in the final root)
//!                             └────────────────┴────▶ Report (text, JSON, Dockerfile)
//! ```
//!
//! | module | contains | never contains |
//! | --- | --- | --- |
//! | [`path`], [`finding`] | paths inside a root; facts for the user | `std::path` |
//! | [`root`] | link resolution; the only reader of the disk | writes |
//! | [`elf`] | facts of one ELF file, its run path; the only place that names goblin | roots |
//! | [`loader`] | musl and glibc as data, one breadth-first walk | the host's libc |
//! | [`packages`] | apk, dpkg and conda databases, the owner index; the only place that names rattler | running a package manager |
//! | [`python`] | interpreter, environment, distributions, scripts | running Python |
//! | [`wheelhouse`] | wheels: chosen by name, checked, unpacked below a given directory | running pip; downloads |
//! | [`base`] | the profile of a final root, read from it or shipped | comparing |
//! | [`inventory`] | everything true of a root for one request | decisions |
//! | [`plan`] | every path and package with its reason | files, clock, environment |
//! | [`bundle`] | executes a plan; the only writer, except for unpacked wheels | decisions |
//! | [`report`] | renders | decisions |
//! | [`verify`] | proves a bundle in its final root | decisions of the builder |
//!
//! Three channels are never mixed: a *finding* is about the user's environment and is data; an
//! *error* ends the run, and has advice; a *bug* is an `expect` with its invariant.

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
pub mod python;
pub mod release;
pub mod report;
pub mod root;
#[cfg(test)]
mod scenario;
pub mod verify;
pub mod wheelhouse;
