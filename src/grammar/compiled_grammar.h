// A grammar made ready for a vocabulary.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/error.h"
#include "grammar/automaton.h"
#include "grammar/reading.h"
#include "grammar/token_cache.h"
#include "grammar/vocabulary.h"

namespace malmoi::grammar {

/// Made once and shared by all answers that must be of the grammar; from the outside immutable, inside it remembers masks
/// of tokens. For any number of threads.
class CompiledGrammar {
 public:
  /// Errors: those of Automaton::compile(), and a grammar whose very beginning exceeds a limit.
  static Result<std::shared_ptr<const CompiledGrammar>> make(const Grammar& grammar,
                                                             std::shared_ptr<const Vocabulary> vocabulary);

  const Automaton& automaton() const { return automaton_; }
  const Vocabulary& vocabulary() const { return *vocabulary_; }
  /// The reading of no text.
  const Reading& beginning() const { return beginning_; }
  /// As TokenCache::add_tokens().
  Status add_tokens(const Reading& reading, std::span<uint64_t> mask) const {
    return cache_.add_tokens(reading.threads(), reading.stacks(), mask);
  }

  CompiledGrammar(const CompiledGrammar&) = delete;
  CompiledGrammar& operator=(const CompiledGrammar&) = delete;

 private:
  CompiledGrammar(Automaton automaton, std::shared_ptr<const Vocabulary> vocabulary);

  Automaton automaton_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  Reading beginning_;
  mutable TokenCache cache_;
};

}  // namespace malmoi::grammar
