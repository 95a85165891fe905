// What attention needs beside its operands: what all workers share, then a part for each.
#include "base/parallel.h"
#include "kernels/attention_layout.h"

namespace malmoi::kernels {

size_t attention_scratch(const AttentionArgs& args) {
  return static_cast<size_t>(all_parts_words(args) + num_threads() * forward_words(args)) * sizeof(float);
}

size_t attention_backward_scratch(const AttentionArgs& args) {
  return static_cast<size_t>(parameter_rows_words(args) + num_threads() * backward_words(args)) * sizeof(float);
}

}  // namespace malmoi::kernels
