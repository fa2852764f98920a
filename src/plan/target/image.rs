//! The image of the final stage, by the release of a root and the path of its interpreter.
//!
//! Invariant: a name is given only when such an image has this interpreter at this path.

use crate::dockerfile::ImageName;
use crate::loader::Libc;
use crate::path::RealPath;
use crate::release::{Release, major_minor};

/// Whether the interpreter comes with the image or with a package that is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Image,
    Package,
}

/// The image for a root of this release; `minor` is of the interpreter at `path`.
pub(crate) fn image(
    release: &Release,
    origin: Origin,
    path: &RealPath,
    minor: &str,
) -> Option<ImageName> {
    // A free-threaded `python3.13t` is in none of them.
    let name = path.as_str().strip_prefix("/usr/local/bin/python");
    let in_local =
        name.is_some_and(|version| version.is_empty() || version == "3" || version == minor);
    let name = match (release.id.as_str(), origin) {
        ("alpine", Origin::Package) => Some(format!("alpine:{}", major_minor(&release.version))),
        ("debian", Origin::Package) if !release.codename.is_empty() => {
            Some(format!("debian:{}-slim", release.codename))
        }
        ("ubuntu", Origin::Package) => Some(format!("ubuntu:{}", release.version)),
        ("wolfi" | "chainguard", Origin::Package) => {
            Some("cgr.dev/chainguard/wolfi-base".to_owned())
        }
        // docker-library images: the interpreter is compiled into /usr/local and owned by nobody.
        // Their short names move from one release of the distribution to the next: these tags do not.
        ("alpine", Origin::Image) if in_local && !release.version.is_empty() => {
            Some(format!("python:{minor}-alpine{}", major_minor(&release.version)))
        }
        ("debian", Origin::Image) if in_local && !release.codename.is_empty() => {
            Some(format!("python:{minor}-slim-{}", release.codename))
        }
        _ => None,
    };
    // A release can be any text.
    name.and_then(|name| ImageName::try_from(name).ok())
}

/// The Python that the tag of a docker-library image names: `3.12` of `python:3.12-slim`.
pub(crate) fn tagged_minor(image: &str) -> Option<String> {
    let (name, tag) = image.split_once('@').map_or(image, |(name, _)| name).rsplit_once(':')?;
    let version = tag.split('-').next().filter(|version| {
        version.contains('.') && version.chars().all(|one| one.is_ascii_digit() || one == '.')
    })?;
    (name.rsplit('/').next() == Some("python")).then(|| major_minor(version).to_owned())
}

/// The C library of an image, where its name or tag tells: `python:3.12-alpine`.
pub(super) fn named_libc(image: &str) -> Option<Libc> {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let last = image.rsplit('/').next().unwrap_or_default();
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    let words = || name.split(['-', '.']).chain(tag.split(['-', '.']));
    // `alpine3.20` is a word, too.
    let is = |word: &str, known: &str| {
        word.strip_prefix(known).is_some_and(|rest| rest.chars().all(|one| one.is_ascii_digit()))
    };
    let glibc =
        ["slim", "debian", "ubuntu", "buster", "bullseye", "bookworm", "trixie", "jammy", "noble"];
    if words().any(|word| is(word, "alpine")) {
        Some(Libc::Musl)
    } else if words().any(|word| glibc.iter().any(|known| is(word, known))) {
        Some(Libc::Glibc)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_docker_library() {
        let release = Release {
            id: "debian".into(),
            version: "12".into(),
            codename: "bookworm".into(),
            pretty_name: String::new(),
        };
        for (origin, path, expect) in [
            (Origin::Image, "/usr/local/bin/python3.13", Some("python:3.13-slim-bookworm")),
            (Origin::Image, "/usr/local/bin/python3", Some("python:3.13-slim-bookworm")),
            (Origin::Image, "/usr/local/bin/python3.13t", None),
            (Origin::Image, "/opt/python/bin/python3.13", None),
            (Origin::Package, "/usr/bin/python3.13", Some("debian:bookworm-slim")),
        ] {
            assert_eq!(
                image(&release, origin, &RealPath::known(path), "3.13").as_deref(),
                expect,
                "{path}"
            );
        }
    }

    #[test]
    fn images_tell_their_c_library() {
        for (image, expect) in [
            ("python:3.12-alpine", Some(Libc::Musl)),
            ("docker.io/library/python:3.12-alpine3.20@sha256:0", Some(Libc::Musl)),
            ("alpine", Some(Libc::Musl)),
            ("python:3.12-slim-bookworm", Some(Libc::Glibc)),
            ("debian:12", Some(Libc::Glibc)),
            ("registry:5000/alpine/python", None),
            ("python:3.12", None),
        ] {
            assert_eq!(named_libc(image), expect, "{image}");
        }
    }

    #[test]
    fn tags_of_docker_library() {
        for (image, expect) in [
            ("python:3.12-slim", Some("3.12")),
            ("docker.io/library/python:3.11.7-alpine3.19@sha256:0", Some("3.11")),
            ("python:3-slim", None),
            ("python:latest", None),
            ("registry:5000/python", None),
            ("other:3.11", None),
        ] {
            assert_eq!(tagged_minor(image).as_deref(), expect, "{image}");
        }
    }
}
