// The part of Wasmtime's C interface that is used here, found in the library at run time: the library is installed apart from Sandlot.
#ifndef SANDLOT_WASM_RUNTIME_H
#define SANDLOT_WASM_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wasm_bytes {
    size_t size;
    char *data;
};

/// `wasmtime_func_t`.
struct wasm_function {
    uint64_t store;
    void *private;
};

typedef void handle;

/// `wasm_valtype_vec_t`; what takes it frees it.
struct wasm_types {
    size_t size;
    handle **data;
};

/// `wasmtime_val_t`, as far as a number of 32 bits needs it; more of them lie further apart.
struct wasm_value {
    uint8_t kind;
    uint64_t number;
};

/// A function that a module imports; returns a trap or NULL.
typedef handle *(*host_function)(void *data, handle *caller, const struct wasm_value *arguments, size_t argument_count, void *results, size_t result_count);

/// Each member is named as its symbol, so that one list declares and loads them.
#define RUNTIME_SYMBOLS(SYMBOL) \
    SYMBOL(handle *, wasm_config_new, (void)) \
    SYMBOL(void, wasmtime_config_consume_fuel_set, (handle *, bool)) \
    SYMBOL(void, wasmtime_config_parallel_compilation_set, (handle *, bool)) \
    SYMBOL(void, wasmtime_config_wasm_memory64_set, (handle *, bool)) \
    SYMBOL(void, wasmtime_config_wasm_threads_set, (handle *, bool)) \
    SYMBOL(void, wasmtime_config_memory_init_cow_set, (handle *, bool)) \
    SYMBOL(handle *, wasm_engine_new_with_config, (handle *)) \
    SYMBOL(handle *, wasmtime_store_new, (handle *, void *, void (*)(void *))) \
    SYMBOL(handle *, wasmtime_store_context, (handle *)) \
    SYMBOL(void, wasmtime_store_limiter, (handle *, int64_t, int64_t, int64_t, int64_t, int64_t)) \
    SYMBOL(handle *, wasmtime_context_set_fuel, (handle *, uint64_t)) \
    SYMBOL(handle *, wasmtime_context_set_wasi, (handle *, handle *)) \
    SYMBOL(handle *, wasi_config_new, (void)) \
    SYMBOL(bool, wasi_config_set_argv, (handle *, size_t, const char *const *)) \
    SYMBOL(bool, wasi_config_set_env, (handle *, size_t, const char *const *, const char *const *)) \
    SYMBOL(void, wasi_config_inherit_stdin, (handle *)) \
    SYMBOL(void, wasi_config_inherit_stdout, (handle *)) \
    SYMBOL(void, wasi_config_inherit_stderr, (handle *)) \
    SYMBOL(bool, wasi_config_preopen_dir, (handle *, const char *, const char *, bool)) \
    SYMBOL(handle *, wasmtime_linker_new, (handle *)) \
    SYMBOL(handle *, wasmtime_linker_define_wasi, (handle *)) \
    SYMBOL(handle *, wasmtime_linker_module, (handle *, handle *, const char *, size_t, handle *)) \
    SYMBOL(handle *, wasmtime_linker_get_default, (handle *, handle *, const char *, size_t, struct wasm_function *)) \
    SYMBOL(handle *, wasmtime_module_new, (handle *, const uint8_t *, size_t, handle **)) \
    SYMBOL(handle *, wasmtime_func_call, (handle *, const struct wasm_function *, const void *, size_t, void *, size_t, handle **)) \
    SYMBOL(void, wasmtime_linker_allow_shadowing, (handle *, bool)) \
    SYMBOL(handle *, wasm_valtype_new, (uint8_t)) \
    SYMBOL(handle *, wasm_functype_new, (struct wasm_types *, struct wasm_types *)) \
    SYMBOL(handle *, wasmtime_linker_define_func, \
           (handle *, const char *, size_t, const char *, size_t, handle *, host_function, void *, void (*)(void *))) \
    SYMBOL(bool, wasmtime_trap_code, (handle *, uint8_t *)) \
    SYMBOL(void, wasm_valtype_vec_new, (struct wasm_types *, size_t, handle *const *)) \
    SYMBOL(void, wasm_trap_message, (handle *, struct wasm_bytes *)) \
    SYMBOL(bool, wasmtime_error_exit_status, (handle *, int *)) \
    SYMBOL(void, wasmtime_error_message, (handle *, struct wasm_bytes *))

struct runtime {
#define SYMBOL(result, name, parameters) result (*name) parameters;
    RUNTIME_SYMBOLS(SYMBOL)
#undef SYMBOL
};

/// Opens the library. Returns NULL, or what is wrong with it.
const char *runtime_load(struct runtime *runtime, const char *path);

#endif
