//! Packages of the operating system that the builder stage needs.
//!
//! Invariant: a package is installed because a distribution that has no wheel for this platform is
//! named;
//! the table says what that distribution compiles against, and no name outside the table is
//! installed.

use super::facts::Project;
use super::image::Base;
use super::install::Install;
use super::lock::Locked;

/// For which C libraries a distribution has wheels on PyPI.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wheels {
    None,
    Glibc,
    Both,
}

/// What a distribution compiles against.
struct Native {
    name: &'static str,
    wheels: Wheels,
    debian: &'static [&'static str],
    alpine: &'static [&'static str],
}

const fn native(
    name: &'static str,
    wheels: Wheels,
    debian: &'static [&'static str],
    alpine: &'static [&'static str],
) -> Native {
    Native { name, wheels, debian, alpine }
}

/// Sorted by name. The packages are those of each project's own instructions.
const NATIVE: [Native; 24] = [
    native("cffi", Wheels::Both, &["libffi-dev"], &["libffi-dev"]),
    native("confluent-kafka", Wheels::Glibc, &["librdkafka-dev"], &["librdkafka-dev"]),
    native(
        "cryptography",
        Wheels::Both,
        &["libssl-dev", "libffi-dev", "cargo", "pkg-config"],
        &["openssl-dev", "libffi-dev", "cargo", "pkgconf"],
    ),
    native(
        "dbus-python",
        Wheels::None,
        &["libdbus-1-dev", "libglib2.0-dev", "pkg-config"],
        &["dbus-dev", "glib-dev", "pkgconf"],
    ),
    native("gssapi", Wheels::None, &["libkrb5-dev"], &["krb5-dev"]),
    native("h5py", Wheels::Glibc, &["libhdf5-dev", "pkg-config"], &["hdf5-dev", "pkgconf"]),
    native("lxml", Wheels::Both, &["libxml2-dev", "libxslt1-dev"], &["libxml2-dev", "libxslt-dev"]),
    native("m2crypto", Wheels::None, &["libssl-dev", "swig"], &["openssl-dev", "swig"]),
    native(
        "mysqlclient",
        Wheels::None,
        &["default-libmysqlclient-dev", "pkg-config"],
        &["mariadb-connector-c-dev", "pkgconf"],
    ),
    native("netifaces", Wheels::None, &[], &["linux-headers"]),
    native(
        "pillow",
        Wheels::Both,
        &["libjpeg-dev", "zlib1g-dev", "libfreetype-dev"],
        &["jpeg-dev", "zlib-dev", "freetype-dev"],
    ),
    native("psycopg-c", Wheels::None, &["libpq-dev"], &["libpq-dev"]),
    native("psycopg2", Wheels::None, &["libpq-dev"], &["libpq-dev"]),
    native("pyaudio", Wheels::None, &["portaudio19-dev"], &["portaudio-dev"]),
    native("pycairo", Wheels::None, &["libcairo2-dev", "pkg-config"], &["cairo-dev", "pkgconf"]),
    native(
        "pycurl",
        Wheels::Both,
        &["libcurl4-openssl-dev", "libssl-dev"],
        &["curl-dev", "openssl-dev"],
    ),
    native("pygraphviz", Wheels::None, &["libgraphviz-dev"], &["graphviz-dev"]),
    native("pylibmc", Wheels::Glibc, &["libmemcached-dev", "zlib1g-dev"], &["libmemcached-dev"]),
    native("pyodbc", Wheels::Both, &["unixodbc-dev", "g++"], &["unixodbc-dev"]),
    native("python-ldap", Wheels::None, &["libldap-dev", "libsasl2-dev"], &["openldap-dev"]),
    native("pyyaml", Wheels::Both, &["libyaml-dev"], &["yaml-dev"]),
    native("systemd-python", Wheels::None, &["libsystemd-dev", "pkg-config"], &[]),
    native("uwsgi", Wheels::None, &[], &["linux-headers"]),
    native(
        "xmlsec",
        Wheels::Both,
        &["libxmlsec1-dev", "libxmlsec1-openssl", "pkg-config"],
        &["xmlsec-dev", "pkgconf"],
    ),
];

