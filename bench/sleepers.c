/* One sleeping process for each line of standard input: the cgroup directories it joins, separated by tabs.
 *
 * Each joins before it touches 256 KiB, so that this memory is charged to its cgroup. Prints "ready" when all have
 * joined; all die with this process, and this one with the process that started it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MEMORY = 256 * 1024 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void join(const char *directory)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, "0", 1) != 1)
        fail(path);
    close(file);
}

static void sleep_in(char *directories, int ready)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (char *one = strtok(directories, "\t\n"); one; one = strtok(NULL, "\t\n"))
        join(one);
    char *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    memset(memory, 1, MEMORY);
    if (write(ready, "", 1) != 1)
        fail("ready");
    close(ready);
    for (;;)
        pause();
}

int main(void)
{
    int ready[2], count = 0;
    char *line = NULL, byte;
    size_t size = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (pipe2(ready, O_CLOEXEC) < 0)
        fail("pipe");
    for (; getline(&line, &size, stdin) > 0; count++) {
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (child == 0)
            sleep_in(line, ready[1]);
    }
    close(ready[1]);
    while (count > 0 && read(ready[0], &byte, 1) == 1)
        count--;
    if (count > 0)
        return 1;
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
