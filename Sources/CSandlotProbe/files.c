// Files, devices, sockets and processes of the host.
#if defined(__linux__)
#define _GNU_SOURCE
#include "attempt.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#define EACH(list) (size_t index = 0; index < sizeof list / sizeof *list; index++)

static void close_if_open(int descriptor) {
    if (descriptor >= 0) close(descriptor);
}

/// Whether the file can be opened so; nothing is read or written. /dev/null in its place is how engines hide a file.
static bool opens(const char *path, int flags) {
    struct stat status;
    errno = 0;
    int file = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool isThere = file >= 0 && fstat(file, &status) == 0 && !(S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3));
    int saved = errno;
    close_if_open(file);
    errno = saved;
    return isThere;
}

static void any_of(struct answer *found, const char *const *paths, size_t count, int flags, const char *otherwise) {
    for (size_t index = 0; index < count; index++)
        if (opens(paths[index], flags)) probe_add(found, "%s", paths[index]);
    probe_conclude(found, otherwise);
}
#define ANY_OF(found, paths, flags, otherwise) any_of(found, paths, sizeof paths / sizeof *paths, flags, otherwise)

static int connect_to(const char *path, bool abstract) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length + 1 >= sizeof address.sun_path) return -1;
    memcpy(address.sun_path + (abstract ? 1 : 0), path, length);
    int socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ < 0) return -1;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    int status = connect(socket_, (struct sockaddr *)&address, size);
    int saved = errno;
    close(socket_);
    errno = saved;
    return status;
}

static void cluster_credentials(struct answer *found) {
    static const char *const paths[] = {
        "/var/run/secrets/kubernetes.io/serviceaccount/token", "/run/secrets/kubernetes.io/serviceaccount/token", "/etc/kubernetes/admin.conf",
        "/var/lib/kubelet/config.yaml",
    };
    if (getenv("KUBERNETES_SERVICE_HOST")) probe_add(found, "KUBERNETES_SERVICE_HOST is set");
    ANY_OF(found, paths, O_RDONLY, "no token, no address");
}

static void engine_sockets(struct answer *found) {
    static const char *const paths[] = {
        "/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock",
        "/run/k3s/containerd/containerd.sock", "/var/snap/lxd/common/lxd/unix.socket", "/var/lib/incus/unix.socket", "/run/libvirt/libvirt-sock",
    };
    for EACH(paths)
        if (connect_to(paths[index], false) == 0) probe_add(found, "%s", paths[index]);
    const char *host = getenv("DOCKER_HOST");
    if (host) probe_add(found, "DOCKER_HOST is set");
    probe_conclude(found, "no engine's socket can be connected to");
}

static void service_sockets(struct answer *found) {
    static const char *const paths[] = {
        "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/journal/stdout", "/tmp/.X11-unix/X0", "/run/udev/control",
        "/run/systemd/notify", "/dev/log",
    };
    for EACH(paths)
        if (connect_to(paths[index], false) == 0) probe_add(found, "%s", paths[index]);
    const char *own = probe_argument("host-socket");
    if (own && connect_to(own, false) == 0) probe_add(found, "the host's %s", own);
    probe_conclude(found, "no service's socket can be connected to");
}

static void abstract_socket(struct answer *found) {
    const char *name = probe_argument("host-abstract");
    if (!name) answer(found, UNKNOWN, "the host put none down");
    else if (connect_to(name, true) == 0) answer(found, OPEN, "connected to the host's @%s", name);
    else answer(found, BLOCKED, "@%s: %s", name, strerror(errno));
}

/// Reads what the host put down, by its own path and by every way round.
static void host_file(struct answer *found) {
    const char *path = probe_argument("host-file");
    char text[64], way[1024];
    if (!path) {
        answer(found, UNKNOWN, "the host put none down");
        return;
    }
    static const char *const prefixes[] = {"", "/host", "/rootfs", "/mnt", "/hostfs", "/proc/1/root", "/proc/1/cwd/../../../../../../../..", "/.."};
    for EACH(prefixes) {
        snprintf(way, sizeof way, "%s%s", prefixes[index], path);
        if (probe_read(way, text, sizeof text) > 0) probe_add(found, "%s", way);
    }
    probe_conclude(found, "the file that the host put down is not found");
}

