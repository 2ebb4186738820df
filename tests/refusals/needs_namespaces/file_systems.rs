//! File systems that lack a call.

use std::process::Command;

use rawshm::snapshot::{Reader, Writer};
use rawshm::{Errno, Extent, Mapping, Object, Operation, Size, snapshot};
use rawshm_tests::{Ended, UniqueName, assert_failed, is_alone_through, run};

/// Runs a script where `/dev/shm` is a file system of this kind.
fn on(kind: &str, script: &str) -> Ended {
    let script = format!("mount -t {kind} none /dev/shm && {script}");
    run(Command::new("unshare").args(["-mr", "sh", "-c", &script]))
}

#[test]
#[ignore = "needs namespaces"]
fn a_snapshot_on_ramfs_is_sized_and_works() {
    let through = |script: &str| on("ramfs", script);
    if !is_alone_through(a_snapshot_on_ramfs_is_sized_and_works, through) {
        return;
    }
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u64).expect("created");
    let reader = Reader::<u64>::open(&name).expect("opened");
    writer.store(&2);
    assert_eq!(reader.load(), Ok(2));
    drop(writer);
    let writer = Writer::replace(&name, 4, &3_u64).expect("replaced");
    assert!(reader.is_retired());
    assert_eq!(Reader::<u64>::open(&name).expect("opened").load(), Ok(3));
    drop(writer);
    assert_eq!(snapshot::reap(&name), Ok(true));
    // Only a snapshot does without memory that was asked for.
    assert_failed(
        Object::create(&name, Size::Reserved(4096)),
        Operation::Reserve,
        Errno::OPNOTSUPP,
    );
    assert!(!name.path().exists());
    let mapping = Mapping::create(&name, Size::Sparse(4096)).expect("created");
    mapping.store(0, &1_u64).expect("within");
    assert!(Mapping::open(&name, Extent::Whole).is_ok());
}
