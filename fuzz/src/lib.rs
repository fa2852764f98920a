//! The fuzz targets: one function for each parser of text or bytes that somebody else wrote.
//!
//! A target reads its input as wheelbarrow would: through the public parser, or, if the parser is
//! private, as the only file of a root in memory. It may assert a rule that holds for every input.
//! `cargo test` includes this file and runs each target over its seeds in `corpus/NAME`.
//!
//! Invariant: no input makes a target panic, and only `wheel_archive` writes, to a temporary
//! directory.

use std::io::Cursor;

use wheelbarrow::base::{self, Profile};
use wheelbarrow::bundle::{ImageManifest, Manifest};
use wheelbarrow::dockerfile::{self, ImageName, PlainPath, StageName};
use wheelbarrow::elf::{self, Edited, Machine, PathChanges, WhenNone};
use wheelbarrow::evidence;
use wheelbarrow::inventory::{self, Inventory, Scope};
use wheelbarrow::loader;
use wheelbarrow::lock;
use wheelbarrow::packages::{Manager, PackageIndex};
use wheelbarrow::path::{RealPath, WrittenPath};
use wheelbarrow::project::{self, Base, Choice};
use wheelbarrow::python::{self, EnvironmentError};
use wheelbarrow::release::Release;
use wheelbarrow::report::{self, Application};
use wheelbarrow::root::memory::Memory;
use wheelbarrow::root::{Content, Root};
use wheelbarrow::wheelhouse::{Archive, Prefix, WheelName, install};

/// A target: the name of its corpus and of its program, and the function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    ("apk_installed", apk_installed),
    ("conda_record", conda_record),
    ("direct_url", direct_url),
    ("dlopen_note", dlopen_note),
    ("dockerfile", dockerfile),
    ("dpkg_checksums", dpkg_checksums),
    ("dpkg_diversions", dpkg_diversions),
    ("dpkg_list", dpkg_list),
    ("dpkg_status", dpkg_status),
    ("editable_finder", editable_finder),
    ("egg_info", egg_info),
    ("elf_facts", elf_facts),
    ("elf_names", elf_names),
    ("elf_run_path", elf_run_path),
    ("elf_strip", elf_strip),
    ("elf_symbols", elf_symbols),
    ("entry_points", entry_points),
    ("image_manifest", image_manifest),
    ("interpreter_module", interpreter_module),
    ("link", link),
    ("loader_cache", loader_cache),
    ("manifest", manifest),
    ("metadata", metadata),
    ("musl_path_file", musl_path_file),
    ("odbc_drivers", odbc_drivers),
    ("os_release", os_release),
    ("observed", observed),
    ("path_file", path_file),
    ("profile", profile),
    ("project", project),
    ("pyproject", pyproject),
    ("python_source", python_source),
    ("pyvenv_cfg", pyvenv_cfg),
    ("record", record),
    ("requirement", requirement),
    ("requirements_file", requirements_file),
    ("script", script),
    ("shown_text", shown_text),
    ("side", side),
    ("wheel_archive", wheel_archive),
    ("wheel_file", wheel_file),
    ("wheel_name", wheel_name),
];

const SITE: &str = "/opt/venv/lib/python3.11/site-packages";
const LOADER: &str = "/lib/ld-musl-x86_64.so.1";
const X86_64: Machine = Machine { machine: 62, wide: true, little_endian: true };
/// An ELF program of 7 kB that needs libpython: wheelbarrow recognises it as an interpreter.
const PYTHON: &[u8] = include_bytes!("../../py-fixtures/alpine-venv/usr/bin/python3.11");

// Metadata of distributions.

/// `METADATA` and `PKG-INFO` (core metadata).
pub fn metadata(input: &[u8]) {
    let _ = python::parse_metadata(input);
}

/// `WHEEL` (PEP 427).
pub fn wheel_file(input: &[u8]) {
    let _ = python::parse_wheel(input);
}

/// `RECORD` (PEP 376): no path contains `..`, whatever its line says.
pub fn record(input: &[u8]) {
    let (entries, _) = python::parse_record(input, &RealPath::known(SITE));
    assert!(entries.iter().all(|entry| !entry.path.as_str().split('/').any(|part| part == "..")));
}

/// `entry_points.txt`, and the launcher of each entry point.
pub fn entry_points(input: &[u8]) {
    let (entry_points, _) = python::parse_entry_points(input);
    for entry_point in &entry_points {
        let _ = python::make_launcher(entry_point, "#!/opt/app/bin/python\n");
    }
}

