//! Files of the builder that are not the ones that were installed, or not the ones that were planned.

use std::fs;
use std::path::{Path, PathBuf};

use wheelbarrow::bundle::{self, BundleError, Format, Papers};
use wheelbarrow::inventory::{Scope, take_inventory};
use wheelbarrow::path::RealPath;
use wheelbarrow::plan::{self, Request};
use wheelbarrow::python::Surroundings;
use wheelbarrow::root::{Directory, Root};

use crate::support::{exit_code, fixture_copy, program, shown};

const SITE: &str = "opt/venv/lib/python3.11/site-packages";

/// The shipped root with a distribution whose RECORD has the hash of every file. The text of `a.py` is
/// `one`, and that of a script has the path of the environment, which is replaced.
fn builder() -> (tempfile::TempDir, PathBuf) {
    let (directory, root) = fixture_copy();
    let site = root.join(SITE);
    let info = site.join("a-1.dist-info");
    fs::create_dir(&info).unwrap();
    fs::write(info.join("METADATA"), "Metadata-Version: 2.1\nName: a\nVersion: 1\n").unwrap();
    fs::write(site.join("a.py"), "one").unwrap();
    fs::write(root.join("opt/venv/bin/a"), "#!/opt/venv/bin/python\nimport a\n").unwrap();
    let record = "a.py,sha256=dpLDrTVAu4A8Ags67mbNiIcSMjTqDG5xQ8Ct1z_0Me0,3\n\
                  ../../../bin/a,sha256=tQyqvsjDrAe-m9lN2tVWkoIzwj_ZzWqhG5TpfPB03Us,32\n\
                  a-1.dist-info/METADATA,,\na-1.dist-info/RECORD,,\n";
    fs::write(info.join("RECORD"), record).unwrap();
    (directory, root)
}

fn findings(root: &Path, out: &Path) -> Vec<String> {
    let output =
        program().args(["bundle", "--root"]).arg(root).arg("--out").arg(out).output().unwrap();
    let text = shown(&output);
    assert_eq!(exit_code(&output), 0, "{text}");
    text.lines().filter(|line| line.contains("[changed-file]")).map(str::to_owned).collect()
}

#[test]
fn a_file_that_differs_from_record_is_named() {
    let (directory, root) = builder();
    let out = directory.path().join("bundle");
    assert_eq!(findings(&root, &out), [""; 0]);
    fs::write(root.join(SITE).join("a.py"), "two").unwrap();
    let message = "warn[changed-file] a: 1 file changed after the installation, as RECORD shows: \
                   /opt/venv/lib/python3.11/site-packages/a.py";
    assert_eq!(findings(&root, &out), [message]);
    // A file that the bundle changes is compared as it is in the builder.
    fs::write(root.join("opt/venv/bin/a"), "#!/opt/venv/bin/python\nimport b\n").unwrap();
    let all = findings(&root, &out);
    assert!(all[0].contains("a: 2 files") && all[0].contains("/opt/venv/bin/a"), "{all:?}");
}

/// Bundles after `change`, which comes after the plan.
fn written(change: impl FnOnce(&Path)) -> Result<Vec<String>, BundleError> {
    let (directory, top) = builder();
    let root = Root::new(Directory::open(&top, &[]).unwrap());
    let named = ["/opt/venv".to_owned()];
    let inventory =
        take_inventory(&root, &named, &Surroundings::default(), Scope::default()).unwrap();
    let plan = plan::make(&inventory, &Request::new(RealPath::known("/opt/app")));
    change(&top.join(SITE).join("a.py"));
    let papers = Papers {
        dockerfile: String::new(),
        runtime_packages: String::new(),
        installer: String::new(),
        installer_path: RealPath::known("/opt/app/install"),
        program: None,
    };
    let out = directory.path().join("bundle");
    let outcome = bundle::write(&root, &plan, &papers, &out, Format::Directory, 0, &|_| ());
    assert_eq!(out.exists(), outcome.is_ok());
    let findings = outcome?.findings.into_iter();
    Ok(findings.map(|one| format!("{} {}", one.code.as_str(), one.subject)).collect())
}

#[test]
fn a_file_that_changes_during_the_run_is_no_part_of_a_bundle() {
    assert_eq!(written(|_| ()).unwrap(), [""; 0]);
    assert_eq!(written(|path| fs::write(path, "two").unwrap()).unwrap(), ["changed-file a"]);
    let longer = written(|path| fs::write(path, "three").unwrap()).unwrap_err().to_string();
    assert_eq!(longer, format!("/{SITE}/a.py changed while wheelbarrow was running"));
    let gone = written(|path| fs::remove_file(path).unwrap()).unwrap_err().to_string();
    assert_eq!(gone, format!("/{SITE}/a.py: cannot open: entity not found"));
}

#[test]
fn two_installations_of_one_distribution_are_told() {
    let (directory, root) = builder();
    let second = root.join(SITE).join("A-2.dist-info");
    fs::create_dir(&second).unwrap();
    fs::write(second.join("METADATA"), "Metadata-Version: 2.1\nName: A\nVersion: 2\n").unwrap();
    let out = directory.path().join("bundle");
    let output =
        program().args(["bundle", "--root"]).arg(&root).arg("--out").arg(out).output().unwrap();
    let text = shown(&output);
    assert!(text.contains("warn[installed-twice]"), "{text}");
    assert!(text.contains("a-1.dist-info") && text.contains("A-2.dist-info"), "{text}");
}
