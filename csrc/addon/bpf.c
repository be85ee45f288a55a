/* Device programs of cgroup v2 (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE). */
#include "addon.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel attaches at most 64 programs to one cgroup (BPF_CGROUP_MAX_PROGS). */
#define MOST_PROGRAMS 64

static long bpf(int command, union bpf_attr *attributes) {
    return syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static uint64_t address(const void *pointer) {
    return (uint64_t)(uintptr_t)pointer;
}

static napi_value load_device_program(napi_env env, napi_callback_info info) {
    struct bytes code CLEANUP(bytes_release) = {.text.data = NULL};
    if (!load_device_program_arguments(env, info, &code))
        return NULL;
    if (code.length == 0 || code.length % sizeof(struct bpf_insn) != 0)
        return fail(env, EINVAL, "bpf", NULL);
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = address(code.data);
    attributes.insn_cnt = (uint32_t)(code.length / sizeof(struct bpf_insn));
    attributes.license = address("Apache-2.0");
    memcpy(attributes.prog_name, "tsoci_devices", sizeof "tsoci_devices");
    long descriptor;
    int attempts = 5;
    do
        /* Always close-on-exec. EAGAIN: the verifier was interrupted by a signal. */
        descriptor = bpf(BPF_PROG_LOAD, &attributes);
    while (descriptor < 0 && (errno == EAGAIN || errno == EINTR) && --attempts > 0);
    if (descriptor < 0)
        return fail(env, errno, "bpf", NULL);
    return make_number(env, (double)descriptor);
}

static napi_value attach_device_program(napi_env env, napi_callback_info info) {
    int cgroup = -1;
    int program = -1;
    int replace = -1;
    if (!attach_device_program_arguments(env, info, &cgroup, &program, &replace))
        return NULL;
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (replace >= 0) {
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = (uint32_t)replace;
    }
    if (bpf(BPF_PROG_ATTACH, &attributes) < 0)
        return fail(env, errno, "bpf", NULL);
    return make_undefined(env);
}

static int open_programs(const uint32_t *ids, uint32_t count, int *opened, size_t *length) {
    for (uint32_t i = 0; i < count; i++) {
        union bpf_attr attributes;
        memset(&attributes, 0, sizeof attributes);
        attributes.prog_id = ids[i];
        long descriptor = bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
        /* Detached since we asked. */
        if (descriptor < 0 && errno == ENOENT)
            continue;
        if (descriptor < 0) {
            int error = -errno;
            while (*length > 0)
                close(opened[--*length]);
            return error;
        }
        opened[(*length)++] = (int)descriptor;
    }
    return 0;
}

static napi_value attached_device_programs(napi_env env, napi_callback_info info) {
    int cgroup = -1;
    if (!attached_device_programs_arguments(env, info, &cgroup))
        return NULL;
    uint32_t ids[MOST_PROGRAMS];
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.query.target_fd = (uint32_t)cgroup;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = address(ids);
    attributes.query.prog_cnt = MOST_PROGRAMS;
    if (bpf(BPF_PROG_QUERY, &attributes) < 0)
        return fail(env, errno, "bpf", NULL);
    int opened[MOST_PROGRAMS];
    size_t length = 0;
    int result = open_programs(ids, attributes.query.prog_cnt, opened, &length);
    if (result < 0)
        return fail(env, -result, "bpf", NULL);
    return make_descriptors(env, opened, length);
}

static napi_value detach_device_program(napi_env env, napi_callback_info info) {
    int cgroup = -1;
    int program = -1;
    if (!detach_device_program_arguments(env, info, &cgroup, &program))
        return NULL;
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_DETACH, &attributes) < 0)
        return fail(env, errno, "bpf", NULL);
    return make_undefined(env);
}

static napi_value knows_filter_flags(napi_env env, napi_callback_info info) {
    uint32_t bits = 0;
    if (!knows_filter_flags_arguments(env, info, &bits))
        return NULL;
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, bits, NULL);
    return make_bool(env, result < 0 && errno == EFAULT);
}

napi_status register_bpf(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(loadDeviceProgram, load_device_program),
        EXPORT(attachDeviceProgram, attach_device_program),
        EXPORT(attachedDevicePrograms, attached_device_programs),
        EXPORT(detachDeviceProgram, detach_device_program),
        EXPORT(knowsFilterFlags, knows_filter_flags),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
