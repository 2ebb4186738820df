/* Filters of system calls for seccomp. Generated from syscalls.json.
 *
 *     static struct sock_filter filter[] = RAWSHM_FILTER_READER;
 *
 * Each allows the calls of the program of that name. RAWSHM_FILTER_MAPPED is for a process that
 * has mapped a snapshot, and from then on loads or stores, sleeps or wakes, and ends. Anything
 * else, and memory that is executable, kills the process: also what the C library writes at its
 * end, or takes from the system for malloc. Add such calls in front of the last statement, with
 * RAWSHM_ALWAYS. */
#ifndef RAWSHM_FILTERS_H
#define RAWSHM_FILTERS_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define RAWSHM_ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error rawshm has no filters for this architecture
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define RAWSHM_LOW 4
#else
#define RAWSHM_LOW 0
#endif

#define RAWSHM_BEGIN \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)), \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RAWSHM_ARCHITECTURE, 1, 0), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),

#define RAWSHM_ALWAYS(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),

#define RAWSHM_WITHOUT_EXEC(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4), \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]) + RAWSHM_LOW), \
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),

#if defined(__NR_clock_gettime)
#define RAWSHM_ALLOW_clock_gettime RAWSHM_ALWAYS(__NR_clock_gettime)
#else
#define RAWSHM_ALLOW_clock_gettime
#endif
#if defined(__NR_clock_gettime64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_clock_gettime64_ON_32_bit RAWSHM_ALWAYS(__NR_clock_gettime64)
#else
#define RAWSHM_ALLOW_clock_gettime64_ON_32_bit
#endif
#if defined(__NR_clock_nanosleep_time64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_clock_nanosleep_time64_ON_32_bit RAWSHM_ALWAYS(__NR_clock_nanosleep_time64)
#else
#define RAWSHM_ALLOW_clock_nanosleep_time64_ON_32_bit
#endif
#if defined(__NR_close)
#define RAWSHM_ALLOW_close RAWSHM_ALWAYS(__NR_close)
#else
#define RAWSHM_ALLOW_close
#endif
#if defined(__NR_execve)
#define RAWSHM_ALLOW_execve RAWSHM_ALWAYS(__NR_execve)
#else
#define RAWSHM_ALLOW_execve
#endif
#if defined(__NR_exit_group)
#define RAWSHM_ALLOW_exit_group RAWSHM_ALWAYS(__NR_exit_group)
#else
#define RAWSHM_ALLOW_exit_group
#endif
#if defined(__NR_faccessat)
#define RAWSHM_ALLOW_faccessat RAWSHM_ALWAYS(__NR_faccessat)
#else
#define RAWSHM_ALLOW_faccessat
#endif
#if defined(__NR_fallocate)
#define RAWSHM_ALLOW_fallocate RAWSHM_ALWAYS(__NR_fallocate)
#else
#define RAWSHM_ALLOW_fallocate
#endif
#if defined(__NR_fcntl) && !(__SIZEOF_POINTER__ == 4)
#define RAWSHM_ALLOW_fcntl RAWSHM_ALWAYS(__NR_fcntl)
#else
#define RAWSHM_ALLOW_fcntl
#endif
#if defined(__NR_fcntl64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_fcntl64_ON_32_bit RAWSHM_ALWAYS(__NR_fcntl64)
#else
#define RAWSHM_ALLOW_fcntl64_ON_32_bit
#endif
#if defined(__NR_flock)
#define RAWSHM_ALLOW_flock RAWSHM_ALWAYS(__NR_flock)
#else
#define RAWSHM_ALLOW_flock
#endif
#if defined(__NR_fstat) && !(__SIZEOF_POINTER__ == 4)
#define RAWSHM_ALLOW_fstat RAWSHM_ALWAYS(__NR_fstat)
#else
#define RAWSHM_ALLOW_fstat
#endif
#if defined(__NR_fstat64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_fstat64_ON_32_bit RAWSHM_ALWAYS(__NR_fstat64)
#else
#define RAWSHM_ALLOW_fstat64_ON_32_bit
#endif
#if defined(__NR_fstatat64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_fstatat64_ON_32_bit RAWSHM_ALWAYS(__NR_fstatat64)
#else
#define RAWSHM_ALLOW_fstatat64_ON_32_bit
#endif
#if defined(__NR_ftruncate) && !(__SIZEOF_POINTER__ == 4)
#define RAWSHM_ALLOW_ftruncate RAWSHM_ALWAYS(__NR_ftruncate)
#else
#define RAWSHM_ALLOW_ftruncate
#endif
#if defined(__NR_ftruncate64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_ftruncate64_ON_32_bit RAWSHM_ALWAYS(__NR_ftruncate64)
#else
#define RAWSHM_ALLOW_ftruncate64_ON_32_bit
#endif
#if defined(__NR_futex)
#define RAWSHM_ALLOW_futex RAWSHM_ALWAYS(__NR_futex)
#else
#define RAWSHM_ALLOW_futex
#endif
#if defined(__NR_futex_time64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_futex_time64_ON_32_bit RAWSHM_ALWAYS(__NR_futex_time64)
#else
#define RAWSHM_ALLOW_futex_time64_ON_32_bit
#endif
#if defined(__NR_inotify_add_watch)
#define RAWSHM_ALLOW_inotify_add_watch RAWSHM_ALWAYS(__NR_inotify_add_watch)
#else
#define RAWSHM_ALLOW_inotify_add_watch
#endif
#if defined(__NR_inotify_init1)
#define RAWSHM_ALLOW_inotify_init1 RAWSHM_ALWAYS(__NR_inotify_init1)
#else
#define RAWSHM_ALLOW_inotify_init1
#endif
#if defined(__NR_linkat)
#define RAWSHM_ALLOW_linkat RAWSHM_ALWAYS(__NR_linkat)
#else
#define RAWSHM_ALLOW_linkat
#endif
#if defined(__NR_mmap) && !(__SIZEOF_POINTER__ == 4)
#define RAWSHM_ALLOW_mmap RAWSHM_WITHOUT_EXEC(__NR_mmap)
#else
#define RAWSHM_ALLOW_mmap
#endif
#if defined(__NR_mmap2) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_mmap2_ON_32_bit RAWSHM_WITHOUT_EXEC(__NR_mmap2)
#else
#define RAWSHM_ALLOW_mmap2_ON_32_bit
#endif
#if defined(__NR_munmap)
#define RAWSHM_ALLOW_munmap RAWSHM_ALWAYS(__NR_munmap)
#else
#define RAWSHM_ALLOW_munmap
#endif
#if defined(__NR_nanosleep)
#define RAWSHM_ALLOW_nanosleep RAWSHM_ALWAYS(__NR_nanosleep)
#else
#define RAWSHM_ALLOW_nanosleep
#endif
#if defined(__NR_newfstatat) && !(__SIZEOF_POINTER__ == 4)
#define RAWSHM_ALLOW_newfstatat RAWSHM_ALWAYS(__NR_newfstatat)
#else
#define RAWSHM_ALLOW_newfstatat
#endif
#if defined(__NR_open) && defined(__i386__)
#define RAWSHM_ALLOW_open_ON_x86 RAWSHM_ALWAYS(__NR_open)
#else
#define RAWSHM_ALLOW_open_ON_x86
#endif
#if defined(__NR_openat)
#define RAWSHM_ALLOW_openat RAWSHM_ALWAYS(__NR_openat)
#else
#define RAWSHM_ALLOW_openat
#endif
#if defined(__NR_ppoll)
#define RAWSHM_ALLOW_ppoll RAWSHM_ALWAYS(__NR_ppoll)
#else
#define RAWSHM_ALLOW_ppoll
#endif
#if defined(__NR_ppoll_time64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_ppoll_time64_ON_32_bit RAWSHM_ALWAYS(__NR_ppoll_time64)
#else
#define RAWSHM_ALLOW_ppoll_time64_ON_32_bit
#endif
#if defined(__NR_prctl) && defined(__i386__)
#define RAWSHM_ALLOW_prctl_ON_x86 RAWSHM_ALWAYS(__NR_prctl)
#else
#define RAWSHM_ALLOW_prctl_ON_x86
#endif
#if defined(__NR_pread64)
#define RAWSHM_ALLOW_pread64 RAWSHM_ALWAYS(__NR_pread64)
#else
#define RAWSHM_ALLOW_pread64
#endif
#if defined(__NR_pwrite64)
#define RAWSHM_ALLOW_pwrite64 RAWSHM_ALWAYS(__NR_pwrite64)
#else
#define RAWSHM_ALLOW_pwrite64
#endif
#if defined(__NR_read)
#define RAWSHM_ALLOW_read RAWSHM_ALWAYS(__NR_read)
#else
#define RAWSHM_ALLOW_read
#endif
#if defined(__NR_read) && defined(__i386__)
#define RAWSHM_ALLOW_read_ON_x86 RAWSHM_ALWAYS(__NR_read)
#else
#define RAWSHM_ALLOW_read_ON_x86
#endif
#if defined(__NR_renameat) && !(defined(__riscv))
#define RAWSHM_ALLOW_renameat RAWSHM_ALWAYS(__NR_renameat)
#else
#define RAWSHM_ALLOW_renameat
#endif
#if defined(__NR_renameat2)
#define RAWSHM_ALLOW_renameat2 RAWSHM_ALWAYS(__NR_renameat2)
#else
#define RAWSHM_ALLOW_renameat2
#endif
#if defined(__NR_restart_syscall)
#define RAWSHM_ALLOW_restart_syscall RAWSHM_ALWAYS(__NR_restart_syscall)
#else
#define RAWSHM_ALLOW_restart_syscall
#endif
#if defined(__NR_rt_sigaction)
#define RAWSHM_ALLOW_rt_sigaction RAWSHM_ALWAYS(__NR_rt_sigaction)
#else
#define RAWSHM_ALLOW_rt_sigaction
#endif
#if defined(__NR_rt_sigreturn)
#define RAWSHM_ALLOW_rt_sigreturn RAWSHM_ALWAYS(__NR_rt_sigreturn)
#else
#define RAWSHM_ALLOW_rt_sigreturn
#endif
#if defined(__NR_sched_yield)
#define RAWSHM_ALLOW_sched_yield RAWSHM_ALWAYS(__NR_sched_yield)
#else
#define RAWSHM_ALLOW_sched_yield
#endif
#if defined(__NR_statfs) && !(__SIZEOF_POINTER__ == 4)
#define RAWSHM_ALLOW_statfs RAWSHM_ALWAYS(__NR_statfs)
#else
#define RAWSHM_ALLOW_statfs
#endif
#if defined(__NR_statfs64) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_statfs64_ON_32_bit RAWSHM_ALWAYS(__NR_statfs64)
#else
#define RAWSHM_ALLOW_statfs64_ON_32_bit
#endif
#if defined(__NR_statx) && __SIZEOF_POINTER__ == 4
#define RAWSHM_ALLOW_statx_ON_32_bit RAWSHM_ALWAYS(__NR_statx)
#else
#define RAWSHM_ALLOW_statx_ON_32_bit
#endif
#if defined(__NR_unlinkat)
#define RAWSHM_ALLOW_unlinkat RAWSHM_ALWAYS(__NR_unlinkat)
#else
#define RAWSHM_ALLOW_unlinkat
#endif
#if defined(__NR_write)
#define RAWSHM_ALLOW_write RAWSHM_ALWAYS(__NR_write)
#else
#define RAWSHM_ALLOW_write
#endif

