// From rows of conversations to ids and targets: what counts, where it begins and ends, what becomes of rows that do not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/chat_source.h"
#include "train/test_chats.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ChatRows : public testing::Test {
 protected:
  // The ids as text, targets within brackets.
  std::string shown(const ChatTokens& tokens) const {
    std::string text;
    for (size_t t = 0; t < tokens.ids.size(); ++t) {
      const bool on = tokens.learned[t], before = t > 0 && tokens.learned[t - 1];
      text += (on && !before ? "[" : !on && before ? "]" : "") + tokenizer_.piece(tokens.ids[t]);
    }
    return text + (!tokens.learned.empty() && tokens.learned.back() ? "]" : "");
  }
  Result<EncodedChat> encode(const data::ChatRow& row, const chat::ChatTemplate& chat_template = chatml_template()) {
    auto tokenizer = ChatTokenizer::make(tokenizer_);
    if (!tokenizer.ok()) return tokenizer.error();
    return encode_chat(row, {.chat_template = chat_template,
                             .tokenizer = *tokenizer,
                             .learn = {},
                             .config = config_,
                             .use = ChatUse::kConversations,
                             .max_length = max_length_});
  }
  std::string text_of(const data::ChatRow& row, const chat::ChatTemplate& chat_template = chatml_template()) {
    auto made = encode(row, chat_template);
    if (!made.ok()) return made.error().to_string();
    if (made->problem)
      return std::string(kChatProblemNames[static_cast<size_t>(*made->problem)]) + ": " + made->reason + "; " +
             shown(made->chosen);
    return shown(made->chosen);
  }

  tokenizer::Tokenizer tokenizer_ = chat_tokenizer();
  ChatConfig config_;
  size_t max_length_ = 1000;
};

TEST_F(ChatRows, AnswersWithTheirEndAreTargets) {
  EXPECT_EQ(
      text_of(turns_row({"Hi", "Yo", "Bye", "So"})),
      "<s><|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n[Yo<|im_end|>]\n<|im_start|>user\nBye<|im_end|>\n"
      "<|im_start|>assistant\n[So<|im_end|>]")
      << "what stands behind the last target is left out";
}

TEST_F(ChatRows, WhatBeginsATextStandsThereOnce) {
  auto begins_of = [&](const chat::ChatTemplate& chat_template) {
    const std::vector<int32_t> ids = encode(turns_row({"a", "b"}), chat_template)->chosen.ids;
    return std::count(ids.begin(), ids.end(), kBeginId);
  };
  EXPECT_EQ(begins_of(chatml_template()), 1) << "the tokenizer puts it there";
  EXPECT_EQ(begins_of(chatml_template("<s>")), 1) << "the template does";
  EXPECT_EQ(text_of(turns_row({"<s>", "b"}), chatml_template("<s>")).find("<s><|im_start|>user\n<s><|im_end|>"), 0u)
      << "one that somebody typed is text";
  auto typed = encode(turns_row({"<s>", "b"}));
  EXPECT_EQ(std::count(typed->chosen.ids.begin(), typed->chosen.ids.end(), kBeginId), 1);
}

TEST_F(ChatRows, TheLastAnswerAllOfItAndWeights) {
  data::ChatRow row = turns_row({"Hi", "Yo", "Bye", "So"});
  config_.learn = LearnedPart::kLast;
  EXPECT_THAT(text_of(row), HasSubstr("assistant\nYo<|im_end|>\n<|im_start|>user"));
  EXPECT_THAT(text_of(row), HasSubstr("[So<|im_end|>]"));
  config_.learn = LearnedPart::kAnswers;
  row.learned = {{}, false, {}, true};
  EXPECT_THAT(text_of(row),
              HasSubstr("assistant\nYo<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n[So"));
  config_.learn = LearnedPart::kAll;
  EXPECT_EQ(
      text_of(row),
      "<s>[<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n]Yo<|im_end|>[\n<|im_start|>user\nBye<|im_end|>\n"
      "<|im_start|>assistant\nSo<|im_end|>\n]")
      << "nothing stands before the first id, and a weight of 0 holds here, too";
}

