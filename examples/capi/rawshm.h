/* rawshm.h: POSIX shared memory for C, without librt.
 *
 * Link librawshm_capi.a (or librawshm_capi.so) behind your own objects and in front of the C library. The archive asks it for __errno_location,
 * and on some architectures for memcpy and its kin. A program that calls no more than rawshm_open and rawshm_unlink
 * needs no C library at all, if it is linked with --gc-sections. Where the crate has no system calls of its own
 * (s390x, powerpc64, loongarch64, macOS) it makes them through the C library, and all four may then leave errno
 * changed.
 *
 * shm_open and shm_unlink are declared by <sys/mman.h>, too; these are the same declarations. On macOS they are
 * libSystem's own, which needs no library either, and the archive has the other pair alone: what stands here about the
 * first pair is then Apple's to keep.
 *
 * All four may be called by any number of threads at once, from signal handlers and between fork and exec: they keep no
 * state and take no lock. They are no cancellation points.
 */
#ifndef RAWSHM_H
#define RAWSHM_H

#include <sys/types.h>
#ifdef __APPLE__
#include <sys/mman.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Opens a shared memory object, or creates one, and returns its descriptor: the lowest that is free, with FD_CLOEXEC
 * set. On failure returns -1 and sets errno. On success errno is as it was.
 *
 * NAME is 1 to 255 bytes without a slash, not "." or "..", behind any number of leading slashes: "/x", "x" and
 * "///x" are one object. It is the file /dev/shm/x on Linux, the same object as any C library's and as the Rust
 * crate's.
 *
 * OFLAG is O_RDONLY or O_RDWR, and any of
 *     O_CREAT  creates the object if there is none: of 0 bytes, owned by the effective user and group, its mode MODE
 *              less the umask.
 *     O_EXCL   with O_CREAT, fails if the name is taken. Of any number of callers one creates.
 *     O_TRUNC  with O_RDWR, makes the object 0 bytes large. Who touches a page mapped before then gets SIGBUS.
 * MODE matters only with O_CREAT, and is to be given always.
 *
 * One openat and one fstat. Errors:
 *     EACCES        the object's mode, or the directory's, does not permit it; the object in a sticky directory is
 *                   another user's, O_CREAT is given without O_EXCL, and the sysctl fs.protected_regular is set, as
 *                   with any C library
 *     EEXIST        O_CREAT and O_EXCL, and the name is taken, be it by a symbolic link
 *     EFAULT        NAME is null
 *     EINVAL        NAME is not a name, or one of a directory, a FIFO, a socket or a device (EACCES for a device where
 *                   /dev/shm is mounted nodev, as usual)
 *     ELOOP         the name is a symbolic link; EACCES with O_CREAT if it is another user's in a sticky directory
 *     EMFILE        the process has no descriptor left
 *     ENAMETOOLONG  NAME has more than 255 bytes, leading slashes not counted
 *     ENFILE        the system has no descriptor left
 *     ENOENT        no such object, and no O_CREAT; or there is no /dev/shm
 *     ENOSPC        no inode is left for a new object
 *     EROFS         /dev/shm is mounted read-only, and O_CREAT, O_RDWR or O_TRUNC would change it
 * and whatever else openat answers, such as ETXTBSY. A failure leaves no descriptor open; where a filter of system calls
 * refuses the fstat, an object that O_CREAT has made stays. Lack of memory shows later: at the first store, by SIGBUS, unless
 * posix_fallocate has been called.
 *
 * Where it differs
 *     from POSIX: nothing in what POSIX requires. EINTR is never returned: the call is made again.
 *     from glibc: O_NONBLOCK is set on the descriptor too, which changes nothing for an object. A FIFO, socket or
 *         device under the name is EINVAL, where glibc opens it or waits for its other end. "." and ".." are EINVAL with
 *         O_RDONLY, too. Names of more than 255 bytes are ENAMETOOLONG, where glibc before 2.38 may say EINVAL.
 *     from musl: a directory, FIFO, socket or device is EINVAL, where musl reports EISDIR or ENXIO, or opens it.
 *     from both: a null NAME is EFAULT, and no crash. One system call more, to see what was opened.
 * What POSIX leaves undefined goes to the kernel as it is, as with both: O_TRUNC with O_RDONLY truncates on Linux if
 * the mode permits writing; O_EXCL without O_CREAT has no effect; O_WRONLY opens, and such a descriptor cannot be
 * mapped (EACCES); other flags, such as O_SYNC, and bits of MODE besides the nine of permissions, mean what they
 * mean to open. */
#ifndef __APPLE__
int shm_open(const char *name, int oflag, mode_t mode);
#endif

/* Removes the name of a shared memory object, and returns 0. The object itself goes when its last mapping and
 * descriptor are gone. On failure returns -1, sets errno, and has removed nothing. On success errno is as it was.
 *
 * One unlinkat. Errors:
 *     EACCES        not permitted: the directory may not be written, or is sticky and the object another user's
 *     EFAULT        NAME is null
 *     EINVAL        NAME is not a name, see shm_open
 *     EISDIR        the name is a directory's
 *     ENAMETOOLONG  NAME has more than 255 bytes, leading slashes not counted
 *     ENOENT        no such object, or no /dev/shm
 *     EROFS         /dev/shm is mounted read-only
 *
 * Where it differs
 *     from POSIX: nothing.
 *     from glibc: what is not a name is EINVAL, where glibc says ENOENT.
 *     from musl: not permitted is EACCES as POSIX has it, where musl says EPERM in a sticky directory.
 * A symbolic link, FIFO, socket or device under the name is removed, as by both. */
#ifndef __APPLE__
int shm_unlink(const char *name);
#endif

/* As shm_open, but returns the negative errno, such as -ENOENT, and does not touch errno. */
int rawshm_open(const char *name, int oflag, mode_t mode);

/* As shm_unlink, but returns the negative errno, such as -ENOENT, and does not touch errno. */
int rawshm_unlink(const char *name);

#ifdef __cplusplus
}
#endif

#endif
