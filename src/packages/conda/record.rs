//! Conda's records of what is installed in a prefix (`conda-meta/*.json`), and files that move out of it.
//!
//! rattler reads the records and replaces prefixes, so both are as conda, mamba and pixi have them. Nothing
//! is downloaded, solved or installed here.
//!
//! Invariant: the only place that names rattler; no I/O; a record that cannot be understood costs that
//! record only.

use std::path::{Component, Path};
use std::str::FromStr as _;

use rattler::install::link::{
    CStringOccurrences, copy_and_replace_cstring_placeholder, copy_and_replace_textual_placeholder,
    find_cstring_occurrences,
};
use rattler_conda_types::package::{FileMode, OffsetEncoding};
use rattler_conda_types::prefix_record::{PathType, PathsEntry};
use rattler_conda_types::{PrefixRecord, RepoDataRecord, Subdir};
use serde_json::{Map, Value};
use url::Url;

use crate::packages::{Embedding, InPrefix, Manager, Package};
use crate::path::{RealPath, WrittenPath};

/// The package of one record in the prefix that it is installed in, with what is wrong with it.
pub fn parse_record(text: &str, prefix: &RealPath) -> Result<(Package, Vec<String>), String> {
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
                    package.files.push(prefix.descend(&below).to_string());
                }
            }
            None => problems
                .push(format!("not a path below the prefix: {}", entry.relative_path.display())),
        }
    }
    // Records of old condas have the names alone.
    if record.paths_data.paths.is_empty() {
        package.files = record
            .files
            .iter()
            .filter_map(|path| below(path))
            .map(|below| prefix.descend(&below).to_string())
            .collect();
    }
    let about = &record.repodata_record.package_record;
    package.name = about.name.as_normalized().to_owned();
    package.version = about.version.to_string();
    package.architecture = about.subdir.clone();
    package.license = about.license.clone();
    // `python >=3.11,<3.12.0a0`: the name is the first word, and those of `__glibc` are not packages.
    package.depends = about
        .depends
        .iter()
        .filter_map(|spec| spec.split([' ', '=', '<', '>', '!', '~', '[']).next())
        .map(one)
        .collect();
    let licences = record.extracted_package_dir.as_ref().and_then(|directory| directory.to_str());
    package.in_prefix = Some(Box::new(InPrefix {
        prefix: prefix.clone(),
        document: document(record.repodata_record.clone()),
        licences: licences.map(|directory| WrittenPath::new(directory).join("info/licenses")),
        embeddings,
    }));
    Ok((package, problems))
}

