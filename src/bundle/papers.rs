//! The files of a bundle next to `rootfs/`.
//!
//! Invariant: the manifest is written after all others, and lists them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::output::Output;
use super::{BundleError, PROGRAM};
use crate::path::RealPath;

/// The contents of files next to `rootfs/`.
pub struct Papers {
    /// `Dockerfile.final`.
    pub dockerfile: String,
    /// `runtime-packages.txt`: the packages to install, one a line.
    pub runtime_packages: String,
    /// The program that installs the OS packages.
    pub installer: String,
    /// The path of the installer in the final root.
    pub installer_path: RealPath,
    /// The program to copy as [`PROGRAM`], a file of the host.
    pub program: Option<PathBuf>,
}

impl Output {
    /// Writes all of them but the manifest.
    pub(super) fn papers(&self, papers: &Papers) -> Result<(), BundleError> {
        self.paper("runtime-packages.txt", &papers.runtime_packages)?;
        self.paper("Dockerfile.final", &papers.dockerfile)?;
        self.program("packages", &papers.installer_path, &papers.installer)?;
        papers.program.as_ref().map_or(Ok(()), |program| self.copy_program(program, PROGRAM))
    }

    /// The files that are there, relative to the bundle and sorted, without those of the final root.
    pub(super) fn list_papers(&self) -> Result<Vec<String>, BundleError> {
        let trees = ["rootfs", "layers"].map(|tree| self.top.join(tree));
        let (mut pending, mut found) = (vec![self.top.clone()], Vec::new());
        let mut list = || -> io::Result<()> {
            while let Some(directory) = pending.pop() {
                for entry in fs::read_dir(directory)? {
                    let entry = entry?;
                    if !entry.file_type()?.is_dir() {
                        found.push(entry.path());
                    } else if !trees.contains(&entry.path()) {
                        pending.push(entry.path());
                    }
                }
            }
            Ok(())
        };
        list().map_err(BundleError::write("list", "the bundle"))?;
        let relative = |path: &PathBuf| {
            let below = path.strip_prefix(&self.top).expect("it was found there");
            below.to_str().expect("wheelbarrow named it").to_owned()
        };
        let mut relative: Vec<String> = found.iter().map(relative).collect();
        relative.sort();
        Ok(relative)
    }

    /// Writes a file next to `rootfs/`.
    pub(super) fn paper(&self, name: &str, text: &str) -> Result<(), BundleError> {
        let write = || -> io::Result<()> {
            let mut file = self.file(&self.top.join(name), 0o644)?;
            file.write_all(text.as_bytes())?;
            self.close(&file)?;
            file.sync_all()
        };
        write().map_err(BundleError::write("write", name))
    }

    /// A program alone in a tree of its own, beside `rootfs/`.
    pub(super) fn program(&self, tree: &str, to: &RealPath, text: &str) -> Result<(), BundleError> {
        let tree = self.top.join(tree);
        self.parents(&tree, to)?;
        let write = || -> io::Result<()> {
            let mut file = self.file(&tree.join(to.relative()), 0o755)?;
            file.write_all(text.as_bytes())?;
            self.close(&file)
        };
        write().map_err(BundleError::write("write", to))
    }

    /// Copies a program of the host next to `rootfs/`.
    pub(super) fn copy_program(&self, program: &Path, name: &str) -> Result<(), BundleError> {
        let copy = || -> io::Result<()> {
            let mut file = self.file(&self.top.join(name), 0o755)?;
            io::copy(&mut fs::File::open(program)?, &mut file)?;
            self.close(&file)
        };
        copy().map_err(BundleError::write("write", name))
    }
}