/// `direct_url.json` (PEP 610), as it is read and as it is written to the bundle.
pub fn direct_url(input: &[u8]) {
    let _ = python::portable_direct_url(&String::from_utf8_lossy(input));
    environment(&[
        ("web-1.0.dist-info/METADATA", METADATA),
        ("web-1.0.dist-info/direct_url.json", input),
    ]);
}

/// The lists of an `.egg-info` directory: requirements, files, entry points.
pub fn egg_info(input: &[u8]) {
    environment(&[
        ("web-1.0.egg-info/PKG-INFO", METADATA),
        ("web-1.0.egg-info/requires.txt", input),
        ("web-1.0.egg-info/installed-files.txt", input),
        ("web-1.0.egg-info/top_level.txt", input),
        ("web-1.0.egg-info/entry_points.txt", input),
        ("lone-1.0.egg-info", input),
    ]);
}

// Environments.

/// `pyvenv.cfg` (PEP 405).
pub fn pyvenv_cfg(input: &[u8]) {
    let _ = take_inventory(input, &[]);
}

/// `.pth` files (site.py) and `.egg-link`.
pub fn path_file(input: &[u8]) {
    environment(&[("local.pth", input), ("web.egg-link", input)]);
}

/// The module by which setuptools and scikit-build-core lead to the source of an editable install.
pub fn editable_finder(input: &[u8]) {
    environment(&[
        ("web-1.0.dist-info/METADATA", METADATA),
        ("web-1.0.dist-info/RECORD", b"__editable__.web.pth,,\n__editable___web_finder.py,,\n"),
        (
            "__editable__.web.pth",
            b"import __editable___web_finder; __editable___web_finder.install()",
        ),
        ("__editable___web_finder.py", input),
    ]);
}

/// The first lines of a script: the removed header is within the input.
pub fn script(input: &[u8]) {
    let Some(script) = python::parse_script(input) else { return };
    assert!(script.header <= input.len());
    let coding = script.coding.as_deref().unwrap_or_default();
    let _ = python::relocatable_header("python", &script.arguments, coding);
    let _ = python::absolute_header("/opt/app/bin/python", &script.arguments, coding);
}

/// The target of a link in the environment, and of a top-level directory of the root.
pub fn link(input: &[u8]) {
    let Ok(target) = std::str::from_utf8(input) else { return };
    if target.contains(['\n', '\r', '\0']) || target.trim() != target || target.is_empty() {
        return;
    }
    let links =
        format!("{SITE}/link -> {target}\n/lib -> {target}\n/opt/venv/bin/tool -> {target}");
    let mut memory = Memory::parse(&links);
    for (path, content) in
        [("/usr/bin/python3.11", PYTHON), ("/opt/venv/pyvenv.cfg", b"home = /usr/bin\n")]
    {
        memory.file(path, content);
    }
    let root = Root::new(memory);
    let _ = (root.resolve(&WrittenPath::new("/lib/x")), base::read(&root));
    let _ = inventory::take_inventory(
        &root,
        &["/opt/venv".to_owned()],
        &python::Surroundings::default(),
        Scope::default(),
    );
}

/// A file of `lib-dynload`, which may be no ELF file.
pub fn interpreter_module(input: &[u8]) {
    let mut memory = Memory::parse("/opt/venv/bin/python -> /usr/bin/python3.11");
    for (path, content) in [
        ("/usr/bin/python3.11", PYTHON),
        ("/opt/venv/pyvenv.cfg", b"home = /usr/bin\nversion = 3.11.2\n"),
        ("/usr/lib/python3.11/os.py", b""),
        ("/usr/lib/python3.11/lib-dynload/_ssl.so", input),
    ] {
        memory.file(path, content);
    }
    let taken = inventory::take_inventory(
        &Root::new(memory),
        &["/opt/venv".to_owned()],
        &python::Surroundings::default(),
        Scope { interpreter: true, ..Scope::default() },
    );
    assert!(taken.is_ok(), "there is an interpreter: {:?}", taken.err());
}

// Requirements of a user.

/// A requirement (PEP 508), as typed after `--require`.
pub fn requirement(input: &[u8]) {
    let _ = python::parse_requirement(&String::from_utf8_lossy(input));
}

/// A requirements file of pip.
pub fn requirements_file(input: &[u8]) {
    let _ = python::parse_requirements_file(&String::from_utf8_lossy(input));
}

