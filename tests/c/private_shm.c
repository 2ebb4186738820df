/* Claims with a /dev/shm of their own: one function for each, on any name. */
#include "claims.h"

static void no_inode_is_left(const char *name)
{
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT, 0600), ENOSPC));
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), ENOSPC));
    CHECK(FAILS(shm_unlink(name), ENOENT));
}

static void no_memory_is_left(const char *name)
{
    int fd = create(name);
    CHECK(posix_fallocate(fd, 0, 1 << 20) == ENOSPC);
    CHECK(ftruncate(fd, 1 << 20) == 0);
    CHECK(SUCCEEDS(shm_unlink(name)));
}

static void the_directory_denies_it(const char *name)
{
    become_another_user();
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT, 0600), EACCES));
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EACCES));
    CHECK(FAILS(shm_open(name, O_RDONLY, 0), ENOENT));
    CHECK(FAILS(shm_unlink("/there"), EACCES));
    CHECK(SUCCEEDS(shm_open("/there", O_RDONLY, 0)));
}

static void the_directory_is_read_only(const char *name)
{
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT, 0600), EROFS));
    CHECK(FAILS(shm_open("/there", O_RDWR, 0), EROFS));
    CHECK(FAILS(shm_open("/there", O_RDONLY | O_TRUNC, 0), EROFS));
    CHECK(SUCCEEDS(shm_open("/there", O_RDONLY, 0)));
    CHECK(FAILS(shm_unlink("/there"), EROFS));
}

static void the_directory_is_missing(const char *name)
{
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT, 0600), ENOENT));
    CHECK(FAILS(shm_open(name, O_RDONLY, 0), ENOENT));
    CHECK(FAILS(shm_unlink(name), ENOENT));
}

static void a_device_is_no_object(const char *name)
{
    CHECK(FAILS(shm_open(name, O_RDWR, 0), ENOENT));
    CHECK(FAILS(shm_open("/null", O_RDWR, 0), EINVAL));
    CHECK(FAILS(shm_open("/null", O_RDWR | O_CREAT, 0600), EINVAL));
    CHECK(FAILS(shm_open("/driverless", O_RDWR, 0), EINVAL));
    CHECK(SUCCEEDS(shm_unlink("/null")));
}

static const struct claim claims[] = {
    CLAIM(no_inode_is_left),
    CLAIM(no_memory_is_left),
    CLAIM(the_directory_denies_it),
    CLAIM(the_directory_is_read_only),
    CLAIM(the_directory_is_missing),
    CLAIM(a_device_is_no_object),
};

int main(int argc, char **argv)
{
    return run_claim(claims, sizeof claims / sizeof *claims, argc, argv);
}
