/*
 * The layers of an overlay. mount(2) takes a page of options, which forty layers fill; since Linux 6.5 they
 * are handed over one by one. Before, what does not fit the page is named by its descriptor: the thread's
 * working directory is the one of its descriptors then.
 */
#include "mounting.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What fsconfig(2) takes as a string, with its end. */
#define LONGEST_STRING 256
#define PAGE 4096

void layers_release(struct layers *layers) {
    for (uint32_t i = 0; i < layers->count; i++)
        close(layers->opened[i]);
    free(layers->opened);
}

static int keep_open(struct mounting *mounting, struct layers *layers, int descriptor) {
    if (descriptor < 0)
        return -1;
    if (layers->opened == NULL)
        layers->opened = calloc(mounting->layers.count + 1U, sizeof *layers->opened);
    if (layers->opened == NULL) {
        close(descriptor);
        return work_fail(&mounting->work, ENOMEM, "malloc", "layers");
    }
    layers->opened[layers->count++] = descriptor;
    return descriptor;
}

static int open_layer(struct mounting *mounting, struct layers *layers, const char *path,
                      int user_namespace) {
    if (user_namespace >= 0)
        return keep_open(mounting, layers, open_tree_copy(mounting, path, user_namespace));
    int descriptor = open_again(path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (descriptor < 0)
        return work_fail(&mounting->work, errno, "open", path);
    return keep_open(mounting, layers, descriptor);
}

int configure(struct mounting *mounting, int context, struct setting setting) {
    const char *key = setting.key;
    const char *value = setting.value;
    if (syscall(SYS_fsconfig, context, setting.command, key, value, 0) == 0)
        return 0;
    int error = errno;
    char said[384];
    int length = snprintf(said, sizeof said, "%s%s%s", key == NULL ? mounting->source.data : key,
                          value == NULL ? "" : "=", value == NULL ? "" : value);
    size_t at = length < 0 ? 0 : (size_t)length < sizeof said ? (size_t)length : sizeof said - 1;
    /* Each read gives one line: severity, a space, the text. */
    char line[256];
    ssize_t count = read(context, line, sizeof line - 1);
    if (count > 2) {
        line[count] = '\0';
        line[strcspn(line, "\n")] = '\0';
        snprintf(said + at, sizeof said - at, ": %s", line + 2);
    }
    return work_fail(&mounting->work, error, "fsconfig", said);
}

int configure_layers(struct mounting *mounting, int context, struct layers *layers) {
    int user_namespace CLEANUP(close_release) = -1;
    if (mounting->uid_map.length > 0 && (user_namespace = open_user_namespace(mounting)) < 0)
        return -1;
    for (uint32_t i = 0; i < mounting->layers.count; i++) {
        const char *path = mounting->layers.items[i];
        char name[32];
        if (user_namespace >= 0 || strlen(path) >= LONGEST_STRING) {
            int layer = open_layer(mounting, layers, path, user_namespace);
            if (layer < 0)
                return -1;
            snprintf(name, sizeof name, "/proc/thread-self/fd/%d", layer);
            path = name;
        }
        if (configure(mounting, context, (struct setting){FSCONFIG_SET_STRING, "lowerdir+", path}) < 0)
            return -1;
    }
    return 0;
}

/* ---- the old way ---- */

static int add(struct mounting *mounting, char *page, const char *separator, const char *word) {
    size_t length = strlen(page);
    if (length + strlen(separator) + strlen(word) + 1 > PAGE)
        return work_fail(&mounting->work, ENAMETOOLONG, "mount", "options of an overlay that fill a page");
    sprintf(page + length, "%s%s", separator, word);
    return 0;
}

/* A colon stands between layers, a comma between options, and a backslash before what is part of a name. */
static bool is_separator(char byte) {
    return byte == ':' || byte == ',' || byte == '\\';
}

static size_t escaped_length(const char *path) {
    size_t length = strlen(path);
    for (const char *at = path; *at != '\0'; at++)
        length += is_separator(*at);
    return length;
}

static void escape(char *to, const char *path) {
    for (; *path != '\0'; path++) {
        if (is_separator(*path))
            *to++ = '\\';
        *to++ = *path;
    }
    *to = '\0';
}

static bool fits(const struct mounting *mounting) {
    size_t length = sizeof "lowerdir=";
    for (uint32_t i = 0; i < mounting->parameters.count; i++)
        length += escaped_length(mounting->parameters.items[i]) + 1;
    for (uint32_t i = 0; i < mounting->layers.count; i++)
        length += escaped_length(mounting->layers.items[i]) + 1;
    return length < PAGE;
}

static int add_layers(struct mounting *mounting, char *page, struct layers *layers) {
    bool by_name = fits(mounting);
    if (!by_name && (unshare(CLONE_FS) < 0 || chdir("/proc/thread-self/fd") < 0))
        return work_fail(&mounting->work, errno, "chdir", "/proc/thread-self/fd");
    for (uint32_t i = 0; i < mounting->layers.count; i++) {
        char word[PAGE];
        if (by_name)
            escape(word, mounting->layers.items[i]);
        else
            snprintf(word, sizeof word, "%d", open_layer(mounting, layers, mounting->layers.items[i], -1));
        if (mounting->work.error != 0 || add(mounting, page, i == 0 ? "lowerdir=" : ":", word) < 0)
            return -1;
    }
    return 0;
}

int mount_layers(struct mounting *mounting, int target, struct layers *layers) {
    char page[PAGE] = "";
    char path[32];
    if (add_layers(mounting, page, layers) < 0)
        return -1;
    for (uint32_t i = 0; i < mounting->parameters.count; i++) {
        const char *parameter = mounting->parameters.items[i];
        char word[PAGE];
        if (escaped_length(parameter) >= sizeof word)
            return work_fail(&mounting->work, ENAMETOOLONG, "mount", parameter);
        escape(word, parameter);
        if (add(mounting, page, ",", word) < 0)
            return -1;
    }
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", target);
    /* Read-only, nosuid, nodev and noexec have the same bits as attributes and as flags. */
    unsigned long flags = mounting->set & 0xfU;
    if (syscall(SYS_mount, mounting->source.data, path, mounting->type.data, flags, page) == 0)
        return 0;
    return work_fail(&mounting->work, errno, "mount", page);
}
