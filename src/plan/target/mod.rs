//! The final root: its image, its interpreter, whether it installs packages.
//!
//! Without a profile it is taken to be like the builder's own distribution, with the packages that
//! its package manager brings. With one ([`crate::base`]) [`Fit`] finds every disagreement before
//! anything is written.
//!
//! Invariant: pure; nothing here depends on which files are bundled.

mod final_root;
mod fit;
mod image;
mod interpreter;

pub(crate) use final_root::FinalRoot;
pub(crate) use fit::{Fit, refuse};

use super::request::{FinalStage, NativeMode, Request, Shebang};
use crate::base::{self, Profile};
use crate::finding::{Code, Finding};
use crate::inventory::Inventory;
use crate::loader::Libc;
use crate::path::RealPath;
use crate::python::Interpreter;
use final_root::search_directories;
use image::{Origin, image, named_libc, tagged_minor};
use interpreter::{Chosen, choose, judge_bundled};

/// Decides the final root. One that cannot work is refused by a finding.
pub(crate) fn decide<'a>(inventory: &Inventory, request: &'a Request) -> FinalRoot<'a> {
    let mut final_root = match &request.base {
        Some(profile) => known(inventory, request, profile),
        None => like_builder(inventory, request),
    }
    .placed();
    final_root.findings.extend(judge_bundled(inventory, &final_root));
    final_root
}

/// The prefix of the builder that moves, and the prefix of the bundle that takes its place.
fn moved(inventory: &Inventory, request: &Request) -> Option<(RealPath, RealPath)> {
    let stays =
        inventory.interpreter_package().is_none() && inventory.environment.interpreter.pinned;
    let own_prefix = inventory.own_prefix.as_ref().filter(|_| !stays);
    own_prefix.map(|prefix| (prefix.clone(), request.prefix.clone()))
}

/// An unknown final root, taken to be the plain image of the builder's distribution.
fn like_builder<'a>(inventory: &Inventory, request: &'a Request) -> FinalRoot<'a> {
    let own = &inventory.environment.interpreter;
    let owned = inventory.interpreter_package().is_some();
    let is_bundled = inventory.stands_alone() && request.interpreter.is_none();
    let interpreter = request.interpreter.clone().unwrap_or_else(|| own.executable.clone());
    let same = interpreter == own.executable || own.links.contains(&interpreter);
    let origin = if is_bundled || (owned && same) { Origin::Package } else { Origin::Image };
    let other_libc = other_libc(own, request);
    let other_minor = named_minor(inventory, request).filter(|_| !is_bundled);
    let image = request
        .from
        .clone()
        .or_else(|| image(&inventory.release, origin, &interpreter, own.minor()));
    // The image that was typed may be one that is known to have neither a shell nor a package manager.
    let typed_profile = request.from.as_deref().and_then(base::find);
    let no_image =
        image.is_none().then(|| unknown_image(inventory, owned || is_bundled, &interpreter));
    FinalRoot {
        image,
        interpreter,
        interpreter_is_package: owned && same && !is_bundled,
        interpreter_is_bundled: is_bundled,
        loader_is_bundled: false,
        shebang: request.shebang.unwrap_or(Shebang::Relocatable),
        profile: None,
        packages: request.native != NativeMode::Vendor,
        vendors_foreign: request.native != NativeMode::Packages,
        owners_are_known: inventory.owners_are_known(),
        can_install: typed_profile.is_none_or(|profile| profile.can_install()),
        moved: moved(inventory, request),
        directories: search_directories(inventory, request),
        configured: request.native != NativeMode::Vendor
            && request.final_stage == FinalStage::Explicit,
        findings: other_libc.into_iter().chain(other_minor).chain(no_image).collect(),
    }
}