/// The way of CVE-2024-21626: a descriptor or a working directory that came from outside.
static void leaked_descriptors(struct answer *found) {
    const char *path = probe_argument("host-file");
    for (int number = 3; number < 1024; number++) {
        struct stat status;
        if (fstat(number, &status) == 0) probe_add(found, "descriptor %d was inherited", number);
    }
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    while (processes && (entry = readdir(processes))) {
        int process = atoi(entry->d_name);
        if (process <= 0 || !path) continue;
        static const char *const ways[] = {"cwd/../../../../../../../..", "root"};
        for EACH(ways) {
            char way[1024], text[64];
            snprintf(way, sizeof way, "/proc/%d/%s%s", process, ways[index], path);
            if (probe_read(way, text, sizeof text) > 0) probe_add(found, "the host's file by %s", way);
        }
    }
    if (processes) closedir(processes);
    probe_conclude(found, "three descriptors, and no process' directory leads out");
}

/// The way of CVE-2019-5736: the program that started the sandbox, overwritten from inside.
static void runtime_program(struct answer *found) {
    const pid_t processes[] = {1, probe_parent()};
    for EACH(processes) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/exe", processes[index]);
        // Busy now means that it is writable as soon as it ends.
        if (opens(path, O_WRONLY) || errno == ETXTBSY) probe_add(found, "%s", path);
    }
    probe_conclude(found, "neither process 1 nor what started this one can be overwritten");
}

static void core_pattern(struct answer *found) {
    static const char *const paths[] = {
        "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/sys/kernel/uevent_helper",
        "/proc/sys/fs/binfmt_misc/register", "/proc/sysrq-trigger",
    };
    ANY_OF(found, paths, O_WRONLY, "core_pattern, modprobe, uevent_helper, binfmt_misc and sysrq cannot be written");
}

static void devices(struct answer *found) {
    static const char *const paths[] = {
        "/dev/mem", "/dev/kmem", "/dev/port", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/loop-control", "/dev/loop0", "/dev/sda", "/dev/vda",
        "/dev/nvme0n1", "/dev/xvda", "/dev/dm-0", "/dev/vhost-net", "/dev/vhost-vsock", "/dev/vsock", "/dev/uinput", "/dev/snapshot", "/dev/hpet",
        "/dev/cpu/0/msr", "/dev/userfaultfd", "/dev/btrfs-control", "/dev/mapper/control", "/dev/rtc0", "/dev/tty1",
    };
    ANY_OF(found, paths, O_RDONLY, "no disk, memory, hypervisor, network or input device can be opened");
}

static void kernel_memory(struct answer *found) {
    static const char *const paths[] = {"/proc/kcore", "/dev/mem", "/dev/kmem", "/proc/vmcore"};
    ANY_OF(found, paths, O_RDONLY, "/proc/kcore and the devices of memory cannot be read");
}

static void kernel_information(struct answer *found) {
    static const char *const paths[] = {
        "/proc/timer_list", "/proc/sched_debug", "/proc/scsi/scsi", "/sys/firmware/acpi/tables/DSDT", "/sys/class/dmi/id/product_uuid",
        "/sys/class/dmi/id/board_serial", "/sys/kernel/vmcoreinfo", "/sys/kernel/notes", "/proc/latency_stats", "/proc/iomem",
    };
    char text[4096];
    for EACH(paths)
        if (probe_read(paths[index], text, sizeof text) > 0 && strncmp(paths[index], "/proc/iomem", 11)) probe_add(found, "%s", paths[index]);
    // Zeros stand for addresses that are not told.
    if (probe_read("/proc/kallsyms", text, sizeof text) > 0 && strncmp(text, "0000000000000000", 16)) probe_add(found, "addresses in /proc/kallsyms");
    if (probe_read("/proc/keys", text, sizeof text) > 0) probe_add(found, "/proc/keys");
    probe_conclude(found, "timers, firmware, serial numbers, keys and addresses are not told");
}

