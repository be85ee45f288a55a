/* What a server needs: stream sockets that never block, and what a process is to the kernel that lives long.
 */
#include "../addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Newer than the headers may be: Linux 5.14. */
#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#endif
#define SCHED_CORE_CREATE 1
#define SCHED_CORE_SCOPE_PROCESS_GROUP 2

/* The file is never more open than 0600: the socket has that mode before it has a name. */
static int listen_stream_at(int descriptor, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length + 1);
    if (fchmod(descriptor, 0600) < 0)
        return -errno;
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    int result = chmod(path, 0600) < 0 || listen(descriptor, 128) < 0 ? -errno : 0;
    if (result < 0)
        unlink(path);
    return result;
}

static napi_value listen_stream(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!listen_stream_arguments(env, info, &path))
        return NULL;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return fail(env, errno, "socket", NULL);
    int result = listen_stream_at(descriptor, path.data);
    if (result == 0)
        return make_number(env, descriptor);
    close(descriptor);
    return fail(env, -result, "bind", path.data);
}

static napi_value make_peer(napi_env env, int descriptor, const struct ucred *peer) {
    napi_value object = NULL;
    if (napi_create_object(env, &object) != napi_ok) {
        close(descriptor);
        return fail(env, ENOMEM, "object", NULL);
    }
    set_property(env, object, "socket", make_number(env, descriptor));
    set_property(env, object, "pid", make_number(env, peer->pid));
    set_property(env, object, "uid", make_number(env, peer->uid));
    set_property(env, object, "gid", make_number(env, peer->gid));
    return object;
}

static napi_value accept_stream(napi_env env, napi_callback_info info) {
    int listening = -1;
    if (!accept_arguments(env, info, &listening))
        return NULL;
    int descriptor;
    do
        descriptor = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (descriptor < 0 && errno == EAGAIN)
        return make_undefined(env);
    if (descriptor < 0)
        return fail(env, errno, "accept", NULL);
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
        return make_peer(env, descriptor, &peer);
    int error = errno;
    close(descriptor);
    return fail(env, error, "getsockopt", NULL);
}

/* undefined: nothing is there yet. No bytes: the peer has closed. */
static napi_value receive_some(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    char buffer[16384];
    if (!receive_some_arguments(env, info, &descriptor))
        return NULL;
    ssize_t count;
    do
        count = recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN)
        return make_undefined(env);
    if (count < 0)
        return fail(env, errno, "recv", NULL);
    return make_bytes(env, buffer, (size_t)count);
}

/* How much of the bytes from `offset` on the socket took at once; 0 when it is full. */
static napi_value send_some(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    size_t offset = 0;
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    if (!send_some_arguments(env, info, &descriptor, &data, &offset))
        return NULL;
    if (offset >= data.length)
        return make_number(env, 0);
    ssize_t count;
    do
        count = send(descriptor, data.data + offset, data.length - offset, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN)
        count = 0;
    if (count < 0)
        return fail(env, errno, "send", NULL);
    return make_number(env, (double)count);
}

/* Nobody reads or writes any more: whoever waits for the socket sees its end. */
static napi_value end_socket(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    if (!end_socket_arguments(env, info, &descriptor))
        return NULL;
    if (shutdown(descriptor, SHUT_RDWR) < 0 && errno != ENOTCONN)
        return fail(env, errno, "shutdown", NULL);
    return make_undefined(env);
}

/* ---- what we are to the kernel ---- */

static napi_value share_core(napi_env env, napi_callback_info info) {
    (void)info;
    if (prctl(PR_SCHED_CORE, SCHED_CORE_CREATE, 0, SCHED_CORE_SCOPE_PROCESS_GROUP, 0) < 0)
        return fail(env, errno, "prctl", NULL);
    return make_undefined(env);
}

static napi_value start_session(napi_env env, napi_callback_info info) {
    (void)info;
    if (setsid() < 0 && errno != EPERM)
        return fail(env, errno, "setsid", NULL);
    return make_undefined(env);
}

static napi_value parent_id(napi_env env, napi_callback_info info) {
    (void)info;
    return make_number(env, getppid());
}

static napi_value ignore_signal(napi_env env, napi_callback_info info) {
    int number = 0;
    if (!ignore_signal_arguments(env, info, &number))
        return NULL;
    if (signal(number, SIG_IGN) == SIG_ERR)
        return fail(env, errno, "signal", NULL);
    return make_undefined(env);
}

/* The signals no longer interrupt: each is 128 bytes to be read here, the first four of them its number. */
static napi_value signal_descriptor(napi_env env, napi_callback_info info) {
    struct descriptors numbers CLEANUP(descriptors_release) = {.items = NULL};
    if (!signal_descriptor_arguments(env, info, &numbers))
        return NULL;
    sigset_t set;
    sigemptyset(&set);
    for (uint32_t i = 0; i < numbers.count; i++)
        sigaddset(&set, numbers.items[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return fail(env, errno, "sigprocmask", NULL);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0)
        return fail(env, errno, "signalfd", NULL);
    return make_number(env, descriptor);
}

/* `to` is what `from` is, and what we start has it too. */
static napi_value replace_descriptor(napi_env env, napi_callback_info info) {
    int from = -1;
    int to = -1;
    if (!replace_descriptor_arguments(env, info, &from, &to))
        return NULL;
    if (dup2(from, to) < 0)
        return fail(env, errno, "dup2", NULL);
    return make_undefined(env);
}

/* A descriptor that was handed to us is for us alone from now on. */
static napi_value keep_from_children(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    if (!keep_from_children_arguments(env, info, &descriptor))
        return NULL;
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 ||
        fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0)
        return fail(env, errno, "fcntl", NULL);
    return make_undefined(env);
}

napi_status register_serve(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(listenStream, listen_stream),
        EXPORT(accept, accept_stream),
        EXPORT(receiveSome, receive_some),
        EXPORT(sendSome, send_some),
        EXPORT(endSocket, end_socket),
        EXPORT(startSession, start_session),
        EXPORT(shareCore, share_core),
        EXPORT(parentId, parent_id),
        EXPORT(ignoreSignal, ignore_signal),
        EXPORT(signalDescriptor, signal_descriptor),
        EXPORT(replaceDescriptor, replace_descriptor),
        EXPORT(keepFromChildren, keep_from_children),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
