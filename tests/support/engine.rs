//! The two programs that build images from a Dockerfile, with all steps cached that they have built
//! before.

use std::path::Path;
use std::process::Command;

use super::lab::{Container, Lab, buildah};
use super::shown;

pub trait Engine {
    /// Builds the directory of the lab; the log.
    fn build(&self, lab: &Lab, image: &str, dockerfile: &str) -> String;
    /// Whether the log says that an instruction was not carried out again.
    fn was_cached(&self, log: &str, instruction: &str) -> bool;
    /// Imports modules in the image.
    fn import(&self, image: &str, modules: &str);
    /// The digests of the layers of an image, those of its base included.
    fn layers(&self, image: &str) -> Vec<String>;
}

pub struct Buildah;

impl Engine for Buildah {
    fn build(&self, lab: &Lab, image: &str, dockerfile: &str) -> String {
        lab.build_cached(image, dockerfile)
    }

    fn was_cached(&self, log: &str, instruction: &str) -> bool {
        let mut lines = log.lines().skip_while(|line| !line.ends_with(instruction));
        let step = lines.next().unwrap_or_else(|| panic!("{instruction}: {log}"));
        let stage = step.split(' ').next().unwrap();
        // The steps that it waits for may be printed in between; its own last line has the image.
        let until_next: Vec<&str> = lines.take_while(|line| !line.starts_with(stage)).collect();
        until_next.iter().rev().nth(1).is_some_and(|line| line.starts_with("--> Using cache"))
    }

    fn import(&self, image: &str, modules: &str) {
        let import = format!("import {modules}");
        Container::of(image).says(&["/opt/app/bin/python", "-c", &import]);
    }

    fn layers(&self, image: &str) -> Vec<String> {
        let format = "{{range .OCIv1.RootFS.DiffIDs}}{{println .}}{{end}}";
        let said = buildah(&["inspect", "--type", "image", "--format", format, image]);
        said.lines().map(str::to_owned).collect()
    }
}

pub struct Docker;

/// The complete output of a call of docker that must succeed.
pub fn docker(arguments: &[&str], directory: &Path) -> String {
    let output = Command::new("docker").args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", shown(&output));
    shown(&output)
}

impl Engine for Docker {
    fn build(&self, lab: &Lab, image: &str, dockerfile: &str) -> String {
        lab.write("Dockerfile", dockerfile);
        let published = lab.published();
        let context = ["--build-context", &published, "-t", image, "."];
        let arguments = [&["build", "--network", "host", "--progress", "plain"], &context[..]];
        docker(&arguments.concat(), lab.directory())
    }

    fn was_cached(&self, log: &str, instruction: &str) -> bool {
        let step = log.lines().find(|line| line.ends_with(instruction));
        let step = step.unwrap_or_else(|| panic!("{instruction}: {log}"));
        let number = step.split(' ').next().unwrap();
        log.lines().any(|line| line == format!("{number} CACHED"))
    }

    fn import(&self, image: &str, modules: &str) {
        let import = format!("import {modules}");
        docker(
            &["run", "--rm", "--network", "host", image, "python", "-c", &import],
            Path::new("/"),
        );
    }

    fn layers(&self, image: &str) -> Vec<String> {
        let format = "{{range .RootFS.Layers}}{{println .}}{{end}}";
        let said = docker(&["image", "inspect", "--format", format, image], Path::new("/"));
        said.lines().filter(|line| line.starts_with("sha256:")).map(str::to_owned).collect()
    }
}
