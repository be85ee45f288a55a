/* The program of `make demo`: looks around from inside a container and says what it sees. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void heading(const char *text) {
    printf("\n%s\n", text);
}

/* The first line of a file, or "-". */
static void show_file(const char *label, const char *path) {
    char line[256] = "-";
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(line, sizeof(line), file) == NULL)
            strcpy(line, "-");
        fclose(file);
    }
    line[strcspn(line, "\n")] = '\0';
    printf("  %-22s %s\n", label, line);
}

/* A limit that is called differently on cgroup v1 and v2. */
static void show_limit(const char *label, const char *v1, const char *v2) {
    show_file(label, access(v1, R_OK) == 0 ? v1 : v2);
}

static void show_processes(void) {
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    int count = 0;
    while (proc != NULL && (entry = readdir(proc)) != NULL)
        count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
    if (proc != NULL)
        closedir(proc);
    printf("  %-22s %d\n", "processes in /proc", count);
}

static void show_mounts(void) {
    char line[1024];
    FILE *mounts = fopen("/proc/self/mounts", "re");
    while (mounts != NULL && fgets(line, sizeof(line), mounts) != NULL) {
        char *save = NULL;
        strtok_r(line, " ", &save);
        const char *target = strtok_r(NULL, " ", &save);
        const char *type = strtok_r(NULL, " ", &save);
        const char *options = strtok_r(NULL, " ", &save);
        if (options != NULL)
            printf("  %-22s %-8s %.40s\n", target, type, options);
    }
    if (mounts != NULL)
        fclose(mounts);
}

static void show_capabilities(void) {
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "CapEff:", 7) == 0)
            printf("  %-22s %s\n", "capabilities", line + 8);
        if (strncmp(line, "NoNewPrivs:", 11) == 0)
            printf("  %-22s %s\n", "no new privileges", line + 12);
    }
    if (status != NULL)
        fclose(status);
}

int main(void) {
    char hostname[256] = "-";
    struct rlimit files = {0, 0};
    gethostname(hostname, sizeof(hostname) - 1);
    getrlimit(RLIMIT_NOFILE, &files);
    printf("Hello from inside a container.\n");
    heading("Who am I");
    printf("  %-22s %d\n", "process id", (int)getpid());
    printf("  %-22s %s\n", "hostname", hostname);
    printf("  %-22s %u:%u\n", "user and group", (unsigned)getuid(), (unsigned)getgid());
    show_processes();
    show_capabilities();
    heading("What may I use");
    show_limit("memory limit", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max");
    show_limit("processes at most", "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max");
    printf("  %-22s %lu\n", "open files at most", (unsigned long)files.rlim_cur);
    heading("What do I see (mounts)");
    show_mounts();
    return 0;
}
