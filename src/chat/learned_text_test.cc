// What of a conversation is an answer, by templates of the kinds that are published.
#include "chat/learned_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_growth.h"
#include "chat/anchors.h"
#include "chat/published_template.h"

namespace malmoi::chat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kChatmlTurns =
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

constexpr const char* kLlama3 =
    "{% for m in messages %}{% set content = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + "
    "m['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
    "{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

// What is told beforehand goes into the first turn, and turns must alternate.
constexpr const char* kGemma =
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set before = messages[0].content + '\n\n' %}"
    "{% set turns = messages[1:] %}{% else %}{% set before = '' %}{% set turns = messages %}{% endif %}"
    "{% for m in turns %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + (before if loop.first else '') }}"
    "{{ m.content | trim }}{{ '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

// Thoughts stand behind the last question alone.
constexpr const char* kQwen3 =
    "{% set ns = namespace(last=-1) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}"
    "{% endif %}{% endfor %}{% for m in messages %}{% set content = m.content %}"
    "{% if m.role == 'assistant' %}{% set thought = m.reasoning_content if m.reasoning_content is string else '' %}"
    "{% if not thought and '</think>' in content %}"
    "{% set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}"
    "{% set content = content.split('</think>')[-1].lstrip('\n') %}{% endif %}"
    "{% if loop.index0 > ns.last and (loop.last or thought) %}"
    "{{ '<|im_start|>assistant\n<think>\n' + thought.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}"
    "{% else %}{{ '<|im_start|>assistant\n' + content }}{% endif %}"
    "{% for call in m.tool_calls or [] %}{{ '\n<tool_call>\n{\"name\": \"' + call.function.name + '\", \"arguments\": "
    "' }}"
    "{{ call.function.arguments | tojson }}{{ '}\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}"
    "{% elif m.role == 'tool' %}{{ '<|im_start|>user\n<tool_response>\n' + content + '\n</tool_response><|im_end|>\n' "
    "}}"
    "{% else %}{{ '<|im_start|>' + m.role + '\n' + content + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

constexpr const char* kMistral =
    "{{ '<s>' }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + '[/INST]' }}"
    "{% elif m.tool_calls %}{{ '[TOOL_CALLS] [' }}{% for call in m.tool_calls %}{{ call.function | tojson }}{% endfor "
    "%}"
    "{{ ']</s>' }}{% else %}{{ ' ' + m.content | trim + '</s>' }}{% endif %}{% endfor %}";

// Asks for thoughts, shows none, and joins arguments to text.
constexpr const char* kDeepseek =
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '<｜User｜>' + m.content }}{% endif %}"
    "{% if m.role == 'assistant' and not m.tool_calls %}{% set content = m.content %}"
    "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"
    "{{ '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' }}{% endif %}"
    "{% if m.tool_calls %}{{ '<｜Assistant｜>' + m.content }}{% for call in m.tool_calls %}"
    "{{ '<｜tool▁call▁begin｜>' + call.function.name + '\n```json\n' + call.function.arguments + "
    "'\n```<｜tool▁call▁end｜>' }}"
    "{% endfor %}{{ '<｜end▁of▁sentence｜>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\n' }}{% endif %}";

constexpr const char* kPhi3 =
    "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}";

ChatTemplate learned_template(const char* source) {
  const Json named = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  auto published = PublishedTemplate::of_text(source, "t.jinja", named);
  if (!published.ok()) return ChatTemplate::broken(published.error());
  return ChatTemplate::of_model(*std::move(published), {"<|im_start|>",
                                                        "<|im_end|>",
                                                        "<|start_header_id|>",
                                                        "<|end_header_id|>",
                                                        "<|eot_id|>",
                                                        "<start_of_turn>",
                                                        "<end_of_turn>",
                                                        "<s>",
                                                        "</s>",
                                                        "[INST]",
                                                        "[/INST]",
                                                        "[TOOL_CALLS]",
                                                        "<｜User｜>",
                                                        "<｜Assistant｜>",
                                                        "<｜tool▁call▁begin｜>",
                                                        "<｜tool▁call▁end｜>",
                                                        "<｜end▁of▁sentence｜>",
                                                        "<|end|>",
                                                        "<|user|>",
                                                        "<|assistant|>"});
}

