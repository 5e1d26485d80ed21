#if defined(__linux__)
// Runs one WebAssembly module in this process, which Sandlot started inside a sandbox: Wasmtime outside of the server's memory.
//
// The end tells the truth: the module's own exit code, or the signal that its trap stands for, with the trap's words on standard error.
#define _GNU_SOURCE
#include "confinement.h"
#include "options.h"
#include "runtime.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/// A module that ends with 7: whether the library is one that this program understands.
static const uint8_t trial[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x60, 0x01, 0x7f, 0x00, 0x60, 0x00, 0x00, 0x02, 0x24, 0x01, 0x16, 0x77, 0x61,
    0x73, 0x69, 0x5f, 0x73, 0x6e, 0x61, 0x70, 0x73, 0x68, 0x6f, 0x74, 0x5f, 0x70, 0x72, 0x65, 0x76, 0x69, 0x65, 0x77, 0x31, 0x09, 0x70, 0x72, 0x6f,
    0x63, 0x5f, 0x65, 0x78, 0x69, 0x74, 0x00, 0x00, 0x03, 0x02, 0x01, 0x01, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x13, 0x02, 0x06, 0x6d, 0x65, 0x6d,
    0x6f, 0x72, 0x79, 0x02, 0x00, 0x06, 0x5f, 0x73, 0x74, 0x61, 0x72, 0x74, 0x00, 0x01, 0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x07, 0x10, 0x00, 0x0b,
};

/// Variables for the module carry this, so that none of them means anything to this process or its libraries.
static const char prefix[] = "SANDLOT_WASM_";
/// What the shells say of a file that cannot be executed, and Sandlot of its own failures.
enum { NOT_EXECUTABLE = 126, OUR_FAILURE = 125 };
enum { MAX_MODULE = 512 << 20 };

static _Noreturn void stop(int status, const char *what, const char *why) {
    fprintf(stderr, "sandlot: %s: %s\n", what, why);
    exit(status);
}

static _Noreturn void stop_with(const struct runtime *runtime, int status, const char *what, handle *error) {
    struct wasm_bytes message = {0, NULL};
    runtime->wasmtime_error_message(error, &message);
    fprintf(stderr, "sandlot: %s: %.*s\n", what, (int)message.size, message.data);
    exit(status);
}

/// The signal that says the same of a process.
static int signal_of(uint8_t trap) {
    switch (trap) {
    case 0: case 1: case 2: case 3: return SIGSEGV; // the stack's end, memory's end, a bad alignment, a table's end
    case 6: case 7: case 8: return SIGFPE; // overflow, division by zero, conversion
    case 10: case 11: return SIGXCPU; // interrupted, out of fuel
    default: return SIGABRT; // `unreachable`, which is what abort() compiles to, and the rest
    }
}

static _Noreturn void end_as_trapped(const struct runtime *runtime, handle *trap) {
    struct wasm_bytes message = {0, NULL};
    runtime->wasm_trap_message(trap, &message);
    fprintf(stderr, "sandlot: the module trapped: %.*s\n", (int)message.size, message.data);
    uint8_t code = UINT8_MAX;
    if (!runtime->wasmtime_trap_code(trap, &code)) code = UINT8_MAX;
    int number = signal_of(code);
    // Another thread may be in a read; the signal ends them all.
    signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
    _exit(OUR_FAILURE);
}

/// The module's bytes; the file is looked at once.
static const uint8_t *module_bytes(const char *path, size_t *size) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) stop(errno == ENOENT ? 127 : NOT_EXECUTABLE, path, strerror(errno));
    struct stat status;
    if (fstat(file, &status) != 0) stop(NOT_EXECUTABLE, path, strerror(errno));
    if (!S_ISREG(status.st_mode)) stop(NOT_EXECUTABLE, path, "not a file");
    if (status.st_size > MAX_MODULE) stop(NOT_EXECUTABLE, path, "larger than 512 MiB");
    // A copy: a mapping would change with the file, and end us where it gets shorter.
    uint8_t *bytes = malloc((size_t)status.st_size + 1);
    if (bytes == NULL) stop(NOT_EXECUTABLE, path, "no memory for it");
    size_t count = 0;
    while (count < (size_t)status.st_size) {
        ssize_t piece = read(file, bytes + count, (size_t)status.st_size - count);
        if (piece < 0 && errno == EINTR) continue;
        if (piece <= 0) break;
        count += (size_t)piece;
    }
    close(file);
    *size = count;
    return bytes;
}

