// The oracle's table.
#include "kernels/ref/ref.h"

namespace malmoi::kernels {

const KernelTable& reference_kernels() {
  static const KernelTable table = {
      .name = "reference",
      .norm = ref::norm,
      .norm_backward = ref::norm_backward,
      .activation = ref::activation,
      .activation_backward = ref::activation_backward,
      .gated = ref::gated,
      .gated_backward = ref::gated_backward,
      .add = ref::add,
      .rotary = ref::rotary,
      .attention = ref::attention,
      .attention_backward = ref::attention_backward,
      .embedding = ref::embedding,
      .embedding_backward = ref::embedding_backward,
      .cross_entropy = ref::cross_entropy,
      .bias_backward = ref::bias_backward,
      .row_product = ref::row_product,
      .adamw = ref::adamw,
      .sum_of_squares = ref::sum_of_squares,
      .all_finite = ref::all_finite,
      .to_bf16 = ref::to_bf16_array,
      .to_f32 = ref::to_f32_array,
  };
  return table;
}

}  // namespace malmoi::kernels