/// Everything below a folder that can be opened for writing, without writing; folders are left out.
static void walk(struct answer *found, const char *folder, int depth, int *budget, bool (*isOwn)(const char *)) {
    DIR *list = opendir(folder);
    struct dirent *entry;
    while (list && *budget > 0 && (entry = readdir(list))) {
        char path[1024];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (isOwn && isOwn(path)) continue;
        --*budget;
        if (entry->d_type == DT_DIR) {
            if (depth > 0) walk(found, path, depth - 1, budget, isOwn);
        } else if (entry->d_type == DT_REG && opens(path, O_WRONLY)) {
            probe_add(found, "%s", path);
        }
    }
    if (list) closedir(list);
}

/// Settings that belong to the sandbox's own network, user, message or process namespaces.
static bool is_of_a_namespace(const char *path) {
    static const char *const own[] = {
        "/proc/sys/net", "/proc/sys/user", "/proc/sys/fs/mqueue", "/proc/sys/kernel/auto_msgmni", "/proc/sys/kernel/msgmax",
        "/proc/sys/kernel/msgmnb", "/proc/sys/kernel/msgmni", "/proc/sys/kernel/msg_next_id", "/proc/sys/kernel/sem", "/proc/sys/kernel/sem_next_id",
        "/proc/sys/kernel/shm_next_id", "/proc/sys/kernel/shm_rmid_forced", "/proc/sys/kernel/shmall", "/proc/sys/kernel/shmmax",
        "/proc/sys/kernel/shmmni", "/proc/sys/kernel/ns_last_pid", "/proc/sys/kernel/pid_max",
    };
    for EACH(own)
        if (!strcmp(path, own[index])) return true;
    return false;
}

static void kernel_settings(struct answer *found) {
    int budget = 5000;
    walk(found, "/proc/sys", 4, &budget, is_of_a_namespace);
    probe_conclude(found, "nothing below /proc/sys can be opened for writing");
}

static void device_settings(struct answer *found) {
    int budget = 20000;
    static const char *const folders[] = {"/sys/kernel", "/sys/module", "/sys/power", "/sys/class", "/sys/firmware", "/sys/bus", "/sys/devices"};
    for EACH(folders) walk(found, folders[index], 3, &budget, NULL);
    probe_conclude(found, "nothing below /sys can be opened for writing");
}

static void kernel_tracing(struct answer *found) {
    static const char *const folders[] = {"/sys/kernel/debug", "/sys/kernel/tracing", "/sys/kernel/security", "/sys/fs/bpf", "/sys/fs/pstore"};
    for EACH(folders) {
        char path[128];
        DIR *list = opendir(folders[index]);
        struct dirent *entry;
        // An empty folder is where it would be mounted.
        while (list && (entry = readdir(list))) {
            if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
            snprintf(path, sizeof path, "%s/%s", folders[index], entry->d_name);
            probe_add(found, "%s", path);
            break;
        }
        if (list) closedir(list);
    }
    probe_conclude(found, "debug, tracing, security and bpf file systems cannot be read");
}

static void group_folder(struct answer *found, const char *folder, int depth, int *budget) {
    static const char *const files[] = {"release_agent", "cgroup.procs", "memory.max", "devices.allow", "notify_on_release", "cgroup.subtree_control"};
    char path[1024];
    if (--*budget < 0) return;
    for EACH(files) {
        snprintf(path, sizeof path, "%s/%s", folder, files[index]);
        if (opens(path, O_WRONLY)) probe_add(found, "%s", path);
    }
    snprintf(path, sizeof path, "%s/sandlot-probe", folder);
    if (mkdir(path, 0755) == 0) {
        rmdir(path);
        probe_add(found, "a group in %s", folder);
    }
    DIR *list = depth > 0 ? opendir(folder) : NULL;
    struct dirent *entry;
    while (list && (entry = readdir(list))) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        group_folder(found, path, depth - 1, budget);
    }
    if (list) closedir(list);
}

