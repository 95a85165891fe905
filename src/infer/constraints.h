// Rules for answers, compiled for a model's vocabulary.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "chat/constraint.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::grammar {
class CompiledGrammar;
class Vocabulary;
}  // namespace malmoi::grammar

namespace malmoi::infer {

/// Remembers the last ones, with the masks of tokens that they have found. All functions may be called from any thread.
class Constraints {
 public:
  /// The tokenizer outlives it.
  explicit Constraints(const tokenizer::Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}
  /// Errors: as grammar::compile.
  Result<std::shared_ptr<const grammar::CompiledGrammar>> compile(const chat::Constraint& constraint);

 private:
  using Compiled = std::shared_ptr<const grammar::CompiledGrammar>;

  std::shared_ptr<const grammar::Vocabulary> vocabulary();

  const tokenizer::Tokenizer* tokenizer_;
  std::once_flag made_;
  std::shared_ptr<const grammar::Vocabulary> vocabulary_;
  std::mutex mutex_;
  std::deque<std::pair<chat::Constraint, Compiled>> last_;  // guarded by mutex_; the one that was used last first
};

}  // namespace malmoi::infer
