/// What the two sides of a virtual machine need from the kernel and cannot call from Swift: its first process, and whoever made it.
///
/// Unless a function says otherwise it returns -1 and sets errno on failure.
#ifndef SANDLOT_MACHINE_H
#define SANDLOT_MACHINE_H

#if defined(__linux__)

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bits of `sandlot_machine_mount`, as the kernel numbers them.
enum {
    SANDLOT_MOUNT_READ_ONLY = 1,
    SANDLOT_MOUNT_NO_SETUID = 2,
    SANDLOT_MOUNT_NO_DEVICES = 4,
    SANDLOT_MOUNT_NO_EXEC = 8,
};

/// mount.
int sandlot_machine_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
/// Makes the file system that is mounted at `root` the root of this process and of all that it starts.
int sandlot_machine_enter(const char *root);
/// Loads the kernel module in an open file; one that is there already is no failure.
int sandlot_machine_load_module(int fd);
/// Stirs bytes into the kernel's random numbers, counts them as such, and makes the kernel draw new keys from them at once.
int sandlot_machine_add_entropy(const void *bytes, size_t count);
int sandlot_machine_set_clock(int64_t seconds, int64_t nanoseconds);
/// Switches the loopback interface on.
int sandlot_machine_loopback_up(void);
/// fork, for a process with one thread.
pid_t sandlot_machine_fork(void);
/// The children that the caller forks from now on live in a process namespace of their own, the first one as its process 1.
int sandlot_machine_separate_children(void);
/// Waits for any child to end: its pid, -1 when there is none.
pid_t sandlot_machine_wait(void);
/// Ends the machine: its makers start it such that a reset is its end.
void sandlot_machine_end(void);

/// Listens for connections of the host at a port of the machine's vsock: the socket.
int sandlot_machine_listen(uint32_t port);

/// Watches a port of a virtual console device. Such a port tells that nobody is at its other end by a hang-up without end, so only changes are
/// told.
int sandlot_machine_watch_port(int port);
/// Reads at least one byte, waiting while the other end says nothing or is not there.
ssize_t sandlot_machine_read_port(int watch, int port, void *target, size_t capacity);
/// Writes all bytes, waiting while the other end is not there.
int sandlot_machine_write_port(int watch, int port, const void *bytes, size_t count);
/// Connects whoever knocks at one of the ports with the socket at `path`, one connection for each port at a time. Returns only on failure.
int sandlot_machine_relay_ports(const int *ports, size_t count, const char *path);

/// Thousands of ticks a second of this processor's counter, measured for a fiftieth of a second; 0 where it has none.
unsigned long sandlot_machine_tick_rate(void);
/// Sends bytes over a unix socket, with a descriptor.
int sandlot_machine_send(int socket, const void *bytes, size_t count, int descriptor);

#ifdef __cplusplus
}
#endif

#endif
#endif
