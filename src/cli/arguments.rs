//! The commands and their options.
//!
//! Invariant: only `bundle` and `plan` show the options that shape the bundle but change no answer.
//! `report`, `why` and `why-not` accept them too, so that one list of options serves every command.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, Args, Parser, Subcommand, ValueEnum};
use wheelbarrow::dockerfile::{ImageName, StageName};
use wheelbarrow::finding::{Allowed, Code, Weights};
use wheelbarrow::lock::LOCK_FILE;
use wheelbarrow::project::Minor;
use wheelbarrow::report::Detail;

use super::similar::suggest;

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

/// The default number of layers; most applications have fewer large distributions.
pub(crate) const DEFAULT_LAYERS: &str = "32";

/// Parses the number of layers. A path in its place is an environment that comes too late.
fn budget(typed: &str) -> Result<u8, &'static str> {
    match typed.parse() {
        Ok(number) if (6..=100).contains(&number) => Ok(number),
        _ if typed.contains('/') => {
            Err("put the environment first: wheelbarrow bundle ENV --layers")
        }
        _ => Err("give a number from 6 to 100, or no value"),
    }
}

/// The options that a plan depends on.
#[derive(Args)]
pub(crate) struct Choice {
    #[command(flatten)]
    pub(crate) image: FinalImage,
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) native: NativeOptions,
    #[command(flatten)]
    pub(crate) contents: Contents,
    #[command(flatten)]
    pub(crate) layers: LayerOptions,
    #[command(flatten)]
    pub(crate) findings: FindingOptions,
}

/// The form of findings.
#[derive(Args)]
#[command(next_help_heading = "Findings")]
pub(crate) struct FormOptions {
    /// Print the findings alone on standard output, in the form that another tool reads
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "json")]
    pub(crate) output_format: Option<FindingForm>,
}

/// What reads findings.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingForm {
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JSON (its schema: `wheelbarrow schema findings`)
    Json,
}

/// The weights of findings, and how much is shown.
#[derive(Args)]
#[command(next_help_heading = "Findings")]
pub(crate) struct FindingOptions {
    /// Make a note of every finding with this code, or of the one about SUBJECT (may be repeated)
    #[arg(long, value_name = "CODE[=SUBJECT]", value_parser = allowed)]
    pub(crate) allow: Vec<Allowed>,
    /// Make a deny-level finding of every finding with this code (may be repeated)
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub(crate) deny: Vec<Code>,
    /// Show all names of a list, and all files that a finding is about
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Show problems alone: no notes, no progress, and nothing of a success except the answer
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl FindingOptions {
    pub(crate) fn weights(&self) -> Weights {
        Weights { allowed: self.allow.clone(), denied: self.deny.clone() }
    }

    pub(crate) fn detail(&self) -> Detail {
        match (self.verbose, self.quiet) {
            (true, _) => Detail::All,
            (false, true) => Detail::Problems,
            (false, false) => Detail::Examples,
        }
    }
}

fn allowed(typed: &str) -> Result<Allowed, String> {
    let (name, subject) =
        typed.split_once('=').map_or((typed, None), |(name, subject)| (name, Some(subject)));
    Ok(Allowed { code: code(name)?, subject: subject.map(str::to_owned) })
}

fn code(typed: &str) -> Result<Code, String> {
    let names = || Code::ALL.iter().map(|code| code.as_str());
    Code::find(typed)
        .ok_or_else(|| format!("no finding has this code: {}", suggest(typed, names(), "code")))
}

/// The final image, and how the bundle fits into it.
#[derive(Args)]
#[command(next_help_heading = "Final image")]
pub(crate) struct FinalImage {
    /// The path of the environment in the final image [default: /opt/app]
    #[arg(long, value_name = "PATH")]
    pub(crate) prefix: Option<String>,
    /// The image for FROM [default: derived from os-release and the interpreter's path]
    #[arg(long, value_name = "IMAGE")]
    pub(crate) from: Option<ImageName>,
    /// The final root, as --root has it. Only missing libraries are installed or vendored, and an
    /// environment that it cannot run is refused
    #[arg(long, value_name = "DIR|IMAGE")]
    pub(crate) base_root: Option<PathBuf>,
    /// Like --base-root, from the profile of an image: its name, a file that `wheelbarrow base` wrote,
    /// an OCI image layout, or what docker save wrote
    #[arg(long, value_name = "IMAGE|FILE", conflicts_with = "base_root")]
    pub(crate) base: Option<String>,
    /// The Python of the final image, if its path is not that in the builder; the minor version
    /// must be the same
    #[arg(long, value_name = "PATH")]
    pub(crate) interpreter: Option<String>,
    /// Bundle the interpreter with its standard library, its libraries and the loader, for FROM
    /// scratch
    #[arg(long, conflicts_with = "interpreter")]
    pub(crate) with_interpreter: bool,
    /// The way in which scripts find Python [default: relocatable if the final image has a shell]
    #[arg(long, value_enum)]
    pub(crate) shebang: Option<ShebangChoice>,
    /// The lines of the final stage
    #[arg(long, value_enum, default_value = "fixed", value_name = "FORM")]
    pub(crate) final_stage: FinalStageChoice,
    /// Make a deny-level finding of an environment that is larger together with the packages for it,
    /// such as 200MB or 1.5GB
    #[arg(long, value_name = "SIZE", value_parser = max_size)]
    pub(crate) max_size: Option<u64>,
}

/// Parses a size with a decimal unit, as it is printed: `200MB`, `1.5 GB`.
fn max_size(typed: &str) -> Result<u64, &'static str> {
    const UNITS: [(&str, f64); 3] = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let scaled = UNITS.iter().find_map(|(unit, bytes)| {
        let number: f64 = typed.strip_suffix(unit)?.trim_end().parse().ok()?;
        Some(number * bytes)
    });
    match scaled {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of bytes below 10^18"
        )]
        Some(bytes) if (0.0..1e18).contains(&bytes) => Ok(bytes as u64),
        _ => Err("give a size such as 500kB, 200MB or 1.5GB"),
    }
}

