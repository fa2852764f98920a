//! Facts of an interpreter, found without running it: from its file name, its standard library and
//! the strings compiled into the program or libpython.
//!
//! Invariant: sysconfig is not trusted for linkage; only `DT_NEEDED` and `PT_INTERP` count.

use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::elf::Machine;
use crate::finding::{Code, Finding, Severity};
use crate::loader::{Libc, Library};
use crate::path::{RealPath, WrittenPath};
use crate::release::major_minor;
use crate::root::Root;

/// A CPython or PyPy interpreter of the root.
#[derive(Clone, Debug)]
pub struct Interpreter {
    /// The program file, without links: the target of the bundle's `bin/python`.
    pub executable: RealPath,
    /// The links on the way from the name by which it is started.
    pub links: Vec<RealPath>,
    /// `sys.base_prefix`.
    pub prefix: RealPath,
    /// The standard library directory.
    pub stdlib: RealPath,
    /// The architecture of the program file.
    pub machine: Machine,
    /// The C library, by the program interpreter; `None` for any other loader.
    pub libc: Option<Libc>,
    /// Its run path names its own prefix, so it finds libpython only there.
    pub pinned: bool,
    /// The facts that reports show.
    pub facts: InterpreterFacts,
}

/// The facts of an interpreter that reports show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InterpreterFacts {
    /// `cpython` or `pypy`.
    pub implementation: String,
    /// `3.11.2`, or `3.11` if the full version is not known.
    pub version: String,
    /// `cpython-311-x86_64-linux-musl`, if the program has it.
    pub abi: Option<String>,
    /// The suffixes of extension modules, in import order.
    pub suffixes: Vec<String>,
    /// `musl` or `glibc`; `None` for any other C library.
    pub libc: Option<Libc>,
    /// The name that `uname -m` prints: `x86_64`.
    pub architecture: String,
    /// The program interpreter (`PT_INTERP`): `/lib64/ld-linux-x86-64.so.2`.
    pub loader: Option<String>,
    /// The soname of libpython, `libpython3.11.so.1.0`, if it is linked dynamically.
    pub libpython: Option<String>,
}

impl Interpreter {
    /// `sys.implementation.cache_tag`: `cpython-311`, `pypy310`.
    pub fn cache_tag(&self) -> String {
        let implementation = &self.facts.implementation;
        format!(
            "{implementation}{}{}",
            if implementation == "cpython" { "-" } else { "" },
            self.minor().replace('.', "")
        )
    }

    /// The name of the directory of the standard library, which every prefix has below `lib`, too:
    /// `python3.11`, `python3.13t` free threaded, `pypy3.10`.
    pub fn library_name(&self) -> &str {
        self.stdlib.name()
    }

    /// The first two numbers of the version: `3.11`.
    pub fn minor(&self) -> &str {
        major_minor(&self.facts.version)
    }
}

/// Reads the interpreter that is started as `path`; `None` if there is no Python program.
pub fn read_interpreter(
    root: &Root,
    library: &Library,
    path: &WrittenPath,
    findings: &mut Vec<Finding>,
) -> Option<Interpreter> {
    let found = root.resolve(path).ok()??;
    let facts = library.read(&found.path).ok()?;
    let elf = facts.as_ref().as_ref().ok()?.as_ref()?;
    let prefix = found.path.parent()?.parent()?;
    let (stdlib, minor) = standard_library(root, &prefix, found.path.name())?;
    let libpython = elf.needed.iter().find(|name| name.starts_with("libpython")).cloned();
    let strings = compiled_strings(root, &found.path, &prefix, libpython.as_deref(), &minor);
    if strings.version.is_none() {
        let message = format!("the program does not contain its full version; markers use {minor}");
        findings.push(Finding::new(Severity::Note, Code::InterpreterFact, &found.path, message));
    }
    let libc = elf.interpreter.as_deref().and_then(Libc::of_interpreter);
    if libc.is_none() {
        let message = "its program interpreter is neither that of musl nor of glibc; libraries cannot be resolved";
        findings.push(Finding::new(Severity::Deny, Code::InterpreterFact, &found.path, message));
    }
    let abi = strings
        .suffix
        .as_ref()
        .map(|suffix| suffix.trim_start_matches('.').trim_end_matches(".so").to_owned());
    let run_path = elf.runpath.as_ref().or(elf.rpath.as_ref());
    let own = |directory: &str| {
        directory == prefix.as_str() || directory.starts_with(&format!("{prefix}/"))
    };
    let pinned = libpython.is_some() && run_path.is_some_and(|text| text.split(':').any(own));
    Some(Interpreter {
        pinned,
        prefix,
        stdlib,
        machine: elf.machine,
        libc,
        links: found.links.iter().map(|link| link.at.clone()).collect(),
        facts: InterpreterFacts {
            implementation: if found.path.name().contains("pypy") { "pypy" } else { "cpython" }
                .to_owned(),
            version: strings.version.unwrap_or(minor),
            abi,
            suffixes: import_suffixes(strings.suffix),
            libc,
            architecture: elf.machine.name(),
            loader: elf.interpreter.clone(),
            libpython,
        },
        executable: found.path,
    })
}

