// A guest without a door is reached by processes that its engine starts beside it: each carries one connection over its standard streams.
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
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

int sandlot_peer_is_own_user(int socket) {
#if defined(__linux__)
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return 0;
    return peer.uid == geteuid();
#else
    (void)socket;
    return 0;
#endif
}

enum coding { PLAIN, ENCODE, DECODE };

struct flow {
    int from, to;
    enum coding coding;
    size_t start, end;
    int is_over;
    unsigned char *bytes;
    // What a line of base 64 has brought that is no whole byte yet.
    unsigned bits, count;
};

// A read that is encoded still fits: each line of at most LINE bytes takes four thirds and its end.
enum { CAPACITY = 256 << 10, READ_ENCODED = 128 << 10, LINE = 12 << 10 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encode(const unsigned char *from, size_t length, unsigned char *to) {
    size_t put = 0;
    for (size_t at = 0; at < length; at += LINE) {
        size_t stop = length - at < LINE ? length : at + LINE;
        for (size_t i = at; i < stop; i += 3) {
            size_t left = stop - i;
            unsigned group = from[i] << 16 | (left > 1 ? from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);
            to[put++] = alphabet[group >> 18];
            to[put++] = alphabet[group >> 12 & 63];
            to[put++] = left > 1 ? alphabet[group >> 6 & 63] : '=';
            to[put++] = left > 2 ? alphabet[group & 63] : '=';
        }
        to[put++] = '\n';
    }
    return put;
}

static int digit(unsigned char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// In place: what comes out is never longer. -1 for what is neither base 64 nor a line's end.
static ssize_t decode(struct flow *flow, size_t length) {
    size_t put = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = flow->bytes[i];
        int value = digit(c);
        if (value >= 0) {
            flow->bits = (flow->bits << 6 | (unsigned)value) & 0xffffff;
            flow->count += 6;
            if (flow->count >= 8) {
                flow->count -= 8;
                flow->bytes[put++] = (unsigned char)(flow->bits >> flow->count);
            }
        } else if (c == '\n') {
            flow->count = 0;
        } else if (c != '=' && c != '\r') {
            return -1;
        }
    }
    return (ssize_t)put;
}

// Moves what can be moved; 0, or -1 when the receiver is gone or the sender talks nonsense.
static int move(struct flow *flow, int readable, int writable) {
    if (readable && flow->start == flow->end && !flow->is_over) {
        // What is to be encoded is read into the upper part, so that the lines can be written from the beginning on.
        unsigned char *into = flow->coding == ENCODE ? flow->bytes + CAPACITY : flow->bytes;
        ssize_t got = read(flow->from, into, flow->coding == ENCODE ? READ_ENCODED : CAPACITY);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) flow->is_over = 1;
        if (got > 0) {
            if (flow->coding == ENCODE) got = (ssize_t)encode(into, (size_t)got, flow->bytes);
            if (flow->coding == DECODE && (got = decode(flow, (size_t)got)) < 0) return -1;
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

static int64_t milliseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int sandlot_relay(int input, int output, int socket, int is_text, int patience) {
    struct flow in = {.from = input, .to = socket, .coding = is_text ? DECODE : PLAIN, .bytes = malloc(CAPACITY)};
    struct flow out = {.from = socket, .to = output, .coding = is_text ? ENCODE : PLAIN, .bytes = malloc(CAPACITY + READ_ENCODED)};
    if (!in.bytes || !out.bytes) return -1;
    int all[3] = {input, output, socket};
    for (int i = 0; i < 3; i++) fcntl(all[i], F_SETFL, fcntl(all[i], F_GETFL) | O_NONBLOCK);
    int64_t heard = milliseconds_now();
    for (;;) {
        // Whoever ends first ends the connection, after what it said has been passed on.
        if ((in.is_over && in.start == in.end) || (out.is_over && out.start == out.end)) return 0;
        struct pollfd watched[4] = {
            {.fd = !in.is_over && in.start == in.end ? input : -1, .events = POLLIN},
            {.fd = in.start < in.end ? socket : -1, .events = POLLOUT},
            {.fd = !out.is_over && out.start == out.end ? socket : -1, .events = POLLIN},
            {.fd = out.start < out.end ? output : -1, .events = POLLOUT},
        };
        int64_t silence = milliseconds_now() - heard;
        // A peer that is gone may leave this end open for ever.
        if (patience > 0 && silence >= patience) return 0;
        if (poll(watched, 4, patience > 0 ? (int)(patience - silence) : -1) < 0 && errno != EINTR) return -1;
        if (watched[0].revents != 0 || in.start < in.end) heard = milliseconds_now();
        if (move(&in, watched[0].revents != 0, watched[1].revents != 0) != 0) return 0;
        if (move(&out, watched[2].revents != 0, watched[3].revents != 0) != 0) return 0;
    }
}
