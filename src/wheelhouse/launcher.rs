//! Scripts of a wheel: the launchers of its entry points, and the first line of those it carries.
//!
//! Invariant: nothing of entry_points.txt reaches a launcher but dotted Python names.

use crate::python::EntryPoint;

/// A script of `.data/scripts` that begins so is for Python; the whole line is replaced, `#!pythonw`
/// and arguments included (PEP 427, "Recommended installer features").
pub(super) const PLACEHOLDER: &[u8] = b"#!python";

/// Ends of the names under which old builds of setuptools shipped launchers of their own.
const WRAPPER_ENDS: [&str; 4] = ["", ".exe", "-script.py", ".pya"];

/// The launcher of an entry point, after `header`; `None` when its object is not `module:attribute`.
/// Behaves as the one that pip writes: an `.exe` of the name it was started by is not seen by the program.
pub(super) fn launcher(entry_point: &EntryPoint, header: &str) -> Option<String> {
    // Extras, `[name]` behind the object, are about what is installed, not about what runs.
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

/// Whether the script `name` of a wheel is a launcher that an entry point replaces.
pub(super) fn is_wrapper(name: &str, entry_points: &[EntryPoint]) -> bool {
    WRAPPER_ENDS.iter().filter_map(|end| name.strip_suffix(end)).any(|stem| entry_points.iter().any(|entry_point| entry_point.name == stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_point(object: &str) -> EntryPoint {
        EntryPoint { name: "a".to_owned(), object: object.to_owned() }
    }

    #[test]
    fn the_text_of_a_launcher() {
        let text = launcher(&entry_point("a.b : C.main [x, y]"), "#!/v/bin/python\n").unwrap();
        let body = "import sys\nfrom a.b import C\n\nif __name__ == \"__main__\":\n    if sys.argv[0].endswith(\".exe\"):\n        \
                    sys.argv[0] = sys.argv[0][:-4]\n    sys.exit(C.main())\n";
        assert_eq!(text, format!("#!/v/bin/python\n{body}"));
    }

    #[test]
    fn objects_that_are_none() {
        for object in ["", "m", "m:", ":f", "m:f()", "m;x:f", "m:f\nimport os", "m:1f", "m..n:f", "m:f:g", "m n:f", "[x]m:f", "m:f-g"] {
            assert_eq!(launcher(&entry_point(object), ""), None, "{object}");
        }
        assert!(launcher(&entry_point("m\u{e9}:_f1"), "").is_some());
    }

    #[test]
    fn wrappers_of_old_builds() {
        let entry_points = [entry_point("m:f")];
        for (name, expect) in [("a", true), ("a.exe", true), ("a-script.py", true), ("a.pya", true), ("a.py", false), ("b", false)] {
            assert_eq!(is_wrapper(name, &entry_points), expect, "{name}");
        }
    }
}
