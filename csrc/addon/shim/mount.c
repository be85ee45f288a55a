/* Mounting and unmounting, on threads of their own (work.c). */
#include "mounting.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_target(struct mounting *mounting) {
    int root CLEANUP(close_release) = open_again(mounting->root.data, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (root < 0)
        return work_fail(&mounting->work, errno, "open", mounting->root.data);
    const char *target = mounting->target.length == 0 ? "." : mounting->target.data;
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    long result = syscall(SYS_openat2, root, target, &how, sizeof how);
    return result < 0 ? work_fail(&mounting->work, errno, "openat2", target) : (int)result;
}

static int configure_all(struct mounting *mounting, int context, const char *source) {
    if (*source != '\0' &&
        configure(mounting, context, (struct setting){FSCONFIG_SET_STRING, "source", source}) < 0)
        return -1;
    if ((mounting->set & MOUNT_ATTR_RDONLY) != 0 &&
        configure(mounting, context, (struct setting){FSCONFIG_SET_FLAG, "ro", NULL}) < 0)
        return -1;
    for (uint32_t i = 0; i < mounting->parameters.count; i++) {
        char *key = mounting->parameters.items[i];
        char *equals = strchr(key, '=');
        if (equals != NULL)
            *equals = '\0';
        unsigned command = equals == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
        if (configure(mounting, context, (struct setting){command, key, equals == NULL ? NULL : equals + 1}) <
            0)
            return -1;
    }
    return 0;
}

/* A mount of a filesystem that is attached nowhere. */
static int make_filesystem(struct mounting *mounting, struct layers *layers) {
    char path[32] = "";
    int device CLEANUP(close_release) = -1;
    if ((mounting->flags & MOUNTING_LOOP) != 0 && (device = open_loop(mounting, path)) < 0)
        return -1;
    int context CLEANUP(close_release) = (int)syscall(SYS_fsopen, mounting->type.data, FSOPEN_CLOEXEC);
    if (context < 0)
        return work_fail(&mounting->work, errno, "fsopen", mounting->type.data);
    if (configure_all(mounting, context, device < 0 ? mounting->source.data : path) < 0 ||
        configure_layers(mounting, context, layers) < 0 ||
        configure(mounting, context, (struct setting){FSCONFIG_CMD_CREATE, NULL, NULL}) < 0)
        return -1;
    long result = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, mounting->set);
    return result < 0 ? work_fail(&mounting->work, errno, "fsmount", mounting->type.data) : (int)result;
}

/*
 * A copy of what is mounted elsewhere, with attributes of its own. A slave, unless something else is asked
 * for: what lies below goes when the copy is taken off, which the original must not hear.
 */
static int make_bind(struct mounting *mounting, int user_namespace) {
    int tree = open_tree_copy(mounting, mounting->source.data, user_namespace);
    struct mount_attr attributes = {
        .attr_set = mounting->set,
        .attr_clr = mounting->clear,
        .propagation = mounting->propagation == 0 ? MS_SLAVE : 0,
    };
    unsigned recursive = (mounting->flags & MOUNTING_RECURSIVE) != 0 ? AT_RECURSIVE : 0;
    if (tree < 0 ||
        syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | recursive, &attributes, sizeof attributes) == 0)
        return tree;
    int error = errno;
    close(tree);
    return work_fail(&mounting->work, error, "mount_setattr", mounting->source.data);
}

/* An overlay's own files cannot be mapped: its layers are. */
static int map_whole(struct mounting *mounting, int made, int user_namespace) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)user_namespace};
    if (user_namespace < 0 ||
        syscall(SYS_mount_setattr, made, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0)
        return 0;
    return work_fail(&mounting->work, errno, "mount_setattr", mounting->type.data);
}

