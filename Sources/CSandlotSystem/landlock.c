// Landlock: what a process may do to the file system, decided by the process that starts it. No privileges are needed.
#if defined(__linux__)
#define _GNU_SOURCE
#include <stddef.h>
#include "sandlot_system.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NR_CREATE = 444, NR_ADD_RULE = 445, NR_RESTRICT = 446 };

// Bits of linux/landlock.h, which older headers do not all have.
#define ACCESS_EXECUTE (1ULL << 0)
#define ACCESS_WRITE_FILE (1ULL << 1)
#define ACCESS_READ_FILE (1ULL << 2)
#define ACCESS_READ_DIR (1ULL << 3)
#define ACCESS_TRUNCATE (1ULL << 14)
#define ACCESS_IOCTL_DEV (1ULL << 15)
#define ACCESS_OF_FILES (ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV)

struct ruleset_attributes {
    uint64_t handled_files;
    uint64_t handled_network;
    uint64_t scoped;
};
#define SCOPE_SIGNAL (1ULL << 1)
struct __attribute__((packed)) path_rule {
    uint64_t allowed;
    int32_t parent;
};

int sandlot_landlock_abi(void) {
    long version = syscall(NR_CREATE, NULL, 0, 1U);
    return version < 0 ? 0 : (int)version;
}

static uint64_t known_access(int abi) {
    int bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
    return (1ULL << bits) - 1;
}

int sandlot_landlock_create(bool denies_network) {
    int abi = sandlot_landlock_abi();
    if (abi == 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (denies_network && abi < 4) {
        // Half a policy is none.
        errno = EOPNOTSUPP;
        return -1;
    }
    struct ruleset_attributes attributes = {.handled_files = known_access(abi), .handled_network = denies_network ? 3 : 0};
    // Signals go only to processes under the same rules, where the kernel can see to it.
    if (abi >= 6) attributes.scoped = SCOPE_SIGNAL;
    size_t size = abi >= 6 ? sizeof attributes : abi >= 4 ? offsetof(struct ruleset_attributes, scoped) : sizeof attributes.handled_files;
    return (int)syscall(NR_CREATE, &attributes, size, 0U);
}

int sandlot_landlock_allow_access(int ruleset, const char *path, uint64_t access) {
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return -1;
    struct stat status;
    int result = fstat(fd, &status);
    if (result == 0) {
        struct path_rule rule = {.allowed = access & known_access(sandlot_landlock_abi()), .parent = fd};
        // Rights of folders are refused for anything else.
        if (!S_ISDIR(status.st_mode)) rule.allowed &= ACCESS_OF_FILES;
        result = (int)syscall(NR_ADD_RULE, ruleset, 1, &rule, 0U);
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int sandlot_landlock_allow(int ruleset, const char *path, bool writable) {
    uint64_t reading = ACCESS_EXECUTE | ACCESS_READ_FILE | ACCESS_READ_DIR;
    return sandlot_landlock_allow_access(ruleset, path, writable ? ~0ULL : reading);
}

int sandlot_landlock_restrict(int ruleset) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return (int)syscall(NR_RESTRICT, ruleset, 0U);
}
#endif
