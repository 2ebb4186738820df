/* The pair's job with the kernel's nolibc (tools/include/nolibc), without arguments or texts. What
 * nolibc 6.1 has no function for, such as ftruncate, is one of its raw system calls.
 *     -DNAME="my_shm"     which object
 *     -DREADER            prints the three integers */
#include "nolibc.h"
#include <linux/fcntl.h>
#include <linux/mman.h>

#define SIZE 4000000000
#define PATH "/dev/shm/" NAME
#define FLAGS (O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)

static volatile long *map(unsigned long size, long protection, long fd)
{
    return (volatile long *)my_syscall6(__NR_mmap, 0, size, protection, MAP_SHARED, fd, 0);
}

static int failed(volatile long *columns)
{
    return (unsigned long)columns > -4096UL;
}

#ifdef READER
int main(void)
{
    struct { unsigned long before[6], size, after[11]; } status; /* struct stat */
    long fd = my_syscall4(__NR_openat, AT_FDCWD, PATH, FLAGS | O_RDONLY, 0);
    if (fd < 0 || my_syscall2(__NR_fstat, fd, &status) || status.size < 24)
        return 1;
    volatile long *columns = map(24, PROT_READ, fd);
    if (failed(columns))
        return 1;
    close(fd);
    char line[72], *end = line;
    *end++ = '&';
    for (int i = 0; i < 3; i++) {
        *end++ = i ? ' ' : '{';
        end += i64toa_r(columns[i], end);
    }
    *end++ = '}';
    *end++ = '\n';
    if (write(1, line, end - line) != end - line)
        return 1;
    my_syscall2(__NR_munmap, columns, 24);
    return 0;
}
#else
int main(void)
{
    my_syscall3(__NR_unlinkat, AT_FDCWD, PATH, 0);
    long fd = my_syscall4(__NR_openat, AT_FDCWD, PATH, FLAGS | O_RDWR | O_CREAT | O_EXCL, 0644);
    if (fd < 0 || my_syscall2(__NR_ftruncate, fd, SIZE))
        return 1;
    volatile long *columns = map(SIZE, PROT_READ | PROT_WRITE, fd);
    if (failed(columns))
        return 1;
    close(fd);
    columns[0] = 100;
    columns[1] = 876;
    columns[2] = 8021;
    my_syscall2(__NR_munmap, columns, SIZE);
    return 0;
}
#endif
