#include "role/notices.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#include "text.h"

/** The longest datagram that systemd itself takes (NOTIFY_BUFFER_MAX); what is longer counts for nothing. */
#define LONGEST 4096

/** More than the kernel keeps for a socket unless told otherwise (10, net.unix.max_dgram_qlen). */
#define LAST_DATAGRAMS 64

bool notices_begin(struct notices *notices, char **words) {
    uint32_t socket;
    uint32_t manager;
    if (!number_parse(words[0], INT_MAX, &socket) || !number_parse(words[1], INT_MAX, &manager))
        return false;
    *notices = (struct notices){
        .socket = (int)socket, .manager = (int)manager, .line = words[2], .message = words[3]};
    return true;
}

void notices_poll(const struct notices *notices, struct pollfd *descriptors) {
    bool pending = notices->state == NOTICES_PENDING;
    descriptors[0] = (struct pollfd){.fd = pending ? -1 : notices->socket, .events = POLLIN};
    descriptors[1] = (struct pollfd){.fd = pending ? notices->manager : -1, .events = POLLOUT};
}

static bool has_line(const char *bytes, size_t length, const char *line) {
    const size_t wanted = strlen(line);
    for (size_t start = 0; start < length;) {
        const char *end = memchr(bytes + start, '\n', length - start);
        size_t size = end == NULL ? length - start : (size_t)(end - bytes) - start;
        if (size == wanted && memcmp(bytes + start, line, wanted) == 0)
            return true;
        start += size + 1;
    }
    return false;
}

/** 1 when there was a datagram, 0 when there is none. Descriptors that come along stay with the kernel. */
static int take(struct notices *notices) {
    static char bytes[LONGEST];
    ssize_t length = recv(notices->socket, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (notices->state == NOTICES_AWAITED && (size_t)length <= sizeof bytes &&
        has_line(bytes, (size_t)length, notices->line))
        notices->state = NOTICES_PENDING;
    return 1;
}

static int tell(struct notices *notices) {
    struct iovec text = {.iov_base = (void *)(uintptr_t)notices->message,
                         .iov_len = strlen(notices->message)};
    const struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
    ssize_t sent = sendmsg(notices->manager, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    notices->state = NOTICES_TOLD;
    return sent < 0 ? -errno : 0;
}

int notices_move(struct notices *notices, const struct pollfd *descriptors) {
    if (descriptors[0].revents != 0) {
        int taken = take(notices);
        if (taken < 0) {
            notices->socket = -1;
            return taken;
        }
    }
    return notices->state == NOTICES_PENDING ? tell(notices) : 0;
}

int notices_finish(struct notices *notices) {
    for (int i = 0; i < LAST_DATAGRAMS && notices->socket >= 0 && notices->state == NOTICES_AWAITED; i++) {
        int taken = take(notices);
        if (taken < 0)
            return taken;
        if (taken == 0)
            break;
    }
    return notices->state == NOTICES_PENDING ? tell(notices) : 0;
}