static void control_groups(struct answer *found) {
    int budget = 500;
    group_folder(found, "/sys/fs/cgroup", 3, &budget);
    probe_conclude(found, "no group can be made, joined or changed");
}

static void password_hashes(struct answer *found) {
    static const char *const paths[] = {"/etc/shadow", "/etc/gshadow", "/etc/sudoers"};
    char text[16];
    for EACH(paths)
        if (probe_read(paths[index], text, sizeof text) > 0) probe_add(found, "%s", paths[index]);
    probe_conclude(found, "/etc/shadow cannot be read");
}

static void system_files(struct answer *found) {
    static const char *const paths[] = {"/bin/sh", "/etc/passwd", "/usr/bin/env", "/lib64/ld-linux-x86-64.so.2", "/etc/ld.so.cache"};
    for EACH(paths)
        if (opens(paths[index], O_WRONLY)) probe_add(found, "%s", paths[index]);
    static const char *const folders[] = {"/", "/etc", "/usr/bin", "/bin", "/lib", "/boot", "/root", "/var/spool/cron", "/etc/cron.d"};
    for EACH(folders) {
        char path[128];
        snprintf(path, sizeof path, "%s/sandlot-probe", folders[index]);
        int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) continue;
        close(file);
        unlink(path);
        probe_add(found, "a new file in %s", folders[index]);
    }
    probe_conclude(found, "system files and folders cannot be written");
}

static void host_processes(struct answer *found) {
    const char *given = probe_argument("host-process");
    const char *name = probe_argument("host-name");
    char path[64], text[256];
    int process = given ? atoi(given) : 0;
    if (process <= 1 || !name) {
        answer(found, UNKNOWN, "the host named none");
        return;
    }
    // Numbers repeat in a namespace of one's own: it is the host's process only with the host's name.
    snprintf(path, sizeof path, "/proc/%d/comm", process);
    bool isSeen = probe_read(path, text, sizeof text) > 0 && !strncmp(text, name, strlen(name));
    if (isSeen) probe_add(found, "process %d of the host is seen", process);
    probe_conclude(found, "the process that asks for this is not seen");
}

static void host_signals(struct answer *found) {
    const char *given = probe_argument("host-process"), *name = probe_argument("host-name");
    char path[64], text[256];
    int process = given ? atoi(given) : 0;
    if (process <= 1 || !name) {
        answer(found, UNKNOWN, "the host named none");
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/comm", process);
    bool isOther = probe_read(path, text, sizeof text) > 0 && strncmp(text, name, strlen(name));
    if (isOther || kill(process, 0) != 0) answer(found, BLOCKED, "process %d of the host cannot be signaled", process);
    else answer(found, OPEN, "process %d of the host can be signaled", process);
    snprintf(path, sizeof path, "/proc/%d/environ", process);
    if (!isOther && probe_read(path, text, sizeof text) > 0) probe_add(found, "its environment can be read");
}

const struct attempt sandlot_file_attempts[] = {
    {"escape.leaked-descriptors", leaked_descriptors},
    {"escape.cluster-credentials", cluster_credentials},
    {"escape.engine-socket", engine_sockets},
    {"escape.host-path", host_file},
    {"escape.runtime-program", runtime_program},
    {"escape.core-pattern", core_pattern},
    {"escape.shared-processes", host_processes},
    {"files.devices", devices},
    {"files.kernel-memory", kernel_memory},
    {"files.kernel-information", kernel_information},
    {"files.kernel-settings", kernel_settings},
    {"files.device-settings", device_settings},
    {"files.kernel-tracing", kernel_tracing},
    {"files.control-groups", control_groups},
    {"files.password-hashes", password_hashes},
    {"files.system", system_files},
    {"files.service-sockets", service_sockets},
    {"files.abstract-socket", abstract_socket},
    {"processes.host-signals", host_signals},
    {NULL, NULL},
};
#endif
