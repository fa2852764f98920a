//! What was typed, what it means, and the commands.
//!
//! Invariant: exit status 0 done; 1 done, but a finding of deny level remains; 2 could not.

mod arguments;
mod layers;
mod roots;
mod settings;

use std::process::ExitCode;

use anstream::{eprint, eprintln, print, println};
use anstyle::AnsiColor;
use clap::{CommandFactory as _, Parser as _};
use indicatif::{ProgressBar, ProgressStyle};

use crate::base::{self, Profile};
use crate::bundle::{self, Format, Outcome, Papers};
use crate::finding::{Finding, Severity};
use crate::inventory::{self, Inventory, Scope};
use crate::loader::Library;
use crate::plan::{self, Plan};
use crate::report;
use crate::verify;
use arguments::{Arguments, BundleArguments, Command, Question, Schema};
use settings::{Settings, Trouble};

/// Runs what was typed.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(findings) if findings.iter().any(|finding| finding.severity == Severity::Deny) => {
            ExitCode::from(1)
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(trouble) => {
            let style = AnsiColor::Red.on_default().bold();
            eprintln!("{style}error{style:#}: {}", trouble.message);
            if let Some(hint) = trouble.hint {
                eprintln!("  hint: {hint}");
            }
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<Vec<Finding>, Trouble> {
    match arguments.command {
        Command::Bundle(typed) => write_bundle(&typed),
        Command::Plan { input, choice, json } => {
            let (_, plan) = decide(&mut Settings::read_only(&input, &choice)?)?;
            show(json, &plan, || report::plan_text(&plan));
            Ok(plan.findings)
        }
        Command::Report { input, choice, sizes, json } => {
            let mut settings = Settings::read_only(&input, &choice)?;
            let scope = if sizes {
                Scope { packages: true, interpreter: true, ..settings.scope() }
            } else {
                settings.scope()
            };
            let inventory = take(&mut settings, scope)?;
            let mut report = report::report(&inventory, &plan::make(&inventory, &settings.request));
            if sizes {
                report.sizes = report::sizes(&inventory, &settings.request);
            }
            show(json, &report, || report::report_text(&report));
            Ok(report.findings)
        }
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Arguments::command(),
                "wheelbarrow",
                &mut std::io::stdout(),
            );
            Ok(Vec::new())
        }
        Command::Why(question) => answer(&question, true),
        Command::WhyNot(question) => answer(&question, false),
        Command::Verify { bundle, root, prefix, json } => {
            let (root, prefix, carried) =
                settings::final_root(bundle.as_deref(), &root, prefix.as_deref())?;
            let verification = verify::verify(&root, &prefix, &carried);
            show(json, &verification, || report::verification_text(&verification));
            Ok(verification.findings)
        }
        Command::Layers { compare, json } => {
            let applications = compare
                .iter()
                .map(|path| settings::cut_application(path))
                .collect::<Result<Vec<_>, _>>()?;
            let comparison = report::compare(&applications);
            show(json, &comparison, || report::comparison_text(&comparison));
            Ok(Vec::new())
        }
        Command::Base { root, image, source } => {
            let profile = Profile { image, source, ..base::read(&settings::open_root(&root)?) };
            println!("{}", serde_json::to_string_pretty(&profile).expect("plain data"));
            Ok(Vec::new())
        }
        Command::Schema { of } => {
            let schema = match of {
                Schema::Plan => schemars::schema_for!(Plan),
                Schema::Report => schemars::schema_for!(report::Report),
                Schema::Why => schemars::schema_for!(report::Answer),
                Schema::Verify => schemars::schema_for!(verify::Verification),
                Schema::Layers => schemars::schema_for!(report::Comparison),
                Schema::Base => schemars::schema_for!(Profile),
                Schema::Manifest => schemars::schema_for!(bundle::Manifest),
            };
            println!("{}", serde_json::to_string_pretty(&schema).expect("a schema is plain data"));
            Ok(Vec::new())
        }
    }
}

