#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif

int sandlot_rename_exchange(int one_directory, const char *one, int other_directory, const char *other) {
    return (int)syscall(SYS_renameat2, one_directory, one, other_directory, other, RENAME_EXCHANGE);
}

int sandlot_sync_filesystem(int fd) { return syncfs(fd); }
#endif
