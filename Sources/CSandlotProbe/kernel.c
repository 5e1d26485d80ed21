// Doors of the kernel.
#if defined(__linux__)
#define _GNU_SOURCE
#include "attempt.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t capabilities(const char *set) {
    char value[64];
    return probe_status(set, value, sizeof value) ? strtoull(value, NULL, 16) : 0;
}

static const char *const capability_names[] = {
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
    "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin",
    "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override",
    "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
};
enum { DAC_READ_SEARCH = 2, SYS_MODULE = 16, SYS_ADMIN = 21 };

static void capability_set(struct answer *found) {
    uint64_t bits = capabilities("CapEff") | capabilities("CapPrm") | capabilities("CapAmb");
    for (unsigned bit = 0; bit < sizeof capability_names / sizeof *capability_names; bit++)
        if (bits >> bit & 1) probe_add(found, "%s", capability_names[bit]);
    probe_conclude(found, "none is effective, permitted or ambient");
}

static void privileged(struct answer *found) {
    char value[64];
    uint64_t bounding = capabilities("CapBnd");
    if (!probe_status("CapEff", value, sizeof value)) {
        answer(found, UNKNOWN, "there is no /proc/self/status");
        return;
    }
    if (strtoull(value, NULL, 16) && strtoull(value, NULL, 16) == bounding && bounding >> SYS_ADMIN & 1)
        answer(found, OPEN, "every capability of the bounding set is effective");
    else
        answer(found, BLOCKED, "effective %s", value);
}

static void privilege_gain(struct answer *found) {
    char value[16];
    if (!probe_status("NoNewPrivs", value, sizeof value)) answer(found, UNKNOWN, "there is no /proc/self/status");
    else answer(found, *value == '1' ? BLOCKED : OPEN, "no_new_privs is %s", value);
}

static void call_filter(struct answer *found) {
    char value[16];
    if (!probe_status("Seccomp", value, sizeof value)) answer(found, UNKNOWN, "there is no /proc/self/status");
    else answer(found, *value == '2' ? BLOCKED : OPEN, "the mode is %s", value);
}

/// Root that a user namespace maps to somebody else is nobody outside.
static void root_user(struct answer *found) {
    char map[256];
    if (geteuid() != 0 && setuid(0) != 0) {
        answer(found, BLOCKED, "user %u, which cannot become root: %s", geteuid(), strerror(errno));
        return;
    }
    unsigned inside = 0, outside = 0, count = 0;
    if (probe_read("/proc/self/uid_map", map, sizeof map) < 0 || sscanf(map, "%u %u %u", &inside, &outside, &count) != 3)
        answer(found, OPEN, "runs as user 0, and nothing says who that is outside");
    else
        answer(found, inside == 0 && outside == 0 ? OPEN : BLOCKED, "runs as user 0, which is %u outside", outside);
}

static void mounting(struct answer *found) {
    mkdir("probe-mount", 0755);
    long returned = mount("none", "probe-mount", "tmpfs", 0, NULL);
    if (returned == 0) umount2("probe-mount", MNT_DETACH);
    probe_add_call(found, "mount", returned);
    long context = syscall(430 /* fsopen */, "tmpfs", 0);
    probe_add_call(found, "fsopen", context);
    probe_add_call(found, "open_tree", syscall(428, AT_FDCWD, ".", 1 /* OPEN_TREE_CLONE */));
    rmdir("probe-mount");
    probe_conclude(found, "mount, fsopen and open_tree are refused");
}

static void admin_capability(struct answer *found) {
    if (capabilities("CapEff") >> SYS_ADMIN & 1) answer(found, OPEN, "CAP_SYS_ADMIN is effective");
    else mounting(found);
}

static void new_root(struct answer *found) {
    // Paths that do not exist: whether it may be done is asked first.
    probe_add_call(found, "pivot_root", syscall(SYS_pivot_root, "/nonexistent", "/nonexistent"));
    long returned = chroot("/");
    probe_add_call(found, "chroot", returned);
    probe_conclude(found, "pivot_root and chroot are refused");
}

