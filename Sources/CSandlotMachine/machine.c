#if defined(__linux__)

#define _GNU_SOURCE
#include "include/sandlot_machine.h"

#include <errno.h>
#include <linux/random.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

int sandlot_machine_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return mount(source, target, type, flags, data);
}

int sandlot_machine_enter(const char *root) {
    // The first root of a machine that starts from memory cannot be unmounted, only covered.
    if (chdir(root) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0) return -1;
    return chdir("/");
}

int sandlot_machine_load_module(int fd) {
    if (syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST) return 0;
    return -1;
}

int sandlot_machine_add_entropy(const void *bytes, size_t count) {
    // As `rand_pool_info` has it: bits, bytes, and the bytes themselves.
    struct {
        int entropy_bits, size;
        unsigned char bytes[256];
    } pool;
    if (count > sizeof pool.bytes) {
        errno = EINVAL;
        return -1;
    }
    memset(&pool, 0, sizeof pool);
    pool.entropy_bits = (int)(count * 8);
    pool.size = (int)count;
    memcpy(pool.bytes, bytes, count);
    int device = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    if (device < 0) return -1;
    int done = ioctl(device, RNDADDENTROPY, &pool) == 0 && ioctl(device, RNDRESEEDCRNG) == 0 ? 0 : -1;
    int number = errno;
    close(device);
    explicit_bzero(&pool, sizeof pool);
    errno = number;
    return done;
}

int sandlot_machine_set_clock(int64_t seconds, int64_t nanoseconds) {
    struct timespec time = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    return clock_settime(CLOCK_REALTIME, &time);
}

int sandlot_machine_loopback_up(void) {
    int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_fd < 0) return -1;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    int done = ioctl(socket_fd, SIOCSIFFLAGS, &request);
    int number = errno;
    close(socket_fd);
    errno = number;
    return done;
}

int sandlot_machine_listen(uint32_t port) {
    struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port};
    int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) return -1;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 128) == 0) return listener;
    int number = errno;
    close(listener);
    errno = number;
    return -1;
}

pid_t sandlot_machine_fork(void) { return fork(); }

int sandlot_machine_separate_children(void) { return unshare(CLONE_NEWPID); }

pid_t sandlot_machine_wait(void) {
    pid_t ended;
    do { ended = waitpid(-1, NULL, 0); } while (ended < 0 && errno == EINTR);
    return ended;
}

void sandlot_machine_end(void) {
    sync();
    reboot(RB_AUTOBOOT);
}

unsigned long sandlot_machine_tick_rate(void) {
#if defined(__x86_64__)
    struct timespec before, after, pause = {.tv_nsec = 20 * 1000 * 1000};
    clock_gettime(CLOCK_MONOTONIC_RAW, &before);
    unsigned long long first = __builtin_ia32_rdtsc();
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC_RAW, &after);
    unsigned long long last = __builtin_ia32_rdtsc();
    double elapsed = (double)(after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec);
    return (unsigned long)((double)(last - first) / elapsed * 1e6);
#else
    return 0;
#endif
}

#endif
