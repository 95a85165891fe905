// Ids that a model has rows for. The scheduler looks at those that it is asked for itself; who runs a session does so here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "model/model.h"

namespace malmoi::infer {

/// Errors: an id outside a vocabulary of so many.
inline Status check_known(std::span<const int32_t> ids, int64_t vocab_size) {
  const auto known = [&](int32_t id) { return id >= 0 && id < vocab_size; };
  const auto found = std::ranges::find_if_not(ids, known);
  if (found == ids.end()) return {};
  return usage_error("token " + std::to_string(*found) + " is outside the vocabulary of " + std::to_string(vocab_size),
                     "tokenizer", "use the tokenizer that belongs to the model");
}

/// Errors: an id outside the vocabulary of what the model reads, as a tokenizer of another model may give.
inline Status check_known(std::span<const int32_t> ids, const model::Model& model) {
  return check_known(ids, model.vocab_size());
}

}  // namespace malmoi::infer