static void new_namespaces(struct answer *found) {
    static const struct {
        const char *name;
        int flag;
    } kinds[] = {
        {"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS}, {"net", CLONE_NEWNET}, {"pid", CLONE_NEWPID}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS},
        {"cgroup", CLONE_NEWCGROUP},
    };
    for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index++)
        if (unshare(kinds[index].flag) == 0) probe_add(found, "unshare %s", kinds[index].name);
    // A filter sees the flags of clone, and not those of clone3, which lie in memory.
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } wanted = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long child = syscall(435 /* clone3 */, &wanted, sizeof wanted);
    if (child == 0) _exit(0);
    if (child > 0) {
        waitpid((pid_t)child, NULL, 0);
        probe_add(found, "clone3 user");
    }
    probe_conclude(found, "no kind of namespace can be made");
}

static void entering(struct answer *found) {
    static const char *const kinds[] = {"mnt", "net", "pid", "user"};
    const pid_t targets[] = {1, probe_parent()};
    for (size_t target = 0; target < 2; target++)
        for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index++) {
            char path[64];
            snprintf(path, sizeof path, "/proc/%d/ns/%s", targets[target], kinds[index]);
            int space = open(path, O_RDONLY | O_CLOEXEC);
            if (space < 0) continue;
            if (setns(space, 0) == 0) probe_add(found, "%s of process %d", kinds[index], targets[target]);
            close(space);
        }
    probe_conclude(found, "no process' namespaces can be entered");
}

static void tracing(struct answer *found) {
    const pid_t targets[] = {1, probe_parent()};
    for (size_t index = 0; index < 2; index++) {
        char path[64], byte;
        if (ptrace(PTRACE_SEIZE, targets[index], NULL, NULL) == 0) probe_add(found, "process %d was traced", targets[index]);
        snprintf(path, sizeof path, "/proc/%d/mem", targets[index]);
        int memory = open(path, O_RDWR | O_CLOEXEC);
        if (memory >= 0) {
            probe_add(found, "%s was opened for writing", path);
            close(memory);
        }
        struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
        errno = 0;
        if (process_vm_readv(targets[index], &here, 1, &there, 1, 0) == 1 || errno == EFAULT)
            probe_add(found, "memory of process %d was read", targets[index]);
    }
    probe_conclude(found, "neither process 1 nor what started this one can be traced, read or written");
}

