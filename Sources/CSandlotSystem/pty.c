// Pseudo-terminals without libutil and without looking names up in /dev/pts.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int sandlot_pty_resize(int master, uint16_t columns, uint16_t rows) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(master, TIOCSWINSZ, &size);
}

int sandlot_pty_open(int *master, int *slave, uint16_t columns, uint16_t rows) {
    int leader = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (leader < 0) leader = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (leader < 0) return -1;
    int unlock = 0;
    if (ioctl(leader, TIOCSPTLCK, &unlock) < 0) goto failed;
    int follower = ioctl(leader, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (follower < 0) {
        // Before 4.13, or a filter in between: by name.
        char name[64];
        if (ptsname_r(leader, name, sizeof name) != 0) goto failed;
        follower = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (follower < 0) goto failed;
    }
    sandlot_pty_resize(leader, columns, rows);
    *master = leader;
    *slave = follower;
    return 0;
failed:;
    int saved = errno;
    close(leader);
    errno = saved;
    return -1;
}
#endif
