/// What Sandlot needs from the kernel and cannot call from Swift: spawning with only async-signal-safe work in the child, the
/// supervisor process, pseudo-terminals, seccomp, Landlock, and thin wrappers of calls that the Glibc module does not show.
///
/// Unless a function says otherwise it returns -1 and sets errno on failure.
#ifndef SANDLOT_SYSTEM_H
#define SANDLOT_SYSTEM_H

#if defined(__linux__)

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/filter.h>

#include "sandlot_chunking.h"
#include "sandlot_listing.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: - Spawning

/// One descriptor of the child: `source` as the caller counts becomes `target` in the child.
struct sandlot_fd_mapping {
    int source;
    int target;
};

/// One resource limit; `resource` is a RLIMIT_ number.
struct sandlot_rlimit {
    int resource;
    uint64_t soft;
    uint64_t hard;
};

/// Bits of `sandlot_spawn_request.flags`.
enum {
    /// The child leads a new session.
    SANDLOT_SPAWN_SETSID = 1 << 0,
    /// The child leads a new process group (needless with SETSID).
    SANDLOT_SPAWN_SETPGID = 1 << 1,
    /// Switch to `groups`, `gid` and `uid`.
    SANDLOT_SPAWN_SET_USER = 1 << 2,
    /// Neither the child nor its descendants gain privileges by execve.
    SANDLOT_SPAWN_NO_NEW_PRIVS = 1 << 3,
    /// With SET_USER: leave the supplementary groups alone (a user namespace may forbid setgroups).
    SANDLOT_SPAWN_KEEP_GROUPS = 1 << 4,
};

/// The child's preparation steps, for telling which of them failed. They happen in this order.
enum sandlot_spawn_stage {
    SANDLOT_STAGE_NONE = 0,
    SANDLOT_STAGE_CLONE = 1,
    SANDLOT_STAGE_CGROUP = 2,
    SANDLOT_STAGE_OOM_SCORE = 3,
    SANDLOT_STAGE_SESSION = 4,
    SANDLOT_STAGE_LIMITS = 5,
    SANDLOT_STAGE_DESCRIPTORS = 6,
    SANDLOT_STAGE_TERMINAL = 7,
    SANDLOT_STAGE_USER = 8,
    SANDLOT_STAGE_DIRECTORY = 9,
    SANDLOT_STAGE_DEATH_SIGNAL = 10,
    SANDLOT_STAGE_NO_NEW_PRIVS = 11,
    SANDLOT_STAGE_LANDLOCK = 12,
    SANDLOT_STAGE_SECCOMP = 13,
    SANDLOT_STAGE_EXEC = 14,
    /// The program exists, but the interpreter or loader that it names does not.
    SANDLOT_STAGE_INTERPRETER = 15,
};

/// What to spawn. Zero-initialise with `sandlot_spawn_request_init`, then fill in.
struct sandlot_spawn_request {
    /// Paths that are tried in turn, ended by NULL; a name without a slash is looked up in PATH by the caller.
    const char *const *candidates;
    /// Arguments with the program's name first, ended by NULL.
    char *const *argv;
    /// The whole environment, ended by NULL.
    char *const *envp;
    /// NULL keeps the caller's.
    const char *cwd;
    /// The child's descriptors; all others are closed by execve.
    const struct sandlot_fd_mapping *mappings;
    size_t mapping_count;
    unsigned flags;
    /// The descriptor (as the child counts) that becomes the controlling terminal, or -1. Needs SETSID.
    int controlling_terminal;
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t group_count;
    const struct sandlot_rlimit *limits;
    size_t limit_count;
    /// `cgroup.procs` files to join, ended by NULL; NULL for none.
    const char *const *cgroups;
    /// -1 keeps the caller's.
    int umask;
    /// Signal at the death of the spawning thread, or 0.
    int parent_death_signal;
    /// A ruleset to restrict the child to, or -1. Needs NO_NEW_PRIVS.
    int landlock_ruleset;
    /// Installed just before execve; NULL for none. Needs NO_NEW_PRIVS or CAP_SYS_ADMIN.
    const struct sock_filter *filter;
    unsigned short filter_count;
    /// -1001 keeps the caller's; else -1000…1000.
    int oom_score_adj;
};

