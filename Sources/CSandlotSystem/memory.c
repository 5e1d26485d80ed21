// memfd_create is behind _GNU_SOURCE, so Swift's Glibc module does not show it.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_memory.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int sandlot_memory_create(void) { return memfd_create("sandlot", MFD_CLOEXEC); }

int sandlot_memory_create_bounded(int64_t limit) {
    int fd = memfd_create("sandlot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -1;
    if (ftruncate(fd, limit) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0) return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}
#endif
