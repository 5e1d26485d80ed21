#if defined(__linux__)

#define _GNU_SOURCE
#include "include/sandlot_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// The words that both sides know; the host's are in MicroVMBackends.
#define KNOCK "SANDLOT-KNOCK "
#define OPENED "SANDLOT-OPEN "
#define NONCE 32
#define PIECE (64 << 10)

int sandlot_machine_watch_port(int port) {
    int watch = epoll_create1(EPOLL_CLOEXEC);
    if (watch < 0) return -1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    if (epoll_ctl(watch, EPOLL_CTL_ADD, port, &event) == 0) return watch;
    int number = errno;
    close(watch);
    errno = number;
    return -1;
}

static void await_change(int watch) {
    struct epoll_event event;
    epoll_wait(watch, &event, 1, -1);
}

ssize_t sandlot_machine_read_port(int watch, int port, void *target, size_t capacity) {
    for (;;) {
        ssize_t got = read(port, target, capacity);
        if (got > 0) return got;
        if (got < 0 && errno != EAGAIN && errno != EINTR) return -1;
        await_change(watch);
    }
}

int sandlot_machine_write_port(int watch, int port, const void *bytes, size_t count) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(port, rest, count);
        if (written > 0) {
            rest += written;
            count -= (size_t)written;
        } else if (written < 0 && errno != EAGAIN && errno != EINTR) {
            return -1;
        } else {
            await_change(watch);
        }
    }
    return 0;
}

struct buffer {
    char *bytes;
    size_t start, end;
};

struct line {
    int port;
    // -1 while nobody has knocked.
    int socket;
    // What epoll told and nothing has disproved since.
    bool can_read_port, can_write_port, can_read_socket, can_write_socket;
    char word[sizeof KNOCK + NONCE];
    size_t length;
    // Of a knock that is not answered yet, or empty.
    char nonce[NONCE + 1];
    struct buffer inward, outward;
};

static void hang_up(struct line *line) {
    if (line->socket >= 0) close(line->socket);
    line->socket = -1;
    line->length = 0;
    line->inward.start = line->inward.end = 0;
    line->outward.start = line->outward.end = 0;
}

static int reach(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (end < 0) return -1;
    // The server may still be on its way to its socket.
    for (int attempt = 0; attempt < 5000; attempt++) {
        if (connect(end, (struct sockaddr *)&address, sizeof address) == 0) {
            fcntl(end, F_SETFL, O_NONBLOCK);
            return end;
        }
        if (errno != ENOENT && errno != ECONNREFUSED && errno != EINTR && errno != EAGAIN) break;
        usleep(2000);
    }
    close(end);
    return -1;
}

static bool is_knock(const struct line *line) {
    if (line->length != strlen(KNOCK) + NONCE || memcmp(line->word, KNOCK, strlen(KNOCK)) != 0) return false;
    return strspn(line->word + strlen(KNOCK), "0123456789abcdef") >= NONCE;
}

// Reads words until there is nothing more to read: when several came, the last one is of whoever is there now.
static void listen_for_knock(struct line *line) {
    char piece[4096];
    ssize_t got;
    while ((got = read(line->port, piece, sizeof piece)) > 0) {
        for (ssize_t index = 0; index < got; index++) {
            if (piece[index] != '\n') {
                if (line->length < sizeof line->word - 1) line->word[line->length] = piece[index];
                // Longer than any word: remembered as such until its end.
                if (line->length < sizeof line->word) line->length++;
                continue;
            }
            line->word[line->length < sizeof line->word ? line->length : sizeof line->word - 1] = 0;
            if (is_knock(line)) memcpy(line->nonce, line->word + strlen(KNOCK), NONCE);
            line->length = 0;
        }
    }
    line->can_read_port = false;
}

// Answers a knock and opens the way; false when there is none, or when the kernel does not know yet that somebody is there: data overtake
// that news, and until it comes nothing can be written and the port reads as if it had ended.
static bool answer_knock(int poller, struct line *line, const char *path) {
    if (line->nonce[0] == 0) return false;
    char answer[sizeof OPENED + NONCE + 1];
    int length = sprintf(answer, OPENED "%s\n", line->nonce);
    if (write(line->port, answer, (size_t)length) != length) return false;
    memset(line->nonce, 0, sizeof line->nonce);
    line->socket = reach(path);
    if (line->socket < 0) return false;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = (void *)((uintptr_t)line | 1)};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, line->socket, &event) != 0) {
        hang_up(line);
        return false;
    }
    line->can_read_socket = line->can_write_socket = line->can_read_port = line->can_write_port = true;
    return true;
}

// Moves what can be moved between two descriptors; false when one of them has ended.
static bool carry(int from, bool *can_read, int to, bool *can_write, bool to_socket, struct buffer *buffer) {
    for (;;) {
        if (buffer->start == buffer->end) {
            if (!*can_read) return true;
            ssize_t got = read(from, buffer->bytes, PIECE);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
            if (got < 0) {
                if (errno == EAGAIN) *can_read = false;
                continue;
            }
            buffer->start = 0;
            buffer->end = (size_t)got;
        }
        if (!*can_write) return true;
        const char *bytes = buffer->bytes + buffer->start;
        size_t count = buffer->end - buffer->start;
        ssize_t written = to_socket ? send(to, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT) : write(to, bytes, count);
        if (written > 0) {
            buffer->start += (size_t)written;
        } else if (written < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        } else if (written == 0 || errno == EAGAIN) {
            *can_write = false;
        }
    }
}

static void advance(int poller, struct line *line, const char *path) {
    for (;;) {
        if (line->socket < 0) {
            if (line->can_read_port) listen_for_knock(line);
            if (!answer_knock(poller, line, path)) return;
        }
        if (carry(line->port, &line->can_read_port, line->socket, &line->can_write_socket, true, &line->inward)
            && carry(line->socket, &line->can_read_socket, line->port, &line->can_write_port, false, &line->outward))
            return;
        hang_up(line);
        // The host may have come back, and knocked, meanwhile.
        line->can_read_port = true;
    }
}

int sandlot_machine_relay_ports(const int *ports, size_t count, const char *path) {
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct line *lines = calloc(count, sizeof *lines);
    if (poller < 0 || lines == NULL) return -1;
    for (size_t index = 0; index < count; index++) {
        struct line *line = &lines[index];
        line->port = ports[index];
        line->socket = -1;
        line->inward.bytes = malloc(PIECE);
        line->outward.bytes = malloc(PIECE);
        if (line->inward.bytes == NULL || line->outward.bytes == NULL) return -1;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = line};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, line->port, &event) != 0) return -1;
    }
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, -1);
        if (ready < 0 && errno != EINTR) return -1;
        for (int index = 0; index < ready; index++) {
            uintptr_t tag = (uintptr_t)events[index].data.ptr;
            struct line *line = (struct line *)(tag & ~(uintptr_t)1);
            bool isSocket = tag & 1;
            // A line that was hung up in this turn may still be told of its old socket.
            if (isSocket && line->socket < 0) continue;
            if (isSocket) {
                line->can_read_socket = line->can_read_socket || events[index].events & ~(uint32_t)EPOLLOUT;
                line->can_write_socket = line->can_write_socket || events[index].events & EPOLLOUT;
            } else {
                line->can_read_port = line->can_read_port || events[index].events & (EPOLLIN | EPOLLHUP);
                line->can_write_port = line->can_write_port || events[index].events & EPOLLOUT;
            }
            advance(poller, line, path);
        }
    }
}

#endif
