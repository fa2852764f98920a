//! The launcher of an entry point: the program that installers write to `bin/` for one line of
//! entry_points.txt.
//!
//! Invariant: only dotted Python names get from entry_points.txt into a launcher.

use super::EntryPoint;

/// The text of the launcher of an entry point, after `header`. `None` if its object is not
/// `module:attribute`. The launcher behaves like the one of pip: it removes `.exe` from the name in
/// `sys.argv`.
pub fn make_launcher(entry_point: &EntryPoint, header: &str) -> Option<String> {
    // Extras, `[name]` after the object, say what must be installed, not what runs.
    let object = entry_point.object.split('[').next().unwrap_or_default();
    let (module, attribute) = object.split_once(':')?;
    let (module, attribute) = (module.trim(), attribute.trim());
    if !is_dotted_name(module) || !is_dotted_name(attribute) {
        return None;
    }
    let imported = attribute.split('.').next().unwrap_or(attribute);
    Some(format!(
        "{header}import sys\n\
         from {module} import {imported}\n\
         \n\
         if __name__ == \"__main__\":\n    \
             if sys.argv[0].endswith(\".exe\"):\n        \
                 sys.argv[0] = sys.argv[0][:-4]\n    \
             sys.exit({attribute}())\n"
    ))
}

fn is_dotted_name(name: &str) -> bool {
    name.split('.').all(|part| {
        !part.starts_with(|first: char| first.is_numeric())
            && !part.is_empty()
            && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_point(object: &str) -> EntryPoint {
        EntryPoint { name: "a".to_owned(), object: object.to_owned() }
    }

    #[test]
    fn the_text_of_a_launcher() {
        let text = make_launcher(&entry_point("a.b : C.main [x, y]"), "#!/v/bin/python\n").unwrap();
        let body = "import sys\nfrom a.b import C\n\nif __name__ == \"__main__\":\n    if sys.argv[0].endswith(\".exe\"):\n        \
                    sys.argv[0] = sys.argv[0][:-4]\n    sys.exit(C.main())\n";
        assert_eq!(text, format!("#!/v/bin/python\n{body}"));
    }

    #[test]
    fn objects_that_are_none() {
        for object in [
            "",
            "m",
            "m:",
            ":f",
            "m:f()",
            "m;x:f",
            "m:f\nimport os",
            "m:1f",
            "m..n:f",
            "m:f:g",
            "m n:f",
            "[x]m:f",
            "m:f-g",
        ] {
            assert_eq!(make_launcher(&entry_point(object), ""), None, "{object}");
        }
        assert!(make_launcher(&entry_point("m\u{e9}:_f1"), "").is_some());
    }
}