#define RAWSHM_FILTER_CREATOR { \
    RAWSHM_BEGIN \
    RAWSHM_ALLOW_close \
    RAWSHM_ALLOW_execve \
    RAWSHM_ALLOW_exit_group \
    RAWSHM_ALLOW_faccessat \
    RAWSHM_ALLOW_fallocate \
    RAWSHM_ALLOW_flock \
    RAWSHM_ALLOW_fstat \
    RAWSHM_ALLOW_fstat64_ON_32_bit \
    RAWSHM_ALLOW_fstatat64_ON_32_bit \
    RAWSHM_ALLOW_ftruncate \
    RAWSHM_ALLOW_ftruncate64_ON_32_bit \
    RAWSHM_ALLOW_linkat \
    RAWSHM_ALLOW_mmap \
    RAWSHM_ALLOW_mmap2_ON_32_bit \
    RAWSHM_ALLOW_munmap \
    RAWSHM_ALLOW_newfstatat \
    RAWSHM_ALLOW_open_ON_x86 \
    RAWSHM_ALLOW_openat \
    RAWSHM_ALLOW_prctl_ON_x86 \
    RAWSHM_ALLOW_read_ON_x86 \
    RAWSHM_ALLOW_renameat \
    RAWSHM_ALLOW_renameat2 \
    RAWSHM_ALLOW_statx_ON_32_bit \
    RAWSHM_ALLOW_unlinkat \
    RAWSHM_ALLOW_write \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
}

