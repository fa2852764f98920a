//! The meaning of the options about layers.
//!
//! Invariant: an accepted request can be honoured: each distribution has one layer, and there is
//! room for all groups.

use wheelbarrow::plan::{KINDS_OF_LAYERS, LayerForm, LayerRequest};
use wheelbarrow::python::normalised_name;

use super::arguments::{DEFAULT_LAYERS, LayerOptions};
use super::trouble::Trouble;

/// The default of `--layer-cap` in megabytes. Registries accept much larger layers, but a client
/// downloads several smaller ones in parallel.
const DEFAULT_CAP: u64 = 200;

/// The requested layers: those of `--layers`, or the default if another option implies them or
/// `always` is set.
pub(crate) fn read(
    typed: &LayerOptions,
    always: bool,
    form: LayerForm,
) -> Result<Option<LayerRequest>, Trouble> {
    let implied = always || typed.layer_cap.is_some() || !typed.layer.is_empty();
    let default = || implied.then(|| DEFAULT_LAYERS.parse().expect("it is a number"));
    let Some(budget) = typed.layers.or_else(default) else { return Ok(None) };
    let budget = usize::from(budget);
    let groups = typed.layer.iter().map(|text| {
        parse_group(text).ok_or_else(|| {
            Trouble::new(
                format!("--layer {text:?} is not a name with distributions"),
                "write it as web=flask,jinja2",
            )
        })
    });
    let groups: Vec<(String, Vec<String>)> = groups.collect::<Result<_, _>>()?;
    if let Some((member, first, second)) = named_twice(&groups) {
        return Err(Trouble::new(
            format!("--layer: {member} is in {first} and in {second}"),
            "a distribution can be in one layer only: name it in one of them",
        ));
    }
    if groups.len() + KINDS_OF_LAYERS > budget {
        let count = groups.len();
        return Err(Trouble::new(
            format!(
                "--layers {budget} is too small for {count} --layer and the {KINDS_OF_LAYERS} layers that every bundle can have"
            ),
            "increase --layers, or give fewer --layer options",
        ));
    }
    let cap = typed.layer_cap.unwrap_or(DEFAULT_CAP).saturating_mul(1_000_000);
    Ok(Some(LayerRequest { budget, cap, groups, form }))
}

/// Parses `web=flask,jinja2` into a name, which becomes that of a directory, and normalised
/// members.
fn parse_group(typed: &str) -> Option<(String, Vec<String>)> {
    let (name, members) = typed.split_once('=')?;
    let plain =
        name.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.'))
            && !name.starts_with('.');
    let members: Vec<String> =
        members.split(',').map(|member| normalised_name(member.trim())).collect();
    (plain && !name.is_empty() && members.iter().all(|member| !member.is_empty()))
        .then(|| (name.to_owned(), members))
}

/// The first distribution that is named twice, with the names of its two groups.
fn named_twice(groups: &[(String, Vec<String>)]) -> Option<(&str, &str, &str)> {
    let named: Vec<(&str, &str)> = groups
        .iter()
        .flat_map(|(name, members)| {
            members.iter().map(move |member| (member.as_str(), name.as_str()))
        })
        .collect();
    let again = |(at, (member, second)): (usize, &(_, _))| {
        let (_, first) = named[..at].iter().find(|(earlier, _)| earlier == member)?;
        Some((*member, *first, *second))
    };
    named.iter().enumerate().find_map(again)
}
