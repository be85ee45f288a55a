/* Messages with descriptors over AF_UNIX sockets (unix(7), SCM_RIGHTS). */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's SCM_MAX_FD. */
#define MOST_DESCRIPTORS 253
#define LARGEST 65536

union control {
    char room[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
    struct cmsghdr align;
};

static int send_message(int socket, const struct bytes *data, const struct descriptors *descriptors) {
    union control control;
    struct iovec vector = {.iov_base = (void *)(uintptr_t)data->data, .iov_len = data->length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (descriptors->count > MOST_DESCRIPTORS)
        return -ETOOMANYREFS;
    if (descriptors->count > 0) {
        const size_t size = descriptors->count * sizeof(int);
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), descriptors->items, size);
    }
    while (vector.iov_len > 0) {
        /* The system call itself: musl's function has room for 1024 bytes of descriptors, and we hand on 253.
         */
        ssize_t count = syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        /* A stream socket may take a part; the descriptors went with the first one. */
        vector.iov_base = (char *)vector.iov_base + count;
        vector.iov_len -= (size_t)count;
        message.msg_control = NULL;
        message.msg_controllen = 0;
    }
    return 0;
}

static napi_value send_data(napi_env env, napi_callback_info info) {
    int socket = -1;
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    struct descriptors descriptors CLEANUP(descriptors_release) = {NULL, 0};
    if (!send_arguments(env, info, &socket, &data, &descriptors))
        return NULL;
    /* An empty datagram reads like a closed peer. */
    if (data.length == 0)
        return fail(env, EINVAL, "sendmsg", NULL);
    int result = send_message(socket, &data, &descriptors);
    if (result < 0)
        return fail(env, -result, "sendmsg", NULL);
    return make_undefined(env);
}

/* ---- receive ---- */

struct packet {
    size_t length;
    int descriptors[MOST_DESCRIPTORS];
    size_t count;
    /* Room for so many bytes. */
    size_t size;
    char data[];
};

static void close_all(struct packet *packet) {
    for (size_t i = 0; i < packet->count; i++)
        close(packet->descriptors[i]);
    packet->count = 0;
}

static void take_rights(struct msghdr *message, struct packet *packet) {
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (count > MOST_DESCRIPTORS - packet->count)
            count = MOST_DESCRIPTORS - packet->count;
        memcpy(packet->descriptors + packet->count, CMSG_DATA(header), count * sizeof(int));
        packet->count += count;
    }
}

static int await_packet(int socket, int milliseconds) {
    if (milliseconds < 0)
        return 0;
    int ready = wait_readable(socket, milliseconds);
    return ready < 0 ? ready : ready == 0 ? -ETIMEDOUT : 0;
}

/*
 * Room for the next packet, which is waited for. The largest one would be mapped and unmapped each time,
 * which costs more than asking for the length. Whoever cannot say it, and who fails, gets the largest.
 */
static struct packet *make_room(int socket) {
    ssize_t length;
    do
        length = recv(socket, NULL, 0, MSG_PEEK | MSG_TRUNC);
    while (length < 0 && errno == EINTR);
    /* A stream says how much was taken, not how much there is. */
    size_t size = length <= 0 || length > LARGEST ? LARGEST : (size_t)length;
    struct packet *packet = malloc(sizeof *packet + size);
    if (packet != NULL)
        *packet = (struct packet){.size = size};
    return packet;
}

static int receive_packet(int socket, struct packet *packet) {
    union control control;
    struct iovec vector = {.iov_base = packet->data, .iov_len = packet->size};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count;
    bool reset = false;
    errno = 0;
    do {
        /* A peer that went without reading everything: told once, before what it had still said. */
        reset = reset || errno == ECONNRESET;
        errno = 0;
        count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && (errno == EINTR || (errno == ECONNRESET && !reset)));
    if (count < 0 && errno == ECONNRESET)
        count = 0;
    else if (count < 0)
        return -errno;
    else
        take_rights(&message, packet);
    packet->length = (size_t)count;
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
        return 0;
    close_all(packet);
    return -EMSGSIZE;
}

static napi_value make_packet(napi_env env, const struct packet *packet) {
    napi_value object = NULL;
    napi_value data = make_bytes(env, packet->data, packet->length);
    if (data == NULL)
        return NULL;
    napi_value descriptors = make_descriptors(env, packet->descriptors, packet->count);
    if (descriptors == NULL)
        return NULL;
    if (napi_create_object(env, &object) != napi_ok)
        return fail(env, ENOMEM, "object", NULL);
    set_property(env, object, "data", data);
    set_property(env, object, "descriptors", descriptors);
    return object;
}

static napi_value receive(napi_env env, napi_callback_info info) {
    int socket = -1;
    int milliseconds = 0;
    if (!receive_arguments(env, info, &socket, &milliseconds))
        return NULL;
    int result = await_packet(socket, milliseconds);
    if (result < 0)
        return fail(env, -result, "recvmsg", NULL);
    struct packet *packet CLEANUP(free_release) = make_room(socket);
    if (packet == NULL)
        return fail(env, ENOMEM, "malloc", NULL);
    result = receive_packet(socket, packet);
    if (result < 0)
        return fail(env, -result, "recvmsg", NULL);
    napi_value value = make_packet(env, packet);
    /* Nobody will ever close them. */
    if (value == NULL)
        close_all(packet);
    return value;
}

napi_status register_messages(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(send, send_data),
        EXPORT(receive, receive),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
