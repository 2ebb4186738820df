/* What shm_open does according to POSIX and to rawshm.h: one function for each claim. Errors are in
 * shm_open_errors.c. */
#include <pthread.h>
#include <sched.h>

#include "claims.h"

static void connects_an_object_and_a_descriptor(const char *name)
{
    int one = create(name), other = -1;
    CHECK(ftruncate(one, 4096) == 0);
    map(one)[1] = 8021;
    CHECK(SUCCEEDS(other = shm_open(name, O_RDWR, 0)));
    CHECK(map(other)[1] == 8021);
}

static void creates_an_open_file_description_that_refers_to_the_object(const char *name)
{
    struct stat one = status(create(name)), other = status(shm_open(name, O_RDONLY, 0));
    CHECK(S_ISREG(one.st_mode));
    CHECK(one.st_ino == other.st_ino && one.st_dev == other.st_dev);
}

static void the_open_file_description_is_new(const char *name)
{
    int one = create(name), other = shm_open(name, O_RDWR, 0);
    CHECK(lseek(one, 100, SEEK_SET) == 100 && lseek(other, 0, SEEK_CUR) == 0);
    CHECK(fcntl(one, F_SETFL, fcntl(one, F_GETFL) | O_APPEND) == 0);
    CHECK(!(fcntl(other, F_GETFL) & O_APPEND));
}

static void allocates_the_lowest_free_descriptor(const char *name)
{
    int low = dup(0), high = dup(0), last = dup(0);
    CHECK(low < high && high < last);
    int next = lowest_free();
    CHECK(close(high) == 0 && close(low) == 0);
    CHECK(create(name) == low);
    CHECK(shm_open(name, O_RDWR | O_CREAT, 0600) == high);
    CHECK(shm_open(name, O_RDONLY, 0) == next);
    /* 0 is a descriptor like any other. */
    CHECK(close(0) == 0);
    CHECK(shm_open(name, O_RDONLY, 0) == 0);
}

static void sets_fd_cloexec(const char *name)
{
    CHECK(fcntl(create(name), F_GETFD) == FD_CLOEXEC);
    CHECK(fcntl(shm_open(name, O_RDONLY, 0), F_GETFD) == FD_CLOEXEC);
    CHECK(fcntl(shm_open(name, O_RDWR | O_CREAT, 0600), F_GETFD) == FD_CLOEXEC);
    CHECK(fcntl(rawshm_open(name, O_RDONLY, 0), F_GETFD) == FD_CLOEXEC);
}

static void find_it(const char *name)
{
    CHECK(map(shm_open(name, O_RDWR, 0))[1] == 8021);
}

static void the_same_name_is_the_same_object_in_every_process(const char *name)
{
    int fd = create(name);
    CHECK(ftruncate(fd, 4096) == 0);
    map(fd)[1] = 8021;
    CHECK(in_a_child(find_it, name) == 0);
    CHECK(in_a_child(find_it, name + 1) == 0);
    char slashes[100] = "//";
    CHECK(in_a_child(find_it, strcat(slashes, name)) == 0);
}

static void returns_a_non_negative_descriptor(const char *name)
{
    int fd = shm_open(name, O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && fcntl(fd, F_GETFL) != -1);
}

static void leaves_errno_alone_on_success(const char *name)
{
    CHECK(SUCCEEDS(shm_open(name, O_RDWR | O_CREAT, 0600)));
    CHECK(SUCCEEDS(shm_open(name, O_RDWR | O_CREAT, 0600)));
    CHECK(SUCCEEDS(shm_open(name, O_RDWR | O_TRUNC, 0)));
    CHECK(SUCCEEDS(shm_open(name, O_RDONLY, 0)));
    CHECK(SUCCEEDS(shm_unlink(name)));
}

static void returns_minus_1_and_sets_errno_on_failure(const char *name)
{
    CHECK(FAILS(shm_open(name, O_RDWR, 0), ENOENT));
}

static void the_access_mode_is_that_of_oflag(const char *name)
{
    int writes = create(name), reads = shm_open(name, O_RDONLY, 0);
    CHECK((fcntl(writes, F_GETFL) & O_ACCMODE) == O_RDWR);
    CHECK((fcntl(reads, F_GETFL) & O_ACCMODE) == O_RDONLY);
    CHECK(ftruncate(reads, 4096) == -1);
    CHECK(ftruncate(writes, 4096) == 0);
    map(writes)[0] = 1;
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reads, 0);
    CHECK(mapped == MAP_FAILED && errno == EACCES);
    mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reads, 0);
    CHECK(mapped != MAP_FAILED && *(int64_t *)mapped == 1);
}

static void o_creat_has_no_effect_if_the_object_exists(const char *name)
{
    int fd = create(name), again = -1;
    CHECK(ftruncate(fd, 100) == 0);
    CHECK(SUCCEEDS(again = shm_open(name, O_RDWR | O_CREAT, 0644)));
    struct stat before = status(fd), after = status(again);
    CHECK(before.st_ino == after.st_ino && after.st_size == 100);
    CHECK((after.st_mode & 07777) == 0600);
}