TEST_F(ChatRows, ThePlainTemplateEndsWithTheModelsEndOfText) {
  auto plain = encode(turns_row({"a", "b"}), chat::ChatTemplate::plain());
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(shown(plain->chosen), "<s>user: a\nassistant: [b</s>]")
      << "a token that begins before the answer and reaches into it is given";
  EXPECT_EQ(plain->chosen.ids.back(), kEndId);
  EXPECT_EQ(std::count(plain->chosen.ids.begin(), plain->chosen.ids.end(), kColonSpaceId), 2);
}

TEST_F(ChatRows, RowsThatTeachNothingSayWhy) {
  EXPECT_THAT(text_of(turns_row({"Hi"})), HasSubstr("no_target: it has no message of the assistant"));
  EXPECT_THAT(text_of(turns_row({"Hi", ""})), HasSubstr("no_target: its answers are empty"));
  data::ChatRow row = turns_row({"Hi", "Yo"});
  row.learned = {{}, false};
  EXPECT_THAT(text_of(row), HasSubstr("no_target: none of its answers is to be learned from"));
  EXPECT_THAT(text_of(
                  turns_row({"a", "b"}),
                  *[] {
                    auto refusing = chat::PublishedTemplate::of_text("{{ raise_exception('no turns') }}", "t");
                    return std::make_unique<chat::ChatTemplate>(chat::ChatTemplate::of_model(*std::move(refusing), {}));
                  }()),
              HasSubstr("template: t"));
  row.tools = "[{}]";
  EXPECT_THAT(text_of(row), HasSubstr("template: tools: the model's chat template knows no tools"));
}

TEST_F(ChatRows, RowsThatAreTooLong) {
  const data::ChatRow row = turns_row({"Hi", "Yo, there"});
  const auto length = static_cast<int>(encode(row)->chosen.ids.size());
  max_length_ = static_cast<size_t>(length) - 2;
  EXPECT_THAT(text_of(row), testing::AllOf(HasSubstr("cut: 2 tokens of"), testing::EndsWith("[Yo, ther]")));
  config_.long_rows = LongRows::kSkip;
  auto skipped = encode(row);
  EXPECT_EQ(skipped->problem, ChatProblem::kSkipped);
  EXPECT_FALSE(skipped->kept());
  config_.long_rows = LongRows::kError;
  EXPECT_THAT(text_of(row), testing::AllOf(HasSubstr("row: 2 tokens more than fit"), HasSubstr("data.long_rows")));
  config_.long_rows = LongRows::kCut;
  max_length_ = 10;
  EXPECT_THAT(text_of(row), HasSubstr("no_target: "));
}

TEST_F(ChatRows, TwoAnswersHaveOnePrompt) {
  data::ChatRow row = turns_row({"Hi"});
  row.chosen = {{"assistant", "Yo"}};
  row.rejected = {{"assistant", "No!"}};
  for (const chat::ChatTemplate& one : {chatml_template(), chat::ChatTemplate::plain()}) {
    auto pair = encode(row, one);
    ASSERT_TRUE(pair.ok() && !pair->problem) << pair->reason;
    const auto prompt = static_cast<std::ptrdiff_t>(pair->prompt);
    EXPECT_TRUE(std::equal(pair->chosen.ids.begin(), pair->chosen.ids.begin() + prompt, pair->rejected.ids.begin()));
    EXPECT_EQ(pair->chosen.targets(), pair->chosen.ids.size() - pair->prompt);
  }
  EXPECT_THAT(shown(encode(row)->rejected), testing::EndsWith("assistant\n[No!<|im_end|>]"));
  EXPECT_THAT(shown(encode(row, chat::ChatTemplate::plain())->chosen), testing::EndsWith("assistant:[ Yo</s>]"))
      << "the token that reaches over the border is none here";
  row.rejected = row.chosen;
  EXPECT_EQ(encode(row)->reason, "both answers are the same");
  row.rejected = {{"assistant", "Yonder"}};
  max_length_ = encode(row)->prompt + 2;
  EXPECT_THAT(encode(row)->reason, HasSubstr("what is left of both answers is the same"));
}

