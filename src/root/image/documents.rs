//! The documents of an image: which blobs are its layers, and what they must be.
//!
//! Invariant: one image is meant, or the answer is an error that names all.

use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ImageError, Source};

/// An index may name indexes, at most this deep.
const DEEPEST_INDEX: usize = 8;
/// The media types of a list of images: that of OCI, and that of Docker's registries.
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// The annotation of BuildKit on a manifest that describes another one, and is no image.
const ATTESTATION: &str = "vnd.docker.reference.type";
/// The annotation with the name of an image (annotations.md).
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// One element of `manifest.json`, with the paths of its blobs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DockerImage {
    /// The path of the configuration.
    pub config: String,
    /// The names of the image; none if it has only a digest.
    #[serde(default, deserialize_with = "list_or_null")]
    pub repo_tags: Vec<String>,
    /// The paths of the layers, the lowest first.
    pub layers: Vec<String>,
}

/// `docker save` writes `null` for no names.
fn list_or_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The blob of one layer.
pub(super) struct LayerPart {
    /// The path in the layout or archive.
    pub(super) name: String,
    /// The digest of the layer without compression, `sha256:` and hexadecimal digits.
    pub(super) diff_id: String,
}

/// The layers of the only image, the lowest first.
pub(super) fn read(source: &Source) -> Result<Vec<LayerPart>, ImageError> {
    let (config, layers) = match source.document("index.json")? {
        Some(bytes) => of_layout(source, &bytes)?,
        None => of_docker(source)?,
    };
    let bytes = source.document(&config)?.ok_or_else(|| ImageError::Missing(config.clone()))?;
    let facts: ImageConfiguration = parse(&config, &bytes)?;
    let diff_ids = facts.rootfs().diff_ids();
    if diff_ids.len() != layers.len() {
        let reason =
            format!("{} layers are expected, and there are {}", diff_ids.len(), layers.len());
        return Err(ImageError::damaged(&config, reason));
    }
    let parts = layers.into_iter().zip(diff_ids);
    Ok(parts.map(|(name, diff_id)| LayerPart { name, diff_id: diff_id.clone() }).collect())
}

/// The paths of the configuration and of the layers in `manifest.json`.
fn of_docker(source: &Source) -> Result<(String, Vec<String>), ImageError> {
    let name = "manifest.json";
    let bytes = source.document(name)?.ok_or(ImageError::NoImage)?;
    let mut images: Vec<DockerImage> = parse(name, &bytes)?;
    match (images.pop(), images.is_empty()) {
        (Some(image), true) => Ok((image.config, image.layers)),
        (None, _) => Err(ImageError::NoImage),
        (last, false) => {
            let all = images.iter().chain(&last);
            Err(ImageError::Several(all.map(|image| image.repo_tags.join(" ")).collect()))
        }
    }
}

/// The paths of the configuration and of the layers in a layout.
fn of_layout(source: &Source, index: &[u8]) -> Result<(String, Vec<String>), ImageError> {
    let mut images = Vec::new();
    find_images(source, "index.json", index, DEEPEST_INDEX, &mut images)?;
    images.sort_by(|one, other| one.0.cmp(&other.0));
    images.dedup_by(|one, other| one.0 == other.0);
    match (images.pop(), images.is_empty()) {
        (Some((name, _)), true) => {
            let bytes = source.document(&name)?.ok_or(ImageError::NoImage)?;
            let manifest: ImageManifest = parse(&name, &bytes)?;
            let layers = manifest.layers().iter().map(blob_path).collect();
            Ok((blob_path(manifest.config()), layers))
        }
        (None, _) => Err(ImageError::NoImage),
        (last, false) => {
            let all = images.iter().chain(&last);
            Err(ImageError::Several(all.map(|(_, image)| image.clone()).collect()))
        }
    }
}

/// Collects the manifests of images whose blob is there, with the name that tells them apart. An archive for one
/// platform may have the index of all.
fn find_images(
    source: &Source,
    name: &str,
    index: &[u8],
    depth: usize,
    images: &mut Vec<(String, String)>,
) -> Result<(), ImageError> {
    let index: ImageIndex = parse(name, index)?;
    for descriptor in index.manifests() {
        let path = blob_path(descriptor);
        let is_index = match descriptor.media_type() {
            MediaType::ImageIndex => true,
            MediaType::Other(other) => other == DOCKER_INDEX,
            _ => false,
        };
        let annotation =
            |key: &str| descriptor.annotations().as_ref().and_then(|all| all.get(key)).cloned();
        if annotation(ATTESTATION).is_some() || source.find(&path)?.is_none() {
            continue;
        }
        if !is_index {
            let platform = descriptor.platform().as_ref();
            let platform = platform.map(|one| format!("{}/{}", one.os(), one.architecture()));
            let words = [annotation(REFERENCE), platform].into_iter().flatten();
            let words: Vec<String> = words.collect();
            let shown = if words.is_empty() { path.clone() } else { words.join(" ") };
            images.push((path, shown));
        } else if let (Some(bytes), Some(depth)) = (source.document(&path)?, depth.checked_sub(1)) {
            find_images(source, &path, &bytes, depth, images)?;
        } else {
            return Err(ImageError::damaged(&path, "too many indexes lead to it"));
        }
    }
    Ok(())
}

/// The path of a blob (image-layout.md).
fn blob_path(descriptor: &Descriptor) -> String {
    let digest = descriptor.digest();
    format!("blobs/{}/{}", digest.algorithm(), digest.digest())
}

fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|error| ImageError::damaged(name, error))
}
