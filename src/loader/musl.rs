//! The musl loader: `load_library` and `fixup_rpath` in `ldso/dynlink.c`.
//!
//! Invariant: `DT_SONAME` is never used. RPATH and RUNPATH are the same, and both are inherited
//! along the chain of requesters.

use super::{After, Candidate, Failure, Identity, Libc, Loader, Requester, Rule};
use crate::elf::Machine;
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

/// Names after `lib` that the loader satisfies itself.
const RESERVED: [&str; 7] = ["c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."];
const DEFAULT: [&str; 3] = ["/lib", "/usr/local/lib", "/usr/lib"];
/// `2*NAME_MAX+2`: musl skips a longer candidate without an error.
const LONGEST: usize = 512;

/// The musl loader of a root.
pub(super) struct Musl {
    interpreter: String,
    directories: Vec<String>,
    rule: Rule,
    configuration: Vec<RealPath>,
    own_file: Option<RealPath>,
}

impl Musl {
    /// Reads `PREFIX/etc/ld-musl-ARCH.path`. The prefix is `interpreter`, a `PT_INTERP`, without
    /// its last two components.
    pub(super) fn read(root: &Root, interpreter: &str, machine: Machine) -> Musl {
        let prefix = interpreter.rsplitn(3, '/').nth(2).unwrap_or_default();
        let file = format!("{prefix}/etc/ld-musl-{}.path", machine.name());
        let default = || (DEFAULT.map(str::to_owned).to_vec(), Rule::DefaultDirectory);
        let mut configuration = Vec::new();
        let (directories, rule) = match root.resolve(&WrittenPath::new(&file)) {
            // Only ENOENT selects the defaults. An empty or unreadable file means no directories.
            Ok(None) if is_no_directory(root, &format!("{prefix}/etc")) => {
                (Vec::new(), Rule::PathFile)
            }
            Ok(None) => default(),
            Ok(Some(found)) => {
                let text = root.read(&found.path, 1 << 16).unwrap_or_default();
                configuration.push(found.path);
                (split(&String::from_utf8_lossy(&text)), Rule::PathFile)
            }
            Err(_) => (Vec::new(), Rule::PathFile),
        };
        let own_file =
            root.resolve(&WrittenPath::new(interpreter)).ok().flatten().map(|found| found.path);
        Musl { interpreter: interpreter.to_owned(), directories, rule, configuration, own_file }
    }
}

/// The large-file interfaces. Since 1.2.4 musl exports them under these names alone. It still binds
/// references to the same names with `64` at the end.
const LARGE_FILE: &str = "\
     aio_cancel aio_error aio_fsync aio_read aio_return aio_suspend aio_write alphasort creat \
     fallocate fgetpos fopen freopen fseeko fsetpos fstat fstatat fstatfs fstatvfs ftello \
     ftruncate ftw getdents getrlimit glob globfree lio_listio lockf lseek lstat mkostemp \
     mkostemps mkstemp mkstemps mmap nftw open openat posix_fadvise posix_fallocate pread preadv \
     prlimit pwrite pwritev readdir scandir sendfile setrlimit stat statfs statvfs tmpfile \
     truncate versionsort __fxstat __fxstatat __lxstat __xstat";

/// The name that musl binds instead of an undefined large-file name (`get_lfs64`), such as `open`
/// for `open64`; `None` for other names.
pub fn large_file_name(name: &str) -> Option<&str> {
    match name {
        "readdir64_r" => Some("readdir_r"),
        _ => {
            name.strip_suffix("64").filter(|plain| LARGE_FILE.split(' ').any(|name| name == *plain))
        }
    }
}

/// Whether the path exists and is no directory: `open(2)` then fails with ENOTDIR, not ENOENT.
fn is_no_directory(root: &Root, path: &str) -> bool {
    let found = root.resolve(&WrittenPath::new(path));
    matches!(found, Ok(Some(found)) if found.meta.kind != Kind::Directory)
}

fn split(text: &str) -> Vec<String> {
    text.split([':', '\n']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The run path of one object. A `$` that does not start `$ORIGIN` makes musl ignore all of it.
fn run_path(object: &Requester) -> Vec<String> {
    let Some(text) = object.elf.runpath.as_ref().or(object.elf.rpath.as_ref()) else {
        return Vec::new();
    };
    let origin = object.opened.directory();
    // The part before the last slash, which is empty for a file in `/`.
    let origin = origin.as_str().trim_end_matches('/');
    let expanded = text.replace("${ORIGIN}", "\0").replace("$ORIGIN", "\0");
    if expanded.contains('$') {
        return Vec::new();
    }
    split(&expanded.replace('\0', origin))
}

fn candidate(directory: &str, name: &str, rule: Rule) -> Option<Candidate> {
    let fits = directory.len() + 1 + name.len() < LONGEST;
    fits.then(|| Candidate { path: WrittenPath::new("/").join(directory).join(name), rule })
}

impl Loader for Musl {
    fn libc(&self) -> Libc {
        Libc::Musl
    }

    fn built_in(&self, name: &str) -> bool {
        let reserved = |rest: &str| RESERVED.iter().any(|prefix| rest.starts_with(prefix));
        name.strip_prefix("lib").is_some_and(reserved) || name == self.interpreter
    }

    fn candidates(&self, name: &str, chain: &[Requester]) -> Vec<Candidate> {
        if name.is_empty() || name.len() > 255 {
            return Vec::new();
        }
        if name.contains('/') {
            return vec![Candidate { path: WrittenPath::new("/").join(name), rule: Rule::Path }];
        }
        let mut found = Vec::new();
        for object in chain {
            let rule = || Rule::RunPath { of: object.opened.to_string() };
            found.extend(
                run_path(object).iter().filter_map(|directory| candidate(directory, name, rule())),
            );
        }
        found.extend(self.system_candidates(name));
        found
    }

    fn system_candidates(&self, name: &str) -> Vec<Candidate> {
        self.directories
            .iter()
            .filter_map(|directory| candidate(directory, name, self.rule.clone()))
            .collect()
    }

    fn after(&self, failure: Failure) -> After {
        match failure {
            Failure::Absent => After::Next,
            // The first file that opens is final, whatever its content.
            Failure::System | Failure::Foreign | Failure::Broken => After::Stop,
        }
    }

    fn identity(&self) -> Identity {
        Identity::ShortName
    }

    fn own_file(&self) -> Option<&RealPath> {
        self.own_file.as_ref()
    }

    fn directories(&self) -> &[String] {
        &self.directories
    }

    fn compiled_directories(&self) -> Vec<String> {
        DEFAULT.map(str::to_owned).to_vec()
    }

    fn cached(&self) -> Vec<&str> {
        Vec::new()
    }

    fn configuration(&self) -> &[RealPath] {
        &self.configuration
    }
}
