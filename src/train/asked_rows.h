// A frozen model that is asked once of every row, before the first step: who is asked, and what names the file that keeps what it said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "train/objective.h"

namespace malmoi::train {

/// Who is asked, and how many rows at once.
struct ReferencePass {
  const model::Model& trained;  // as it stands before the first step; where `reference` names no model, it is one
  FrozenModel reference;
  int64_t batch_size = 1;
  size_t arena_bytes = 0;
};

/// Of what a model reads of examples, and of their targets.
uint64_t hash_of(const Examples& examples);
/// Of several hashes, in order.
std::string hash_of(std::span<const uint64_t> hashes);

/// A hash of `what` (with the hash of the rows in it), of every weight of the model that is asked (of packed matrices some rows of
/// each) and of the type of products: what was said of others is never taken for it.
std::string asked_key(std::string_view what, const ReferencePass& pass);

}  // namespace malmoi::train