TEST_F(ChatRows, ShapesAndObjectivesMustFit) {
  using enum data::ChatShape;
  EXPECT_TRUE(check_shape(kMessages, ChatUse::kConversations, "").ok());
  EXPECT_TRUE(check_shape(kPreference, ChatUse::kPairs, "").ok());
  EXPECT_TRUE(check_shape(kPreference, ChatUse::kJudgements, "").ok());
  EXPECT_TRUE(check_shape(kUnpaired, ChatUse::kJudgements, "").ok());
  EXPECT_THAT(check_shape(kPreference, ChatUse::kConversations, "").error().to_string(), HasSubstr("dpo"));
  EXPECT_THAT(check_shape(kUnpaired, ChatUse::kConversations, "").error().to_string(), HasSubstr("kto"));
  EXPECT_FALSE(check_shape(kUnpaired, ChatUse::kPairs, "").ok());
  EXPECT_FALSE(check_shape(kAlpaca, ChatUse::kJudgements, "").ok());
}

// A conversation of these ids, whose targets are those from `given` on.
EncodedChat chat_of(std::vector<int32_t> ids, size_t given) {
  EncodedChat made{.prompt = given};
  made.chosen.learned.assign(ids.size(), 1);
  std::fill_n(made.chosen.learned.begin(), given, uint8_t{0});
  made.chosen.ids = std::move(ids);
  return made;
}

const RowLimits kSmallLimits{.vocab_size = 50, .outputs = 50, .max_positions = 64};

TEST(PackedChatRows, EachIsARunOfItsOwn) {
  const std::vector<EncodedChat> chats = {chat_of({1, 2, 3}, 1), chat_of({4, 5, 6, 7}, 2), chat_of({8, 9}, 1)};
  auto packed = PackedChats::make(chats, 5, kSmallLimits, {}, "f");
  ASSERT_TRUE(packed.ok()) << packed.error().to_string();
  EXPECT_EQ((*packed)->size(), 2u);
  EXPECT_EQ((*packed)->tokens(), 9u);
  EXPECT_EQ((*packed)->longest(), 5);
  Examples row;
  (*packed)->append(0, row);
  EXPECT_THAT(row.targets, ElementsAre(2, 3, -1, 9, -1))
      << "the last token of one does not predict the next one's first";
  ASSERT_EQ(row.input.runs().size(), 2u);
  const nn::Batch batch = row.input.batch();
  EXPECT_THAT(std::vector<int32_t>(batch.positions.begin(), batch.positions.end()), ElementsAre(0, 1, 2, 0, 1));
  row.clear();
  (*packed)->append(3, row);
  EXPECT_THAT(row.targets, ElementsAre(-1, 6, 7, -1)) << "the second epoch is the first";
}

TEST(PackedChatRows, EveryEpochHasAllInAnotherOrder) {
  std::vector<EncodedChat> chats;
  for (int32_t i = 0; i < 40; ++i) chats.push_back(chat_of({i, i, i}, 1));
  auto order_of = [&](uint64_t epoch, uint64_t seed) {
    auto packed = PackedChats::make(chats, 3, kSmallLimits, {.shuffled = true, .seed = seed}, "f");
    std::vector<int32_t> order;
    for (uint64_t n = 0; n < 40; ++n) {
      Examples row;
      (*packed)->append(epoch * 40 + n, row);
      order.push_back(row.targets[0]);
    }
    return order;
  };
  EXPECT_EQ(order_of(0, 1), order_of(0, 1));
  EXPECT_NE(order_of(0, 1), order_of(1, 1));
  EXPECT_NE(order_of(0, 1), order_of(0, 2));
  std::vector<int32_t> sorted = order_of(1, 2);
  std::sort(sorted.begin(), sorted.end());
  for (int32_t i = 0; i < 40; ++i) EXPECT_EQ(sorted[static_cast<size_t>(i)], i);
}

TEST(PackedChatRows, AnIdThatTheModelHasNotIsRefused) {
  auto packed = PackedChats::make(std::vector{chat_of({1, 50}, 1)}, 5, kSmallLimits, {}, "f");
  ASSERT_FALSE(packed.ok());
  EXPECT_THAT(packed.error().to_string(), HasSubstr("the id 50, the model has 50"));
  EXPECT_FALSE(PackedChats::make({}, 5, kSmallLimits, {}, "f").ok());
}