static void the_owner_is_the_effective_user_and_group(const char *name)
{
    if (geteuid() == 0)
        CHECK(setegid(65533) == 0 && seteuid(65534) == 0);
    struct stat found = status(create(name));
    CHECK(found.st_uid == geteuid() && found.st_gid == getegid());
}

static void the_permission_bits_are_mode_less_the_umask(const char *name)
{
    umask(027);
    int fd = shm_open(name, O_RDWR | O_CREAT, 0777);
    CHECK((status(fd).st_mode & 07777) == 0750);
}

static void mode_does_not_affect_how_it_is_opened(const char *name)
{
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0);
    CHECK(fd >= 0 && (status(fd).st_mode & 07777) == 0);
    CHECK(ftruncate(fd, 4096) == 0);
    map(fd)[0] = 1;
}

static void a_new_object_has_a_size_of_zero(const char *name)
{
    CHECK(status(create(name)).st_size == 0);
}

static void o_excl_fails_if_the_object_exists(const char *name)
{
    create(name);
    CHECK(FAILS(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST));
}

enum { RACERS = 8, ROUNDS = 300 };

/* What the racers share. Each round has its own name; each racer counts the names it created. */
struct race {
    const char *name;
    int waiting, round, created[ROUNDS], refused[ROUNDS];
};

static void *race(void *shared)
{
    struct race *race = shared;
    for (int round = 0; round < ROUNDS; round++) {
        char name[100];
        snprintf(name, sizeof name, "%s-%d", race->name, round);
        /* All begin a round at the same time. */
        if (__atomic_add_fetch(&race->waiting, 1, __ATOMIC_SEQ_CST) == RACERS) {
            race->waiting = 0;
            __atomic_store_n(&race->round, round + 1, __ATOMIC_SEQ_CST);
        }
        while (__atomic_load_n(&race->round, __ATOMIC_SEQ_CST) <= round)
            sched_yield();
        int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0)
            __atomic_add_fetch(&race->created[round], 1, __ATOMIC_SEQ_CST);
        else if (errno == EEXIST)
            __atomic_add_fetch(&race->refused[round], 1, __ATOMIC_SEQ_CST);
        close(fd);
    }
    return NULL;
}

