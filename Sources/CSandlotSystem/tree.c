// Signalling everything that descends from the calling process. No allocation through malloc: the supervisor is a forked copy of a
// process that may have held the allocator's lock.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct node {
    pid_t pid;
    pid_t parent;
    uint64_t started;
    char state;
    /// 0 not known yet, 1 descends from us, 2 does not.
    char verdict;
};

struct directory_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static int parse_pid(const char *text) {
    int value = 0;
    if (*text < '1' || *text > '9') return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return 0;
        value = value * 10 + (*text - '0');
    }
    return value;
}

/// Reads state, parent and start time of /proc/<name>/stat; the command's name in parentheses may hold anything.
static bool read_stat(int proc, const char *name, struct node *node) {
    char path[32], text[1024];
    size_t length = strlen(name);
    if (length > 16) return false;
    memcpy(path, name, length);
    memcpy(path + length, "/stat", 6);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    if (count <= 0) return false;
    text[count] = 0;
    char *cursor = NULL;
    for (ssize_t index = count - 1; index >= 0; index--)
        if (text[index] == ')') { cursor = text + index; break; }
    if (!cursor || cursor[1] != ' ' || !cursor[2] || cursor[3] != ' ') return false;
    node->state = cursor[2];
    cursor += 4;
    node->parent = 0;
    while (*cursor >= '0' && *cursor <= '9') node->parent = node->parent * 10 + (*cursor++ - '0');
    // The parent is field 4, the start time field 22.
    for (int field = 4; field < 22; field++) {
        while (*cursor && *cursor != ' ') cursor++;
        while (*cursor == ' ') cursor++;
    }
    node->started = 0;
    while (*cursor >= '0' && *cursor <= '9') node->started = node->started * 10 + (uint64_t)(*cursor++ - '0');
    return true;
}

static struct node *find(struct node *nodes, size_t count, pid_t pid) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (nodes[middle].pid < pid) low = middle + 1;
        else high = middle;
    }
    return low < count && nodes[low].pid == pid ? &nodes[low] : NULL;
}

static bool contains(const pid_t *list, size_t count, pid_t pid) {
    for (size_t index = 0; index < count; index++)
        if (list[index] == pid) return true;
    return false;
}

static char judge(struct node *nodes, size_t count, struct node *node, pid_t self, const pid_t *spared, size_t spared_count) {
    char verdict = 2;
    struct node *walker = node;
    for (size_t step = 0; walker && step <= count; step++) {
        if (walker->verdict) { verdict = walker->verdict; break; }
        if (walker->pid == self || contains(spared, spared_count, walker->pid)) { verdict = 2; break; }
        if (walker->parent == self) { verdict = 1; break; }
        walker = find(nodes, count, walker->parent);
    }
    struct node *end = walker;
    for (walker = node; walker && walker != end; walker = find(nodes, count, walker->parent)) walker->verdict = verdict;
    if (end && !end->verdict && end->pid != self) end->verdict = verdict;
    return verdict;
}

/// Sends a signal only if the pid still names the process that was looked at.
static void signal_exactly(int proc, const struct node *node, int signal) {
    int pidfd = sandlot_pidfd_open(node->pid);
    if (pidfd < 0) {
        if (errno == ENOSYS) kill(node->pid, signal);
        return;
    }
    char name[16], digits[16];
    int count = 0, length = 0;
    for (pid_t rest = node->pid; rest; rest /= 10) digits[count++] = (char)('0' + rest % 10);
    while (count) name[length++] = digits[--count];
    name[length] = 0;
    struct node now;
    if (read_stat(proc, name, &now) && now.started == node->started && sandlot_pidfd_send_signal(pidfd, signal) < 0 && errno == ENOSYS)
        kill(node->pid, signal);
    close(pidfd);
}

/// Without /proc the kernel still tells whether a number is a child of ours. Grandchildren become children when their parents die.
static long signal_children_blindly(int signal, const pid_t *spared, size_t spared_count) {
    static unsigned calls;
    pid_t limit = ++calls % 16 == 0 ? 4194304 : 65536;
    long found = 0;
    for (pid_t pid = 2; pid <= limit; pid++) {
        siginfo_t info;
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0) continue;
        if (info.si_pid != 0 || contains(spared, spared_count, pid)) continue;
        found++;
        if (signal) {
            if (getpgid(pid) == pid) kill(-pid, signal);
            kill(pid, signal);
        }
    }
    return found;
}

long sandlot_signal_descendants(int signal, const pid_t *spared, size_t spared_count) {
    pid_t self = getpid();
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct node probe;
    // A /proc of another pid namespace is worse than none.
    char own[16];
    ssize_t own_length = proc < 0 ? -1 : readlinkat(proc, "self", own, sizeof own - 1);
    if (own_length > 0) own[own_length] = 0;
    if (own_length <= 0 || parse_pid(own) != self || !read_stat(proc, own, &probe)) {
        if (proc >= 0) close(proc);
        return signal_children_blindly(signal, spared, spared_count);
    }
    size_t capacity = 4096, count = 0;
    struct node *nodes = mmap(NULL, capacity * sizeof *nodes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (nodes == MAP_FAILED) {
        close(proc);
        return -1;
    }
    char buffer[16384] __attribute__((aligned(8)));
    for (;;) {
        long filled = syscall(SYS_getdents64, proc, buffer, sizeof buffer);
        if (filled <= 0) break;
        for (long position = 0; position < filled;) {
            struct directory_entry *entry = (struct directory_entry *)(buffer + position);
            position += entry->length;
            struct node node = {.pid = parse_pid(entry->name)};
            if (!node.pid || !read_stat(proc, entry->name, &node)) continue;
            if (count == capacity) {
                void *larger = mremap(nodes, capacity * sizeof *nodes, capacity * 2 * sizeof *nodes, MREMAP_MAYMOVE);
                if (larger == MAP_FAILED) goto scanned;
                nodes = larger;
                capacity *= 2;
            }
            // The kernel lists in ascending order; anything else would break the search, so such an entry waits for the next pass.
            if (count && nodes[count - 1].pid >= node.pid) continue;
            nodes[count++] = node;
        }
    }
scanned:;
    long found = 0;
    for (size_t index = 0; index < count; index++) {
        if (nodes[index].pid == self) continue;
        if (judge(nodes, count, &nodes[index], self, spared, spared_count) != 1) continue;
        if (nodes[index].state != 'Z' && nodes[index].state != 'X') found++;
        if (signal) signal_exactly(proc, &nodes[index], signal);
    }
    munmap(nodes, capacity * sizeof *nodes);
    close(proc);
    return found;
}
#endif
