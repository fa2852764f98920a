//! The options that decide on a bundle: its base, its distributions, its libraries, its files and its layers.
//!
//! Invariant: a value that is accepted here has a meaning for every command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wheelbarrow::dockerfile::ImageName;

use super::FindingOptions;

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