/// As each file that `init` reads, beside the files that lead to it; every line of the Dockerfile is one
/// that a template has.
pub fn project(input: &[u8]) {
    let beside = [("pyproject.toml", ""), ("requirements.txt", ""), ("setup.py", "")];
    let files = [
        "pyproject.toml",
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "environment.yml",
        "requirements.txt",
        "setup.cfg",
        ".python-version",
        "manage.py",
        "main.py",
        "shop/__main__.py",
    ];
    for file in files {
        let mut memory = Memory::default();
        for (name, text) in beside {
            memory.file(&format!("/{name}"), text);
        }
        memory.file(&format!("/{file}"), input);
        let Ok(project) = project::read(&Root::new(memory)) else { continue };
        for base in [Base::Alpine, Base::Slim, Base::Distroless, Base::Scratch] {
            let Ok(recipe) = project::decide(&project, &Choice { base, python: None }) else {
                continue;
            };
            for line in project::dockerfile(&recipe).lines() {
                assert!(starts_as_template_lines_do(line), "{file}: {line:?}");
            }
        }
    }
}

fn starts_as_template_lines_do(line: &str) -> bool {
    let starts = [
        "#",
        "ARG B",
        "FROM ",
        "RUN --mount=",
        "RUN apt-get update && apt-get install ",
        "RUN apk add ",
        "RUN python -m venv ",
        "RUN rm -f /app/",
        "RUN install -d ",
        "RUN [",
        "RUN wheelbarrow bundle ",
        "RUN micromamba create ",
        "COPY ",
        "ENV ",
        "WORKDIR /",
        "USER ",
        "EXPOSE ",
        "CMD [\"",
        "    ",
        " && ",
    ];
    line.is_empty() || starts.iter().any(|start| line.starts_with(start))
}

/// `pyproject.toml`, with and without an extra.
pub fn pyproject(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for extras in [&[][..], &["web".to_owned()]] {
        if let Ok(project) = python::parse_project(&text, extras) {
            let _ = project.itself(extras);
        }
    }
}

// Wheels.

/// The file name of a wheel.
pub fn wheel_name(input: &[u8]) {
    if let Ok(name) = WheelName::parse(&String::from_utf8_lossy(input)) {
        let _ = (name.to_string(), name.tags());
    }
}

/// A wheel: it is read and, if valid, unpacked. Nothing is written outside of the prefix.
pub fn wheel_archive(input: &[u8]) {
    let name = WheelName::parse("a-1-py3-none-any.whl").expect("the name of a wheel");
    let Ok(mut archive) = Archive::read(Cursor::new(input), name) else { return };
    let top = tempfile::tempdir().expect("a temporary directory");
    let directory = top.path().join("prefix");
    std::fs::create_dir(&directory).expect("a new directory");
    let prefix =
        Prefix { directory: &directory, python: "python3.11", header: "#!/opt/app/bin/python\n" };
    let _ = install(&mut archive, &prefix, true);
    assert_eq!(top.path().read_dir().expect("it is there").count(), 1, "written beside the prefix");
}

// Databases of package managers.

/// `/lib/apk/db/installed`.
pub fn apk_installed(input: &[u8]) {
    packages(&[("/lib/apk/db/installed", input)]);
}

/// `/var/lib/dpkg/status`, and the same text as a record of distroless.
pub fn dpkg_status(input: &[u8]) {
    packages(&[("/var/lib/dpkg/status", input), ("/var/lib/dpkg/status.d/one", input)]);
}

/// `/var/lib/dpkg/info/PACKAGE.list`.
pub fn dpkg_list(input: &[u8]) {
    packages(&[("/var/lib/dpkg/status", STATUS), ("/var/lib/dpkg/info/libz1.list", input)]);
}

/// `/var/lib/dpkg/diversions`.
pub fn dpkg_diversions(input: &[u8]) {
    packages(&[
        ("/var/lib/dpkg/status", STATUS),
        ("/var/lib/dpkg/info/libz1.list", b"/.\n/usr/lib/libz.so.1\n"),
        ("/var/lib/dpkg/diversions", input),
    ]);
}

/// `/var/lib/dpkg/status.d/PACKAGE.md5sums` of distroless.
pub fn dpkg_checksums(input: &[u8]) {
    packages(&[
        ("/var/lib/dpkg/status.d/libz1", STATUS),
        ("/var/lib/dpkg/status.d/libz1.md5sums", input),
    ]);
}

/// `conda-meta/NAME-VERSION-BUILD.json`.
pub fn conda_record(input: &[u8]) {
    packages(&[("/opt/conda/conda-meta/libz-1.0-h1_0.json", input)]);
}

/// `/etc/os-release`.
pub fn os_release(input: &[u8]) {
    let _ = Release::parse(&String::from_utf8_lossy(input));
}

// Loaders.

