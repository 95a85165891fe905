// One row of the data that chat models learn from, whatever shape it was written in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"

namespace malmoi::data {

/// How rows are written. Columns of other names that mean the same are taken, too (shapes.cc).
enum class ChatShape : uint8_t {
  kMessages,          // messages: [{role, content, ...}]
  kShareGpt,          // conversations: [{from, value}]
  kAlpaca,            // instruction, input, output
  kPromptCompletion,  // prompt, completion: texts or lists of messages
  kPreference,        // prompt, chosen, rejected; without a prompt, chosen and rejected begin with it
  kUnpaired,          // prompt, completion, label
};
inline constexpr std::array<std::string_view, 6> kChatShapeNames = {"messages",          "sharegpt",   "alpaca",
                                                                    "prompt_completion", "preference", "unpaired"};
inline std::string_view shape_name(ChatShape shape) { return kChatShapeNames[static_cast<size_t>(shape)]; }
/// None: no shape has this name.
inline std::optional<ChatShape> shape_named(std::string_view name) {
  for (size_t i = 0; i < kChatShapeNames.size(); ++i) {
    if (kChatShapeNames[i] == name) return static_cast<ChatShape>(i);
  }
  return {};
}

struct ChatRow {
  /// A conversation; of preferences and judgements what comes before the answer.
  std::vector<chat::Message> messages;
  /// Of each message, whether it is learned from, where the row says so.
  std::vector<std::optional<bool>> learned;
  /// Of preferences: the answer that is liked and the other one. Of a judgement: `chosen` is the answer.
  std::vector<chat::Message> chosen, rejected;
  bool liked = true;  // of a judgement
  std::string tools;  // a JSON list of function schemas; empty: none
  std::string where;  // file and line or row
};

}  // namespace malmoi::data
