//! An image that is a file: its layers, applied on top of each other, are a tree.
//!
//! An OCI image layout is a directory or an archive of one; `docker save`, `podman save` and
//! `skopeo copy` write archives (<https://github.com/opencontainers/image-spec>, image-layout.md and
//! layer.md; <https://github.com/moby/docker-image-spec/blob/main/v1.2.md>). A file of a layer is read
//! where it is. Only a compressed layer is unpacked, into a file without a name.
//!
//! Invariant: every layer is the one that the configuration of the image names by its SHA-256.

mod documents;
mod layer;
mod node;
mod slice;
mod source;

use std::io;
use std::path::Path;

pub use documents::DockerImage;
use layer::Layer;
use node::{Node, Stored};
use rayon::prelude::*;
use slice::Slice;
use source::Source;

use super::{Content, Entry, Kind, Meta, RootError, Tree};
use crate::path::RealPath;

/// The reason why an image cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Neither a layout nor an archive with one.
    #[error("it holds no image: neither index.json nor manifest.json is in it")]
    NoImage,
    /// Nothing says which of several images is meant.
    #[error("it holds several images: {}", .0.join(", "))]
    Several(Vec<String>),
    /// A part that the documents name is not there.
    #[error("{0} is missing in it")]
    Missing(String),
    /// A part is not what it should be.
    #[error("{part}: {reason}")]
    Damaged {
        /// The path of the part in the layout or archive.
        part: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A part cannot be read, or a layer cannot be unpacked.
    #[error("cannot {operation} {part}: {source}")]
    Io {
        /// `read` or `unpack`.
        operation: &'static str,
        /// The path of the part in the layout or archive.
        part: String,
        /// The error of the system call.
        source: io::Error,
    },
}

impl ImageError {
    fn damaged(part: &str, reason: impl ToString) -> ImageError {
        ImageError::Damaged { part: part.to_owned(), reason: reason.to_string() }
    }

    fn read(part: &str) -> impl FnOnce(io::Error) -> ImageError {
        let part = part.to_owned();
        move |source| ImageError::Io { operation: "read", part, source }
    }
}

/// The file system of an image.
pub struct Image {
    top: Node,
    layers: Vec<Slice>,
}

impl Image {
    /// Whether there is an image at a path of the host, by its first bytes: an archive, or a directory
    /// with a layout.
    pub fn is_at(path: &Path) -> bool {
        if path.is_dir() { path.join("oci-layout").is_file() } else { source::is_archive(path) }
    }

    /// Opens the only image of a layout or an archive.
    ///
    /// # Errors
    /// It holds no image or several, a part is missing or damaged, or a read fails.
    pub fn open(path: &Path) -> Result<Image, ImageError> {
        let source = Source::open(path)?;
        let parts = documents::read(&source)?;
        let layers: Vec<Layer> = parts
            .par_iter()
            .map(|part| Layer::open(&source, part))
            .collect::<Result<_, ImageError>>()?;
        let mut top = Node::directory();
        for (number, (layer, part)) in layers.iter().zip(&parts).enumerate() {
            top.apply(number, &layer.entries)
                .map_err(|reason| ImageError::damaged(&part.name, reason))?;
        }
        Ok(Image { top, layers: layers.into_iter().map(|layer| layer.content).collect() })
    }
}

impl Tree for Image {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        Ok(self.top.find(path).map(|node| node.meta.clone()))
    }

    fn has_capabilities(&self, path: &RealPath) -> Result<bool, RootError> {
        let stored = self.top.find(path).and_then(|node| node.stored.as_ref());
        Ok(stored.is_some_and(|stored| stored.has_capabilities))
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        match self.top.find(path).and_then(|node| node.stored.as_ref()) {
            Some(Stored { layer, offset, size, .. }) => {
                Ok(Box::new(self.layers[*layer].part(*offset, *size)))
            }
            None => Err(RootError::NotFile { path: path.to_string() }),
        }
    }

    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        let Some(start) = self.top.find(top) else { return Vec::new() };
        let mut all: Vec<_> = start.unnamed(top).collect();
        let mut levels = vec![(top.clone(), start.children.iter())];
        while let Some((directory, children)) = levels.last_mut() {
            let Some((name, node)) = children.next() else {
                levels.pop();
                continue;
            };
            let is_directory = node.meta.kind == Kind::Directory;
            if is_directory && !enter(name) {
                continue;
            }
            let path = directory.join(name);
            all.push(Ok(Entry { path: path.clone(), meta: node.meta.clone() }));
            if is_directory && levels.len() < depth {
                all.extend(node.unnamed(&path));
                levels.push((path, node.children.iter()));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests;
