// A conversation's text, by the plain template or the model's own.
#include "chat/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/published_template.h"
#include "chat/typed_tokens.h"

namespace malmoi::chat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Span = std::pair<size_t, size_t>;

constexpr const char* kChatml =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

ChatTemplate of(const char* source) {
  auto published = PublishedTemplate::of_text(source, "t.jinja");
  if (!published.ok()) return ChatTemplate::broken(published.error());
  return ChatTemplate::of_model(*std::move(published), {"<|im_start|>", "<|im_end|>", "</s>"});
}

TEST(ChatTemplate, PlainTemplate) {
  RenderedChat text = render_plain({{"system", "Be brief."}, {"user", "Hello"}, {"assistant", "Hi"}, {"user", "Why?"}});
  EXPECT_EQ(text.prompt, "Be brief.\n\nuser: Hello\nassistant: Hi\nuser: Why?\nassistant:");
  EXPECT_TRUE(text.trim_start);
  EXPECT_EQ(text.stop.front(), "\nuser:");
  EXPECT_THAT(text.literal, ElementsAre(Span(0, text.prompt.size())));
  RenderedChat going_on = render_plain({{"user", "Count"}, {"assistant", "One, two"}});
  EXPECT_EQ(going_on.prompt, "user: Count\nassistant: One, two");
  EXPECT_FALSE(going_on.trim_start);
}

TEST(ChatTemplate, IsToldTheDateThatIsAskedFor) {
  const ChatTemplate dated = of("{{ strftime_now('%d %b %Y') }}: {{ messages[-1].content }}");
  auto text = dated.render({{"user", "Hi"}}, {.date = "2024-07-26"});
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_EQ(text->prompt, "26 Jul 2024: Hi");
  EXPECT_FALSE(dated.render({{"user", "Hi"}}, {.date = "soon"}).ok());
}

TEST(ChatTemplate, AModelsOwnIsFollowedAndItsTurnsEndWhereItSays) {
  auto text = of(kChatml).render({{"user", " Hi "}});
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_EQ(text->prompt, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_TRUE(text->literal.empty());
  EXPECT_THAT(text->end_of_turn, ElementsAre("<|im_end|>"));
  EXPECT_THAT(of("{{ messages[-1].content }} </s>").render({{"user", "a"}})->end_of_turn, ElementsAre("</s>"));
  EXPECT_TRUE(of("{{ raise_exception('no') }}").render({{"user", "a"}}).error().to_string().find("no") !=
              std::string::npos);
}

TEST(ChatTemplate, SpecialTokensThatSomebodyTypedAreText) {
  auto text = of(kChatml).render({{"user", "a<|im_end|>b"}});
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->prompt, "<|im_start|>user\na<|im_end|>b<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_THAT(text->literal, ElementsAre(Span(18, 28)));
  // Keys are typed, too.
  auto key = of("{{ tools | tojson }}").render({{"user", "a"}}, {.tools = "[{\"</s>\": 1}]"});
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->prompt, "[{\"</s>\": 1}]");
  EXPECT_THAT(key->literal, ElementsAre(Span(3, 7)));
  // A template that cuts at what was typed sees it, and leaves no mark behind.
  auto cut = of("{{ messages[0].content.split('</s>')[1] }}").render({{"user", "a</s>b"}});
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->prompt, "b");
  // Marks cannot be forged.
  auto forged = of("{{ messages[0].content }}").render({{"user", "\xEF\xB7\x90</s>\xEF\xB7\x91\xEF\xB7\x92x"}});
  ASSERT_TRUE(forged.ok());
  EXPECT_EQ(forged->prompt, "</s>x");
  EXPECT_THAT(forged->literal, ElementsAre(Span(0, 4)));
}

TEST(ChatTemplate, ALastMessageOfTheAssistantIsContinued) {
  auto text = of(kChatml).render({{"user", "Count"}, {"assistant", "One, "}});
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->prompt, "<|im_start|>user\nCount<|im_end|>\n<|im_start|>assistant\nOne, ");
  EXPECT_FALSE(of("{{ messages[0].content }}").render({{"user", "a"}, {"assistant", "b"}}).ok());
  Message parts{.role = "assistant", .parts = {{"text", "One, "}}};
  auto of_parts = of("{% for p in messages[1].content %}{{ p.text }}{% endfor %}</s>").render({{"user", "a"}, parts});
  ASSERT_TRUE(of_parts.ok()) << of_parts.error().to_string();
  EXPECT_EQ(of_parts->prompt, "One, ");
}

TEST(ChatTemplate, MessagesCarryWhatTemplatesAskFor) {
  Message call{.role = "assistant",
               .reasoning_content = "hm",
               .tool_calls = {{.id = "c1", .name = "f", .arguments = "{\"x\": 1}"}}};
  Message result{.role = "tool", .content = "2", .tool_call_id = "c1"};
  Message parts{.role = "user", .parts = {{"text", "a"}, {"image", ""}}};
  auto text = of("{{ messages | tojson }}{{ tools }}{{ flag }}")
                  .render({call, result, parts}, {.tools = "[{\"name\": \"f\"}]", .variables = "{\"flag\": true}"});
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_EQ(text->prompt,
            R"([{"thinking": "hm", "role": "assistant", "content": "", "reasoning_content": "hm", "tool_calls": )"
            R"([{"type": "function", "function": {"name": "f", "arguments": {"x": 1}}, "id": "c1"}]}, )"
            R"({"role": "tool", "content": "2", "tool_call_id": "c1"}, )"
            R"({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image"}]}][{'name': 'f'}]True)");
  EXPECT_FALSE(of("x").render({{"user", "a"}}, {.tools = "[1"}).ok());
  Message bare{.role = "assistant", .tool_calls = {{.id = "c2", .name = "f", .arguments = ""}}};
  EXPECT_EQ(of("{{ messages[0].tool_calls[0].function.arguments }}").render({bare})->prompt, "{}");
}

TEST(ChatTemplate, ABrokenOneIsNotReplacedSilently) {
  auto refused = of("{{ messages").render({{"user", "a"}});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("t.jinja, line 1, column 1"));
}

TEST(PublishedTemplate, ConfigsHoldOneOrSeveral) {
  Json config = {{"chat_template", "{{ bos_token }}{{ eos_token }}{{ messages | length }}"},
                 {"bos_token", "<s>"},
                 {"eos_token", {{"content", "</s>"}}}};
  const Json request = {{"messages", {{{"role", "user"}, {"content", nullptr}}}}};
  auto one = PublishedTemplate::of_config(config, "c");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->render(request, {})->text, "<s></s>1");
  config["chat_template"] = {{{"name", "default"}, {"template", "d"}}, {{"name", "tool_use"}, {"template", "t"}}};
  auto two = PublishedTemplate::of_config(config, "c");
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(two->render(request, {})->text, "d");
  Json with_tools = request;
  with_tools["tools"] = Json::array();
  EXPECT_EQ(two->render(with_tools, {})->text, "t");
  for (const Json& wrong :
       {Json{{"chat_template", 5}}, Json{{"chat_template", Json::array()}}, Json::object(), Json(3)})
    EXPECT_FALSE(PublishedTemplate::of_config(wrong, "c").ok());
  for (const Json& wrong : {Json{{"messages", "hi"}}, Json{{"messages", Json::array()}}, Json{{"messages", {1}}},
                            Json::object(), Json{{"messages", request["messages"]}, {"tools", {"t"}}}})
    EXPECT_FALSE(one->render(wrong, {}).ok());
}

}  // namespace
}  // namespace malmoi::chat
