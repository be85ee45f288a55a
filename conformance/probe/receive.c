/*
 * Receives what a runtime sends over UNIX sockets.
 *
 *   receive console SOCKET     prints `terminal ROWS COLUMNS`, and then whatever is written to the terminal, until it
 *                              is closed
 *   receive agent SOCKET N     accepts N seccomp agents' connections; prints for each one the JSON, and lines
 *                              `descriptors N`, `messages N` and `closed`; then answers every notification with
 *                              ENOANO (55) and prints `call NR`
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 16

static int fail(const char *what) {
    perror(what);
    return 1;
}

static int listen_at(const char *path) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || strlen(path) >= sizeof(address.sun_path))
        return -1;
    strcpy(address.sun_path, path);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 8) < 0)
        return -1;
    puts("listening");
    fflush(stdout);
    return listener;
}

/* One message; gives its length and adds its descriptors. */
static ssize_t receive(int connection, char *bytes, size_t size, int *descriptors, int *count) {
    char control[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)];
    struct iovec vector = { .iov_base = bytes, .iov_len = size };
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
    };
    ssize_t length = recvmsg(connection, &header, MSG_CMSG_CLOEXEC);
    if (length < 0)
        return length;
    for (struct cmsghdr *each = CMSG_FIRSTHDR(&header); each != NULL; each = CMSG_NXTHDR(&header, each)) {
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS)
            continue;
        int more = (int)((each->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < more && *count < MOST_DESCRIPTORS; i++)
            memcpy(&descriptors[(*count)++], CMSG_DATA(each) + sizeof(int) * (size_t)i, sizeof(int));
    }
    return length;
}

static int console(const char *path) {
    char bytes[4096];
    int descriptors[MOST_DESCRIPTORS];
    int count = 0;
    struct winsize size;
    int listener = listen_at(path);
    if (listener < 0)
        return fail("listen");
    int connection = accept(listener, NULL, NULL);
    if (connection < 0 || receive(connection, bytes, sizeof(bytes), descriptors, &count) < 0)
        return fail("receive");
    if (count != 1 || !isatty(descriptors[0]) || ioctl(descriptors[0], TIOCGWINSZ, &size) < 0)
        return fail("it is no terminal");
    printf("terminal %u %u\n", size.ws_row, size.ws_col);
    fflush(stdout);
    for (;;) {
        ssize_t length = read(descriptors[0], bytes, sizeof(bytes));
        if (length <= 0)
            return 0;
        fwrite(bytes, 1, (size_t)length, stdout);
        fflush(stdout);
    }
}

static int answer(int notify) {
    for (;;) {
        struct seccomp_notif request;
        struct seccomp_notif_resp response;
        memset(&request, 0, sizeof(request));
        memset(&response, 0, sizeof(response));
        struct pollfd poller = { .fd = notify, .events = POLLIN };
        if (poll(&poller, 1, -1) < 0 || !(poller.revents & POLLIN))
            return 0;
        if (ioctl(notify, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
            if (errno == ENOENT || errno == EINTR)
                continue;
            return fail("SECCOMP_IOCTL_NOTIF_RECV");
        }
        printf("call %d\n", request.data.nr);
        fflush(stdout);
        response.id = request.id;
        response.error = -ENOANO;
        if (ioctl(notify, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno != ENOENT)
            return fail("SECCOMP_IOCTL_NOTIF_SEND");
    }
}

static int agent(const char *path, int connections) {
    int descriptors[MOST_DESCRIPTORS];
    int count = 0;
    int listener = listen_at(path);
    if (listener < 0)
        return fail("listen");
    for (int i = 0; i < connections; i++) {
        char bytes[65536];
        size_t total = 0;
        int messages = 0;
        int first = count;
        int later = 0;
        int connection = accept(listener, NULL, NULL);
        if (connection < 0)
            return fail("accept");
        for (;;) {
            int before = count;
            ssize_t length = receive(connection, bytes + total, sizeof(bytes) - 1 - total, descriptors, &count);
            if (length < 0)
                return fail("receive");
            if (length == 0)
                break;
            if (messages > 0)
                later += count - before;
            messages++;
            total += (size_t)length;
        }
        bytes[total] = 0;
        printf("state %s\ndescriptors %d\nlater %d\nclosed\n", bytes, count - first, later);
        fflush(stdout);
        close(connection);
    }
    return count > 0 ? answer(descriptors[count - 1]) : 1;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "console") == 0)
        return console(argv[2]);
    if (argc == 4 && strcmp(argv[1], "agent") == 0)
        return agent(argv[2], atoi(argv[3]));
    return 1;
}
