// Tests of conversations: the template's text reaches the model, and old turns make room.
#include "app/use/chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/test_folder.h"
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
  EXPECT_EQ(streamed, first->text);

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
  EXPECT_EQ(first->text, expected());
  messages.push_back({"assistant", first->text});
  messages.push_back({"user", "<|endoftext|> 왜?"});  // what a user writes is text, never a special token
  auto second = chat->say("<|endoftext|> 왜?", nullptr);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->text, expected());
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
  const int64_t forgotten = chat->forgotten();
  const size_t messages = chat->messages().size();
  ASSERT_GT(messages, 2u);
  auto large = chat->say(std::string(200, 'x'), nullptr);
  ASSERT_FALSE(large.ok());
  EXPECT_THAT(large.error().to_string(), HasSubstr("128"));
  EXPECT_EQ(chat->messages().size(), messages) << "nothing makes room for what does not fit";
  EXPECT_EQ(chat->forgotten(), forgotten);
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
  EXPECT_EQ(streamed, said->text);
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
  EXPECT_EQ(said->text, "");
}

GenerateOptions drawn(int64_t tokens) {
  GenerateOptions options = greedy(tokens);
  options.sampling.temperature = 1;
  return options;
}

std::vector<std::string> contents(const Chat& chat) {
  std::vector<std::string> all;
  for (const chat::Message& message : chat.messages()) all.push_back(message.role + ": " + message.content);
  return all;
}

TEST(Chat, ARetryDrawsAnotherAnswerToTheSameMessage) {
  LoadedModel loaded = tiny(256);
  auto chat = Chat::start(loaded, {}, drawn(12));
  ASSERT_TRUE(chat.ok());
  EXPECT_FALSE(chat->retry(nullptr).ok());  // there is no message yet
  auto first = chat->say("a", nullptr);
  ASSERT_TRUE(first.ok());
  auto again = chat->retry(nullptr);
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_NE(again->text, first->text);
  EXPECT_EQ(chat->messages().size(), 2u);
  EXPECT_EQ(chat->messages()[1].content, again->text);
  // Draws are counted from the seed on: the second of seed 0 is the first of seed 1.
  GenerateOptions next = drawn(12);
  next.sampling.seed = 1;
  auto other = Chat::start(loaded, {}, next);
  ASSERT_TRUE(other.ok());
  auto same = other->say("a", nullptr);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->text, again->text);
}

TEST(Chat, AnAnswerTellsWhatItTook) {
  LoadedModel loaded = tiny(256);
  auto chat = Chat::start(loaded, {}, greedy(5));
  ASSERT_TRUE(chat.ok());
  auto empty = chat->size();
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->context, 256);
  auto answer = chat->say("abc", nullptr);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->finish_reason, "length");
  EXPECT_EQ(answer->generated_tokens, 5);
  EXPECT_EQ(answer->prompt_tokens, empty->tokens + 3);  // a token a byte
  EXPECT_GT(answer->first_seconds, 0);
  EXPECT_GE(answer->seconds, answer->first_seconds);
  auto size = chat->size();
  ASSERT_TRUE(size.ok());
  EXPECT_GT(size->tokens, answer->prompt_tokens + answer->generated_tokens);
  ChatAnswer counted{.generated_tokens = 11, .seconds = 3, .first_seconds = 1};
  EXPECT_DOUBLE_EQ(counted.tokens_per_second(), 5);  // ten tokens in the two seconds after the first
}

TEST(Chat, AStopEndsTheAnswerAndKeepsTheConversation) {
  LoadedModel loaded = tiny(256);
  auto chat = Chat::start(loaded, {}, drawn(50));
  ASSERT_TRUE(chat.ok());
  StopSource stop;
  auto stopped = chat->say(
      "a", [&](const std::string&) { stop.request(); }, stop.token());
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ(stopped->finish_reason, "cancelled");
  EXPECT_LT(stopped->generated_tokens, 50);
  EXPECT_EQ(chat->messages().size(), 2u);
  // Before its first token a retry leaves what there was.
  const std::vector<std::string> before = contents(*chat);
  auto nothing = chat->retry(nullptr, stop.token());
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ(nothing->generated_tokens, 0);
  EXPECT_EQ(contents(*chat), before);
  stop.clear();
  EXPECT_TRUE(chat->say("b", nullptr, stop.token()).ok());
}

