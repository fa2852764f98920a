//! The codes of findings, each with its explanation.
//!
//! The usual severity, the meaning, common causes and remedies of a code stand beside its name.
//! `docs/findings.md` is generated from them: `UPDATE_DOCS=1 cargo test documents`.
//!
//! Invariant: a released code keeps its name. Findings of one severity are printed in this order.

use serde::Serialize;

use super::Severity;

macro_rules! codes {
    ($($name:ident = $text:literal {
        usually: $severity:ident,
        meaning: $meaning:literal,
        causes: [$($cause:literal),+ $(,)?],
        remedies: [$($remedy:literal),+ $(,)?],
    })+) => {
        /// The stable code of a finding, in kebab case where it is printed.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum Code { $(#[doc = $meaning] $name),+ }

        impl Code {
            /// Every code, in the order in which findings of one severity are printed.
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// The code as printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text),+ }
            }

            /// The severity that most findings of this code have. The finding itself decides.
            pub fn usual_severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity),+ }
            }

            /// The meaning, in one or two sentences.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$name => $meaning),+ }
            }

            /// Common causes, the most frequent first, each in whole sentences.
            pub fn causes(self) -> &'static [&'static str] {
                match self { $(Code::$name => &[$($cause),+]),+ }
            }

            /// Remedies, the usual one first, each in whole sentences.
            pub fn remedies(self) -> &'static [&'static str] {
                match self { $(Code::$name => &[$($remedy),+]),+ }
            }
        }
    };
}

