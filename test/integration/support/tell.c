/* tell WHAT...: sends each to $NOTIFY_SOCKET: `LONG` as more than 4096 bytes with the line in it, `RIGHTS` with
 * descriptors, `FLOOD` forever. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
static int post(int fd, struct sockaddr_un *to, const char *text, size_t length, int rights) {
    struct iovec vector = {(void *)text, length};
    union { char room[CMSG_SPACE(100 * sizeof(int))]; struct cmsghdr align; } control = {{0}};
    struct msghdr message = {.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &vector, .msg_iovlen = 1};
    if (rights) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(100 * sizeof(int));
        for (int i = 0; i < 100; i++) ((int *)CMSG_DATA(header))[i] = 0;
    }
    if (sendmsg(fd, &message, 0) >= 0) return 0;
    printf("%s: %s\n", text, strerror(errno));
    return 1;
}
int main(int count, char **words) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    static char large[8000];
    int failed = 0, fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    strncpy(to.sun_path, getenv("NOTIFY_SOCKET"), sizeof to.sun_path - 1);
    memset(large, 'x', sizeof large);
    memcpy(large, "READY=1\n", 8);
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "LONG") == 0) failed |= post(fd, &to, large, sizeof large, 0);
        else if (strcmp(words[i], "RIGHTS") == 0) post(fd, &to, "STATUS=rights", 13, 1);
        else if (strcmp(words[i], "FLOOD") == 0) for (;;) post(fd, &to, "STATUS=flood", 12, 0);
        else failed |= post(fd, &to, words[i], strlen(words[i]), 0);
    }
    return failed;
}
