// What the process is allowed, as the kernel tells it.
#if defined(__linux__)
#define _GNU_SOURCE
#include "attempt.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void status_facts(void) {
    static const char *const keys[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters"};
    char value[128];
    for (size_t index = 0; index < sizeof keys / sizeof *keys; index++)
        if (probe_status(keys[index], value, sizeof value)) probe_line("fact", keys[index], value, NULL);
}

static void file_fact(const char *name, const char *path) {
    char text[512];
    if (probe_read(path, text, sizeof text) > 0) {
        size_t length = strlen(text);
        while (length && (text[length - 1] == '\n' || text[length - 1] == ' ')) text[--length] = 0;
        probe_line("fact", name, text, NULL);
    }
}

static void namespace_facts(void) {
    static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        char path[64], target[128], name[32];
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[index]);
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length <= 0) continue;
        target[length] = 0;
        snprintf(name, sizeof name, "namespace.%s", names[index]);
        probe_line("fact", name, target, NULL);
    }
}

struct call {
    const char *name;
    long number;
};
#define CALL(name) {#name, SYS_##name}
/// Calls that a command seldom needs and that kernels were attacked by. All get arguments that no kernel accepts.
static const struct call calls[] = {
    CALL(acct), CALL(add_key), CALL(bpf), CALL(clock_adjtime), CALL(delete_module), CALL(fanotify_init),
    CALL(finit_module), CALL(init_module), CALL(io_uring_setup), CALL(kcmp), CALL(kexec_load), CALL(keyctl), CALL(lookup_dcookie), CALL(mbind),
    CALL(migrate_pages), CALL(mount), CALL(move_pages), CALL(name_to_handle_at), CALL(open_by_handle_at), CALL(perf_event_open), CALL(pivot_root),
    CALL(process_vm_readv), CALL(process_vm_writev), CALL(ptrace), CALL(quotactl), CALL(request_key), CALL(set_mempolicy),
    CALL(setns), CALL(swapoff), CALL(swapon), CALL(syslog), CALL(umount2), CALL(unshare), CALL(userfaultfd),
#if defined(__x86_64__)
    CALL(ioperm), CALL(iopl), CALL(modify_ldt), CALL(sysfs), CALL(uselib), CALL(ustat),
#endif
    {"open_tree", 428}, {"move_mount", 429}, {"fsopen", 430}, {"fsmount", 432}, {"fspick", 433}, {"mount_setattr", 442}, {"memfd_secret", 447},
    {"landlock_create_ruleset", 444}, {"pidfd_getfd", 438},
};

static void refused_calls(void) {
    char list[1500] = "";
    int refused = 0;
    const int all = sizeof calls / sizeof *calls;
    for (int index = 0; index < all; index++) {
        pid_t child = fork();
        if (child < 0) return;
        if (child == 0) {
            alarm(2);
            long returned = syscall(calls[index].number, -1L, -1L, -1L, -1L, -1L, -1L);
            _exit(returned < 0 && probe_refused(errno) ? 10 : 0);
        }
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
        if ((WIFEXITED(status) && WEXITSTATUS(status) == 10) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)) {
            refused++;
            continue;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used ? " " : "", calls[index].name);
    }
    char text[64];
    snprintf(text, sizeof text, "%d of %d", refused, all);
    probe_line("fact", "calls.refused", text, NULL);
    probe_line("fact", "calls.accepted", *list ? list : "none", NULL);
}

void sandlot_probe_facts(void) {
    char text[256];
    struct utsname names;
    if (uname(&names) == 0) {
        snprintf(text, sizeof text, "%s %s", names.sysname, names.release);
        probe_line("fact", "kernel", text, NULL);
    }
    snprintf(text, sizeof text, "%u:%u", geteuid(), getegid());
    probe_line("fact", "user", text, NULL);
    file_fact("boot", "/proc/sys/kernel/random/boot_id");
    file_fact("uid_map", "/proc/self/uid_map");
    file_fact("gid_map", "/proc/self/gid_map");
    file_fact("lsm", "/proc/self/attr/current");
    status_facts();
    namespace_facts();
    refused_calls();
}
#endif
