//! Processes under the filters of the contract.

use std::ffi::CString;
use std::time::Duration;

use libc::sock_filter;
use rawshm::Name;
use rawshm::snapshot::{Deadline, Reader, Writer};
use rawshm_tests::rungs::{self, Refused};

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::wildcard_imports,
    reason = "generated, for programs that include it"
)]
mod filters {
    use libc::*;
    include!("../../../contract/filters.rs");
}

/// Becomes a program that may make the calls of a role, and nothing else: without one of them, and
/// with others that fail, as `CALL:ERRNO:ARGUMENT:BITS` say.
pub(crate) fn run(role: &str, without: &str, failing: &str, program: &[&str]) -> ! {
    let program = program.iter().map(|one| CString::new(*one).expect("text"));
    let program: Vec<CString> = program.collect();
    let mut arguments: Vec<_> = program.iter().map(|one| one.as_ptr()).collect();
    arguments.push(std::ptr::null());
    for failing in failing.split_whitespace() {
        let numbers = failing.split(':').map(|one| one.parse().expect("a number"));
        fail(&numbers.collect::<Vec<i32>>());
    }
    lock_in(role, without);
    // SAFETY: strings, and a null pointer at the end.
    unsafe { libc::execv(arguments[0], arguments.as_ptr()) };
    // SAFETY: it ends the process, which can do nothing else any more.
    unsafe { libc::_exit(127) }
}

/// Maps a snapshot, locks itself in, and goes on with loads, stores, sleeps and wake-ups.
pub(crate) fn mapped(name: &str, without: &str) -> ! {
    let name = Name::new(name).expect("a name");
    let mut writer = Writer::create(&name, 2, &0_u64).expect("created");
    let mut reader = Reader::<u64>::open(&name).expect("opened");
    rawshm::unlink(&name).expect("its own");
    lock_in("mapped", without);
    let mut status = 0;
    for value in 0..1000 {
        writer.store(&value);
        let soon = Deadline::after(Duration::from_micros(1));
        let done = writer.notify().is_ok()
            && reader.load() == Ok(value)
            && soon.is_ok_and(|soon| {
                reader.next(soon) == Ok(Some(value)) && reader.next(soon) == Ok(None)
            });
        status |= i32::from(!done);
    }
    // For a stop meanwhile.
    let slept = Deadline::after(Duration::from_secs(1)).map(|soon| reader.next(soon));
    status |= i32::from(slept != Ok(Ok(None)));
    drop((writer, reader));
    // SAFETY: it ends the process at once: std would do more.
    unsafe { libc::_exit(status) }
}

const FILTERS: [(&str, &[sock_filter]); 6] = [
    ("creator", filters::CREATOR),
    ("mapped", filters::MAPPED),
    ("publish", filters::PUBLISH),
    ("reader", filters::READER),
    ("watch", filters::WATCH),
    ("writer", filters::WRITER),
];

/// Prints them, a statement a line.
pub(crate) fn print() {
    for (role, filter) in FILTERS {
        println!("{}", role.to_uppercase());
        for sock_filter { code, jt, jf, k } in filter {
            println!("{code:x} {jt:x} {jf:x} {k:x}");
        }
    }
}

/// Allows the calls of a role, but for one.
fn lock_in(role: &str, without: &str) {
    let filter = FILTERS.into_iter().find(|(name, _)| *name == role);
    let mut filter = filter.expect("a role").1.to_vec();
    if let Ok(without) = without.parse::<u32>() {
        // After the four statements that look at the architecture.
        let equal = filter[4].code;
        let call = filter.iter_mut().skip(4);
        let call = call.filter(|one| one.code == equal && one.k == without);
        call.for_each(|one| one.k = u32::MAX);
    }
    rungs::filter(&mut filter);
}

/// Has a call fail, if one of its arguments has one of certain bits.
fn fail(numbers: &[i32]) {
    let (call, errno, with) = match *numbers {
        [call, errno, _, 0] => (call, errno, None),
        [call, errno, argument, bits] => (
            call,
            errno,
            Some((argument.try_into().expect("an index"), bits)),
        ),
        _ => panic!("numbers that are missing"),
    };
    let refused = Refused {
        name: "a call",
        call: call.into(),
        with,
    };
    rungs::refuse(refused, errno);
}
