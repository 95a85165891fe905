// Weights in f32 to packed blocks: the types that Malmoi writes, to files or (NF4) to memory alone, one line each in pack.cc.
#pragma once

#include <span>

#include "tensor/block_type.h"

namespace malmoi::quantize {

/// Packs one block: `x` its weights in f32, `weights` how much an error of each counts.
using PackBlock = void (*)(const float* x, const float* weights, uint8_t* block);

/// Null where the type is read alone.
PackBlock packer(BlockType type);

/// Packs a row of `columns` weights. `importance`: of each column, how much its errors count (the mean square of what is
/// multiplied with it); empty: as much as another. Errors of large weights count more, by sqrt(2 mean(x^2) + x^2).
void pack_row(BlockType type, const float* x, int64_t columns, std::span<const float> importance, uint8_t* blocks);

void pack_q4_0(const float* x, const float* weights, uint8_t* block);
void pack_q4_1(const float* x, const float* weights, uint8_t* block);
void pack_q5_0(const float* x, const float* weights, uint8_t* block);
void pack_q5_1(const float* x, const float* weights, uint8_t* block);
void pack_q8_0(const float* x, const float* weights, uint8_t* block);
void pack_q4_k(const float* x, const float* weights, uint8_t* block);
void pack_q5_k(const float* x, const float* weights, uint8_t* block);
void pack_q6_k(const float* x, const float* weights, uint8_t* block);
void pack_nf4(const float* x, const float* weights, uint8_t* block);

}  // namespace malmoi::quantize
