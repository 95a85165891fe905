// Answers that are content with marked sections in it.
#pragma once

#include <memory>
#include <optional>
#include <string>
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

/// White space beside a section is left out. `open_section`: one that the prompt has opened already, or null.
std::unique_ptr<AnswerParser> section_parser(std::span<const Section> sections, const Section* open_section);

/// Whether a prompt ends with an opened section.
bool prompt_opens(std::string_view prompt, const Section& section);

/// `<think>` ... `</think>`, as several families have it.
inline const Section kThink{.open = "<think>", .closes = {"</think>"}};

}  // namespace malmoi::chat
