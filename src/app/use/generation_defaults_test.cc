// What a model's folder says of generation, and what was given against it.
#include "app/use/generation_defaults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "infer/tiny_model.h"

namespace malmoi::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const char* const kTranslator = R"({"num_beams": 6, "max_length": 512, "bad_words_ids": [[58100], [7, 8]],
  "forced_eos_token_id": 0, "renormalize_logits": true, "early_stopping": "never", "length_penalty": 0.6,
  "no_repeat_ngram_size": 3, "forced_bos_token_id": 9, "num_return_sequences": 2, "min_length": 5, "temperature": 0.7})";

class Defaults : public testing::Test {
 protected:
  GenerateOptions options_of(const std::string& fields, const model::Model& model,
                             std::set<std::string_view> given = {}) {
    Status status = add_generation_defaults(
        *parse_json(fields, "test"), model, [&](std::string_view name) { return given.contains(name); }, options_,
        [this](const std::string& line) { warnings_ += line + "\n"; });
    problem_ = status.ok() ? "" : status.error().to_string();
    return options_;
  }
  std::unique_ptr<model::Model> answers_ = infer::tiny_encoder_decoder(), goes_on_ = infer::tiny_model();
  GenerateOptions options_;
  std::string warnings_, problem_;
};

TEST_F(Defaults, OfATranslator) {
  const GenerateOptions o = options_of(kTranslator, *answers_);
  EXPECT_EQ(problem_, "");
  EXPECT_EQ(warnings_, "");
  EXPECT_EQ(o.answers.beams, 6);
  EXPECT_EQ(o.answers.n_best, 2);
  EXPECT_EQ(o.answers.length_penalty, 0.6);
  EXPECT_EQ(o.answers.early_stopping, infer::EarlyStopping::kNever);
  EXPECT_TRUE(o.answers.renormalise);
  EXPECT_EQ(o.max_tokens, 511) << "the token that the decoder begins with counts, too";
  EXPECT_EQ(o.sampling.temperature, 0) << "nothing is drawn where do_sample does not say so";
  EXPECT_THAT(o.answers.rules.bad_words, ElementsAre(ElementsAre(58100), ElementsAre(7, 8)));
  EXPECT_THAT(o.answers.rules.forced_eos_token_ids, ElementsAre(0));
  EXPECT_EQ(o.answers.rules.forced_bos_token_id, 9);
  EXPECT_EQ(o.answers.rules.no_repeat_ngram_size, 3);
  EXPECT_EQ(o.answers.rules.min_length, 5);
}

TEST_F(Defaults, WhatIsGivenStays) {
  options_.answers.beams = 2;
  options_.answers.rules.no_repeat_ngram_size = 1;
  options_.max_tokens = 7;
  const GenerateOptions o = options_of(kTranslator, *answers_, {"beams", "no-repeat-ngram", "max-tokens"});
  EXPECT_EQ(o.answers.beams, 2);
  EXPECT_EQ(o.answers.rules.no_repeat_ngram_size, 1);
  EXPECT_EQ(o.max_tokens, 7);
}

TEST_F(Defaults, ATemperatureAsksForOnePath) {
  options_.sampling.temperature = 0.9;
  const GenerateOptions o = options_of(kTranslator, *answers_, {"temperature"});
  EXPECT_EQ(o.answers.beams, 1);
  EXPECT_EQ(o.answers.n_best, 1);
  EXPECT_EQ(o.sampling.temperature, 0.9);
  options_.answers.beams = 4;
  options_of(kTranslator, *answers_, {"temperature", "beams"});
  EXPECT_THAT(problem_, HasSubstr("--temperature"));
}

TEST_F(Defaults, OfADecoderThatIsToSample) {
  const GenerateOptions o =
      options_of(R"({"do_sample": true, "temperature": 0.6, "top_p": 0.9, "max_length": 4096})", *goes_on_);
  EXPECT_EQ(o.sampling.temperature, 0.6);
  EXPECT_EQ(o.sampling.top_p, 0.9);
  EXPECT_EQ(o.max_tokens, GenerateOptions().max_tokens) << "the length of a whole context is no length of an answer";
  EXPECT_EQ(options_of(R"({"do_sample": true, "typical_p": 0.4})", *goes_on_).sampling.typical_p, 0.4);
  options_.sampling.typical_p = 0.7;
  EXPECT_EQ(options_of(R"({"typical_p": 0.4})", *goes_on_, {"typical-p"}).sampling.typical_p, 0.7);
  EXPECT_EQ(warnings_, "");
  EXPECT_EQ(options_of(R"({"do_sample": false})", *goes_on_).sampling.temperature, 0);
  EXPECT_EQ(options_of("{}", *goes_on_).sampling.temperature, 1);
}

TEST_F(Defaults, NoEndIsForcedWhereItIsIgnored) {
  options_.ignore_eos = true;
  EXPECT_TRUE(options_of(kTranslator, *answers_).answers.rules.forced_eos_token_ids.empty());
}

TEST_F(Defaults, WhatIsNotSupportedIsWarnedOfAndWhatIsWrongRefused) {
  options_of(R"({"guidance_scale": 1.5, "typical_p": 1.0, "num_beam_groups": 3})", *answers_);
  EXPECT_THAT(warnings_, HasSubstr("guidance_scale"));
  EXPECT_THAT(warnings_, HasSubstr("num_beam_groups"));
  EXPECT_THAT(warnings_, testing::Not(HasSubstr("typical_p")));
  options_of(R"({"early_stopping": "maybe"})", *answers_);
  EXPECT_THAT(problem_, HasSubstr("early_stopping"));
}

}  // namespace
}  // namespace malmoi::app
