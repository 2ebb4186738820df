//! What the static executables are made of.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::{Path, PathBuf};

use rawshm_tests::{cargo, run, static_program};

/// The largest size of each, in bytes.
const PROGRAMS: [(&str, u64); 3] = [("writer", 4096), ("reader", 4096), ("creator", 10500)];

/// A 64-bit little-endian ELF file, to see how it is loaded and linked.
pub(crate) struct Elf {
    bytes: Vec<u8>,
}

pub(crate) struct Segment {
    pub(crate) kind: u64,
    pub(crate) flags: u64,
}

const PT_LOAD: u64 = 1;
pub(crate) const PT_DYNAMIC: u64 = 2;
pub(crate) const PT_INTERP: u64 = 3;
pub(crate) const PT_GNU_STACK: u64 = 0x6474_e551;
pub(crate) const PF_X: u64 = 1;
pub(crate) const PF_W: u64 = 2;
const SHT_SYMTAB: u64 = 2;

impl Elf {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("an executable");
        assert_eq!(&bytes[..6], b"\x7fELF\x02\x01");
        Self { bytes }
    }

    fn number(&self, at: u64, size: usize) -> u64 {
        let at = usize::try_from(at).expect("small");
        let bytes = self.bytes[at..at + size].iter().rev();
        bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    pub(crate) fn segments(&self) -> Vec<Segment> {
        let (table, count) = (self.number(32, 8), self.number(56, 2));
        let segment = |index| Segment {
            kind: self.number(table + index * 56, 4),
            flags: self.number(table + index * 56 + 4, 4),
        };
        (0..count).map(segment).collect()
    }

    /// The names in the symbol table, and whether each is defined.
    pub(crate) fn symbols(&self) -> Vec<(String, bool)> {
        let (table, count) = (self.number(40, 8), self.number(60, 2));
        let section = |index: u64| table + index * 64;
        let Some(symtab) = (0..count)
            .map(section)
            .find(|header| self.number(header + 4, 4) == SHT_SYMTAB)
        else {
            return Vec::new();
        };
        let strings = self.number(section(self.number(symtab + 40, 4)) + 24, 8);
        let (start, size) = (self.number(symtab + 24, 8), self.number(symtab + 32, 8));
        let symbol = |at| {
            let name = usize::try_from(strings + self.number(at, 4)).expect("small");
            let name = self.bytes[name..].split(|byte| *byte == 0).next();
            let name = String::from_utf8_lossy(name.expect("text")).into_owned();
            (name, self.number(at + 6, 2) != 0)
        };
        // The first symbol is the empty one.
        (start + 24..start + size).step_by(24).map(symbol).collect()
    }
}

#[test]
fn only_the_executable_itself_is_loaded() {
    for (program, _) in PROGRAMS {
        let kinds: Vec<u64> = Elf::read(&static_program(program))
            .segments()
            .iter()
            .map(|segment| segment.kind)
            .collect();
        assert!(kinds.contains(&PT_LOAD));
        assert!(!kinds.contains(&PT_INTERP), "{program} has an interpreter");
        assert!(
            !kinds.contains(&PT_DYNAMIC),
            "{program} has a dynamic section"
        );
    }
}

#[test]
fn no_segment_can_be_written_and_executed_and_the_stack_cannot_be_executed() {
    for (program, _) in PROGRAMS {
        let segments = Elf::read(&static_program(program)).segments();
        for segment in &segments {
            let both = segment.flags & (PF_W | PF_X);
            assert_ne!(both, PF_W | PF_X, "{program}");
        }
        let stack: Vec<_> = segments
            .iter()
            .filter(|one| one.kind == PT_GNU_STACK)
            .collect();
        assert_eq!(stack.len(), 1, "{program} leaves its stack to the kernel");
        assert_eq!(stack[0].flags & PF_X, 0, "{program}");
    }
}

#[test]
fn the_pair_has_at_most_4096_bytes_each_and_the_creator_10500() {
    for (program, limit) in PROGRAMS {
        let size = static_program(program).metadata().expect("a file").len();
        println!("{program}: {size} bytes");
        assert!(size <= limit, "{program} has {size} bytes");
    }
}

/// Builds all programs with their symbols, and returns the folder that they are in.
pub(crate) fn with_symbols() -> PathBuf {
    let folder = static_program("writer").with_file_name("../with-symbols");
    let built = run(cargo()
        .args([
            "static",
            "--quiet",
            "--config",
            "profile.static.strip=false",
            "--target-dir",
        ])
        .arg(&folder));
    assert_eq!(built.status, 0, "{}", built.stderr);
    folder.join("static")
}

#[test]
fn every_symbol_is_defined_and_none_is_a_c_librarys() {
    let folder = with_symbols();
    for (program, _) in PROGRAMS {
        let symbols = Elf::read(&folder.join(program)).symbols();
        assert!(
            symbols.iter().any(|(name, _)| name == "rawshm_start"),
            "{program}"
        );
        for (name, defined) in symbols {
            assert!(defined, "{program}: {name} is undefined");
            for foreign in [
                "shm_open",
                "shm_unlink",
                "__libc",
                "pthread",
                "errno_location",
            ] {
                assert!(!name.contains(foreign), "{program}: {name}");
            }
        }
    }
}
