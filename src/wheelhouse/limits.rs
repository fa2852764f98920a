//! The limits for a wheel. An archive that exceeds them is refused before it is unpacked.
//!
//! Invariant: each limit is far above every wheel that a build tool makes.

/// The largest number of entries. The largest wheels of today have about ten thousand.
pub const MOST_ENTRIES: usize = 100_000;
/// The number of bytes that any archive may unpack to, whatever its own size.
pub const SMALL_EXPANSION: u64 = 100_000_000;
/// An archive that unpacks to more than [`SMALL_EXPANSION`] may have this many times its own size.
/// Text compresses to a tenth; deflate cannot compress below a thousandth.
pub const LARGEST_RATIO: u64 = 100;
/// The largest METADATA, WHEEL and entry_points.txt in bytes: they are held in memory. A RECORD may have
/// [`LARGEST_RECORD_LINE`] more for each entry.
pub const LARGEST_METADATA: u64 = 4 << 20;
/// The longest believable line of a RECORD in bytes, on average.
pub const LARGEST_RECORD_LINE: u64 = 512;
