// The kernels of one instruction set: what table.cc puts together from the files of this folder.
#pragma once

#include "kernels/gemm.h"
#include "kernels/kernels.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {

void norm(const NormArgs& args);
void norm_backward(const NormBackwardArgs& args);
void activation(const ActivationArgs& args);
void activation_backward(const ActivationBackwardArgs& args);
void gated(const GatedArgs& args);
void gated_backward(const GatedBackwardArgs& args);
void add(const AddArgs& args);
void rotary(const RotaryArgs& args);
void attention(const AttentionArgs& args);
void attention_backward(const AttentionBackwardArgs& args);
void embedding(const EmbeddingArgs& args);
void embedding_backward(const EmbeddingBackwardArgs& args);
void cross_entropy(const CrossEntropyArgs& args);
void bias_backward(const BiasBackwardArgs& args);
void row_product(const RowProductArgs& args);
void adamw(const AdamWArgs& args);
double sum_of_squares(const float* x, int64_t n);
bool all_finite(const float* x, int64_t n);
void to_bf16(const float* x, BF16* y, int64_t n);
void to_f32(const BF16* x, float* y, int64_t n);

const KernelTable& table();

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
