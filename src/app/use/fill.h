// `malmoi fill`: what a masked language model puts into the gaps of a text.
#pragma once

#include <string>
#include <vector>

#include "app/use/generate.h"

namespace malmoi::app {

struct FillOptions {
  std::string model;
  std::string text;                // with the vocabulary's mask ([MASK], <mask>) in it
  int64_t top = 5;                 // words for each gap
  std::vector<std::string> words;  // instead of the most probable: these
  std::vector<Path> adapters;      // put around the model: the first is used
  DType dtype = DType::kF32;
};

struct FilledText {
  struct Word {
    int32_t id = 0;
    std::string text;  // what it reads as alone
    double probability = 0;
  };
  std::vector<std::vector<Word>> gaps;  // of each gap, the most probable first
  std::string text;                     // with the most probable word in each
};
Json to_json(const FilledText& filled);

/// Errors: no gap, more tokens than the context, a model that fills none, a word of `words` that the tokenizer cuts in pieces.
Result<FilledText> fill(const FillOptions& options, const Job& job);

}  // namespace malmoi::app
