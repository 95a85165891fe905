// The keys of data.format: chat, which says how conversations are read, what of them is learned and what becomes of rows that do not fit.
#pragma once

#include <cstdint>
#include <string>

#include "base/config.h"

namespace malmoi::train {

/// What of a conversation counts: every answer, its last one, or all of the text but answers of weight 0.
enum class LearnedPart : uint8_t { kAnswers, kLast, kAll };
/// What becomes of a row that is longer than data.sequence_length.
enum class LongRows : uint8_t { kError, kCut, kSkip };

struct ChatConfig {
  std::string shape;                   // a name of data::kChatShapeNames; empty: found out
  std::string chat_template = "auto";  // the model's own; plain; none: texts as they stand; or a file
  std::string date = "2026-01-01";     // that templates are told
  LearnedPart learn = LearnedPart::kAnswers;
  LongRows long_rows = LongRows::kCut;
  bool packing = true;
  double max_bad_share = 0.05;  // of rows that teach nothing, or not all that they say
  bool operator==(const ChatConfig&) const = default;
};

/// Reads the keys of `data` where its format is chat. `pairs`: the objective compares answers, which are not packed.
ChatConfig read_chat_config(ConfigReader& data, bool pairs);
/// Refuses them where it is another one.
void refuse_chat_keys(ConfigReader& data);

}  // namespace malmoi::train
