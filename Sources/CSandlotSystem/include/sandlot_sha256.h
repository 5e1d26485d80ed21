#ifndef SANDLOT_SHA256_H
#define SANDLOT_SHA256_H

#include <stddef.h>
#include <stdint.h>

/// A SHA-256 computation under way. A plain value: copying it forks the computation.
typedef struct sandlot_sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
    uint32_t used;
    uint32_t accelerated;
} sandlot_sha256;

/// Starts a computation with the fastest code that this processor can run.
void sandlot_sha256_init(sandlot_sha256 *context);
/// Starts a computation in portable C whatever the processor can do; for tests and comparisons.
void sandlot_sha256_init_portable(sandlot_sha256 *context);
/// Adds bytes.
void sandlot_sha256_update(sandlot_sha256 *context, const void *bytes, size_t count);
/// Writes the digest. The computation must not be used afterwards.
void sandlot_sha256_final(sandlot_sha256 *context, uint8_t digest[32]);
/// 1 when the processor's own SHA instructions are used.
int sandlot_sha256_is_accelerated(void);

// Linux calls that Swift cannot reach (variadic, or hidden without _GNU_SOURCE) and that only the file operations of the guest need.

/// renameat2 with RENAME_NOREPLACE. -1 and errno, EINVAL or ENOSYS where it is not supported.
int sandlot_rename_no_replace(int from_directory, const char *from, int to_directory, const char *to);
/// memmem.
const void *sandlot_find_bytes(const void *haystack, size_t haystack_count, const void *needle, size_t needle_count);

#endif