// Answers as they are learned, each behind a bar and what stands just before it.
std::vector<std::string> learned_answers(const char* source, const std::vector<Message>& messages,
                                         const LearnOptions& options = {}) {
  auto learned = learned_template(source).render_learned(messages, options);
  if (!learned.ok()) return {learned.error().to_string()};
  std::vector<std::string> answers;
  for (const LearnedText::Answer& answer : learned->answers) {
    const auto [begin, end] = answer.place;
    const size_t before = learned->text.rfind('\n', begin < 2 ? 0 : begin - 2);
    const size_t from = before == std::string::npos ? 0 : before + 1;
    std::string text = learned->text.substr(from, begin - from) + "|" + learned->text.substr(begin, end - begin);
    answers.push_back(answer.ends ? text : text + " ...");
  }
  return answers;
}

const std::vector<Message> kTwoLearned = {
    {"system", "Be brief."}, {"user", "Hi"}, {"assistant", " Hello. \n"}, {"user", "Bye"}, {"assistant", "See you"}};

TEST(LearnedText, ChatmlAnswersWithTheirEndAndWithoutTheirHeader) {
  EXPECT_THAT(learned_answers(kChatmlTurns, kTwoLearned),
              ElementsAre("<|im_start|>assistant\n| Hello. \n<|im_end|>", "<|im_start|>assistant\n|See you<|im_end|>"));
  auto learned = learned_template(kChatmlTurns).render_learned(kTwoLearned, {});
  ASSERT_TRUE(learned.ok());
  EXPECT_TRUE(learned->text.ends_with("See you<|im_end|>\n")) << "the line break is the template's";
  EXPECT_FALSE(learned->end_of_text);
}

TEST(LearnedText, WhatATemplateTrimsIsNotThere) {
  const std::vector<Message> korean = {{"user", "안녕"}, {"assistant", "\xE3\x80\x80반가워요\xC2\xA0\n"}};
  EXPECT_THAT(learned_answers(kLlama3, korean), ElementsAre("\n|반가워요<|eot_id|>"))
      << "white space that is no ASCII, too";
  EXPECT_THAT(learned_answers(kLlama3, kTwoLearned),
              ElementsAre(HasSubstr("\n|Hello.<|eot_id|>"), HasSubstr("\n|See you<|eot_id|>")));
}

TEST(LearnedText, ASystemMessageInTheFirstTurnOfTheUser) {
  EXPECT_THAT(learned_answers(kGemma, kTwoLearned),
              ElementsAre("<start_of_turn>model\n|Hello.<end_of_turn>", "<start_of_turn>model\n|See you<end_of_turn>"));
  EXPECT_THAT(learned_answers(kGemma, {{"user", "a"}, {"user", "b"}, {"assistant", "c"}}),
              ElementsAre(HasSubstr("roles must alternate")));
}

TEST(LearnedText, ThoughtsThatATemplateDropsAreNotLearned) {
  const Message first{.role = "assistant", .content = "4", .reasoning_content = "2 + 2"};
  const Message second{.role = "assistant", .content = "<think>\n3 + 3\n</think>\n\n6"};
  EXPECT_THAT(learned_answers(kQwen3, {{"user", "2+2?"}, first, {"user", "3+3?"}, second}),
              ElementsAre("<|im_start|>assistant\n|4<|im_end|>",
                          "<|im_start|>assistant\n|<think>\n3 + 3\n</think>\n\n6<|im_end|>"));
  EXPECT_THAT(learned_answers(kQwen3, {{"user", "?"}, {"assistant", "x"}}),
              ElementsAre("<|im_start|>assistant\n|<think>\n\n</think>\n\nx<|im_end|>"))
      << "the model is asked without them and writes them";
}

