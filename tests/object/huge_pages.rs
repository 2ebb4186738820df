//! Objects of huge pages: memfds with `MFD_HUGETLB`, hugetlbfs, and a tmpfs with `huge=`.

#![cfg(target_os = "linux")]

use rawshm::fd::{FromRawFd as _, OwnedFd};
use rawshm::{Errno, Object, Operation, ReadWrite, Size};
use rawshm_tests::assert_failed;

/// On every architecture that the tests run on, in bytes.
const HUGE: u64 = 2 << 20;

/// An object of this many huge pages. It has no memory yet.
fn huge_memfd(pages: u64) -> Object<ReadWrite> {
    // SAFETY: a valid C string.
    let fd = unsafe { libc::memfd_create(c"rawshm-huge".as_ptr(), libc::MFD_HUGETLB) };
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: just created, and nothing else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let object = Object::from_fd(fd).expect("adopted");
    object.resize(Size::Sparse(pages * HUGE)).expect("sized");
    object
}

#[test]
fn a_size_that_is_not_of_huge_pages_is_refused_and_changes_nothing() {
    let object = huge_memfd(1);
    assert_failed(
        object.resize(Size::Sparse(4096)),
        Operation::Resize,
        Errno::INVAL,
    );
    assert_eq!(object.size(), Ok(HUGE));
}

mod needs_root {
    use std::ffi::CString;
    use std::fs::read_to_string;
    use std::process::Command;