codes! {
    TooLarge = "too-large" {
        usually: Deny,
        meaning: "The environment and the OS packages for it are larger than `--max-size`. The finding names the \
                  largest distributions and packages.",
        causes: [
            "A dependency is new, or a new version of one is larger.",
            "The environment has distributions or files that the program does not need.",
        ],
        remedies: [
            "Leave out what the program does not need: `--slim` removes files, `--require` or `-r` selects \
             distributions. `wheelbarrow report` lists the distributions, the largest first.",
            "Raise `--max-size`.",
        ],
    }
    LibraryPath = "library-path" {
        usually: Note,
        meaning: "The builder finds a library by `LD_LIBRARY_PATH` alone. It is bundled, and the files that need it \
                  get a run path to it. It is deny-level if code opens the library by its name: no run path helps \
                  there.",
        causes: ["`ENV LD_LIBRARY_PATH=...` in the builder stage names the directory of the library."],
        remedies: [
            "Register the directory of the library: with `ldconfig` on Debian, in \
             `/etc/ld-musl-*.path` on Alpine.",
            "Repeat the variable in the final stage if code opens the library by its name.",
        ],
    }
    FindLibrary = "find-library" {
        usually: Warn,
        meaning: "Python code finds a library by `ctypes.util.find_library` alone. With glibc that function runs \
                  `/sbin/ldconfig`, which the final image does not have.",
        causes: ["The final image is distroless or `scratch`."],
        remedies: [
            "Use a base with `ldconfig`, such as `debian:bookworm-slim`.",
            "Open the library by its name in the code: `ctypes.CDLL(\"libmagic.so.1\")`.",
        ],
    }
    UnresolvedLibrary = "unresolved-library" {
        usually: Deny,
        meaning: "A needed library is in none of the places where the loader looks. A library that \
                  the builder lacks is a warning, with the files that need it: they could not be \
                  loaded there either. `verify` denies it for all other files.",
        causes: [
            "The package with the library is not installed in the builder stage.",
            "A wheel contains a plugin for a library that the program never uses.",
        ],
        remedies: [
            "Install the package with the library in the builder stage, before `wheelbarrow` runs.",
            "Register the directory of the library: with `ldconfig` on Debian, in \
             `/etc/ld-musl-*.path` on Alpine.",
            "Leave the distribution out of the bundle, with `--require` or `-r`, if the program \
             does not need it.",
        ],
    }
    BadLibrary = "bad-library" {
        usually: Deny,
        meaning: "The loader picks a library that it cannot load. In the builder this is a warning; \
                  `verify` denies it.",
        causes: [
            "The file is a linker script, is empty or is cut short.",
            "A file that is not a library has the name of one, in a directory that is searched \
             earlier.",
        ],
        remedies: [
            "Reinstall the package or distribution that owns the library.",
            "Remove the file that hides the right library.",
        ],
    }
    ForeignArchitecture = "foreign-architecture" {
        usually: Deny,
        meaning: "An ELF file is built for another processor than the interpreter. In the builder a \
                  module is a warning, as it cannot be imported there either. Other files of a \
                  distribution are one note.",
        causes: [
            "A wheel of another platform was installed, for example with `pip install --platform`.",
            "A distribution contains helper programs for several processors.",
            "The environment was copied from another machine.",
        ],
        remedies: [
            "Install the wheel for the processor of the builder stage.",
            "Ignore the warning if the file is one of several variants and the right one is there \
             too.",
        ],
    }
    ForeignLibc = "foreign-libc" {
        usually: Deny,
        meaning: "An ELF file is built for another C library than the interpreter. In the builder a \
                  module is a warning, as it cannot be imported there either. Other files of a \
                  distribution are one note.",
        causes: [
            "A `manylinux` wheel is installed on Alpine, or a `musllinux` wheel on Debian.",
            "The environment was copied from an image with the other C library.",
        ],
        remedies: [
            "Install the distribution in the builder stage: `pip install --force-reinstall NAME`.",
            "If no wheel for this C library exists, build from source: `pip install --no-binary \
             NAME NAME`.",
        ],
    }
    ReliesOnPreload = "relies-on-preload" {
        usually: Warn,
        meaning: "The loader does not look where a needed library is. The library is found only if \
                  another import has loaded it before.",
        causes: [
            "A distribution loads its libraries itself before it imports its modules, as torch and \
             the nvidia wheels do.",
        ],
        remedies: [
            "None is needed if the program works in the builder stage: the library is bundled too.",
        ],
    }
    HostLibrary = "host-library" {
        usually: Note,
        meaning: "A needed library belongs to the driver of the host, which gives it to the container when the \
                  container starts. It is not bundled: a copy would be of another driver.",
        causes: ["A distribution uses the GPU, as torch and cupy do."],
        remedies: [
            "Start the container with the GPU, for example with `docker run --gpus all`. Without one, files that \
             need the library cannot be loaded.",
        ],
    }
    InstalledOnPurpose = "installed-on-purpose" {
        usually: Warn,
        meaning: "Packages that somebody installed in the builder stage by name are neither for building \
                  nor in the base, and nothing shows that the bundle needs them.",
        causes: [
            "The program starts another program or opens a file that no bundled code names.",
            "The package was needed for building alone.",
        ],
        remedies: [
            "Add the packages that the program needs with `--package NAME`.",
            "Name the others with `--exclude NAME`.",
        ],
    }
    OnlyObserved = "only-observed" {
        usually: Note,
        meaning: "A run that `wheelbarrow observe` recorded opened files that nothing else leads to. Their \
                  packages are added, and files of no package are bundled.",
        causes: [
            "The program puts the name of a library, a plugin or a program together at run time.",
            "The program reads data of an OS package.",
        ],
        remedies: [
            "None is needed. Leave out what the program does not need with `--exclude NAME`.",
        ],
    }
    NotObserved = "not-observed" {
        usually: Note,
        meaning: "Evidence other than the observed run adds files that this run did not open.",
        causes: [
            "The run did not use the part of the program that opens them.",
            "The program never uses that part of a distribution.",
        ],
        remedies: [
            "Observe a run that uses more of the program, such as the whole test suite.",
            "Leave out what the program does not need with `--exclude NAME`.",
        ],
    }
    ObservedFile = "observed-file" {
        usually: Warn,
        meaning: "The observed run opened files that are not bundled, because they may belong to the builder \
                  alone: files of no package outside of `/usr` and `/opt`, and files of compilers. Files of the \
                  working directory are a note.",
        causes: [
            "The program reads configuration, a model or other data that the Dockerfile copied.",
            "The command reads data of its tests.",
            "`ctypes.util.find_library` asked the compiler, which is in the builder alone.",
        ],
        remedies: [
            "Add the files that the program needs with `--include PATH`.",
            "Copy the project into the final stage, or install it with its data.",
        ],
    }
    UnownedLibrary = "unowned-library" {
        usually: Note,
        meaning: "No package owns a needed library, so the library itself is bundled.",
        causes: [
            "The library was built from source in the builder stage, often into `/usr/local/lib`.",
            "The package database of the builder is incomplete.",
        ],
        remedies: [
            "Check that the licence of the library allows you to redistribute it.",
            "Install the package of the distribution instead, if there is one.",
        ],
    }
    ForeignPackage = "foreign-package" {
        usually: Note,
        meaning: "A needed package comes from backports, from the repository of a third party or from a file, so \
                  the final stage cannot install it in this version. Its files are bundled, or it is named.",
        causes: [
            "The builder has a repository that the final stage lacks.",
            "The package was installed with `dpkg -i`, `apt-get install ./FILE.deb` or \
             `apk add --allow-untrusted`.",
        ],
        remedies: [
            "Leave it as it is: the bundle has the files of the package.",
            "With `--native packages`, add the repository to the final stage before the packages are installed.",
        ],
    }
    InterpreterLibrary = "interpreter-library" {
        usually: Warn,
        meaning: "Python itself loads a library in the builder that no package owns. The bundle has the \
                  library, but Python in the final image loads that of the base.",
        causes: [
            "A newer library, such as SQLite, was built into `/usr/local/lib`, and `ldconfig` made the loader \
             prefer it.",
        ],
        remedies: [
            "Add `RUN ldconfig` after the last `COPY` of the final stage, if the program relies on this version.",
            "Use `--final-stage explicit`, which runs `ldconfig` where it is needed.",
        ],
    }
    MissingLicence = "missing-licence" {
        usually: Note,
        meaning: "A package is bundled, and its licence is not in the builder.",
        causes: ["The builder image was made without documentation, as many slim images are."],
        remedies: [
            "Take the copyright files from the packages themselves, and copy them in the final \
             stage.",
        ],
    }
    CorruptElf = "corrupt-elf" {
        usually: Warn,
        meaning: "An ELF file cannot be read to its end. Its needs are unknown.",
        causes: [
            "A download or a copy was interrupted, or the disk was full.",
            "The file is test data that is damaged on purpose.",
        ],
        remedies: ["Reinstall the distribution that owns the file."],
    }
    CorruptMetadata = "corrupt-metadata" {
        usually: Warn,
        meaning: "A file that describes a distribution, such as METADATA or RECORD, cannot be \
                  understood completely.",
        causes: [
            "An old or unusual build tool wrote the file.",
            "An installation was interrupted.",
            "A requirement is not valid by PEP 508. It is then not checked.",
        ],
        remedies: [
            "Reinstall the distribution, or upgrade it to a version whose metadata is valid.",
        ],
    }
    CorruptDatabase = "corrupt-database" {
        usually: Warn,
        meaning: "A package database is unreadable or holds something that cannot be understood. \
                  Files may look as if no package owned them.",
        causes: [
            "The builder image had `/var/lib/dpkg/info` or a part of another database removed.",
            "An installation was interrupted.",
        ],
        remedies: [
            "Run `wheelbarrow` before the step that removes the database.",
            "Reinstall the packages that the finding names.",
        ],
    }
    UnreadableFile = "unreadable-file" {
        usually: Deny,
        meaning: "A file or directory cannot be read, so nothing is known about it.",
        causes: [
            "The user of the builder stage may not read the file.",
            "The disk or the network file system reports an error.",
        ],
        remedies: [
            "Run `wheelbarrow` as root: put `USER root` before that step.",
            "Change the mode of the file, or reinstall the distribution that owns it.",
        ],
    }
    NonUtf8Name = "non-utf8-name" {
        usually: Warn,
        meaning: "The name of a file is not UTF-8. The file is left out of the bundle.",
        causes: ["A distribution contains test data with unusual names."],
        remedies: ["Rename the file if the program needs it."],
    }
    MissingFile = "missing-file" {
        usually: Warn,
        meaning: "RECORD of a distribution names a file that is not there. In a final root, `verify` \
                  denies it for every file of the bundle.",
        causes: [
            "A step of the Dockerfile removed files of the environment to make it smaller.",
            "Another distribution removed the file when it was uninstalled.",
        ],
        remedies: [
            "Reinstall the distribution if the program needs the file.",
            "Use `--slim` to remove files: it keeps RECORD correct.",
            "If `verify` reports it, copy the bundle again: the file is missing in the final \
             image.",
        ],
    }
    ChangedMode = "changed-mode" {
        usually: Deny,
        meaning: "`verify` finds a file with other permission bits than in the bundle.",
        causes: [
            "`COPY --chmod` or a later `chmod` of the final stage changed the file.",
            "The bundle was copied by a tool that does not keep permissions.",
        ],
        remedies: ["Copy the bundle again, without `--chmod`."],
    }
    MissingLayer = "missing-layer" {
        usually: Deny,
        meaning: "`verify` finds no file of a layer of the bundle.",
        causes: ["The final stage has no `COPY` line for the layer."],
        remedies: [
            "Add the line: `COPY --from=builder /bundle/layers/NAME/ /`. `Dockerfile.final` has \
             all of them.",
        ],
    }
    UnrecordedData = "unrecorded-data" {
        usually: Note,
        meaning: "Files in `share`, `etc` or `var` below the prefix of the interpreter belong to no \
                  distribution and no package. They are bundled below the prefix of the bundle.",
        causes: ["A step of the Dockerfile put configuration or data there."],
        remedies: [
            "Nothing, if the program finds them by `sys.prefix`.",
            "Copy them in the final stage if a program names them by their path: \
             `COPY --from=builder PATH PATH`.",
        ],
    }
    FileCapabilities = "file-capabilities" {
        usually: Warn,
        meaning: "A program of the environment, or its interpreter, has file capabilities \
                  (capabilities(7)). The bundle does not keep them.",
        causes: ["A step of the Dockerfile ran `setcap`, so that the program may use a low port."],
        remedies: ["Run `setcap` in the final stage, after the bundle is copied."],
    }
    LostFile = "lost-file" {
        usually: Deny,
        meaning: "RECORD of a distribution names a file that the builder has, and that is neither in the \
                  bundle nor left out for a known reason.",
        causes: ["`wheelbarrow` has a fault: it accounts for every recorded file."],
        remedies: [
            "Report it with the output of `wheelbarrow plan --json`.",
            "Copy the file in the final stage: `COPY --from=builder PATH PATH`.",
        ],
    }
    SpecialFile = "special-file" {
        usually: Warn,
        meaning: "A path in the environment is neither a regular file, a directory nor a link. It \
                  is left out of the bundle.",
        causes: ["A program left a socket, a pipe or a device in the environment."],
        remedies: ["Remove it in the builder stage. Let the program create it when it starts."],
    }
    MissingRequirement = "missing-requirement" {
        usually: Warn,
        meaning: "A requirement is not installed, or is installed in a version that does not \
                  satisfy it.",
        causes: [
            "A distribution was installed with `--no-deps`, or a requirement was uninstalled \
             later.",
            "A later `pip install` replaced the requirement by another version.",
            "`--require`, `-r` or `--project` asks for a distribution that is not installed. This \
             is a deny-level finding.",
        ],
        remedies: [
            "Install the requirement in the builder stage, before `wheelbarrow` runs.",
            "Run `pip check` in the builder stage to see all conflicts.",
        ],
    }
    RecordedTwice = "recorded-twice" {
        usually: Warn,
        meaning: "Two distributions record the same file with different contents. The file of the \
                  distribution that was installed last is there.",
        causes: [
            "Two variants of one distribution are installed, such as `opencv-python` and \
             `opencv-python-headless`.",
            "Two distributions install a top-level folder such as `tests` by mistake.",
        ],
        remedies: ["Uninstall one of the two distributions, and reinstall the other."],
    }
    InstalledTwice = "installed-twice" {
        usually: Warn,
        meaning: "One directory has the metadata of two versions of a distribution. Python and pip take \
                  the one that the file system lists first, and the files are those of the last \
                  installation.",
        causes: [
            "An upgrade was interrupted.",
            "Two installers wrote to one directory, or one directory was copied over another.",
        ],
        remedies: [
            "Install the distribution again: `pip install --force-reinstall NAME`.",
            "Remove the `.dist-info` of the version that is not installed.",
        ],
    }
    WheelPassedOver = "wheel-passed-over" {
        usually: Note,
        meaning: "A wheel of the folder is not installed, because it does not fit or because \
                  another wheel of the same distribution is better.",
        causes: [
            "The folder holds wheels for several platforms, versions of Python or versions of the \
             distribution.",
        ],
        remedies: [
            "None is needed if the chosen wheel is the right one.",
            "Ask for a version with `--require \"NAME==VERSION\"`, or remove the other wheels.",
        ],
    }
    NoUsableWheel = "no-usable-wheel" {
        usually: Deny,
        meaning: "No wheel of a distribution in the folder fits the interpreter, the C library and \
                  the requested version. It is a note if nothing asks for the distribution.",
        causes: [
            "The wheels were downloaded for another version of Python or another platform.",
            "The folder holds only a source archive of the distribution.",
        ],
        remedies: [
            "Download or build the wheel in the builder stage: `pip download NAME` or `pip wheel \
             NAME`.",
        ],
    }
    Collision = "collision" {
        usually: Warn,
        meaning: "Two environments contain different files for one place, or different versions of \
                  one distribution. Those of the environment that is named first are bundled.",
        causes: [
            "The environments were installed independently of each other.",
            "A virtual environment that includes system packages hides one of them.",
        ],
        remedies: [
            "Name the environment with the right file or version first.",
            "Install everything into one environment, so that the installer resolves the versions.",
        ],
    }
    NotInLayer = "not-in-layer" {
        usually: Warn,
        meaning: "`--layer` names a distribution that is not in the bundle.",
        causes: [
            "The name is misspelled.",
            "The distribution is not installed, or `--require`, `-r` or `--project` leaves it out.",
        ],
        remedies: ["Correct the name. `wheelbarrow report` lists all bundled distributions."],
    }
    EditableInstall = "editable-install" {
        usually: Deny,
        meaning: "The source of an editable install cannot be found in the root, or cannot be \
                  installed as it would be imported. A note names the directories of a project that are not \
                  taken for its packages, such as `tests`.",
        causes: [
            "The folder to which the install leads has no Python module.",
            "The source folder was bind-mounted while it was installed, and is not mounted now.",
            "The build backend uses a finder that `wheelbarrow` does not read, as meson-python \
             does.",
            "The package is imported under another name than its folder has.",
        ],
        remedies: [
            "Install the project without `--editable`: `pip install --no-deps .`.",
            "Have the source in the builder stage: `COPY . /src` before the installation.",
        ],
    }
    NotCompiled = "not-compiled" {
        usually: Note,
        meaning: "`--compile` cannot compile a source file. The source is bundled without \
                  bytecode.",
        causes: [
            "The file is a template, or is written for another version of Python.",
            "The file contains a syntax error on purpose, as test data.",
        ],
        remedies: ["None is needed unless the program imports the file."],
    }
    NotStripped = "not-stripped" {
        usually: Note,
        meaning: "`--slim strip` cannot remove the debug sections of an ELF file safely. The file \
                  is bundled unchanged.",
        causes: [
            "Debug sections lie between sections that are loaded, as patchelf can leave them.",
            "The section headers are damaged.",
        ],
        remedies: [
            "None is needed: the file works as before.",
            "Strip the file before it is patched, or install a wheel that is stripped already.",
        ],
    }
    RunsAtStart = "runs-at-start" {
        usually: Warn,
        meaning: "A line of a `.pth` file runs whenever Python starts, and relies on something \
                  that the final image lacks.",
        causes: [
            "The line imports a module that is not installed or that is left out of the bundle.",
            "The line contains a path of the builder stage.",
        ],
        remedies: [
            "Install the module that the line imports, or uninstall the distribution with the \
             `.pth` file.",
            "Build the environment at its final path: create it in `/opt/app`, or name its path \
             with `--prefix`.",
        ],
    }
    ZippedEgg = "zipped-egg" {
        usually: Warn,
        meaning: "An egg is a single archive. It is bundled, but its contents are not examined.",
        causes: ["`setup.py install` or `easy_install` installed the distribution."],
        remedies: ["Install the distribution with pip, which unpacks it."],
    }
    OutsideEnvironment = "outside-environment" {
        usually: Deny,
        meaning: "A distribution records a file outside of the environment, or a link leads out of it to \
                  something that cannot be copied. The file or link is left out of the bundle. It is a \
                  warning if an OS package owns the file, or if the link leads to something that is left \
                  out.",
        causes: [
            "A step of the Dockerfile linked a directory of the system, such as `/etc`, into the \
             environment.",
            "A link leads to a directory that contains the link.",
            "A distribution installs files at absolute paths, such as `/etc`.",
            "A link leads to a file of a distribution that is not bundled, such as pip.",
        ],
        remedies: [
            "Copy the file into the environment in the builder stage, in place of the link.",
            "Copy the file in the final stage: `COPY --from=builder PATH PATH`.",
        ],
    }
    BuilderPathLeft = "builder-path-left" {
        usually: Warn,
        meaning: "A bundled file contains the path of the builder's environment, and cannot be \
                  rewritten.",
        causes: [
            "An extension module, a data file or a cache contains the path where it was built.",
        ],
        remedies: [
            "None is needed if the program does not use that path.",
            "Build the environment at its final path: create it in `/opt/app`, or name its path \
             with `--prefix`.",
        ],
    }
    PrefixTooLong = "prefix-too-long" {
        usually: Deny,
        meaning: "A conda file has no room for the path of the bundle. Nothing is written.",
        causes: [
            "`--prefix` is longer than the placeholder that the conda package was built with.",
        ],
        remedies: ["Choose a shorter `--prefix`."],
    }
    ActivationScript = "activation-script" {
        usually: Warn,
        meaning: "A conda package sets variables when its environment is activated. Nothing \
                  activates the environment in the final image.",
        causes: ["The package has a script in `etc/conda/activate.d`."],
        remedies: [
            "Read the script, and set the variables that the program needs with `ENV` in the final \
             stage.",
        ],
    }
    UnknownBase = "unknown-base" {
        usually: Deny,
        meaning: "Nothing indicates which image the final stage starts from.",
        causes: ["The builder is neither Alpine, Debian nor an image of a known distribution."],
        remedies: [
            "Name the image with `--from IMAGE`.",
            "Mount the image and let it be read: `--base-root DIR`.",
        ],
    }
    InterpreterNotInBase = "interpreter-not-in-base" {
        usually: Deny,
        meaning: "No package owns the interpreter, and no base image is known to have it at its \
                  path.",
        causes: ["Python was built from source, or copied from another image."],
        remedies: [
            "Name an image that has this interpreter: `--from IMAGE`.",
            "Mount the image and let it be read: `--base-root DIR`.",
            "Bundle the interpreter: `--with-interpreter`.",
        ],
    }
    InterpreterTravels = "interpreter-travels" {
        usually: Note,
        meaning: "No base image has the interpreter at its path, so the interpreter is bundled.",
        causes: [
            "uv or pyenv installed the interpreter.",
            "The interpreter is below `/root`, where most images let only root read. This is a \
             warning.",
        ],
        remedies: [
            "None is needed if the bundle may contain Python.",
            "Use the Python of the final image: `--interpreter /usr/local/bin/python3`.",
            "Install Python outside of `/root`: set `UV_PYTHON_INSTALL_DIR` or `PYENV_ROOT`.",
        ],
    }
    InterpreterMoved = "interpreter-moved" {
        usually: Note,
        meaning: "The base has the interpreter at another path than the builder. The bundle uses \
                  the path of the base.",
        causes: [
            "The builder has Python from a package in `/usr/bin`, and the base in \
             `/usr/local/bin`, or the other way round.",
        ],
        remedies: ["None is needed. Name another interpreter with `--interpreter PATH`."],
    }
    BaseArchitecture = "base-architecture" {
        usually: Deny,
        meaning: "The base is built for another processor than the environment. Nothing is \
                  written.",
        causes: [
            "`FROM --platform` or the mount names another platform than that of the builder.",
            "The profile given to `--base` is of another processor.",
        ],
        remedies: ["Use the same platform for the builder stage and for the base."],
    }
    BaseLibc = "base-libc" {
        usually: Deny,
        meaning: "The base has another C library than the environment. Nothing is written.",
        causes: ["The builder stage is Debian and the base is Alpine, or the other way round."],
        remedies: ["Use images of one family for the builder stage and for the base."],
    }
    BaseGlibc = "base-glibc" {
        usually: Deny,
        meaning: "A bundled file needs a newer glibc than the base has, or the bundled loader is not \
                  that of the base's glibc. Nothing is written.",
        causes: [
            "The builder stage is a newer release than the base.",
            "With `--with-interpreter`, the builder stage and the base are different releases.",
        ],
        remedies: [
            "Build in a release that is not newer than the base.",
            "Use a newer base.",
            "With `--with-interpreter`, leave out `--base` and use `FROM scratch`.",
        ],
    }
    BaseMusl = "base-musl" {
        usually: Deny,
        meaning: "A bundled file needs a symbol that the musl of the base lacks. Nothing is \
                  written.",
        causes: ["The builder stage is a newer Alpine release than the base."],
        remedies: ["Build in a release that is not newer than the base.", "Use a newer base."],
    }
    BaseInterpreter = "base-interpreter" {
        usually: Deny,
        meaning: "The base has no Python with the minor version and the ABI of the environment. \
                  Nothing is written.",
        causes: [
            "The builder stage and the base have different tags of the Python image.",
            "A short tag such as `python:3-slim` has moved to a newer Python.",
            "The base has no Python, as `scratch` and `debian:bookworm-slim`.",
        ],
        remedies: [
            "Use the same Python in both stages. Name its minor version in the tag.",
            "Bundle the interpreter: `--with-interpreter`.",
        ],
    }
    BaseRelease = "base-release" {
        usually: Deny,
        meaning: "The base cannot install a needed package: it is another release than the \
                  builder, or has no package manager. Nothing is written.",
        causes: [
            "The builder stage and the base are different releases of one distribution.",
            "`--native packages` is given, and the base is distroless or `scratch`.",
        ],
        remedies: [
            "Use the same release for the builder stage and for the base.",
            "Bundle the libraries: `--native vendor`.",
        ],
    }
    BaseVersion = "base-version" {
        usually: Note,
        meaning: "The base has a package that the bundle needs, in another version than the builder. Its libraries \
                  have the same names, but the program was not tried with them.",
        causes: [
            "A step of the builder stage upgraded packages.",
            "The profile of `--base` is older or newer than the image.",
        ],
        remedies: [
            "Start both stages from the same image.",
            "Give the image itself with `--base-root`.",
            "Upgrade the packages in the other stage, too.",
        ],
    }
    BaseLibrary = "base-library" {
        usually: Deny,
        meaning: "The base already has the package of a needed library, in a version that does not \
                  contain this library. Nothing is written.",
        causes: [
            "The package has another version, with another soname, in the release of the base.",
        ],
        remedies: [
            "Use the same release for the builder stage and for the base.",
            "Bundle the library: `--native vendor`.",
        ],
    }
    BaseLayout = "base-layout" {
        usually: Deny,
        meaning: "Only the builder has a merged `/usr`, so the bundled loader cannot be at its two \
                  paths in the base. Nothing is written.",
        causes: ["`--with-interpreter` is given together with a base of an older layout."],
        remedies: [
            "Omit the base: a bundle with its interpreter needs none.",
            "Use a base with a merged `/usr`, or omit `--with-interpreter`.",
        ],
    }
    BaseShell = "base-shell" {
        usually: Deny,
        meaning: "`--shebang relocatable` is given, and the base lacks the shell that such scripts \
                  start with. Nothing is written.",
        causes: ["The base is distroless or `scratch`."],
        remedies: ["Omit `--shebang`, or give `--shebang absolute`."],
    }
    BrokenInterpreter = "broken-interpreter" {
        usually: Deny,
        meaning: "`verify` finds no interpreter that can start the environment, or one of another \
                  version or ABI.",
        causes: [
            "The final image does not have the Python that the bundle was made for.",
            "The bundle is not at the path where `verify` looks, or was copied in part.",
        ],
        remedies: [
            "Use the final image that the bundle was made for, or make the bundle for this image: \
             `--base-root DIR`.",
            "Name the path of the environment with `--prefix`.",
        ],
    }
    MissingVersion = "missing-version" {
        usually: Deny,
        meaning: "`verify` finds a library without a symbol version that another file needs.",
        causes: ["The final image has an older version of the library than the builder stage."],
        remedies: [
            "Build in a release that is not newer than the final image, or use a newer final \
             image.",
        ],
    }
    MissingSymbol = "missing-symbol" {
        usually: Deny,
        meaning: "`verify` finds a symbol that none of the loaded files defines. It is a warning for \
                  symbols that the builder cannot bind either.",
        causes: [
            "The final image has another version of a library than the builder stage.",
            "A module expects symbols of another module that is imported before it: a warning.",
        ],
        remedies: [
            "Install the version that the builder has: `--pin`, or the same release in both \
             stages.",
            "Bundle the library: `--native vendor`.",
        ],
    }
    ChangedFile = "changed-file" {
        usually: Deny,
        meaning: "`verify` finds a file or a link that is not as it was bundled: its hash, its target \
                  or its kind differs from the manifest or from RECORD. `bundle` finds a file in the \
                  builder that differs from RECORD; it is bundled as it is, with a warning.",
        causes: [
            "A later step of the final stage changed the file.",
            "The copy is incomplete.",
            "Something changed the file in the builder after it was installed.",
        ],
        remedies: [
            "Copy the bundle again.",
            "Reinstall the distribution, if the file was not changed on purpose.",
            "Make the change in the builder stage, before `wheelbarrow` runs.",
        ],
    }
    DanglingLink = "dangling-link" {
        usually: Deny,
        meaning: "A link in the environment leads nowhere. In the builder this is a warning, and the \
                  link is left out of the bundle; in the final root, `verify` denies it.",
        causes: [
            "The target of the link is made when the program runs, or was removed in the builder.",
            "A later step of the final stage removed the target.",
        ],
        remedies: [
            "Copy the target in the builder stage, in place of the link.",
            "Make the link in the final stage if its target is made when the program runs.",
        ],
    }
    BrokenScript = "broken-script" {
        usually: Deny,
        meaning: "`verify` finds a script that starts a program that is not there.",
        causes: [
            "The final image has no `/bin/sh`.",
            "The script is written for another program, such as `bash` or `perl`.",
        ],
        remedies: [
            "Make the bundle with `--shebang absolute`.",
            "Install the program in the final stage.",
        ],
    }
    MissingEntryPoint = "missing-entry-point" {
        usually: Deny,
        meaning: "`verify` finds an entry point whose module is not there.",
        causes: [
            "A distribution declares a script for an optional part of itself.",
            "A step of the Dockerfile removed the module.",
        ],
        remedies: [
            "Reinstall the distribution in the builder stage, with the extra that the script \
             needs.",
        ],
    }
    InterpreterFact = "interpreter-fact" {
        usually: Note,
        meaning: "A fact of the interpreter could not be read. It is a deny-level finding if the C \
                  library of the interpreter is unknown, since no library can then be resolved.",
        causes: [
            "The interpreter is a special build, for example one that is compressed or renamed.",
            "The interpreter is linked against neither musl nor glibc.",
        ],
        remedies: ["Use an interpreter of a distribution, of the Python image, of uv or of conda."],
    }
    OtherEnvironment = "other-environment" {
        usually: Warn,
        meaning: "No environment was named, and more than one holds distributions. The finding says \
                  which one was chosen and why.",
        causes: [
            "The build context has a `.venv` of the developer's machine, and `COPY . .` copied it.",
            "A tool of the builder stage, such as one that pipx installed, has an environment too.",
        ],
        remedies: [
            "Name the environment: `wheelbarrow bundle /path/to/venv`.",
            "Add `.venv` to `.dockerignore`.",
        ],
    }
    ForeignEnvironment = "foreign-environment" {
        usually: Note,
        meaning: "An environment in a usual place cannot be used, because the root does not have its \
                  interpreter, or because it cannot be read. It was passed over.",
        causes: [
            "The build context has a `.venv` of another machine, and `COPY . .` copied it.",
            "It belongs to another user.",
        ],
        remedies: [
            "Add `.venv` to `.dockerignore`.",
            "Name the environment: `wheelbarrow bundle /path/to/venv`.",
        ],
    }
    NothingToBundle = "nothing-to-bundle" {
        usually: Deny,
        meaning: "There is no distribution to bundle.",
        causes: [
            "The application is installed into another environment than the one that was found.",
            "Nothing is installed, or nothing of it was selected.",
        ],
        remedies: [
            "Name the environment: `wheelbarrow bundle /path/to/venv`.",
            "Run `wheelbarrow` after the installation.",
        ],
    }
    ForeignShebang = "foreign-shebang" {
        usually: Warn,
        meaning: "A script starts a Python that is not the interpreter of this environment. It is \
                  bundled unchanged.",
        causes: ["A distribution contains a script with a fixed interpreter path."],
        remedies: [
            "Reinstall the distribution that owns the script.",
            "Start the script through Python: `python -m MODULE`.",
        ],
    }
    ForeignWheel = "foreign-wheel" {
        usually: Deny,
        meaning: "A distribution is a wheel for another Python, platform or ABI than that of the \
                  interpreter, and none of its extension modules can be imported. If it has none, \
                  or if its tags fit, this is a warning.",
        causes: [
            "`pip install --target` with `--python-version` or `--platform`, in a stage with another \
             Python.",
            "A folder of packages was copied from an image with another Python.",
        ],
        remedies: [
            "Install it with the Python of this stage.",
            "Run `wheelbarrow` in a stage with the Python that the wheel is for.",
        ],
    }
    MissingProgram = "missing-program" {
        usually: Deny,
        meaning: "Commands of the environment are scripts for another program than Python, and no \
                  package brings that program to the final image. If the builder does not have it \
                  either, this is a warning.",
        causes: [
            "The program was copied from another image, or downloaded.",
            "The distribution has scripts for an optional tool.",
        ],
        remedies: [
            "Install the program with the package manager of the builder: its package is then \
             installed in the final stage too.",
            "Copy the program in the final stage, and allow the finding.",
        ],
    }
    StaleDockerfile = "stale-dockerfile" {
        usually: Deny,
        meaning: "The lines of a Dockerfile that install packages or copy the bundle differ from \
                  those that this bundle needs (`--check-dockerfile`). A package that is not \
                  needed any more is a warning.",
        causes: [
            "A dependency was added, updated or removed after the final stage was pasted.",
            "The bundle is cut into other layers, or into none.",
        ],
        remedies: [
            "Replace the lines by those of the finding, or paste `Dockerfile.final` again.",
            "Install packages of your own in a RUN line of their own, in another form: \
             `RUN apk add curl`.",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_code_is_the_json_code() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn every_explanation_is_made_of_sentences() {
        for code in Code::ALL {
            let texts = [code.meaning()];
            for text in texts.iter().chain(code.causes()).chain(code.remedies()) {
                let whole = text.ends_with('.') && !text.contains("  ");
                assert!(whole, "{}: {text:?}", code.as_str());
            }
        }
    }

    #[test]
    fn a_refusal_is_explained_as_one() {
        for code in Code::ALL {
            let explained = code.meaning().ends_with("Nothing is written.");
            assert_eq!(code.refuses(), explained, "{}", code.as_str());
        }
    }
}
