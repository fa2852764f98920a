//! Whether the explicit lines of a Dockerfile are those that a plan asks for.
//!
//! Only lines in the form of `Dockerfile.final` are read: a `RUN` with the install command of the package
//! manager, such as `apk add --no-cache`, and `COPY` from the bundle. Continued lines, several spaces and
//! comments are understood.
//!
//! Invariant: pure; a text of any kind gives findings and never fails.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding, Severity};
use crate::packages::{InstallCommand, Manager};
use crate::plan::Plan;
use crate::report::{INSTALLER, Stage, copied_trees};

/// The lines that the final stage must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplicitStage {
    /// The stage that COPY takes the bundle from; absent if the bundle is the build context.
    pub stage: Option<String>,
    /// The directory of the bundle in it, without a slash at the end.
    pub source: String,
    /// Absent if no package manager installs packages in the final stage.
    pub install: Option<InstallCommand>,
    /// As typed for the package manager.
    pub packages: Vec<String>,
    /// The directories of the bundle that are copied to `/`: `rootfs`, or `layers/10-system`.
    pub trees: Vec<String>,
}

/// The lines that the final stage of `plan` must have, with the bundle in `stage`.
pub fn expect_stage(plan: &Plan, stage: &Stage) -> ExplicitStage {
    let (stage, source) = match stage {
        Stage::Named { name, path } => (Some(name.to_string()), path.trim_end_matches('/')),
        Stage::Context => (None, ""),
    };
    let packages = plan.packages.install.iter().map(|package| package.install_as.clone());
    ExplicitStage {
        stage,
        source: source.to_owned(),
        install: plan.manager().and_then(Manager::install_command),
        packages: packages.collect(),
        trees: copied_trees(plan),
    }
}

/// An instruction with its continued lines joined.
struct Instruction<'a> {
    /// Of its first line, counted from 1.
    line: usize,
    words: Vec<&'a str>,
}

impl Instruction<'_> {
    fn is(&self, name: &str) -> bool {
        self.words.first().is_some_and(|word| word.eq_ignore_ascii_case(name))
    }
}

/// Compares the final stage of a Dockerfile, called `name` in findings, with the lines that it must have.
pub fn check_dockerfile(name: &str, text: &str, expected: &ExplicitStage) -> Vec<Finding> {
    let instructions = parse_instructions(text);
    let stages = instructions.chunk_by(|_, next| !next.is("FROM"));
    let copies = |stage: &[Instruction]| {
        stage.iter().any(|instruction| copied_tree(instruction, expected).is_some())
    };
    let stages: Vec<&[Instruction]> = stages.collect();
    // The stage that copies the bundle; without one, the stage that the image is made of.
    let stage = stages.iter().copied().find(|stage| copies(stage)).or(stages.last().copied());
    let stage = stage.unwrap_or_default();
    let findings = [compare_packages(name, stage, expected), compare_copies(name, stage, expected)];
    findings.into_iter().flatten().collect()
}

fn compare_packages(
    name: &str,
    stage: &[Instruction],
    expected: &ExplicitStage,
) -> Option<Finding> {
    let runs_installer = |instruction: &Instruction| {
        instruction.is("RUN") && instruction.words.iter().any(|word| word.contains(INSTALLER))
    };
    // The installer of the bundle names the packages itself.
    if stage.iter().any(runs_installer) {
        return None;
    }
    let lines: Vec<(usize, &[&str])> = stage
        .iter()
        .filter(|instruction| instruction.is("RUN"))
        .filter_map(|instruction| {
            Some((
                instruction.line,
                installed_packages(&instruction.words[1..], expected.install?)?,
            ))
        })
        .collect();
    let found: BTreeSet<&str> = lines.iter().flat_map(|(_, words)| words.iter().copied()).collect();
    let wanted: BTreeSet<&str> = expected.packages.iter().map(String::as_str).collect();
    let lacks: Vec<&str> = wanted.difference(&found).copied().collect();
    let surplus: Vec<&str> = found.difference(&wanted).copied().collect();
    let subject = subject(name, lines.first().map(|(line, _)| *line), stage);
    if lacks.is_empty() && surplus.is_empty() {
        return None;
    }
    // A package too many is no reason to fail.
    let severity = if lacks.is_empty() { Severity::Warn } else { Severity::Deny };
    let message = format!("the packages of the final stage are stale: {}", sides(&lacks, &surplus));
    Some(Finding::new(severity, Code::StaleDockerfile, subject, message).help(match wanted.len() {
        0 => "remove the line: the bundle needs no package".to_owned(),
        _ => format!("write {}", install_line(expected)),
    }))
}

