// Beams and the rules of generation_config.json against the reference's answers (tests/data/beams), by cases that tell one
// option from another; and that the states of beams share what they have in common.
#include "infer/beam_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_read.h"
#include "formats/npy.h"
#include "infer/scheduler.h"
#include "infer/tiny_model.h"
#include "model/load.h"

namespace malmoi::infer {
namespace {

using testing::HasSubstr;

constexpr double kScoreTolerance = 2e-4;

std::vector<int32_t> ids_of(const Json& json) {
  std::vector<int32_t> ids;
  for (const Json& id : json) ids.push_back(id.get<int32_t>());
  return ids;
}

std::vector<int32_t> ids_under(const Json& options, const char* key) { return ids_of(json_list(options, key)); }

BeamOptions options_of(const Json& given) {
  BeamOptions o{.beams = given["num_beams"], .max_tokens = given["max_new_tokens"]};
  o.answers = json_count(given, "num_return_sequences").value_or(1);
  o.length_penalty = json_number(given, "length_penalty").value_or(1);
  o.repetition_penalty = json_number(given, "repetition_penalty").value_or(1);
  o.renormalise = given.contains("renormalize_logits");
  if (given.contains("early_stopping")) {
    const Json& early = given["early_stopping"];
    o.early_stopping = *parse_early_stopping(early.is_string() ? early.get<std::string>() : dump_json(early));
  }
  o.stop_ids = ids_under(given, "eos_token_id");
  AnswerRules& rules = o.rules;
  rules.no_repeat_ngram_size = json_count(given, "no_repeat_ngram_size").value_or(0);
  rules.encoder_no_repeat_ngram_size = json_count(given, "encoder_no_repeat_ngram_size").value_or(0);
  rules.encoder_repetition_penalty = json_number(given, "encoder_repetition_penalty").value_or(1);
  rules.min_length = json_count(given, "min_length").value_or(0);
  rules.min_new_tokens = json_count(given, "min_new_tokens").value_or(0);
  rules.forced_bos_token_id = static_cast<int32_t>(json_count(given, "forced_bos_token_id").value_or(UINT32_MAX));
  if (auto id = json_count(given, "forced_eos_token_id")) rules.forced_eos_token_ids = {static_cast<int32_t>(*id)};
  rules.suppress_tokens = ids_under(given, "suppress_tokens");
  rules.begin_suppress_tokens = ids_under(given, "begin_suppress_tokens");
  for (const Json& word : json_list(given, "bad_words_ids")) rules.bad_words.push_back(ids_of(word));
  return o;
}

class Beams : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const Path folder = Path(MALMOI_TEST_DATA) / "models" / GetParam();
    auto model = model::load_model(folder, {model::Purpose::kServing, DType::kF32});
    ASSERT_TRUE(model.ok()) << model.error().to_string();
    model_ = *std::move(model);
    auto ids = formats::NpyArray::open(folder / "ids.npy"), mask = formats::NpyArray::open(folder / "mask.npy");
    const auto values = *ids->values<int32_t>();
    const auto kept = mask.ok() ? *mask->values<int32_t>() : std::vector<int32_t>(values.size(), 1);
    const auto columns = static_cast<size_t>(ids->shape()[1]);
    rows_.resize(static_cast<size_t>(ids->shape()[0]));
    for (size_t i = 0; i < values.size(); ++i) {
      if (kept[i]) rows_[i / columns].push_back(values[i]);
    }
    cases_ = *read_json((Path(MALMOI_TEST_DATA) / "beams" / (std::string(GetParam()) + ".json")).string());
  }

  // By the scheduler, as all that is not searched.
  std::vector<int32_t> greedy(const std::vector<int32_t>& row, const BeamOptions& o) {
    auto scheduler = *Scheduler::create(*model_);
    TokenRequest request{.prompt = row,
                         .max_tokens = o.max_tokens,
                         .sampling = {.temperature = 0, .repetition_penalty = o.repetition_penalty},
                         .rules = o.rules,
                         .stop_ids = o.stop_ids};
    std::vector<int32_t> made;
    bool stopped = false;
    EXPECT_TRUE(scheduler
                    ->submit(request,
                             [&](const Token& token) {
                               if (token.id >= 0) made.push_back(token.id);
                               stopped |= token.finish == FinishReason::kStop;
                               return true;
                             })
                    .ok());
    while (scheduler->step()) {
    }
    if (stopped) made.push_back(o.stop_ids[0]);
    return made;
  }

  std::unique_ptr<model::Model> model_;
  std::vector<std::vector<int32_t>> rows_;
  Json cases_;
};