/// Whether the module's own directory, to which links may have led, lies in one that it was given; NULL when it does.
static const char *directory_problem(const struct options *options) {
    char here[PATH_MAX], there[PATH_MAX];
    if (getcwd(here, sizeof here) == NULL) return strerror(errno);
    for (size_t index = 0; index < options->preopen_count; index++) {
        if (options->preopens[index].host[0] != '/' || realpath(options->preopens[index].host, there) == NULL) continue;
        size_t length = strlen(there);
        if (strncmp(here, there, length) == 0 && (here[length] == 0 || here[length] == '/')) return NULL;
    }
    return "outside of the workspace and the temporary directory";
}

static void give_environment(const struct runtime *runtime, handle *wasi) {
    size_t count = 0;
    for (char **entry = environ; *entry != NULL; entry++) count++;
    const char **names = calloc(count + 1, sizeof *names), **values = calloc(count + 1, sizeof *values);
    if (names == NULL || values == NULL) stop(OUR_FAILURE, "the environment", "no memory for it");
    size_t given = 0;
    for (char **entry = environ; *entry != NULL; entry++) {
        char *mark = strchr(*entry, '=');
        if (strncmp(*entry, prefix, sizeof prefix - 1) != 0 || mark == NULL) continue;
        *mark = 0;
        names[given] = *entry + sizeof prefix - 1;
        values[given++] = mark + 1;
    }
    if (!runtime->wasi_config_set_env(wasi, given, names, values)) stop(NOT_EXECUTABLE, "the environment", "it is not UTF-8");
}

static handle *wasi_for(const struct runtime *runtime, const struct options *options) {
    handle *wasi = runtime->wasi_config_new();
    if (!runtime->wasi_config_set_argv(wasi, options->argument_count, options->arguments))
        stop(NOT_EXECUTABLE, "the arguments", "they are not UTF-8");
    give_environment(runtime, wasi);
    runtime->wasi_config_inherit_stdin(wasi);
    runtime->wasi_config_inherit_stdout(wasi);
    runtime->wasi_config_inherit_stderr(wasi);
    for (size_t index = 0; index < options->preopen_count; index++) {
        const struct preopen *one = &options->preopens[index];
        if (!runtime->wasi_config_preopen_dir(wasi, one->host, one->name, one->writable))
            stop(NOT_EXECUTABLE, one->name, "this directory cannot be opened");
    }
    return wasi;
}

/// The runtime's own refuses codes of 126 and more, which a process may well end with.
static handle *proc_exit(void *data, handle *caller, const struct wasm_value *arguments, size_t count, void *results, size_t result_count) {
    (void)data, (void)caller, (void)results, (void)result_count;
    fflush(stderr);
    _exit(count == 1 ? (int)(uint32_t)arguments[0].number : OUR_FAILURE);
}

static handle *define_exit(const struct runtime *runtime, handle *linker) {
    handle *number = runtime->wasm_valtype_new(0);
    struct wasm_types parameters, results;
    runtime->wasm_valtype_vec_new(&parameters, 1, &number);
    runtime->wasm_valtype_vec_new(&results, 0, NULL);
    static const char module[] = "wasi_snapshot_preview1", name[] = "proc_exit";
    runtime->wasmtime_linker_allow_shadowing(linker, true);
    return runtime->wasmtime_linker_define_func(
        linker, module, sizeof module - 1, name, sizeof name - 1, runtime->wasm_functype_new(&parameters, &results), proc_exit, NULL, NULL);
}