static void extended_filters(struct answer *found) {
    union bpf_attr map;
    memset(&map, 0, sizeof map);
    map.map_type = BPF_MAP_TYPE_ARRAY;
    map.key_size = map.value_size = 4;
    map.max_entries = 1;
    probe_call(found, "bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
}

static void performance(struct answer *found) {
    struct perf_event_attr event;
    memset(&event, 0, sizeof event);
    event.type = PERF_TYPE_SOFTWARE;
    event.size = sizeof event;
    event.config = PERF_COUNT_SW_CPU_CLOCK;
    event.exclude_kernel = 1;
    probe_call(found, "perf_event_open", syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}

static void page_faults(struct answer *found) { probe_call(found, "userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* user mode only */)); }

static void rings(struct answer *found) {
    char parameters[256] = {0};
    probe_call(found, "io_uring_setup", syscall(SYS_io_uring_setup, 1, parameters));
}

static void keyrings(struct answer *found) {
    long key = syscall(SYS_add_key, "user", "sandlot-probe", "x", 1L, -3L /* the session's keyring */);
    if (key >= 0) syscall(SYS_keyctl, 3 /* revoke */, key);
    probe_add_call(found, "add_key", key);
    probe_add_call(found, "keyctl", syscall(SYS_keyctl, 0 /* get id */, -4L /* the user's keyring */, 0));
    probe_conclude(found, "add_key and keyctl are refused");
}

static void modules(struct answer *found) {
    if (capabilities("CapEff") >> SYS_MODULE & 1) probe_add(found, "CAP_SYS_MODULE is effective");
    probe_add_call(found, "init_module", syscall(SYS_init_module, "", 0L, ""));
    probe_add_call(found, "finit_module", syscall(SYS_finit_module, -1, "", 0));
    probe_conclude(found, "no kernel module can be loaded");
}

/// The way of "shocker": a file by its number, whatever directory is above it.
static void file_handles(struct answer *found) {
    _Alignas(struct file_handle) unsigned char room[sizeof(struct file_handle) + 128] = {0};
    struct file_handle *handle = (struct file_handle *)room;
    handle->handle_bytes = 128;
    int mount = 0;
    if (capabilities("CapEff") >> DAC_READ_SEARCH & 1) probe_add(found, "CAP_DAC_READ_SEARCH is effective");
    if (name_to_handle_at(AT_FDCWD, "/", handle, &mount, 0) != 0) handle->handle_bytes = 0;
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int opened = open_by_handle_at(root, handle, O_RDONLY);
    if (opened >= 0) probe_add(found, "open_by_handle_at opened the root");
    probe_conclude(found, "no file can be opened by its number");
}

static void machine_calls(struct answer *found) {
    // Each is refused for want of a capability before its arguments are looked at; none of these would do anything.
    probe_add_call(found, "kexec_load", syscall(SYS_kexec_load, 0L, 0L, NULL, 0xFFFFFFFFUL));
    probe_add_call(found, "reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
    probe_add_call(found, "swapon", syscall(SYS_swapon, "/nonexistent", 0));
    probe_add_call(found, "acct", syscall(SYS_acct, "/nonexistent"));
    probe_add_call(found, "sethostname", sethostname("", (size_t)-1));
    struct timex clock;
    memset(&clock, 0, sizeof clock);
    clock.modes = ADJ_TICK;
    clock.tick = 1;
    probe_add_call(found, "adjtimex", adjtimex(&clock));
#if defined(__x86_64__)
    probe_add_call(found, "iopl", syscall(SYS_iopl, 3));
    probe_add_call(found, "ioperm", syscall(SYS_ioperm, 0x80L, 1L, 1));
#endif
    probe_conclude(found, "clock, name, ports, swap, accounting, reboot and kexec are refused");
}

static void kernel_log(struct answer *found) {
    char text[64];
    int device = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (device >= 0) probe_add(found, "/dev/kmsg");
    if (syscall(SYS_syslog, 3 /* read all */, text, sizeof text) >= 0) probe_add(found, "syslog");
    probe_conclude(found, "it cannot be read");
}

static void priority(struct answer *found) {
    struct sched_param parameters = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO, &parameters) == 0) probe_add(found, "real-time scheduling");
    errno = 0;
    if (setpriority(PRIO_PROCESS, 0, -10) == 0) probe_add(found, "a better priority");
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        rlim_t before = files.rlim_max;
        files.rlim_max = before + 1;
        if (before != RLIM_INFINITY && setrlimit(RLIMIT_NOFILE, &files) == 0) probe_add(found, "a higher limit of descriptors");
    }
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0 && write(file, "-1000", 5) == 5) probe_add(found, "to be spared when memory ends");
    probe_conclude(found, "no better priority, limit or score can be had");
}

static void device_nodes(struct answer *found) {
    static const struct {
        const char *name;
        mode_t kind;
        unsigned major, minor;
    } nodes[] = {{"probe-disk", S_IFBLK, 8, 0}, {"probe-memory", S_IFCHR, 1, 1}};
    for (size_t index = 0; index < 2; index++) {
        if (mknod(nodes[index].name, nodes[index].kind | 0600, makedev(nodes[index].major, nodes[index].minor)) != 0) continue;
        int device = open(nodes[index].name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        // ENXIO: there is no such disk here, but one that were there would have been opened.
        if (device >= 0 || errno == ENXIO) probe_add(found, "%s", nodes[index].name);
        unlink(nodes[index].name);
    }
    probe_conclude(found, "no device node can be made and opened");
}

static void released(unsigned *major, unsigned *minor) {
    struct utsname names;
    *major = *minor = 0;
    if (uname(&names) == 0) sscanf(names.release, "%u.%u", major, minor);
}

static void dirty_cow(struct answer *found) {
    unsigned major, minor;
    released(&major, &minor);
    answer(found, major > 4 || (major == 4 && minor >= 9) ? BLOCKED : OPEN, "the kernel is %u.%u; fixed in 4.9", major, minor);
}

/// Writes into the page cache of a file that is open for reading only; the file is our own.
static void dirty_pipe(struct answer *found) {
    char text[4096];
    int ends[2], file = open("probe-pipe", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0400);
    if (file < 0) {
        answer(found, UNKNOWN, "no file to try it on: %s", strerror(errno));
        return;
    }
    bool isReady = write(file, "aaaa", 4) == 4;
    close(file);
    file = open("probe-pipe", O_RDONLY | O_CLOEXEC);
    off_t offset = 0;
    if (!isReady || file < 0 || pipe(ends) != 0) {
        answer(found, UNKNOWN, "no pipe to try it with");
    } else {
        // A pipe that was full once keeps the flag that lets writes be merged.
        int size = fcntl(ends[1], F_GETPIPE_SZ);
        for (int left = size; left > 0; left -= (int)sizeof text)
            if (write(ends[1], text, sizeof text) < 0) break;
        for (int left = size; left > 0; left -= (int)sizeof text)
            if (read(ends[0], text, sizeof text) < 0) break;
        if (splice(file, &offset, ends[1], NULL, 1, 0) != 1 || write(ends[1], "b", 1) != 1)
            answer(found, BLOCKED, "splice is refused: %s", strerror(errno));
        else if (pread(file, text, 4, 0) == 4 && !memcmp(text, "abaa", 4))
            answer(found, OPEN, "a file that was open for reading only was changed");
        else
            answer(found, BLOCKED, "a file that was open for reading only stayed as it was");
    }
    unlink("probe-pipe");
}

static void control_group_version_one(struct answer *found) {
    // The escape by release_agent needs a hierarchy that the attacker mounts, most simply as root of a new user namespace.
    mkdir("probe-group", 0755);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP) == 0) probe_add(found, "new namespaces for it");
    if (mount("cgroup", "probe-group", "cgroup", 0, "rdma") == 0 || mount("cgroup", "probe-group", "cgroup", 0, "memory") == 0)
        probe_add(found, "a hierarchy was mounted");
    umount2("probe-group", MNT_DETACH);
    rmdir("probe-group");
    probe_conclude(found, "no hierarchy can be mounted");
}

const struct attempt sandlot_kernel_attempts[] = {
    {"escape.privileged", privileged},
    {"escape.cap-sys-admin", admin_capability},
    {"escape.cap-sys-module", modules},
    {"escape.cap-dac-read-search", file_handles},
    {"escape.release-agent", control_group_version_one},
    {"escape.ebpf", extended_filters},
    {"escape.dirty-cow", dirty_cow},
    {"escape.dirty-pipe", dirty_pipe},
    {"kernel.capabilities", capability_set},
    {"kernel.privilege-gain", privilege_gain},
    {"kernel.call-filter", call_filter},
    {"kernel.root-user", root_user},
    {"kernel.mount", mounting},
    {"kernel.new-root", new_root},
    {"kernel.new-namespaces", new_namespaces},
    {"kernel.enter-namespaces", entering},
    {"kernel.trace-others", tracing},
    {"kernel.perf", performance},
    {"kernel.userfaultfd", page_faults},
    {"kernel.io-uring", rings},
    {"kernel.keyrings", keyrings},
    {"kernel.machine-calls", machine_calls},
    {"kernel.log", kernel_log},
    {"kernel.priority", priority},
    {"kernel.device-nodes", device_nodes},
    {NULL, NULL},
};
#endif
