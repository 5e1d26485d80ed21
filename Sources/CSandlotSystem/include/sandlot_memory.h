/// Nameless files in memory.
#ifndef SANDLOT_MEMORY_H
#define SANDLOT_MEMORY_H

#if defined(__linux__)
#include <stdint.h>

/// A nameless, empty, close-on-exec file in memory, or -1 and errno.
int sandlot_memory_create(void);
/// As above, with room for exactly `limit` bytes: a write beyond them fails with EPERM.
int sandlot_memory_create_bounded(int64_t limit);

#endif
#endif