/// A final root with a profile, read now or shipped.
fn known<'a>(inventory: &Inventory, request: &'a Request, profile: &'a Profile) -> FinalRoot<'a> {
    let fit = Fit { inventory, request, profile };
    let own = &inventory.environment.interpreter;
    let packages = match request.native {
        NativeMode::Vendor => false,
        NativeMode::Packages => true,
        NativeMode::Auto => profile.installs_with.is_some(),
    };
    let Chosen { path: interpreter, is_package, is_bundled, finding } = choose(&fit);
    let shebang = request.shebang.unwrap_or(match profile.runs_relocatable_scripts() {
        true => Shebang::Relocatable,
        false => Shebang::Absolute,
    });
    let refusals = [
        fit.judge_machine(),
        fit.judge_layout().filter(|_| request.with_interpreter),
        fit.judge_loader().filter(|_| request.with_interpreter),
        finding,
        fit.judge_shell(shebang),
    ];
    let origin = if is_package || is_bundled { Origin::Package } else { Origin::Image };
    let derived = || {
        profile.image.clone().or_else(|| image(&profile.release, origin, &interpreter, own.minor()))
    };
    // The builder's cache is bundled with its loader; otherwise ldconfig runs where there is a shell. No
    // line of a fixed final stage may depend on the content, so it never runs there.
    let configured = match request.with_interpreter {
        true => own.libc == Some(Libc::Glibc),
        false => {
            packages && profile.tools.contains("sh") && request.final_stage == FinalStage::Explicit
        }
    };
    FinalRoot {
        image: request.from.clone().or_else(derived),
        interpreter,
        interpreter_is_package: is_package,
        interpreter_is_bundled: is_bundled,
        loader_is_bundled: request.with_interpreter,
        shebang,
        profile: Some(profile),
        packages,
        vendors_foreign: request.native != NativeMode::Packages,
        owners_are_known: inventory.owners_are_known(),
        can_install: profile.can_install(),
        moved: moved(inventory, request),
        directories: search_directories(inventory, request),
        configured,
        findings: refusals.into_iter().flatten().collect(),
    }
}

fn unknown_image(inventory: &Inventory, owned: bool, interpreter: &RealPath) -> Finding {
    let (code, message) = if owned {
        (
            Code::UnknownBase,
            format!("no image of this distribution ({}) is known", inventory.release.id),
        )
    } else {
        (
            Code::InterpreterNotInBase,
            "no package owns this interpreter, and no base image is known to have it at this path"
                .to_owned(),
        )
    };
    refuse(
        code,
        interpreter,
        message,
        Some(
            "name an image that has it with --from IMAGE, or mount one and give --base-root DIR"
                .to_owned(),
        ),
    )
}

/// The finding for a final root, not read, whose name is that of an image with another C library.
fn other_libc(own: &Interpreter, request: &Request) -> Option<Finding> {
    let image = request.from.as_deref()?;
    let theirs = named_libc(image).filter(|theirs| own.libc.is_some_and(|own| own != *theirs))?;
    let (own, theirs) = match theirs {
        Libc::Musl => ("glibc", "musl"),
        Libc::Glibc => ("musl", "glibc"),
    };
    let message = format!("the environment is built for {own}, but {image} has {theirs}");
    let help =
        "use an image of the builder's distribution, or build in one of this kind".to_owned();
    Some(refuse(Code::BaseLibc, image, message, Some(help)))
}

/// The finding for a final root, not read, whose names are those of another Python.
fn named_minor(inventory: &Inventory, request: &Request) -> Option<Finding> {
    let own = &inventory.environment.interpreter;
    let typed = request.interpreter.as_ref();
    let of_path = typed.and_then(|path| {
        path.name().strip_prefix("python").filter(|rest| rest.contains('.')).map(str::to_owned)
    });
    let of_image = request.from.as_deref().and_then(tagged_minor);
    let other = of_path.or(of_image).filter(|minor| minor != own.minor())?;
    let message =
        format!("the environment is for Python {}, but the final stage has {other}", own.minor());
    let local = RealPath::known("/usr/local/bin/python3");
    let example = image(&inventory.release, Origin::Image, &local, own.minor());
    let example = example.map_or_else(String::new, |example| format!(", such as {example}"));
    let help =
        format!("use an image with Python {}{example}, or build with Python {other}", own.minor());
    Some(refuse(Code::BaseInterpreter, &own.executable, message, Some(help)))
}
