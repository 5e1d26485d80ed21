#ifndef SANDLOT_LISTING_H
#define SANDLOT_LISTING_H

#include "sandlot_sha256.h"
#include <stddef.h>
#include <stdint.h>

// All nodes of one folder with what `lstat` tells of them, in one allocation: a walk of many small files costs little but its system calls.

/// One node. Names and targets lie in the listing's bytes.
typedef struct sandlot_node {
    uint64_t size;
    /// Nanoseconds since 1970.
    int64_t modified;
    int64_t changed;
    uint64_t inode;
    uint64_t device;
    /// As in `stat`: kind and permission bits. 0 when the node could not be looked at; `error` says why then.
    uint32_t mode;
    uint32_t user;
    uint32_t group;
    int32_t error;
    uint32_t name;
    uint32_t target;
    uint16_t name_length;
    /// 0 for what is no link.
    uint16_t target_length;
} sandlot_node;

/// A folder's nodes in the order of their names' bytes, without `.` and `..`. What vanished meanwhile is left out.
typedef struct sandlot_listing {
    sandlot_node *nodes;
    size_t count;
    uint8_t *bytes;
    size_t byte_count;
    /// Room in both; used while the listing is filled and when it is used again.
    size_t node_room;
    size_t byte_room;
} sandlot_listing;

/// Fills a listing, which is empty (all zero) or was filled before, from a folder that is open for reading and was not read yet. 0, or an error
/// number.
int sandlot_listing_read(sandlot_listing *listing, int folder);
/// Adds a node to the digest of its folder, in the order of the names' bytes. Its mode, name and error count; of what is no folder also size, times,
/// inode and target. Two machines with the same byte order make the same digest of the same nodes.
void sandlot_listing_digest_add(sandlot_sha256 *context, const sandlot_node *node, const void *name, const void *target);
/// The digest of a folder: of all nodes of its listing.
void sandlot_listing_digest(const sandlot_listing *listing, uint8_t digest[32]);
/// Gives back the memory and makes the listing empty.
void sandlot_listing_free(sandlot_listing *listing);

#endif
