/* The errors of shm_open according to POSIX and to rawshm.h: one function for each claim. */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "claims.h"

/* From the kernel's headers, which musl-gcc does not find. */
struct sock_filter {
    uint16_t code;
    uint8_t jt, jf;
    uint32_t k;
};
struct sock_fprog {
    unsigned short len;
    struct sock_filter *filter;
};

static void eacces_if_permission_is_denied(const char *name)
{
    become_another_user();
    CHECK(shm_open(name, O_RDWR | O_CREAT, 0400) >= 0);
    CHECK(FAILS(shm_open(name, O_RDWR, 0), EACCES));
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT, 0400), EACCES));
    CHECK(FAILS(shm_open(name, O_RDWR | O_TRUNC, 0), EACCES));
    CHECK(FAILS(shm_open(name, O_RDONLY | O_TRUNC, 0), EACCES));
    CHECK(SUCCEEDS(shm_open(name, O_RDONLY, 0)));
    CHECK(shm_unlink(name) == 0);
}

static void einval_for_what_is_no_name(const char *name)
{
    static const char *const wrong[] = {"",   "/",   "//",  ".",   "..",   "/.",
                                        "/..", "a/b", "/a/", "/a/b", "//."};
    for (size_t at = 0; at < sizeof wrong / sizeof *wrong; at++) {
        CHECK(FAILS(shm_open(wrong[at], O_RDWR | O_CREAT, 0600), EINVAL));
        CHECK(FAILS(shm_open(wrong[at], O_RDONLY, 0), EINVAL));
    }
    CHECK(FAILS(shm_open(NULL, O_RDONLY, 0), EFAULT));
    (void)name;
}

static void einval_for_what_is_no_object(const char *name)
{
    int lowest = lowest_free();
    const char *path = path_of(name);
    CHECK(mkdir(path, 0700) == 0);
    for (int flags = 0; flags <= O_RDWR; flags++) {
        CHECK(FAILS(shm_open(name, flags, 0), EINVAL));
        CHECK(FAILS(shm_open(name, flags | O_CREAT, 0600), EINVAL));
    }
    CHECK(rmdir(path) == 0 && mkfifo(path, 0600) == 0);
    for (int flags = 0; flags <= O_RDWR; flags++) {
        CHECK(FAILS(shm_open(name, flags, 0), EINVAL));
        CHECK(FAILS(shm_open(name, flags | O_CREAT, 0600), EINVAL));
    }
    CHECK(unlink(path) == 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(FAILS(shm_open(name, O_RDWR, 0), EINVAL));
    /* Nothing was left open. */
    CHECK(close(server) == 0 && lowest_free() == lowest);
}

static void eloop_for_a_symbolic_link(const char *name)
{
    CHECK(symlink("rawshm-no-such-target", path_of(name)) == 0);
    CHECK(FAILS(shm_open(name, O_RDWR, 0), ELOOP));
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT, 0600), ELOOP));
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST));
}

static void emfile_if_the_process_has_no_descriptor_left(const char *name)
{
    struct rlimit limit = {.rlim_cur = 3, .rlim_max = 3};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT, 0600), EMFILE));
    CHECK(FAILS(shm_open(name, O_RDONLY, 0), EMFILE));
    /* Nothing was created. */
    CHECK(access(path_of(name), F_OK) == -1);
}

/* A filter returns what a system without free descriptors would. */
static void enfile_if_the_system_has_no_descriptor_left(const char *name)
{
    struct sock_filter filter[] = {
        {0x20 /* load a word */, 0, 0, 0 /* the number of the call */},
        {0x15 /* if it is */, 0, 1, SYS_openat},
        {0x06 /* return */, 0, 0, 0x00050000 /* an errno */ | ENFILE},
        {0x06, 0, 0, 0x7fff0000 /* allow */},
    };
    struct sock_fprog program = {.len = 4, .filter = filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, 2 /* a filter */, &program, 0, 0) == 0);
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT, 0600), ENFILE));
}

static void enoent_if_there_is_none_and_no_o_creat(const char *name)
{
    CHECK(FAILS(shm_open(name, O_RDONLY, 0), ENOENT));
    CHECK(FAILS(shm_open(name, O_RDWR | O_EXCL, 0), ENOENT));
    CHECK(FAILS(shm_open(name, O_RDWR | O_TRUNC, 0), ENOENT));
}

static void enametoolong_beyond_255_bytes(const char *name)
{
    char longest[302] = {0};
    memset(longest, 'n', 300);
    CHECK(FAILS(shm_open(longest, O_RDWR | O_CREAT, 0600), ENAMETOOLONG));
    longest[256] = 0;
    CHECK(FAILS(shm_open(longest, O_RDWR | O_CREAT, 0600), ENAMETOOLONG));
    /* Slashes do not count. */
    memcpy(longest, name, strlen(name));
    CHECK(longest[0] == '/');
    CHECK(SUCCEEDS(shm_open(longest, O_RDWR | O_CREAT, 0600)));
    CHECK(SUCCEEDS(shm_unlink(longest + 1)));
}

static const struct claim claims[] = {
    CLAIM(eacces_if_permission_is_denied),
    CLAIM(einval_for_what_is_no_name),
    CLAIM(einval_for_what_is_no_object),
    CLAIM(eloop_for_a_symbolic_link),
    CLAIM(emfile_if_the_process_has_no_descriptor_left),
    CLAIM(enfile_if_the_system_has_no_descriptor_left),
    CLAIM(enoent_if_there_is_none_and_no_o_creat),
    CLAIM(enametoolong_beyond_255_bytes),
};

int main(int argc, char **argv)
{
    return run_claim(claims, sizeof claims / sizeof *claims, argc, argv);
}
