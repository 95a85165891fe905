// What an encoder-decoder writes for many texts: greedy, all of them together.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

/// The output of each source, cut to `max_length` tokens of input and `max_output` of output.
Result<std::vector<std::string>> answer_all(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                            const std::vector<std::string>& sources, int64_t max_length,
                                            int64_t max_output, const StopToken& stop = {});

}  // namespace malmoi::app