fn compare_copies(name: &str, stage: &[Instruction], expected: &ExplicitStage) -> Option<Finding> {
    let lines: Vec<(usize, &str)> = stage
        .iter()
        .filter_map(|instruction| Some((instruction.line, copied_tree(instruction, expected)?)))
        .collect();
    let found: BTreeSet<&str> = lines.iter().map(|(_, tree)| *tree).collect();
    let wanted: BTreeSet<&str> = expected.trees.iter().map(String::as_str).collect();
    let lacks: Vec<&str> = wanted.difference(&found).copied().collect();
    let surplus: Vec<&str> = found.difference(&wanted).copied().collect();
    if lacks.is_empty() && surplus.is_empty() {
        return None;
    }
    let subject = subject(name, lines.first().map(|(line, _)| *line), stage);
    let message =
        format!("the COPY lines of the final stage are stale: {}", sides(&lacks, &surplus));
    let line = |tree: &&str| copy_line(tree, expected);
    let help = match lacks.iter().map(line).collect::<Vec<_>>() {
        lines if lines.is_empty() => "remove these lines".to_owned(),
        lines => format!("write {}", lines.join(", ")),
    };
    Some(Finding::new(Severity::Deny, Code::StaleDockerfile, subject, message).help(help))
}

/// `Dockerfile:12`, by the first line of its kind or by that of the stage.
fn subject(name: &str, line: Option<usize>, stage: &[Instruction]) -> String {
    let line = line.or(stage.first().map(|instruction| instruction.line));
    line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"))
}

fn sides(lacks: &[&str], surplus: &[&str]) -> String {
    let part = |verb: &str, names: &[&str]| {
        (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")))
    };
    let parts = [part("missing", lacks), part("not needed", surplus)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn install_line(expected: &ExplicitStage) -> String {
    let steps = expected.install.map(|command| command.steps(&expected.packages));
    format!("RUN {}", steps.unwrap_or_default().join(" && "))
}

fn copy_line(tree: &str, expected: &ExplicitStage) -> String {
    match &expected.stage {
        Some(stage) => format!("COPY --from={stage} {}/{tree}/ /", expected.source),
        None => format!("COPY {tree}/ /"),
    }
}

/// The packages of a RUN line with the install command in the form of `Dockerfile.final`.
fn installed_packages<'a, 'b>(
    words: &'b [&'a str],
    command: InstallCommand,
) -> Option<&'b [&'a str]> {
    let install: Vec<&str> = command.install.split(' ').collect();
    words.split(|word| *word == "&&").find_map(|step| step.strip_prefix(&install[..]))
}

/// The directory below the bundle that a COPY line brings to `/`.
fn copied_tree<'a>(instruction: &Instruction<'a>, expected: &ExplicitStage) -> Option<&'a str> {
    if !instruction.is("COPY") {
        return None;
    }
    let words = &instruction.words[1..];
    let options = words.iter().take_while(|word| word.starts_with("--")).count();
    let from = words[..options].iter().find_map(|word| word.strip_prefix("--from="));
    let [source, "/"] = words[options..] else { return None };
    if from != expected.stage.as_deref() {
        return None;
    }
    let below = source.strip_prefix(expected.source.as_str())?;
    let tree = match from {
        Some(_) => below.strip_prefix('/')?,
        None => below.trim_start_matches("./"),
    };
    let tree = tree.trim_end_matches('/');
    (tree == "rootfs" || tree.starts_with("layers/")).then_some(tree)
}

