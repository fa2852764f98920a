//! Findings: what is true of the user's environment and worth saying, as data.
//!
//! A finding is not an error: the run goes on. One of [`Severity::Deny`] makes the exit status 1.

use serde::Serialize;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The final image will not work as asked: exit status 1.
    Deny,
    /// Something may fail or is lost.
    Warn,
    /// Good to know.
    Note,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal),+ $(,)?) => {
        /// The stable code of a finding, in kebab case where it is printed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Code { $($(#[doc = $doc])+ $name),+ }
        impl Code {
            /// Every code, in the order of this file.
            pub const ALL: &[Code] = &[$(Code::$name),+];
            /// The code as printed.
            pub fn as_str(self) -> &'static str { match self { $(Code::$name => $text),+ } }
            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str { match self { $(Code::$name => concat!($($doc),+)),+ } }
        }
    };
}

codes! {
    /// A needed library is in none of the places the loader looks.
    UnresolvedLibrary = "unresolved-library",
    /// A library the loader picks is not an object it can load.
    BadLibrary = "bad-library",
    /// An ELF file is built for another processor than the interpreter.
    ForeignArchitecture = "foreign-architecture",
    /// An ELF file is built for another C library than the interpreter.
    ForeignLibc = "foreign-libc",
    /// A library resolves only when another import has loaded it before.
    ReliesOnPreload = "relies-on-preload",
    /// A library belongs to no package; it is carried in the bundle.
    UnownedLibrary = "unowned-library",
    /// A carried package has no licence in the builder, so none travels.
    MissingLicence = "missing-licence",
    /// An ELF file cannot be read to its end.
    CorruptElf = "corrupt-elf",
    /// METADATA, RECORD or another file of a distribution cannot be understood.
    CorruptMetadata = "corrupt-metadata",
    /// A package database holds something that cannot be understood.
    CorruptDatabase = "corrupt-database",
    /// A file may not be read by this user.
    UnreadableFile = "unreadable-file",
    /// A file name is not UTF-8; the file is left behind.
    NonUtf8Name = "non-utf8-name",
    /// A chain of symbolic links never ends.
    LinkLoop = "link-loop",
    /// RECORD names a file that is not there.
    MissingFile = "missing-file",
    /// Neither a regular file, a directory nor a link; it is left behind.
    SpecialFile = "special-file",
    /// A requirement of an installed distribution is not installed, or in a wrong version.
    MissingRequirement = "missing-requirement",
    /// Two distributions record the same file.
    RecordedTwice = "recorded-twice",
    /// A wheel of the folder is not installed, since another one is or it does not fit.
    WheelPassedOver = "wheel-passed-over",
    /// No wheel of a distribution in the folder fits the interpreter.
    NoUsableWheel = "no-usable-wheel",
    /// Files of two environments go to one place and differ.
    Collision = "collision",
    /// A distribution that --layer names is not in the bundle.
    NotInLayer = "not-in-layer",
    /// The source of an editable install cannot be found in the root.
    EditableInstall = "editable-install",
    /// A source file that --compile cannot compile; it travels as it is.
    NotCompiled = "not-compiled",
    /// An ELF file of which --slim strip cannot take the debug sections safely; it travels as it is.
    NotStripped = "not-stripped",
    /// A line of a .pth file runs at every start of Python and relies on what the final stage lacks.
    RunsAtStart = "runs-at-start",
    /// An egg that was not unpacked: it travels, but what is in it is not looked at.
    ZippedEgg = "zipped-egg",
    /// A link or path leads out of the environment, into what the final stage lacks.
    OutsideEnvironment = "outside-environment",
    /// A path of the builder stage is inside a file that cannot be rewritten.
    BuilderPathLeft = "builder-path-left",
    /// A file has no room for the bundle's prefix, which is longer than that of its package.
    PrefixTooLong = "prefix-too-long",
    /// A conda package sets variables when its environment is activated, which nothing does in the final stage.
    ActivationScript = "activation-script",
    /// Nothing tells which image the final stage starts from; give --from.
    UnknownBase = "unknown-base",
    /// The interpreter is where no base image has one.
    InterpreterNotInBase = "interpreter-not-in-base",
    /// No base image has the interpreter where it is, so it travels.
    InterpreterTravels = "interpreter-travels",
    /// The base has the interpreter at another path than the builder.
    InterpreterMoved = "interpreter-moved",
    /// The base is for another processor than the environment.
    BaseArchitecture = "base-architecture",
    /// The base has another C library than the environment.
    BaseLibc = "base-libc",
    /// The base has an older glibc than a file of the environment needs.
    BaseGlibc = "base-glibc",
    /// The base has an older musl than a file of the environment needs.
    BaseMusl = "base-musl",
    /// The base has no Python of the environment's minor version and ABI.
    BaseInterpreter = "base-interpreter",
    /// The base cannot install a needed package: it is of another release, or has no package manager.
    BaseRelease = "base-release",
    /// The base has the package of a needed library in a version that lacks the library.
    BaseLibrary = "base-library",
    /// Only one of builder and base has a merged /usr, and the loader that travels cannot be in both places.
    BaseLayout = "base-layout",
    /// Scripts need a shell that the base does not have.
    BaseShell = "base-shell",
    /// The prefix has no interpreter that starts, or one of another version or ABI.
    BrokenInterpreter = "broken-interpreter",
    /// A library lacks a symbol version that another file needs.
    MissingVersion = "missing-version",
    /// A symbol is in none of the files that are loaded together.
    MissingSymbol = "missing-symbol",
    /// A file is not what RECORD has.
    ChangedFile = "changed-file",
    /// A link leads nowhere.
    DanglingLink = "dangling-link",
    /// A script starts a program that is not there.
    BrokenScript = "broken-script",
    /// The module of an entry point is not there.
    MissingEntryPoint = "missing-entry-point",
    /// A fact of the interpreter could not be read.
    InterpreterFact = "interpreter-fact",
    /// There is no distribution to bundle.
    NothingToBundle = "nothing-to-bundle",
    /// A script names an interpreter that is not this environment's.
    ForeignShebang = "foreign-shebang",
}

impl Code {
    /// Whether the final root cannot run the bundle as asked, so that nothing is written.
    pub fn refuses(self) -> bool {
        use Code::{
            BaseArchitecture, BaseGlibc, BaseInterpreter, BaseLayout, BaseLibc, BaseLibrary,
            BaseMusl, BaseRelease, BaseShell, PrefixTooLong,
        };
        matches!(
            self,
            BaseArchitecture
                | BaseGlibc
                | BaseInterpreter
                | BaseLayout
                | BaseLibc
                | BaseLibrary
                | BaseMusl
                | BaseRelease
                | BaseShell
                | PrefixTooLong
        )
    }
}

/// One thing worth saying about one subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// How much it weighs; first, so that sorting puts the worst on top.
    pub severity: Severity,
    /// The stable code.
    pub code: Code,
    /// What it is about: a path inside the root, a distribution, a package.
    pub subject: String,
    /// What was found, in a sentence without the subject.
    pub message: String,
    /// What to do next, where there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// A finding without help.
    pub fn new(
        severity: Severity,
        code: Code,
        subject: impl ToString,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            severity,
            code,
            subject: subject.to_string(),
            message: message.into(),
            help: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
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
}
