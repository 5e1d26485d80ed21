#include "options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool number(const char *text, uint64_t *value) {
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *end == 0 && *value <= INT64_MAX;
}

const char *options_parse(struct options *options, int count, char **texts) {
    *options = (struct options){.memory = -1};
    int index = 1;
    for (; index < count && strcmp(texts[index], "--") != 0; index++) {
        const char *name = texts[index];
        if (strcmp(name, "--trial") == 0) {
            options->is_trial = true;
            continue;
        }
        if (++index >= count) return "an option without a value";
        const char *value = texts[index];
        uint64_t amount = 0;
        if (strcmp(name, "--library") == 0) {
            options->library = value;
        } else if (strcmp(name, "--module") == 0) {
            options->module = value;
        } else if (strcmp(name, "--memory") == 0) {
            if (!number(value, &amount)) return "--memory is no number of bytes";
            options->memory = (int64_t)amount;
        } else if (strcmp(name, "--fuel") == 0) {
            if (!number(value, &options->fuel) || options->fuel == 0) return "--fuel is no number of instructions";
        } else if (strcmp(name, "--writable") == 0 || strcmp(name, "--readable") == 0) {
            // Two values: where the directory is, and what the module calls it.
            if (++index >= count) return "a directory without a name";
            if (options->preopen_count == MAX_PREOPENS) return "too many directories";
            options->preopens[options->preopen_count++] =
                (struct preopen){.host = value, .name = texts[index], .writable = strcmp(name, "--writable") == 0};
        } else {
            return "an unknown option";
        }
    }
    if (options->library == NULL) return "no --library";
    if (options->is_trial) return NULL;
    if (options->module == NULL || index + 1 >= count) return "no module";
    options->arguments = (const char *const *)texts + index + 1;
    options->argument_count = (size_t)(count - index - 1);
    return NULL;
}
