/* Reads a snapshot of three int64_t with the header of the C examples:
 *     snapshot NAME COUNT
 * prints COUNT values, each after its number, and sleeps between them. */
#define _GNU_SOURCE
#include "../../examples/capi/rawshm_snapshot.h"
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: snapshot NAME COUNT\n");
        return 2;
    }
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
    for (int left = atoi(argv[2]); left > 0;) {
        uint32_t seen = rawshm_snapshot_seen(map);
        if (rawshm_snapshot_has_newer(map, slots, sizeof value, number)) {
            if (rawshm_snapshot_load(map, slots, value, sizeof value, &number)) {
                printf("%" PRIu64 ": %" PRId64 " %" PRId64 " %" PRId64 "\n", number, value[0],
                       value[1], value[2]);
                fflush(stdout);
                left--;
            }
        } else if (seen & 1) {
            puts("no value will follow");
            return 0;
        } else {
            syscall(SYS_futex, rawshm_snapshot_word(map), FUTEX_WAIT, seen, NULL, NULL, 0);
        }
    }
    return 0;
}
