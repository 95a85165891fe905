// Tests of conversations in files: what is written reads back, what others write is read, what is broken is named.
#include "app/use/chat_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

Result<ChatRecord> parse(const std::string& text) {
  auto json = parse_json(text, "file.json");
  if (!json.ok()) return json.error();
  return parse_chat_record(*json, "file.json");
}

TEST(ChatRecord, ReadsBackWhatWasWritten) {
  ChatRecord record{.model = "small",
                    .messages = {{"system", "짧게."}, {"user", "안녕?\n\"말모이\""}, {"assistant", "네."}}};
  record.messages[2].reasoning_content = "인사구나.";
  record.messages[2].tool_calls = {{"1", "look_up", "{\"word\": \"말\"}"}};
  record.messages.push_back({"tool", "말: language"});
  record.messages[3].tool_call_id = "1";
  const Path file = test_folder("chat_record") / "chat.json";
  ASSERT_TRUE(write_file(file, dump_json(to_json(record), 2)).ok());
  auto read = read_chat_record(file);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->model, "small");
  ASSERT_EQ(read->messages.size(), 4u);
  EXPECT_EQ(to_json(*read), to_json(record));
  EXPECT_EQ(read->messages[2].tool_calls[0].arguments, "{\"word\": \"말\"}");
}

TEST(ChatRecord, ReadsRequestsOfOthers) {
  auto list = parse(R"([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                        {"role": "assistant", "content": null, "refusal": null}])");
  ASSERT_TRUE(list.ok()) << list.error().to_string();
  EXPECT_EQ(list->messages[0].content, "ab");
  EXPECT_EQ(list->messages[1].content, "");
  auto beside = parse(R"({"system": "be brief", "messages": [{"role": "user", "content": "a"}], "stream": true})");
  ASSERT_TRUE(beside.ok()) << beside.error().to_string();
  EXPECT_EQ(beside->messages[0].role, "system");
  EXPECT_EQ(beside->messages[0].content, "be brief");
}

TEST(ChatRecord, NamesWhatIsWrong) {
  const std::pair<const char*, const char*> kWrong[] = {
      {"3", "no conversation"},
      {R"({"messages": {}})", "no conversation"},
      {R"([{"role": "user", "content": "a"}, 3])", "messages[1]: a message is an object"},
      {R"([{"content": "a"}])", "no role"},
      {R"([{"role": 3}])", "role is no text"},
      {R"([{"role": "user", "content": {"a": 1}}])", "content is no text"},
      {R"([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}])", "not text"},
      {R"([{"role": "user", "content": ["a"]}])", "not text"},
      {R"([{"role": "assistant", "tool_calls": [3]}])", "names no function"},
  };
  for (const auto& [text, says] : kWrong) {
    auto refused = parse(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_THAT(refused.error().to_string(), HasSubstr(says));
    EXPECT_THAT(refused.error().to_string(), HasSubstr("file.json"));
  }
  EXPECT_FALSE(read_chat_record(test_folder("chat_record") / "missing.json").ok());
}

}  // namespace
}  // namespace malmoi::app
