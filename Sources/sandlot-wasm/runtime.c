#include "runtime.h"
#include <dlfcn.h>
#include <stdio.h>

const char *runtime_load(struct runtime *runtime, const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return dlerror();
    static char missing[128];
#define SYMBOL(result, name, parameters) \
    *(void **)&runtime->name = dlsym(library, #name); \
    if (runtime->name == NULL) { \
        snprintf(missing, sizeof missing, "it has no %s: this is another version", #name); \
        return missing; \
    }
    RUNTIME_SYMBOLS(SYMBOL)
#undef SYMBOL
    return NULL;
}
