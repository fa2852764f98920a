//! The limits of a wheel: an archive beyond them is refused before it is unpacked.
//!
//! Invariant: a limit is far above every wheel that a build tool makes.

/// The largest wheels of today have some ten thousand entries.
pub const MOST_ENTRIES: usize = 100_000;
/// An archive may unpack to this many bytes whatever its own size.
pub const SMALL_EXPANSION: u64 = 100_000_000;
/// What unpacks to more than [`SMALL_EXPANSION`] may be this many times the archive: text compresses to a tenth,
/// deflate cannot go below a thousandth.
pub const LARGEST_RATIO: u64 = 100;
/// METADATA, RECORD, WHEEL and entry_points.txt are held in memory.
pub const LARGEST_METADATA: u64 = 64 << 20;
