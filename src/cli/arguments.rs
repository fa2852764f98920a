//! The commands and their options.
//!
//! Invariant: only `bundle` and `plan` show the options that shape the bundle and change no answer; `report`,
//! `why` and `why-not` accept them too, so that one list of options serves every command.

use std::path::PathBuf;

use clap::{Arg, Args, Parser, Subcommand, ValueEnum};
use wheelbarrow::project::Minor;

/// Lift what pip left in a builder stage into a small final stage.
#[derive(Parser)]
#[command(
    name = "wheelbarrow",
    version,
    about,
    after_help = "\
Exit status: 0 done; 1 done, but a finding of deny level remains; 2 could not.\n\n\
Examples:\n  \
wheelbarrow init > Dockerfile                   a Dockerfile for the project in this directory\n  \
RUN wheelbarrow bundle                          in the builder stage: writes /bundle\n  \
wheelbarrow bundle /opt/venv --out /bundle      names both\n  \
wheelbarrow report --root /mnt/image            explains another root\n  \
wheelbarrow plan --json | jq .packages.install  the decision as data\n  \
wheelbarrow bundle --base-root /mnt/base        refuses what the final image cannot run\n  \
wheelbarrow bundle --with-interpreter           for FROM scratch\n  \
wheelbarrow bundle --layers                     layers that applications share\n  \
wheelbarrow why libpq.so.5                      every chain that leads to it"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print a complete two-stage Dockerfile for the project in the current directory
    Init(InitArguments),
    /// Write the bundle: rootfs/, Dockerfile.final, runtime-packages.txt, wheelbarrow.json
    Bundle(BundleArguments),
    /// Show exactly what bundle would do, writing nothing
    Plan {
        /// Print JSON (its schema: `wheelbarrow schema plan`)
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        choice: Choice,
    },
    /// Explain the dependencies: distribution, extension module, library, OS package
    #[command(mut_args(hide_in_report))]
    Report {
        /// Compare what the application weighs with packages installed, with libraries carried, and with the
        /// interpreter carried
        #[arg(long)]
        sizes: bool,
        /// Print JSON (its schema: `wheelbarrow schema report`)
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        choice: Choice,
    },
    /// Why a distribution, library, package or file is in the final root: every chain that leads to it
    #[command(mut_args(hide_in_answers))]
    Why(Question),
    /// Why a distribution, library, package or file is not in the final root
    #[command(mut_args(hide_in_answers))]
    WhyNot(Question),
    /// Prove that a bundle runs over its final root: libraries, versions, symbols, hashes, scripts, entry points
    Verify {
        /// The directory that bundle wrote; without it, what was copied to --prefix of the root
        bundle: Option<PathBuf>,
        /// The final root, with its packages installed
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
        /// Where the environment is in the final root [default: that of the bundle, or /opt/app]
        #[arg(long, value_name = "PATH")]
        prefix: Option<String>,
        /// Print JSON (its schema: `wheelbarrow schema verify`)
        #[arg(long)]
        json: bool,
    },
    /// Compare bundles: which layers are the same, what that saves, what else could be shared
    Layers {
        /// Bundles, or their wheelbarrow.json
        #[arg(long, value_name = "BUNDLE", num_args = 2.., required = true)]
        compare: Vec<PathBuf>,
        /// Print JSON (its schema: `wheelbarrow schema layers`)
        #[arg(long)]
        json: bool,
    },
    /// Print the profile of a root that final stages start from, for --base
    Base {
        /// The root to read
        #[arg(long, value_name = "DIR")]
        root: PathBuf,
        /// What FROM says for it, to be kept in the profile
        #[arg(long, value_name = "IMAGE")]
        image: Option<String>,
        /// Where it comes from and when it was read, to be kept in the profile
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
    },
    /// Print the JSON schema of an output
    Schema {
        #[arg(value_enum)]
        of: Schema,
    },
    /// Print a completion script for a shell
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
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
}