TEST(LearnedText, CallsAreAnswers) {
  const Message call{.role = "assistant",
                     .tool_calls = {{"1", "weather", R"({"city": "서울"})"}, {"2", "clock", R"({"zone": 9})"}}};
  const std::vector<Message> messages = {
      {"user", "Weather?"}, call, {"tool", "<tool_response>sunny</tool_response>"}, {"assistant", "Sunny."}};
  EXPECT_THAT(learned_answers(kQwen3, messages),
              ElementsAre("<|im_start|>assistant\n|\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": "
                          "\"서울\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"clock\", \"arguments\": {\"zone\": "
                          "9}}\n</tool_call><|im_end|>",
                          "<|im_start|>assistant\n|<think>\n\n</think>\n\nSunny.<|im_end|>"));
  EXPECT_THAT(learned_answers(kMistral, {{"user", "Weather?"}, call}),
              ElementsAre(HasSubstr("[INST] Weather?[/INST]|[TOOL_CALLS] [{\"name\": \"weather\"")));
  // A template that joins arguments to other text takes them as text.
  EXPECT_THAT(
      learned_answers(kDeepseek, {{"user", "Weather?"}, call}),
      ElementsAre(HasSubstr("<｜Assistant｜>|<｜tool▁call▁begin｜>weather\n```json\n{\"city\": \"서울\"}\n```")));
}

TEST(LearnedText, AQuestionThatAsksForMoreThanIsThere) {
  EXPECT_THAT(learned_answers(kDeepseek, {{"user", "a"}, {"assistant", "<b>c</b>"}, {"user", "d"}, {"assistant", "e"}}),
              ElementsAre("<s><｜User｜>a<｜Assistant｜>|<b>c</b><｜end▁of▁sentence｜>",
                          HasSubstr("<｜User｜>d<｜Assistant｜>|e<｜end▁of▁sentence｜>")));
}

TEST(LearnedText, AnEndOfTextBehindTheLastTurnIsNotItsEnd) {
  EXPECT_THAT(learned_answers(kPhi3, {{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}}),
              ElementsAre("<|assistant|>\n|b<|end|>", "<|assistant|>\n|d<|end|>"));
}

TEST(LearnedText, ASpaceBeforeAnAnswerIsLearned) {
  EXPECT_THAT(learned_answers(kMistral, {{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}}),
              ElementsAre("<s>[INST] a[/INST]| b</s>", "<s>[INST] a[/INST] b</s>[INST] c[/INST]| d</s>"));
}

TEST(LearnedText, BlocksOfATemplateSayItThemselves) {
  constexpr const char* kBlocks =
      "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ '<|im_start|>assistant\n' + m.content + "
      "'<|im_end|>\n' }}{% endgeneration %}{% else %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}"
      "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
  EXPECT_THAT(learned_answers(kBlocks, {{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}}),
              ElementsAre("<|im_start|>assistant\n|b<|im_end|>", "<|im_start|>assistant\n|d<|im_end|>"));
}

TEST(LearnedText, AConversationThatTheAssistantBegins) {
  EXPECT_THAT(learned_answers(kChatmlTurns, {{"assistant", "Welcome"}, {"user", "a"}, {"assistant", "b"}}),
              ElementsAre("<|im_start|>assistant\n|Welcome<|im_end|>", "<|im_start|>assistant\n|b<|im_end|>"));
}

TEST(LearnedText, WordsThatLookLikeTheTemplatesAreText) {
  auto learned = learned_template(kChatmlTurns)
                     .render_learned({{"user", "<|im_end|>"}, {"assistant", "a<|im_end|>b \xEF\xB7\x94"}}, {});
  ASSERT_TRUE(learned.ok()) << learned.error().to_string();
  ASSERT_EQ(learned->answers.size(), 1u);
  const auto [begin, end] = learned->answers[0].place;
  EXPECT_EQ(learned->text.substr(begin, end - begin), "a<|im_end|>b <|im_end|>");
  EXPECT_EQ(learned->literal.size(), 2u);
}

TEST(LearnedText, EmptyAndUnseenAnswersAreSaid) {
  auto learned = learned_template(kChatmlTurns).render_learned({{"user", "a"}, {"assistant", ""}}, {});
  ASSERT_TRUE(learned.ok());
  EXPECT_THAT(learned->answers, IsEmpty());
  EXPECT_THAT(learned->hidden, ElementsAre(1));
}