/// The requirements that select distributions. By default everything installed is bundled.
#[derive(Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Selection {
    /// Bundle only this requirement and its dependencies, written as for pip: flask,
    /// "requests[socks]>=2" (may be repeated)
    #[arg(long, value_name = "REQUIREMENT")]
    pub(crate) require: Vec<String>,
    /// Bundle only the requirements of this file and their dependencies; a path inside the root
    /// (may be repeated)
    #[arg(short = 'r', long, value_name = "FILE")]
    pub(crate) requirements: Vec<String>,
    /// Bundle only the dependencies of this project, and the project itself if it is installed.
    /// Give the path of its pyproject.toml, with extras if needed: pyproject.toml[web,db] (may be
    /// repeated)
    #[arg(long, value_name = "FILE")]
    pub(crate) project: Vec<String>,
}

/// The way of native libraries into the final image.
#[derive(Args)]
#[command(next_help_heading = "Native libraries")]
pub(crate) struct NativeOptions {
    /// The source of libraries that the final root lacks [default: auto]
    #[arg(long, value_enum)]
    pub(crate) native: Option<NativeChoice>,
    /// Add this OS package of the builder, which no evidence adds (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Vec<String>,
    /// Use the record of a run as evidence; `wheelbarrow observe` writes it (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub(crate) observed: Vec<PathBuf>,
    /// Leave out what evidence adds: a library, a program, a file, an OS package, or all that a
    /// distribution opens (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub(crate) exclude: Vec<String>,
    /// Pin OS packages to the versions in the builder
    #[arg(long)]
    pub(crate) pin: bool,
    /// Install apk packages by the libraries that they provide (so:libpq.so.5)
    #[arg(long)]
    pub(crate) so_names: bool,
}

/// Files that are added to those of the environment, or left out.
#[derive(Args)]
#[command(next_help_heading = "Contents")]
pub(crate) struct Contents {
    /// Compile bytecode: first starts are faster, and the bundle is larger. The bytecode has the
    /// final paths and is the same in every run. This is the only option that runs the builder's
    /// Python, so it needs --root /
    #[arg(long)]
    pub(crate) compile: bool,
    /// Bundle this file or directory of the builder, at the same path (may be repeated)
    #[arg(long, value_name = "PATH")]
    pub(crate) include: Vec<String>,
    /// Bundle the certificates of authorities, for an image without packages
    #[arg(long)]
    pub(crate) ca_certificates: bool,
    /// Bundle the time zones, for an image without packages
    #[arg(long)]
    pub(crate) tzdata: bool,
    /// Remove files that are rarely needed at run time. Licences and metadata are kept, and RECORD
    /// is updated
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub(crate) slim: Vec<SlimChoice>,
}

/// The division into layers.
#[derive(Args)]
#[command(next_help_heading = "Layers")]
pub(crate) struct LayerOptions {
    /// Divide the bundle into layers that applications share, each with its own COPY line. N is the
    /// number of lines, from 6 to 100 [default without N: 32]; an image has at most 127 layers, with
    /// those of its base
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = DEFAULT_LAYERS, value_parser = budget)]
    pub(crate) layers: Option<u8>,
    /// Divide a distribution of more than this many megabytes into several layers (implies
    /// --layers) [default: 200]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) layer_cap: Option<u64>,
    /// Put these distributions into one layer: web=flask,jinja2. The layer app is the last one and
    /// also has everything that was installed from a local folder (implies --layers; may be
    /// repeated)
    #[arg(long, value_name = "NAME=DISTRIBUTIONS")]
    pub(crate) layer: Vec<String>,
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

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ShebangChoice {
    /// /bin/sh starts the Python next to the script: the prefix can be moved, but the final image
    /// needs a shell
    Relocatable,
    /// The absolute path of Python: needs no shell, but the prefix cannot be moved
    Absolute,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FinalStageChoice {
    /// Stay the same when dependencies change: an installer in the bundle names the OS packages
    Fixed,
    /// Name the OS packages: paste them again whenever dependencies change
    Explicit,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SlimChoice {
    /// Folders named tests or test inside packages
    Tests,
    /// .pyi files
    Stubs,
    /// C and Cython sources and headers
    Headers,
    /// .a files
    Static,
    /// Debug sections and symbol tables of native libraries, if this is safe
    Strip,
    /// All of these
    All,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum NativeChoice {
    /// The package manager of the final image if it has one, otherwise the builder
    Auto,
    /// The package manager of the final image
    Packages,
    /// The builder: its libraries are bundled, and get run paths if the loader would not find them
    Vendor,
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