#define RAWSHM_FILTER_PUBLISH { \
    RAWSHM_BEGIN \
    RAWSHM_ALLOW_clock_nanosleep_time64_ON_32_bit \
    RAWSHM_ALLOW_close \
    RAWSHM_ALLOW_execve \
    RAWSHM_ALLOW_exit_group \
    RAWSHM_ALLOW_faccessat \
    RAWSHM_ALLOW_fallocate \
    RAWSHM_ALLOW_fcntl \
    RAWSHM_ALLOW_fcntl64_ON_32_bit \
    RAWSHM_ALLOW_flock \
    RAWSHM_ALLOW_fstat \
    RAWSHM_ALLOW_fstat64_ON_32_bit \
    RAWSHM_ALLOW_fstatat64_ON_32_bit \
    RAWSHM_ALLOW_ftruncate \
    RAWSHM_ALLOW_ftruncate64_ON_32_bit \
    RAWSHM_ALLOW_futex \
    RAWSHM_ALLOW_futex_time64_ON_32_bit \
    RAWSHM_ALLOW_linkat \
    RAWSHM_ALLOW_mmap \
    RAWSHM_ALLOW_mmap2_ON_32_bit \
    RAWSHM_ALLOW_munmap \
    RAWSHM_ALLOW_nanosleep \
    RAWSHM_ALLOW_newfstatat \
    RAWSHM_ALLOW_open_ON_x86 \
    RAWSHM_ALLOW_openat \
    RAWSHM_ALLOW_ppoll \
    RAWSHM_ALLOW_ppoll_time64_ON_32_bit \
    RAWSHM_ALLOW_prctl_ON_x86 \
    RAWSHM_ALLOW_pread64 \
    RAWSHM_ALLOW_pwrite64 \
    RAWSHM_ALLOW_read \
    RAWSHM_ALLOW_renameat \
    RAWSHM_ALLOW_renameat2 \
    RAWSHM_ALLOW_restart_syscall \
    RAWSHM_ALLOW_rt_sigaction \
    RAWSHM_ALLOW_rt_sigreturn \
    RAWSHM_ALLOW_sched_yield \
    RAWSHM_ALLOW_statfs \
    RAWSHM_ALLOW_statfs64_ON_32_bit \
    RAWSHM_ALLOW_statx_ON_32_bit \
    RAWSHM_ALLOW_unlinkat \
    RAWSHM_ALLOW_write \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
}

