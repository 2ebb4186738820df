/* The peer in C: shares a struct of three 64-bit integers, with shm_open of the C library.
 *     columns write NAME COL1 COL2 COL3
 *     columns read NAME */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct columns {
    int64_t one, two, three;
};

static int fail(const char *what)
{
    perror(what);
    return 1;
}

int main(int argc, char **argv)
{
    int writes = argc == 6 && strcmp(argv[1], "write") == 0;
    if (!writes && !(argc == 3 && strcmp(argv[1], "read") == 0)) {
        fprintf(stderr, "usage: columns write NAME COL1 COL2 COL3 | columns read NAME\n");
        return 2;
    }
    int fd = shm_open(argv[2], writes ? O_RDWR | O_CREAT : O_RDONLY, 0600);
    if (fd == -1)
        return fail("shm_open");
    if (writes && ftruncate(fd, sizeof(struct columns)) == -1)
        return fail("ftruncate");
    int rights = writes ? PROT_READ | PROT_WRITE : PROT_READ;
    struct columns *columns = mmap(NULL, sizeof *columns, rights, MAP_SHARED, fd, 0);
    if (columns == MAP_FAILED)
        return fail("mmap");
    if (writes) {
        columns->one = strtoll(argv[3], NULL, 10);
        columns->two = strtoll(argv[4], NULL, 10);
        columns->three = strtoll(argv[5], NULL, 10);
    } else {
        printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", columns->one, columns->two, columns->three);
    }
    return 0;
}