static struct race *new_race(const char *name)
{
    struct race *race =
        mmap(NULL, sizeof *race, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(race != MAP_FAILED);
    race->name = name;
    return race;
}

static void judge(const struct race *race)
{
    for (int round = 0; round < ROUNDS; round++) {
        char name[100];
        snprintf(name, sizeof name, "%s-%d", race->name, round);
        CHECK(shm_unlink(name) == 0);
    }
    for (int round = 0; round < ROUNDS; round++)
        CHECK(race->created[round] == 1 && race->refused[round] == RACERS - 1);
}

static void exactly_one_of_many_racing_processes_creates(const char *name)
{
    struct race *shared = new_race(name);
    for (int racer = 0; racer < RACERS; racer++) {
        pid_t child = fork_child();
        if (child == 0) {
            race(shared);
            _exit(0);
        }
    }
    for (int racer = 0; racer < RACERS; racer++) {
        int ended;
        CHECK(wait(&ended) != -1 && ended == 0);
    }
    judge(shared);
}

static void exactly_one_of_many_racing_threads_creates(const char *name)
{
    struct race *shared = new_race(name);
    pthread_t threads[RACERS];
    for (int racer = 0; racer < RACERS; racer++)
        CHECK(pthread_create(&threads[racer], NULL, race, shared) == 0);
    for (int racer = 0; racer < RACERS; racer++)
        CHECK(pthread_join(threads[racer], NULL) == 0);
    judge(shared);
}

static void o_trunc_empties_it_and_keeps_mode_and_owner(const char *name)
{
    int fd = create(name), again = -1;
    CHECK(fchmod(fd, 0640) == 0 && ftruncate(fd, 4096) == 0);
    if (geteuid() == 0)
        CHECK(fchown(fd, 65534, 65533) == 0);
    struct stat before = status(fd);
    CHECK(SUCCEEDS(again = shm_open(name, O_RDWR | O_TRUNC, 0777)));
    struct stat after = status(again);
    CHECK(after.st_size == 0 && after.st_ino == before.st_ino);
    CHECK(after.st_mode == before.st_mode);
    CHECK(after.st_uid == before.st_uid && after.st_gid == before.st_gid);
    /* With O_CREAT as well, on an object of this user: fs.protected_regular may refuse others. */
    CHECK(fchown(fd, geteuid(), getegid()) == 0 && ftruncate(fd, 4096) == 0);
    CHECK(status(shm_open(name, O_RDWR | O_CREAT | O_TRUNC, 0777)).st_size == 0);
}

static void make_it(const char *name)
{
    int fd = create(name);
    CHECK(ftruncate(fd, 4096) == 0);
    map(fd)[1] = 8021;
}

static void its_state_persists_until_it_is_unlinked(const char *name)
{
    CHECK(in_a_child(make_it, name) == 0);
    CHECK(in_a_child(find_it, name) == 0);
    CHECK(shm_unlink(name) == 0);
    CHECK(FAILS(shm_open(name, O_RDWR, 0), ENOENT));
}

static void what_posix_leaves_undefined_goes_to_the_kernel(const char *name)
{
    int fd = create(name);
    CHECK(SUCCEEDS(shm_open(name, O_RDWR | O_EXCL, 0)));
    CHECK(ftruncate(fd, 100) == 0);
    int writes = shm_open(name, O_WRONLY, 0);
    CHECK(writes >= 0 && (fcntl(writes, F_GETFL) & O_ACCMODE) == O_WRONLY);
    CHECK(mmap(NULL, 100, PROT_WRITE, MAP_SHARED, writes, 0) == MAP_FAILED && errno == EACCES);
    CHECK(status(fd).st_size == 100);
    CHECK(SUCCEEDS(shm_open(name, O_RDONLY | O_TRUNC, 0)));
    CHECK(status(fd).st_size == 0);
    CHECK(fcntl(shm_open(name, O_RDWR | O_APPEND, 0), F_GETFL) & O_APPEND);
    CHECK(FAILS(shm_open(name, O_RDWR | O_DIRECTORY, 0), ENOTDIR));
    /* Bits other than permissions. */
    CHECK(shm_unlink(name) == 0);
    umask(022);
    CHECK((status(shm_open(name, O_RDWR | O_CREAT, 07777)).st_mode & 07777) == 07755);
}

static void the_other_pair_returns_the_negative_errno(const char *name)
{
    errno = UNTOUCHED;
    CHECK(rawshm_open(name, O_RDWR, 0) == -ENOENT && rawshm_unlink(name) == -ENOENT);
    CHECK(rawshm_open("a/b", O_RDWR, 0) == -EINVAL && rawshm_unlink("a/b") == -EINVAL);
    CHECK(rawshm_open(NULL, O_RDWR, 0) == -EFAULT && rawshm_unlink(NULL) == -EFAULT);
    umask(022);
    int fd = rawshm_open(name, O_RDWR | O_CREAT | O_EXCL, 0666);
    CHECK(fd >= 0 && (status(fd).st_mode & 07777) == 0644);
    CHECK(rawshm_open(name, O_RDWR | O_CREAT | O_EXCL, 0666) == -EEXIST);
    CHECK(rawshm_unlink(name) == 0 && rawshm_open(name, O_RDWR, 0) == -ENOENT);
    CHECK(errno == UNTOUCHED);
}

static void *fail_often(void *name)
{
    for (int round = 0; round < 20000; round++) {
        CHECK(FAILS(shm_open(name, O_RDWR, 0), ENOENT));
        CHECK(FAILS(shm_open("a/b", O_RDWR, 0), EINVAL));
    }
    return NULL;
}

static void every_thread_has_its_own_errno(const char *name)
{
    pthread_t threads[4];
    for (int thread = 0; thread < 4; thread++)
        CHECK(pthread_create(&threads[thread], NULL, fail_often, (void *)name) == 0);
    errno = UNTOUCHED;
    for (int thread = 0; thread < 4; thread++)
        CHECK(pthread_join(threads[thread], NULL) == 0);
    CHECK(errno == UNTOUCHED);
}

static const struct claim claims[] = {
    CLAIM(connects_an_object_and_a_descriptor),
    CLAIM(creates_an_open_file_description_that_refers_to_the_object),
    CLAIM(the_open_file_description_is_new),
    CLAIM(allocates_the_lowest_free_descriptor),
    CLAIM(sets_fd_cloexec),
    CLAIM(the_same_name_is_the_same_object_in_every_process),
    CLAIM(returns_a_non_negative_descriptor),
    CLAIM(leaves_errno_alone_on_success),
    CLAIM(returns_minus_1_and_sets_errno_on_failure),
    CLAIM(the_access_mode_is_that_of_oflag),
    CLAIM(o_creat_has_no_effect_if_the_object_exists),
    CLAIM(the_owner_is_the_effective_user_and_group),
    CLAIM(the_permission_bits_are_mode_less_the_umask),
    CLAIM(mode_does_not_affect_how_it_is_opened),
    CLAIM(a_new_object_has_a_size_of_zero),
    CLAIM(o_excl_fails_if_the_object_exists),
    CLAIM(exactly_one_of_many_racing_processes_creates),
    CLAIM(exactly_one_of_many_racing_threads_creates),
    CLAIM(o_trunc_empties_it_and_keeps_mode_and_owner),
    CLAIM(its_state_persists_until_it_is_unlinked),
    CLAIM(what_posix_leaves_undefined_goes_to_the_kernel),
    CLAIM(the_other_pair_returns_the_negative_errno),
    CLAIM(every_thread_has_its_own_errno),
};

int main(int argc, char **argv)
{
    return run_claim(claims, sizeof claims / sizeof *claims, argc, argv);
}