#define RAWSHM_FILTER_READER { \
    RAWSHM_BEGIN \
    RAWSHM_ALLOW_close \
    RAWSHM_ALLOW_execve \
    RAWSHM_ALLOW_exit_group \
    RAWSHM_ALLOW_faccessat \
    RAWSHM_ALLOW_fstat \
    RAWSHM_ALLOW_fstat64_ON_32_bit \
    RAWSHM_ALLOW_mmap \
    RAWSHM_ALLOW_mmap2_ON_32_bit \
    RAWSHM_ALLOW_munmap \
    RAWSHM_ALLOW_open_ON_x86 \
    RAWSHM_ALLOW_openat \
    RAWSHM_ALLOW_prctl_ON_x86 \
    RAWSHM_ALLOW_read_ON_x86 \
    RAWSHM_ALLOW_statx_ON_32_bit \
    RAWSHM_ALLOW_unlinkat \
    RAWSHM_ALLOW_write \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
}

#define RAWSHM_FILTER_WATCH { \
    RAWSHM_BEGIN \
    RAWSHM_ALLOW_clock_gettime \
    RAWSHM_ALLOW_clock_gettime64_ON_32_bit \
    RAWSHM_ALLOW_clock_nanosleep_time64_ON_32_bit \
    RAWSHM_ALLOW_close \
    RAWSHM_ALLOW_execve \
    RAWSHM_ALLOW_exit_group \
    RAWSHM_ALLOW_faccessat \
    RAWSHM_ALLOW_fstat \
    RAWSHM_ALLOW_fstat64_ON_32_bit \
    RAWSHM_ALLOW_fstatat64_ON_32_bit \
    RAWSHM_ALLOW_futex \
    RAWSHM_ALLOW_futex_time64_ON_32_bit \
    RAWSHM_ALLOW_inotify_add_watch \
    RAWSHM_ALLOW_inotify_init1 \
    RAWSHM_ALLOW_mmap \
    RAWSHM_ALLOW_mmap2_ON_32_bit \
    RAWSHM_ALLOW_munmap \
    RAWSHM_ALLOW_nanosleep \
    RAWSHM_ALLOW_newfstatat \
    RAWSHM_ALLOW_open_ON_x86 \
    RAWSHM_ALLOW_openat \
    RAWSHM_ALLOW_ppoll \
    RAWSHM_ALLOW_ppoll_time64_ON_32_bit \
    RAWSHM_ALLOW_prctl_ON_x86 \
    RAWSHM_ALLOW_read \
    RAWSHM_ALLOW_restart_syscall \
    RAWSHM_ALLOW_rt_sigaction \
    RAWSHM_ALLOW_rt_sigreturn \
    RAWSHM_ALLOW_statx_ON_32_bit \
    RAWSHM_ALLOW_write \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
}

