// Answers that are held to a rule: through the scheduler, with guesses, with several answers, and where the rule ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/constraint.h"
#include "infer/constraints.h"
#include "infer/generate.h"
#include "infer/test_scheduler.h"

namespace malmoi::infer {
namespace {

using chat::Constraint;
using Kind = Constraint::Kind;
using testing::HasSubstr;

class Constrained : public testing::Test {
 protected:
  void SetUp() override { tokenizer_ = *tokenizer::Tokenizer::from_json(tiny_tokenizer_json()); }

  struct Answers {
    std::vector<std::string> texts = std::vector<std::string>(3);
    std::vector<FinishReason> ends = std::vector<FinishReason>(3, FinishReason::kNone);
    std::string error;
  };
  Answers answer(const Constraint& constraint, int64_t max_tokens, int64_t answers = 1,
                 std::shared_ptr<Drafter> drafter = nullptr, double temperature = 1) {
    Request request;
    request.prompt = prompt_of(9, 5);
    request.max_tokens = max_tokens;
    request.answers = answers;
    request.stop_ids = {kTinyEnd};
    request.sampling.temperature = temperature;
    request.constraint = constraint;
    request.rules = rules_;
    auto scheduler = *Scheduler::create(*model_, {.drafter = std::move(drafter)});
    Answers all;
    Status status = generate(*scheduler, *tokenizer_, request, [&](const TokenEvent& event) {
      const auto a = static_cast<size_t>(event.answer);
      all.texts[a] += event.text;
      if (event.finish != FinishReason::kNone) all.ends[a] = event.finish;
      if (!event.error.empty()) all.error = event.error;
      return true;
    });
    if (!status.ok()) all.error = status.error().to_string();
    return all;
  }

  std::unique_ptr<model::Model> model_ = tiny_model(4096);
  std::optional<tokenizer::Tokenizer> tokenizer_;
  AnswerRules rules_;
};

TEST_F(Constrained, AnAnswerIsWhatTheExpressionMatchesAndEndsWithIt) {
  const Answers got = answer({Kind::kRegex, "[0-9]{3}-(ja|nein)"}, 100, 3);
  EXPECT_EQ(got.error, "");
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(got.texts[i], testing::MatchesRegex("[0-9][0-9][0-9]-(ja|nein)"));
    EXPECT_EQ(got.ends[i], FinishReason::kStop);
  }
  EXPECT_NE(got.texts[0], got.texts[1]) << "drawn apart";
}

TEST_F(Constrained, AnswersOfASchemaAreOfIt) {
  const Constraint schema{Kind::kJsonSchema, R"({"type":"object","properties":{"이름":{"enum":["말","모이"]},
      "n":{"type":"integer","minimum":0,"maximum":99}},"required":["이름","n"],"additionalProperties":false})"};
  const Answers got = answer(schema, 200);
  EXPECT_EQ(got.ends[0], FinishReason::kStop) << got.error;
  auto json = parse_json(got.texts[0], "answer");
  ASSERT_TRUE(json.ok()) << got.texts[0];
  EXPECT_THAT((*json)["이름"].get<std::string>(), testing::AnyOf("말", "모이"));
  EXPECT_LE((*json)["n"].get<int>(), 99);
}

TEST_F(Constrained, GuessesChangeNothing) {
  const Constraint constraint{Kind::kRegex, "([a-c]{2} ){20}"};
  for (double temperature : {0.0, 1.0}) {
    const Answers want = answer(constraint, 100, 1, nullptr, temperature);
    EXPECT_EQ(answer(constraint, 100, 1, make_prompt_lookup(), temperature).texts, want.texts);
    EXPECT_EQ(answer(constraint, 100, 1, *make_draft_model(*model_, model_->outputs()), temperature).texts, want.texts);
    EXPECT_EQ(want.texts[0].size(), 60u);
  }
}

TEST_F(Constrained, AnAnswerThatIsCutIsABeginning) {
  const Answers got = answer({Kind::kRegex, "[a-z]{50}"}, 7);
  EXPECT_THAT(got.texts[0], testing::MatchesRegex("[a-z]+"));
  EXPECT_EQ(got.texts[0].size(), 7u);
  EXPECT_EQ(got.ends[0], FinishReason::kLength);
}

TEST_F(Constrained, RulesThatCannotBeReadAreErrors) {
  EXPECT_THAT(answer({Kind::kRegex, "(a"}, 5).error, HasSubstr("regex, character 1"));
  EXPECT_NE(answer({Kind::kJsonSchema, "{\"type\":\"colour\"}"}, 5).error, "");
  EXPECT_NE(answer({Kind::kGbnf, "root ::= x"}, 5).error, "");
}

TEST_F(Constrained, WhereNothingIsLeftTheAnswerEndsOrFails) {
  const Answers empty = answer({Kind::kGbnf, "root ::= \"\""}, 5);
  EXPECT_EQ(empty.texts[0], "");
  EXPECT_EQ(empty.ends[0], FinishReason::kStop);
  rules_.no_repeat_ngram_size = 1;
  const Answers dead = answer({Kind::kRegex, "zz"}, 5);
  EXPECT_EQ(dead.texts[0], "z");
  EXPECT_THAT(dead.error, HasSubstr("leave no token"));
  rules_ = {};
  rules_.forced_eos_token_ids = {kTinyEnd};
  EXPECT_THAT(answer({Kind::kRegex, "zz"}, 5).error, HasSubstr("constraint"));
}

TEST_F(Constrained, NothingIsWrittenWhereNothingIsWanted) {
  EXPECT_EQ(answer({Kind::kRegex, "a+"}, 0).ends[0], FinishReason::kLength);
}

TEST_F(Constrained, WhatWasCompiledIsRemembered) {
  Constraints constraints(*tokenizer_);
  auto first = constraints.compile({Kind::kRegex, "a+"}), again = constraints.compile({Kind::kRegex, "a+"});
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(*first, *again);
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(constraints.compile({Kind::kRegex, "b{" + std::to_string(i + 1) + "}"}).ok());
  EXPECT_NE(*constraints.compile({Kind::kRegex, "a+"}), *first);
}

}  // namespace
}  // namespace malmoi::infer
