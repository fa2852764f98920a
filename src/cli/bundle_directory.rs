//! Written bundles: their manifests, and their trees on top of a final root.
//!
//! Invariant: nothing is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wheelbarrow::bundle::{ImageManifest, MANIFEST, Manifest};
use wheelbarrow::path::RealPath;
use wheelbarrow::plan::DEFAULT_PREFIX;
use wheelbarrow::report::Application;
use wheelbarrow::root::{Image, Root, Tree, Union};

use super::host;
use super::settings::plain_path;
use super::trouble::Trouble;

/// A final root with the bundle in it: its prefix, and the manifest of the bundle that was named.
pub(crate) fn final_root(
    bundle: Option<&Path>,
    root: &Path,
    typed: Option<&str>,
) -> Result<(Root, RealPath, Option<ImageManifest>), Trouble> {
    let typed = typed.map(|typed| plain_path("--prefix", typed)).transpose()?;
    let base = host::open(root, &[])?.tree;
    let Some(bundle) = bundle else {
        return Ok((
            Root::new(base),
            typed.unwrap_or_else(|| RealPath::known(DEFAULT_PREFIX)),
            None,
        ));
    };
    let manifest = read_manifest(bundle)?.manifest;
    let trees = open_trees(bundle)?;
    let all = std::iter::once(base).chain(trees).collect();
    let prefix = typed.unwrap_or_else(|| manifest.prefix.clone());
    Ok((Root::new(Union(all)), prefix, Some(ImageManifest::from(&manifest))))
}

/// The trees that a final stage copies: one, or one per layer, or those of an image layout as one.
fn open_trees(bundle: &Path) -> Result<Vec<Arc<dyn Tree>>, Trouble> {
    let open = |path: &Path| Ok(host::open(path, &[])?.tree);
    if Image::is_at(bundle) {
        return Ok(vec![open(bundle)?]);
    }
    let layers = bundle.join("layers");
    let listed = host::list_directory(&layers).map_err(|error| {
        Trouble::without_hint(format!("cannot list {}: {error}", layers.display()))
    })?;
    let trees: Vec<PathBuf> = listed.unwrap_or_else(|| vec![bundle.join("rootfs")]);
    trees.iter().map(|tree| open(tree)).collect()
}

/// The manifest of a bundle that is named by its directory; another path is the file itself.
pub(crate) fn manifest_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(MANIFEST) } else { path.to_owned() }
}

/// A bundle by its directory or its manifest, called as it was typed: many are called `bundle`.
fn read_manifest(path: &Path) -> Result<Application, Trouble> {
    let file = manifest_file(path);
    let named = if path.ends_with(MANIFEST) { path.parent().unwrap_or(path) } else { path };
    let name = named.to_string_lossy();
    let name = name.trim_end_matches('/').to_owned();
    let text = host::read_file(&file).map_err(|error| {
        Trouble::new(
            format!("cannot read {}: {error}", file.display()),
            "give the directories that bundle wrote, or their wheelbarrow.json",
        )
    })?;
    let manifest = Manifest::parse(&text)
        .map_err(|error| Trouble::at(&format!("{} is no manifest", file.display()), &error))?;
    Ok(Application { name, manifest })
}

/// A bundle that was cut into layers.
pub(crate) fn cut_application(path: &Path) -> Result<Application, Trouble> {
    let application = read_manifest(path)?;
    if application.manifest.layers.is_empty() {
        return Err(Trouble::new(
            format!("{} has no layers to compare", application.name),
            "bundle it with --layers",
        ));
    }
    Ok(application)
}
