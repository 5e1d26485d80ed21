// What the process takes from itself before it looks at a module, so that a fault of the runtime gains little.
#ifndef SANDLOT_WASM_CONFINEMENT_H
#define SANDLOT_WASM_CONFINEMENT_H

#include "options.h"

/// From here on: no file but the module's directories, no socket, no other program, no other process. Returns NULL, or what failed.
const char *confine(const struct options *options);

#endif