/// The instructions, with comments left out and continued lines joined.
fn parse_instructions(text: &str) -> Vec<Instruction<'_>> {
    let mut instructions = Vec::new();
    let mut continued = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (content, more) = match line.strip_suffix('\\') {
            Some(content) => (content, true),
            None => (line, false),
        };
        if !continued {
            instructions.push(Instruction { line: index + 1, words: Vec::new() });
        }
        let last = instructions.last_mut().expect("the first line begins an instruction");
        last.words.extend(content.split_whitespace());
        continued = more;
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(manager: Manager, packages: &[&str], trees: &[&str]) -> ExplicitStage {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        ExplicitStage {
            stage: Some("builder".to_owned()),
            source: "/bundle".to_owned(),
            install: manager.install_command(),
            packages: owned(packages),
            trees: owned(trees),
        }
    }

    fn check(text: &str, expected: &ExplicitStage) -> Vec<String> {
        let findings = check_dockerfile("Dockerfile", text, expected);
        findings
            .into_iter()
            .map(|finding| {
                let Finding { severity, subject, message, .. } = finding;
                format!("{} {subject}: {message}", severity.as_str())
            })
            .collect()
    }

    const BUILDER: &str = "FROM alpine AS builder\nRUN apk add --no-cache gcc\n";

    #[test]
    fn lines_of_apk() {
        let expected = expected(Manager::Apk, &["libpq", "yaml"], &["rootfs"]);
        let copy = "COPY --from=builder /bundle/rootfs/ /";
        let stale = "the packages of the final stage are stale: ";
        for (run, expect) in [
            ("RUN apk add --no-cache libpq yaml", String::new()),
            ("RUN  apk  add --no-cache yaml \\\n  # why\n\n  libpq", String::new()),
            ("run apk add --no-cache yaml\nRUN apk add --no-cache libpq", String::new()),
            ("RUN apk add --no-cache yaml", format!("deny Dockerfile:4: {stale}missing libpq")),
            (
                "RUN apk add --no-cache yaml zlib",
                format!("deny Dockerfile:4: {stale}missing libpq; not needed zlib"),
            ),
            (
                "RUN apk add --no-cache libpq yaml zlib",
                format!("warn Dockerfile:4: {stale}not needed zlib"),
            ),
            ("RUN apk add libpq yaml", format!("deny Dockerfile:3: {stale}missing libpq, yaml")),
            ("", format!("deny Dockerfile:3: {stale}missing libpq, yaml")),
            (r#"RUN ["/opt/app/lib/wheelbarrow/install-packages"]"#, String::new()),
        ] {
            let found = check(&format!("{BUILDER}FROM alpine\n{run}\n{copy}\n"), &expected);
            assert_eq!(found.join("\n"), expect, "{run}");
        }
    }

    #[test]
    fn lines_of_apt() {
        let expected = expected(Manager::Dpkg, &["libpq5=15.6"], &["rootfs"]);
        let stage = |packages: &str| {
            format!(
                "FROM debian\nRUN apt-get update \\\n && apt-get install -y --no-install-recommends {packages} \\\n \
                 && rm -rf /var/lib/apt/lists/*\nCOPY --from=builder --chown=0:0 --link /bundle/rootfs /\n"
            )
        };
        for (packages, expect) in [
            ("libpq5=15.6", &[][..]),
            ("libpq5", &["missing libpq5=15.6; not needed libpq5"]),
            ("libpq5=15.6 libyaml-0-2", &["not needed libyaml-0-2"]),
        ] {
            let found = check(&stage(packages), &expected);
            assert_eq!(found.len(), expect.len(), "{found:?}");
            assert!(found.iter().zip(expect).all(|(one, end)| one.ends_with(end)), "{found:?}");
        }
    }

    #[test]
    fn lines_of_layers() {
        let expected = expected(Manager::Apk, &[], &["layers/20-environment", "layers/50-numpy"]);
        let copy = |layer: &str| format!("COPY --from=builder /bundle/layers/{layer}/ /\n");
        let stale = "the COPY lines of the final stage are stale: ";
        for (layers, expect) in [
            (&["20-environment", "50-numpy"][..], String::new()),
            (&["20-environment"], format!("deny Dockerfile:4: {stale}missing layers/50-numpy")),
            (
                &["20-environment", "50-numpy", "50-old"],
                format!("deny Dockerfile:4: {stale}not needed layers/50-old"),
            ),
            (
                &[],
                format!("deny Dockerfile:3: {stale}missing layers/20-environment, layers/50-numpy"),
            ),
        ] {
            let copies: String = layers.iter().map(|layer| copy(layer)).collect();
            let text = format!("{BUILDER}FROM alpine\n{copies}ENV PATH=/opt/app/bin:$PATH\n");
            assert_eq!(check(&text, &expected).join("\n"), expect, "{layers:?}");
        }
    }

    #[test]
    fn other_lines_are_not_read() {
        let expected = expected(Manager::Apk, &[], &["rootfs"]);
        let text = format!(
            "{BUILDER}FROM alpine AS runtime\nCOPY --from=builder /bundle/rootfs/ /\nCOPY --from=other /bundle/layers/x/ /\n\
             COPY . /app\nRUN apk add curl\nFROM runtime\nRUN apk add --no-cache curl\n"
        );
        assert_eq!(check(&text, &expected), [""; 0]);
    }

    #[test]
    fn the_bundle_is_the_build_context() {
        let expected = ExplicitStage {
            stage: None,
            source: String::new(),
            ..expected(Manager::Apk, &[], &["rootfs"])
        };
        assert_eq!(check("FROM alpine\nCOPY rootfs/ /\n", &expected), [""; 0]);
        assert_eq!(check("FROM alpine\nCOPY ./rootfs /\n", &expected), [""; 0]);
        assert_eq!(check("FROM alpine\n", &expected).len(), 1);
    }

    #[test]
    fn any_text_gives_findings() {
        let expected = expected(Manager::Apk, &["yaml"], &["rootfs"]);
        for text in ["", "\\", "COPY", "RUN", "FROM", "COPY --from=builder", "\u{0}\\\n\\\n#"] {
            assert_eq!(check(text, &expected).len(), 2, "{text:?}");
        }
    }
}