    use rawshm::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};
    use rawshm::snapshot::{Deadline, Reader, Writer};
    use rawshm::{
        Advice, Directory, Errno, Extent, Mapping, Name, Object, Operation, Options, ReadWrite,
        Size,
    };
    use rawshm_tests::{Folder, HugePages, assert_failed, is_alone_through, run, static_program};

    use super::{HUGE, huge_memfd};

    fn part(offset: u64, len: usize) -> Extent {
        Extent::Part { offset, len }
    }

    /// How many mappings of huge memfds this process has.
    fn mapped() -> usize {
        let maps = read_to_string("/proc/self/maps").expect("this process's");
        maps.matches("rawshm-huge").count()
    }

    #[test]
    #[ignore = "needs root"]
    fn a_mapping_of_any_part_works_and_nothing_of_it_stays() {
        let _pages = HugePages::new();
        let object = huge_memfd(2);
        for (offset, len) in [(0, 24), (65_536, 8), (HUGE - 8, 16), (HUGE, 4096), (3, 1)] {
            let mapping = object.map(part(offset, len)).expect("mapped");
            assert_eq!(mapping.len(), len);
            mapping.fill(0, len, 7_u8).expect("within");
            mapping.prefault().expect("huge pages");
            mapping.lock().expect("locked");
            mapping.unlock().expect("unlocked");
            mapping.advise(Advice::DontDump).expect("advised");
            assert_eq!(mapped(), 1);
            let mapping = mapping.into_read_only().expect("read-only");
            assert_eq!(mapping.load::<u8>(len - 1).expect("within"), 7);
            let again = object.map(Extent::Whole).expect("mapped");
            let offset = usize::try_from(offset).expect("small");
            assert_eq!(again.load::<u8>(offset).expect("within"), 7);
            drop((mapping, again));
            assert_eq!(mapped(), 0, "{len} bytes from {offset} on");
        }
        let too_much = object.map(part(2 * HUGE - 1, 2));
        assert_failed(too_much, Operation::Map, Errno::NXIO);
    }

    #[test]
    #[ignore = "needs root"]
    fn a_claim_ends_with_the_last_mapping() {
        let _pages = HugePages::new();
        let object = huge_memfd(1);
        object.claim().expect("claimed");
        let mapping = object.map(Extent::first(8)).expect("mapped");
        let fd = object.as_fd().as_raw_fd();
        let again = CString::new(format!("/proc/self/fd/{fd}")).expect("no NUL");
        // SAFETY: a valid C string.
        let again = unsafe { libc::open(again.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
        // SAFETY: just opened, and nothing else owns it.
        let again = unsafe { OwnedFd::from_raw_fd(again) };
        let again = Object::<ReadWrite>::from_fd(again).expect("adopted");
        drop(object);
        assert_eq!(again.writer_alive(), Ok(true));
        drop(mapping);
        assert_eq!(again.writer_alive(), Ok(false));
    }

    #[test]
    #[ignore = "needs root"]
    fn objects_of_a_hugetlbfs_work_if_their_size_is_of_huge_pages() {
        in_a_folder_of(
            "hugetlbfs",
            "pagesize=2M",
            objects_of_a_hugetlbfs_work_if_their_size_is_of_huge_pages,
            |folder| {
                let _pages = HugePages::new();
                let path = CString::new(folder).expect("no NUL");
                let directory = Directory::open(&path).expect("opened");
                assert_eq!(directory.is_memory(), Ok(true));
                let options = Options::new().directory(&directory);
                let name = Name::new("/x").expect("valid");
                for size in [Size::Sparse(4096), Size::Reserved(HUGE + 1)] {
                    assert_failed(options.create(&name, size), Operation::Resize, Errno::INVAL);
                    assert_failed(options.open(&name), Operation::Open, Errno::NOENT);
                }
                let refused =
                    Writer::create_with(&options, &name, 2, &0_u64).expect_err("too small");
                assert_eq!(rawshm::Error::from(refused).errno(), Errno::INVAL);
                for size in [Size::Sparse(HUGE), Size::Reserved(2 * HUGE)] {
                    let writer = options.create_mapping(&name, size).expect("created");
                    writer.store(100, &8021_u64).expect("within");
                    let reader = options.open_mapping(&name, part(100, 8)).expect("opened");
                    assert_eq!(reader.load::<u64>(0).expect("within"), 8021);
                    drop((writer, reader));
                    let store = |mapping: &Mapping<_>| mapping.store(0, &1_u64);
                    drop(options.replace(&name, size, store).expect("replaced"));
                    directory.unlink(&name).expect("unlinked");
                    drop(
                        options
                            .create_complete(&name, size, store)
                            .expect("created"),
                    );
                    directory.unlink(&name).expect("unlinked");
                }
                let maps = read_to_string("/proc/self/maps").expect("this process's");
                assert!(!maps.contains(folder), "{maps}");
                let files = std::fs::read_dir(folder).expect("a folder").count();
                assert_eq!(files, 0);
            },
        );
    }

    #[test]
    #[ignore = "needs root"]
    fn the_programs_work_on_a_hugetlbfs() {
        let _pages = HugePages::new();
        let (writer, reader) = (static_program("writer"), static_program("reader"));
        let script = format!(
            "mount -t hugetlbfs none /dev/shm && {0} -s 4194304 && {1} -u && {0} -s 4096",
            writer.display(),
            reader.display()
        );
        let ended = run(Command::new("unshare").args(["-m", "sh", "-c", &script]));
        assert_eq!(ended.stdout, "&{100 876 8021}\n");
        let refused = "writer: cannot resize /my_shm: invalid argument (EINVAL)\n";
        assert_eq!((ended.stderr.as_str(), ended.status), (refused, 1));
    }

    #[test]
    #[ignore = "needs root"]
    fn a_tmpfs_with_huge_pages_is_as_any_other() {
        in_a_folder_of(
            "tmpfs",
            "huge=always",
            a_tmpfs_with_huge_pages_is_as_any_other,
            |folder| {
                let path = CString::new(folder).expect("no NUL");
                let directory = Directory::open(&path).expect("opened");
                let options = Options::new().directory(&directory);
                let name = Name::new("/x").expect("valid");
                let object = options
                    .create(&name, Size::Sparse(100_000))
                    .expect("created");
                for (offset, len) in [(0, 24), (65_536, 8), (99_999, 1), (0, 100_000)] {
                    let mapping = object.map(part(offset, len)).expect("mapped");
                    assert_eq!(mapping.len(), len);
                    mapping.prefault().expect("memory");
                    mapping.lock().expect("locked");
                    mapping.unlock().expect("unlocked");
                    mapping.advise(Advice::HugePages).expect("advised");
                    let mapping = mapping.into_read_only().expect("read-only");
                    assert_eq!(mapping.load::<u8>(len - 1).expect("within"), 0);
                }
                let mut writer =
                    Writer::create_with(&options, &Name::new("s").expect("valid"), 2, &1_u64)
                        .expect("created");
                let mut reader =
                    Reader::open_with(&options, &Name::new("s").expect("valid")).expect("opened");
                writer.store(&2);
                assert_eq!(reader.next(Deadline::NEVER), Ok(Some(2_u64)));
                drop((writer, reader));
                let maps = read_to_string("/proc/self/maps").expect("this process's");
                assert!(!maps.contains(folder), "{maps}");
            },
        );
    }

    /// Runs the rest of a test alone, in a folder that is a file system of this kind.
    fn in_a_folder_of(kind: &str, options: &str, test: impl Fn(), rest: impl FnOnce(&str)) {
        const FOLDER: &str = "RAWSHM_TEST_FOLDER";
        let folder = Folder::new();
        let there = folder.display();
        let alone = is_alone_through(test, |script| {
            let script = format!("mount -t {kind} -o {options} none {there} && {script}");
            run(Command::new("unshare")
                .env(FOLDER, &*folder)
                .args(["-m", "sh", "-c", &script]))
        });
        if alone {
            rest(&std::env::var(FOLDER).expect("set above"));
        }
    }
}
