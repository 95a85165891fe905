// Answers that are content with marked sections in it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "chat/answer/answer_parser.h"

namespace malmoi::chat {

/// `open` text `close`. Thoughts are told as they come; calls when they are whole.
struct Section {
  std::string_view open;
  std::vector<std::string_view> closes;  // none: to the answer's end
  /// Of a call: what the text between asks for; nothing where it is malformed. Null: a thought.
  std::optional<std::vector<ToolCall>> (*calls)(std::string_view text) = nullptr;
  bool at_start = false;    // only where nothing but white space stands before
  bool keeps_open = false;  // `open` belongs to the text between
};

/// White space beside a section, and before all content, is left out. A thought whose mark the prompt ends with is open
/// already.
std::unique_ptr<AnswerParser> section_parser(std::span<const Section> sections, const AnswerStart& start);

/// The same as AnswerFamily::parser.
template <const auto& kSections>
std::unique_ptr<AnswerParser> parser_of(const AnswerStart& start) {
  return section_parser(kSections, start);
}

/// `<think>` ... `</think>`, as several families have it.
inline const Section kThink{.open = "<think>", .closes = {"</think>"}};

}  // namespace malmoi::chat
