//! The static executables.

use core::cell::RefCell;
use core::ffi::CStr;
use core::ptr::null;

use rawshm::snapshot::Writer;
use rawshm::{Extent, Mode, Options, Size};
use rawshm_boot::become_program;
use rawshm_static::message::Message;
use rustix::fs::{MemfdFlags, memfd_create, rename};
use rustix::stdio::{dup2_stderr, dup2_stdout};

use crate::names::sleeping;
use crate::snapshots::{fall_asleep, linked};
use crate::tracer::{Beside, program};
use crate::{ELSEWHERE, NAME, PATH};

/// A size that every machine can map.
const SMALL: &[&CStr] = &[c"-s", c"4096"];

/// The text `7`.
pub const VALUE: Message = {
    let mut message = [0; 256];
    message[0] = 1;
    message[1] = b'7';
    message
};

pub fn all() {
    writer_and_reader();
    creator();
    publish();
    watch();
}

/// Becomes a program that is given the name and these arguments, and prints where nobody looks.
pub fn start(path: &CStr, arguments: &[&CStr]) -> ! {
    let nowhere = memfd_create(c"output", MemfdFlags::CLOEXEC).expect("a file");
    dup2_stdout(&nowhere).expect("a descriptor");
    dup2_stderr(&nowhere).expect("a descriptor");
    let mut list = [null(); 12];
    let first = [path, c"-n", c"/guest"];
    for (place, argument) in list.iter_mut().zip(first.iter().chain(arguments)) {
        *place = argument.as_ptr();
    }
    // SAFETY: C strings, and nulls after them.
    unsafe { become_program(&list) }
}

fn object(size: u64) {
    let options = Options::new().mode(Mode::Exact(0o644));
    let object = options.create(NAME, Size::Sparse(size)).expect("created");
    if let Ok(mapping) = object.map(Extent::first(24)) {
        mapping.store(0, &[1_i64, 2, 3]).expect("within");
    }
}

fn snapshot() -> Writer<Message> {
    Writer::create(NAME, 4, &VALUE).expect("created")
}

fn writer_and_reader() {
    program("writer/stored", 0, None, || start(c"writer", SMALL));
    program("reader/printed", 0, None, || {
        object(4096);
        start(c"reader", &[]);
    });
    program("reader/printed-with-sizes-and-unlinked", 0, None, || {
        object(4096);
        start(c"reader", &[c"-v", c"-u"]);
    });
    program("reader/missing", 1, None, || start(c"reader", &[]));
    program("reader/too-small", 1, None, || {
        object(0);
        start(c"reader", &[]);
    });
}

fn creator() {
    program("creator/created", 0, None, || start(c"creator", SMALL));
    program("creator/taken", 1, None, || {
        object(4096);
        start(c"creator", SMALL);
    });
    program("creator/replaced", 0, None, || {
        object(4096);
        start(c"creator", &[c"-r", c"-s", c"4096"]);
    });
}

fn publish() {
    program("publish/numbers", 0, None, || {
        start(c"publish", &[c"-r", c"1000000", c"-c", c"3"]);
    });
    let takes_over = "publish/numbers-of-a-snapshot-that-it-takes-over-and-removes";
    program(takes_over, 0, None, || {
        drop(snapshot());
        start(c"publish", &[c"-r", c"1000000", c"-c", c"2", c"-u"]);
    });
    program("publish/in-place-of-a-retired-one", 0, None, || {
        snapshot().retire();
        start(c"publish", &[c"-r", c"1000000", c"-c", c"1"]);
    });
    let _writer = snapshot();
    program("publish/writer-alive", 1, None, || {
        start(c"publish", &[c"-r", c"1000000", c"-c", c"1"]);
    });
}

fn watch() {
    for (outcome, arguments) in [
        ("watch/values", &[c"-c", c"4"][..]),
        (
            "watch/values-before-a-deadline",
            &[c"-c", c"2", c"-t", c"1000"],
        ),
    ] {
        let writer = RefCell::new(snapshot());
        let store = &mut |_| {
            let mut writer = writer.borrow_mut();
            fall_asleep();
            writer.store(&VALUE);
            let _ = writer.notify();
        };
        let beside = Some(Beside {
            calls: sleeping::FOR_A_VALUE,
            act: store,
        });
        program(outcome, 0, beside, || start(c"watch", arguments));
    }
    drop(snapshot());
    rename(PATH, ELSEWHERE).expect("another name");
    let appear = &mut |_| linked();
    let beside = Some(Beside {
        calls: sleeping::FOR_A_NAME,
        act: appear,
    });
    program("watch/appears", 0, beside, || {
        start(c"watch", &[c"-c", c"1"]);
    });
}
