// Scratch of the kernels of heads, experts and recurrences, the same for every instruction set.
#include "base/parallel.h"
#include "kernels/delta_rule_layout.h"
#include "kernels/head_norm_layout.h"
#include "kernels/kernels.h"
#include "kernels/recurrence_layout.h"
#include "kernels/scan_layout.h"

namespace malmoi::kernels {

size_t head_norm_backward_scratch(const HeadNormArgs& args) {
  int64_t each = 0;
  for (int i = 0; i < args.num_runs; ++i) each += 2 * weights_of(args.runs[i]);
  return static_cast<size_t>(num_threads() * each) * sizeof(float);
}

size_t gather_rows_backward_scratch(int64_t rows, int64_t source_rows) {
  return static_cast<size_t>(source_rows + 1 + rows) * sizeof(int32_t);
}

size_t gated_norm_backward_scratch(int64_t cols) { return static_cast<size_t>(num_threads() * cols) * sizeof(float); }

size_t ssd_scan_scratch(const SsdScanArgs& args) {
  return static_cast<size_t>(num_threads() * scan_words(args)) * sizeof(float);
}

size_t ssd_scan_backward_scratch(const SsdScanArgs& args) {
  return static_cast<size_t>(num_threads() * scan_backward_words(args)) * sizeof(float);
}

size_t delta_rule_scratch(const DeltaRuleArgs& args) {
  return static_cast<size_t>(num_threads() * delta_words(args)) * sizeof(float);
}

size_t delta_rule_backward_scratch(const DeltaRuleArgs& args) {
  return static_cast<size_t>(delta_workers(args) * delta_backward_words(args)) * sizeof(float);
}

size_t selective_scan_backward_scratch(const SelectiveScanArgs& args) {
  return static_cast<size_t>(num_threads() * selective_words(args)) * sizeof(float);
}

size_t wkv_backward_scratch(const WkvArgs& args) {
  return static_cast<size_t>(num_threads() * wkv_words(args)) * sizeof(float);
}

}  // namespace malmoi::kernels
