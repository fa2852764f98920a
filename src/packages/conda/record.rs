//! Conda's records of the packages in a prefix (`conda-meta/*.json`).
//!
//! rattler reads the records as conda, mamba and pixi write them.
//!
//! Invariant: no I/O; a record that cannot be understood costs only that record.

use std::path::{Component, Path};
use std::str::FromStr as _;

use rattler_conda_types::package::FileMode;
use rattler_conda_types::prefix_record::{PathType, PathsEntry};
use rattler_conda_types::{PrefixRecord, RepoDataRecord};
use serde_json::{Map, Value};
use url::Url;

use crate::packages::{Embedding, InPrefix, Manager, Package};
use crate::path::{RealPath, WrittenPath};

/// Reads the package of one record in the prefix where it is installed, and the problems of the
/// record.
pub(super) fn parse_record(
    text: &str,
    prefix: &RealPath,
) -> Result<(Package, Vec<String>), String> {
    let record = PrefixRecord::from_str(text).map_err(|error| error.to_string())?;
    let (mut problems, mut embeddings) = (Vec::new(), Vec::new());
    let mut package = Package::empty(Manager::Conda);
    for entry in &record.paths_data.paths {
        match below(&entry.relative_path) {
            Some(below) => {
                embeddings
                    .extend(embedding(entry, prefix).map(|embedding| (below.clone(), embedding)));
                package.installed_size += entry.size_in_bytes.unwrap_or_default();
                if entry.path_type != PathType::Directory {
                    package.files.push(prefix.descend(&below).as_str());
                }
            }
            None => problems.push(not_below(&entry.relative_path)),
        }
    }
    // Records of old condas, and those of a bundle, only have the names.
    let names = record.files.iter().filter(|_| record.paths_data.paths.is_empty());
    for path in names {
        match below(path) {
            Some(below) => package.files.push(prefix.descend(&below).as_str()),
            None => problems.push(not_below(path)),
        }
    }
    let about = &record.repodata_record.package_record;
    package.name = about.name.as_normalized().to_owned();
    // These become parts of file names.
    for part in [package.name.as_str(), about.build.as_str()] {
        if matches!(part, "." | "..")
            || part.contains(['/', '\\'])
            || !part.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(format!("not usable in the name of a file: {part:?}"));
        }
    }
    package.version = about.version.to_string();
    package.architecture = about.subdir.clone();
    package.license = about.license.clone();
    // `python >=3.11,<3.12.0a0`: the name is the first word. Names such as `__glibc` are not
    // packages.
    package.depends = about
        .depends
        .iter()
        .filter_map(|spec| spec.split([' ', '=', '<', '>', '!', '~', '[']).next())
        .map(one)
        .collect();
    let licences = record.extracted_package_dir.as_ref().and_then(|directory| directory.to_str());
    package.in_prefix = Some(Box::new(InPrefix {
        prefix: prefix.clone(),
        document: document(record.repodata_record.clone()).map_err(|error| error.to_string())?,
        licences: licences.map(|directory| WrittenPath::new(directory).join("info/licenses")),
        embeddings,
    }));
    Ok((package, problems))
}

fn not_below(path: &Path) -> String {
    format!("not a path below the prefix: {}", path.display())
}

