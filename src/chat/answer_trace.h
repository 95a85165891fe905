// Finds the answers in what a model's own template makes of a conversation (learned_text.h says by which rule).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "chat/anchors.h"
#include "chat/learned_text.h"
#include "chat/published_template.h"

namespace malmoi::chat {

/// All that is referred to outlives it. One thread.
class AnswerTrace {
 public:
  /// `variables`: of the template, typed special tokens marked; `end_tokens` as LearnOptions has them.
  AnswerTrace(const PublishedTemplate& published, const TypedTokens& tokens, Json variables,
              const jinja::Run::Moment& now, const std::vector<std::string>& end_tokens)
      : published_(published), tokens_(tokens), variables_(std::move(variables)), now_(now), end_tokens_(end_tokens) {}

  /// Errors: as ChatTemplate::render_learned.
  Result<LearnedText> follow(Json turns);

 private:
  using Span = AnchoredText::Span;
  struct End {
    size_t at = 0;
    bool found = false;
    std::string missing =
        {};  // what ends a turn before the next one, where a conversation's last turn ends with nothing
  };
  Result<AnchoredText> show(Json turns, bool asks) const;
  Json first_turns(size_t count) const;
  Status anchor(const Json& turns, const AnchoredText& plain);
  bool is_answer(size_t message) const {
    return message < turns_.size() && json_string(turns_[message], "role") == "assistant";
  }

  Result<size_t> begin_of(size_t message) const;
  Result<size_t> behind_header(const AnchoredText& asked, const AnchoredText& whole, size_t message) const;
  End end_of(size_t message) const;
  std::optional<size_t> end_before_another(Span tail, const AnchoredText& other, Span others_tail,
                                           bool alone_ends) const;
  std::optional<size_t> end_alone(Span tail, bool last) const;
  std::string end_before_question(std::string_view tail, std::string_view others_tail) const;
  void take_blocks(LearnedText& made) const;
  Status take_traced(LearnedText& made) const;

  /// Special tokens that the template wrote into a part of a text: where each begins and ends.
  std::vector<Span> specials(const AnchoredText& text, Span part) const;
  bool ends_texts(std::string_view token) const;

  const PublishedTemplate& published_;
  const TypedTokens& tokens_;
  Json variables_;
  jinja::Run::Moment now_;
  const std::vector<std::string>& end_tokens_;
  Json turns_;  // marked
  AnchoredText whole_;
};

}  // namespace malmoi::chat
