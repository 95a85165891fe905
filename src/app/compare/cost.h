// What a token costs as the context grows: time, and memory that a sequence keeps.
#pragma once

#include <vector>

#include "app/compare/compare.h"
#include "model/model.h"

namespace malmoi::app {

/// After random tokens of each length; lengths beyond the model's positions are left out. The least of a few runs counts.
Result<std::vector<ContextCost>> measure_contexts(const model::Model& model, const std::vector<int64_t>& contexts,
                                                  const StopToken& stop);

}  // namespace malmoi::app
