// Tests of training on conversations: what is read and refused, what a look shows, and a run that leaves its template.
#include "app/train/chats.h"

#include <gmock/gmock.h>

#include "app/train/chat_preview.h"
#include "app/train/plan.h"
#include "app/train/small_run.h"
#include "train/test_chats.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class ChatRun : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    ASSERT_TRUE(make_folder(folder_ / "marks").ok());
    ASSERT_TRUE(write_file(folder_ / "marks" / "tokenizer.json", train::chat_tokenizer_json()).ok());
    ASSERT_TRUE(write_file(folder_ / "marks" / "chat_template.jinja", train::chatml_source()).ok());
    std::string rows;
    for (int i = 0; i < 40; ++i) rows += row("q" + std::to_string(i), "a" + std::to_string(i));
    write("train.jsonl", rows);
    config_.tokenizer = (folder_ / "marks").string();
    config_.data.format = train::DataFormat::kChat;
    config_.data.train = {path("train.jsonl")};
    config_.data.sequence_length = 200;
    job_.warn = [this](const std::string& line) { warnings_.push_back(line); };
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file(folder_ / name, text).ok());
  }
  static std::string row(const std::string& question, const std::string& answer) {
    return dump_json({{"prompt", question}, {"completion", answer}}) + "\n";
  }
  Result<EncodedChats> encode(train::ChatUse use = train::ChatUse::kConversations) {
    return encode_chats(config_, use, train::chat_tokenizer(), 1000, job_);
  }
  // Makes the document one of a run that learns the rows.
  void learn_conversations() {
    document_.root["objective"] = {{"name", "sft"}};
    document_.root["tokenizer"] = path("marks");
    document_.root["data"] = {
        {"format", "chat"}, {"train", {path("train.jsonl")}}, {"valid_fraction", 0.2}, {"sequence_length", 120}};
    document_.root.erase("samples");
  }

  train::TrainConfig config_;
  std::vector<std::string> warnings_;
};

TEST_F(ChatRun, RowsAreReadEncodedAndHeldOut) {
  config_.data.valid_fraction = 0.3;
  auto chats = encode();
  ASSERT_TRUE(chats.ok()) << chats.error().to_string();
  EXPECT_EQ(chats->train.size() + chats->valid.size(), 40u);
  EXPECT_GT(chats->valid.size(), 3u);
  EXPECT_EQ(chats->tally.rows, 40u);
  EXPECT_EQ(chats->tally.bad(), 0u);
  EXPECT_EQ(chats->tally.learned, 10u * 3 + 30u * 4) << "an answer's characters and its end";
  EXPECT_TRUE(check_bad_share(*chats, config_).ok());
  EXPECT_THAT(messages_, Contains(HasSubstr("40 rows of the shape 'prompt_completion'")));
  EXPECT_EQ(chats->template_name, "the model's own template");
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(ChatRun, BadRowsAreCountedShownAndRefusedBeyondAShare) {
  std::string rows;
  for (int i = 0; i < 36; ++i) rows += row("q", "a");
  rows += "{\"prompt\": \"q\", \"completion\": \"\"}\n" + row("q", std::string(300, 'x'));
  write("train.jsonl", rows);
  auto chats = encode();
  ASSERT_TRUE(chats.ok()) << chats.error().to_string();
  EXPECT_EQ(chats->tally.bad(), 2u);
  EXPECT_EQ(chats->train.size(), 37u) << "what is left of a row that was cut is learned";
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_THAT(warnings_[0], AllOf(HasSubstr("2 of 38 rows teach nothing"), HasSubstr("malformed 1, cut 1"),
                                  HasSubstr("(line 37)"), HasSubstr("'completion' is missing or empty")));
  const Status refused = check_bad_share(*chats, config_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), AllOf(HasSubstr("2 of 38 rows"), HasSubstr("data.max_bad_share")));
  config_.data.chat.max_bad_share = 0.1;
  EXPECT_TRUE(check_bad_share(*chats, config_).ok());
}

TEST_F(ChatRun, WhatDoesNotFitTheObjectiveIsRefused) {
  EXPECT_THAT(encode(train::ChatUse::kPairs).error().to_string(), HasSubstr("no two answers to compare"));
  config_.data.chat.shape = "preference";
  EXPECT_THAT(encode().error().to_string(), HasSubstr("are not conversations"));
  config_.data.chat.shape = "";
  config_.data.chat.chat_template = path("none.jinja");
  EXPECT_THAT(encode().error().to_string(), HasSubstr("there is no such chat template"));
}

