/* The table of contents: hands every file's functions to JavaScript. */
#include "addon.h"

/* What NAPI_MODULE_INIT defines; older headers do not declare it. */
NAPI_MODULE_EXPORT int32_t NODE_API_MODULE_GET_API_VERSION(void);

NAPI_MODULE_INIT() {
    static napi_status (*const parts[])(napi_env, napi_value) = {
        register_files, register_names,     register_directories, register_descriptors, register_memory_files,
        register_spawn, register_processes, register_sockets,     register_messages,    register_terminals,
        register_bpf,   register_netlink,   register_watch,       register_hash,        register_encode,
        register_trees, register_streams,   register_serve,       register_mounts,      register_orphans,
        register_opens,
    };
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (parts[i](env, exports) != napi_ok) {
            napi_throw_error(env, NULL, "tsoci.node could not register its functions");
            return NULL;
        }
    }
    return exports;
}