TEST(LearnedText, ATemplateThatLooksIntoWordsIsRefused) {
  EXPECT_THAT(learned_answers("{% for m in messages %}{{ m.content }}{{ m.content | length }}{% endfor %}",
                              {{"user", "a"}, {"assistant", "b"}}),
              ElementsAre(HasSubstr("changes with marks")));
}

TEST(LearnedText, ATurnThatTheNextOneEnds) {
  constexpr const char* kNoEnd =
      "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";
  const std::vector<Message> messages = {{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}};
  EXPECT_THAT(learned_answers(kNoEnd, messages, {.end_tokens = {"<|user|>"}}),
              ElementsAre("<|user|>a<|assistant|>|b<|user|>", HasSubstr("<|assistant|>|d<|user|>")));
  EXPECT_THAT(learned_answers(kNoEnd, messages), ElementsAre(HasSubstr("|b ..."), HasSubstr("|d ...")))
      << "without it nothing would end an answer, which is told";
}

TEST(LearnedText, ThePlainTemplateEndsWithTheEndOfText) {
  auto learned = ChatTemplate::plain().render_learned(kTwoLearned, {});
  ASSERT_TRUE(learned.ok());
  EXPECT_EQ(learned->text, "Be brief.\n\nuser: Hi\nassistant:  Hello. \n\nuser: Bye\nassistant: See you");
  EXPECT_TRUE(learned->end_of_text);
  ASSERT_EQ(learned->answers.size(), 2u);
  const auto [begin, end] = learned->answers[1].place;
  EXPECT_EQ(learned->text.substr(begin, end - begin), " See you");
}

TEST(LearnedText, AnchorsStandBetweenTagsOfThoughts) {
  Json message = {{"role", "assistant"}, {"content", "<think>a</think> b [THINK]c"}};
  place_anchors(message, 7, CallAnchors::kNames);
  const AnchoredText read = read_anchors(TypedTokens({}), {.text = message["content"].get<std::string>()});
  EXPECT_EQ(read.text, "<think>a</think> b [THINK]c");
  EXPECT_THAT(read.of(7, true), ElementsAre(7, 17, 26));
  EXPECT_THAT(read.of(7, false), ElementsAre(8, 18, 27));
}

TEST(LearnedText, AnswersOfManyTagsAreReadInAboutLinearTime) {
  auto answer = [](size_t tags) {
    std::string text;
    for (size_t i = 0; i < tags; ++i) text += "a</think>";
    return text;
  };
  auto read = [](const std::string& text) {
    Json message = {{"role", "assistant"}, {"content", text}};
    place_anchors(message, 1, CallAnchors::kNames);
    const AnchoredText made = read_anchors(TypedTokens({}), {.text = message["content"].get<std::string>()});
    ASSERT_EQ(made.text, text);
  };
  EXPECT_LT(growth_of(answer, read, 20'000), kSteepestGrowth);
}

// Special tokens that the answer spells itself, each of which must be told from the template's.
TEST(LearnedText, AnswersOfManyTypedTokensAreReadInAboutLinearTime) {
  const ChatTemplate blocks = learned_template(
      "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content + '<|im_end|>' }}"
      "{% endgeneration %}{% else %}{{ m.content + '<|im_end|>' }}{% endif %}{% endfor %}");
  auto answer = [](size_t tokens) {
    std::string text;
    for (size_t i = 0; i < tokens; ++i) text += "<s>";
    return text + ".";
  };
  auto read = [&](const std::string& text) {
    auto learned = blocks.render_learned({{"user", "a"}, {"assistant", text}}, {});
    ASSERT_TRUE(learned.ok()) << learned.error().to_string();
    ASSERT_EQ(learned->answers.size(), 1u);
  };
  EXPECT_LT(growth_of(answer, read, 5'000), kSteepestGrowth);
}

}  // namespace
}  // namespace malmoi::chat
