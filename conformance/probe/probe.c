/*
 * What the kernel knows of a process and no file of /proc tells.
 *
 *   probe PID          scheduler, I/O priority and affinity of a process of the host, as JSON
 *   probe self WHAT…   about itself, from inside a container: mempolicy, personality, securebits
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
    uint32_t clamp_min;
    uint32_t clamp_max;
};

static int of_process(int pid) {
    struct scheduling attributes = { .size = sizeof(attributes) };
    cpu_set_t cpus;
    if (syscall(SYS_sched_getattr, pid, &attributes, sizeof(attributes), 0) < 0) {
        perror("sched_getattr");
        return 1;
    }
    long io = syscall(SYS_ioprio_get, 1, pid);
    if (io < 0) {
        perror("ioprio_get");
        return 1;
    }
    if (sched_getaffinity(pid, sizeof(cpus), &cpus) < 0) {
        perror("sched_getaffinity");
        return 1;
    }
    printf("{\"scheduler\":{\"policy\":%u,\"flags\":%llu,\"nice\":%d,\"priority\":%u,\"runtime\":%llu,\"deadline\":%llu,"
           "\"period\":%llu},\"ioPriority\":{\"class\":%ld,\"level\":%ld},\"affinity\":[",
           attributes.policy, (unsigned long long)attributes.flags, attributes.nice, attributes.priority,
           (unsigned long long)attributes.runtime, (unsigned long long)attributes.deadline,
           (unsigned long long)attributes.period, io >> 13, io & 0x1fff);
    const char *comma = "";
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &cpus))
            continue;
        printf("%s%d", comma, cpu);
        comma = ",";
    }
    puts("]}");
    return 0;
}

static int of_self(const char *what) {
    if (strcmp(what, "mempolicy") == 0) {
        int mode = -1;
        unsigned long nodes[16] = { 0 };
        if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof(nodes) * 8, NULL, 0) < 0)
            return perror("get_mempolicy"), 1;
        printf("mempolicy %d %lx\n", mode, nodes[0]);
    } else if (strcmp(what, "personality") == 0) {
        printf("personality %x\n", (unsigned)personality(0xffffffff));
    } else if (strcmp(what, "securebits") == 0) {
        printf("securebits %x\n", (unsigned)prctl(PR_GET_SECUREBITS));
    } else {
        fprintf(stderr, "unknown: %s\n", what);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 1;
    if (strcmp(argv[1], "self") != 0)
        return of_process(atoi(argv[1]));
    for (int i = 2; i < argc; i++) {
        if (of_self(argv[i]) != 0)
            return 1;
    }
    return 0;
}
