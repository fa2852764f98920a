//! The commands and their options.
//!
//! Invariant: only `bundle` and `plan` show the options that shape the bundle but change no answer.
//! `report`, `why` and `why-not` accept them too, so that one list of options serves every command.

mod choice;
mod findings;

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) use choice::{
    Choice, Contents, DEFAULT_LAYERS, FinalImage, FinalStageChoice, LayerOptions, NativeChoice,
    Selection, ShebangChoice, SlimChoice,
};
use clap::{Arg, Args, Parser, Subcommand, ValueEnum};
use findings::code;
pub(crate) use findings::{FindingForm, FindingOptions, FormOptions};
use wheelbarrow::dockerfile::{ImageName, StageName};
use wheelbarrow::finding::Code;
use wheelbarrow::lock::LOCK_FILE;
use wheelbarrow::project::Minor;

/// The answer of `--version`. A program without the C library starts in few images, and this is the one
/// place that can tell: where it does not start it says nothing.
const SHOWN_VERSION: &str = if cfg!(target_feature = "crt-static") {
    wheelbarrow::version::VERSION
} else {
    concat!(
        env!("WHEELBARROW_VERSION"),
        "\nnot static: runs only where the C library is at least as new as on the machine that built it"
    )
};

/// Bundle the Python environment of a builder stage for a small final stage.
#[derive(Parser)]
#[command(
    name = "wheelbarrow",
    version = SHOWN_VERSION,
    about,
    after_help = "\
Exit status: 0 success; 1 completed with deny-level findings; 2 failed.\n\n\
Examples:\n  \
wheelbarrow init > Dockerfile                   write a Dockerfile for this project\n  \
RUN wheelbarrow bundle                          write /bundle in the builder stage\n  \
wheelbarrow bundle /opt/venv --out /bundle      name the environment and the output\n  \
wheelbarrow report --root /mnt/image            explain another root\n  \
wheelbarrow plan --json | jq .packages.install  print the decision as data\n  \
wheelbarrow bundle --base-root /mnt/base        check that the final image can run it\n  \
wheelbarrow bundle --with-interpreter           bundle Python too, for FROM scratch\n  \
wheelbarrow bundle --layers                     write layers that applications share\n  \
wheelbarrow observe -- pytest                   record the files that a run opens\n  \
wheelbarrow why libpq.so.5                      show every chain that needs a library"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print a complete two-stage Dockerfile for the project in the current directory
    Init(InitArguments),
    /// Run a command in the builder stage, and record the files that it opens, for --observed
    Observe(ObserveArguments),
    /// Write the bundle: rootfs/, Dockerfile.final, runtime-packages.txt, wheelbarrow.json
    Bundle(BundleArguments),
    /// Show the exact result of bundle without writing anything
    Plan(PlanArguments),
    /// Explain the dependencies: distributions, extension modules, libraries, OS packages
    #[command(mut_args(hide_in_report))]
    Report(ReportArguments),
    /// Explain why a distribution, library, package or file is in the final root: every chain that
    /// leads to it
    #[command(mut_args(hide_in_answers))]
    Why(Question),
    /// Explain why a distribution, library, package or file is not in the final root
    #[command(mut_args(hide_in_answers))]
    WhyNot(Question),
    /// Prove that a bundle runs in its final root: libraries, versions, symbols, hashes, scripts,
    /// entry points
    Verify(VerifyArguments),
    /// Explain a code of a finding: its meaning, common causes and remedies
    Explain {
        /// The code, such as unresolved-library
        #[arg(value_parser = code)]
        code: Code,
    },
    /// Compare bundles: the layers they share, the space this saves, and the layers they could
    /// share
    Layers {
        /// The bundles to compare, or their wheelbarrow.json files
        #[arg(value_name = "BUNDLE", num_args = 2.., required = true)]
        bundles: Vec<PathBuf>,
        /// Print JSON (its schema: `wheelbarrow schema layers`)
        #[arg(long)]
        json: bool,
    },
    /// Write wheelbarrow.lock, a list of the contents of the final image, and show how it changed
    #[command(mut_args(hide_in_report))]
    Lock {
        /// The file to write
        #[arg(long, value_name = "FILE", default_value = LOCK_FILE)]
        lock_file: PathBuf,
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        choice: Choice,
    },
    /// Compare two bundles, locks, plans or reports: packages, distributions, libraries, sizes, findings
    Diff {
        /// A bundle or its wheelbarrow.json, a lock, or a file with the output of `plan --json` or `report --json`
        old: PathBuf,
        /// The same, of a later state
        new: PathBuf,
        /// Exit with status 1 if there is a difference other than sizes
        #[arg(long)]
        exit_code: bool,
        /// Print JSON (its schema: `wheelbarrow schema diff`)
        #[arg(long)]
        json: bool,
    },
    /// Print the profile of a final root, for --base
    Base {
        /// The root to read: a directory, an OCI image layout, or what docker save wrote
        #[arg(long, value_name = "DIR|IMAGE")]
        root: PathBuf,
        /// The image name for FROM, kept in the profile
        #[arg(long, value_name = "IMAGE")]
        image: Option<ImageName>,
        /// The origin of the root and the date of reading, kept in the profile
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
    },
    /// Print the JSON schema of an output
    Schema {
        /// The output
        #[arg(value_enum)]
        of: Schema,
    },
    /// Print the manual page of the program or of a command: `wheelbarrow man bundle | man -l -`
    Man {
        /// The command [default: the program]
        command: Option<String>,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// The arguments of `plan`.
#[derive(Args)]
pub(crate) struct PlanArguments {
    /// List every path with its action and its reason
    #[arg(long)]
    pub(crate) files: bool,
    /// Print JSON (its schema: `wheelbarrow schema plan`)
    #[arg(long, conflicts_with = "files")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) form: FormOptions,
}

/// The arguments of `report`.
#[derive(Args)]
pub(crate) struct ReportArguments {
    /// Show each distribution with those that it requires, its native files and the libraries that
    /// they need
    #[arg(long)]
    pub(crate) tree: bool,
    /// List the files of each distribution, the largest first
    #[arg(long, conflicts_with = "tree")]
    pub(crate) files: bool,
    /// Compare the size of the application with OS packages installed, with libraries vendored,
    /// and with the interpreter bundled
    #[arg(long)]
    pub(crate) sizes: bool,
    /// Print JSON (its schema: `wheelbarrow schema report`)
    #[arg(long, conflicts_with_all = ["tree", "files"])]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) form: FormOptions,
}

/// The arguments of `verify`.
#[derive(Args)]
pub(crate) struct VerifyArguments {
    /// The directory that bundle wrote [default: the environment that was copied to --prefix in
    /// the root]
    pub(crate) bundle: Option<PathBuf>,
    /// The final root, with its OS packages installed: a directory, an OCI image layout, or what
    /// docker save wrote
    #[arg(long, value_name = "DIR|IMAGE", default_value = "/")]
    pub(crate) root: PathBuf,
    /// The path of the environment in the final root [default: that of the bundle, or /opt/app]
    #[arg(long, value_name = "PATH")]
    pub(crate) prefix: Option<String>,
    /// Print JSON (its schema: `wheelbarrow schema verify`)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) findings: FindingOptions,
    #[command(flatten)]
    pub(crate) form: FormOptions,
}

/// The command to observe.
#[derive(Args)]
#[command(after_help = "\
Exit status: that of the command; 0 if the time limit ends it; 128 and the signal that ends it; 2 failed.\n\n\
Examples:\n  \
RUN wheelbarrow observe -- pytest                                   a test suite\n  \
RUN wheelbarrow observe -- python -c 'import app'                   an import\n  \
RUN wheelbarrow observe --time-limit 20 -- gunicorn app:server      a server\n  \
RUN wheelbarrow bundle --observed observed.json")]
pub(crate) struct ObserveArguments {
    /// The record to write
    #[arg(long, value_name = "FILE", default_value = "observed.json")]
    pub(crate) out: PathBuf,
    /// End the command after so many seconds, which is a success: SIGTERM to its processes, and SIGKILL 10 seconds
    /// later
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) time_limit: Option<u64>,
    /// The command with its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// What a Dockerfile starts from.
#[derive(Args)]
pub(crate) struct InitArguments {
    /// What the final stage starts from
    #[arg(long, value_enum, default_value = "slim")]
    pub(crate) base: BaseKind,
    /// The version of Python [default: that of .python-version, or the lowest from 3.11 that requires-python allows, or
    /// 3.13]
    #[arg(long, value_name = "X.Y", value_parser = minor)]
    pub(crate) python: Option<Minor>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum BaseKind {
    /// python:X.Y-alpine: musl and apk
    Alpine,
    /// python:X.Y-slim: Debian and apt
    Slim,
    /// gcr.io/distroless/base: glibc, without a shell; Python is bundled
    Distroless,
    /// An empty image; Python and every library are bundled
    Scratch,
}

fn minor(typed: &str) -> Result<Minor, &'static str> {
    Minor::parse(typed).ok_or("give a version such as 3.13")
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Schema {
    Plan,
    Report,
    Manifest,
    Base,
    Why,
    Layers,
    Verify,
    Diff,
    Observed,
    Findings,
}

/// A question about one name.
#[derive(Args)]
pub(crate) struct Question {
    /// The name or path, such as requests, PIL, libpq.so.5, libpq, site-packages/yaml/cyaml.py or
    /// /opt/venv/bin/flask
    pub(crate) name: String,
    /// Print JSON (its schema: `wheelbarrow schema why`)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

/// The root and the environments to read.
#[derive(Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct Input {
    /// The path of an environment inside the root: a virtual environment, a conda prefix, a
    /// site-packages folder, a Python program, the directory of pip's --prefix, --target, --root or
    /// --user, or a folder of wheels. You can name several environments. If two contain the same
    /// file, the first one named wins; differing contents are reported [default: $VIRTUAL_ENV,
    /// $UV_PROJECT_ENVIRONMENT, $CONDA_PREFIX, ./.venv, ./.pixi/envs/default, /opt/venv,
    /// /opt/conda, then the root's python3]
    #[arg(help_heading = None)]
    pub(crate) env: Vec<String>,
    /// The version of the Python for a folder that has none of its own [default: that of its wheels, or the
    /// root's python3]
    #[arg(long, value_name = "X.Y", value_parser = minor)]
    pub(crate) python: Option<Minor>,
    /// The root to read: a directory, an OCI image layout, or what docker save wrote. The result is the
    /// same as inside that root
    #[arg(long, value_name = "DIR|IMAGE", default_value = "/")]
    pub(crate) root: PathBuf,
}

/// Hides the options that change no report: bytecode and layers exist only in a written bundle.
fn hide_in_report(option: Arg) -> Arg {
    let hidden = ["compile", "layers", "layer_cap", "layer"].contains(&option.get_id().as_str());
    if hidden { option.hide(true) } else { option }
}

/// Hides the options that change no answer of `why` and `why-not`: also the names and versions by
/// which packages are installed.
fn hide_in_answers(option: Arg) -> Arg {
    let option = hide_in_report(option);
    let hidden = ["pin", "so_names", "max_size", "allow", "deny", "verbose", "quiet"]
        .contains(&option.get_id().as_str());
    if hidden { option.hide(true) } else { option }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatChoice {
    /// rootfs/ or layers/, and Dockerfile.final
    Directory,
    /// oci-layout, index.json and blobs/, for skopeo, buildah, podman and crane without a Docker
    /// daemon. With manifest.json, for `tar -C DIR -c . | docker load`
    OciLayout,
}

/// The arguments of `bundle`.
#[derive(Args)]
pub(crate) struct BundleArguments {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) review: ReviewOptions,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

/// The default output directory.
pub(crate) const DEFAULT_OUT: &str = "/bundle";

/// The output directory, and the form of the final stage.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputOptions {
    /// The directory to write; it appears only when it is complete [default: /bundle; required
    /// with --root]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The form of the bundle: directories to copy, or an OCI image layout of the layers (implies
    /// --layers)
    #[arg(long, value_enum, default_value = "directory")]
    pub(crate) format: FormatChoice,
    /// Leave out the line that runs `wheelbarrow verify` when the final stage is built
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Print Dockerfile.final, as on a terminal
    #[arg(long)]
    pub(crate) print_dockerfile: bool,
    /// Write COPY --link: with BuildKit a layer then does not depend on the layers below it
    #[arg(long)]
    pub(crate) link: bool,
    /// The name of the builder stage in COPY --from
    #[arg(long, value_name = "NAME", default_value = "builder")]
    pub(crate) stage: StageName,
}

/// Committed files that the result is compared with.
#[derive(Args)]
#[command(next_help_heading = "Review")]
pub(crate) struct ReviewOptions {
    /// Fail, and write nothing, if the result differs from this lock; `wheelbarrow lock` with the same options
    /// updates it. Sizes are not compared
    #[arg(long, value_name = "FILE")]
    pub(crate) locked: Option<PathBuf>,
    /// Report lines of the final stage of this Dockerfile that are stale: packages to install, and COPY lines. Lines
    /// in the form of Dockerfile.final are read
    #[arg(long, value_name = "FILE")]
    pub(crate) check_dockerfile: Option<PathBuf>,
}
