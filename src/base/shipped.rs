//! Profiles of common images. The `source` of each has the date on which it was read.
//!
//! Invariant: `wheelbarrow base` wrote all of them except that of Wolfi, which has only the facts
//! from the documents in its `source`. The profile of `scratch` is empty.

use std::collections::BTreeSet;

use super::Profile;

/// A profile, with the names of its images.
struct Shipped {
    name: &'static str,
    /// Other tags of the same root. Tags with a patch release of Python are not among them, because
    /// it has other files, and neither are digests, because each stands for one build.
    also: &'static [&'static str],
    text: &'static str,
}

/// Sorted by name.
const SHIPPED: [Shipped; 7] = [
    Shipped {
        name: "alpine:3.18",
        also: &["alpine:3.18.9"],
        text: include_str!("profiles/alpine-3.18.json"),
    },
    Shipped {
        name: "alpine:3.20",
        also: &["alpine:3.20.3"],
        text: include_str!("profiles/alpine-3.20.json"),
    },
    Shipped {
        name: "cgr.dev/chainguard/wolfi-base",
        also: &["cgr.dev/chainguard/wolfi-base:latest"],
        text: include_str!("profiles/wolfi-base.json"),
    },
    Shipped {
        name: "debian:bookworm-slim",
        also: &["debian:12-slim"],
        text: include_str!("profiles/debian-bookworm-slim.json"),
    },
    Shipped {
        name: "gcr.io/distroless/python3-debian12",
        also: &[
            "gcr.io/distroless/python3-debian12:latest",
            "gcr.io/distroless/python3-debian12:nonroot",
        ],
        text: include_str!("profiles/distroless-python3-debian12.json"),
    },
    Shipped {
        name: "python:3.11-alpine3.20",
        also: &[],
        text: include_str!("profiles/python-3.11-alpine3.20.json"),
    },
    Shipped {
        name: "python:3.11-slim-bookworm",
        also: &[],
        text: include_str!("profiles/python-3.11-slim-bookworm.json"),
    },
];

/// The image names of all profiles, `scratch` last.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|shipped| shipped.name).chain(["scratch"]).collect()
}

/// The profile of an image, if there is one. `docker.io/library/` in front of the name is ignored;
/// the profile has the name as it was typed.
pub fn find(image: &str) -> Option<Profile> {
    let name = plain_name(image);
    if name == "scratch" {
        return Some(Profile::empty());
    }
    let shipped =
        SHIPPED.iter().find(|shipped| shipped.name == name || shipped.also.contains(&name))?;
    Some(Profile { image: image.parse().ok(), ..parse(shipped.text) })
}

/// The exact tags that a short name of an image moves between: `python:3.11-slim-bookworm` of
/// `python:3.11-slim`. Only those with a profile.
pub fn exact(image: &str) -> Vec<&'static str> {
    let short = plain_name(image);
    let longer = |name: &&str| {
        name.strip_prefix(short).is_some_and(|rest| {
            rest.starts_with('-') || (short.ends_with("-alpine") && !rest.is_empty())
        })
    };
    SHIPPED.iter().map(|shipped| shipped.name).filter(longer).collect()
}

/// Without the registry and the namespace of the images that docker.io calls official.
fn plain_name(image: &str) -> &str {
    let name = image.strip_prefix("docker.io/").unwrap_or(image);
    name.strip_prefix("library/").unwrap_or(name)
}

/// The name of the profile that is most similar to the name of an image without a profile.
pub fn nearest(image: &str) -> Option<&'static str> {
    let wanted = words(image);
    let scored = SHIPPED.iter().map(|shipped| {
        (words(shipped.name).intersection(&wanted).copied().collect::<Vec<_>>(), shipped.name)
    });
    // Numbers and `io` alone do not make two names similar.
    let related = scored.filter(|(common, _)| common.iter().any(|word| word.len() > 3));
    related
        .max_by_key(|(common, name)| {
            (common.iter().map(|word| word.len()).sum::<usize>(), std::cmp::Reverse(name.len()))
        })
        .map(|(_, name)| name)
}

