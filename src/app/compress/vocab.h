// `malmoi vocab trim` and `extend`: a model with fewer tokens, or more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "reshape/trim.h"

namespace malmoi::app {

struct VocabTrimOptions {
  std::string model;  // a folder, or a name of the store
  Path data;          // texts that shall be written as well as before
  Path out;
  reshape::TrimRule rule;
};
struct VocabExtendOptions {
  std::string model;
  Path out;
  std::optional<Path> tokens;  // a token a line
  std::optional<Path> data;    // texts, from which `add` tokens are learned, and what FOCUS reads
  int64_t add = 0;
  bool focus = false;  // rows by reshape/focus.h where the texts have the token, in place of means
};

struct VocabReport {
  Path out;
  int64_t vocab_before = 0, vocab_after = 0;
  uint64_t parameters_before = 0, parameters_after = 0;
  int64_t in_use = -1, parts = -1;  // of trim: tokens that the texts have, and what they are merged from beside
  int64_t by_company = -1;          // of extend: new rows that FOCUS made
  uint64_t tokens_before = 0, tokens_after = 0;        // that the texts are cut into; 0: no texts were read
  std::vector<std::pair<std::string, int32_t>> added;  // of extend: the first of them, with their ids
};
Json to_json(const VocabReport& report);

/// Writes the folder with a tokenizer of the tokens that the texts use, and the rows of these. Errors: what reading and trimming say, a
/// family whose positions follow from the padding token's id, where that changes.
Result<VocabReport> trim_model(const VocabTrimOptions& options, const Job& job);

/// Writes the folder with more tokens; the rows of a new one are the mean of those of its old tokens, or as FOCUS has them, in every
/// table. Rows that the model has beyond its tokenizer are used first. Errors: neither `tokens` nor `add`, or both; `focus` or `add`
/// without `data`; what reading and learning say.
Result<VocabReport> extend_model(const VocabExtendOptions& options, const Job& job);

}  // namespace malmoi::app
