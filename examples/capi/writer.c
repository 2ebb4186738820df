/* Replaces /my_shm, or the object named, with a new one of 4,000,000,000 bytes that begins with
 * three integers. */
#define _POSIX_C_SOURCE 200809L /* for ftruncate, with -std=c99 and the like */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "/my_shm";
    const size_t size = 4000000000;

    shm_unlink(name);
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (fd == -1 || ftruncate(fd, (off_t)size) == -1) {
        perror(name);
        return 1;
    }
    int64_t *columns = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (columns == MAP_FAILED) {
        perror(name);
        return 1;
    }
    columns[0] = 100;
    columns[1] = 876;
    columns[2] = 8021;
    return 0;
}