/// The sequences of letters and the sequences of digits in a name.
fn words(name: &str) -> BTreeSet<&str> {
    let parts = name.split(|one: char| !one.is_ascii_alphanumeric());
    let runs = parts
        .flat_map(|part| part.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()));
    runs.filter_map(|run| std::str::from_utf8(run).ok()).collect()
}

/// Every profile that was read from an image.
pub fn shipped() -> impl Iterator<Item = Profile> {
    SHIPPED.iter().map(|shipped| parse(shipped.text))
}

fn parse(text: &str) -> Profile {
    serde_json::from_str(text).expect("a test reads every one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_names_its_image_and_its_source() {
        for Shipped { name, also, .. } in SHIPPED {
            let profile = find(name).unwrap();
            assert_eq!(profile.image.as_deref(), Some(name));
            assert!(profile.source.as_ref().is_some_and(|source| source.contains("20")), "{name}");
            assert!(profile.libc_version.is_some() && profile.libraries.len() > 3, "{name}");
            assert_eq!(profile.runs_relocatable_scripts(), !name.contains("distroless"), "{name}");
            assert_eq!(profile.interpreters.is_empty(), !name.contains("python"), "{name}");
            for other in also {
                assert_eq!(
                    find(other).unwrap(),
                    Profile { image: other.parse().ok(), ..profile.clone() }
                );
                // A number in a tag is one that the profile has.
                let known = format!("{} {:?}", profile.release.version, profile.interpreters);
                let numbers = other
                    .split(|one: char| !(one.is_ascii_digit() || one == '.'))
                    .filter(|part| part.contains('.'));
                numbers
                    .map(|number| number.trim_matches('.'))
                    .for_each(|number| assert!(known.contains(number), "{other}: {number}"));
            }
        }
        assert_eq!(find("scratch").unwrap().libraries.len(), 0);
    }

    #[test]
    fn short_names_of_images() {
        for (typed, expect) in [
            ("python:3.11-slim", &["python:3.11-slim-bookworm"][..]),
            ("docker.io/library/python:3.11-alpine", &["python:3.11-alpine3.20"]),
            ("python:3.11", &["python:3.11-alpine3.20", "python:3.11-slim-bookworm"]),
            ("python:3.12-slim", &[]),
            ("alpine", &[]),
            ("python:3.11-slim-bookworm", &[]),
        ] {
            assert_eq!(exact(typed), expect, "{typed}");
        }
    }

    #[test]
    fn names_of_images() {
        for (typed, expect) in [
            ("docker.io/library/alpine:3.20", Ok("3.20.3")),
            ("library/debian:12-slim", Ok("12")),
            ("gcr.io/distroless/python3-debian12:nonroot", Ok("12")),
            ("alpine:3.20@sha256:0123456789abcdef", Err(Some("alpine:3.20"))),
            ("alpine:3.20.2", Err(Some("alpine:3.20"))),
            ("alpine", Err(Some("alpine:3.20"))),
            ("python:3.12-slim", Err(Some("python:3.11-slim-bookworm"))),
            ("python:3.11-slim", Err(Some("python:3.11-slim-bookworm"))),
            ("python:3.11-alpine", Err(Some("python:3.11-alpine3.20"))),
            ("python:3.11.9-alpine3.20", Err(Some("python:3.11-alpine3.20"))),
            (
                "gcr.io/distroless/python3-debian12:debug",
                Err(Some("gcr.io/distroless/python3-debian12")),
            ),
            ("wolfi", Err(Some("cgr.dev/chainguard/wolfi-base"))),
            ("cgr.dev/chainguard/python:latest", Err(Some("cgr.dev/chainguard/wolfi-base"))),
            ("cgr.dev/chainguard/wolfi-base:latest", Ok("20230201")),
            ("registry.example/team/program:3.20", Err(None)),
            ("nobody/knows", Err(None)),
        ] {
            let found =
                find(typed).map(|profile| profile.release.version).ok_or_else(|| nearest(typed));
            assert_eq!(found, expect.map(str::to_owned), "{typed}");
        }
    }
}