/// What became of a request.
struct sandlot_spawn_result {
    pid_t pid;
    /// Close-on-exec; -1 where the kernel gives none.
    int pidfd;
    /// Where it failed (`enum sandlot_spawn_stage`), or 0.
    int stage;
    /// The kernel's number for the failure, or 0.
    int error;
};

/// Sets every field to "no such thing".
void sandlot_spawn_request_init(struct sandlot_spawn_request *request);

/// Starts a process. The child shares the caller's memory until execve, so the cost does not grow with the caller, and it runs only
/// async-signal-safe code. Returns 0, or -1 with `result->stage` and `result->error`; a child that failed has been reaped.
int sandlot_spawn(const struct sandlot_spawn_request *request, struct sandlot_spawn_result *result);

// MARK: - Supervision

/// What a supervisor tells.
enum sandlot_report_kind {
    /// `value` is the leader's pid.
    SANDLOT_REPORT_STARTED = 1,
    /// `value` is the stage, `error` the kernel's number. The supervisor ends.
    SANDLOT_REPORT_FAILED = 2,
    /// `value` is the leader's wait status.
    SANDLOT_REPORT_LEADER_ENDED = 3,
    /// SIGTERM has been sent to the tree; had the leader ended before that, LEADER_ENDED came earlier.
    SANDLOT_REPORT_TERMINATING = 4,
    /// `value` is the number of live descendants.
    SANDLOT_REPORT_COUNT = 5,
    /// No descendant is left. The supervisor ends.
    SANDLOT_REPORT_EMPTY = 6,
};

/// One message of a supervisor.
struct sandlot_report {
    uint32_t kind;
    int32_t value;
    int32_t error;
    uint32_t reserved;
    /// Microseconds of processor time of the leader and the children that it reaped.
    uint64_t processor_time;
    /// Largest resident set in KiB.
    uint64_t peak_memory;
};

/// What a supervisor can be told.
enum sandlot_order_kind {
    SANDLOT_ORDER_SIGNAL_LEADER = 1,
    SANDLOT_ORDER_SIGNAL_TREE = 2,
    /// SIGTERM (and SIGCONT) to the tree, answered by TERMINATING.
    SANDLOT_ORDER_TERMINATE = 3,
    /// SIGKILL to the tree, again and again until nothing is left.
    SANDLOT_ORDER_KILL = 4,
    /// Answered by COUNT.
    SANDLOT_ORDER_COUNT = 5,
};

/// A supervisor as its creator holds it.
struct sandlot_supervisor {
    pid_t pid;
    /// -1 where the kernel gives none.
    int pidfd;
    /// A sequenced-packet socket, non-blocking and close-on-exec. When it is closed the supervisor kills its tree and ends.
    int channel;
};

/// Starts a supervisor: a process that spawns `request` in its memory's copy, is the reaper of everything that descends from it
/// (a daemon that called setsid and forked twice included), and reports over the channel. ECHILD in it is the proof that nothing is left.
/// Returns at once; whether the command started comes as a report. The caller reaps the supervisor itself.
int sandlot_supervise(const struct sandlot_spawn_request *request, struct sandlot_supervisor *supervisor);

/// Receives one report: 1, 0 when the supervisor is gone, -1 with EAGAIN when there is none yet.
int sandlot_supervisor_receive(int channel, struct sandlot_report *report);

/// Sends one order.
int sandlot_supervisor_order(int channel, enum sandlot_order_kind kind, int signal);

// MARK: - Process trees

/// Sends `signal` (0 counts only) to every live descendant of the calling process except the `spared` processes and what descends from
/// them. Returns how many were found alive, or -1.
long sandlot_signal_descendants(int signal, const pid_t *spared, size_t spared_count);

