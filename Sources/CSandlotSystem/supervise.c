// The supervisor: one small process per exec that reaps everything which descends from its command.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

enum { CHANNEL = 3, SIGNALS = 4 };

struct order {
    uint32_t kind;
    int32_t signal;
};

struct supervisor_state {
    pid_t leader;
    bool leader_ended;
    bool killing;
    unsigned passes;
    int64_t next_pass;
};

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void report(int channel, uint32_t kind, int32_t value, int32_t error, const struct rusage *usage) {
    struct sandlot_report message;
    memset(&message, 0, sizeof message);
    message.kind = kind;
    message.value = value;
    message.error = error;
    if (usage) {
        message.processor_time = (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000
            + (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
        message.peak_memory = (uint64_t)usage->ru_maxrss;
    }
    while (send(channel, &message, sizeof message, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
}

static void reap(struct supervisor_state *state) {
    for (;;) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
        if (pid == 0) return;
        if (pid < 0) {
            if (errno == EINTR) continue;
            // ECHILD: the tree is gone.
            report(CHANNEL, SANDLOT_REPORT_EMPTY, 0, 0, NULL);
            _exit(0);
        }
        if (pid == state->leader && !state->leader_ended) {
            state->leader_ended = true;
            report(CHANNEL, SANDLOT_REPORT_LEADER_ENDED, status, 0, &usage);
        }
    }
}

static void kill_pass(struct supervisor_state *state) {
    if (state->passes == 0) setpriority(PRIO_PROCESS, 0, -20);
    if (++state->passes > 2) {
        // Something forks faster than we kill: a stopped process neither forks nor frees its place for another, so stop them all first.
        long before = -1;
        for (int round = 0; round < 30; round++) {
            long found = sandlot_signal_descendants(SIGSTOP, NULL, 0);
            if (found == before) break;
            before = found;
        }
    }
    sandlot_signal_descendants(SIGKILL, NULL, 0);
    int64_t pause = state->passes < 4 ? 2 : state->passes < 20 ? 10 : 50;
    state->next_pass = milliseconds() + pause;
}

static void obey(struct supervisor_state *state, const struct order *order) {
    switch (order->kind) {
    case SANDLOT_ORDER_SIGNAL_LEADER:
        if (!state->leader_ended) kill(state->leader, order->signal);
        break;
    case SANDLOT_ORDER_SIGNAL_TREE:
        sandlot_signal_descendants(order->signal, NULL, 0);
        break;
    case SANDLOT_ORDER_TERMINATE:
        // A leader that ended by itself is told before the verdict "terminated".
        reap(state);
        report(CHANNEL, SANDLOT_REPORT_TERMINATING, 0, 0, NULL);
        sandlot_signal_descendants(SIGTERM, NULL, 0);
        sandlot_signal_descendants(SIGCONT, NULL, 0);
        break;
    case SANDLOT_ORDER_KILL:
        state->killing = true;
        break;
    case SANDLOT_ORDER_COUNT:
        reap(state);
        report(CHANNEL, SANDLOT_REPORT_COUNT, (int32_t)sandlot_signal_descendants(0, NULL, 0), 0, NULL);
        break;
    }
}

static void keep_only(int channel, int signals) {
    // Both go above the two fixed numbers first, lest one overwrite the other.
    int high_channel = fcntl(channel, F_DUPFD_CLOEXEC, 16), high_signals = fcntl(signals, F_DUPFD_CLOEXEC, 16);
    if (high_channel < 0 || high_signals < 0) _exit(1);
    dup3(high_channel, CHANNEL, O_CLOEXEC);
    dup3(high_signals, SIGNALS, O_CLOEXEC);
    sandlot_close_range(SIGNALS + 1, ~0U, 0);
    sandlot_close_range(0, CHANNEL - 1, 0);
}

static void supervise(const struct sandlot_spawn_request *request, int channel) {
    sigset_t all, children;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    prctl(PR_SET_NAME, "sandlot-super", 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) _exit(1);

    struct sandlot_spawn_result result;
    if (sandlot_spawn(request, &result) < 0) {
        report(channel, SANDLOT_REPORT_FAILED, result.stage, result.error, NULL);
        _exit(0);
    }
    keep_only(channel, signals);
    report(CHANNEL, SANDLOT_REPORT_STARTED, result.pid, 0, NULL);

    struct supervisor_state state = {.leader = result.pid};
    bool connected = true;
    for (;;) {
        reap(&state);
        int timeout = -1;
        if (state.killing) {
            int64_t now = milliseconds();
            if (now >= state.next_pass) {
                kill_pass(&state);
                // The dead of this pass are collected before anything else is waited for.
                reap(&state);
                now = milliseconds();
            }
            timeout = state.next_pass > now ? (int)(state.next_pass - now) : 0;
        }
        struct pollfd waits[2] = {{.fd = SIGNALS, .events = POLLIN}, {.fd = connected ? CHANNEL : -1, .events = POLLIN}};
        if (poll(waits, 2, timeout) < 0) continue;
        if (waits[0].revents) {
            struct signalfd_siginfo info[8];
            while (read(SIGNALS, info, sizeof info) == (ssize_t)sizeof info) continue;
        }
        if (waits[1].revents) {
            struct order order;
            ssize_t count = recv(CHANNEL, &order, sizeof order, MSG_DONTWAIT);
            if (count == (ssize_t)sizeof order) {
                obey(&state, &order);
            } else if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
                // The guest is gone: nothing of this command may outlive it.
                connected = false;
                state.killing = true;
            }
        }
    }
}

int sandlot_supervise(const struct sandlot_spawn_request *request, struct sandlot_supervisor *supervisor) {
    int pair[2];
    supervisor->pid = -1;
    supervisor->pidfd = -1;
    supervisor->channel = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -1;
    sandlot_set_nonblocking(pair[0]);
    // The raw call: no atfork handler, no lock of a library is taken in the child, which never returns from here.
    int pidfd = -1;
#if defined(__x86_64__)
    long pid = syscall(SYS_clone, (unsigned long)(SIGCHLD | CLONE_PIDFD), NULL, &pidfd, NULL, NULL);
    if (pid < 0 && errno == EINVAL) pid = syscall(SYS_clone, (unsigned long)SIGCHLD, NULL, NULL, NULL, NULL);
#else
    long pid = syscall(SYS_clone, (unsigned long)(SIGCHLD | CLONE_PIDFD), NULL, &pidfd, 0, NULL);
    if (pid < 0 && errno == EINVAL) pid = syscall(SYS_clone, (unsigned long)SIGCHLD, NULL, NULL, 0, NULL);
#endif
    if (pid == 0) {
        supervise(request, pair[1]);
        _exit(1);
    }
    int saved = errno;
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        errno = saved;
        return -1;
    }
    supervisor->pid = (pid_t)pid;
    supervisor->pidfd = pidfd;
    supervisor->channel = pair[0];
    return 0;
}

int sandlot_supervisor_receive(int channel, struct sandlot_report *message) {
    for (;;) {
        ssize_t count = recv(channel, message, sizeof *message, MSG_DONTWAIT);
        if (count == (ssize_t)sizeof *message) return 1;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return -1;
        return 0;
    }
}

int sandlot_supervisor_order(int channel, enum sandlot_order_kind kind, int signal) {
    struct order order = {.kind = kind, .signal = signal};
    return send(channel, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof order ? 0 : -1;
}
#endif
