// Borders of pieces by content: a gear hash over the last 64 bytes, with a strict mask before the usual length and a loose one after it, so that
// most pieces are about as long as each other.
#include "sandlot_chunking.h"

enum { shortest = 64 << 10, usual = 256 << 10, longest = SANDLOT_LONGEST_CHUNK };

// The upper bits of the hash depend on the most bytes.
static const uint64_t strict = 0xFFFFF00000000000u;
static const uint64_t loose = 0xFFFF000000000000u;

static uint64_t gear[256];

// Before anything runs: a lock would cost more than the table.
__attribute__((constructor)) static void fill_gear(void) {
    uint64_t state = 0x53414E444C4F5431u;
    for (int index = 0; index < 256; index++) {
        state += 0x9E3779B97F4A7C15u;
        uint64_t word = state;
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
        gear[index] = word ^ (word >> 31);
    }
}

size_t sandlot_chunk_end(const uint8_t *bytes, size_t count) {
    if (count <= shortest) return count;
    size_t end = count < longest ? count : longest;
    size_t middle = end < usual ? end : usual;
    uint64_t hash = 0;
    // What came more than 64 bytes ago has been shifted out.
    size_t at = shortest - 64;
    for (; at < shortest; at++) hash = (hash << 1) + gear[bytes[at]];
    for (; at < middle; at++) {
        hash = (hash << 1) + gear[bytes[at]];
        if (!(hash & strict)) return at + 1;
    }
    for (; at < end; at++) {
        hash = (hash << 1) + gear[bytes[at]];
        if (!(hash & loose)) return at + 1;
    }
    return end;
}
