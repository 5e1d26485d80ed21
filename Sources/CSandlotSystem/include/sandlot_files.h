/// Calls about files that Swift cannot reach.
#ifndef SANDLOT_FILES_H
#define SANDLOT_FILES_H

#if defined(__linux__)

/// renameat2 with RENAME_EXCHANGE: each name gets what the other had, in one step. -1 and errno, EINVAL or ENOSYS where it is not supported.
int sandlot_rename_exchange(int one_directory, const char *one, int other_directory, const char *other);
/// syncfs: all that was written to the file system of `fd` is on the disk when it returns.
int sandlot_sync_filesystem(int fd);

#endif
#endif
