#include "infer/state_rules.h"

#include <algorithm>

namespace malmoi::infer {

bool can_truncate(const nn::StatePool& pool) {
  return std::ranges::none_of(pool.layers(), [](const nn::LayerState& layer) {
    return layer.kind == nn::StateKind::kRecurrent || layer.kind == nn::StateKind::kConvolution;
  });
}

int64_t cut_free_length(const nn::StatePool& pool) {
  int64_t length = INT64_MAX;
  for (const nn::LayerState& layer : pool.layers()) {
    if (layer.kind == nn::StateKind::kWindowKeys) length = std::min(length, layer.window);
    else if (layer.kind != nn::StateKind::kPagedKeys) length = 0;
  }
  return length;
}

}  // namespace malmoi::infer
