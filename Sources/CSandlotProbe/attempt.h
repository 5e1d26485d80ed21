// What the attempts share.
#ifndef SANDLOT_PROBE_ATTEMPT_H
#define SANDLOT_PROBE_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum result { BLOCKED, OPEN, ABSENT, UNANSWERED, UNKNOWN };

struct answer {
    enum result result;
    char detail[600];
};

struct attempt {
    const char *id;
    void (*body)(struct answer *);
};

/// Lists that end with an entry without an id.
extern const struct attempt sandlot_kernel_attempts[];
extern const struct attempt sandlot_file_attempts[];
extern const struct attempt sandlot_network_attempts[];

/// What the host said under this name; NULL when it said nothing.
const char *probe_argument(const char *name);
/// The process that started this program.
pid_t probe_parent(void);

void answer(struct answer *to, enum result result, const char *format, ...) __attribute__((format(printf, 3, 4)));
/// Adds to a list of what was found, with ", " between.
void probe_add(struct answer *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// Open when something was added, else blocked with `otherwise`.
void probe_conclude(struct answer *to, const char *otherwise);
/// Open when the call did not fail or failed for another reason than a refusal; errno is read.
void probe_call(struct answer *to, const char *name, long returned);
/// The same for one of several calls: only what is open is added.
void probe_add_call(struct answer *to, const char *name, long returned);
/// True for the errors of a system that refuses the call itself.
bool probe_refused(int error);

/// The beginning of a file as text; -1 when it cannot be read.
ssize_t probe_read(const char *path, char *text, size_t size);
/// The value of a line of /proc/self/status; false when there is none.
bool probe_status(const char *key, char *value, size_t size);

void sandlot_probe_facts(void);
/// Writes one line of three or four fields at once; tabs and line ends in them become blanks.
void probe_line(const char *kind, const char *name, const char *third, const char *fourth);

#endif