/// `/etc/ld.so.cache` of glibc.
pub fn loader_cache(input: &[u8]) {
    candidates(&[("/etc/ld.so.cache", input)], "/lib64/ld-linux-x86-64.so.2");
}

/// `/etc/ld-musl-x86_64.path`.
pub fn musl_path_file(input: &[u8]) {
    candidates(&[("/etc/ld-musl-x86_64.path", input)], LOADER);
}

// ELF files.

/// The facts of an ELF file.
pub fn elf_facts(input: &[u8]) {
    let _ = elf::read(&input.to_vec());
}

/// Its symbols and versions.
pub fn elf_symbols(input: &[u8]) {
    let Ok(symbols) = elf::read_symbols(&input.to_vec()) else { return };
    for name in symbols.names() {
        assert!(symbols.defines(name), "{name} is listed and not defined");
    }
}

/// Names of libraries in read-only data, and notes.
pub fn elf_names(input: &[u8]) {
    let content = input.to_vec();
    for name in elf::read_library_names(&content).unwrap_or_default() {
        assert!(name.starts_with("lib") && name.contains(".so"), "{name} is no name");
    }
    for descriptor in elf::read_dlopen_notes(&content).unwrap_or_default() {
        dlopen_note(&descriptor);
    }
}

/// The descriptor of a `.note.dlopen`.
pub fn dlopen_note(input: &[u8]) {
    evidence::parse_note(input);
}

/// The drivers of an `odbcinst.ini`.
pub fn odbc_drivers(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for driver in evidence::parse_drivers(text) {
        assert!(!driver.is_empty(), "an empty driver");
    }
}

/// The names of libraries in Python source.
pub fn python_source(input: &[u8]) {
    for name in evidence::names_in_source(input) {
        assert!(!name.text.is_empty(), "an empty name");
    }
}

/// An added run path: the loader reads the result, and adding it again changes nothing.
pub fn elf_run_path(input: &[u8]) {
    let added = vec!["$ORIGIN/../lib".to_owned()];
    let (content, changes) = (input.to_vec(), PathChanges { added, ..PathChanges::default() });
    for when_none in [WhenNone::RunPath, WhenNone::RPath] {
        let Ok(edits) = elf::change_paths(&content, &changes, when_none) else { continue };
        let edited = Edited { content: content.clone(), edits };
        let facts = elf::read(&edited).expect("it was read before").expect("it is ELF");
        let run_path = facts.runpath.or(facts.rpath).unwrap_or_default();
        assert!(run_path.split(':').any(|directory| directory == changes.added[0]), "{run_path}");
        let _ = whole(&edited);
    }
}

/// Removal of debug sections: the facts of the file stay the same.
pub fn elf_strip(input: &[u8]) {
    let Ok(stripped) = elf::strip(Box::new(input.to_vec())) else { return };
    let bytes = whole(&stripped);
    assert!(bytes.len() < input.len());
    let facts = |bytes: &Vec<u8>| elf::read(bytes).expect("it was read to be stripped");
    assert_eq!(facts(&bytes), facts(&input.to_vec()));
}

// Our own documents, which somebody may have edited.

/// A profile of a base image.
pub fn profile(input: &[u8]) {
    let _ = serde_json::from_slice::<Profile>(input);
}

/// `wheelbarrow.json` of a bundle.
pub fn manifest(input: &[u8]) {
    if let Ok(manifest) = Manifest::parse(&String::from_utf8_lossy(input)) {
        let _ = (manifest.to_json(), ImageManifest::from(&manifest).libraries_outside());
        let _ = report::compare(&[Application { name: "one".to_owned(), manifest }]);
    }
}

/// The manifest in an image, with the hash that its text has to begin with.
pub fn image_manifest(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let _ = ImageManifest::parse(&text);
    if let Ok(manifest) = ImageManifest::parse(&ImageManifest::seal(&text)) {
        assert_eq!(ImageManifest::parse(&manifest.to_text()).ok(), Some(manifest));
    }
}

// The roots in which a file is read.

const METADATA: &[u8] = b"Metadata-Version: 2.1\nName: web\nVersion: 1.0\n";
const STATUS: &[u8] =
    b"Package: libz1\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n";

fn root(files: &[(&str, &[u8])]) -> Root {
    let mut memory = Memory::default();
    files.iter().for_each(|(path, content)| memory.file(path, *content));
    Root::new(memory)
}

/// Reads the package databases of a root.
fn packages(files: &[(&str, &[u8])]) {
    let _ = PackageIndex::read(&root(files), &[RealPath::known("/opt/conda")]);
}

