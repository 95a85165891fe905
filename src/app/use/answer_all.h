// What an encoder-decoder writes for many texts: greedy, all of them together.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "infer/beam_search.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

struct AnswerAllOptions {
  int64_t max_input = 0, max_output = 0;  // tokens
  std::vector<int64_t> lengths = {};      // tokens of each output at most, where that is less; empty: max_output
  std::vector<int32_t> begin;             // what the decoder begins with; empty: as the model says
  std::vector<int32_t> ends;              // ids that end an answer
  infer::AnswerRules rules = {};
};

/// The output of each source. Warns of sources that were cut to max_input.
Result<std::vector<std::string>> answer_all(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                            const std::vector<std::string>& sources, const AnswerAllOptions& options,
                                            const Job& job);

}  // namespace malmoi::app
