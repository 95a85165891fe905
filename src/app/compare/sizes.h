// Equal sizes: the width at which an architecture has so many parameters.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::app {

struct SizedModel {
  Json model;  // with its width
  int64_t parameters = 0;
};

/// `model` with the hidden_size (a multiple of 8) whose parameters are closest to `wanted`; heads of about 32 where it names
/// none; of recurrences whose words have a width of their own, that too. `without_words`: the table of words (and the head)
/// does not count. Errors: none is within `tolerance`; what the family itself refuses.
Result<SizedModel> fit_size(const Json& model, int64_t vocab_size, int64_t max_positions, int64_t wanted,
                            double tolerance, bool without_words, const std::string& where);

}  // namespace malmoi::app