/// What the builder stage installs before anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BuildPackages {
    /// The packages, sorted, without the compiler's twice.
    pub packages: Vec<String>,
    /// The distributions that are compiled against them.
    pub compiled: Vec<String>,
    /// Something is fetched by git.
    pub git: bool,
    /// A download needs certificates, which this image lacks.
    pub certificates: bool,
    /// Distributions of the lock without a wheel for this platform, of which the table knows
    /// nothing.
    pub unknown: Vec<String>,
}

/// A C compiler with the headers of the C library.
pub(super) fn compiler(base: Base) -> &'static [&'static str] {
    match base {
        Base::Alpine => &["build-base"],
        _ => &["gcc", "libc6-dev"],
    }
}

/// Decides for one base.
pub(super) fn decide(project: &Project, install: &Install, base: Base) -> BuildPackages {
    let mut needs = BuildPackages { git: needs_git(project), ..BuildPackages::default() };
    needs.certificates = install.installer.brings_python();
    let locked = |name: &str| {
        let packages = project.lock.iter().flat_map(|(_, lock)| &lock.packages);
        packages.into_iter().find(|package| package.name == name)
    };
    if !install.installer.brings_python() {
        for native in &NATIVE {
            let named = locked(native.name)
                .map(|it| is_compiled(it, base))
                .unwrap_or_else(|| project.requires(native.name) && !native.has_wheel(base));
            if named {
                needs.compiled.push(native.name.to_owned());
                let packages = if base == Base::Alpine { native.alpine } else { native.debian };
                needs.packages.extend(packages.iter().map(|it| (*it).to_owned()));
            }
        }
        let all = project.lock.iter().flat_map(|(_, lock)| &lock.packages);
        let unknown = all.filter(|it| is_compiled(it, base) && !needs.compiled.contains(&it.name));
        needs.unknown = unknown.map(|it| it.name.clone()).collect();
    }
    if !needs.compiled.is_empty() {
        needs.packages.extend(compiler(base).iter().map(|it| (*it).to_owned()));
    }
    needs.packages.extend(needs.git.then(|| "git".to_owned()));
    needs.packages.extend(needs.certificates.then(|| "ca-certificates".to_owned()));
    needs.packages.sort();
    needs.packages.dedup();
    needs
}

impl Native {
    fn has_wheel(&self, base: Base) -> bool {
        match self.wheels {
            Wheels::None => false,
            Wheels::Glibc => base != Base::Alpine,
            Wheels::Both => true,
        }
    }
}

fn needs_git(project: &Project) -> bool {
    project.requirements().any(|it| it.is_git)
        || project.requirements.values().any(|file| file.needs_git)
        || project.conda.as_ref().is_some_and(|(_, conda)| conda.pip.needs_git)
        || project.lock.iter().any(|(_, lock)| lock.packages.iter().any(|it| it.is_git))
}

/// The lock has a source distribution, and no wheel that some Linux of this C library can install.
/// Where all
/// wheels are for other systems, so is the distribution.
fn is_compiled(package: &Locked, base: Base) -> bool {
    let linux = |wheel: &String| wheel.contains("manylinux") || wheel.contains("musllinux");
    let fits = |wheel: &String| {
        let platform = wheel.trim_end_matches(".whl").rsplit('-').next().unwrap_or_default();
        platform == "any"
            || match base {
                Base::Alpine => platform.contains("musllinux"),
                _ => platform.contains("manylinux") || platform.starts_with("linux"),
            }
    };
    let wheels = &package.wheels;
    let for_linux = wheels.is_empty() || wheels.iter().any(linux);
    package.has_sdist && for_linux && !wheels.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(NATIVE.is_sorted_by_key(|native| native.name));
    }

    #[test]
    fn what_is_compiled_depends_on_the_c_library() {
        let check = |wheels: &[&str], base: Base, expect: bool| {
            let wheels = wheels.iter().map(|it| (*it).to_owned()).collect();
            let package = Locked { wheels, has_sdist: true, ..Locked::default() };
            assert_eq!(is_compiled(&package, base), expect, "{package:?} {}", base.as_str());
        };
        let many = "x-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
        let musl = "x-1-cp311-cp311-musllinux_1_2_x86_64.whl";
        check(&[], Base::Slim, true);
        check(&[many], Base::Slim, false);
        check(&[many], Base::Scratch, false);
        check(&[many], Base::Alpine, true);
        check(&[many, musl], Base::Alpine, false);
        check(&["x-1-py3-none-any.whl"], Base::Alpine, false);
        check(&["x-1-cp311-cp311-win_amd64.whl"], Base::Slim, false);
    }
}
