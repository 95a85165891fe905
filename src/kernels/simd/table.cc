// The table of one instruction set.
#include "kernels/simd/table.h"

#define MALMOI_TEXT_(x) #x
#define MALMOI_TEXT(x) MALMOI_TEXT_(x)

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {

const KernelTable& table() {
  static constexpr KernelTable kTable = {
      .name = MALMOI_TEXT(MALMOI_SIMD_NAMESPACE),
      .norm = norm,
      .norm_backward = norm_backward,
      .activation = activation,
      .activation_backward = activation_backward,
      .gated = gated,
      .gated_backward = gated_backward,
      .add = add,
      .rotary = rotary,
      .attention = attention,
      .attention_backward = attention_backward,
      .embedding = embedding,
      .embedding_backward = embedding_backward,
      .cross_entropy = cross_entropy,
      .bias_backward = bias_backward,
      .row_product = row_product,
      .adamw = adamw,
      .sum_of_squares = sum_of_squares,
      .all_finite = all_finite,
      .to_bf16 = to_bf16,
      .to_f32 = to_f32,
  };
  return kTable;
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
