/*
 * AF_UNIX sockets by path. A socket address holds 107 bytes and a state directory may be longer: what does
 * not fit goes through /proc/self/fd/N, N being the directory (to bind) or the socket itself (to connect).
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static bool set_address(struct sockaddr_un *address, const char *path) {
    address->sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address->sun_path)
        return false;
    memcpy(address->sun_path, path, length + 1);
    return true;
}

/* The directory of a path as an O_PATH descriptor; `name` points at the last part. */
static int open_directory(char *path, const char **name) {
    char *slash = strrchr(path, '/');
    *name = slash == NULL ? path : slash + 1;
    if (slash == NULL)
        return open_again(".", O_PATH | O_DIRECTORY, 0);
    if (slash == path)
        return open_again("/", O_PATH | O_DIRECTORY, 0);
    *slash = '\0';
    int directory = open_again(path, O_PATH | O_DIRECTORY, 0);
    *slash = '/';
    return directory;
}

/* The socket's file is never more open than 0600: its mode is set before it has a name, whatever the umask.
 */
static int bind_private(int socket, const struct sockaddr_un *address, int directory, const char *name) {
    if (fchmod(socket, 0600) < 0)
        return -errno;
    if (bind(socket, (const struct sockaddr *)address, sizeof *address) < 0)
        return -errno;
    struct stat status;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    /* A strange umask took away even the owner's bits. */
    if ((status.st_mode & 0777) != 0600 && fchmodat(directory, name, 0600, 0) < 0)
        return -errno;
    return 0;
}

/* The address of a path's last part in its open directory. */
static int address_in(struct sockaddr_un *address, const char *path, int directory, const char *name) {
    char through[sizeof address->sun_path];
    if (set_address(address, path))
        return 0;
    int length = snprintf(through, sizeof through, "/proc/self/fd/%d/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof through || !set_address(address, through))
        return -ENAMETOOLONG;
    return 0;
}

static int listen_at(int socket, char *path) {
    const char *name = NULL;
    int directory CLEANUP(close_release) = open_directory(path, &name);
    if (directory < 0)
        return -errno;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int found = address_in(&address, path, directory, name);
    if (found < 0)
        return found;
    int result = bind_private(socket, &address, directory, name);
    if (result == -EADDRINUSE)
        return result;
    if (result == 0 && listen(socket, 128) < 0)
        result = -errno;
    if (result < 0)
        unlinkat(directory, name, 0);
    return result;
}

static napi_value listen_socket(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!listen_arguments(env, info, &path))
        return NULL;
    int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return fail(env, errno, "socket", NULL);
    int result = listen_at(descriptor, path.data);
    if (result == 0)
        return make_number(env, descriptor);
    close(descriptor);
    return fail(env, -result, "bind", path.data);
}

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* The mode comes with the name: nothing is done to the path afterwards, where somebody else may have put a
 * link by then. */
