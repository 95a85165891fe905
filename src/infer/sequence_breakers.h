// The texts at which a repetition ends (DRY's breakers), in the tokens of a vocabulary.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "chat/sampling.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// Finds all tokens in which a breaker begins, as koboldcpp (PR 982) and llama.cpp do: one that holds a breaker whole is one by
/// itself; one that ends with its beginning is one together with the tokens of its rest. A vocabulary is read through once
/// for each new list of texts; the last list is remembered. All functions may be called from any thread.
class SequenceBreakerFinder {
 public:
  /// The tokenizer outlives it.
  explicit SequenceBreakerFinder(const tokenizer::Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}
  /// Fills `sampling.breakers` from its texts where DRY is asked for.
  void fill(chat::SamplingOptions& sampling) const;

 private:
  const tokenizer::Tokenizer* tokenizer_;
  mutable std::mutex mutex_;
  mutable std::vector<std::string> texts_;  // of last_
  mutable std::shared_ptr<const chat::SequenceBreakers> last_;
};

}  // namespace malmoi::infer