fn one(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

/// The path as one below the prefix, of plain components only: a record may say anything.
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

/// The record as its channel has it: no files, no paths of the builder, no token of a private channel.
fn document(mut record: RepoDataRecord) -> Map<String, Value> {
    let file = record.identifier.to_string();
    record.url = public(&record.url)
        .unwrap_or_else(|| Url::parse(&format!("file:///{file}")).expect("a file name is a path"));
    record.channel = record.channel.and_then(|channel| match Url::parse(&channel) {
        Ok(url) => public(&url).map(|url| url.to_string().trim_end_matches('/').to_owned()),
        Err(_) => (!channel.starts_with('/')).then_some(channel),
    });
    let mut document = match serde_json::to_value(&record) {
        Ok(Value::Object(document)) => document,
        _ => Map::new(),
    };
    document.retain(|_, value| !value.is_null());
    document
}

/// A place on the network without user, password and the `/t/TOKEN` of a path; a folder of the builder is none.
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

/// The bytes of a file with another prefix in them, as rattler installs it there.
pub fn with_prefix(bytes: &[u8], from: &Embedding, to: &str) -> Result<Vec<u8>, String> {
    let mut changed = Vec::with_capacity(bytes.len());
    let result = if !from.binary {
        copy_and_replace_textual_placeholder(
            bytes,
            &mut changed,
            &from.prefix,
            to,
            &Subdir::Linux64,
        )
    } else if to.len() <= from.prefix.len() {
        copy_and_replace_cstring_placeholder(bytes, &mut changed, &from.prefix, to)
    } else {
        let placeholder = format!("{:_<room$}", from.prefix, room = from.room);
        let restored = restored(bytes, &from.prefix, &placeholder)?;
        copy_and_replace_cstring_placeholder(&restored, &mut changed, &placeholder, to)
    };
    result.map(|()| changed).map_err(|error| error.to_string())
}

/// The file with its placeholder in place of a shorter prefix, into the zeros that the installer left behind
/// each string when it put the prefix there.
fn restored(bytes: &[u8], prefix: &str, placeholder: &str) -> Result<Vec<u8>, String> {
    let mut restored = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for CStringOccurrences { offsets, nul_pos, encoding } in find_cstring_occurrences(bytes, prefix)
    {
        let grows = offsets.len() * (placeholder.len() - prefix.len());
        let end = nul_pos + grows;
        let has_room =
            bytes.get(nul_pos..=end).is_some_and(|room| room.iter().all(|byte| *byte == 0));
        if encoding != OffsetEncoding::Utf8 || !has_room {
            return Err(format!(
                "the string at offset {} has no room for a longer prefix",
                offsets[0]
            ));
        }
        for offset in offsets {
            restored.extend_from_slice(&bytes[done..offset]);
            restored.extend_from_slice(placeholder.as_bytes());
            done = offset + prefix.len();
        }
        restored.extend_from_slice(&bytes[done..nul_pos]);
        done = end;
    }
    restored.extend_from_slice(&bytes[done..]);
    Ok(restored)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(package.files, ["/opt/env/lib/libgreet.so.1", "/opt/env/etc/greet.conf"]);
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
            let (_, written) =
                package.in_prefix.as_ref().unwrap().record(&package, std::iter::empty());
            let document: Value = serde_json::from_str(&written).unwrap();
            assert_eq!(
                ["url", "channel"]
                    .map(|key| document.get(key).and_then(Value::as_str).unwrap_or("-")),
                expect
            );
            assert!(parse_record(&written, &RealPath::known("/p")).is_ok(), "{written}");
        }
    }

    fn embedding(binary: bool, room: usize) -> Embedding {
        Embedding { prefix: "/opt/env".to_owned(), room, binary }
    }

    #[test]
    fn text_may_grow_and_binaries_keep_their_length() {
        let text = with_prefix(
            b"root = /opt/env/lib\n",
            &embedding(false, usize::MAX),
            "/opt/a/longer/one",
        )
        .unwrap();
        assert_eq!(text, b"root = /opt/a/longer/one/lib\n");
        let shorter =
            with_prefix(b"x\0/opt/env/lib:/opt/env/lib64\0y", &embedding(true, 8), "/app").unwrap();
        assert_eq!(shorter, b"x\0/app/lib:/app/lib64\0\0\0\0\0\0\0\0\0y");
    }

    #[test]
    fn a_longer_prefix_fits_where_the_placeholder_was() {
        let mut installed = Vec::new();
        let original =
            b"x\0/placehold_placehold/lib:/placehold_placehold/l\0y\0/placehold_placehold\0z";
        copy_and_replace_cstring_placeholder(
            original,
            &mut installed,
            "/placehold_placehold",
            "/opt/env",
        )
        .unwrap();
        let longer = with_prefix(&installed, &embedding(true, 20), "/opt/application").unwrap();
        let mut direct = Vec::new();
        copy_and_replace_cstring_placeholder(
            original,
            &mut direct,
            "/placehold_placehold",
            "/opt/application",
        )
        .unwrap();
        assert_eq!(longer, direct);
        let refused = with_prefix(b"/opt/env/lib\0full", &embedding(true, 20), "/opt/application")
            .unwrap_err();
        assert_eq!(refused, "the string at offset 0 has no room for a longer prefix");
    }
}
