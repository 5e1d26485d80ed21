// The system calls that a sandboxed command has no business with.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <errno.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#error "no seccomp table for this architecture"
#endif

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

// These have the same number everywhere; older headers lack some.
enum {
    NR_OPEN_TREE = 428, NR_MOVE_MOUNT = 429, NR_FSOPEN = 430, NR_FSCONFIG = 431, NR_FSMOUNT = 432, NR_FSPICK = 433,
    NR_IO_URING_SETUP = 425, NR_IO_URING_ENTER = 426, NR_IO_URING_REGISTER = 427, NR_CLONE3 = 435, NR_MOUNT_SETATTR = 442,
    NR_QUOTACTL_FD = 443,
    /// mseal; anything above is newer than this table.
    NR_NEWEST = 462,
};

enum { SPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP };

static const unsigned short always_denied[] = {
    SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_kexec_load,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, NR_QUOTACTL_FD,
    SYS_open_by_handle_at, NR_IO_URING_SETUP, NR_IO_URING_ENTER, NR_IO_URING_REGISTER, SYS_lookup_dcookie, SYS_nfsservctl, SYS_vhangup,
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_syslog, SYS_fanotify_init,
#if defined(__x86_64__)
    SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs, SYS__sysctl, SYS_create_module, SYS_get_kernel_syms,
    SYS_query_module,
#endif
};
static const unsigned short namespace_calls[] = {
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_setns, NR_OPEN_TREE, NR_MOVE_MOUNT, NR_FSOPEN, NR_FSCONFIG, NR_FSMOUNT, NR_FSPICK,
    NR_MOUNT_SETATTR,
};
static const unsigned short tracing_calls[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev};

struct builder {
    struct sock_filter *out;
    size_t capacity, count;
};

static void emit(struct builder *builder, unsigned short code, unsigned char if_true, unsigned char if_false, uint32_t value) {
    if (builder->count < builder->capacity)
        builder->out[builder->count] = (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = value};
    builder->count++;
}
static void give(struct builder *builder, uint32_t verdict) { emit(builder, BPF_RET | BPF_K, 0, 0, verdict); }
static void load(struct builder *builder, size_t offset) { emit(builder, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset); }
/// The low half of an argument: both architectures are little-endian.
static void load_argument(struct builder *builder, int index) { load(builder, offsetof(struct seccomp_data, args) + 8 * (size_t)index); }
/// Skips `skipped` instructions unless the loaded value is `value`.
static void unless(struct builder *builder, uint32_t value, unsigned char skipped) {
    emit(builder, BPF_JMP | BPF_JEQ | BPF_K, 0, skipped, value);
}
static uint32_t failing(int error) { return SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA); }

static void deny(struct builder *builder, const unsigned short *calls, size_t count) {
    for (size_t index = 0; index < count; index++) {
        unless(builder, calls[index], 1);
        give(builder, failing(EPERM));
    }
}

/// `call` is denied when its argument has one of `bits`.
static void deny_bits(struct builder *builder, uint32_t call, int argument, uint32_t bits) {
    unless(builder, call, 4);
    load_argument(builder, argument);
    emit(builder, BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits);
    give(builder, failing(EPERM));
    give(builder, SECCOMP_RET_ALLOW);
}

/// `call` gets one verdict for the listed values of an argument and the other for the rest.
static void choose(struct builder *builder, uint32_t call, int argument, const uint32_t *values, size_t count, uint32_t listed, uint32_t rest) {
    unless(builder, call, (unsigned char)(2 + 2 * count));
    load_argument(builder, argument);
    for (size_t index = 0; index < count; index++) {
        unless(builder, values[index], 1);
        give(builder, listed);
    }
    give(builder, rest);
}

int sandlot_seccomp_default(struct sock_filter *out, size_t capacity, unsigned flags) {
    struct builder builder = {.out = out, .capacity = capacity};
    load(&builder, offsetof(struct seccomp_data, arch));
    emit(&builder, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE);
    give(&builder, SECCOMP_RET_KILL_PROCESS);
    load(&builder, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    // x32 calls carry the native architecture and a bit in the number.
    emit(&builder, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);
    give(&builder, failing(EPERM));
#endif
    emit(&builder, BPF_JMP | BPF_JGT | BPF_K, 0, 1, NR_NEWEST);
    give(&builder, failing(ENOSYS));

    deny(&builder, always_denied, sizeof always_denied / sizeof *always_denied);
    if (!(flags & SANDLOT_SECCOMP_ALLOW_TRACING)) deny(&builder, tracing_calls, sizeof tracing_calls / sizeof *tracing_calls);
    if (!(flags & SANDLOT_SECCOMP_ALLOW_NAMESPACES)) {
        deny(&builder, namespace_calls, sizeof namespace_calls / sizeof *namespace_calls);
        // Its flags are in memory, where a filter cannot see them; libc falls back to clone.
        unless(&builder, NR_CLONE3, 1);
        give(&builder, failing(ENOSYS));
        // In clone's flags the bit of CLONE_NEWTIME belongs to the exit signal.
        deny_bits(&builder, SYS_clone, 0, SPACES);
        deny_bits(&builder, SYS_unshare, 0, SPACES | CLONE_NEWTIME);
    }
    // Both push input into a terminal, which the host's shell would read.
    const uint32_t terminal[] = {TIOCSTI, TIOCLINUX};
    choose(&builder, SYS_ioctl, 1, terminal, 2, failing(EPERM), SECCOMP_RET_ALLOW);
    const uint32_t families[] = {AF_UNIX, AF_NETLINK, AF_INET, AF_INET6};
    choose(&builder, SYS_socket, 0, families, flags & SANDLOT_SECCOMP_NO_INTERNET ? 2 : 4, SECCOMP_RET_ALLOW, failing(EPERM));
    // Linux, 32-bit Linux, either with a 2.6 version, no address randomisation (sanitizers, debuggers), and the question.
    const uint32_t personalities[] = {0, 8, 0x20000, 0x20008, 0x40000, 0xffffffff};
    choose(&builder, SYS_personality, 0, personalities, 6, SECCOMP_RET_ALLOW, failing(EPERM));
    give(&builder, SECCOMP_RET_ALLOW);
    if (builder.count > capacity) {
        errno = ERANGE;
        return -1;
    }
    return (int)builder.count;
}

int sandlot_seccomp_install(const struct sock_filter *filter, unsigned short count) {
    struct sock_fprog program = {.len = count, .filter = (struct sock_filter *)filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
#endif
