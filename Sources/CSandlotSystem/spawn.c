// Spawning with shared memory until execve. Everything in the child is async-signal-safe: other threads may hold any lock.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/seccomp.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

enum { MAX_MAPPINGS = 64, CHILD_STACK = 48 * 1024 };

struct child_context {
    const struct sandlot_spawn_request *request;
    struct sandlot_spawn_result *result;
};

void sandlot_spawn_request_init(struct sandlot_spawn_request *request) {
    memset(request, 0, sizeof *request);
    request->controlling_terminal = -1;
    request->umask = -1;
    request->landlock_ruleset = -1;
    request->oom_score_adj = -1001;
}

static void fail(struct child_context *context, int stage, int error) {
    context->result->stage = stage;
    context->result->error = error;
    _exit(127);
}

static int write_small_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t written = write(fd, text, strlen(text));
    int saved = errno;
    close(fd);
    errno = saved;
    return written < 0 ? -1 : 0;
}

static void reset_signals(void) {
    // The raw call: glibc refuses to touch its two internal signals, which an ancestor may have set to be ignored.
    struct { uint64_t handler, flags, restorer, mask; } action = {0, 0, 0, 0};
    for (int number = 1; number < 65; number++) syscall(SYS_rt_sigaction, number, &action, NULL, 8);
}

static void map_descriptors(struct child_context *context) {
    const struct sandlot_spawn_request *request = context->request;
    if (request->mapping_count > MAX_MAPPINGS) fail(context, SANDLOT_STAGE_DESCRIPTORS, E2BIG);
    int above = 3, moved[MAX_MAPPINGS];
    for (size_t index = 0; index < request->mapping_count; index++)
        if (request->mappings[index].target >= above) above = request->mappings[index].target + 1;
    // All sources go out of the way first, so that no target overwrites a source that is still needed.
    for (size_t index = 0; index < request->mapping_count; index++) {
        moved[index] = fcntl(request->mappings[index].source, F_DUPFD_CLOEXEC, above);
        if (moved[index] < 0) fail(context, SANDLOT_STAGE_DESCRIPTORS, errno);
    }
    if (sandlot_close_range(0, ~0U, 4) < 0) fail(context, SANDLOT_STAGE_DESCRIPTORS, errno);
    for (size_t index = 0; index < request->mapping_count; index++)
        if (dup2(moved[index], request->mappings[index].target) < 0) fail(context, SANDLOT_STAGE_DESCRIPTORS, errno);
}

static void switch_user(struct child_context *context) {
    const struct sandlot_spawn_request *request = context->request;
    // The raw calls: glibc's wrappers would try to change all threads of the process whose memory we borrow.
    if (!(request->flags & SANDLOT_SPAWN_KEEP_GROUPS) && syscall(SYS_setgroups, request->group_count, request->groups) < 0)
        fail(context, SANDLOT_STAGE_USER, errno);
    if (syscall(SYS_setresgid, request->gid, request->gid, request->gid) < 0) fail(context, SANDLOT_STAGE_USER, errno);
    if (syscall(SYS_setresuid, request->uid, request->uid, request->uid) < 0) fail(context, SANDLOT_STAGE_USER, errno);
}

static void execute(struct child_context *context) {
    const struct sandlot_spawn_request *request = context->request;
    int stage = SANDLOT_STAGE_EXEC, error = ENOENT;
    for (const char *const *candidate = request->candidates; *candidate; candidate++) {
        execve(*candidate, request->argv, request->envp);
        // A file that was just written may for a moment still be open in a process that was forked meanwhile.
        for (int attempt = 0; errno == ETXTBSY && attempt < 20; attempt++) {
            struct timespec pause = {.tv_nsec = 5000000};
            nanosleep(&pause, NULL);
            execve(*candidate, request->argv, request->envp);
        }
        if (errno == ENOENT || errno == ENOTDIR) {
            // ENOENT for a file that is there means that its interpreter is not.
            int reason = errno;
            if (reason == ENOENT && faccessat(AT_FDCWD, *candidate, F_OK, 0) == 0) {
                stage = SANDLOT_STAGE_INTERPRETER;
                error = reason;
                break;
            }
            continue;
        }
        if (errno == EACCES) {
            // A later folder of PATH may have one that can be executed; else this is the reason to report.
            error = EACCES;
            continue;
        }
        error = errno;
        break;
    }
    fail(context, stage, error);
}

