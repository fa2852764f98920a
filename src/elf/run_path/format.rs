//! Numbers and program headers as bytes of a file.
//!
//! Invariant: the size and the byte order are those of the file, not of this machine.

use goblin::elf::ProgramHeader;

/// The size and the byte order of numbers.
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) wide: bool,
    pub(super) little: bool,
}

impl Format {
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let shift = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        if self.little { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) }
    }

    pub(super) fn bytes(self, value: u64, size: usize) -> Vec<u8> {
        if self.little {
            value.to_le_bytes()[..size].to_vec()
        } else {
            value.to_be_bytes()[8 - size..].to_vec()
        }
    }

    /// The size of an address or offset in bytes.
    pub(super) fn word(self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    pub(super) fn put(self, out: &mut Vec<u8>, words: &[u64]) {
        words.iter().for_each(|word| out.extend(self.bytes(*word, self.word())));
    }

    pub(super) fn segment(self, out: &mut Vec<u8>, segment: &ProgramHeader) {
        let ProgramHeader {
            p_type,
            p_flags,
            p_offset,
            p_vaddr,
            p_paddr,
            p_filesz,
            p_memsz,
            p_align,
        } = segment.clone();
        out.extend(self.bytes(p_type.into(), 4));
        if self.wide {
            out.extend(self.bytes(p_flags.into(), 4));
        }
        self.put(out, &[p_offset, p_vaddr, p_paddr, p_filesz, p_memsz]);
        if !self.wide {
            out.extend(self.bytes(p_flags.into(), 4));
        }
        self.put(out, &[p_align]);
    }
}
