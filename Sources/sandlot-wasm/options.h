// How the executable is called; only Sandlot calls it.
#ifndef SANDLOT_WASM_OPTIONS_H
#define SANDLOT_WASM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A directory that the module sees.
struct preopen {
    const char *host;
    const char *name;
    bool writable;
};

enum { MAX_PREOPENS = 16 };

struct options {
    /// Wasmtime's shared library.
    const char *library;
    /// Bytes of linear memory; -1 is what the module asks for.
    int64_t memory;
    /// Instructions, about; 0 is no end.
    uint64_t fuel;
    struct preopen preopens[MAX_PREOPENS];
    size_t preopen_count;
    /// Runs a module of our own, which ends with 7.
    bool is_trial;
    /// The module's file.
    const char *module;
    /// The name by which it was asked for, then its arguments.
    const char *const *arguments;
    size_t argument_count;
};

/// Returns NULL, or what is wrong.
const char *options_parse(struct options *options, int count, char **texts);

#endif
