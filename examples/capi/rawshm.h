/* rawshm.h: POSIX shared memory for C, without librt.
 *
 * Link librawshm_capi.a or librawshm_capi.so, as pkg-config --libs rawshm says, after your own
 * objects and before the C library. The archive needs __errno_location from the C library, and on
 * some architectures memcpy and the like. A program that calls only rawshm_open and rawshm_unlink
 * needs no C library at all if it is linked with --gc-sections. Where the crate makes no system
 * calls of its own (s390x, powerpc64, loongarch64, macOS), it calls the C library's functions, and
 * all four functions may change errno.
 *
 * <sys/mman.h> declares shm_open and shm_unlink too, in the same way. On macOS these two are
 * libSystem's own, which need no library either, and the archive has only the other two. What this
 * file says about the first two does not hold there.
 *
 * All four may be called by any number of threads at the same time, from signal handlers, and
 * between fork and exec: they keep no state and take no lock. They are not cancellation points.
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

/* Opens a shared memory object, or creates one, and returns its descriptor: the lowest free number,
 * with FD_CLOEXEC set. On failure returns -1 and sets errno. On success errno is unchanged.
 *
 * NAME is any number of slashes and then 1 to 255 bytes without a slash, except "." and "..": "/x",
 * "x" and "///x" are one object. On Linux it is the file /dev/shm/x, the same object as any C
 * library's and as the Rust crate's.
 *
 * OFLAG is O_RDONLY or O_RDWR, and any of
 *     O_CREAT  creates the object if there is none, with 0 bytes, owned by the effective user and
 *              group, with the mode MODE less the umask.
 *     O_EXCL   with O_CREAT, fails if the name is taken. Of any number of callers one creates.
 *     O_TRUNC  with O_RDWR, sets the object's size to 0. Touching a page that was mapped before is
 *              then a SIGBUS.
 * MODE matters only with O_CREAT, but must always be passed.
 *
 * Makes one openat and one fstat. Errors:
 *     EACCES        the object's mode, or the directory's, does not permit it; or the object is
 *                   another user's in a sticky directory, O_CREAT is given without O_EXCL, and the
 *                   sysctl fs.protected_regular is set, as with any C library
 *     EEXIST        O_CREAT and O_EXCL, and the name is taken, also if by a symbolic link
 *     EFAULT        NAME is null
 *     EINVAL        NAME is not a valid name, or it is a directory, a FIFO, a socket or a device
 *                   (EACCES for a device if /dev/shm is mounted nodev, as usual)
 *     ELOOP         NAME is a symbolic link; EACCES with O_CREAT if it is another user's in a
 *                   sticky directory
 *     EMFILE        the process has no descriptor left
 *     ENAMETOOLONG  NAME has more than 255 bytes after its leading slashes
 *     ENFILE        the system has no descriptor left
 *     ENOENT        there is no such object, and no O_CREAT; or there is no /dev/shm
 *     ENOSPC        no inode is left for a new object
 *     EROFS         /dev/shm is mounted read-only, and O_CREAT, O_RDWR or O_TRUNC would change it
 * and any other error of openat, such as ETXTBSY. A failure leaves no descriptor open. If a system
 * call filter refuses the fstat, an object that O_CREAT has created remains. Lack of memory shows
 * later: at the first store, as SIGBUS, unless posix_fallocate has reserved it.
 *
 * Differences
 *     from POSIX: none in what POSIX requires. EINTR is never returned: the call is repeated.
 *     from glibc: O_NONBLOCK is set on the descriptor too, which has no effect on an object. A
 *         FIFO, socket or device is EINVAL; glibc opens it or waits for its other end. "." and ".."
 *         are EINVAL with O_RDONLY too. Names of more than 255 bytes are ENAMETOOLONG; glibc before
 *         2.38 may return EINVAL.
 *     from musl: a directory, FIFO, socket or device is EINVAL; musl returns EISDIR or ENXIO, or
 *         opens it.
 *     from both: a null NAME is EFAULT, and not a crash. It makes one more system call, to see what
 *         was opened.
 * What POSIX leaves undefined is passed to the kernel unchanged, as with both. O_TRUNC with
 * O_RDONLY truncates on Linux if the mode permits writing. O_EXCL without O_CREAT has no effect.
 * O_WRONLY opens, but such a descriptor cannot be mapped (EACCES). Other flags, such as O_SYNC, and
 * bits of MODE other than the nine permission bits have the meaning that they have for open. */
#ifndef __APPLE__
int shm_open(const char *name, int oflag, mode_t mode);
#endif

/* Removes the name of a shared memory object, and returns 0. The object itself is freed when its
 * last mapping and descriptor are gone. On failure returns -1, sets errno, and has removed nothing.
 * On success errno is unchanged.
 *
 * Makes one unlinkat. Errors:
 *     EACCES        not permitted: the directory is not writable, or is sticky and the object is
 *                   another user's
 *     EFAULT        NAME is null
 *     EINVAL        NAME is not a valid name, see shm_open
 *     EISDIR        NAME is a directory
 *     ENAMETOOLONG  NAME has more than 255 bytes after its leading slashes
 *     ENOENT        there is no such object, or no /dev/shm
 *     EROFS         /dev/shm is mounted read-only
 *
 * Differences
 *     from POSIX: none.
 *     from glibc: an invalid name is EINVAL; glibc returns ENOENT.
 *     from musl: not permitted is EACCES, as in POSIX; musl returns EPERM in a sticky directory.
 * A symbolic link, FIFO, socket or device of this name is removed, as with both. */
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
