// A guest without a door is reached by processes that its engine starts beside it: each carries one connection over its standard streams.
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fill_address(const char *name, struct sockaddr_un *address, socklen_t *length) {
    size_t count = strlen(name);
    if (count == 0 || count > sizeof address->sun_path - 1) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    // The leading zero byte makes it a name without a file: nothing can remove it or put another in its place.
    memcpy(address->sun_path + 1, name, count);
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + count);
    return 0;
}

int sandlot_listen_abstract(const char *name) {
    struct sockaddr_un address;
    socklen_t length;
    if (fill_address(name, &address, &length) != 0) return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 128) == 0) return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

int sandlot_connect_abstract(const char *name) {
    struct sockaddr_un address;
    socklen_t length;
    if (fill_address(name, &address, &length) != 0) return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && connect(fd, (struct sockaddr *)&address, length) == 0) return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

int sandlot_peer_is_outsider(int socket) {
#if defined(__linux__)
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return 0;
    // A process that this process namespace does not see.
    if (peer.pid == 0) return 1;
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)peer.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t got = read(fd, line, sizeof line - 1);
    close(fd);
    if (got <= 0) return 0;
    line[got] = 0;
    // The name in brackets may hold anything, so the fields are counted from its last bracket.
    char *end = strrchr(line, ')');
    int parent = -1;
    if (!end || sscanf(end + 1, " %*c %d", &parent) != 1) return 0;
    return parent == 0;
#else
    (void)socket;
    return 0;
#endif
}

struct flow {
    int from, to;
    size_t start, end;
    int is_over;
    unsigned char *bytes;
};

enum { CAPACITY = 256 << 10 };

// Moves what can be moved; 0, or -1 when the receiver is gone.
static int move(struct flow *flow, int readable, int writable) {
    if (readable && flow->start == flow->end && !flow->is_over) {
        ssize_t got = read(flow->from, flow->bytes, CAPACITY);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) flow->is_over = 1;
        if (got > 0) {
            flow->start = 0;
            flow->end = (size_t)got;
            writable = 1;
        }
    }
    if (writable && flow->start < flow->end) {
        ssize_t put = write(flow->to, flow->bytes + flow->start, flow->end - flow->start);
        if (put < 0 && errno != EAGAIN && errno != EINTR) return -1;
        if (put > 0) flow->start += (size_t)put;
    }
    return 0;
}

int sandlot_relay(int input, int output, int socket) {
    struct flow in = {.from = input, .to = socket, .bytes = malloc(CAPACITY)};
    struct flow out = {.from = socket, .to = output, .bytes = malloc(CAPACITY)};
    if (!in.bytes || !out.bytes) return -1;
    int all[3] = {input, output, socket};
    for (int i = 0; i < 3; i++) fcntl(all[i], F_SETFL, fcntl(all[i], F_GETFL) | O_NONBLOCK);
    for (;;) {
        // Whoever ends first ends the connection, after what it said has been passed on.
        if ((in.is_over && in.start == in.end) || (out.is_over && out.start == out.end)) return 0;
        struct pollfd watched[4] = {
            {.fd = !in.is_over && in.start == in.end ? input : -1, .events = POLLIN},
            {.fd = in.start < in.end ? socket : -1, .events = POLLOUT},
            {.fd = !out.is_over && out.start == out.end ? socket : -1, .events = POLLIN},
            {.fd = out.start < out.end ? output : -1, .events = POLLOUT},
        };
        if (poll(watched, 4, -1) < 0 && errno != EINTR) return -1;
        if (move(&in, watched[0].revents != 0, watched[1].revents != 0) != 0) return 0;
        if (move(&out, watched[2].revents != 0, watched[3].revents != 0) != 0) return 0;
    }
}
