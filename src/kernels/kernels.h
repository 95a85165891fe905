// Choosing a backend, and whether it can multiply what is asked of it.
#pragma once

#include "base/cpu.h"
#include "base/error.h"
#include "kernels/backend.h"
#include "tensor/stream.h"

namespace malmoi::kernels {

/// An error that names the types, where no product of the backend takes them.
Status supports(const Backend& backend, const GemmArgs& args);

/// The kernels of one instruction set; null if this build has none for it.
const Backend* isa_backend(Isa isa);
/// The kernels of active_isa().
const Backend& cpu_backend();
/// The scalar oracle: straightforward loops, also for dtype kF64.
const Backend& reference_backend();
/// The kernels of a CUDA device; where this build has none, every entry fails the stream with what is missing.
const Backend& cuda_backend();

}  // namespace malmoi::kernels
