//! Judges the symbols and versions that the files of the bundle cannot bind in the final root.
//!
//! A symbol that the builder could not bind either breaks no promise: another import may provide it, as NumKong
//! does for usearch.
//!
//! Invariant: one finding for each file that lost symbols, and one for each distribution whose symbols the builder
//! lacks too.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Code, Finding, Severity, count};
use crate::inventory::{Inventory, NotLoadable};
use crate::loader::{Missing, SymbolTables};
use crate::path::RealPath;

/// The most symbols that a message names.
const EXAMPLES: usize = 3;

/// Everything that judges a missing symbol.
pub(super) struct SymbolJudge<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) tables: &'a SymbolTables<'a>,
    /// The symbols that the builder cannot bind.
    pub(super) known: &'a NotLoadable,
}

impl SymbolJudge<'_> {
    /// The findings for everything that is missing, each with the severity of its worst user.
    pub(super) fn judge(&self, missing: BTreeMap<Missing, Severity>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut lost: BTreeMap<(RealPath, Severity), Vec<String>> = BTreeMap::new();
        let mut relied_on: BTreeMap<RealPath, Vec<String>> = BTreeMap::new();
        for (missing, severity) in missing {
            match missing {
                Missing::Version { by, library, version } => {
                    findings.push(judge_version(&by, &library, &version, severity));
                }
                Missing::Symbol { by, symbol, version } => {
                    let known = self.known.get(&by).is_some_and(|known| known.contains(&symbol));
                    let symbol =
                        version.map_or(symbol.clone(), |version| format!("{symbol}@{version}"));
                    match (known, severity) {
                        (false, _) => lost.entry((by, severity)).or_default().push(symbol),
                        (true, Severity::Deny) => relied_on.entry(by).or_default().push(symbol),
                        // A library uses symbols of the module that loads it, which is checked too.
                        (true, _) => {}
                    }
                }
            }
        }
        findings.extend(lost.iter().map(|((by, severity), symbols)| {
            let message = format!(
                "needs {}, which no loaded library defines{}",
                list_symbols(symbols),
                self.elsewhere(symbols)
            );
            Finding::new(*severity, Code::MissingSymbol, by, message)
                .help("make the final image have the same version of the library as the builder")
        }));
        findings.extend(self.judge_relied_on(&relied_on));
        findings
    }

    /// The symbols that were missing in the builder too: a finding for each distribution.
    fn judge_relied_on(&self, relied_on: &BTreeMap<RealPath, Vec<String>>) -> Vec<Finding> {
        let mut owners: BTreeMap<String, Vec<&RealPath>> = BTreeMap::new();
        for by in relied_on.keys() {
            let owner = self.inventory.distribution_of(by).map(|one| one.name.clone());
            owners.entry(owner.unwrap_or_else(|| by.to_string())).or_default().push(by);
        }
        let finding = |(owner, files): (String, Vec<&RealPath>)| {
            let symbols: BTreeSet<String> =
                files.iter().flat_map(|by| &relied_on[*by]).cloned().collect();
            let symbols: Vec<String> = symbols.into_iter().collect();
            let message = |number: &str, first: &str| {
                let (listed, elsewhere) = (list_symbols(&symbols), self.elsewhere(&symbols));
                format!(
                    "{number} of it ({first}) cannot bind {listed} without another import{elsewhere}, as in \
                     the builder"
                )
            };
            Finding::of_files(Severity::Warn, Code::MissingSymbol, owner, files.into_iter(), message)
                .help("import the module with these symbols first, as the distribution itself usually does")
        };
        owners.into_iter().map(finding).collect()
    }

    /// The end of a sentence that names the file of the bundle that defines most of these symbols.
    fn elsewhere(&self, symbols: &[String]) -> String {
        let natives = self.inventory.natives.iter().map(|native| &native.path);
        let defined = |path: &RealPath| {
            let plain = symbols.iter().map(|symbol| symbol.split('@').next().unwrap_or_default());
            plain.filter(|symbol| self.tables.defines(path, symbol)).count()
        };
        let counted = natives.map(|path| (defined(path), path)).filter(|(defined, _)| *defined > 0);
        // The first of those with the most symbols.
        counted.rev().max_by_key(|(defined, _)| *defined).map_or_else(String::new, |(_, path)| {
            format!(" ({path} defines {})", if symbols.len() == 1 { "it" } else { "such symbols" })
        })
    }
}

fn judge_version(by: &RealPath, library: &RealPath, version: &str, severity: Severity) -> Finding {
    let message = format!("needs version {version} of {library}, which does not have it");
    Finding::new(severity, Code::MissingVersion, by, message)
        .help("build in an image that is not newer than the final one, or use a newer final image")
}

/// `the symbol a`, or `5 symbols (a, b, c, and 2 more)`.
fn list_symbols(symbols: &[String]) -> String {
    if let [symbol] = symbols {
        return format!("the symbol {symbol}");
    }
    let more = match symbols.len().saturating_sub(EXAMPLES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let first = symbols[..symbols.len().min(EXAMPLES)].join(", ");
    format!("{} ({first}{more})", count(symbols.len(), "symbol"))
}