/// Makes the caller the parent of its orphaned descendants.
int sandlot_become_subreaper(void);
/// Nobody but root may trace the caller or look into its /proc folder.
int sandlot_protect_self(void);
/// Bounds the processes and threads of the calling process' user, for it and its children. Set inside a user namespace, it counts only those
/// of that namespace.
int sandlot_limit_processes(uint64_t count);

/// Asks for `signal` when the thread that created the caller ends.
int sandlot_set_parent_death_signal(int signal);
/// The next child that changed state: its pid, 0 when there is none now, -1 with ECHILD when there are none at all. A stopped child is
/// told to go on (only a hostile command stops a supervisor).
pid_t sandlot_reap_one(int *status);

int sandlot_pidfd_open(pid_t pid);
int sandlot_pidfd_send_signal(int pidfd, int signal);

/// Decoding of a wait status: the exit code, or -1.
int sandlot_exit_code(int status);
/// Decoding of a wait status: the signal, or 0.
int sandlot_exit_signal(int status);
/// Decoding of a wait status: whether a core was dumped.
bool sandlot_core_dumped(int status);

// MARK: - Start

/// The command line of this process, as the kernel gave it; Swift's own `CommandLine` reads /proc, which may be missing.
char **sandlot_arguments(int *count);

// MARK: - Descriptors

/// Flags: 0, or 4 to set close-on-exec instead of closing. Works on kernels without close_range too.
int sandlot_close_range(unsigned first, unsigned last, unsigned flags);
/// openat2 with RESOLVE_ `resolve` flags; ENOSYS on kernels before 5.6.
int sandlot_openat2(int directory, const char *path, int flags, mode_t mode, uint64_t resolve);
int sandlot_set_nonblocking(int fd);
int sandlot_set_close_on_exec(int fd);
/// Best effort; the size that the pipe has afterwards, or -1.
int sandlot_set_pipe_size(int fd, int size);
/// Bytes that can be read now, or -1.
int sandlot_readable_bytes(int fd);
/// A pair of pipe ends, close-on-exec.
int sandlot_pipe(int ends[2]);
/// Accepts a connection, non-blocking and close-on-exec.
int sandlot_accept(int listener);
/// Sends a descriptor with one byte over a unix socket; 0 or -1.
int sandlot_send_descriptor(int socket, int descriptor);
/// Receives what `sandlot_send_descriptor` sends, close-on-exec; -1 on failure, with ENODATA when the other end closed without sending.
int sandlot_receive_descriptor(int socket);
/// Listens on a name that no file stands for, close-on-exec; -1 on failure. The name is free again when the last process lets go of it.
int sandlot_listen_abstract(const char *name);
/// Connects to such a name, close-on-exec; -1 on failure.
int sandlot_connect_abstract(const char *name);
/// 1 when the process at the other end of a unix socket was put into this process namespace from outside: it has no parent here.
int sandlot_peer_is_outsider(int socket);
/// 1 when the process at the other end runs as the same user as this one.
int sandlot_peer_is_own_user(int socket);
/// Passes bytes between two streams and a socket until either side ends, or until the input was silent for `patience` milliseconds (0: for
/// ever); -1 with errno when that cannot be done. With `is_text` the streams carry lines of base 64, and an empty line is only a sign of life.
int sandlot_relay(int input, int output, int socket, int is_text, int patience);
/// Grows a socket's buffers as far as the kernel allows; best effort.
void sandlot_grow_socket_buffers(int fd, int bytes);
/// Memory that a forked process does not get (so forking does not copy its page tables); NULL on failure.
void *sandlot_map_private(size_t size);
void sandlot_unmap(void *memory, size_t size);
/// getrandom.
int sandlot_random(void *target, size_t count);
/// Makes writes to closed pipes fail with EPIPE instead of ending the process.
void sandlot_ignore_sigpipe(void);

// MARK: - Files

