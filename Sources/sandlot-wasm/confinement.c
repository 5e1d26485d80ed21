#if defined(__linux__)
#define _GNU_SOURCE
#include "confinement.h"
#include "sandlot_system.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

/// What a module can never ask for by WASI, so only a fault of the runtime would call it. io_uring would go past the other lines.
static const unsigned short refused[] = {
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg, SYS_execve, SYS_execveat,
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_unshare, SYS_setns, SYS_mount, SYS_chroot, SYS_pidfd_open,
    SYS_pidfd_getfd, SYS_setuid, SYS_setgid, SYS_setsid, SYS_setpgid, SYS_prctl, SYS_bpf, SYS_keyctl, SYS_memfd_create,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_kill, SYS_tkill,
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
};
enum { REFUSED = sizeof refused / sizeof *refused };

static const char *failed(const char *what) {
    static char text[160];
    snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
    return text;
}

static const char *refuse_calls(void) {
    struct sock_filter program[2 * REFUSED + 16];
    unsigned short count = 0;
#define EMIT(...) program[count++] = (struct sock_filter)__VA_ARGS__
#define FAIL(number) (SECCOMP_RET_ERRNO | (number))
    EMIT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    EMIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0));
    EMIT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    EMIT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    for (size_t index = 0; index < REFUSED; index++) {
        EMIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[index], 0, 1));
        EMIT(BPF_STMT(BPF_RET | BPF_K, FAIL(EPERM)));
    }
    // Its flags are in memory, where no filter sees them; libc then calls clone.
    EMIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 435, 0, 1));
    EMIT(BPF_STMT(BPF_RET | BPF_K, FAIL(ENOSYS)));
    // Threads yes (the runtime reads standard input in one), processes no.
    EMIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3));
    EMIT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)));
    EMIT(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0));
    EMIT(BPF_STMT(BPF_RET | BPF_K, FAIL(EPERM)));
    EMIT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef EMIT
#undef FAIL
    return sandlot_seccomp_install(program, count) == 0 ? NULL : failed("refusing system calls");
}

static const char *keep_to(const struct options *options) {
    // Where the kernel has no Landlock, the sandbox around us was allowed to do without.
    if (sandlot_landlock_abi() == 0) return NULL;
    int ruleset = sandlot_landlock_create(false);
    if (ruleset < 0) return failed("making file rules");
    const char *problem = NULL;
    for (size_t index = 0; index < options->preopen_count && problem == NULL; index++)
        if (sandlot_landlock_allow(ruleset, options->preopens[index].host, options->preopens[index].writable) != 0)
            problem = failed(options->preopens[index].host);
    if (problem == NULL && sandlot_landlock_restrict(ruleset) != 0) problem = failed("restricting files");
    close(ruleset);
    return problem;
}

const char *confine(const struct options *options) {
    // A trap ends as a signal; it shall not leave the module's memory in a file.
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("refusing core files");
    const char *problem = keep_to(options);
    return problem == NULL ? refuse_calls() : problem;
}
#endif
