// What Swift's runtime gets from /proc, for executables that must start where there is none.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_system.h"
#include <stdlib.h>
#include <unistd.h>

static int argument_count;
static char **argument_list;

// glibc hands the command line to every initialiser. This one runs before those of Swift's runtime.
__attribute__((constructor(101))) static void prepare(int count, char **arguments, char **environment) {
    (void)environment;
    argument_count = count;
    argument_list = arguments;
    // The runtime looks for its own path to find its backtracer, and gives up when /proc is missing. Told a path, it does not look.
    char path[2];
    if (readlink("/proc/self/exe", path, sizeof path) < 0) setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/nonexistent", 1);
}

char **sandlot_arguments(int *count) {
    *count = argument_count;
    return argument_list;
}
#endif
