//! The cut into layers that are named after their content.
//!
//! Invariant: no layer is empty; the number of layers is within the budget.

use std::collections::{BTreeMap, BTreeSet};

use super::Division;
use super::group::{Group, Grouping, SMALLEST_ALONE};
use super::parts::{parts, weight};
use crate::plan::entry::PlannedEntry;
use crate::plan::request::LayerRequest;

/// With this threshold no distribution is alone.
const LARGEST: u64 = 1 << 62;

/// Joins the smallest distributions until the budget is kept.
pub(super) fn divide(entries: &[PlannedEntry], grouping: &Grouping) -> Division {
    let LayerRequest { budget, cap, .. } = grouping.request;
    let groups: Vec<Group> = entries.iter().map(|entry| grouping.find(entry)).collect();
    let mut sizes: BTreeMap<&Group, u64> = BTreeMap::new();
    for (entry, group) in entries.iter().zip(&groups) {
        *sizes.entry(group).or_default() += weight(entry);
    }
    let mut threshold = SMALLEST_ALONE;
    loop {
        let small = |group: &Group| sizes[group] < group.smallest(threshold);
        let cut: Vec<Group> = groups
            .iter()
            .map(|group| if small(group) { group.join_small() } else { group.clone() })
            .collect();
        let whole: Vec<String> = cut.iter().map(Group::name).collect();
        let names = parts(entries, &whole, &|index| cut[index].is_single(), *cap);
        let count = names.iter().collect::<BTreeSet<_>>().len();
        if count <= *budget || threshold > LARGEST {
            let reason = |((group, whole), name): ((&Group, &String), &String)| {
                (name.clone(), group.reason(name == whole))
            };
            let reasons = cut.iter().zip(&whole).zip(&names).map(reason).collect();
            return Division { of_entries: names, reasons };
        }
        threshold *= 2;
    }
}
