// `malmoi fill`: what a masked language model puts into the gaps of a text.
#pragma once

#include <string>
#include <vector>

#include "app/use/generate.h"
#include "chat/explore.h"

namespace malmoi::app {

struct FillOptions {
  std::string model;
  std::string text;                // with the vocabulary's mask ([MASK], <mask>) in it
  int64_t top = 5;                 // words for each gap
  std::vector<std::string> words;  // instead of the most probable: these
  std::vector<Path> adapters;      // put around the model: the first is used
  DType dtype = DType::kF32;
};

Json to_json(const chat::FilledGaps& filled);

/// Errors: no gap, more tokens than the context, a model that fills none, a word of `words` that the tokenizer cuts in pieces.
Result<chat::FilledGaps> fill(const FillOptions& options, const Job& job);

}  // namespace malmoi::app
