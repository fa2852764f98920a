//! The size of one application in each mode of a bundle.
//!
//! Invariant: sizes are before compression; those of packages are from their database.

use serde::Serialize;

use crate::base::Profile;
use crate::inventory::Inventory;
use crate::plan::{self, NativeMode, PlannedPackage, Request};

/// One mode, and the bytes that it adds to an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ModeSize {
    /// The option that asks for it.
    pub option: &'static str,
    /// The image of FROM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Bytes of the bundle.
    pub bundle: u64,
    /// Bytes of the packages that are installed in the final stage.
    pub packages: u64,
}

/// Plans the application in every mode. The inventory must contain the files of packages and of the
/// interpreter.
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
        ModeSize { option, bundle: plan.size(), packages, from: plan.base.map(String::from) }
    };
    vec![
        mode("--native packages", NativeMode::Packages, false),
        mode("--native vendor", NativeMode::Vendor, false),
        mode("--with-interpreter", NativeMode::Vendor, true),
    ]
}
