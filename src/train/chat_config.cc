#include "train/chat_config.h"

#include <vector>

#include "chat/jinja/template.h"
#include "data/chats/chat_row.h"

namespace malmoi::train {

ChatConfig read_chat_config(ConfigReader& data, bool pairs) {
  ChatConfig c;
  if (data.has("shape")) {
    const std::vector<std::string> names(data::kChatShapeNames.begin(), data::kChatShapeNames.end());
    c.shape = names[data.choice("shape", names, 0)];
  }
  c.chat_template = data.text("chat_template", c.chat_template);
  c.date = data.text("date", c.date);
  if (!chat::jinja::parse_moment(c.date).ok()) data.fail("date", "is no date", "write it as 2026-01-01");
  c.learn = static_cast<LearnedPart>(data.choice("learn", {"answers", "last", "all"}, 0));
  c.long_rows = static_cast<LongRows>(data.choice("long_rows", {"error", "cut", "skip"}, 1));
  c.packing = data.boolean("packing", !pairs);
  c.max_bad_share = data.number("max_bad_share", c.max_bad_share, 0, 1);
  if (pairs && c.packing) data.fail("packing", "is for conversations: pairs of answers are not packed", "leave it out");
  if (pairs && data.has("learn"))
    data.fail("learn", "is for conversations: of pairs the answers are compared", "leave it out");
  return c;
}

void refuse_chat_keys(ConfigReader& data) {
  for (const char* key : {"shape", "chat_template", "date", "learn", "packing", "max_bad_share"}) {
    if (data.has(key)) data.fail(key, "belongs to format: chat", "leave it out, or set data.format: chat");
  }
}

}  // namespace malmoi::train