TEST_P(Beams, AnswersAndScoresAreTheReferences) {
  ASSERT_GE(cases_.size(), 8u);
  auto session = *Session::create(*model_);
  for (const Json& example : cases_) {
    SCOPED_TRACE(dump_json(example["options"]));
    const BeamOptions options = options_of(example["options"]);
    for (size_t r = 0; r < rows_.size(); ++r) {
      const Json& want = example["answers"][r];
      if (options.beams == 1) {
        EXPECT_EQ(greedy(rows_[r], options), ids_of(want[0]["ids"]));
        continue;
      }
      auto got = beam_search(*session, rows_[r], {}, options);
      ASSERT_TRUE(got.ok()) << got.error().to_string();
      ASSERT_EQ(got->size(), want.size());
      for (size_t i = 0; i < got->size(); ++i) {
        EXPECT_EQ((*got)[i].ids, ids_of(want[i]["ids"])) << "answer " << i;
        EXPECT_NEAR((*got)[i].score, want[i]["score"].get<double>(), kScoreTolerance) << "answer " << i;
      }
    }
  }
  EXPECT_EQ(session->pool().in_use(), 0u) << "beams gave their pages back";
}

INSTANTIATE_TEST_SUITE_P(Models, Beams, testing::Values("t5", "bart", "marian", "gpt2"),
                         [](const auto& info) { return std::string(info.param); });

class BeamOptionsTest : public testing::Test {
 protected:
  std::unique_ptr<model::Model> model_ = tiny_model();
  std::unique_ptr<Session> session_ = *Session::create(*model_);
  std::string refusal(const BeamOptions& options, std::vector<int32_t> prompt = {1, 2}) {
    auto got = beam_search(*session_, prompt, {}, options);
    return got.ok() ? "accepted" : got.error().to_string();
  }
};

TEST_F(BeamOptionsTest, WhatCannotBeSearchedIsRefusedByName) {
  EXPECT_THAT(refusal({.beams = 0}), HasSubstr("beams"));
  EXPECT_THAT(refusal({.beams = 2, .answers = 3}), HasSubstr("3 answers of 2 beams"));
  EXPECT_THAT(refusal({.beams = 2, .max_tokens = 0}), HasSubstr("max_tokens"));
  EXPECT_THAT(refusal({.beams = 2, .max_tokens = 4, .repetition_penalty = 0}), HasSubstr("repetition_penalty"));
  EXPECT_THAT(refusal({.beams = 2, .max_tokens = 4, .length_penalty = NAN}), HasSubstr("length_penalty"));
  EXPECT_THAT(refusal({.beams = 2, .max_tokens = 4}, {}), HasSubstr("empty"));
  EXPECT_THAT(refusal({.beams = 2, .max_tokens = 4}, {1, 99999}), HasSubstr("vocabulary"));
  EXPECT_THAT(refusal({.beams = 2, .max_tokens = 4, .rules = {.forced_eos_token_ids = {99999}}}),
              HasSubstr("forced_eos_token_id"));
  EXPECT_THAT(refusal({.beams = 2, .max_tokens = 4, .rules = {.bad_words = {{}}}}), HasSubstr("bad_words_ids"));
  EXPECT_FALSE(parse_early_stopping("maybe").ok());
  EXPECT_EQ(refusal({.beams = 2, .max_tokens = 4}), "accepted");
}

TEST_F(BeamOptionsTest, OneBeamIsTheGreedyPath) {
  auto one = *beam_search(*session_, std::vector<int32_t>{1, 2, 3}, {}, {.beams = 1, .max_tokens = 9});
  auto scheduler = *Scheduler::create(*model_);
  std::vector<int32_t> greedy;
  EXPECT_TRUE(scheduler
                  ->submit({.prompt = {1, 2, 3}, .max_tokens = 9, .sampling = {.temperature = 0}},
                           [&](const Token& t) {
                             greedy.push_back(t.id);
                             return true;
                           })
                  .ok());
  while (scheduler->step()) {
  }
  EXPECT_EQ(one[0].ids, greedy);
}

// What beams have in common stands once: a prompt of many pages takes them once, not once a beam.
TEST(BeamMemory, BeamsShareThePagesOfTheirPrompt) {
  auto model = tiny_model();
  constexpr int64_t kBeams = 8;
  std::vector<int32_t> prompt(40, 3);
  auto pages = *nn::StatePool::create(model->backbone->states(), model->dtype(), SIZE_MAX);
  const size_t alone = pages->bytes_for(static_cast<int64_t>(prompt.size()) + 8);
  auto small = *Session::create(*model, {.state_bytes = alone * 6});
  auto got = beam_search(*small, prompt, {}, {.beams = kBeams, .max_tokens = 8});
  EXPECT_TRUE(got.ok()) << got.error().to_string();
  auto least = *Session::create(*model, {.state_bytes = alone});
  auto none = beam_search(*least, prompt, {}, {.beams = kBeams, .max_tokens = 8});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kOutOfMemory);
}

TEST(BeamStop, WhatRunsIsGivenUnfinished) {
  auto model = tiny_model();
  auto session = *Session::create(*model);
  StopSource stop;
  stop.request();
  auto got = beam_search(*session, std::vector<int32_t>{1, 2}, {}, {.beams = 2, .max_tokens = 9}, stop.token());
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->front().finish, chat::FinishReason::kCancelled);
}

}  // namespace
}  // namespace malmoi::infer