/// Reads a virtual environment with these files in its site-packages.
fn environment(files: &[(&str, &[u8])]) {
    let found = take_inventory(b"home = /usr/bin\nversion = 3.11.2\n", files);
    assert!(found.is_ok(), "there is an interpreter: {:?}", found.err());
}

fn take_inventory(
    pyvenv_cfg: &[u8],
    files: &[(&str, &[u8])],
) -> Result<Inventory, EnvironmentError> {
    let mut memory = Memory::parse("/opt/venv/bin/python -> /usr/bin/python3.11");
    for (path, content) in [
        ("/usr/bin/python3.11", PYTHON),
        ("/usr/lib/python3.11/os.py", b"VERSION = '3.11.2'\n"),
        ("/opt/venv/pyvenv.cfg", pyvenv_cfg),
        ("/opt/venv/src/web/__init__.py", b""),
        ("/opt/venv/lib/python3.11/site-packages/web.py", b""),
    ] {
        memory.file(path, content);
    }
    for (name, content) in files {
        memory.file(&format!("{SITE}/{name}"), *content);
    }
    inventory::take_inventory(
        &Root::new(memory),
        &["/opt/venv".to_owned()],
        &wheelbarrow::python::Surroundings::default(),
        Scope::default(),
    )
}

/// Reads the configuration of a loader, and the directories that it would search.
fn candidates(files: &[(&str, &[u8])], interpreter: &str) {
    let loader =
        loader::choose_loader(&root(files), interpreter, X86_64).expect("the name of a loader");
    let elf = elf::read(&PYTHON.to_vec()).expect("it can be read").expect("it is ELF");
    let opened = WrittenPath::new("/usr/bin/python3.11");
    let _ = loader.candidates("libz.so.1", &[loader::Requester { opened: &opened, elf: &elf }]);
    let _ = (loader.cached(), loader.directories());
}

/// Reads contents from beginning to end, in pieces.
fn whole(content: &dyn Content) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(content.size()).expect("it fits in memory")];
    for (number, piece) in bytes.chunks_mut(1000).enumerate() {
        let read = content.read_at(piece, number as u64 * 1000).expect("memory is read");
        assert_eq!(read, piece.len(), "the size is that of the content");
    }
    bytes
}

// Committed files.

/// A lock, or the JSON of a bundle, a plan or a report; a lock that is read is written the same.
pub fn side(input: &[u8]) {
    let Ok(side) = lock::read_side(&String::from_utf8_lossy(input)) else { return };
    assert!(lock::compare_sides(&side, &side).is_empty());
    assert_eq!(lock::parse_lock(&side.lock.to_toml()), Ok(side.lock));
}

/// The record of an observed run: one that is read is written the same.
pub fn observed(input: &[u8]) {
    let Ok(record) = evidence::parse_record(&String::from_utf8_lossy(input)) else { return };
    assert_eq!(evidence::parse_record(&record.to_json()), Ok(record));
}

/// A Dockerfile of the user.
pub fn dockerfile(input: &[u8]) {
    let expected = lock::ExplicitStage {
        stage: Some("builder".to_owned()),
        source: "/bundle".to_owned(),
        install: Manager::Apk.install_command(),
        packages: vec!["yaml".to_owned()],
        trees: vec!["rootfs".to_owned()],
    };
    lock::check_dockerfile("Dockerfile", &String::from_utf8_lossy(input), &expected);
}

// Text that is shown or written.

/// Names, links and messages: nothing that a terminal obeys is left of them, and JSON stays the same document.
pub fn shown_text(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let unsafe_in = |text: &str| {
        let mut letters = text.chars();
        letters.any(|one| {
            one.is_control() && !matches!(one, '\n' | '\t' | '\u{1b}') || one == '\u{202e}'
        })
    };
    assert!(!unsafe_in(&report::for_terminal(&text, report::Terminal::default())));
    let json = report::json_for_terminal(&serde_json::Value::from(text.as_ref()).to_string());
    assert!(
        !unsafe_in(&json) && serde_json::from_str::<String>(&json).is_ok_and(|read| read == text)
    );
    let words = [
        ImageName::try_from(text.to_string()).map(String::from),
        StageName::try_from(text.to_string()).map(String::from),
        PlainPath::try_from(text.to_string()).map(String::from),
    ];
    for word in words.into_iter().flatten() {
        assert!(
            !word
                .contains(|one: char| !one.is_ascii_graphic() || "$*?[]\\\"'#,;&|<>".contains(one))
        );
    }
    let value = dockerfile::environment_value(&text, "/bin:$PATH");
    assert!(value == format!("{text}/bin:$PATH") || value.starts_with('"') && value.ends_with('"'));
}