static int attach(struct mounting *mounting, int made, int target) {
    struct mount_attr attributes = {.propagation = mounting->propagation};
    if (mounting->propagation != 0 &&
        syscall(SYS_mount_setattr, made, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
        return work_fail(&mounting->work, errno, "mount_setattr", mounting->target.data);
    if (syscall(SYS_move_mount, made, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
        return 0;
    return work_fail(&mounting->work, errno, "move_mount", mounting->root.data);
}

static void run_mount(struct work *work) {
    struct mounting *mounting = (struct mounting *)work;
    struct layers layers CLEANUP(layers_release) = {.opened = NULL};
    int target CLEANUP(close_release) = open_target(mounting);
    if (target < 0)
        return;
    if (mounting->layers.count > 0 && (mounting->flags & MOUNTING_ONE_BY_ONE) == 0) {
        mount_layers(mounting, target, &layers);
        return;
    }
    int user_namespace CLEANUP(close_release) = -1;
    if (mounting->uid_map.length > 0 && mounting->layers.count == 0 &&
        (user_namespace = open_user_namespace(mounting)) < 0)
        return;
    bool bind = (mounting->flags & MOUNTING_BIND) != 0;
    int made CLEANUP(close_release) =
        bind ? make_bind(mounting, user_namespace) : make_filesystem(mounting, &layers);
    if (made >= 0 && (bind || map_whole(mounting, made, user_namespace) == 0))
        attach(mounting, made, target);
}

static void release_mount(struct work *work) {
    struct mounting *mounting = (struct mounting *)work;
    text_release(&mounting->root);
    text_release(&mounting->target);
    text_release(&mounting->type);
    text_release(&mounting->source);
    text_release(&mounting->uid_map);
    text_release(&mounting->gid_map);
    strings_release(&mounting->parameters);
    strings_release(&mounting->layers);
    free(mounting);
}

static bool property(napi_env env, napi_value object, const char *name, napi_value *value) {
    if (napi_get_named_property(env, object, name, value) == napi_ok)
        return true;
    fail_type(env, "expected an object");
    return false;
}

static bool take_words(napi_env env, napi_value request, struct mounting *mounting) {
    const struct {
        const char *name;
        struct text *text;
    } words[] = {
        {"root", &mounting->root},     {"target", &mounting->target},  {"type", &mounting->type},
        {"source", &mounting->source}, {"uidMap", &mounting->uid_map}, {"gidMap", &mounting->gid_map},
    };
    for (size_t i = 0; i < COUNT(words); i++) {
        napi_value value = NULL;
        if (!property(env, request, words[i].name, &value) || !take_text(env, value, words[i].text))
            return false;
    }
    return true;
}

static bool take_numbers(napi_env env, napi_value request, struct mounting *mounting) {
    const struct {
        const char *name;
        uint32_t *number;
    } numbers[] = {
        {"flags", &mounting->flags},
        {"set", &mounting->set},
        {"clear", &mounting->clear},
        {"propagation", &mounting->propagation},
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        napi_value value = NULL;
        if (!property(env, request, numbers[i].name, &value) || !take_uint(env, value, numbers[i].number))
            return false;
    }
    return true;
}

static bool take_mounting(napi_env env, napi_callback_info info, struct mounting *mounting) {
    napi_value request = NULL;
    napi_value value = NULL;
    return mount_async_arguments(env, info, &request) && take_words(env, request, mounting) &&
           take_numbers(env, request, mounting) && property(env, request, "parameters", &value) &&
           take_strings(env, value, &mounting->parameters) && property(env, request, "layers", &value) &&
           take_strings(env, value, &mounting->layers);
}

static napi_value mount_async(napi_env env, napi_callback_info info) {
    struct mounting *mounting = calloc(1, sizeof *mounting);
    if (mounting == NULL)
        return fail(env, ENOMEM, "malloc", NULL);
    mounting->work.run = run_mount;
    mounting->work.release = release_mount;
    if (take_mounting(env, info, mounting))
        return work_start(env, &mounting->work);
    release_mount(&mounting->work);
    return NULL;
}

/* ---- unmounting ---- */

struct unmounting {
    struct work work;
    struct text path;
    uint32_t flags;
};

static void run_unmount(struct work *work) {
    const struct unmounting *unmounting = (struct unmounting *)work;
    bool mounted = false;
    while (syscall(SYS_umount2, unmounting->path.data, unmounting->flags) == 0)
        mounted = true;
    /* It is no mount point any more. */
    if (!mounted || errno != EINVAL)
        work_fail(work, errno, "umount2", unmounting->path.data);
}

static void release_unmount(struct work *work) {
    text_release(&((struct unmounting *)work)->path);
    free(work);
}

static napi_value unmount_async(napi_env env, napi_callback_info info) {
    struct unmounting *unmounting = calloc(1, sizeof *unmounting);
    if (unmounting == NULL)
        return fail(env, ENOMEM, "malloc", NULL);
    unmounting->work.run = run_unmount;
    unmounting->work.release = release_unmount;
    unmounting->path.data = unmounting->path.room;
    if (unmount_async_arguments(env, info, &unmounting->path, &unmounting->flags))
        return work_start(env, &unmounting->work);
    release_unmount(&unmounting->work);
    return NULL;
}

napi_status register_mounts(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(mountAsync, mount_async),
        EXPORT(unmountAsync, unmount_async),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
