//! Text that is written into a Dockerfile, checked or quoted for its place.
//!
//! A Dockerfile quotes in four ways (Dockerfile reference): a comment ends with its line ([`crate::escape`]), ENV is read word
//! by word with variables, the exec form is JSON, and nothing is quoted in FROM, in a flag or in COPY.
//! Names and paths for the last kind are types that only a check makes.
//!
//! Invariant: no text of the input is more than one word or one value.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// The longest reference of an image, in bytes.
const LONGEST: usize = 512;

/// A checked word: why another text is none, and the implementations that every such type has.
macro_rules! checked_word {
    ($(#[$doc:meta])* $name:ident, $check:path, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<$name, String> {
                if $check(&text) { Ok($name(text)) } else { Err(format!(concat!("{:?} is not ", $what), text)) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<$name, String> {
                $name::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> String {
                word.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_word!(
    /// The reference of an image for FROM: `python:3.13-slim`, `ghcr.io/org/app@sha256:…`
    /// (distribution/reference).
    ImageName, is_image_name, "the name of an image, such as python:3.13-slim"
);
checked_word!(
    /// The name of a stage: letters, digits, `-`, `_` and `.`, the first one a letter.
    StageName, is_stage_name, "the name of a stage, such as builder"
);
checked_word!(
    /// An absolute path that means itself in COPY and in a flag: no blank, quote, variable, pattern
    /// or comma.
    PlainPath, is_plain_path, "a path of letters, digits and the characters / . _ - + @ % = ~ :"
);

fn is_image_name(text: &str) -> bool {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    // A colon before a slash is that of a port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    let mut parts: Vec<&str> = name.split('/').collect();
    let is_host = |part: &str| {
        part.contains(['.', ':'])
            || part == "localhost"
            || part.contains(|one: char| one.is_ascii_uppercase())
    };
    if parts.len() > 1 && is_host(parts[0]) && !is_domain(parts.remove(0)) {
        return false;
    }
    text.len() <= LONGEST
        && parts.iter().all(|part| is_component(part))
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}

fn is_domain(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'-')
    };
    host.split('.').all(label) && !port.is_empty() && port.bytes().all(|one| one.is_ascii_digit())
}

fn is_component(part: &str) -> bool {
    let outer =
        |one: Option<char>| one.is_some_and(|one| one.is_ascii_lowercase() || one.is_ascii_digit());
    let inner = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "._-".contains(one);
    part.chars().all(inner) && outer(part.chars().next()) && outer(part.chars().last())
}

fn is_tag(tag: &str) -> bool {
    let inner = |one: char| one.is_ascii_alphanumeric() || "._-".contains(one);
    tag.len() <= 128 && tag.chars().all(inner) && tag.starts_with(|one| one != '.' && one != '-')
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && algorithm.bytes().all(|one| one.is_ascii_alphanumeric())
            && hex.len() >= 32
            && hex.bytes().all(|one| one.is_ascii_hexdigit())
    })
}

fn is_stage_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || "._-".contains(one))
}

fn is_plain_path(text: &str) -> bool {
    text.starts_with('/')
        && text.chars().all(|one| one.is_ascii_alphanumeric() || "/._-+@%=~:".contains(one))
}

/// A command in the form that needs no shell.
pub fn exec_form(command: &[&str]) -> String {
    let quoted: Vec<String> =
        command.iter().map(|word| serde_json::Value::from(*word).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

/// The value of `ENV NAME=`: `before` as it is, then `after`, in which variables count.
pub fn environment_value(before: &str, after: &str) -> String {
    if is_plain_path(before) {
        return format!("{before}{after}");
    }
    let quoted: String = before
        .chars()
        .flat_map(|letter| [matches!(letter, '\\' | '"' | '$').then_some('\\'), Some(letter)])
        .flatten()
        .collect();
    format!("\"{quoted}{after}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images() {
        for image in [
            "scratch",
            "python:3.13-slim",
            "docker.io/library/python:3.11-alpine3.20",
            "localhost:5000/a/b__c:V1.0_x",
            "Registry.example.com/app",
            "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(ImageName::try_from(image.to_owned()).as_deref(), Ok(image));
        }
        for text in [
            "",
            ":",
            "a b",
            "a\nRUN id",
            "$BASE",
            "A",
            "a:",
            "a:.b",
            "a//b",
            "-a",
            "a-",
            "a@b",
            "a@sha256:1",
            "a:b:c",
            "h:x/a",
            "a\u{e9}",
            "--platform=x",
        ] {
            let refused = ImageName::try_from(text.to_owned());
            let why = format!("{text:?} is not the name of an image, such as python:3.13-slim");
            assert_eq!(refused, Err(why));
        }
        assert!(ImageName::try_from("a".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn stages_and_paths() {
        for (text, stage, path) in [
            ("builder", true, false),
            ("B.1-x_y", true, false),
            ("1", false, false),
            ("a b", false, false),
            ("/bundle", false, true),
            ("/a/b.c-d_e+f@g%h=i~j", false, true),
            ("/my bundle", false, false),
            ("/a,b", false, false),
            ("/a*", false, false),
            ("/$HOME", false, false),
            ("/a\\b", false, false),
            ("/a\"b", false, false),
            ("/a[b]", false, false),
            ("/a#b", false, false),
        ] {
            assert_eq!(text.parse::<StageName>().is_ok(), stage, "{text}");
            assert_eq!(text.parse::<PlainPath>().is_ok(), path, "{text}");
        }
    }

    #[test]
    fn values_of_variables() {
        for (prefix, expect) in [
            ("/opt/app", "/opt/app/bin:$PATH"),
            ("/opt/my app", "\"/opt/my app/bin:$PATH\""),
            ("/opt/it's", "\"/opt/it's/bin:$PATH\""),
            ("/opt/$HOME", "\"/opt/\\$HOME/bin:$PATH\""),
            ("/a\\b\"c", "\"/a\\\\b\\\"c/bin:$PATH\""),
            ("/\u{fc}", "\"/\u{fc}/bin:$PATH\""),
        ] {
            assert_eq!(environment_value(prefix, "/bin:$PATH"), expect);
        }
    }

    #[test]
    fn commands_are_json() {
        assert_eq!(exec_form(&["a b", "\"\n"]), r#"["a b", "\"\n"]"#);
    }
}