int main(int count, char **texts) {
    struct options options;
    const char *problem = options_parse(&options, count, texts);
    if (problem != NULL) stop(OUR_FAILURE, "sandlot-wasm", problem);
    // The runtime takes its threads from here; one is enough to read standard input, and each has a stack that counts.
    setenv("TOKIO_WORKER_THREADS", "1", 1);
    struct runtime runtime;
    problem = runtime_load(&runtime, options.library);
    if (problem != NULL) stop(OUR_FAILURE, options.library, problem);
    problem = options.is_trial ? NULL : directory_problem(&options);
    if (problem != NULL) stop(NOT_EXECUTABLE, "the working directory", problem);
    const char *name = options.is_trial ? "the trial" : options.arguments[0];
    size_t size = sizeof trial;
    const uint8_t *bytes = options.is_trial ? trial : module_bytes(options.module, &size);
    problem = confine(&options);
    if (problem != NULL) stop(OUR_FAILURE, "confining the runtime", problem);

    handle *config = runtime.wasm_config_new();
    runtime.wasmtime_config_parallel_compilation_set(config, false);
    runtime.wasmtime_config_wasm_memory64_set(config, false);
    runtime.wasmtime_config_wasm_threads_set(config, false);
    // One instance for each process: memory that instances share would be a file without a name, and nothing is gained.
    runtime.wasmtime_config_memory_init_cow_set(config, false);
    runtime.wasmtime_config_consume_fuel_set(config, options.fuel > 0);
    handle *engine = runtime.wasm_engine_new_with_config(config);
    if (engine == NULL) stop(OUR_FAILURE, "the runtime", "it does not take its settings");
    handle *module = NULL;
    handle *error = runtime.wasmtime_module_new(engine, bytes, size, &module);
    if (error != NULL) stop_with(&runtime, NOT_EXECUTABLE, name, error);
    if (!options.is_trial) free((void *)bytes);
    handle *store = runtime.wasmtime_store_new(engine, NULL, NULL);
    handle *context = runtime.wasmtime_store_context(store);
    // One instance; tables hold pointers of this process, so they count too.
    runtime.wasmtime_store_limiter(store, options.memory, 1 << 20, 1, 16, 1);
    error = options.fuel > 0 ? runtime.wasmtime_context_set_fuel(context, options.fuel) : NULL;
    if (error != NULL) stop_with(&runtime, OUR_FAILURE, "setting the fuel", error);
    error = runtime.wasmtime_context_set_wasi(context, wasi_for(&runtime, &options));
    if (error != NULL) stop_with(&runtime, OUR_FAILURE, "giving WASI", error);
    handle *linker = runtime.wasmtime_linker_new(engine);
    error = runtime.wasmtime_linker_define_wasi(linker);
    if (error == NULL) error = define_exit(&runtime, linker);
    if (error != NULL) stop_with(&runtime, OUR_FAILURE, "giving WASI", error);

    // A command's `_start` is behind the default name; instantiating may run code and so may trap, which the C interface tells as an error.
    struct wasm_function start;
    error = runtime.wasmtime_linker_module(linker, context, "", 0, module);
    if (error == NULL) error = runtime.wasmtime_linker_get_default(linker, context, "", 0, &start);
    if (error != NULL) stop_with(&runtime, NOT_EXECUTABLE, name, error);
    handle *trap = NULL;
    error = runtime.wasmtime_func_call(context, &start, NULL, 0, NULL, 0, &trap);
    if (trap != NULL) end_as_trapped(&runtime, trap);
    int status = 0;
    if (error != NULL && !runtime.wasmtime_error_exit_status(error, &status)) stop_with(&runtime, OUR_FAILURE, "the module failed", error);
    // The store's threads may still be in a read of standard input: nothing to tidy up is worth waiting for them.
    fflush(stderr);
    _exit(status);
}
#else
int main(void) { return 125; }
#endif