/// The directory of the landmark `lib/pythonX.Y/os.py`: by the program's name, otherwise the
/// highest version. A free-threaded Python, `python3.13t`, may be beside one of the same version.
fn standard_library(root: &Root, prefix: &RealPath, program: &str) -> Option<(RealPath, String)> {
    let mut candidates = Vec::new();
    for platlib in ["lib", "lib64"] {
        let Ok(Some(directory)) = root.resolve(&WrittenPath::from(prefix).join(platlib)) else {
            continue;
        };
        for entry in root.list(&directory.path).into_iter().flatten() {
            let version = entry
                .path
                .name()
                .strip_prefix("python")
                .or_else(|| entry.path.name().strip_prefix("pypy"));
            if let Some(minor) = version.filter(|text| {
                text.contains('.') && root.is_file(&WrittenPath::from(&entry.path).join("os.py"))
            }) {
                let by_name = (program.ends_with(minor), program.contains(minor));
                let minor = minor.trim_end_matches('t').to_owned();
                let numbers: Vec<u32> =
                    minor.split('.').filter_map(|part| part.parse().ok()).collect();
                candidates.push((by_name, numbers, entry.path.clone(), minor));
            }
        }
    }
    candidates.sort();
    candidates.pop().map(|(_, _, path, minor)| (path, minor))
}

#[derive(Default)]
struct Strings {
    version: Option<String>,
    suffix: Option<String>,
}

/// `PY_VERSION`, and the first entry of the import system's suffix table.
fn compiled_strings(
    root: &Root,
    program: &RealPath,
    prefix: &RealPath,
    libpython: Option<&str>,
    minor: &str,
) -> Strings {
    let mut found = Strings::default();
    let linked = libpython.into_iter().flat_map(|name| {
        [
            WrittenPath::from(prefix).join("lib").join(name),
            WrittenPath::new("/usr/lib").join(name),
            WrittenPath::new("/usr/local/lib").join(name),
        ]
    });
    for path in linked.chain([WrittenPath::from(program)]) {
        let Ok(Some(file)) = root.search(&path) else { continue };
        let Ok(content) = root.open(&file.path) else { continue };
        // The windows overlap and have a fixed size, so a large program does not need more memory.
        let (mut window, mut offset) = (vec![0; 1 << 20], 0);
        while found.version.is_none() || found.suffix.is_none() {
            let Ok(count) = content.read_at(&mut window, offset) else { break };
            if count <= 256 {
                break;
            }
            found.version = found.version.or_else(|| version_in(&window[..count], minor));
            found.suffix = found.suffix.or_else(|| suffix_in(&window[..count]));
            offset += count as u64 - 256;
            if count < window.len() {
                break;
            }
        }
    }
    found
}

