//! What is known of distributions and libraries ([`crate::evidence::known`]), looked for in the root.
//!
//! Invariant: of one package one file is enough; files that no package owns are found one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Opened, Search};
use crate::evidence::{Evidence, Grade, Known, known, parse_drivers};
use crate::inventory::natives::follow;
use crate::inventory::sources::Source;
use crate::inventory::{Loading, NativeKind, Need, NeedOutcome, USUAL_DIRECTORIES};
use crate::loader::Rule;
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Resolved, pattern};

/// The configuration of unixODBC with the drivers, and that with the data sources.
const ODBC: [&str; 2] = ["/etc/odbcinst.ini", "/etc/odbc.ini"];
const ODBC_LIBRARY: &str = "libodbc.so.2";
/// Where packages put drivers that are named without a directory.
const ODBC_DRIVERS: [&str; 2] = ["{lib}/odbc/", "{lib}/unixODBC/"];
/// The archive that `locale-gen` writes; no package owns it.
const LOCALES: &str = "/usr/lib/locale/locale-archive";
/// Larger configuration files are none.
const LARGEST: u64 = 1 << 20;

/// The files to which a row applies, each with the beginning of the evidence.
type Askers = Vec<(RealPath, String)>;

impl Search<'_> {
    /// Everything that rows say. `opened` is what the code opens by name.
    pub(super) fn of_known(&self, opened: &[Opened]) -> Vec<Opened> {
        let rows = known();
        let loads = self.first_loads(opened);
        let imports = self.first_sources(|source| &source.imports);
        let calls = self.first_sources(|source| &source.calls);
        let of_row = |row: &Known| {
            let library = (&row.library, &loads, "loads");
            let import = (&row.import, &imports, "imports");
            self.of_row(row, [library, import, (&row.call, &calls, "calls")])
        };
        let mut found: Vec<Opened> = rows.iter().flat_map(of_row).collect();
        found.extend(self.of_odbc(&loads));
        found.extend(self.of_locales());
        found
    }

    /// What one row says. Each of `subjects` has names of the row, the files with each name, and a verb.
    fn of_row(&self, row: &Known, subjects: [(&Vec<String>, &First, &str); 3]) -> Vec<Opened> {
        let distributions = &self.inventory.distributions;
        if row
            .unless
            .as_ref()
            .is_some_and(|one| distributions.iter().any(|other| other.key == *one))
        {
            return Vec::new();
        }
        let mut askers: Askers = distributions
            .iter()
            .filter(|distribution| row.is_about(&distribution.key))
            .map(|distribution| (distribution.metadata.clone(), String::new()))
            .collect();
        for (names, first, verb) in subjects {
            let of_name = |name: &String| {
                let files = first.get(name).into_iter().flatten();
                files
                    .map(|file| (file.clone(), format!("{verb} {name}, which ")))
                    .collect::<Vec<_>>()
            };
            askers.extend(names.iter().flat_map(of_name));
        }
        askers.iter().flat_map(|asker| self.for_asker(row, asker)).collect()
    }

    fn for_asker(&self, row: &Known, (file, start): &(RealPath, String)) -> Vec<Opened> {
        let evidence = |text: &str| Evidence::new(Grade::Known, format!("{start}{text}"));
        let programs = row.programs.iter().filter_map(|name| {
            let found = USUAL_DIRECTORIES
                .iter()
                .find_map(|directory| self.file(&format!("{directory}/{name}")))?;
            self.opens(file, found, &evidence(&format!("starts the program {name}")))
        });
        let libraries = row.libraries.iter().filter_map(|name| {
            self.open(file, &self.ctypes, name, &evidence(&format!("opens {name}")))
        });
        let files = self.matching(row, file, &evidence(&format!("opens {}", row.what)));
        programs.chain(libraries).chain(files).collect()
    }

    /// The files that match, one for each package that owns some.
    fn matching(&self, row: &Known, file: &RealPath, evidence: &Evidence) -> Vec<Opened> {
        let packages = &self.inventory.packages;
        let mut owners = BTreeSet::new();
        let mut all = Vec::new();
        for path in row.files.iter().flat_map(|one| self.expand(one)) {
            let owner = packages.owner(&path);
            let asked = owner.is_some_and(|owner| packages[owner].asked);
            if (row.asked && !asked) || owner.is_some_and(|owner| owners.contains(&owner)) {
                continue;
            }
            let opened =
                self.file(path.as_str()).and_then(|found| self.opens(file, found, evidence));
            if opened.is_some() {
                owners.extend(owner);
            }
            all.extend(opened);
        }
        all
    }

    /// The paths that match a pattern, sorted.
    fn expand(&self, pattern: &str) -> Vec<RealPath> {
        let root = self.library.root();
        let stdlib = self.inventory.environment.interpreter.stdlib.to_string();
        let pattern = pattern.replace("{stdlib}", &stdlib);
        let Some(rest) = pattern.strip_prefix("{lib}") else {
            return pattern::expand(root, &RealPath::root(), &pattern);
        };
        let directories = self.loader.directories().iter();
        let mut paths: Vec<RealPath> = directories
            .flat_map(|directory| {
                pattern::expand(root, &RealPath::root(), &format!("{directory}{rest}"))
            })
            .collect();
        paths.sort();
        paths.dedup();
        paths
    }

    fn file(&self, path: &str) -> Option<Resolved> {
        let found = self.library.root().search(&WrittenPath::new(path)).ok()??;
        (found.meta.kind == Kind::File).then_some(found)
    }

    /// A file that another one opens or starts; if it is an ELF file, with all that it loads.
    pub(super) fn opens(
        &self,
        file: &RealPath,
        found: Resolved,
        evidence: &Evidence,
    ) -> Option<Opened> {
        let Resolved { path, links, .. } = found;
        if self.is_there(&path) {
            return None;
        }
        let first = Need {
            by: file.clone(),
            name: path.name().to_owned(),
            outcome: NeedOutcome::Library { path: path.clone(), links, rule: Some(Rule::Path) },
        };
        let mut needs = vec![first];
        needs.extend(self.needs_of_file(&path)?);
        Some(Opened::new(file, evidence, needs))
    }

    /// The needs of an ELF file; `None` if the builder cannot load it.
    pub(super) fn needs_of_file(&self, path: &RealPath) -> Option<Vec<Need>> {
        let facts = self.library.read(path).ok()?;
        let Ok(Some(elf)) = facts.as_ref() else { return Some(Vec::new()) };
        let kind = match elf.interpreter.is_some() && !path.name().contains(".so") {
            true => NativeKind::Program,
            false => NativeKind::Library,
        };
        let program = &self.inventory.environment.interpreter.executable;
        let native = follow(self.library, self.loader, program, path, kind).ok()?;
        native.needs.iter().all(Need::is_met).then_some(native.needs)
    }

    /// The first file of each distribution that loads a library, by the name of the library. A library of the
    /// environment itself has its plugins and data there.
    fn first_loads(&self, opened: &[Opened]) -> First {
        let mut first = First::new();
        let mut seen = BTreeSet::new();
        let by_name = opened.iter().map(Opened::loading);
        let of_system =
            |need: &&Need| need.found().is_some_and(|(path, _)| !self.inventory.has_file(path));
        for Loading { file, needs, .. } in self.inventory.loadings().chain(by_name) {
            let owner = self.inventory.owner_of(file);
            for need in needs.iter().filter(|need| of_system(need)) {
                if seen.insert((owner, need.name.as_str())) {
                    first.entry(need.name.clone()).or_default().push(file.clone());
                }
            }
        }
        first
    }

    /// The first source of each distribution with a name, by the name.
    fn first_sources(&self, names: impl Fn(&Source) -> &BTreeSet<&'static str>) -> First {
        let mut first = First::new();
        let mut seen = BTreeSet::new();
        for (path, source) in self.sources {
            let owner = self.inventory.owner_of(path);
            for name in names(source) {
                if seen.insert((owner, *name)) {
                    first.entry((*name).to_owned()).or_default().push(path.clone());
                }
            }
        }
        first
    }

    /// The drivers of unixODBC, and the files that name them.
    fn of_odbc(&self, loads: &First) -> Vec<Opened> {
        let files = loads.get(ODBC_LIBRARY).into_iter().flatten();
        files.flat_map(|file| ODBC.iter().flat_map(|path| self.of_drivers(file, path))).collect()
    }

    fn of_drivers(&self, file: &RealPath, path: &str) -> Vec<Opened> {
        let text = self.library.root().read_text(path, LARGEST).ok().flatten().unwrap_or_default();
        let drivers = parse_drivers(&text);
        let sections = !text.trim().is_empty();
        let own = self.file(path).filter(|_| sections).and_then(|found| {
            self.opens(
                file,
                found,
                &Evidence::new(Grade::Known, "loads libodbc.so.2, which reads it"),
            )
        });
        let evidence = Evidence::new(
            Grade::Known,
            format!("loads libodbc.so.2, and it is a driver in {path}"),
        );
        let driver = |name: &String| {
            let found = match name.starts_with('/') {
                true => self.file(name),
                false => ODBC_DRIVERS
                    .iter()
                    .flat_map(|directory| self.expand(&format!("{directory}/{name}")))
                    .find_map(|path| self.file(path.as_str())),
            };
            match found {
                Some(found) => self.opens(file, found, &evidence),
                None => self.open(file, file, name, &evidence),
            }
        };
        own.into_iter().chain(drivers.iter().filter_map(driver)).collect()
    }

    /// The locales that were generated in the builder: any program may ask for one.
    fn of_locales(&self) -> Option<Opened> {
        let found = self.file(LOCALES)?;
        let file = found.path.clone();
        let unowned = self.inventory.packages.owner(&file).is_none();
        let evidence = Evidence::new(Grade::Known, "locales that were generated in the builder");
        unowned.then(|| self.opens(&file, found, &evidence)).flatten()
    }
}

/// Files by the name that they load or import.
type First = BTreeMap<String, Vec<RealPath>>;
