//! What the same application weighs in each way of getting it into a final stage.
//!
//! Invariant: bytes are of files before compression; those of packages are what their database says.

use serde::Serialize;

use crate::base::Profile;
use crate::inventory::Inventory;
use crate::plan::{self, NativeMode, PlannedPackage, Request};

/// One way, and what it adds to its image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ModeSize {
    /// The option that asks for it.
    pub option: &'static str,
    /// What FROM says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Bytes of the bundle.
    pub bundle: u64,
    /// Bytes of the packages that are installed in the final stage.
    pub packages: u64,
}

/// Plans the application in every way; the inventory has to have what may be carried.
pub fn sizes(inventory: &Inventory, request: &Request) -> Vec<ModeSize> {
    let mode = |option, native, with_interpreter| {
        let base = if with_interpreter { Some(Profile::empty()) } else { request.base.clone() };
        let shebang = if with_interpreter { None } else { request.shebang };
        let plan = plan::make(
            inventory,
            &Request { native, with_interpreter, base, shebang, ..request.clone() },
        );
        let sum = |packages: &[PlannedPackage]| {
            packages.iter().map(|package| package.installed_size).sum::<u64>()
        };
        let packages = sum(&plan.packages.install) + sum(&plan.packages.brought_along);
        ModeSize { option, bundle: plan.size(), packages, from: plan.base }
    };
    vec![
        mode("--native packages", NativeMode::Packages, false),
        mode("--native vendor", NativeMode::Vendor, false),
        mode("--with-interpreter", NativeMode::Vendor, true),
    ]
}