fn decide(settings: &mut Settings) -> Result<(Inventory, Plan), Trouble> {
    let scope = settings.scope();
    let inventory = take(settings, scope)?;
    let plan = plan::make(&inventory, &settings.request);
    Ok((inventory, plan))
}

fn take(settings: &mut Settings, scope: Scope) -> Result<Inventory, Trouble> {
    match settings.unpack_wheels()? {
        Some((environment, findings)) => {
            Ok(inventory::of(&Library::new(&settings.root), environment, scope, findings))
        }
        None => inventory::take(&settings.root, &settings.named, &settings.usual, scope)
            .map_err(|error| Trouble { message: error.to_string(), hint: Some(error.hint()) }),
    }
}

/// Answers one question; what is on the other side is said where this side is empty.
fn answer(question: &Question, why: bool) -> Result<Vec<Finding>, Trouble> {
    let (inventory, plan) = decide(&mut Settings::read_only(&question.input, &question.choice)?)?;
    let answer = report::why(&inventory, &plan, &question.name);
    let (side, other) = if why {
        (&answer.chains.is_empty(), "why-not")
    } else {
        (&answer.stays.is_empty(), "why")
    };
    let nothing = answer.chains.is_empty() && answer.stays.is_empty();
    if nothing {
        return Err(Trouble {
            message: format!(
                "nothing in the environment, and nothing it leads to, is called {}",
                question.name
            ),
            hint: Some(
                "give the name of a distribution, a library such as libpq.so.5, a package, or a path",
            ),
        });
    }
    let text = || if why { report::why_text(&answer) } else { report::why_not_text(&answer) };
    show(question.json, &answer, text);
    if *side {
        eprintln!(
            "{} {}: see wheelbarrow {other}",
            question.name,
            if why { "stays behind" } else { "is in the final root" }
        );
    }
    Ok(Vec::new())
}

fn show(json: bool, data: &impl serde::Serialize, text: impl FnOnce() -> String) {
    if json {
        println!("{}", serde_json::to_string_pretty(data).expect("plain data"));
    } else {
        print!("{}", text());
    }
}

fn write_bundle(typed: &BundleArguments) -> Result<Vec<Finding>, Trouble> {
    let mut settings = Settings::bundle(typed)?;
    let (inventory, plan) = decide(&mut settings)?;
    settings.refuse_inside(&inventory.environment)?;
    if plan.findings.iter().any(|finding| finding.code.refuses()) {
        eprint!("{}", report::findings_text(&plan.findings));
        return Err(Trouble {
            message: "the final root cannot run this environment; nothing was written".to_owned(),
            hint: None,
        });
    }
    let papers = Papers {
        dockerfile: report::dockerfile(
            &plan,
            &settings.stage,
            &settings.copy,
            settings.verify.as_deref(),
        ),
        runtime_packages: report::runtime_packages(&plan),
    };
    let bar = ProgressBar::new(plan.size());
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {msg}")
            .expect("a constant template"),
    );
    let written = bundle::write(
        &settings.root,
        &plan,
        &papers,
        &settings.out,
        settings.format,
        settings.time,
        &|bytes| bar.inc(bytes),
    );
    bar.finish_and_clear();
    let Outcome { mut findings, slimmed } = written
        .map_err(|error| Trouble { message: error.to_string(), hint: Some(error.hint()) })?;
    findings.extend(plan.findings.iter().cloned());
    findings.sort();
    eprint!("{}", report::findings_text(&findings));
    eprint!("{}", report::receipts_text("slimmed", &slimmed));
    eprintln!(
        "{}: {} files and links, {}",
        settings.out.display(),
        plan.entries.len(),
        report::size(plan.size())
    );
    match settings.format {
        Format::Directory => print!("{}", papers.dockerfile),
        // Nothing installs packages here: the user's base has to have them.
        Format::OciLayout => print!("{}", report::append_text(&plan)),
    }
    Ok(findings)
}
