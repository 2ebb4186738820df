//! Processes under the filters of the contract.

use std::ffi::CString;
use std::time::Duration;

use libc::{c_long, sock_filter};
use rawshm::Name;
use rawshm::snapshot::{Deadline, Reader, Writer};

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
/// with others that fail, as `CALL:ERRNO` or `CALL:ERRNO:ARGUMENT:BITS` say.
pub(crate) fn run(role: &str, without: &str, failing: &str, program: &[&str]) -> ! {
    let program = program.iter().map(|one| CString::new(*one).expect("text"));
    let program: Vec<CString> = program.collect();
    let mut arguments: Vec<_> = program.iter().map(|one| one.as_ptr()).collect();
    arguments.push(std::ptr::null());
    for failing in failing.split_whitespace() {
        let numbers = failing.split(':').map(|one| one.parse().expect("a number"));
        fail(&numbers.collect::<Vec<u32>>());
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
    // Long enough to be stopped in.
    let later = Deadline::after(Duration::from_millis(200));
    status |= i32::from(!later.is_ok_and(|later| reader.next(later) == Ok(None)));
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
    install(&mut filter);
}

/// Has a call fail, if one of its arguments has certain bits.
fn fail(numbers: &[u32]) {
    use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
    let (call, errno, argument, bits) = match *numbers {
        [call, errno] => (call, errno, 0, 0),
        [call, errno, argument, bits] => (call, errno, argument, bits),
        _ => panic!("numbers that are missing"),
    };
    let statement = |code: u32, jt, jf, k| sock_filter {
        code: code.try_into().expect("small"),
        jt,
        jf,
        k,
    };
    let load = |offset: usize| {
        let offset = offset.try_into().expect("small");
        statement(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset)
    };
    let equal = BPF_JMP | BPF_JEQ | BPF_K;
    let low = if cfg!(target_endian = "little") { 0 } else { 4 };
    let argument = usize::try_from(argument).expect("small");
    let argument = std::mem::offset_of!(libc::seccomp_data, args) + 8 * argument + low;
    install(&mut [
        load(std::mem::offset_of!(libc::seccomp_data, nr)),
        statement(equal, 0, 3, call),
        load(argument),
        statement(BPF_ALU | BPF_AND | BPF_K, 0, 0, bits),
        statement(equal, 1, 0, bits),
        statement(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        statement(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | errno),
    ]);
}

fn install(filter: &mut [sock_filter]) {
    const NULL: c_long = 0;
    let program = libc::sock_fprog {
        len: filter.len().try_into().expect("short"),
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: a flag of this process; no pointer is passed.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, NULL, NULL, NULL) };
    assert_eq!(done, 0);
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the filter lives until the call is over, which copies it.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, mode, NULL, &raw const program) };
    assert_eq!(done, 0);
}
