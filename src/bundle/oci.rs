//! Writes the layers as an OCI image layout, for builds without a Docker daemon
//! (<https://github.com/opencontainers/image-spec>, image-layout.md and layer.md).
//!
//! A layer is a tar of the written files in path order, with their parent directories, one time and
//! owner 0:0. The same layer therefore has the same digest in every application and in every run.
//!
//! `docker load` reads `manifest.json` unless its image store is that of containerd, so this file
//! is written too, as by `docker save`
//! (<https://github.com/moby/docker-image-spec/blob/main/v1.2.md>).
//!
//! Invariant: only files that were just written are read.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::str::FromStr as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use oci_spec::OciSpecError;
use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, HistoryBuilder, ImageConfiguration, ImageConfigurationBuilder,
    ImageIndexBuilder, ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, RootFsBuilder,
    Sha256Digest,
};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use super::output::Output;
use super::{BundleError, Written};
use crate::digest::hex;
use crate::path::RealPath;
use crate::plan::{Action, Plan, PlannedEntry};
use crate::root::DockerImage;

/// The PATH after the environment's own directory.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The blob of one layer.
struct LayerBlob {
    name: String,
    descriptor: Descriptor,
    /// The digest of the tar before compression, `sha256:...`.
    diff_id: String,
}

/// Packs `layers/` of the output into blobs, writes the documents that name them, and removes
/// `layers/`. `time` is in seconds since the epoch.
pub(super) fn pack(
    output: &Output,
    plan: &Plan,
    all: &[(&PlannedEntry, &Written)],
    time: u64,
) -> Result<(), BundleError> {
    let made =
        |why: OciSpecError| BundleError::write("make", "the image layout")(io::Error::other(why));
    output.folder("blobs")?;
    output.folder("blobs/sha256")?;
    let pack_one = |name: &String| -> Result<LayerBlob, BundleError> {
        let own: Vec<_> =
            all.iter().copied().filter(|(entry, _)| entry.layer.as_ref() == Some(name)).collect();
        layer(output, name, &own, time).map_err(BundleError::write("pack", name))
    };
    let layers: Vec<LayerBlob> =
        plan.layers.par_iter().map(|layer| pack_one(&layer.name)).collect::<Result<_, _>>()?;
    fs::remove_dir_all(output.top.join("layers"))
        .map_err(BundleError::write("remove", "layers"))?;
    let config =
        document(output, MediaType::ImageConfig, &configuration(plan, &layers).map_err(made)?)?;
    let layers: Vec<Descriptor> = layers.into_iter().map(|layer| layer.descriptor).collect();
    let docker = DockerImage {
        config: blob_path(&config),
        repo_tags: Vec::new(),
        layers: layers.iter().map(blob_path).collect(),
    };
    output.paper("manifest.json", &text(&[docker]))?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .config(config)
        .layers(layers)
        .build()
        .map_err(made)?;
    let manifest = document(output, MediaType::ImageManifest, &manifest)?;
    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageIndex)
        .manifests(vec![manifest])
        .build();
    output.paper("index.json", &text(&index.map_err(made)?))?;
    let layout = OciLayoutBuilder::default().image_layout_version("1.0.0").build();
    output.paper("oci-layout", &text(&layout.map_err(made)?))?;
    output.stamp("blobs/sha256")?;
    output.stamp("blobs")
}

fn configuration(plan: &Plan, layers: &[LayerBlob]) -> Result<ImageConfiguration, OciSpecError> {
    let diff_ids: Vec<String> = layers.iter().map(|layer| layer.diff_id.clone()).collect();
    let history = layers.iter().map(|layer| {
        HistoryBuilder::default().created_by(format!("wheelbarrow {}", layer.name)).build()
    });
    ImageConfigurationBuilder::default()
        .architecture(architecture(&plan.interpreter_facts.architecture))
        .os(Os::Linux)
        .config(
            ConfigBuilder::default()
                .env(vec![format!("PATH={}/bin:{SEARCH_PATH}", plan.prefix)])
                .build()?,
        )
        .rootfs(RootFsBuilder::default().typ("layers").diff_ids(diff_ids).build()?)
        .history(history.collect::<Result<Vec<_>, _>>()?)
        .build()
}

