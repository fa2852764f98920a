//! The content of one file of the environment in the bundle.
//!
//! Invariant: a file is in the bundle, or has a reason why it is left out.

use std::collections::HashMap;

use super::content::{FileContent, Refusal};
use super::destination::Destinations;
use super::left_out::LeftOutInfos;
use super::{path_files, scripts};
use crate::finding::Code;
use crate::inventory::{FileFact, Inventory};
use crate::path::RealPath;
use crate::plan::entry::Action;
use crate::plan::request::Shebang;
use crate::python::{self, Distribution, PathFile, PathLine};
use crate::root::Kind;

/// Why a file is left out that leads to the source of an editable install.
pub(crate) const LEADS: &str =
    "ways to source: the source of the editable install itself is bundled";

/// Decides the contents of the files of one plan.
pub(crate) struct Contents<'a> {
    pub inventory: &'a Inventory,
    pub destinations: &'a Destinations<'a>,
    /// The path files of the environment, by path.
    pub path_files: HashMap<&'a RealPath, &'a PathFile>,
    /// The metadata of distributions that are left out.
    pub left_out: LeftOutInfos<'a>,
    pub shebang: Shebang,
}

impl Contents<'_> {
    /// The content of a file of `distribution` in the bundle.
    pub(crate) fn decide(
        &self,
        file: &FileFact,
        distribution: Option<&Distribution>,
    ) -> Result<FileContent, Refusal> {
        if let Some(one) = self.path_files.get(&file.path) {
            return self.path_file(one).map(FileContent::from);
        }
        match &file.meta.kind {
            Kind::Link(target) => return self.link(file, target).map(FileContent::from),
            Kind::File => {}
            Kind::Directory => return Ok(Action::Directory.into()),
            Kind::Special => {
                return Err(Refusal::with_warning(
                    "neither a file nor a link",
                    Code::SpecialFile,
                    &file.path,
                    "is neither a file nor a link, so it is left out",
                ));
            }
        }
        let directory = file.path.parent();
        if let Some(distribution) = distribution
            && directory.as_ref() == Some(&distribution.info)
            && let Some(metadata) = metadata(file.path.name(), distribution)
        {
            return metadata.map(FileContent::from);
        }
        if let Some(text) = self.inventory.descriptions.get(&file.path) {
            let content = self.inventory.replace_prefixes(text, self.destinations.prefix);
            return Ok(Action::Write { content }.into());
        }
        if self.inventory.environment.is_command(&file.path) {
            let python = self.destinations.prefix.descend("bin/python");
            return Ok(scripts::rewrite(self.inventory, self.shebang, &python, file));
        }
        Ok(Action::Copy.into())
    }

    /// A path file with each line that names a place of the builder rewritten.
    fn path_file(&self, file: &PathFile) -> Result<Action, Refusal> {
        let environment = &self.inventory.environment;
        let sources = |to: &RealPath| {
            !environment.in_whole_prefix(to) || environment.sources().any(|source| source == to)
        };
        let led = self.inventory.leads.contains(&file.path);
        let absolute =
            |line: &PathLine| matches!(line, PathLine::Path { text, .. } if text.starts_with('/'));
        if !led && !file.lines.iter().any(absolute) {
            return Ok(Action::Copy);
        }
        let of_packages = |to: &RealPath| {
            !environment.in_whole_prefix(to) && !self.inventory.packages_below(to).is_empty()
        };
        path_files::rewrite(file, &|path| self.destinations.find(path), &sources, &of_packages)
            .map(|content| Action::Write { content })
            .ok_or(Refusal::from(LEADS))
    }

    /// A link to something of the environment. Whether that is bundled too is not known yet.
    fn link(&self, file: &FileFact, target: &str) -> Result<Action, Refusal> {
        let Some(leads_to) = &file.leads_to else {
            return Err(Refusal::with_warning(
                "a link that leads nowhere",
                Code::DanglingLink,
                &file.path,
                &format!(
                    "links to {target}, which leads nowhere in the builder, so it is left out"
                ),
            ));
        };
        if file.provider.is_some() {
            return Ok(Action::Link { target: leads_to.to_string() });
        }
        let (Some(from), Some(to)) = (
            self.destinations.find(&file.path).and_then(|from| from.parent()),
            self.destinations.find(leads_to),
        ) else {
            return Err(Refusal::lost("a link out of the environment that cannot be followed"));
        };
        let stays = leads_straight(&from, target).as_ref() == Some(&to);
        let target = if stays { target.to_owned() } else { to.relative_to(&from) };
        Ok(Action::Link { target })
    }
}

/// Where a relative target leads from a directory without links, when no `..` follows a name.
fn leads_straight(directory: &RealPath, target: &str) -> Option<RealPath> {
    let mut at = directory.clone();
    let mut down = false;
    for part in target.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            at = at.parent().filter(|_| !down)?;
        } else {
            down = true;
            at = at.join(part);
        }
    }
    (!target.starts_with('/')).then_some(at)
}

/// The decision for files of `.dist-info` that describe the installation; `None` for all others.
fn metadata(name: &str, distribution: &Distribution) -> Option<Result<Action, Refusal>> {
    match name {
        "RECORD" => Some(Ok(Action::Record)),
        // A distribution has the same bytes in every bundle, whichever installer was used.
        "INSTALLER" => Some(Ok(Action::Write { content: "wheelbarrow\n".to_owned() })),
        "REQUESTED" | "uv_cache.json" | "uv_build.json" => {
            Some(Err("receipts: it describes the installation in the builder".into()))
        }
        "direct_url.json" => {
            let text = distribution.direct_url.as_deref().unwrap_or_default();
            Some(match python::portable_direct_url(text) {
                Some(same) if same == text => Ok(Action::Copy),
                Some(content) => Ok(Action::Write { content }),
                None => Err("receipts: it contains only a path of the builder".into()),
            })
        }
        _ => None,
    }
}
