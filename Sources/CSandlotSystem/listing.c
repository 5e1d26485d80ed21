#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sandlot_listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__APPLE__)
#define NANOSECONDS(status, which) nanoseconds((status).st_##which##timespec)
#else
#define NANOSECONDS(status, which) nanoseconds((status).st_##which##tim)
#endif

/// Names and targets are found by 32-bit numbers.
static const size_t most_bytes = UINT32_MAX / 2;

static int64_t nanoseconds(struct timespec time) {
    int64_t value;
    if (__builtin_mul_overflow((int64_t)time.tv_sec, 1000000000, &value)) return time.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return (int64_t)((uint64_t)value + (uint64_t)time.tv_nsec);
}

/// Where so many bytes may be written, a NUL behind them.
static uint8_t *room(sandlot_listing *listing, size_t count) {
    if (listing->byte_room - listing->byte_count < count + 1) {
        size_t wanted = 2 * listing->byte_room + count + 4096;
        if (wanted > most_bytes) return NULL;
        uint8_t *grown = realloc(listing->bytes, wanted);
        if (!grown) return NULL;
        listing->bytes = grown;
        listing->byte_room = wanted;
    }
    return listing->bytes + listing->byte_count;
}

static int add_name(sandlot_listing *listing, const char *name) {
    if (listing->count == listing->node_room) {
        size_t wanted = 2 * listing->node_room + 64;
        sandlot_node *grown = realloc(listing->nodes, wanted * sizeof *grown);
        if (!grown) return ENOMEM;
        listing->nodes = grown;
        listing->node_room = wanted;
    }
    size_t length = strlen(name);
    uint8_t *place = room(listing, length);
    if (!place || length > UINT16_MAX) return ENOMEM;
    memcpy(place, name, length + 1);
    sandlot_node *node = &listing->nodes[listing->count++];
    memset(node, 0, sizeof *node);
    node->name = (uint32_t)listing->byte_count;
    node->name_length = (uint16_t)length;
    listing->byte_count += length + 1;
    return 0;
}

static int read_names(sandlot_listing *listing, int folder) {
    int copy = fcntl(folder, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return errno;
    DIR *stream = fdopendir(copy);
    if (!stream) {
        int error = errno;
        close(copy);
        return error;
    }
    // The copy shares its place in the folder with the descriptor.
    rewinddir(stream);
    int error = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(stream);
        if (!entry) {
            error = errno;
            break;
        }
        const char *name = entry->d_name;
        if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
        error = add_name(listing, name);
        if (error) break;
    }
    closedir(stream);
    return error;
}

static int compare(const sandlot_listing *listing, const sandlot_node *left, const sandlot_node *right) {
    size_t shorter = left->name_length < right->name_length ? left->name_length : right->name_length;
    int order = memcmp(listing->bytes + left->name, listing->bytes + right->name, shorter);
    return order ? order : (int)left->name_length - (int)right->name_length;
}

#if defined(__APPLE__)
static int order(void *listing, const void *left, const void *right) { return compare(listing, left, right); }
#else
static int order(const void *left, const void *right, void *listing) { return compare(listing, left, right); }
#endif

static void sort(sandlot_listing *listing) {
    for (size_t i = 1; i < listing->count; i++) {
        if (compare(listing, &listing->nodes[i - 1], &listing->nodes[i]) <= 0) continue;
#if defined(__APPLE__)
        qsort_r(listing->nodes, listing->count, sizeof *listing->nodes, listing, order);
#else
        qsort_r(listing->nodes, listing->count, sizeof *listing->nodes, order, listing);
#endif
        return;
    }
}

/// False when it is gone.
static int look(sandlot_listing *listing, sandlot_node *node, int folder) {
    struct stat status;
    if (fstatat(folder, (const char *)listing->bytes + node->name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        node->error = errno;
        return errno != ENOENT;
    }
    node->size = status.st_size < 0 ? 0 : (uint64_t)status.st_size;
    node->modified = NANOSECONDS(status, m);
    node->changed = NANOSECONDS(status, c);
    node->inode = (uint64_t)status.st_ino;
    node->device = (uint64_t)status.st_dev;
    node->mode = (uint32_t)status.st_mode;
    node->user = (uint32_t)status.st_uid;
    node->group = (uint32_t)status.st_gid;
    if (!S_ISLNK(status.st_mode)) return 1;
    uint8_t *place = room(listing, PATH_MAX);
    if (!place) {
        node->error = ENOMEM;
        return 1;
    }
    ssize_t length = readlinkat(folder, (const char *)listing->bytes + node->name, (char *)place, PATH_MAX);
    // A link that gave way to something else meanwhile is gone.
    if (length < 0) return 0;
    node->target = (uint32_t)listing->byte_count;
    node->target_length = (uint16_t)length;
    listing->byte_count += (size_t)length;
    return 1;
}

int sandlot_listing_read(sandlot_listing *listing, int folder) {
    listing->count = 0;
    listing->byte_count = 0;
    int error = read_names(listing, folder);
    if (error) return error;
    sort(listing);
    size_t kept = 0;
    for (size_t i = 0; i < listing->count; i++) {
        if (look(listing, &listing->nodes[i], folder)) listing->nodes[kept++] = listing->nodes[i];
    }
    listing->count = kept;
    return 0;
}

void sandlot_listing_digest_add(sandlot_sha256 *context, const sandlot_node *node, const void *name, const void *target) {
    // What lies in a folder changes its size and times, and is told by its own digest.
    int is_folder = (node->mode & S_IFMT) == S_IFDIR;
    struct {
        uint64_t size, modified, changed, inode;
        uint32_t mode, error, name_length, target_length;
    } fixed = {0, 0, 0, 0, node->mode, (uint32_t)node->error, node->name_length, node->target_length};
    if (!is_folder) {
        fixed.size = node->size;
        fixed.modified = (uint64_t)node->modified;
        fixed.changed = (uint64_t)node->changed;
        fixed.inode = node->inode;
    }
    sandlot_sha256_update(context, &fixed, sizeof fixed);
    sandlot_sha256_update(context, name, node->name_length);
    sandlot_sha256_update(context, target, node->target_length);
}

void sandlot_listing_digest(const sandlot_listing *listing, uint8_t digest[32]) {
    sandlot_sha256 context;
    sandlot_sha256_init(&context);
    for (size_t i = 0; i < listing->count; i++) {
        const sandlot_node *node = &listing->nodes[i];
        sandlot_listing_digest_add(&context, node, listing->bytes + node->name, listing->bytes + node->target);
    }
    sandlot_sha256_final(&context, digest);
}

void sandlot_listing_free(sandlot_listing *listing) {
    free(listing->nodes);
    free(listing->bytes);
    memset(listing, 0, sizeof *listing);
}
