//! A root of Arch Linux: its packages are installed by the real pacman, which is asked who owns a file.

use crate::support::lab::{Container, Lab};
use crate::support::{exit_code, shown, wheelbarrow};

const ARCH: &str = "FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev python3-dev pacman-package-manager zstd
COPY make_arch.sh greet.c greet_module.c /
RUN sh -e /make_arch.sh
";

#[test]
#[ignore = "needs buildah and the base images"]
fn pacman_confirms_the_owner_of_each_library() {
    let (lab, image) = (Lab::new(), "localhost/wheelbarrow-arch");
    lab.write("make_arch.sh", include_str!("programs/make_arch.sh"));
    lab.write("greet.c", include_str!("programs/greet.c"));
    lab.write("greet_module.c", include_str!("programs/greet_module.c"));
    lab.build(image, ARCH);
    let container = Container::of(image);
    let root = container.root().join("arch");
    let out = lab.directory().join("bundle");
    let bundle = ["bundle", "--root", root.to_str().unwrap(), "--from", "archlinux:base", "--out"];
    let output = wheelbarrow(&[&bundle[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    let report = ["report", "--json", "--with-interpreter", "--root", root.to_str().unwrap()];
    let output = wheelbarrow(&report);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let needs = report["modules"].as_array().unwrap().iter();
    let needs = needs.flat_map(|module| module["needs"].as_array().unwrap());
    let mut owners: Vec<(&str, String)> = needs
        .filter_map(|need| {
            Some((need["path"].as_str()?, need["package"].as_str()?, &need["package_version"]))
        })
        .map(|(path, package, version)| (path, format!("{package} {}", version.as_str().unwrap())))
        .collect();
    owners.sort();
    owners.dedup();
    let said: Vec<&str> = owners.iter().map(|(_, owner)| owner.as_str()).collect();
    for expect in ["glibc 2.41-1", "libgreet 1.2-3", "zlib 1:1.3.1-2"] {
        assert!(said.contains(&expect), "{expect}: {owners:?}");
    }
    let paths: Vec<String> = owners.iter().map(|(path, _)| format!("/arch{path}")).collect();
    let ask = ["pacman", "--root", "/arch", "-Qo"].into_iter();
    let answer = container.says(&ask.chain(paths.iter().map(String::as_str)).collect::<Vec<_>>());
    let expect = paths.iter().zip(&owners);
    let expect = expect.map(|(path, (_, owner))| format!("{path} is owned by {owner}\n"));
    assert_eq!(answer, expect.collect::<String>());
    let packages = std::fs::read_to_string(out.join("runtime-packages.txt")).unwrap();
    assert_eq!(packages, "libgreet\npython\n");
    let installer =
        std::fs::read_to_string(out.join("packages/opt/app/lib/wheelbarrow/install-packages"));
    assert!(installer.unwrap().contains("pacman -Syu --noconfirm --needed"));
}
