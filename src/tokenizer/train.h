// Training tokenizers from a stream of texts: the options, and one entry for every kind.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

enum class TrainKind { kBpe, kUnigram, kWordPiece, kWordLevel, kCharLevel };

/// In what order a byte-level vocabulary numbers its 256 bytes; it decides ties between pairs of one frequency.
enum class ByteOrder {
  kPrintable,  // by their stand-ins in GPT-2's byte alphabet, `!` first: Hugging Face's trainer
  kValue,      // 0 to 255: rustbpe, tiktoken
};

struct TrainOptions {
  TrainKind kind = TrainKind::kBpe;
  int32_t vocab_size = 8192;   // special tokens included
  uint64_t min_frequency = 0;  // BPE, WordPiece: rarer pairs are not merged; word level: rarer words are left out
  std::string pattern =
      "cl100k";  // byte-level BPE: a name of the pattern table (gpt2, cl100k, o200k ...), or a regular expression
  bool byte_level = true;     // BPE: over bytes; else over characters
  bool byte_fallback = true;  // BPE over characters, unigram: 256 byte pieces for characters that have none
  std::optional<uint32_t> limit_alphabet;  // at most so many different characters, the most frequent
  std::optional<double>
      character_coverage;  // the most frequent characters that make up this part of the text (unigram: 0.9995)
  std::optional<std::vector<std::string>> special_tokens;  // absent: the usual ones of the kind (special_tokens_of)
  std::string normalization = "none";                      // none, nfc, nfkc, nmt_nfkc, jamo (NFD: conjoining jamo)
  bool lowercase = false;                                  // before all else; WordPiece: BERT's uncased normalisation
  bool split_digits = false;                               // every digit is a word of its own
  ByteOrder byte_order = ByteOrder::kPrintable;
  size_t max_piece_length = 0;     // code points; 0: 16 for unigram, no limit for the others
  double shrinking_factor = 0.75;  // unigram: the part of the pieces that a pruning round keeps
  int sub_iterations = 2;          // unigram: EM steps between prunings
  size_t seed_size = 1'000'000;    // unigram: substrings to begin with
  uint64_t memory_limit =
      4ull << 30;  // bytes for word counts and for what training makes of them (counts spill to disk;
                   // if the distinct words do not fit, the rarest are left out); both are said
};

/// What training saw and did.
struct TrainReport {
  uint64_t texts = 0, bytes = 0, words = 0, distinct_words = 0;
  uint64_t spilled_runs = 0;   // sorted runs of counts on disk
  uint64_t dropped_words = 0;  // occurrences of words left out for the memory limit
  uint64_t least_count = 1;    // words rarer than this were left out
  uint64_t alphabet = 0;       // initial symbols
  double log_likelihood = 0;   // unigram: of the words, under the final pieces (marginal, nats)
  double counting_seconds = 0, learning_seconds = 0;
  double cpu_seconds = 0;  // processor time of both, all threads
};

/// Fills `text` with the next text and returns true, or returns false at the end. Called from one thread.
using TextSource = std::function<bool(std::string& text)>;

/// Deterministic for the same texts and options, whatever the number of threads. Errors: options that do not fit
/// together, a vocabulary too small for the alphabet and the special tokens, no text, cancelled.
Result<Tokenizer> train(const TextSource& source, const TrainOptions& options, const Job& job = {},
                        TrainReport* report = nullptr);

/// The special tokens that training gives a vocabulary: those of the options, or the usual ones of the kind, and the
/// unknown token where the kind needs one.
std::vector<std::string> special_tokens_of(const TrainOptions& options);

/// The kinds by name: bpe, unigram, wordpiece, wordlevel, char.
struct TrainKindName {
  std::string_view name;
  TrainKind kind;
};
std::span<const TrainKindName> train_kinds();

}  // namespace malmoi::tokenizer
