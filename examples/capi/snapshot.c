/* Prints the values of a snapshot of three int64_t, each after its number, and sleeps between them:
 *     snapshot NAME [COUNT [TIMEOUT]]
 * It ends after COUNT values, or when none has come for TIMEOUT milliseconds, or with the snapshot.
 * C99, and C++11 too. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rawshm_snapshot.h"

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: snapshot NAME [COUNT [TIMEOUT]]\n");
        return 2;
    }
    int left = argc > 2 ? atoi(argv[2]) : -1;
    int timeout = argc > 3 ? atoi(argv[3]) : -1;
    int fd = shm_open(argv[1], O_RDONLY, 0);
    struct stat stat;
    if (fd == -1 || fstat(fd, &stat) == -1) {
        perror(argv[1]);
        return 1;
    }
    size_t size = (size_t)stat.st_size;
    const void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) {
        perror("mmap");
        return 1;
    }

    /* The fingerprint of an array of three i64, on a little-endian machine. */
    uint64_t array[2] = { rawshm_fingerprint("i64", 3), 3 };
    int64_t value[3];
    uint64_t fingerprint = rawshm_fingerprint(array, sizeof array);
    uint32_t slots = rawshm_snapshot_slots(map, size, sizeof value, fingerprint);
    if (slots == 0) {
        fprintf(stderr, "not a snapshot of three int64_t\n");
        return 1;
    }
    uint64_t number = 0;
    while (left != 0) {
        int found = rawshm_snapshot_wait(map, slots, sizeof value, number, timeout);
        if (found == -1) {
            perror("futex");
            return 1;
        }
        if (found == 0) {
            puts("no value will follow");
            return 0;
        }
        if (rawshm_snapshot_load(map, slots, value, sizeof value, &number)) {
            printf("%" PRIu64 ": %" PRId64 " %" PRId64 " %" PRId64 "\n", number, value[0],
                   value[1], value[2]);
            fflush(stdout);
            left--;
        }
    }
    return 0;
}