/// renameat2 with RENAME_EXCHANGE: each name gets what the other had, in one step. EINVAL or ENOSYS where it is not supported.
int sandlot_rename_exchange(int one_directory, const char *one, int other_directory, const char *other);
/// syncfs: all that was written to the file system of `fd` is on the disk when it returns.
int sandlot_sync_filesystem(int fd);

// MARK: - Events

enum {
    SANDLOT_READABLE = 1,
    SANDLOT_WRITABLE = 4,
    SANDLOT_ERROR = 8,
    SANDLOT_HANGUP = 16,
};

/// One event of `sandlot_poller_wait`.
struct sandlot_event {
    uint64_t token;
    uint32_t events;
};

int sandlot_poller_create(void);
int sandlot_poller_add(int poller, int fd, uint32_t events, uint64_t token);
int sandlot_poller_change(int poller, int fd, uint32_t events, uint64_t token);
int sandlot_poller_remove(int poller, int fd);
/// At most 64 events; the timeout in milliseconds, -1 for none. 0 when interrupted.
int sandlot_poller_wait(int poller, struct sandlot_event *events, int capacity, int timeout);

/// A counter that wakes a poller; non-blocking.
int sandlot_wakeup_create(void);
void sandlot_wakeup_signal(int fd);
void sandlot_wakeup_clear(int fd);

/// Blocks SIGCHLD, SIGTERM, SIGINT and SIGHUP in the calling thread (and those it creates later) and returns a descriptor that tells them.
int sandlot_signals_create(void);
/// The number of the next signal, or 0. Process 1 of a pid namespace is not told what processes of that namespace send it.
int sandlot_signals_next(int fd);

// MARK: - Terminals

/// Opens a pseudo-terminal without going through /dev/pts where the kernel allows it. Both ends are close-on-exec, `master` non-blocking.
int sandlot_pty_open(int *master, int *slave, uint16_t columns, uint16_t rows);
int sandlot_pty_resize(int master, uint16_t columns, uint16_t rows);

// MARK: - Landlock

/// The kernel's Landlock version, 0 where there is none.
int sandlot_landlock_abi(void);
/// A ruleset that denies every file system access known to the kernel's version unless a rule allows it (and, from version 4 on,
/// TCP bind and connect when `denies_network`).
int sandlot_landlock_create(bool denies_network);
/// Allows reading and executing below `path`, and changing as well when `writable`.
int sandlot_landlock_allow(int ruleset, const char *path, bool writable);
/// Allows reading, and executing when asked for, below `path`; bits are those of linux/landlock.h, unknown ones are dropped.
int sandlot_landlock_allow_access(int ruleset, const char *path, uint64_t access);
/// Restricts the calling thread for good. Sets no_new_privs first.
int sandlot_landlock_restrict(int ruleset);

// MARK: - seccomp

/// Bits of the flags of `sandlot_seccomp_default`.
enum {
    /// Sockets of families AF_INET and AF_INET6 are denied as well.
    SANDLOT_SECCOMP_NO_INTERNET = 1 << 0,
    /// Leaves ptrace and process_vm_readv to debuggers inside the sandbox.
    SANDLOT_SECCOMP_ALLOW_TRACING = 1 << 1,
    /// Leaves user namespaces, mounting and chroot-like calls alone (nested sandboxes).
    SANDLOT_SECCOMP_ALLOW_NAMESPACES = 1 << 2,
};

/// Builds the filter that every local sandbox gets and returns its length, or -1 (ERANGE: capacity too small; 512 is enough).
/// Other architectures (x32 too) are killed; kernel surface that no build or test needs gets EPERM; clone3 and calls newer than this
/// table get ENOSYS, so that libc falls back.
int sandlot_seccomp_default(struct sock_filter *out, size_t capacity, unsigned flags);
/// Installs a filter in the calling thread; sets no_new_privs first.
int sandlot_seccomp_install(const struct sock_filter *filter, unsigned short count);

#ifdef __cplusplus
}
#endif

#endif
#endif
