//! The lab: images that buildah builds with our program beside the Dockerfile, and the containers that run
//! them. Both are removed when a test ends, however it ends: a run leaves no more on the disk than it found.
//! Tests that need it are ignored by default: `cargo test -- --ignored`.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An image like `gcr.io/distroless/python3-debian12`: Debian's packages, unpacked without dpkg. Two stages,
/// the second one called `distroless`.
pub const DISTROLESS: &str = include_str!("../programs/distroless.Dockerfile");

fn call(arguments: &[&str], directory: &Path) -> Output {
    let output = Command::new("buildah")
        .args(arguments)
        .current_dir(directory)
        .env("BUILDAH_ISOLATION", "chroot")
        .output();
    output.expect("this test needs the lab, and buildah does not start")
}

/// Whether a call of buildah succeeds, and all it prints.
fn attempt(arguments: &[&str], directory: &Path) -> (bool, String) {
    let output = call(arguments, directory);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), text)
}

/// The answer of a call of buildah that must succeed.
pub fn buildah(arguments: &[&str]) -> String {
    let output = call(arguments, Path::new("/"));
    assert!(
        output.status.success(),
        "buildah {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A folder that images are built in, and the images.
pub struct Lab {
    directory: tempfile::TempDir,
    images: RefCell<Vec<String>>,
}

impl Lab {
    pub fn new() -> Lab {
        let directory = tempfile::tempdir().unwrap();
        fs::copy(env!("CARGO_BIN_EXE_wheelbarrow"), directory.path().join("wheelbarrow")).unwrap();
        Lab { directory, images: RefCell::default() }
    }

    /// The directory that Dockerfiles copy from.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.directory().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Builds an image, every step again; the log.
    pub fn build(&self, image: &str, dockerfile: &str) -> String {
        self.build_with(image, dockerfile, &["--no-cache"])
    }

    /// Builds an image with the steps that this lab has built before; the log.
    pub fn build_cached(&self, image: &str, dockerfile: &str) -> String {
        self.build_with(image, dockerfile, &["--layers"])
    }

    fn build_with(&self, image: &str, dockerfile: &str, options: &[&str]) -> String {
        self.write("Dockerfile", dockerfile);
        let arguments =
            [&["bud", "--isolation", "chroot", "--force-rm", "-t", image], options, &["."]]
                .concat();
        let (ok, log) = attempt(&arguments, self.directory());
        assert!(ok, "{image}: {log}");
        self.keep(image);
        log
    }

    /// An image that came to be in another way is removed with the others.
    pub fn keep(&self, image: &str) {
        self.images.borrow_mut().push(image.to_owned());
    }

    /// Removes an image that nothing below asks for any more.
    pub fn remove(&self, image: &str) {
        self.images.borrow_mut().retain(|one| one != image);
        buildah(&["rmi", image]);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The last first: it may stand on an earlier one.
        for image in self.images.borrow().iter().rev() {
            attempt(&["rmi", image], Path::new("/"));
        }
    }
}

/// Builds one image, with some more files to copy; the log.
pub fn built(image: &str, dockerfile: &str, files: &[(&str, &str)]) -> String {
    let lab = Lab::new();
    files.iter().for_each(|(path, text)| lab.write(path, text));
    lab.build(image, dockerfile)
}

/// A container of an image, until dropped.
pub struct Container {
    pub name: String,
}

impl Container {
    pub fn of(image: &str) -> Container {
        Container { name: buildah(&["from", "--pull-never", image]) }
    }

    /// Runs a command; whether it succeeds, and its output.
    pub fn run(&self, command: &[&str]) -> (bool, String) {
        attempt(
            &[&["run", "--isolation", "chroot", &self.name, "--"], command].concat(),
            Path::new("/"),
        )
    }

    /// The output of a command that must succeed.
    pub fn says(&self, command: &[&str]) -> String {
        let (ok, said) = self.run(command);
        assert!(ok, "{command:?} in {}: {said}", self.name);
        said
    }

    /// Where its root is on this machine.
    pub fn root(&self) -> PathBuf {
        PathBuf::from(buildah(&["mount", &self.name]))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        attempt(&["rm", &self.name], Path::new("/"));
    }
}
