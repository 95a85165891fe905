// Counts the words of a stream of texts with all cores and bounded memory: tables a worker, sorted runs on disk beyond.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/train.h"
#include "tokenizer/train/word_counts.h"

namespace malmoi::tokenizer {

/// Cuts a text into the words that a trainer counts. Called from several threads at once.
class WordSplitter {
 public:
  virtual ~WordSplitter() = default;
  virtual void count(std::string_view text, WordCounts& into) const = 0;
};

/// What was read, and what did not fit.
struct CountSummary {
  uint64_t texts = 0, bytes = 0;     // read
  uint64_t words = 0, distinct = 0;  // counted
  uint64_t spilled_runs = 0;         // sorted runs written to disk because the tables were full
  uint64_t kept_distinct = 0;        // words that training goes on with
  uint64_t least_count = 1;          // words rarer than this were left out
  uint64_t dropped_words = 0;        // their occurrences
};

struct CountLimits {
  uint64_t memory = 4ull << 30;     // bytes of tables, and of what training makes of the words
  uint64_t bytes_a_word_byte = 24;  // memory that training needs for each byte of a distinct word
  uint64_t bytes_a_word = 64;
};

/// Exact 64-bit counts, the same for any number of threads. When the tables reach half of the limit they are sorted and
/// written to an unnamed temporary file, and merged at the end. If all distinct words do not fit training, the rarest
/// are left out (all words below a count), which the summary and a warning say.
class WordCounter {
 public:
  WordCounter(const WordSplitter& splitter, CountLimits limits);
  ~WordCounter();

  /// Reads the source to its end. Errors: cancelled, temporary files.
  Status count(const TextSource& source, const Job& job = {});
  /// The words, sorted by bytes if asked. Ends this counter.
  Result<WordList> finish(bool sorted, const Job& job = {});
  const CountSummary& summary() const { return summary_; }

 private:
  class Run;
  using Visit = std::function<void(std::string_view, uint64_t)>;
  Status spill();
  Status merge_runs(const Visit& visit);
  Status each_word(const Visit& visit);
  uint64_t least_count_that_fits(const std::vector<uint64_t>& cost_by_count) const;

  const WordSplitter& splitter_;
  CountLimits limits_;
  std::vector<WordCounts> tables_;
  std::vector<std::unique_ptr<Run>> runs_;
  CountSummary summary_;
};

}  // namespace malmoi::tokenizer
