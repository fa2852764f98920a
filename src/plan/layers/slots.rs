//! The cut into slots: layers whose number and names do not depend on the content, so that the COPY
//! lines of a final stage are written once.
//!
//! A large distribution or package has a slot of its own, and so has each part of a huge one. Its
//! name alone decides the order in which it prefers the slots (rendezvous hashing), and the largest
//! chooses first. So one more dependency takes a free slot, or moves only smaller ones. The others
//! are spread over a few slots by their names, so one more changes one of them. `docs/layers.md` has
//! measurements.
//!
//! Invariant: every slot is there, empty or not. The preferences are a function of names, which is
//! the same in every version of wheelbarrow: another one would move everything.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::group::{APPLICATION, Group, Grouping, SMALLEST_ALONE};
use super::parts::{parts, weight};
use super::{Division, KINDS_OF_LAYERS};
use crate::plan::entry::PlannedEntry;
use crate::plan::request::LayerRequest;

/// One slot in so many is for small distributions.
const SMALL_SHARE: usize = 7;

/// The kinds that have one slot each.
const KINDS: [Group; KINDS_OF_LAYERS - 1] =
    [Group::System, Group::Environment, Group::Other, Group::Application, Group::Bundle];

/// The number of slots of both kinds that have several.
struct Slots {
    large: usize,
    small: usize,
}

impl Slots {
    fn new(budget: usize, by_hand: usize) -> Slots {
        let free = budget.saturating_sub(KINDS.len() + by_hand).max(1);
        let small = (free / SMALL_SHARE).max(1);
        Slots { large: free - small, small }
    }
}

fn name_large(slot: usize) -> String {
    format!("50-large-{:02}", slot + 1)
}

fn name_small(slot: usize) -> String {
    format!("70-small-{:02}", slot + 1)
}

/// Divides the entries among exactly as many slots as the budget has.
pub(super) fn divide(entries: &[PlannedEntry], grouping: &Grouping) -> Division {
    let LayerRequest { budget, cap, groups: by_hand, .. } = grouping.request;
    let by_hand: BTreeSet<&str> =
        by_hand.iter().map(|(name, _)| name.as_str()).filter(|name| *name != APPLICATION).collect();
    let slots = Slots::new(*budget, by_hand.len());
    let groups: Vec<Group> = entries.iter().map(|entry| grouping.find(entry)).collect();
    let whole: Vec<String> = groups.iter().map(Group::name).collect();
    let units = parts(entries, &whole, &|index| groups[index].is_single(), *cap);
    let owned = settle(&find_large(entries, &groups, &units), slots.large);
    let mut reasons = list_slots(&slots, &by_hand);
    let mut of_entries = Vec::new();
    for ((group, whole), unit) in groups.iter().zip(&whole).zip(&units) {
        of_entries.push(match (owned.get(unit.as_str()), group.join_small()) {
            (Some(slot), _) => {
                reasons.insert(name_large(*slot), group.reason(unit == whole));
                name_large(*slot)
            }
            (None, Group::Small) => name_small(prefer(unit, 0..slots.small)),
            (None, joined) => joined.name(),
        });
    }
    Division { of_entries, reasons }
}

/// The weights of the units that can have a slot of their own: distributions, packages and parts.
fn find_large<'a>(
    entries: &[PlannedEntry],
    groups: &[Group],
    units: &'a [String],
) -> BTreeMap<&'a str, u64> {
    let mut weights: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for ((entry, group), unit) in entries.iter().zip(groups).zip(units) {
        if group.is_single() {
            let smallest = group.smallest(SMALLEST_ALONE);
            weights.entry(unit).or_insert((0, smallest)).0 += weight(entry);
        }
    }
    let large = weights.into_iter().filter(|(_, (weight, smallest))| weight >= smallest);
    large.map(|(unit, (weight, _))| (unit, weight)).collect()
}

/// Gives a slot to each unit, or to the largest if there are too few slots.
fn settle<'a>(weights: &BTreeMap<&'a str, u64>, slots: usize) -> BTreeMap<&'a str, usize> {
    let mut units: Vec<(&str, u64)> =
        weights.iter().map(|(unit, weight)| (*unit, *weight)).collect();
    units.sort_by_key(|(unit, weight)| (Reverse(*weight), *unit));
    let mut free: BTreeSet<usize> = (0..slots).collect();
    let choose = |(unit, _)| {
        let slot = prefer(unit, free.iter().copied());
        free.remove(&slot);
        (unit, slot)
    };
    units.into_iter().take(slots).map(choose).collect()
}

/// The slot that a unit prefers among some.
fn prefer(unit: &str, among: impl Iterator<Item = usize>) -> usize {
    among
        .max_by_key(|slot| Sha256::digest(format!("{unit}\0{slot}")))
        .expect("there is a slot for it")
}

/// Every slot with its reason; the large ones are free.
fn list_slots(slots: &Slots, by_hand: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let kinds =
        KINDS.into_iter().chain(by_hand.iter().map(|name| Group::ByHand((*name).to_owned())));
    let kinds = kinds.map(|group| (group.name(), group.reason(true)));
    let free = "free for a large distribution or package".to_owned();
    let large = (0..slots.large).map(|slot| (name_large(slot), free.clone()));
    let small = (0..slots.small).map(|slot| (name_small(slot), Group::Small.reason(true)));
    kinds.chain(large).chain(small).collect()
}
