//! The steps from settings to a plan, which all commands share.
//!
//! Invariant: reads only, except that a folder of wheels is unpacked into a temporary directory.

use wheelbarrow::inventory::{self, Inventory, Scope};
use wheelbarrow::loader::Library;
use wheelbarrow::plan::{self, Plan};

use super::settings::Settings;
use super::trouble::Trouble;

impl Settings {
    /// Reads the environment and makes the plan.
    pub(crate) fn decide(&mut self) -> Result<(Inventory, Plan), Trouble> {
        let inventory = self.take_inventory(self.scope())?;
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
            None => Ok(inventory::take_inventory(&self.root, &self.named, &self.usual, scope)?),
        }
    }
}
