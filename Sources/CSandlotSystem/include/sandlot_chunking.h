#ifndef SANDLOT_CHUNKING_H
#define SANDLOT_CHUNKING_H

#include <stddef.h>
#include <stdint.h>

/// The longest piece of a file that `sandlot_chunk_end` makes.
#define SANDLOT_LONGEST_CHUNK (1 << 20)

/// Where the first piece of `bytes` ends. The border depends only on the content just before it, so that both ends of a channel find the same
/// pieces in what they have in common, wherever it lies. Whoever has more of the file must hand over at least `SANDLOT_LONGEST_CHUNK` bytes.
size_t sandlot_chunk_end(const uint8_t *bytes, size_t count);

#endif
