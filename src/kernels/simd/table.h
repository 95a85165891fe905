// The kernels of one instruction set: what table.cc puts together from the files of this folder.
#pragma once

#include "kernels/backend.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {

#define KERNEL(kernel, Args) void kernel(Stream& stream, const Args& args);
#include "kernels/list.inc"
#undef KERNEL

const Backend& table();

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
