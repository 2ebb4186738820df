/* Runs a program one instruction at a time, and counts the instructions from exec to exit:
 *     steps PROGRAM [ARG...]
 * The count goes to standard error, on a line of its own. The exit status is the program's. */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: steps PROGRAM [ARG...]\n");
        return 2;
    }
    pid_t child = fork();
    if (child == -1) {
        perror("fork");
        return 2;
    }
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execv(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    unsigned long steps = 0;
    int status;
    /* The first stop is that of the exec. */
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        int signal = WSTOPSIG(status);
        steps++;
        ptrace(PTRACE_SINGLESTEP, child, 0, signal == SIGTRAP ? 0 : signal);
    }
    fprintf(stderr, "%lu\n", steps);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
