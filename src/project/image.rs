//! The images of both stages, by their exact names.
//!
//! Invariant: a name tells the release of the distribution (`python:3.13-slim-trixie`), because the
//! short name (`python:3.13-slim`) moves to the next release while the packages named for it do not.

use std::fmt;

/// The kind of final stage that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// `python:X.Y-alpineZ`: musl, apk.
    Alpine,
    /// `python:X.Y-slim-RELEASE`: glibc, apt.
    Slim,
    /// `gcr.io/distroless/base-debianN`: glibc, no shell and no package manager.
    Distroless,
    /// An empty image.
    Scratch,
}

impl Base {
    /// As typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Base::Alpine => "alpine",
            Base::Slim => "slim",
            Base::Distroless => "distroless",
            Base::Scratch => "scratch",
        }
    }

    /// Whether the final stage has a package manager and the interpreter.
    pub fn is_whole(self) -> bool {
        matches!(self, Base::Alpine | Base::Slim)
    }
}

/// A minor version of Python 3, such as `3.13`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(pub u8);

impl Minor {
    /// Reads `3.13`, and of `3.13.1` the first two numbers.
    pub fn parse(text: &str) -> Option<Minor> {
        let mut numbers = text.trim().strip_prefix("3.")?.split('.');
        let minor = numbers.next()?.parse().ok()?;
        numbers.all(|number| number.parse::<u16>().is_ok()).then_some(Minor(minor))
    }

    /// The images of this version.
    fn row(self) -> Option<&'static Row> {
        PYTHONS.iter().find(|row| row.minor == self)
    }

    /// Whether images of this version are known.
    pub fn has_image(self) -> bool {
        self.row().is_some()
    }

    /// Every version with an image, oldest first.
    pub fn known() -> impl DoubleEndedIterator<Item = Minor> {
        PYTHONS.iter().map(|row| row.minor)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "3.{}", self.0)
    }
}

/// A release of Debian, by its code name and number.
type Debian = (&'static str, u8);
const BOOKWORM: Debian = ("bookworm", 12);
const TRIXIE: Debian = ("trixie", 13);

/// The release that each version is built on.
struct Row {
    minor: Minor,
    debian: Debian,
    alpine: &'static str,
}

/// Docker's official images of Python, oldest first.
const PYTHONS: [Row; 6] = [
    Row { minor: Minor(9), debian: BOOKWORM, alpine: "3.20" },
    Row { minor: Minor(10), debian: BOOKWORM, alpine: "3.20" },
    Row { minor: Minor(11), debian: BOOKWORM, alpine: "3.20" },
    Row { minor: Minor(12), debian: BOOKWORM, alpine: "3.20" },
    Row { minor: Minor(13), debian: TRIXIE, alpine: "3.22" },
    Row { minor: Minor(14), debian: TRIXIE, alpine: "3.22" },
];

/// The images of the two stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Images {
    /// The builder's.
    pub builder: String,
    /// The final stage's; absent for an empty image, the same as the builder's where it is whole.
    pub last: Option<String>,
}

impl Images {
    /// For an environment that uses the interpreter of the image; `None` when no image has it.
    pub(super) fn with_python(base: Base, minor: Minor) -> Option<Images> {
        let Row { debian, alpine, .. } = minor.row()?;
        // Distroless images of Debian 12 have no merged /usr, so a loader bundled from Debian does not
        // fit there (GoogleContainerTools/distroless#1393).
        let debian = if base == Base::Distroless { &TRIXIE } else { debian };
        let builder = match base {
            Base::Alpine => format!("python:{minor}-alpine{alpine}"),
            Base::Slim | Base::Distroless | Base::Scratch => {
                format!("python:{minor}-slim-{}", debian.0)
            }
        };
        Some(Images::new(base, builder, *debian))
    }

    /// For an environment that brings its own interpreter; musl cannot run it.
    pub(super) fn with_conda(base: Base) -> Option<Images> {
        let plain = || Images::new(base, format!("debian:{}-slim", TRIXIE.0), TRIXIE);
        (base != Base::Alpine).then(plain)
    }

    fn new(base: Base, builder: String, debian: Debian) -> Images {
        let last = match base {
            Base::Alpine | Base::Slim => Some(builder.clone()),
            Base::Distroless => Some(format!("gcr.io/distroless/base-debian{}", debian.1)),
            Base::Scratch => None,
        };
        Images { builder, last }
    }
}
