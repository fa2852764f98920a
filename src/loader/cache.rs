//! Reads `/etc/ld.so.cache`, format `glibc-ld.so.cache1.1` (glibc `elf/dl-cache.h`).
//!
//! Invariant: no bytes make it panic. A broken cache is an empty one, as in `ld.so`.

const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const OLD_MAGIC: &[u8] = b"ld.so-1.7.0\0";
const HEADER: usize = 48;
const ENTRY: usize = 24;

/// One entry for the baseline CPU.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CacheEntry {
    /// The kind of object, `FLAG_*` of glibc's `sysdeps/generic/ldconfig.h`.
    pub(super) flags: u32,
    /// The soname, or another name that ldconfig found.
    pub(super) name: String,
    /// The absolute path of the file, inside the root.
    pub(super) path: String,
}

/// The flags of the objects that a loader of this machine takes from the cache; `None` for an
/// unknown machine.
pub(super) fn flags_of(machine: &str) -> Option<u32> {
    // FLAG_ELF_LIBC6 and the ABI.
    Some(match machine {
        "i386" => 0x0003,
        "x86_64" => 0x0303,
        "s390x" => 0x0403,
        "powerpc64le" => 0x0503,
        "x32" => 0x0803,
        "armhf" => 0x0903,
        "aarch64" => 0x0a03,
        "riscv64" => 0x1003,
        "loongarch64" => 0x1203,
        _ => return None,
    })
}

/// Every entry for the baseline CPU, in file order.
pub(super) fn parse_cache(bytes: &[u8]) -> Vec<CacheEntry> {
    let start = if bytes.starts_with(OLD_MAGIC) {
        // Entries of the old format come first, 12 bytes each. The new header follows, aligned to
        // 8.
        let count = word(bytes, OLD_MAGIC.len()).unwrap_or(0);
        count.saturating_mul(12).saturating_add(16).next_multiple_of(8)
    } else {
        0
    };
    let Some(cache) = bytes.get(start..).filter(|cache| cache.starts_with(MAGIC)) else {
        return Vec::new();
    };
    let count = word(cache, MAGIC.len()).unwrap_or(0);
    let entry = |index: usize| -> Option<CacheEntry> {
        let at = HEADER.checked_add(index.checked_mul(ENTRY)?)?;
        // An entry with hwcap bits is a hardware variant. The baseline file always has an entry
        // too.
        let hwcap = u64::from_ne_bytes(cache.get(at + 16..at + 24)?.try_into().ok()?);
        let (name, path) = (word(cache, at + 4)?, word(cache, at + 8)?);
        (hwcap == 0).then_some(())?;
        let flags = u32::try_from(word(cache, at)?).ok()?;
        Some(CacheEntry { flags, name: text(cache, name)?, path: text(cache, path)? })
    };
    let most = cache.len() / ENTRY;
    (0..count.min(most)).filter_map(entry).collect()
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(word.try_into().ok()?)).ok()
}

fn text(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let end = memchr::memchr(0, rest)?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(2u32.to_le_bytes());
        bytes.resize(HEADER, 0);
        let strings = HEADER + 2 * ENTRY;
        for (hwcap, offset) in [(0u64, 0), (1 << 62, 10)] {
            bytes.extend(0x0303u32.to_le_bytes());
            bytes.extend(u32::try_from(strings).unwrap().to_le_bytes());
            bytes.extend(u32::try_from(strings + 10 + offset - offset).unwrap().to_le_bytes());
            bytes.extend(0u32.to_le_bytes());
            bytes.extend(hwcap.to_ne_bytes());
        }
        bytes.extend(b"libz.so.1\0/lib/libz.so.1\0");
        bytes
    }

    #[test]
    fn baseline_entries_only() {
        let entry = CacheEntry {
            flags: 0x0303,
            name: "libz.so.1".to_owned(),
            path: "/lib/libz.so.1".to_owned(),
        };
        assert_eq!(parse_cache(&cache()), [entry]);
        assert_eq!(flags_of("x86_64"), Some(0x0303));
    }

    #[test]
    fn broken_caches_are_empty_or_short() {
        let whole = cache();
        for end in 0..whole.len() {
            parse_cache(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 0xff;
            parse_cache(&broken);
        }
        assert!(parse_cache(b"").is_empty());
    }
}
