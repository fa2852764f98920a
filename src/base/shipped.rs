//! Profiles of images that are much used, as they were read on the day that each of them tells.
//!
//! Invariant: each was written by `wheelbarrow base`, never by hand; `scratch` alone needs no reading.

use super::Profile;

/// Image names with the text of their profiles, sorted.
const SHIPPED: [(&str, &str); 6] = [
    ("alpine:3.18", include_str!("profiles/alpine-3.18.json")),
    ("alpine:3.20", include_str!("profiles/alpine-3.20.json")),
    ("debian:bookworm-slim", include_str!("profiles/debian-bookworm-slim.json")),
    ("gcr.io/distroless/python3-debian12", include_str!("profiles/distroless-python3-debian12.json")),
    ("python:3.11-alpine", include_str!("profiles/python-3.11-alpine.json")),
    ("python:3.11-slim", include_str!("profiles/python-3.11-slim.json")),
];

/// The names that [`find`] knows.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).chain(["scratch"]).collect()
}

/// The profile of an image; `docker.io/library/` may stand before its name.
pub fn find(image: &str) -> Option<Profile> {
    let name = image.strip_prefix("docker.io/").unwrap_or(image);
    let name = name.strip_prefix("library/").unwrap_or(name);
    if name == "scratch" {
        return Some(Profile::empty());
    }
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
    Some(parse(text))
}

/// Every profile that was read from an image.
pub fn shipped() -> impl Iterator<Item = Profile> {
    SHIPPED.iter().map(|(_, text)| parse(text))
}

fn parse(text: &str) -> Profile {
    serde_json::from_str(text).expect("a test reads every one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_of_its_image_and_tells_its_source() {
        for (name, _) in SHIPPED {
            let profile = find(&format!("docker.io/library/{name}")).unwrap();
            assert_eq!(profile.image.as_deref(), Some(name));
            assert!(profile.source.as_ref().is_some_and(|source| source.contains("20")), "{name}");
            assert!(profile.libc_version.is_some() && profile.libraries.len() > 3, "{name}");
            assert_eq!(profile.runs_relocatable_scripts(), !name.contains("distroless"), "{name}");
            assert_eq!(profile.interpreters.is_empty(), !name.contains("python"), "{name}");
        }
        assert_eq!(find("scratch").unwrap().libraries.len(), 0);
        assert_eq!(find("nobody/knows"), None);
    }
}