/// A question about one name.
#[derive(Args)]
pub(crate) struct Question {
    /// requests, libpq.so.5, libpq, site-packages/yaml/cyaml.py, /opt/venv/bin/flask
    pub(crate) name: String,
    /// Print JSON (its schema: `wheelbarrow schema why`)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

/// What is read.
#[derive(Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct Input {
    /// A virtual environment, a prefix of conda, a site-packages folder, a Python program, what pip was given as
    /// --prefix, --target, --root or ~/.local, or a folder of wheels, as a path inside the root; several make one bundle
    /// [default: $VIRTUAL_ENV, $UV_PROJECT_ENVIRONMENT, $CONDA_PREFIX, ./.venv, ./.pixi/envs/default, /opt/venv,
    /// /opt/conda, then the root's python3]
    #[arg(help_heading = None)]
    pub(crate) env: Vec<String>,
    /// The root to read; the answer is the same as running inside it
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}

/// Most applications have fewer distributions that count.
pub(crate) const DEFAULT_LAYERS: &str = "32";

/// A path here is the environment, named too late.
fn budget(typed: &str) -> Result<u8, &'static str> {
    match typed.parse() {
        Ok(number) if (5..=100).contains(&number) => Ok(number),
        _ if typed.contains('/') => {
            Err("name the environment first: wheelbarrow bundle ENV --layers")
        }
        _ => Err("give a number from 5 to 100, or none"),
    }
}

/// What is decided.
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
}

/// The final image, and how the bundle fits into it.
#[derive(Args)]
#[command(next_help_heading = "Final image")]
pub(crate) struct FinalImage {
    /// Where the environment lives in the final image [default: /opt/app]
    #[arg(long, value_name = "PATH")]
    pub(crate) prefix: Option<String>,
    /// The image of FROM [default: by os-release and where the interpreter lives]
    #[arg(long, value_name = "IMAGE")]
    pub(crate) from: Option<String>,
    /// The final root itself, mounted here: what it lacks is installed or carried, what it cannot run is refused
    #[arg(long, value_name = "DIR")]
    pub(crate) base_root: Option<PathBuf>,
    /// The final root by the name of its image, or by a file that `wheelbarrow base` wrote
    #[arg(long, value_name = "IMAGE|FILE", conflicts_with = "base_root")]
    pub(crate) base: Option<String>,
    /// The final image's Python, when it is not at the builder's path; its minor version must be the same
    #[arg(long, value_name = "PATH")]
    pub(crate) interpreter: Option<String>,
    /// The interpreter, its standard library, its libraries and the loader travel too: for FROM scratch
    #[arg(long, conflicts_with = "interpreter")]
    pub(crate) with_interpreter: bool,
    /// How scripts find Python [default: relocatable where the final image has a shell]
    #[arg(long, value_enum)]
    pub(crate) shebang: Option<ShebangChoice>,
}

/// The requirements that select distributions; everything installed is bundled without one.
#[derive(Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Selection {
    /// Keep only this and what it requires, as pip would take it: flask, "requests[socks]>=2" (may be repeated)
    #[arg(long, value_name = "REQUIREMENT")]
    pub(crate) require: Vec<String>,
    /// Keep only what a requirements file names, with what that requires; a path inside the root (may be repeated)
    #[arg(short = 'r', long, value_name = "FILE")]
    pub(crate) requirements: Vec<String>,
    /// Keep only what [project] of a pyproject.toml names, with what that requires, and the project itself where it
    /// is installed: pyproject.toml, or with extras pyproject.toml[web,db]
    #[arg(long, value_name = "FILE")]
    pub(crate) project: Vec<String>,
}

/// How native libraries get into the final image.
#[derive(Args)]
#[command(next_help_heading = "Native libraries")]
pub(crate) struct NativeOptions {
    /// How libraries that the final root lacks get there [default: auto]
    #[arg(long, value_enum)]
    pub(crate) native: Option<NativeChoice>,
    /// Pin packages to the builder's versions
    #[arg(long)]
    pub(crate) pin: bool,
    /// Name apk packages by the library they provide (so:libpq.so.5)
    #[arg(long)]
    pub(crate) so_names: bool,
}

