// Training tokenizers from a stream of texts: the options, and one entry for every kind.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

enum class TrainKind { kBpe, kUnigram, kWordPiece, kWordLevel, kCharLevel };

struct TrainOptions {
  TrainKind kind = TrainKind::kBpe;
  int32_t vocab_size = 8192;
  uint64_t min_frequency = 0;
  std::string pattern = "cl100k";  // a name of the pattern table (gpt2, cl100k, o200k ...), or a regular expression
  bool byte_level = true;          // BPE: over bytes; else over characters with byte fallback
  std::optional<uint32_t> limit_alphabet;
  std::vector<std::string> special_tokens = {"<|endoftext|>"};
  std::string normalization = "none";  // none, nfc, nfkc, jamo (NFD: conjoining jamo)
  bool split_digits = false;
  uint64_t memory_limit = 4ull << 30;  // bytes of word counts held at once; beyond it the rarest words spill or are sampled, and it is said
};

/// Fills `text` with the next text and returns true, or returns false at the end. Called from one thread.
using TextSource = std::function<bool(std::string& text)>;
/// Called now and then with a fraction in [0, 1] and what is being done.
using TrainProgress = std::function<void(double fraction, const std::string& stage)>;

/// Deterministic for the same texts and options, whatever the number of threads.
Result<Tokenizer> train(const TextSource& source, const TrainOptions& options, const TrainProgress& progress = {});

}  // namespace malmoi::tokenizer