fn one(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

/// The path below the prefix, of plain components only: a record may contain anything.
fn below(path: &Path) -> Option<String> {
    let parts = path.components().map(|component| match component {
        Component::Normal(part) => part.to_str().filter(|part| !part.contains('\0')),
        _ => None,
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn embedding(entry: &PathsEntry, prefix: &RealPath) -> Option<Embedding> {
    let placeholder = entry.prefix_placeholder.as_ref()?;
    let binary = entry.file_mode == Some(FileMode::Binary);
    Some(Embedding {
        prefix: prefix.to_string(),
        room: if binary { placeholder.len() } else { usize::MAX },
        binary,
    })
}

/// The record as its channel has it: no files, no paths of the builder, no token of a private
/// channel.
fn document(mut record: RepoDataRecord) -> serde_json::Result<Map<String, Value>> {
    let file = record.identifier.to_string();
    record.url = public(&record.url)
        .unwrap_or_else(|| Url::parse(&format!("file:///{file}")).expect("a file name is a path"));
    record.channel = record.channel.and_then(|channel| match Url::parse(&channel) {
        Ok(url) => public(&url).map(|url| url.to_string().trim_end_matches('/').to_owned()),
        Err(_) => (!channel.starts_with('/')).then_some(channel),
    });
    let mut document: Map<String, Value> = serde_json::from_value(serde_json::to_value(&record)?)?;
    document.retain(|_, value| !value.is_null());
    Ok(document)
}

/// A URL without user, password and the `/t/TOKEN` of its path; `None` for a folder of the builder.
fn public(url: &Url) -> Option<Url> {
    let mut url = url.clone();
    if url.scheme() == "file" || url.set_password(None).is_err() || url.set_username("").is_err() {
        return None;
    }
    if let Some((before, (_, after))) = url
        .path()
        .split_once("/t/")
        .map(|(before, rest)| (before, rest.split_once('/').unwrap_or((rest, ""))))
    {
        let path = format!("{before}/{after}");
        url.set_path(&path);
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::conda::write_record;

    const RECORD: &str = r#"{"name": "libgreet", "version": "1.2", "build": "h0_3", "build_number": 3, "subdir": "linux-64", "license": "MIT",
        "depends": ["libgcc-ng >=12", "__glibc >=2.17,<3.0.a0", "zlib"], "fn": "libgreet-1.2-h0_3.conda",
        "url": "https://user:secret@conda.example/main/linux-64/libgreet-1.2-h0_3.conda", "channel": "https://conda.example/main",
        "extracted_package_dir": "/opt/conda/pkgs/libgreet-1.2-h0_3", "files": ["lib/libgreet.so.1"],
        "paths_data": {"paths_version": 1, "paths": [
            {"_path": "lib/libgreet.so.1", "path_type": "hardlink", "size_in_bytes": 7, "file_mode": "binary", "prefix_placeholder": "/placehold_placehold"},
            {"_path": "etc/greet.conf", "path_type": "hardlink", "size_in_bytes": 5, "file_mode": "text", "prefix_placeholder": "/placehold_placehold"},
            {"_path": "share/greet", "path_type": "directory"},
            {"_path": "../../etc/passwd", "path_type": "hardlink"}]}}"#;

    #[test]
    fn a_record() {
        let (package, problems) = parse_record(RECORD, &RealPath::known("/opt/env")).unwrap();
        assert_eq!(problems, ["not a path below the prefix: ../../etc/passwd"]);
        assert_eq!(
            (package.name.as_str(), package.version.as_str(), package.installed_size),
            ("libgreet", "1.2", 12)
        );
        let files: Vec<String> = package.files.iter().collect();
        assert_eq!(files, ["/opt/env/lib/libgreet.so.1", "/opt/env/etc/greet.conf"]);
        assert_eq!(package.depends, [["libgcc-ng"], ["__glibc"], ["zlib"]]);
        let own = package.in_prefix.unwrap();
        let binary = Embedding { prefix: "/opt/env".to_owned(), room: 20, binary: true };
        assert_eq!(own.embeddings[0], ("lib/libgreet.so.1".to_owned(), binary));
        assert_eq!(
            own.document["url"],
            "https://conda.example/main/linux-64/libgreet-1.2-h0_3.conda"
        );
        assert!(
            !own.document.contains_key("files")
                && !own.document.contains_key("extracted_package_dir")
        );
    }

    #[test]
    fn truncation_never_panics() {
        for (end, _) in RECORD.char_indices() {
            assert!(parse_record(&RECORD[..end], &RealPath::known("/opt/env")).is_err(), "{end}");
        }
    }

    #[test]
    fn a_name_or_build_that_no_file_can_have_is_refused() {
        for text in [
            RECORD.replace(r#""h0_3""#, r#""../h0_3""#),
            RECORD.replace(r#""name": "libgreet""#, r#""name": "..""#),
        ] {
            let refused = parse_record(&text, &RealPath::known("/opt/env")).unwrap_err();
            assert!(refused.contains("not usable"), "{refused}");
        }
    }

    #[test]
    fn private_channels_stay_private() {
        for (url, channel, expect) in [
            (
                "https://conda.example/t/to-ken/main/x.conda",
                "https://conda.example/t/to-ken/main",
                ["https://conda.example/main/x.conda", "https://conda.example/main"],
            ),
            (
                "file:///builder/x.conda",
                "file:///builder",
                ["file:///libgreet-1.2-h0_3.conda", "-"],
            ),
            (
                "https://conda.example/x.conda",
                "conda-forge",
                ["https://conda.example/x.conda", "conda-forge"],
            ),
        ] {
            let text = RECORD.replace(
                "https://user:secret@conda.example/main/linux-64/libgreet-1.2-h0_3.conda",
                url,
            );
            let (package, _) = parse_record(
                &text.replace("https://conda.example/main", channel),
                &RealPath::known("/p"),
            )
            .unwrap();
            let own = package.in_prefix.as_deref().unwrap();
            let written = write_record(&package, own, &[]).content;
            let document: Value = serde_json::from_str(&written).unwrap();
            assert_eq!(
                ["url", "channel"]
                    .map(|key| document.get(key).and_then(Value::as_str).unwrap_or("-")),
                expect
            );
            assert!(parse_record(&written, &RealPath::known("/p")).is_ok(), "{written}");
        }
    }

    #[test]
    fn a_written_record_is_the_package_again() {
        let prefix = RealPath::known("/opt/env");
        let other = RECORD
            .replace("libgreet", "greet-data")
            .replace(r#""1.2""#, r#""1!2.0rc1""#)
            .replace("linux-64", "noarch")
            .replace(r#""license": "MIT","#, "");
        let old = r#"{"name": "old", "version": "3", "build": "0", "build_number": 0, "subdir": "linux-64", "depends": [],
            "fn": "old-3-0.tar.bz2", "url": "https://conda.example/linux-64/old-3-0.tar.bz2",
            "channel": "https://conda.example", "files": ["lib/old.so", "../out"]}"#;
        for (text, name) in [
            (RECORD, "libgreet-1.2-h0_3.json"),
            (&other, "greet-data-1!2.0rc1-h0_3.json"),
            (old, "old-3-0.json"),
        ] {
            let (package, problems) = parse_record(text, &prefix).unwrap();
            assert_eq!(problems.len(), 1, "{problems:?}");
            let files: Vec<RealPath> =
                package.files.iter().map(|path| RealPath::known(&path)).collect();
            let own = package.in_prefix.as_deref().unwrap();
            let file = write_record(&package, own, &files.iter().collect::<Vec<_>>());
            assert_eq!(file.path, prefix.join("conda-meta").join(name));
            let (mut again, problems) = parse_record(&file.content, &prefix).unwrap();
            assert_eq!(problems, [] as [String; 0]);
            // A bundle needs none of these: sizes, paths in the builder, and prefixes that were
            // replaced.
            again.installed_size = package.installed_size;
            let mut expect = package.clone();
            let bundled = expect.in_prefix.as_mut().unwrap();
            (bundled.licences, bundled.embeddings) = (None, Vec::new());
            assert_eq!(again, expect);
        }
    }
}
