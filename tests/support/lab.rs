//! The lab: images that buildah builds with wheelbarrow next to the Dockerfile, and the containers
//! that run them. Both are removed when a test ends, even if it fails, so a run leaves no images on
//! the disk. Tests that need the lab are ignored by default: `cargo test -- --ignored`.

use std::cell::RefCell;
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wheelbarrow::version::published_image;

/// An image like `gcr.io/distroless/python3-debian12`: Debian's packages, unpacked without dpkg. It
/// has two stages; the second is named `distroless`.
pub const DISTROLESS: &str = include_str!("../programs/distroless.Dockerfile");

fn call(arguments: &[&str], directory: &Path) -> Output {
    let output = Command::new("buildah")
        .args(arguments)
        .current_dir(directory)
        .env("BUILDAH_ISOLATION", "chroot")
        .output();
    output.expect("this test needs the lab, and buildah does not start")
}

/// Whether a call of buildah succeeds, and its complete output.
fn attempt(arguments: &[&str], directory: &Path) -> (bool, String) {
    let output = call(arguments, directory);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), text)
}

/// The output of a call of buildah that must succeed.
pub fn buildah(arguments: &[&str]) -> String {
    let output = call(arguments, Path::new("/"));
    assert!(
        output.status.success(),
        "buildah {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The lock on the images of the storage; every process has the same one. A build with the cache
/// inspects all images, those of other tests too, and fails if one is removed meanwhile ("layer not
/// known"): such builds share the lock, and a removal has it alone.
fn lock_file() -> File {
    File::create(env::temp_dir().join("wheelbarrow-lab.lock")).unwrap()
}

/// Whether an image is removed, and the output of buildah.
fn remove_image(image: &str) -> (bool, String) {
    let images = lock_file();
    images.lock().unwrap();
    attempt(&["rmi", image], Path::new("/"))
}

/// A folder in which images are built, and the images.
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

    /// The directory from which Dockerfiles copy.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The value of `--build-context` that takes the program of this folder for the published image. So
    /// Dockerfiles for users are built as they are.
    pub fn published(&self) -> String {
        format!("{}={}", published_image(), self.directory().display())
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.directory().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Builds an image, with every step run again, and returns the log.
    pub fn build(&self, image: &str, dockerfile: &str) -> String {
        self.build_with(image, dockerfile, &["--no-cache"])
    }

    /// Builds an image, reusing the steps that this lab has built before, and returns the log.
    pub fn build_cached(&self, image: &str, dockerfile: &str) -> String {
        let images = lock_file();
        images.lock_shared().unwrap();
        self.build_with(image, dockerfile, &["--layers"])
    }

    fn build_with(&self, image: &str, dockerfile: &str, options: &[&str]) -> String {
        self.write("Dockerfile", dockerfile);
        let published = self.published();
        let always =
            ["bud", "--isolation", "chroot", "--force-rm", "--build-context", &published, "-t"];
        let arguments = [&always[..], &[image], options, &["."]].concat();
        let (ok, log) = attempt(&arguments, self.directory());
        assert!(ok, "{image}: {log}");
        self.keep(image);
        log
    }

    /// Registers an image that was made in another way, so that it is removed with the others.
    pub fn keep(&self, image: &str) {
        self.images.borrow_mut().push(image.to_owned());
    }

    /// Removes an image that the rest of the test does not need.
    pub fn remove(&self, image: &str) {
        self.images.borrow_mut().retain(|one| one != image);
        let (ok, log) = remove_image(image);
        assert!(ok, "{image}: {log}");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The last one is removed first, because it may be based on an earlier one.
        for image in self.images.borrow().iter().rev() {
            remove_image(image);
        }
    }
}

/// Builds one image with some more files to copy; returns the log.
pub fn built(image: &str, dockerfile: &str, files: &[(&str, &str)]) -> String {
    let lab = Lab::new();
    files.iter().for_each(|(path, text)| lab.write(path, text));
    lab.build(image, dockerfile)
}

/// A container of an image; it is removed when dropped.
pub struct Container {
    pub name: String,
}

impl Container {
    pub fn of(image: &str) -> Container {
        Container { name: buildah(&["from", "--pull-never", image]) }
    }

    /// Runs a command; returns whether it succeeds, and its output.
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

    /// The path of its root on this machine.
    pub fn root(&self) -> PathBuf {
        PathBuf::from(buildah(&["mount", &self.name]))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        attempt(&["rm", &self.name], Path::new("/"));
    }
}
