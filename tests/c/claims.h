/* What the programs that check claims about shm_open and shm_unlink share:
 *     PROGRAM CLAIM NAME
 * checks one claim, on a name that nothing else uses. The exit status is 0 if the claim holds;
 * otherwise a line says where it does not. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rawshm.h"

/* Not an errno: it must stay the same on success. */
#define UNTOUCHED 12345

#define CHECK(condition)                                                                       \
    do {                                                                                       \
        int errno_ = errno;                                                                      \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno_);  \
            exit(1);                                                                           \
        }                                                                                      \
        errno = errno_;                                                                        \
    } while (0)

/* The call succeeds and does not change errno. */
#define SUCCEEDS(call) (errno = UNTOUCHED, (call) >= 0 && errno == UNTOUCHED)

/* The call returns -1 with this errno. */
#define FAILS(call, error) (errno = UNTOUCHED, (call) == -1 && errno == (error))

struct claim {
    const char *name;
    void (*check)(const char *name);
};

#define CLAIM(claim) {#claim, claim}

static inline int run_claim(const struct claim *claims, size_t count, int argc, char **argv)
{
    for (size_t at = 0; argc == 3 && at < count; at++) {
        if (strcmp(claims[at].name, argv[1]) == 0) {
            claims[at].check(argv[2]);
            return 0;
        }
    }
    fprintf(stderr, "usage: PROGRAM CLAIM NAME\n");
    return 2;
}

/* A new object, opened to read and write. */
static inline int create(const char *name)
{
    int fd = -1;
    CHECK(SUCCEEDS(fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600)));
    return fd;
}

static inline struct stat status(int fd)
{
    struct stat status;
    CHECK(fstat(fd, &status) == 0);
    return status;
}

static inline int64_t *map(int fd)
{
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(mapped != MAP_FAILED);
    return mapped;
}

/* Forks. The child ends with its parent, however that ends. */
static inline pid_t fork_child(void)
{
    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0)
        CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
    return child;
}

/* Runs this in another process, and returns its exit status. */
static inline int in_a_child(void (*check)(const char *name), const char *name)
{
    pid_t child = fork_child();
    if (child == 0) {
        check(name);
        exit(0);
    }
    int ended;
    CHECK(waitpid(child, &ended, 0) == child);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
}

/* Becomes an unprivileged user, if it is root. */
static inline void become_another_user(void)
{
    if (geteuid() == 0)
        CHECK(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
}

/* The lowest descriptor that is free. */
static inline int lowest_free(void)
{
    int lowest = dup(0);
    CHECK(lowest >= 0 && close(lowest) == 0);
    return lowest;
}

/* The file of an object. */
static inline const char *path_of(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "/dev/shm/%s", name + strspn(name, "/"));
    return path;
}
