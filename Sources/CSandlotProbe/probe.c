// Runs the attempts and tells how they went.
#if defined(__linux__)
#define _GNU_SOURCE
#include "sandlot_probe.h"
#include "attempt.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/// Seconds after which an attempt is ended.
enum { PATIENCE = 10 };

static int argument_count;
static const char *const *argument_list;
static pid_t parent;

const char *probe_argument(const char *name) {
    size_t length = strlen(name);
    for (int index = 0; index < argument_count; index++)
        if (!strncmp(argument_list[index], name, length) && argument_list[index][length] == '=') return argument_list[index] + length + 1;
    return NULL;
}

pid_t probe_parent(void) { return parent; }

void answer(struct answer *to, enum result result, const char *format, ...) {
    va_list list;
    va_start(list, format);
    to->result = result;
    vsnprintf(to->detail, sizeof to->detail, format, list);
    va_end(list);
}

void probe_add(struct answer *to, const char *format, ...) {
    size_t used = strlen(to->detail);
    if (used + 8 >= sizeof to->detail) return;
    if (used) used += (size_t)snprintf(to->detail + used, sizeof to->detail - used, ", ");
    va_list list;
    va_start(list, format);
    vsnprintf(to->detail + used, sizeof to->detail - used, format, list);
    va_end(list);
    to->result = OPEN;
}

void probe_conclude(struct answer *to, const char *otherwise) {
    if (to->result != OPEN) answer(to, BLOCKED, "%s", otherwise);
}

bool probe_refused(int error) { return error == EPERM || error == ENOSYS || error == EACCES; }

void probe_call(struct answer *to, const char *name, long returned) {
    if (returned >= 0)
        answer(to, OPEN, "%s succeeded", name);
    else if (probe_refused(errno))
        answer(to, BLOCKED, "%s: %s", name, strerror(errno));
    else
        answer(to, OPEN, "%s reached the kernel: %s", name, strerror(errno));
}

void probe_add_call(struct answer *to, const char *name, long returned) {
    if (returned >= 0)
        probe_add(to, "%s", name);
    else if (!probe_refused(errno))
        probe_add(to, "%s (%s)", name, strerror(errno));
}

ssize_t probe_read(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return -1;
    size_t used = 0;
    while (used + 1 < size) {
        ssize_t count = read(file, text + used, size - 1 - used);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        used += (size_t)count;
    }
    text[used] = 0;
    close(file);
    return (ssize_t)used;
}

bool probe_status(const char *key, char *value, size_t size) {
    char text[8192];
    if (probe_read("/proc/self/status", text, sizeof text) < 0) return false;
    size_t length = strlen(key);
    for (char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, key, length) || line[length] != ':') continue;
        const char *start = line + length + 1;
        start += strspn(start, " \t");
        snprintf(value, size, "%.*s", (int)strcspn(start, "\n"), start);
        return true;
    }
    return false;
}

void probe_line(const char *kind, const char *name, const char *third, const char *fourth) {
    char line[2048];
    int count = fourth ? snprintf(line, sizeof line - 1, "%s\t%s\t%s\t", kind, name, third) : snprintf(line, sizeof line - 1, "%s\t%s\t", kind, name);
    const char *last = fourth ? fourth : third;
    size_t used = (size_t)count;
    for (; *last && used < sizeof line - 1; last++) line[used++] = (unsigned char)*last < ' ' ? ' ' : *last;
    line[used++] = '\n';
    for (size_t done = 0; done < used;) {
        ssize_t written = write(STDOUT_FILENO, line + done, used - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) _exit(1);
        done += (size_t)written;
    }
}

static void tell(const char *id, const struct answer *found) {
    static const char *const words[] = {"blocked", "open", "absent", "unanswered", "unknown"};
    probe_line("try", id, words[found->result], found->detail);
}

/// An attempt may end its process, be killed for it, or hang: it has one for itself.
static void run(const struct attempt *attempt) {
    struct answer found = {.result = BLOCKED};
    pid_t child = fork();
    if (child < 0) {
        answer(&found, UNKNOWN, "no process for it: %s", strerror(errno));
        tell(attempt->id, &found);
        return;
    }
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(PATIENCE);
        attempt->body(&found);
        tell(attempt->id, &found);
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number == SIGSYS)
        answer(&found, BLOCKED, "the call filter ended the process");
    else if (number == SIGALRM)
        answer(&found, UNKNOWN, "did not end within %d s", PATIENCE);
    else
        answer(&found, UNKNOWN, "its process ended with wait status %d", status);
    tell(attempt->id, &found);
}

int sandlot_probe(int count, const char *const *arguments) {
    argument_count = count;
    argument_list = arguments;
    parent = getppid();
    signal(SIGPIPE, SIG_IGN);
    sandlot_probe_facts();
    const struct attempt *const lists[] = {sandlot_file_attempts, sandlot_kernel_attempts, sandlot_network_attempts};
    const char *only = probe_argument("only");
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++)
        for (const struct attempt *attempt = lists[list]; attempt->id; attempt++)
            if (!only || !strncmp(attempt->id, only, strlen(only))) run(attempt);
    return 0;
}
#endif