/// The `GOARCH` of a machine from `uname -m`.
fn architecture(machine: &str) -> Arch {
    match machine {
        "x86_64" => Arch::Amd64,
        "aarch64" => Arch::ARM64,
        "i386" | "i686" => Arch::i386,
        "riscv64" => Arch::RISCV64,
        "ppc64le" => Arch::PowerPC64le,
        "s390x" => Arch::s390x,
        other if other.starts_with("arm") => Arch::ARM,
        other => Arch::Other(other.to_owned()),
    }
}

fn text(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("plain data")
}

/// Writes a document as a blob.
fn document(
    output: &Output,
    media_type: MediaType,
    document: &impl Serialize,
) -> Result<Descriptor, BundleError> {
    let text = text(document);
    let digest = hex(&Sha256::digest(&text));
    output.paper(&format!("blobs/sha256/{digest}"), &text)?;
    Ok(descriptor(media_type, text.len() as u64, &digest))
}

fn descriptor(media_type: MediaType, size: u64, digest: &str) -> Descriptor {
    Descriptor::new(media_type, size, Sha256Digest::from_str(digest).expect("our own hash"))
}

fn blob_path(descriptor: &Descriptor) -> String {
    format!("blobs/sha256/{}", descriptor.digest().digest())
}

/// Packs one layer; the blob gets its name when its digest is known.
fn layer(
    output: &Output,
    name: &str,
    entries: &[(&PlannedEntry, &Written)],
    time: u64,
) -> io::Result<LayerBlob> {
    let temporary = output.top.join(format!("blobs/{name}"));
    let blob = Hashing::new(BufWriter::new(output.file(&temporary, 0o644)?));
    let mut tar = tar::Builder::new(Hashing::new(GzEncoder::new(blob, Compression::default())));
    let mut made: Vec<RealPath> = vec![RealPath::root()];
    for (entry, written) in entries {
        let missing: Vec<RealPath> =
            entry.to.ancestors().take_while(|parent| !made.contains(parent)).collect();
        // Entries come in path order, so a directory that is no parent of this entry is complete.
        made.retain(|parent| entry.to.below(parent).is_some());
        for parent in missing.into_iter().rev() {
            tar.append_data(
                &mut header(EntryType::Directory, 0o755, 0, time),
                format!("{}/", parent.relative()),
                io::empty(),
            )?;
            made.push(parent);
        }
        let path = entry.to.relative();
        let mode = u32::from_str_radix(&written.mode, 8).expect("our own mode");
        match &written.link {
            None if entry.action == Action::Directory => tar.append_data(
                &mut header(EntryType::Directory, mode, 0, time),
                format!("{path}/"),
                io::empty(),
            )?,
            Some(target) => {
                tar.append_link(&mut header(EntryType::Symlink, 0o777, 0, time), path, target)?
            }
            None => {
                let file = File::open(output.top.join("layers").join(name).join(path))?;
                tar.append_data(
                    &mut header(EntryType::Regular, mode, written.size, time),
                    path,
                    BufReader::new(file),
                )?;
            }
        }
    }
    let (gzip, diff_id, _) = tar.into_inner()?.finish();
    let (file, digest, size) = gzip.finish()?.finish();
    output.close(&file.into_inner()?)?;
    fs::rename(temporary, output.top.join("blobs/sha256").join(&digest))?;
    Ok(LayerBlob {
        name: name.to_owned(),
        descriptor: descriptor(MediaType::ImageLayerGzip, size, &digest),
        diff_id: format!("sha256:{diff_id}"),
    })
}

fn header(kind: EntryType, mode: u32, size: u64, time: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Hashes and counts the bytes that pass through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Hashing<W> {
    fn new(inner: W) -> Hashing<W> {
        Hashing { inner, hash: Sha256::new(), size: 0 }
    }

    fn finish(self) -> (W, String, u64) {
        (self.inner, hex(&self.hash.finalize()), self.size)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
