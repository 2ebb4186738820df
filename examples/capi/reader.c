/* Prints the three integers at the start of /my_shm, or of the object named. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "/my_shm";
    struct stat status;

    int fd = shm_open(name, O_RDONLY, 0);
    if (fd == -1 || fstat(fd, &status) == -1) {
        perror(name);
        return 1;
    }
    /* Reading an object that its writer has not sized yet would be a SIGBUS. */
    if (status.st_size < 24) {
        fprintf(stderr, "%s: too small\n", name);
        return 1;
    }
    const int64_t *columns = mmap(NULL, 24, PROT_READ, MAP_SHARED, fd, 0);
    if (columns == MAP_FAILED) {
        perror(name);
        return 1;
    }
    printf("&{%" PRId64 " %" PRId64 " %" PRId64 "}\n", columns[0], columns[1], columns[2]);
    return 0;
}
