// Tests of conversations: the template's text reaches the model, and old turns make room.
#include "app/use/chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "infer/prompt.h"
#include "infer/tiny_model.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

LoadedModel tiny(int64_t context) {
  LoadedModel loaded;
  loaded.model = infer::tiny_model(context);
  auto tokenizer = tokenizer::Tokenizer::from_json(infer::tiny_tokenizer_json());
  if (tokenizer.ok()) loaded.tokenizer = std::make_unique<tokenizer::Tokenizer>(std::move(*tokenizer));
  loaded.stop_ids = {infer::kTinyEnd};
  return loaded;
}

GenerateOptions greedy(int64_t tokens) {
  GenerateOptions options;
  options.max_tokens = tokens;
  options.sampling.temperature = 0;
  return options;
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(" \t\r\n"));
  return text;
}

TEST(Chat, AnswersContinueTheTextOfTheTemplate) {
  LoadedModel loaded = tiny(256);
  auto chat = Chat::start(loaded, {.system = "짧게."}, greedy(12));
  ASSERT_TRUE(chat.ok());
  std::string streamed;
  auto first = chat->say("안녕?", [&](const std::string& text) { streamed += text; });
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  EXPECT_EQ(streamed, *first);

  std::vector<chat::Message> messages = {{"system", "짧게."}, {"user", "안녕?"}};
  auto expected = [&] {
    chat::RenderedChat text = chat::render_plain(messages);
    GenerateOptions options = greedy(12);
    options.prompt = text.prompt;
    options.stop = text.stop;
    options.parse_special = false;
    auto result = generate(loaded, options, nullptr, {});
    return result.ok() ? trimmed(result->text) : result.error().to_string();
  };
  EXPECT_EQ(*first, expected());
  messages.push_back({"assistant", *first});
  messages.push_back({"user", "<|endoftext|> 왜?"});  // what a user writes is text, never a special token
  auto second = chat->say("<|endoftext|> 왜?", nullptr);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second, expected());
}

TEST(Chat, AnEncoderIsRefusedBeforeAnythingIsSaid) {
  LoadedModel loaded = tiny(64);
  loaded.model = infer::tiny_encoder();
  auto refused = Chat::start(loaded, {}, greedy(1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("bert"));
}

TEST(Chat, OldTurnsMakeRoomAndAMessageTooLongIsSaidAndForgotten) {
  LoadedModel loaded = tiny(128);
  auto chat = Chat::start(loaded, {}, greedy(8));
  ASSERT_TRUE(chat.ok());
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(chat->say("a message of some length", nullptr).ok());
  EXPECT_GT(chat->forgotten(), 2);
  auto large = chat->say(std::string(200, 'x'), nullptr);
  ASSERT_FALSE(large.ok());
  EXPECT_THAT(large.error().to_string(), HasSubstr("128"));
  EXPECT_TRUE(chat->say("short", nullptr).ok());
}

TEST(Chat, ATemplateThatCannotBeFollowedIsNamedUnlessThePlainOneIsAskedFor) {
  LoadedModel loaded = tiny(64);
  loaded.folder = Path(testing::TempDir()) / "malmoi_chat";
  ASSERT_TRUE(make_folder(loaded.folder).ok());
  ASSERT_TRUE(write_file(loaded.folder / "chat_template.jinja", "{{ messages").ok());
  auto refused = Chat::start(loaded, {}, greedy(1));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("chat_template.jinja, line 1, column 1"));
  EXPECT_TRUE(Chat::start(loaded, {.chat_template = "plain"}, greedy(1)).ok());
}

// The template writes a special token, which is one; somebody types it, and it is text.
TEST(Chat, AModelsOwnTemplateIsFollowed) {
  LoadedModel loaded = tiny(256);
  loaded.folder = Path(testing::TempDir()) / "malmoi_chat_own";
  ASSERT_TRUE(make_folder(loaded.folder).ok());
  ASSERT_TRUE(write_file(loaded.folder / "chat_template.jinja",
                         "{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}")
                  .ok());
  ASSERT_TRUE(write_file(loaded.folder / "tokenizer_config.json", "{\"eos_token\": \"<|endoftext|>\"}").ok());
  auto chosen = chat_template(loaded.folder, *loaded.tokenizer, "auto");
  ASSERT_TRUE(chosen.ok()) << chosen.error().to_string();
  auto text = chosen->render({{"user", "a<|endoftext|>"}});
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_THAT(infer::end_of_turn_ids(*loaded.tokenizer, *text), testing::ElementsAre(infer::kTinyEnd));
  std::vector<int32_t> ids = infer::chat_ids(*loaded.model, *loaded.tokenizer, {}, *text);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), infer::kTinyEnd), 1);
  EXPECT_EQ(ids.back(), infer::kTinyEnd);
  EXPECT_EQ(loaded.tokenizer->decode(ids), "a<|endoftext|><|endoftext|>");
  auto chat = Chat::start(loaded, {}, greedy(4));
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  std::string streamed;
  auto said = chat->say("a", [&](const std::string& text) { streamed += text; });
  ASSERT_TRUE(said.ok()) << said.error().to_string();
  EXPECT_EQ(streamed, *said);
}

// Marks that are special tokens, which print as nothing elsewhere, reach the parser of the template's family.
TEST(Chat, ThoughtsBetweenSpecialTokensAreToldApart) {
  LoadedModel loaded = tiny(256);
  Json json = *parse_json(infer::tiny_tokenizer_json(), "tokenizer.json");
  Json mark = json["added_tokens"][0];
  constexpr int32_t kThink = 257;
  mark["id"] = kThink;
  mark["content"] = "[THINK]";
  json["added_tokens"].push_back(mark);
  auto tokenizer = tokenizer::Tokenizer::from_json(dump_json(json));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  loaded.tokenizer = std::make_unique<tokenizer::Tokenizer>(*std::move(tokenizer));
  loaded.folder = Path(testing::TempDir()) / "malmoi_chat_marks";
  ASSERT_TRUE(make_folder(loaded.folder).ok());
  ASSERT_TRUE(write_file(loaded.folder / "chat_template.jinja", "{{ messages[-1].content }}{# [TOOL_CALLS] #}").ok());
  GenerateOptions options = greedy(3);
  options.sampling.logit_bias = {{kThink, 100.f}};
  auto chat = Chat::start(loaded, {}, options);
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  std::string thought;
  auto said = chat->say("a", nullptr, {}, [&](const std::string& text) { thought += text; });
  ASSERT_TRUE(said.ok()) << said.error().to_string();
  EXPECT_EQ(thought, "[THINK][THINK]");  // within the thought that the first one opens
  EXPECT_EQ(*said, "");
}

}  // namespace
}  // namespace malmoi::app
