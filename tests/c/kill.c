/* Runs `creator` again and again, and kills it each time one unit later:
 *     kill instructions|calls create|replace CREATOR
 * The unit is an instruction, or an entry to a system call or an exit from one. It prints the state
 * of the directory after each kill, until CREATOR ends by itself. After each kill, CREATOR runs to
 * its end, and must leave only the new object. When that is removed, all memory must be free again.
 *
 * It removes everything in /dev/shm. That must be small and empty, so that nothing else uses it;
 * otherwise it does not begin. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "/dev/shm/my_shm"
#define TEMPORARY "/dev/shm/.my_shm.rawshm-"
#define PRIVATE_AT_MOST (1 << 20)

enum { OLD_SIZE = 4096 };
static const off_t NEW_SIZE = 4000000000;
static const int64_t OLD[3] = {1, 2, 3}, NEW[3] = {100, 876, 8021};
static unsigned long kills;

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "after %lu: %s: %s\n", kills, what, which);
    exit(1);
}

/* Whether the file is an object of this size with these columns. */
static int is(const char *path, off_t size, const int64_t *columns)
{
    int64_t found[3];
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (fd == -1)
        return 0;
    int same = fstat(fd, &status) == 0 && status.st_size == size && status.st_nlink == 1 &&
               status.st_blocks * 512 == 4096 && (status.st_mode & 07777) == 0644 &&
               pread(fd, found, sizeof found, 0) == sizeof found &&
               memcmp(found, columns, sizeof found) == 0;
    close(fd);
    return same;
}

/* Returns the state of the directory in words, and fails if that is no allowed state. */
static const char *state(void)
{
    static char words[64];
    const char *name = "nothing", *temporary = "";
    DIR *directory = opendir("/dev/shm");
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        char path[300];
        if (entry->d_name[0] == '.' && strspn(entry->d_name, ".") == strlen(entry->d_name))
            continue;
        snprintf(path, sizeof path, "/dev/shm/%s", entry->d_name);
        if (strcmp(path, NAME) == 0 && is(path, NEW_SIZE, NEW))
            name = "new";
        else if (strcmp(path, NAME) == 0 && is(path, OLD_SIZE, OLD))
            name = "old";
        else if (strncmp(path, TEMPORARY, strlen(TEMPORARY)) == 0 && !*temporary)
            temporary = is(path, NEW_SIZE, NEW) ? " and a complete temporary" : " and a temporary";
        else
            fail("neither complete nor temporary", path);
    }
    closedir(directory);
    snprintf(words, sizeof words, "%s%s", name, temporary);
    return words;
}

static pid_t start(char **arguments, int traced)
{
    pid_t child = fork();
    if (child == 0) {
        if (traced)
            ptrace(PTRACE_TRACEME, 0, 0, 0);
        execv(arguments[0], arguments);
        _exit(127);
    }
    return child;
}

static void run(char **arguments)
{
    int status;
    pid_t child = start(arguments, 0);
    if (waitpid(child, &status, 0) != child || status != 0)
        fail("cannot run", arguments[0]);
}

/* Whether the next instruction is a system call. */
static int at_call(pid_t child)
{
    struct user_regs_struct registers;
    ptrace(PTRACE_GETREGS, child, 0, &registers);
    return (ptrace(PTRACE_PEEKTEXT, child, registers.rip, 0) & 0xffff) == 0x050f;
}

enum how { ENDED, KILLED, KILLED_AT_CALL };

/* Stops the program at a system call `stops` times, makes `steps` steps, and kills it. */
static enum how run_and_kill(char **arguments, unsigned long stops, unsigned long steps)
{
    int status;
    pid_t child = start(arguments, 1);
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        fail("cannot trace", arguments[0]);
    for (unsigned long done = 0; done < stops + steps; done++) {
        ptrace(done < stops ? PTRACE_SYSCALL : PTRACE_SINGLESTEP, child, 0, 0);
        if (waitpid(child, &status, 0) != child)
            fail("lost", arguments[0]);
        if (!WIFSTOPPED(status)) {
            if (status != 0)
                fail("not killed, and not successful", arguments[0]);
            return ENDED;
        }
    }
    enum how how = at_call(child) ? KILLED_AT_CALL : KILLED;
    kill(child, SIGKILL);
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        fail("not killed", arguments[0]);
    return how;
}

static struct statvfs memory(void)
{
    struct statvfs memory;
    if (statvfs("/dev/shm", &memory) != 0)
        fail("statvfs", "/dev/shm");
    return memory;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: kill instructions|calls create|replace CREATOR\n");
        return 2;
    }
    int whole_calls = strcmp(argv[1], "calls") == 0;
    int replace = strcmp(argv[2], "replace") == 0;
    char *old[] = {argv[3], "-s4096", "1", "2", "3", NULL};
    char *new[] = {argv[3], replace ? "-r" : NULL, NULL};
    struct statvfs before = memory();
    if (before.f_blocks * before.f_frsize > PRIVATE_AT_MOST || before.f_bfree != before.f_blocks ||
        strcmp(state(), "nothing") != 0) {
        fprintf(stderr, "/dev/shm is not empty, or too large to be a private one\n");
        return 2;
    }
    umask(022);
    unsigned long stops = 0, steps = 0;
    for (enum how how = KILLED; how != ENDED; kills++) {
        if (replace)
            run(old);
        how = run_and_kill(new, stops, steps);
        const char *now = state();
        if (how != ENDED) {
            printf("%s\n", now);
            fflush(stdout);
        }
        /* At full speed up to the last call: single steps from the start would take minutes. */
        if (whole_calls) {
            stops++;
        } else if (how == KILLED_AT_CALL) {
            stops += 2;
            steps = 0;
        } else {
            steps++;
        }

        if (!replace)
            unlink(NAME);
        run(new);
        if (strcmp(state(), "new") != 0)
            fail("the next one left", state());
        unlink(NAME);
        struct statvfs after = memory();
        if (after.f_bfree != before.f_bfree || after.f_ffree != before.f_ffree)
            fail("memory", "is left");
    }
    return 0;
}
