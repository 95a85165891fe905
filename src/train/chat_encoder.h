// From a row of conversations to the ids that an objective learns from, or why it is none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "chat/chat_template.h"
#include "data/chats/chat_row.h"
#include "train/array_format.h"
#include "train/chat_config.h"
#include "train/chat_tokens.h"

namespace malmoi::train {

/// What an objective reads of conversations, by the columns of its arrays.
enum class ChatUse : uint8_t {
  kConversations,  // loss_mask: whole conversations
  kPairs,          // chosen_ids, rejected_ids: two answers to the same
  kJudgements,     // kl_ids beside them: pairs, or single answers that are liked or not
};
/// None: the objective does not learn from conversations.
std::optional<ChatUse> chat_use(const ArrayFormat& format);

/// Why a row teaches nothing, or not all that it says.
enum class ChatProblem : uint8_t {
  kMalformed,  // it is not of its shape
  kTemplate,   // the template cannot render it, or answers cannot be found in it
  kNoTarget,   // nothing in it counts
  kCut,        // its end was cut off; what is left counts
  kSkipped,    // it was left out for its length
};
inline constexpr std::array<std::string_view, 5> kChatProblemNames = {"malformed", "template", "no_target", "cut",
                                                                      "too_long"};

/// A row as ids. `rejected` of pairs alone; both begin with the same `prompt` ids.
struct EncodedChat {
  ChatTokens chosen, rejected;
  size_t prompt = 0;
  bool liked = true;     // of a judgement
  bool endless = false;  // nothing ends an answer of it
  std::optional<ChatProblem> problem = {};
  std::string reason = {};  // of the problem
  bool kept() const { return !problem || *problem == ChatProblem::kCut; }
};

struct ChatRules {
  const chat::ChatTemplate& chat_template;
  const ChatTokenizer& tokenizer;
  chat::LearnOptions learn;  // its tools are a row's
  ChatConfig config;
  ChatUse use = ChatUse::kConversations;
  size_t max_length = 0;  // ids of a row
};

/// Errors: a row that is too long where data.long_rows is error. All else that is wrong with a row is its problem.
Result<EncodedChat> encode_chat(const data::ChatRow& row, const ChatRules& rules);

/// Whether rows of a shape are what an objective can use. Errors: they are not, with the objectives or shapes that fit.
Status check_shape(data::ChatShape shape, ChatUse use, const std::string& where);

}  // namespace malmoi::train
