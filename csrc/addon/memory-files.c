/* Files that live in memory, most of which can never change again (memfd_create(2), F_ADD_SEALS in fcntl(2)).
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.3; the headers may be older than the kernel. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

/* `kind` is MFD_EXEC or MFD_NOEXEC_SEAL, left out where the kernel does not know them. */
static int memory_file(const char *name, unsigned int kind) {
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | kind);
    if (descriptor < 0 && errno == EINVAL)
        descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return descriptor < 0 ? -errno : descriptor;
}

static int seal(int descriptor) {
    const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (fcntl(descriptor, F_ADD_SEALS, all | F_SEAL_EXEC) == 0)
        return 0;
    if (errno == EINVAL && fcntl(descriptor, F_ADD_SEALS, all) == 0)
        return 0;
    return -errno;
}

static int copy_content(int from, int to) {
    for (;;) {
        ssize_t count = sendfile(to, from, NULL, 0x7ffff000);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            return 0;
    }
}

/*
 * vm.memfd_noexec=2 forbids programs in memory (EACCES). The file itself by a read-only mount that nobody has
 * mounted anywhere is as safe from whoever finds it as /proc/PID/exe (CVE-2019-5736): it cannot be opened for
 * writing, and no path leads around the mount. Takes CAP_SYS_ADMIN.
 */
static int read_only_clone(const char *path) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return -errno;
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0)
        return tree;
    int error = -errno;
    close(tree);
    return error;
}

static napi_value sealed_copy(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct text name CLEANUP(text_release) = {.data = NULL};
    if (!sealed_copy_arguments(env, info, &path, &name))
        return NULL;
    int source CLEANUP(close_release) = open_again(path.data, O_RDONLY | O_NOCTTY, 0);
    if (source < 0)
        return fail(env, errno, "open", path.data);
    int target = memory_file(name.data, MFD_EXEC);
    if (target == -EACCES) {
        int clone = read_only_clone(path.data);
        if (clone >= 0)
            return make_number(env, clone);
    }
    if (target < 0)
        return fail(env, -target, "memfd_create", NULL);
    const char *call = "sendfile";
    int result = copy_content(source, target);
    if (result == 0) {
        call = "fcntl";
        result = seal(target);
    }
    if (result == 0)
        return make_number(env, target);
    close(target);
    return fail(env, -result, call, path.data);
}

static napi_value sealed_bytes(napi_env env, napi_callback_info info) {
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    struct text name CLEANUP(text_release) = {.data = NULL};
    if (!sealed_bytes_arguments(env, info, &data, &name))
        return NULL;
    int target = memory_file(name.data, MFD_NOEXEC_SEAL);
    if (target < 0)
        return fail(env, -target, "memfd_create", NULL);
    const char *syscall = "write";
    int result = write_all(target, data.data, data.length);
    if (result == 0 && lseek(target, 0, SEEK_SET) < 0) {
        syscall = "lseek";
        result = -errno;
    }
    if (result == 0) {
        syscall = "fcntl";
        result = seal(target);
    }
    if (result == 0)
        return make_number(env, target);
    close(target);
    return fail(env, -result, syscall, NULL);
}

/* One that others write to. */
static napi_value scratch_file(napi_env env, napi_callback_info info) {
    struct text name CLEANUP(text_release) = {.data = NULL};
    if (!scratch_file_arguments(env, info, &name))
        return NULL;
    int target = memory_file(name.data, MFD_NOEXEC_SEAL);
    return target < 0 ? fail(env, -target, "memfd_create", NULL) : make_number(env, target);
}

napi_status register_memory_files(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(sealedCopy, sealed_copy),
        EXPORT(sealedBytes, sealed_bytes),
        EXPORT(scratchFile, scratch_file),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
