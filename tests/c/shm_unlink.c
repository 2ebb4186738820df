/* What shm_unlink does according to POSIX and to rawshm.h: one function for each claim. */
#include "claims.h"

static void removes_the_name(const char *name)
{
    create(name);
    CHECK(SUCCEEDS(shm_unlink(name)));
    CHECK(access(path_of(name), F_OK) == -1 && errno == ENOENT);
}

static void the_contents_go_when_the_last_reference_does(const char *name)
{
    int fd = create(name);
    CHECK(ftruncate(fd, 4096) == 0);
    int64_t *mapped = map(fd);
    mapped[1] = 8021;
    CHECK(SUCCEEDS(shm_unlink(name)));
    CHECK(FAILS(shm_open(name, O_RDWR, 0), ENOENT));
    CHECK(status(fd).st_nlink == 0 && map(fd)[1] == 8021);
    CHECK(close(fd) == 0);
    CHECK(mapped[1] == 8021);
    mapped[1] = 876;
    CHECK(mapped[1] == 876);
}

static void the_name_can_be_used_again_as_if_there_had_been_no_object(const char *name)
{
    int old = create(name), new = -1;
    CHECK(ftruncate(old, 4096) == 0);
    CHECK(SUCCEEDS(shm_unlink(name)));
    CHECK(FAILS(shm_open(name, O_RDWR, 0), ENOENT));
    CHECK(SUCCEEDS(new = shm_open(name, O_RDWR | O_CREAT, 0600)));
    CHECK(status(new).st_size == 0 && status(new).st_ino != status(old).st_ino);
    CHECK(status(old).st_size == 4096);
}

static void returns_0_on_success(const char *name)
{
    create(name);
    errno = UNTOUCHED;
    CHECK(shm_unlink(name) == 0 && errno == UNTOUCHED);
}

static void returns_minus_1_and_sets_errno_on_failure(const char *name)
{
    CHECK(FAILS(shm_unlink(name), ENOENT));
}

static void changes_nothing_if_it_fails(const char *name)
{
    int fd = create(name);
    char below[100];
    snprintf(below, sizeof below, "%s/", name);
    CHECK(FAILS(shm_unlink(below), EINVAL));
    CHECK(status(fd).st_nlink == 1 && shm_open(name, O_RDWR, 0) >= 0);
}

static void may_not(const char *name)
{
    become_another_user();
    CHECK(FAILS(shm_unlink(name), EACCES));
    CHECK(rawshm_unlink(name) == -EACCES);
}

static void as_root_eacces_if_permission_is_denied(const char *name)
{
    int fd = create(name);
    CHECK(geteuid() == 0);
    CHECK(in_a_child(may_not, name) == 0);
    CHECK(status(fd).st_nlink == 1);
}

static void enoent_if_there_is_none(const char *name)
{
    CHECK(FAILS(shm_unlink(name), ENOENT));
    create(name);
    CHECK(SUCCEEDS(shm_unlink(name)));
    CHECK(FAILS(shm_unlink(name), ENOENT));
}

static void enametoolong_beyond_255_bytes(const char *name)
{
    char longest[302] = {0};
    memset(longest, 'n', 300);
    CHECK(FAILS(shm_unlink(longest), ENAMETOOLONG));
    longest[256] = 0;
    CHECK(FAILS(shm_unlink(longest), ENAMETOOLONG));
    longest[255] = 0;
    CHECK(FAILS(shm_unlink(longest), ENOENT));
    (void)name;
}

static void einval_for_what_is_no_name(const char *name)
{
    static const char *const wrong[] = {"",   "/",   "//",  ".",   "..",
                                        "/.", "/..", "a/b", "/a/", "/a/b"};
    for (size_t at = 0; at < sizeof wrong / sizeof *wrong; at++)
        CHECK(FAILS(shm_unlink(wrong[at]), EINVAL));
    CHECK(FAILS(shm_unlink(NULL), EFAULT));
    (void)name;
}

static void removes_a_link_and_a_fifo_and_no_directory(const char *name)
{
    const char *path = path_of(name);
    struct stat found;
    CHECK(symlink("rawshm-no-such-target", path) == 0);
    CHECK(SUCCEEDS(shm_unlink(name)) && lstat(path, &found) == -1);
    CHECK(mkfifo(path, 0600) == 0);
    CHECK(SUCCEEDS(shm_unlink(name)) && lstat(path, &found) == -1);
    CHECK(mkdir(path, 0700) == 0);
    CHECK(FAILS(shm_unlink(name), EISDIR) && rmdir(path) == 0);
}

static const struct claim claims[] = {
    CLAIM(removes_the_name),
    CLAIM(the_contents_go_when_the_last_reference_does),
    CLAIM(the_name_can_be_used_again_as_if_there_had_been_no_object),
    CLAIM(returns_0_on_success),
    CLAIM(returns_minus_1_and_sets_errno_on_failure),
    CLAIM(changes_nothing_if_it_fails),
    CLAIM(as_root_eacces_if_permission_is_denied),
    CLAIM(enoent_if_there_is_none),
    CLAIM(enametoolong_beyond_255_bytes),
    CLAIM(einval_for_what_is_no_name),
    CLAIM(removes_a_link_and_a_fifo_and_no_directory),
};

int main(int argc, char **argv)
{
    return run_claim(claims, sizeof claims / sizeof *claims, argc, argv);
}
