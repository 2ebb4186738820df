//! Which errnos each call is made to fail with.

/// What a kernel, a file system or a filter may answer to any call.
pub const ANY: &[i32] = &[
    libc::EINTR,
    libc::EAGAIN,
    libc::ENOMEM,
    libc::ENOSPC,
    libc::EDQUOT,
    libc::EMFILE,
    libc::ENFILE,
    libc::EACCES,
    libc::EPERM,
    libc::EROFS,
    libc::EIO,
    libc::EINVAL,
    libc::ENOSYS,
    libc::EEXIST,
    libc::ENOENT,
    libc::EBUSY,
    libc::EOVERFLOW,
    libc::EFBIG,
    libc::EOPNOTSUPP,
    libc::ENOLCK,
];

/// The others that the manual page of a call has.
const OF_A_PATH: &[i32] = &[
    libc::EBADF,
    libc::EFAULT,
    libc::ELOOP,
    libc::ENAMETOOLONG,
    libc::ENOTDIR,
];
const OF_AN_OPEN: &[i32] = &[libc::EISDIR, libc::ENODEV, libc::ENXIO, libc::ETXTBSY];
const OF_A_NAME: &[i32] = &[libc::EISDIR, libc::EMLINK, libc::EXDEV];

fn others(call: &str) -> [&'static [i32]; 2] {
    match call {
        "openat" => [OF_A_PATH, OF_AN_OPEN],
        "faccessat" | "inotify_add_watch" | "newfstatat" | "statfs" => [OF_A_PATH, &[]],
        "linkat" | "renameat" | "renameat2" | "unlinkat" => [OF_A_PATH, OF_A_NAME],
        "fallocate" | "ftruncate" => [
            &[libc::EBADF, libc::EISDIR, libc::ENODEV, libc::ESPIPE],
            &[libc::ETXTBSY],
        ],
        "fcntl" | "fcntl, of a lock" | "fcntl, to claim" | "fcntl, to find a lock" => {
            [&[libc::EBADF, libc::EDEADLK, libc::EFAULT], &[]]
        }
        "futex" | "futex, to wake" => [&[libc::EDEADLK, libc::EFAULT, libc::ETIMEDOUT], &[]],
        "madvise" | "madvise, to prefault" => [&[libc::EBADF, libc::EFAULT, libc::EHWPOISON], &[]],
        "mmap" => [&[libc::EBADF, libc::ENODEV, libc::ETXTBSY], &[]],
        "pread64" | "pwrite64" | "read" | "write" => [
            &[libc::EBADF, libc::EDESTADDRREQ, libc::EFAULT, libc::EISDIR],
            &[libc::ENXIO, libc::EPIPE, libc::ESPIPE],
        ],
        "clock_gettime" | "memfd_create" | "nanosleep" | "ppoll" | "rt_sigaction" => {
            [&[libc::EFAULT], &[]]
        }
        "close" | "fchmod" | "flock" | "fstat" | "fstatfs" => [&[libc::EBADF], &[]],
        _ => [&[], &[]],
    }
}

/// All errnos of a call.
pub fn of(call: &str) -> Vec<i32> {
    let [some, more] = others(call);
    [ANY, some, more].concat()
}

/// What `close` returns although it has released the descriptor.
pub const OF_CLOSE: &[i32] = &[libc::EINTR, libc::EIO, libc::ENOSPC, libc::EDQUOT];

/// What is made again until no signal interrupts it, so that no caller sees `EINTR`.
pub const REPEATED: &[&str] = &[
    "fallocate",
    "fchmod",
    "fcntl, of a lock",
    "fcntl, to claim",
    "fcntl, to find a lock",
    "flock",
    "fstatfs",
    "ftruncate",
    "futex",
    "linkat",
    "madvise, to prefault",
    "nanosleep",
    "newfstatat",
    "openat",
    "ppoll",
    "pread64",
    "pwrite64",
    "read",
    "renameat",
    "renameat2",
    "statfs",
    "unlinkat",
    "write",
];

pub fn name(errno: i32) -> String {
    let name = rawshm::errno::name(rawshm::Errno::from_raw_os_error(errno));
    name.map_or_else(|| errno.to_string(), str::to_owned)
}