static int bind_open(int socket, char *path, mode_t mode) {
    const char *name = NULL;
    int directory CLEANUP(close_release) = open_directory(path, &name);
    if (directory < 0)
        return -errno;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int found = address_in(&address, path, directory, name);
    if (found < 0)
        return found;
    if (fchmod(socket, mode & 0777) < 0)
        return -errno;
    mode_t mask = umask(0);
    int result = bind(socket, (const struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
    umask(mask);
    return result;
}

static napi_value bind_datagram(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    uint32_t mode = 0;
    if (!bind_datagram_arguments(env, info, &path, &mode))
        return NULL;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return fail(env, errno, "socket", NULL);
    /* Whoever closes the last descriptor of a connection may have to linger for it (socket(7), SO_LINGER). */
    const int none = 0;
    int result = 0;
    if (setsockopt(descriptor, SOL_SOCKET, SO_PASSRIGHTS, &none, sizeof none) < 0 && errno != ENOPROTOOPT)
        result = -errno;
    if (result == 0)
        result = bind_open(descriptor, path.data, (mode_t)mode);
    if (result == 0)
        return make_number(env, descriptor);
    close(descriptor);
    return fail(env, -result, "bind", path.data);
}

static napi_value connect_abstract(napi_env env, napi_callback_info info) {
    struct bytes name CLEANUP(bytes_release) = {.text.data = NULL};
    if (!connect_abstract_arguments(env, info, &name))
        return NULL;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (name.length == 0 || name.length >= sizeof address.sun_path)
        return fail(env, ENAMETOOLONG, "connect", NULL);
    memcpy(address.sun_path + 1, name.data, name.length);
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + name.length);
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return fail(env, errno, "socket", NULL);
    if (connect(descriptor, (const struct sockaddr *)&address, size) == 0)
        return make_number(env, descriptor);
    int error = errno;
    close(descriptor);
    return fail(env, error, "connect", NULL);
}

/* How long somebody may take to accept enough of those who came before us, in seconds. */
#define PATIENCE 10

/* How long connect(2), and writing later, may wait; 0 is forever (unix(7), SO_SNDTIMEO). */
static int limit_waiting(int socket, long seconds) {
    const struct timeval limit = {.tv_sec = seconds};
    return setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ? -errno : 0;
}

/* `patient`: waits until there is room among those that nobody has accepted yet; otherwise -EAGAIN says that
 * there is none. */
static int connect_to(int socket, const char *path, bool patient) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int target CLEANUP(close_release) = -1;
    if (!set_address(&address, path)) {
        target = open_again(path, O_PATH, 0);
        if (target < 0)
            return -errno;
        char through[32];
        snprintf(through, sizeof through, "/proc/self/fd/%d", target);
        if (!set_address(&address, through))
            return -ENAMETOOLONG;
    }
    int result = patient ? limit_waiting(socket, PATIENCE) : 0;
    if (result < 0)
        return result;
    do
        result = connect(socket, (const struct sockaddr *)&address, sizeof address);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return errno == EAGAIN && patient ? -ETIMEDOUT : -errno;
    if (patient)
        return limit_waiting(socket, 0);
    return 0;
}

static napi_value connect_kind(napi_env env, napi_callback_info info, bool patient) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct text kind CLEANUP(text_release) = {.data = NULL};
    if (!connect_arguments(env, info, &path, &kind))
        return NULL;
    int type;
    if (strcmp(kind.data, "seqpacket") == 0)
        type = SOCK_SEQPACKET;
    else if (strcmp(kind.data, "stream") == 0)
        type = SOCK_STREAM;
    else if (strcmp(kind.data, "datagram") == 0)
        type = SOCK_DGRAM;
    else
        return fail(env, EPROTOTYPE, "socket", NULL);
    int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC | (patient ? 0 : SOCK_NONBLOCK), 0);
    if (descriptor < 0)
        return fail(env, errno, "socket", NULL);
    int result = connect_to(descriptor, path.data, patient);
    /* Datagrams are written without waiting for a reader who has stopped reading. */
    if (result == 0 && !patient && type != SOCK_DGRAM && fcntl(descriptor, F_SETFL, 0) < 0)
        result = -errno;
    if (result == 0)
        return make_number(env, descriptor);
    close(descriptor);
    if (result == -EAGAIN && !patient)
        return make_undefined(env);
    return fail(env, -result, "connect", path.data);
}

static napi_value connect_socket(napi_env env, napi_callback_info info) {
    return connect_kind(env, info, true);
}

static napi_value try_connect(napi_env env, napi_callback_info info) {
    return connect_kind(env, info, false);
}

static napi_value socket_pair(napi_env env, napi_callback_info info) {
    (void)info;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return fail(env, errno, "socketpair", NULL);
    return make_descriptors(env, pair, 2);
}

static napi_value make_pipe(napi_env env, napi_callback_info info) {
    (void)info;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(env, errno, "pipe2", NULL);
    return make_descriptors(env, ends, 2);
}

napi_status register_sockets(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(listen, listen_socket),
        EXPORT(connect, connect_socket),
        EXPORT(tryConnect, try_connect),
        EXPORT(socketPair, socket_pair),
        EXPORT(pipe, make_pipe),
        EXPORT(bindDatagram, bind_datagram),
        EXPORT(connectAbstract, connect_abstract),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