static int child_main(void *argument) {
    struct child_context *context = argument;
    const struct sandlot_spawn_request *request = context->request;
    reset_signals();
    for (const char *const *path = request->cgroups; path && *path; path++)
        if (write_small_file(*path, "0") < 0) fail(context, SANDLOT_STAGE_CGROUP, errno);
    if (request->oom_score_adj >= -1000) {
        char text[8];
        int value = request->oom_score_adj, length = 0;
        unsigned rest = value < 0 ? (unsigned)-value : (unsigned)value;
        char digits[5];
        int count = 0;
        do { digits[count++] = (char)('0' + rest % 10); rest /= 10; } while (rest && count < 5);
        if (value < 0) text[length++] = '-';
        while (count) text[length++] = digits[--count];
        text[length] = 0;
        if (write_small_file("/proc/self/oom_score_adj", text) < 0) fail(context, SANDLOT_STAGE_OOM_SCORE, errno);
    }
    if (request->flags & SANDLOT_SPAWN_SETSID) {
        if (setsid() < 0) fail(context, SANDLOT_STAGE_SESSION, errno);
    } else if (request->flags & SANDLOT_SPAWN_SETPGID) {
        if (setpgid(0, 0) < 0) fail(context, SANDLOT_STAGE_SESSION, errno);
    }
    map_descriptors(context);
    // After the descriptors, which start at the numbers of a caller that may have more open than the command may.
    for (size_t index = 0; index < request->limit_count; index++) {
        struct rlimit limit = {.rlim_cur = request->limits[index].soft, .rlim_max = request->limits[index].hard};
        if (setrlimit(request->limits[index].resource, &limit) < 0) fail(context, SANDLOT_STAGE_LIMITS, errno);
    }
    if (request->controlling_terminal >= 0 && ioctl(request->controlling_terminal, TIOCSCTTY, 0) < 0)
        fail(context, SANDLOT_STAGE_TERMINAL, errno);
    if (request->flags & SANDLOT_SPAWN_SET_USER) switch_user(context);
    if (request->cwd && chdir(request->cwd) < 0) fail(context, SANDLOT_STAGE_DIRECTORY, errno);
    if (request->umask >= 0) umask((mode_t)request->umask);
    if (request->parent_death_signal && prctl(PR_SET_PDEATHSIG, request->parent_death_signal, 0, 0, 0) < 0)
        fail(context, SANDLOT_STAGE_DEATH_SIGNAL, errno);
    if ((request->flags & SANDLOT_SPAWN_NO_NEW_PRIVS) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail(context, SANDLOT_STAGE_NO_NEW_PRIVS, errno);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (request->landlock_ruleset >= 0 && syscall(446 /* landlock_restrict_self */, request->landlock_ruleset, 0) < 0)
        fail(context, SANDLOT_STAGE_LANDLOCK, errno);
    if (request->filter) {
        struct sock_fprog program = {.len = request->filter_count, .filter = (struct sock_filter *)request->filter};
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0) fail(context, SANDLOT_STAGE_SECCOMP, errno);
    }
    execute(context);
    return 127;
}

int sandlot_spawn(const struct sandlot_spawn_request *request, struct sandlot_spawn_result *result) {
    // The caller stands still until execve, so its own stack can hold the child's.
    char stack[CHILD_STACK] __attribute__((aligned(16)));
    struct child_context context = {.request = request, .result = result};
    result->pid = -1;
    result->pidfd = -1;
    result->stage = 0;
    result->error = 0;
    // No handler of the caller may run in the child, which shares the caller's memory.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    int pidfd = -1;
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    pid_t pid = clone(child_main, stack + CHILD_STACK, flags | CLONE_PIDFD, &context, &pidfd);
    if (pid < 0 && errno == EINVAL) pid = clone(child_main, stack + CHILD_STACK, flags, &context);
    int clone_error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        result->stage = SANDLOT_STAGE_CLONE;
        result->error = clone_error;
        errno = clone_error;
        return -1;
    }
    if (result->stage) {
        int status;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
        if (pidfd >= 0) close(pidfd);
        errno = result->error;
        return -1;
    }
    result->pid = pid;
    result->pidfd = pidfd;
    return 0;
}
#endif
