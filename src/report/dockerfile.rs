//! `Dockerfile.final` and `runtime-packages.txt`.
//!
//! Invariant: the printed stage builds when it is pasted below the builder stage, or with the bundle
//! as context.

use minijinja::{Environment, context};

use super::installer::installer_path;
use crate::dockerfile::{PlainPath, StageName, environment_value, exec_form};
use crate::escape::one_line;
use crate::packages::Manager;
use crate::path::RealPath;
use crate::plan::{DEFAULT_PREFIX, FinalStage, Plan};

/// Where the bundle is when the final stage copies it.
pub enum Stage {
    /// In the stage of this name, at this path.
    Named {
        /// The name of the stage.
        name: StageName,
        /// The absolute path of the bundle in it.
        path: PlainPath,
    },
    /// In the build context itself: the bundle was written outside of its root.
    Context,
}

/// The options of COPY.
pub struct CopyOptions {
    /// `--link`: a layer does not depend on those below it (BuildKit).
    pub link: bool,
    /// Root wrote the bundle. Builders keep the owner of files that they copy from a stage.
    pub root_owned: bool,
}

impl CopyOptions {
    fn text(&self, from_stage: bool) -> String {
        let chown = from_stage && !self.root_owned;
        format!(
            "{}{}",
            if chown { "--chown=0:0 " } else { "" },
            if self.link { "--link " } else { "" }
        )
    }
}

/// The text of `Dockerfile.final`; `verify` is this program in the builder stage.
pub fn dockerfile(
    plan: &Plan,
    stage: &Stage,
    copy: &CopyOptions,
    verify: Option<&PlainPath>,
) -> String {
    let fixed = plan.final_stage == FinalStage::Fixed;
    let packages: Vec<String> =
        plan.packages.install.iter().map(|package| package.install_as.clone()).collect();
    let command = plan.manager().and_then(Manager::install_command);
    let install_steps = command
        .filter(|_| !packages.is_empty())
        .map(|command| command.steps(&packages))
        .unwrap_or_default();
    let stage_name = match stage {
        Stage::Named { name, .. } => Some(&**name),
        Stage::Context => None,
    };
    let text = Environment::new()
        .render_str(
            include_str!("final.dockerfile"),
            context! {
                builder => one_line(&plan.builder),
                version => one_line(&plan.interpreter_facts.version),
                standalone => stage_name.is_none(),
                stage => stage_name,
                fixed,
                base => plan.base.as_deref(),
                installer => (fixed && plan.can_install)
                    .then(|| exec_form(&[installer_path(&plan.prefix).as_str()])),
                install_steps,
                copy => copy_instruction(stage, copy),
                trees => copied_trees(plan),
                ldconfig => plan.run_ldconfig,
                verify => verify.map(|path| &**path),
                verify_command => verify_command(&plan.prefix),
                search_path => environment_value(&format!("{}/bin", plan.prefix), ":$PATH"),
            },
        )
        .expect("the template is a constant");
    // The engine drops the last newline of a template.
    text + "\n"
}

/// The directories of the bundle that are copied to `/`, in the order of their COPY lines.
pub fn copied_trees(plan: &Plan) -> Vec<String> {
    if plan.layers.is_empty() {
        vec!["rootfs".to_owned()]
    } else {
        plan.layers.iter().map(|layer| format!("layers/{}", layer.name)).collect()
    }
}

/// `COPY` up to the directory of the bundle, with a slash at its end.
fn copy_instruction(stage: &Stage, copy: &CopyOptions) -> String {
    match stage {
        Stage::Named { name, path } => {
            let path = path.trim_end_matches('/');
            format!("COPY --from={name} {}{path}/", copy.text(true))
        }
        Stage::Context => format!("COPY {}", copy.text(false)),
    }
}

fn verify_command(prefix: &RealPath) -> String {
    match prefix.as_str() {
        DEFAULT_PREFIX => exec_form(&["/wb", "verify"]),
        other => exec_form(&["/wb", "verify", "--prefix", other]),
    }
}

/// One package a line, sorted: a cache key that changes when the packages do, and not otherwise.
pub fn runtime_packages(plan: &Plan) -> String {
    let mut names: Vec<&str> =
        plan.packages.install.iter().map(|package| package.install_as.as_str()).collect();
    names.sort_unstable();
    names.iter().map(|name| format!("{name}\n")).collect()
}