/// What is added to the files of the environment, or left out.
#[derive(Args)]
#[command(next_help_heading = "Contents")]
pub(crate) struct Contents {
    /// Write bytecode, with the final paths and the same bytes in every run: first starts are faster, the bundle is
    /// larger. Runs the builder's Python, which nothing else does, so it needs --root /
    #[arg(long)]
    pub(crate) compile: bool,
    /// Remove what is rarely needed at run time; licences and metadata stay, and RECORD follows
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub(crate) slim: Vec<SlimChoice>,
}

/// The cut into layers.
#[derive(Args)]
#[command(next_help_heading = "Layers")]
pub(crate) struct LayerOptions {
    /// Cut into layers that applications share, at most N of them (5 to 100; an image can have 127, those of its base
    /// included), each with a COPY line of its own [default without N: 32]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = DEFAULT_LAYERS, value_parser = budget)]
    pub(crate) layers: Option<u8>,
    /// Megabytes above which one distribution becomes several layers (implies --layers) [default: 200]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) layer_cap: Option<u64>,
    /// A layer of these distributions: web=flask,jinja2; app=shop is the last one, with what was installed from a local
    /// folder (implies --layers; may be repeated)
    #[arg(long, value_name = "NAME=DISTRIBUTIONS")]
    pub(crate) layer: Vec<String>,
}

/// Hides what changes no report: bytecode and the cut into layers are made when a bundle is written.
fn hide_in_report(option: Arg) -> Arg {
    let hidden = ["compile", "layers", "layer_cap", "layer"].contains(&option.get_id().as_str());
    if hidden { option.hide(true) } else { option }
}

/// Hides what changes no answer of `why` and `why-not`; the names that packages are installed by do not either.
fn hide_in_answers(option: Arg) -> Arg {
    let option = hide_in_report(option);
    let hidden = ["pin", "so_names"].contains(&option.get_id().as_str());
    if hidden { option.hide(true) } else { option }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ShebangChoice {
    /// Through /bin/sh, beside the script: the prefix may move, the final image needs a shell
    Relocatable,
    /// By absolute path: needs no shell, the prefix may not move
    Absolute,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SlimChoice {
    /// Folders called tests or test inside of packages
    Tests,
    /// .pyi files
    Stubs,
    /// C and Cython sources and headers
    Headers,
    /// .a files
    Static,
    /// Debug sections and symbol tables of native libraries, where that is safe
    Strip,
    /// All of these
    All,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum NativeChoice {
    /// By the package manager of the final image where it has one, otherwise in the bundle
    Auto,
    /// By the package manager of the final image
    Packages,
    /// In the bundle: the builder's libraries travel, found by run paths where the loader does not look anyway
    Vendor,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatChoice {
    /// rootfs/ or layers/, and Dockerfile.final
    Directory,
    /// oci-layout, index.json and blobs/: for skopeo, buildah, podman and crane, without a Docker daemon; with
    /// manifest.json, so `tar -C DIR -c . | docker load` takes it too
    OciLayout,
}

/// Everything that `bundle` takes.
#[derive(Args)]
pub(crate) struct BundleArguments {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

/// Where the default bundle is.
pub(crate) const DEFAULT_OUT: &str = "/bundle";

/// Where the bundle is written, and the form of its final stage.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputOptions {
    /// The directory to write; it appears when it is complete
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    pub(crate) out: PathBuf,
    /// What is written: directories to copy, or an OCI image layout of the layers (implies --layers)
    #[arg(long, value_enum, default_value = "directory")]
    pub(crate) format: FormatChoice,
    /// Have the final stage verify itself when it is built: it runs this program there, once
    #[arg(long)]
    pub(crate) verify: bool,
    /// Write COPY --link: with BuildKit a layer then does not depend on those below it
    #[arg(long)]
    pub(crate) link: bool,
    /// The name of the builder stage in COPY --from
    #[arg(long, value_name = "NAME", default_value = "builder")]
    pub(crate) stage: String,
}