// Columns of an objective by their names.
struct Columns {
  explicit Columns(std::vector<std::string_view> names) {
    for (std::string_view name : names)
      columns.push_back({.name = name, .axis = name.ends_with("len") ? ArrayAxis::kRow : ArrayAxis::kToken});
    format.columns = columns;
  }
  std::vector<ArrayColumn> columns;
  ArrayFormat format;
};

TEST(ChatColumns, ConversationsAsTheContractHasThem) {
  Columns sft({"ids", "position_ids", "segment_ids", "loss_mask"});
  EXPECT_EQ(chat_use(sft.format), ChatUse::kConversations);
  auto columns = chat_columns(std::vector{chat_of({1, 2, 3}, 2), chat_of({4, 5}, 1)}, sft.format, 8, "f");
  ASSERT_TRUE(columns.ok());
  EXPECT_THAT((*columns)[0].integers, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT((*columns)[1].integers, ElementsAre(0, 1, 2, 0, 1));
  EXPECT_THAT((*columns)[2].integers, ElementsAre(1, 1, 1, 1, 1));
  EXPECT_THAT((*columns)[3].integers, ElementsAre(0, 0, 1, 0, 1));
  EXPECT_THAT((*columns)[0].starts, ElementsAre(0, 3, 5));
}

TEST(ChatColumns, PairsShareTheirPrompt) {
  Columns dpo({"chosen_ids", "rejected_ids", "prompt_len", "chosen_len", "rejected_len"});
  EXPECT_EQ(chat_use(dpo.format), ChatUse::kPairs);
  EncodedChat pair = chat_of({1, 2, 3}, 2);
  pair.rejected = chat_of({1, 2, 4, 5}, 2).chosen;
  auto columns = chat_columns(std::vector{pair}, dpo.format, 8, "f");
  ASSERT_TRUE(columns.ok());
  EXPECT_THAT((*columns)[0].integers, ElementsAre(1, 2, 3, 0));
  EXPECT_THAT((*columns)[1].integers, ElementsAre(1, 2, 4, 5));
  EXPECT_THAT((*columns)[2].integers, ElementsAre(2));
  EXPECT_THAT((*columns)[3].integers, ElementsAre(3));
  EXPECT_THAT((*columns)[4].integers, ElementsAre(4));
}

TEST(ChatColumns, JudgementsLeaveTheOtherAnswerOut) {
  Columns kto(
      {"chosen_ids", "rejected_ids", "prompt_len", "chosen_len", "rejected_len", "kl_ids", "kl_prompt_len", "kl_len"});
  EXPECT_EQ(chat_use(kto.format), ChatUse::kJudgements);
  EncodedChat liked = chat_of({1, 2, 3}, 1), disliked = chat_of({4, 5, 6}, 2);
  disliked.liked = false;
  auto columns = chat_columns(std::vector{liked, disliked}, kto.format, 8, "f");
  ASSERT_TRUE(columns.ok());
  EXPECT_THAT((*columns)[3].integers, ElementsAre(3, 2)) << "chosen_len of the one that is not liked: its prompt's";
  EXPECT_THAT((*columns)[4].integers, ElementsAre(1, 3));
  EXPECT_THAT((*columns)[5].integers, ElementsAre(1, 6, 0, 4, 5, 2, 3)) << "the prompt with the next row's answer";
  EXPECT_THAT((*columns)[6].integers, ElementsAre(1, 2));
  EXPECT_THAT((*columns)[7].integers, ElementsAre(2, 4));
}

TEST(ChatColumns, WhatConversationsDoNotSayIsRefused) {
  Columns other({"chosen_ids", "rewards"});
  EXPECT_THAT(chat_columns(std::vector{chat_of({1, 2}, 1)}, other.format, 8, "f").error().to_string(),
              HasSubstr("reads 'rewards'"));
  EXPECT_FALSE(chat_use(Columns({"ids", "mask", "labels"}).format).has_value());
}

}  // namespace
}  // namespace malmoi::train