TEST(Chat, TurnsAreTakenBackClearedAndReplaced) {
  LoadedModel loaded = tiny(256);
  auto chat = Chat::start(loaded, {.system = "one"}, greedy(4));
  ASSERT_TRUE(chat.ok());
  EXPECT_EQ(chat->undo(), std::nullopt);
  ASSERT_TRUE(chat->say("a", nullptr).ok());
  ASSERT_TRUE(chat->say("b", nullptr).ok());
  EXPECT_EQ(chat->undo(), "b");
  EXPECT_EQ(chat->messages().size(), 3u);
  ASSERT_TRUE(chat->set_system("two").ok());
  EXPECT_EQ(chat->system(), "two");
  EXPECT_EQ(chat->messages().size(), 3u);
  ASSERT_TRUE(chat->set_system("").ok());
  EXPECT_EQ(chat->messages().size(), 2u);
  chat->clear();
  EXPECT_TRUE(chat->messages().empty());

  ASSERT_TRUE(chat->replace({{"system", "three"}, {"user", "a"}, {"assistant", "b"}, {"user", "c"}}).ok());
  EXPECT_EQ(chat->system(), "three");
  EXPECT_FALSE(chat->say("d", nullptr).ok());  // "c" waits for its answer
  ASSERT_TRUE(chat->retry(nullptr).ok());
  EXPECT_EQ(chat->messages().size(), 5u);
  const std::vector<std::string> before = contents(*chat);
  for (const std::vector<chat::Message>& wrong : {std::vector<chat::Message>{{"assistant", "a"}},
                                                  {{"user", "a"}, {"user", "b"}},
                                                  {{"user", "a"}, {"system", "b"}},
                                                  {{"user", "a"}, {"robot", "b"}}}) {
    auto refused = chat->replace(wrong);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().to_string(), HasSubstr("messages["));
    EXPECT_EQ(contents(*chat), before);
  }
}

TEST(Chat, OptionsOutOfRangeChangeNothing) {
  LoadedModel loaded = tiny(64);
  auto chat = Chat::start(loaded, {}, greedy(4));
  ASSERT_TRUE(chat.ok());
  GenerateOptions wrong = drawn(4);
  wrong.sampling.top_p = 2;
  EXPECT_FALSE(chat->set_options(wrong).ok());
  wrong = drawn(4);
  wrong.token_biases = {"more than one token=1"};
  EXPECT_FALSE(chat->set_options(wrong).ok()) << "or every answer from now on would be an error";
  EXPECT_FALSE(Chat::start(loaded, {}, wrong).ok());
  EXPECT_EQ(chat->options().sampling.temperature, 0);
  EXPECT_TRUE(chat->set_options(drawn(3)).ok());
  EXPECT_EQ(chat->options().max_tokens, 3);
}

// What the template refuses is refused before the conversation changes.
TEST(Chat, ASystemMessageThatTheTemplateRefusesLeavesTheOneBefore) {
  LoadedModel loaded = tiny(256);
  loaded.folder = test_folder("chat_no_system");
  ASSERT_TRUE(
      write_file(loaded.folder / "chat_template.jinja",
                 "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
                 "{{ m.content }}{% endfor %}")
          .ok());
  auto chat = Chat::start(loaded, {}, greedy(2));
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  EXPECT_FALSE(chat->set_system("x").ok());
  EXPECT_FALSE(chat->replace({{"system", "x"}, {"user", "a"}}).ok());
  EXPECT_EQ(chat->system(), "");
  EXPECT_TRUE(chat->say("a", nullptr).ok());
}

}  // namespace
}  // namespace malmoi::app
