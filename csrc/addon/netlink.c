/* Netlink sockets, also in another process's network namespace. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    int namespace;
    int result;
};

static int open_route_socket(void) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return descriptor < 0 ? -errno : descriptor;
}

/* A thread of its own changes namespace and ends: a socket stays in the namespace in which it was made. */
static void *open_there(void *argument) {
    struct request *request = argument;
    if (setns(request->namespace, CLONE_NEWNET) < 0)
        request->result = -errno;
    else
        request->result = open_route_socket();
    return NULL;
}

static int open_in(int pid) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
    CLEANUP(close_release) int namespace = open_again(path, O_RDONLY, 0);
    if (namespace < 0)
        return -errno;
    struct request request = {.namespace = namespace, .result = -EIO};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, open_there, &request);
    if (error != 0)
        return -error;
    pthread_join(thread, NULL);
    return request.result;
}

static napi_value route_socket(napi_env env, napi_callback_info info) {
    int pid = 0;
    if (!route_socket_arguments(env, info, &pid))
        return NULL;
    int descriptor = pid == 0 ? open_route_socket() : open_in(pid);
    if (descriptor < 0)
        return fail(env, -descriptor, "socket", NULL);
    return make_number(env, descriptor);
}

napi_status register_netlink(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {EXPORT(routeSocket, route_socket)};
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
