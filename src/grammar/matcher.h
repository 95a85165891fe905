// The state of one answer that must be of a grammar: which tokens may come next.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "grammar/compiled_grammar.h"

namespace malmoi::grammar {

/// A value: copies go on apart and cost little. One thread at a time; different matchers of a grammar may be on different
/// threads. Tokens count as the bytes that they stand for, so that they may end anywhere: within a word of the grammar, within
/// a character.
class Matcher {
 public:
  /// `ends`: the tokens that end an answer; they are allowed exactly where the text may end.
  Matcher(std::shared_ptr<const CompiledGrammar> grammar, std::vector<int32_t> ends);

  /// Goes on by a token; false where it is not allowed: then nothing changes, unless status() is an error from then on.
  bool accept(int32_t id);
  /// Goes on by text, as if a token stood for it.
  bool accept_text(std::string_view bytes);

  /// Writes the tokens that may come next: bit `id % 64` of word `id / 64`; requires vocabulary().mask_words() words.
  /// Errors: those of status(); no token is left (no text of the vocabulary goes on here); a limit of grammar/limits.h.
  Status allowed(std::span<uint64_t> mask) const;
  /// Sets the logits of all other tokens to -inf. `logits` may be longer than the vocabulary: what is beyond it goes, too.
  /// Errors: as allowed(); then all is as it was.
  Status forbid(std::span<float> logits) const;

  /// Whether the text is whole.
  bool can_end() const { return reading_.can_end(); }
  /// Whether nothing but an end may follow.
  bool is_ended_only() const { return ended_ || (can_end() && !reading_.can_go_on()); }
  /// Whether an end was accepted.
  bool has_ended() const { return ended_; }
  /// An error where the answer cannot go on: it is too deep or too ambiguous (grammar/limits.h).
  Status status() const { return reading_.status(); }
  const Vocabulary& vocabulary() const { return grammar_->vocabulary(); }

 private:
  bool is_end(int32_t id) const;

  std::shared_ptr<const CompiledGrammar> grammar_;
  std::shared_ptr<const std::vector<int32_t>> ends_;
  Reading reading_;
  bool ended_ = false;
};

}  // namespace malmoi::grammar
