// `malmoi eval`: how well a model predicts held-out text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/use/generate.h"
#include "base/error.h"
#include "base/job.h"
#include "base/json.h"
#include "eval/perplexity.h"

namespace malmoi::app {

struct EvalOptions {
  std::string model;
  std::vector<Path> text;      // built corpora (their validation split), .jsonl(.zst), text files; a document each
  std::optional<Path> tokens;  // flat ids (.bin) instead
  std::string split = "valid";
  eval::PerplexityOptions perplexity;
  std::vector<Path> adapters;  // put around the model: the first is used
  DType dtype = DType::kBF16;
  int64_t max_documents = 0;  // 0: all
};

struct EvalReport {
  eval::Perplexity perplexity;  // loss in nats per token
  int64_t window = 0;           // tokens
};
/// `loss`, `perplexity`, `bits_per_byte` (null where the bytes of ids are not known, for want of a tokenizer), `tokens`,
/// `bytes`, `documents`, `unknown_characters`, `window`.
Json to_json(const EvalReport& report);

Result<EvalReport> evaluate(const EvalOptions& options, const Job& job);

}  // namespace malmoi::app
