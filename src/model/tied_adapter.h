// Adapters that hold for the table of words and the head that is that table, which PEFT's files have once for each.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "model/adapter_names.h"
#include "model/model.h"

namespace malmoi::model {

/// The published names of a head that is the table of words, and of that table; none where the model has no such head.
struct TiedWords {
  std::string table, head;
};
std::optional<TiedWords> tied_words(Model& model);

/// Whether the file adapts table and head as one: it says so (ensure_weight_tying), or has both whole with the same values.
/// Errors: it says so, and has only one of the two, or other values for the one than for the other.
Result<bool> adapts_as_one(const AdapterFile& file, const AdapterNames& names, const TiedWords& words);

}  // namespace malmoi::model
