//! The steps from settings to a plan, which all commands share.
//!
//! Invariant: reads only, except that a folder of wheels is unpacked into a temporary directory.

use wheelbarrow::inventory::{self, Inventory, Scope};
use wheelbarrow::loader::Library;
use wheelbarrow::plan::{self, Plan, Request};

use super::settings::Settings;
use super::trouble::Trouble;

impl Settings {
    /// Reads the environment and makes the plan.
    pub(crate) fn decide(&mut self) -> Result<(Inventory, Plan), Trouble> {
        let inventory = self.take_inventory(self.scope())?;
        refuse_unknown(&inventory, &self.request)?;
        let plan = self.make_plan(&inventory);
        Ok((inventory, plan))
    }

    /// Makes the plan, with the weights that the user gives to its findings.
    pub(crate) fn make_plan(&self, inventory: &Inventory) -> Plan {
        let plan = plan::make(inventory, &self.request);
        Plan { findings: self.weights.apply(plan.findings), ..plan }
    }

    /// Reads the environment and the parts of the root in `scope`.
    pub(crate) fn take_inventory(&mut self, scope: Scope) -> Result<Inventory, Trouble> {
        match self.unpack_wheels()? {
            Some((environment, findings)) => Ok(inventory::take_inventory_of(
                &Library::new(&self.root),
                environment,
                scope,
                findings,
            )),
            None => {
                Ok(inventory::take_inventory(&self.root, &self.named, &self.surroundings, scope)?)
            }
        }
    }
}

/// Refuses names that the user typed and that mean nothing in this root.
fn refuse_unknown(inventory: &Inventory, request: &Request) -> Result<(), Trouble> {
    let packages = || inventory.packages.iter().map(|(_, package)| package);
    for name in &request.packages {
        if !packages().any(|package| package.name == *name) {
            return Err(Trouble::new(
                format!("--package {name}: no such package is installed in the builder"),
                "install it in the builder stage, before wheelbarrow runs",
            ));
        }
    }
    if inventory.observed.as_ref().is_some_and(|runs| !runs.ran_environment) {
        return Err(Trouble::new(
            "--observed: the observed run started no program of this environment",
            "observe a command that starts the Python of the environment",
        ));
    }
    for name in &request.excluded {
        let added = inventory.opened.iter().any(|opened| opened.is_named(inventory, name));
        if !added && !packages().any(|package| package.asked && package.name == *name) {
            return Err(Trouble::new(
                format!("--exclude {name}: no evidence adds it"),
                "wheelbarrow report lists what is added, and why; what the loader demands cannot be left out",
            ));
        }
    }
    Ok(())
}
