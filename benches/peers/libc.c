/* The pair's job with the C library's shm_open, for musl and glibc.
 *     -DNAME="my_shm"     which object
 *     -DREADER            prints the three integers */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 4000000000

static int fail(const char *what)
{
    perror(what);
    return 1;
}

#ifdef READER
int main(void)
{
    int fd = shm_open("/" NAME, O_RDONLY, 0);
    if (fd == -1)
        return fail("shm_open");
    struct stat status;
    if (fstat(fd, &status) == -1)
        return fail("fstat");
    if (status.st_size < 24) {
        fprintf(stderr, "the object is too small\n");
        return 1;
    }
    int64_t *columns = mmap(NULL, 24, PROT_READ, MAP_SHARED, fd, 0);
    if (columns == MAP_FAILED)
        return fail("mmap");
    close(fd);
    printf("&{%" PRId64 " %" PRId64 " %" PRId64 "}\n", columns[0], columns[1], columns[2]);
    munmap(columns, 24);
    return 0;
}
#else
int main(void)
{
    if (shm_unlink("/" NAME) == -1 && errno != ENOENT)
        return fail("shm_unlink");
    int fd = shm_open("/" NAME, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (fd == -1)
        return fail("shm_open");
    if (ftruncate(fd, SIZE) == -1)
        return fail("ftruncate");
    int64_t *columns = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (columns == MAP_FAILED)
        return fail("mmap");
    close(fd);
    columns[0] = 100;
    columns[1] = 876;
    columns[2] = 8021;
    munmap(columns, SIZE);
    return 0;
}
#endif