/// The suffixes of extension modules (`_PyImport_DynLoadFiletab`). A debug build also takes modules of
/// a release build. Neither PyPy nor a free-threaded build takes those of the stable ABI.
fn import_suffixes(own: Option<String>) -> Vec<String> {
    let flags = own.as_deref().and_then(|own| {
        let version = own.strip_prefix(".cpython-")?.split('-').next()?;
        Some(version.trim_start_matches(|digit: char| digit.is_ascii_digit()).to_owned())
    });
    let pypy = own.as_deref().is_some_and(|own| own.starts_with(".pypy"));
    let release = own.as_ref().filter(|_| flags.as_deref() == Some("d")).map(|own| {
        let (version, platform) = own.split_once("d-").unwrap_or((own, ""));
        format!("{version}-{platform}")
    });
    let stable = !pypy && !flags.is_some_and(|flags| flags.contains('t'));
    let stable = stable.then(|| ".abi3.so".to_owned());
    own.into_iter().chain(release).chain(stable).chain([".so".to_owned()]).collect()
}

fn version_in(bytes: &[u8], minor: &str) -> Option<String> {
    let start = format!("{minor}.");
    memmem::find_iter(bytes, start.as_bytes()).find_map(|at| {
        let text = &bytes[at..];
        let text = &text[..memchr::memchr(0, &text[..text.len().min(24)])?];
        let rest = std::str::from_utf8(&text[start.len()..]).ok()?;
        let digits =
            rest.trim_end_matches('+').trim_end_matches(|digit: char| digit.is_ascii_digit());
        let plain = !rest.is_empty()
            && matches!(
                digits.trim_start_matches(|digit: char| digit.is_ascii_digit()),
                "" | "a" | "b" | "rc"
            );
        let before = at.checked_sub(1).map_or(0, |before| bytes[before]);
        (plain && !before.is_ascii_digit() && before != b'.')
            .then(|| format!("{start}{}", rest.trim_end_matches('+')))
    })
}

fn suffix_in(bytes: &[u8]) -> Option<String> {
    [b".cpython-".as_slice(), b".pypy"].into_iter().find_map(|start| {
        memmem::find_iter(bytes, start).find_map(|at| {
            let text = &bytes[at..];
            let text =
                std::str::from_utf8(&text[..memchr::memchr(0, &text[..text.len().min(96)])?])
                    .ok()?;
            let plain =
                text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
            (plain && text.ends_with(".so")).then(|| text.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_whole_strings() {
        let check = |bytes: &[u8], expect: Option<&str>| {
            assert_eq!(version_in(bytes, "3.11").as_deref(), expect)
        };
        check(b"x\x003.11.2\0y", Some("3.11.2"));
        check(b"/versions/3.11.7\0", Some("3.11.7"));
        check(b"\x003.12.1\0 3.11.4 (main)\0", None);
        check(b"\x003.11.0rc1\0", Some("3.11.0rc1"));
        check(b"13.11.1\0", None);
    }

    #[test]
    fn suffixes_of_special_builds() {
        for (own, expect) in [
            ("", ".abi3.so .so"),
            (".cpython-311-x86_64-linux-gnu.so", ".cpython-311-x86_64-linux-gnu.so .abi3.so .so"),
            (".cpython-313t-x86_64-linux-gnu.so", ".cpython-313t-x86_64-linux-gnu.so .so"),
            (
                ".cpython-311d-x86_64-linux-gnu.so",
                ".cpython-311d-x86_64-linux-gnu.so .cpython-311-x86_64-linux-gnu.so .abi3.so .so",
            ),
            (".pypy310-pp73-x86_64-linux-gnu.so", ".pypy310-pp73-x86_64-linux-gnu.so .so"),
        ] {
            let own = Some(own.to_owned()).filter(|own| !own.is_empty());
            assert_eq!(import_suffixes(own).join(" "), expect);
        }
    }

    #[test]
    fn suffixes_are_whole_strings() {
        assert_eq!(
            suffix_in(b"\0.cpython-311-x86_64-linux-musl.so\0").as_deref(),
            Some(".cpython-311-x86_64-linux-musl.so")
        );
        assert_eq!(suffix_in(b"\0.cpython-%s.so\0"), None);
    }
}
