//! direct_url.json: the place a distribution came from, if that was not an index (PEP 610).
//!
//! Invariant: the result contains no secret and no path of the builder.

use serde_json::Value;
use url::Url;

/// The text of direct_url.json for the final image. `None` if it names a path of the builder.
/// Credentials are removed; a text without any is returned unchanged.
pub fn portable_direct_url(text: &str) -> Option<String> {
    let mut json: Value = serde_json::from_str(text).ok()?;
    // Only local directories have `dir_info`.
    if json.get("dir_info").is_some() {
        return None;
    }
    let mut url = Url::parse(json.get("url")?.as_str()?).ok()?;
    let scheme = url.scheme().to_owned();
    if scheme == "file" || scheme.ends_with("+file") {
        return None;
    }
    // The user of `ssh://git@host` is a convention and no secret; PEP 610 says to keep it.
    let conventional = scheme.ends_with("ssh") && url.username() == "git";
    if url.password().is_none() && (url.username().is_empty() || conventional) {
        return Some(text.to_owned());
    }
    url.set_password(None).ok()?;
    if !conventional {
        url.set_username("").ok()?;
    }
    json["url"] = Value::String(url.into());
    Some(json.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_urls_travel_without_secrets() {
        for (text, expect) in [
            (
                r#"{"url": "https://h/a.whl", "archive_info": {}}"#,
                Some(r#"{"url": "https://h/a.whl", "archive_info": {}}"#),
            ),
            (r#"{"url": "https://u:p@h/a.whl"}"#, Some(r#"{"url":"https://h/a.whl"}"#)),
            (r#"{"url": "https://token@h/a.whl"}"#, Some(r#"{"url":"https://h/a.whl"}"#)),
            (r#"{"url": "ssh://git@h/a"}"#, Some(r#"{"url": "ssh://git@h/a"}"#)),
            (r#"{"url": "ssh://git:p@h/a"}"#, Some(r#"{"url":"ssh://git@h/a"}"#)),
            (r#"{"url": "file:///src/a"}"#, None),
            (r#"{"url": "git+file:///src/a"}"#, None),
            (r#"{"url": "https://h", "dir_info": {}}"#, None),
            (r#"{"url": "/src/a"}"#, None),
            ("{}", None),
            ("[1]", None),
            ("{", None),
        ] {
            assert_eq!(portable_direct_url(text).as_deref(), expect, "{text}");
        }
    }
}
