//! wheelbarrow turns the Python environment of a Docker builder stage into a small final stage.
//!
//! ```text
//! builder root ──read──▶ Inventory ──decide──▶ Plan ──write──▶ Bundle ──read again──▶ Verify
//!                         (facts)     (pure)          (the only writer)  (same reader, final root)
//!                                             └────────▶ Report (text, JSON, Dockerfile)
//! ```
//!
//! | module | contains | does not |
//! | --- | --- | --- |
//! | [`path`], [`finding`], [`hint`], [`release`] | paths inside a root, findings, advice for errors, os-release | use `std::path` |
//! | [`root`] | link resolution and directory walks; the only reader of the disk | write |
//! | [`elf`] | the facts of one ELF file, run paths, stripping; the only place that names goblin | know roots |
//! | [`loader`] | musl and glibc as data, one breadth-first walk | use the host's libc |
//! | [`packages`] | one folder for each package manager, the index of owners; the only place that names rattler | run a package manager |
//! | [`python`] | interpreter, environment, distributions, requirements, scripts | run Python |
//! | [`wheelhouse`] | wheels: chosen by name, checked, unpacked below a given directory | run pip, download |
//! | [`base`] | the facts of a final root, read from it or shipped | compare |
//! | [`evidence`] | how it is known that something is opened by name; the only place that names tree-sitter | know roots |
//! | [`inventory`] | everything true of a root for one request | decide |
//! | [`plan`] | the decision: every path and package with its reason | use files, a clock or the environment |
//! | [`observe`] | a command, run in the builder, and the files that it opens; the only unsafe code | read roots, decide |
//! | [`project`] | a Dockerfile for a directory of source code | read environments, run an installer |
//! | [`lock`] | the contents of a final image, to commit and to compare | use files |
//! | [`bundle`] | executes a plan; the only writer, except for unpacked wheels | decide |
//! | [`verify`] | proves a bundle over its final root | trust the decisions of the builder stage |
//! | [`report`] | renders | decide |
//! | [`temporary`] | temporary directories, removed by every end of the program or the next run | know what is in them |
//! | [`version`] | the version of this program, the image that contains it | change at run time |
//! | [`similar`] | names like a mistyped one | know which names there are |
//!
//! The command line is part of the program, not of this library.
//!
//! Three channels are never mixed: a *finding* is about the user's environment and is data; an *error*
//! means "we cannot go on" and has advice ([`hint::Hint`]); a *bug* is an `expect` with its invariant.
//!
//! # Example
//!
//! The steps of `wheelbarrow bundle`: root, inventory, plan, bundle.
//!
//! ```
//! use std::path::Path;
//!
//! use wheelbarrow::bundle::{self, Format, Papers};
//! use wheelbarrow::inventory::{self, Scope};
//! use wheelbarrow::path::RealPath;
//! use wheelbarrow::plan::{self, Request};
//! use wheelbarrow::python::Surroundings;
//! use wheelbarrow::report;
//! use wheelbarrow::root::{Directory, Root};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let root = Root::new(Directory::open(Path::new("py-fixtures/alpine-venv"), &[])?);
//! let named = ["/opt/venv".to_owned()];
//! let inventory = inventory::take_inventory(&root, &named, &Surroundings::default(), Scope::default())?;
//! let plan = plan::make(&inventory, &Request::new(RealPath::known("/opt/app")));
//! let names: Vec<&str> = plan.packages.install.iter().map(|one| one.name.as_str()).collect();
//! assert_eq!(names, ["python3", "yaml"]);
//!
//! let directory = tempfile::tempdir()?;
//! let out = directory.path().join("bundle");
//! let papers = Papers {
//!     dockerfile: String::new(),
//!     runtime_packages: report::runtime_packages(&plan),
//!     installer: report::installer(&plan),
//!     installer_path: report::installer_path(&plan.prefix),
//!     program: None,
//! };
//! // 1980-01-01, the time of every file in the bundle.
//! bundle::write(&root, &plan, &papers, &out, Format::Directory, 315_532_800, &|_bytes| ())?;
//! assert!(out.join("rootfs/opt/app/pyvenv.cfg").is_file());
//! # Ok(())
//! # }
//! ```

#![deny(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr, reason = "only the command line prints")]

pub mod base;
pub mod bundle;
mod digest;
pub mod dockerfile;
pub mod elf;
pub mod escape;
pub mod evidence;
pub mod finding;
pub mod hint;
pub mod inventory;
pub mod loader;
pub mod lock;
pub mod observe;
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
pub mod similar;
pub mod temporary;
pub mod verify;
pub mod version;
pub mod wheelhouse;
