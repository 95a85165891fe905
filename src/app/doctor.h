// The machine as Malmoi sees it: processor, instruction set, memory, threads, libraries.
#pragma once

#include "base/json.h"

namespace malmoi::app {

/// `cpu`, `isa`, `isa_detected`, `threads`, `memory_bytes`, `libraries` {name: version}, `missing` [{what, remedy}].
Json doctor();

}  // namespace malmoi::app
