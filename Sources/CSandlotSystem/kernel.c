// Thin wrappers of calls that Swift's Glibc module does not show.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int sandlot_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
int sandlot_protect_self(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
int sandlot_limit_processes(uint64_t count) {
    struct rlimit limit = {.rlim_cur = count, .rlim_max = count};
    return setrlimit(RLIMIT_NPROC, &limit);
}

int sandlot_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

pid_t sandlot_reap_one(int *status) {
    for (;;) {
        pid_t pid = waitpid(-1, status, WNOHANG | WUNTRACED);
        if (pid < 0 && errno == EINTR) continue;
        if (pid > 0 && WIFSTOPPED(*status)) {
            kill(pid, SIGCONT);
            continue;
        }
        return pid;
    }
}

int sandlot_pidfd_open(pid_t pid) { return (int)syscall(434, pid, 0); }
int sandlot_pidfd_send_signal(int pidfd, int signal) { return (int)syscall(424, pidfd, signal, NULL, 0); }

int sandlot_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
int sandlot_exit_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
bool sandlot_core_dumped(int status) { return WIFSIGNALED(status) && WCOREDUMP(status); }

int sandlot_close_range(unsigned first, unsigned last, unsigned flags) {
    if (syscall(436, first, last, flags) == 0) return 0;
    if (errno != ENOSYS && errno != EINVAL && errno != EPERM) return -1;
    // Kernels before 5.9 (5.11 for the flag): one by one up to the limit.
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
    unsigned end = limit.rlim_cur > 1048576 ? 1048576 : (unsigned)limit.rlim_cur;
    if (last < end) end = last + 1;
    for (unsigned fd = first; fd < end; fd++) {
        if (flags & 4) fcntl((int)fd, F_SETFD, FD_CLOEXEC);
        else close((int)fd);
    }
    return 0;
}

struct open_how_v1 {
    uint64_t flags, mode, resolve;
};

int sandlot_openat2(int directory, const char *path, int flags, mode_t mode, uint64_t resolve) {
    struct open_how_v1 how = {.flags = (uint64_t)(unsigned)flags, .mode = mode, .resolve = resolve};
    for (;;) {
        long fd = syscall(437, directory, path, &how, sizeof how);
        // EAGAIN: a concurrent rename disturbed the walk; the kernel asks to try again.
        if (fd < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        return (int)fd;
    }
}

int sandlot_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}
int sandlot_set_close_on_exec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }
int sandlot_set_pipe_size(int fd, int size) { return fcntl(fd, F_SETPIPE_SZ, size); }
int sandlot_readable_bytes(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) < 0 ? -1 : count;
}
int sandlot_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
int sandlot_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

void sandlot_grow_socket_buffers(int fd, int bytes) {
    // The forced form is for root; the other is capped by the system's limit.
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void *sandlot_map_private(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    madvise(memory, size, MADV_DONTFORK);
    return memory;
}
void sandlot_unmap(void *memory, size_t size) { munmap(memory, size); }

int sandlot_random(void *target, size_t count) {
    return getrandom(target, count, 0) == (ssize_t)count ? 0 : -1;
}
void sandlot_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

int sandlot_poller_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
static int control(int poller, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(poller, operation, fd, &event);
}
int sandlot_poller_add(int poller, int fd, uint32_t events, uint64_t token) {
    return control(poller, EPOLL_CTL_ADD, fd, events, token);
}
int sandlot_poller_change(int poller, int fd, uint32_t events, uint64_t token) {
    return control(poller, EPOLL_CTL_MOD, fd, events, token);
}
int sandlot_poller_remove(int poller, int fd) { return control(poller, EPOLL_CTL_DEL, fd, 0, 0); }
int sandlot_poller_wait(int poller, struct sandlot_event *events, int capacity, int timeout) {
    struct epoll_event found[64];
    int count = epoll_wait(poller, found, capacity < 64 ? capacity : 64, timeout);
    if (count < 0) return errno == EINTR ? 0 : -1;
    for (int index = 0; index < count; index++) {
        events[index].token = found[index].data.u64;
        events[index].events = found[index].events;
    }
    return count;
}

int sandlot_wakeup_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
void sandlot_wakeup_signal(int fd) {
    uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof one);
    (void)ignored;
}
void sandlot_wakeup_clear(int fd) {
    uint64_t count;
    ssize_t ignored = read(fd, &count, sizeof count);
    (void)ignored;
}

int sandlot_signals_create(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
int sandlot_signals_next(int fd) {
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        // A command must not end process 1 of its sandbox. Whoever signals from outside of the pid namespace has number 0 in it.
        if (getpid() == 1 && info.ssi_signo != SIGCHLD && info.ssi_code <= 0 && info.ssi_pid != 0) continue;
        return (int)info.ssi_signo;
    }
    return 0;
}
#endif