TEST_F(ChatRun, ATemplateOfOnesChoice) {
  write("other.jinja", "{% for m in messages %}{{ m.role + ':' + m.content }}{% endfor %}");
  config_.data.chat.chat_template = path("other.jinja");
  auto chats = encode();
  ASSERT_TRUE(chats.ok()) << chats.error().to_string();
  EXPECT_EQ(chats->tally.endless, 40u);
  EXPECT_THAT(warnings_, Contains(HasSubstr("does not learn to stop")));
  EXPECT_EQ(*chat_template_file(config_), "{% for m in messages %}{{ m.role + ':' + m.content }}{% endfor %}");
  config_.data.chat.chat_template = "plain";
  EXPECT_EQ(encode()->template_name, "the plain template");
  EXPECT_EQ(*chat_template_file(config_), "");
  config_.data.chat.chat_template = "auto";
  config_.data.format = train::DataFormat::kPrompts;
  EXPECT_EQ(*chat_template_file(config_), train::chatml_source()) << "prompts may be conversations, too";
}

TEST_F(ChatRun, WithoutATemplateTextsStandAsTheyAre) {
  write("train.jsonl", row("1+1=", "2"));
  config_.data.chat.chat_template = "none";
  auto chats = encode();
  ASSERT_TRUE(chats.ok()) << chats.error().to_string();
  ASSERT_EQ(chats->train.size(), 1u);
  const train::ChatTokens& tokens = chats->train[0].chosen;
  EXPECT_EQ(train::chat_tokenizer().decode(tokens.ids, false), "<s>1+1=2</s>") << "no role, no line break";
  EXPECT_EQ(tokens.targets(), 2) << "the answer and its end";
  EXPECT_EQ(chats->tally.endless, 0u);
  EXPECT_EQ(*chat_template_file(config_), "");
  write("pairs.jsonl", dump_json({{"prompt", "1+1="}, {"chosen", "2"}, {"rejected", "12"}}) + "\n");
  config_.data.train = {path("pairs.jsonl")};
  chats = encode(train::ChatUse::kPairs);
  ASSERT_TRUE(chats.ok()) << chats.error().to_string();
  ASSERT_EQ(chats->train.size(), 1u);
  EXPECT_EQ(train::chat_tokenizer().decode(chats->train[0].rejected.ids, false), "<s>1+1=12</s>");
  EXPECT_EQ(chats->train[0].prompt, 5u);
}

TEST_F(ChatRun, TheTextOfAPreviewMarksWhatIsLearned) {
  const ChatPreview preview{.rows = {{"f (line 1)", "conversation", 5, 2, {{"user\nHi", false}, {"Yo\x1b", true}}}},
                            .tally = {.rows = 2, .tokens = 5, .learned = 2, .bad_rows = {"f (line 2): it is empty"}},
                            .template_name = "the model's own template",
                            .train_rows = 1,
                            .packed_rows = 1,
                            .fill = 0.5,
                            .sequence_length = 10};
  EXPECT_THAT(preview_text(preview, false),
              HasSubstr("--- f (line 1) (conversation): 5 tokens, 2 learned\nuser\nHi«Yo"));
  EXPECT_THAT(preview_text(preview, true), AllOf(HasSubstr("Hi\x1b[32mYo"), testing::Not(HasSubstr("Yo\x1b\x1b"))))
      << "what a text commands is shown";
  EXPECT_THAT(preview_text(preview, false), HasSubstr("1 row of 10 tokens, 50.0 % full"));
  EXPECT_EQ(to_json(preview)["first_rows"][0]["pieces"][1], (Json{{"text", "Yo\x1b"}, {"learned", true}}));
  EXPECT_EQ(to_json(preview)["packing"]["rows"], 1);
}

TEST_F(ChatRun, ARunLearnsAndLeavesItsTemplate) {
  learn_conversations();
  auto planned = plan(document_, {});
  ASSERT_TRUE(planned.ok()) << planned.error().to_string();
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(*read_file(folder_ / "run" / "model" / "chat_template.jinja"), train::chatml_source());
  EXPECT_THAT(messages_, Contains(HasSubstr("tokens count; the model's own template")));
  auto preview = preview_chats(document_, job_);
  ASSERT_TRUE(preview.ok()) << preview.error().to_string();
  EXPECT_GT(preview->packed_rows, 1u);
  EXPECT_GT(preview->fill, 0.7);
  ASSERT_EQ(preview->rows.size(), 3u);
  EXPECT_EQ(preview->rows[0].pieces.back().text.substr(0, 1), "a");
  EXPECT_TRUE(preview->rows[0].pieces.back().learned);
}

TEST_F(ChatRun, APreviewIsOfConversations) {
  EXPECT_THAT(preview_chats(document_, job_).error().to_string(), HasSubstr("data.format: chat"));
  document_.root["data"]["format"] = "chat";
  EXPECT_THAT(preview_chats(document_, job_).error().to_string(),
              HasSubstr("is not what the objective 'causal_lm' reads"));
}

}  // namespace
}  // namespace malmoi::app
