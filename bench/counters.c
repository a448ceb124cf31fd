/* The floor of reading counters: what the kernel charges for it, with next to nothing around.
 *
 * Usage: counters CPUS EVENT ... < DIRECTORIES AND ROUNDS
 * For each cgroup directory, one a line up to an empty one, opens a group of software events on each CPU. Then, for each
 * further line: one read of each group, what was counted scaled and added up over the CPUs; prints the CPU time [us].
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EVENTS = 8 };

struct group { int leader; uint64_t enabled, running, values[MOST_EVENTS]; };

static struct group *groups;
static uint64_t (*totals)[MOST_EVENTS];
static size_t cgroups;
static int cpus, events, configs[MOST_EVENTS];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int opened(int config, int cgroup, int cpu, int leader)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = (uint64_t)config, .disabled = leader < 0,
        .read_format = PERF_FORMAT_GROUP | PERF_FORMAT_ID | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING};
    unsigned long flags = PERF_FLAG_FD_CLOEXEC | (leader < 0 ? PERF_FLAG_PID_CGROUP : 0);
    int event = (int)syscall(SYS_perf_event_open, &attributes, leader < 0 ? cgroup : -1, cpu, leader, flags);
    if (event < 0)
        fail("perf_event_open");
    return event;
}

static void add_cgroup(const char *directory)
{
    int cgroup = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroup < 0)
        fail(directory);
    groups = realloc(groups, (cgroups + 1) * (size_t)cpus * sizeof *groups);
    totals = realloc(totals, (cgroups + 1) * sizeof *totals);
    if (!groups || !totals)
        fail("memory");
    memset(totals[cgroups], 0, sizeof *totals);
    for (int cpu = 0; cpu < cpus; cpu++) {
        struct group *one = &groups[cgroups * (size_t)cpus + (size_t)cpu];
        memset(one, 0, sizeof *one);
        one->leader = opened(configs[0], cgroup, cpu, -1);
        for (int event = 1; event < events; event++)
            opened(configs[event], cgroup, cpu, one->leader);
        if (ioctl(one->leader, PERF_EVENT_IOC_RESET, 1) < 0 || ioctl(one->leader, PERF_EVENT_IOC_ENABLE, 1) < 0)
            fail("ioctl");
    }
    cgroups++;
}

static void read_group(struct group *one, uint64_t *sums)
{
    uint64_t found[3 + 2 * MOST_EVENTS];
    size_t size = sizeof *found * (size_t)(3 + 2 * events);
    if (read(one->leader, found, size) != (ssize_t)size)
        fail("read");
    uint64_t enabled = found[1] - one->enabled, running = found[2] - one->running;
    one->enabled = found[1];
    one->running = found[2];
    for (int event = 0; event < events; event++) {
        uint64_t value = found[3 + 2 * event], counted = value - one->values[event];
        one->values[event] = value;
        if (running)
            sums[event] += running == enabled ? counted : (uint64_t)((__uint128_t)counted * enabled / running);
    }
}

static double cpu_time(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec * 1e-3;
}

int main(int count, char **arguments)
{
    char *line = NULL;
    size_t size = 0;
    struct rlimit limit;
    if (count < 3 || count - 2 > MOST_EVENTS) {
        fprintf(stderr, "usage: counters CPUS EVENT ... < DIRECTORIES AND ROUNDS\n");
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    cpus = atoi(arguments[1]);
    events = count - 2;
    for (int event = 0; event < events; event++)
        configs[event] = atoi(arguments[2 + event]);
    for (ssize_t length; (length = getline(&line, &size, stdin)) > 1; add_cgroup(line))
        line[length - 1] = 0;
    puts("ready");
    fflush(stdout);
    while (getline(&line, &size, stdin) > 0) {
        double before = cpu_time();
        for (size_t at = 0; at < cgroups * (size_t)cpus; at++)
            read_group(&groups[at], totals[at / (size_t)cpus]);
        printf("%.1f\n", cpu_time() - before);
        fflush(stdout);
    }
    return 0;
}