#define RAWSHM_FILTER_WRITER { \
    RAWSHM_BEGIN \
    RAWSHM_ALLOW_close \
    RAWSHM_ALLOW_execve \
    RAWSHM_ALLOW_exit_group \
    RAWSHM_ALLOW_fstat \
    RAWSHM_ALLOW_fstat64_ON_32_bit \
    RAWSHM_ALLOW_fstatat64_ON_32_bit \
    RAWSHM_ALLOW_ftruncate \
    RAWSHM_ALLOW_ftruncate64_ON_32_bit \
    RAWSHM_ALLOW_mmap \
    RAWSHM_ALLOW_mmap2_ON_32_bit \
    RAWSHM_ALLOW_munmap \
    RAWSHM_ALLOW_newfstatat \
    RAWSHM_ALLOW_open_ON_x86 \
    RAWSHM_ALLOW_openat \
    RAWSHM_ALLOW_prctl_ON_x86 \
    RAWSHM_ALLOW_read_ON_x86 \
    RAWSHM_ALLOW_statx_ON_32_bit \
    RAWSHM_ALLOW_unlinkat \
    RAWSHM_ALLOW_write \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
}

#define RAWSHM_FILTER_MAPPED { \
    RAWSHM_BEGIN \
    RAWSHM_ALLOW_clock_gettime \
    RAWSHM_ALLOW_clock_gettime64_ON_32_bit \
    RAWSHM_ALLOW_close \
    RAWSHM_ALLOW_exit_group \
    RAWSHM_ALLOW_futex \
    RAWSHM_ALLOW_futex_time64_ON_32_bit \
    RAWSHM_ALLOW_munmap \
    RAWSHM_ALLOW_restart_syscall \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
}

#endif
