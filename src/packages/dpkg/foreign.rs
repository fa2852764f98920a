//! Packages that the repositories of a Debian release do not have. The status says of no package where it came
//! from, so its version, its maintainer and the logs of dpkg and apt do.
//!
//! Invariant: no I/O. Without evidence a package is one of the release.

use std::collections::BTreeMap;

/// Parts of versions, and the repository that makes such versions. Read in packages of each in November 2026.
const VERSIONS: [(&str, &str); 7] = [
    // https://backports.debian.org/Contribute/
    ("~bpo", "backports"),
    // https://wiki.postgresql.org/wiki/Apt
    (".pgdg", "apt.postgresql.org"),
    ("~pgdg", "apt.postgresql.org"),
    ("+maria~", "deb.mariadb.org"),
    ("nodesource", "deb.nodesource.com"),
    ("~gbp", "packages.sury.org"),
    ("-dmo", "deb-multimedia.org"),
];

/// Ends of the addresses of maintainers who publish in a repository of their own.
const MAINTAINERS: [(&str, &str); 4] = [
    ("microsoft.com>", "packages.microsoft.com"),
    ("nvidia.com>", "developer.download.nvidia.com"),
    ("oracle.com>", "repo.mysql.com"),
    ("mysql.com>", "repo.mysql.com"),
];

/// The origin of a package that comes from another repository. `made_by_fpm` says whether it has one of the
/// fields `Vendor` and `License`, which no package of Debian has (deb-control(5)) and fpm writes.
pub(super) fn foreign_repository(
    version: &str,
    maintainer: &str,
    made_by_fpm: bool,
) -> Option<String> {
    let by_version = VERSIONS.iter().find(|(part, _)| version.contains(part));
    let by_maintainer = || MAINTAINERS.iter().find(|(end, _)| maintainer.ends_with(end));
    let known = by_version.or_else(by_maintainer).map(|(_, origin)| (*origin).to_owned());
    known.or_else(|| made_by_fpm.then(|| "a repository of its vendor".to_owned()))
}

/// The packages that `dpkg -i` installed, with their versions, from `/var/log/dpkg.log`. apt starts dpkg with
/// `--unpack` and `--configure` instead.
pub(super) fn parse_log(text: &str) -> BTreeMap<&str, &str> {
    let mut installed = BTreeMap::new();
    let mut from_file = false;
    for line in text.lines() {
        match line.split(' ').skip(2).collect::<Vec<_>>()[..] {
            ["startup", "archives", action] => from_file = action == "install",
            ["startup", ..] => from_file = false,
            ["install" | "upgrade", package, _, version] => {
                let name = package.split(':').next().unwrap_or(package);
                if from_file {
                    installed.insert(name, version);
                } else {
                    installed.remove(name);
                }
            }
            _ => {}
        }
    }
    installed
}

/// The packages that `apt install ./FILE.deb` installed, with their versions, from `/var/log/apt/history.log`:
/// those that were neither named nor needed.
pub(super) fn parse_history(text: &str) -> BTreeMap<&str, &str> {
    let mut installed = BTreeMap::new();
    let mut command: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("Commandline: ") {
            command = line.split_whitespace().collect();
        }
        let packages = line.strip_prefix("Install: ").or_else(|| line.strip_prefix("Upgrade: "));
        for package in packages.unwrap_or_default().split("), ") {
            let Some((name, versions)) = package.split_once(" (") else { continue };
            let name = name.split(':').next().unwrap_or(name);
            let versions: Vec<&str> = versions.trim_end_matches(')').split(", ").collect();
            let by_name = command.iter().any(|word| word.split(['=', '/']).next() == Some(name));
            let from_file = command.iter().any(|word| word.ends_with(".deb"))
                && !by_name
                && !versions.contains(&"automatic");
            match versions.last().filter(|_| from_file) {
                Some(version) => _ = installed.insert(name, *version),
                None => _ = installed.remove(name),
            }
        }
    }
    installed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_maintainers() {
        for (version, maintainer, vendor, expect) in [
            ("0.2.5-1", "A <a@debian.org>", false, None),
            ("15.8-0+deb12u1", "", false, None),
            ("0.2.9-1~bpo12+1", "", false, Some("backports")),
            ("17.2-1.pgdg120+1", "", false, Some("apt.postgresql.org")),
            ("18.3.2.1-1", "M <m@microsoft.com>", false, Some("packages.microsoft.com")),
            ("1.0", "root <@build>", true, Some("a repository of its vendor")),
        ] {
            assert_eq!(
                foreign_repository(version, maintainer, vendor).as_deref(),
                expect,
                "{version}"
            );
        }
    }

    #[test]
    fn the_log_of_dpkg() {
        let log = "2026-11-25 21:17:50 startup archives unpack\n\
            2026-11-25 21:17:50 install a:amd64 <none> 1\n\
            2026-11-25 21:17:51 startup packages configure\n\
            2026-11-25 21:17:51 startup archives install\n\
            2026-11-25 21:17:51 install b:amd64 <none> 2\n\
            2026-11-25 21:17:51 upgrade c:amd64 1 3\n\
            2026-11-25 21:17:51 status installed b:amd64 2\n\
            2026-11-25 21:17:52 startup archives unpack\n\
            2026-11-25 21:17:52 upgrade c:amd64 3 4\nbroken\n";
        assert_eq!(parse_log(log), BTreeMap::from([("b", "2")]));
    }

    #[test]
    fn the_history_of_apt() {
        let history = "Start-Date: x\nCommandline: apt-get install -y ./w.deb curl\n\
            Install: curl:amd64 (7.1), w:amd64 (0.12-1), libx:amd64 (1.0, automatic)\n\n\
            Commandline: apt-get install -y libz\nInstall: libz:amd64 (1)\n";
        assert_eq!(parse_history(history), BTreeMap::from([("w", "0.12-1")]));
        for cut in 0..history.len() {
            parse_history(&history[..cut]);
        }
    }
}
