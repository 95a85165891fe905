// A conversation's text, by the plain template or not at all.
#include "chat/chat_template.h"

#include <gtest/gtest.h>

namespace malmoi::chat {
namespace {

TEST(ChatTemplate, PlainTemplate) {
  RenderedChat text = render_plain({{"system", "Be brief."}, {"user", "Hello"}, {"assistant", "Hi"}, {"user", "Why?"}});
  EXPECT_EQ(text.prompt, "Be brief.\n\nuser: Hello\nassistant: Hi\nuser: Why?\nassistant:");
  EXPECT_TRUE(text.trim_start);
  EXPECT_EQ(text.stop.front(), "\nuser:");
  RenderedChat going_on = render_plain({{"user", "Count"}, {"assistant", "One, two"}});
  EXPECT_EQ(going_on.prompt, "user: Count\nassistant: One, two");
  EXPECT_FALSE(going_on.trim_start);
}

TEST(ChatTemplate, AModelsOwnTemplateIsNotReplacedSilently) {
  Json config = {{"chat_template", "{{ messages }}"}};
  auto refused = ChatTemplate::of_model(config, "m/tokenizer_config.json").render({{"user", "a"}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().to_string().find("m/tokenizer_config.json"), std::string::npos);
  EXPECT_TRUE(ChatTemplate::of_model(Json{{"model_max_length", 8}}, "f").render({{"user", "a"}}).ok());
  EXPECT_TRUE(ChatTemplate::of_model(nullptr, "f").render({{"user", "a"}}).ok());
}

}  // namespace
}  // namespace malmoi::chat
