//! Objects on a tmpfs with `huge=`. Those of hugetlbfs, which needs pages that the machine sets
//! aside, are tested on other kernels: `tests/guest/src/huge_pages.rs`.

#![cfg(target_os = "linux")]

mod needs_root {
    use std::ffi::CString;
    use std::fs::read_to_string;
    use std::process::Command;

    use rawshm::snapshot::{Deadline, Reader, Writer};
    use rawshm::{Advice, Directory, Extent, Name, Options, Size};
    use rawshm_tests::{Folder, is_alone_through, run};

    #[test]
    #[ignore = "needs root"]
    fn a_tmpfs_with_huge_pages_is_as_any_other() {
        const FOLDER: &str = "RAWSHM_TEST_FOLDER";
        let folder = Folder::new();
        let there = folder.display();
        let alone = is_alone_through(a_tmpfs_with_huge_pages_is_as_any_other, |script| {
            let script = format!("mount -t tmpfs -o huge=always none {there} && {script}");
            run(Command::new("unshare")
                .env(FOLDER, &*folder)
                .args(["-m", "sh", "-c", &script]))
        });
        if !alone {
            return;
        }
        let folder = std::env::var(FOLDER).expect("set above");
        let path = CString::new(folder.as_str()).expect("no NUL");
        let directory = Directory::open(&path).expect("opened");
        let options = Options::new().directory(&directory);
        let name = Name::new("/x").expect("valid");
        let object = options
            .create(&name, Size::Sparse(100_000))
            .expect("created");
        for (offset, len) in [(0, 24), (65_536, 8), (99_999, 1), (0, 100_000)] {
            let mapping = object.map(Extent::Part { offset, len }).expect("mapped");
            assert_eq!(mapping.len(), len);
            mapping.prefault().expect("memory");
            mapping.lock().expect("locked");
            mapping.unlock().expect("unlocked");
            mapping.advise(Advice::HugePages).expect("advised");
            let mapping = mapping.into_read_only().expect("read-only");
            assert_eq!(mapping.load::<u8>(len - 1).expect("within"), 0);
        }
        let snapshot = Name::new("s").expect("valid");
        let mut writer = Writer::create_with(&options, &snapshot, 2, &1_u64).expect("created");
        let mut reader = Reader::open_with(&options, &snapshot).expect("opened");
        writer.store(&2);
        assert_eq!(reader.next(Deadline::NEVER), Ok(Some(2_u64)));
        drop((writer, reader));
        let maps = read_to_string("/proc/self/maps").expect("this process's");
        assert!(!maps.contains(&folder), "{maps}");
    }
}
