// Tests of objectives that change texts before they are learned, from documents to saved models, stopped and gone on with.
#include <gmock/gmock.h>

#include "app/tokenizer/train.h"
#include "app/train/table_run.h"
#include "formats/safetensors.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Pretraining : public TableRun {
 protected:
  void SetUp() override {
    TableRun::SetUp();
    std::string lines;
    for (int i = 0; i < 60; ++i) {
      const std::string text = i % 2 ? "good film playing good films " : "bad player plays bad films ";
      lines += dump_json(Json{{"text", text + static_cast<char>('a' + i % 26)}}) + "\n";
    }
    ASSERT_TRUE(write_file(folder_ / "texts.jsonl", lines).ok());
    document_.root["data"] = {
        {"train", {(folder_ / "texts.jsonl").string()}}, {"valid_fraction", 0.5}, {"sequence_length", 16}};
    document_.root["train"] = {
        {"batch_size", 2}, {"gradient_accumulation", 2}, {"steps", 8}, {"eval_every", 4},
        {"dtype", "f32"},  {"ema_decay", 0.5},           {"seed", 3},  {"optimizer", {{"lr", 0.01}}}};
  }

  TrainReport run(const std::string& name, bool resume = false) {
    document_.root["out"] = (folder_ / name).string();
    auto report = train(document_, {.resume = resume, .trace = {}}, job_);
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return report.ok() ? *report : TrainReport();
  }
  // A run that is stopped after half of its steps.
  void run_half(const std::string& name) {
    StopSource source;
    const Job whole = job_;
    job_.stop = source.token();
    job_.message = [&](const std::string& line) {
      if (line.find("step 4/8") != std::string::npos) source.request();
    };
    document_.root["out"] = (folder_ / name).string();
    auto report = train(document_, {}, job_);
    ASSERT_FALSE(report.ok());
    ASSERT_THAT(report.error().to_string(), HasSubstr("stopped after step 4"));
    job_ = whole;
  }
  std::string weights(const std::string& run, const std::string& model) const {
    return *read_file(folder_ / run / model / "model.safetensors");
  }
  // A run that goes on from the middle learns what one that was not stopped does.
  void expect_resumes(const std::vector<std::string>& models) {
    const TrainReport whole = run("whole");
    run_half("halves");
    const TrainReport halves = run("halves", true);
    EXPECT_EQ(whole.loss, halves.loss);
    ASSERT_TRUE(whole.best && halves.best);
    EXPECT_EQ(whole.best->valid_loss, halves.best->valid_loss);
    for (const std::string& model : models) EXPECT_EQ(weights("whole", model), weights("halves", model)) << model;
  }
};

TEST_F(Pretraining, AGeneratorAndADiscriminatorLearnTogether) {
  document_.root["objective"] = {{"name", "replaced_token"}, {"rate", 0.3}, {"generator_size", 0.5}};
  document_.root["model"] = {{"architecture", "electra"}, {"hidden_size", 16},        {"num_hidden_layers", 1},
                             {"embedding_size", 8},       {"num_attention_heads", 2}, {"intermediate_size", 32}};
  document_.root["train"]["best_metric"] = "accuracy";
  expect_resumes({"model", "best", "ema", "model/generator", "best/generator", "ema/generator"});
  EXPECT_THAT(*read_file(folder_ / "whole" / "metrics.jsonl"),
              AllOf(HasSubstr("\"generator_loss\""), HasSubstr("\"valid_discriminator_loss\"")));

  auto generator = model::load_model(folder_ / "whole" / "model" / "generator", {});
  ASSERT_TRUE(generator.ok()) << generator.error().to_string();
  EXPECT_EQ((*generator)->config()["architectures"][0], "ElectraForMaskedLM");
  EXPECT_EQ((*generator)->hidden_size(), 8);
  EXPECT_EQ((*generator)->config()["intermediate_size"], 16);
  auto discriminator = model::load_model(folder_ / "whole" / "model", {});
  ASSERT_TRUE(discriminator.ok()) << discriminator.error().to_string();
  EXPECT_EQ((*discriminator)->config()["architectures"][0], "ElectraForPreTraining");
  const std::string words = "electra.embeddings.word_embeddings.weight";
  for (const char* name : {"model", "best", "ema"}) {
    auto first = formats::Safetensors::open(folder_ / "whole" / name / "model.safetensors");
    auto second = formats::Safetensors::open(folder_ / "whole" / name / "generator" / "model.safetensors");
    ASSERT_TRUE(first.ok() && second.ok()) << name;
    EXPECT_TRUE(std::ranges::equal(first->find(words)->bytes, second->find(words)->bytes)) << "one table for both";
  }
  EXPECT_NE(weights("whole", "model/generator"), weights("whole", "ema/generator"));
  EXPECT_TRUE(malmoi::exists(folder_ / "whole" / "model" / "generator" / "tokenizer.json"));

  document_.root["objective"]["generator_size"] = 1;
  document_.root["out"] = (folder_ / "halves").string();
  document_.root["train"]["steps"] = 10;
  EXPECT_THAT(train(document_, {.resume = true, .trace = {}}, job_).error().to_string(), HasSubstr("another model"));
}

TEST_F(Pretraining, ADiscriminatorGoesOnWithANewGenerator) {
  document_.root["objective"] = {{"name", "replaced_token"}};
  document_.root["model"]["architecture"] = "electra";
  run("first");
  document_.root["model"] = {{"init_from", (folder_ / "first" / "model").string()}};
  document_.root["train"]["freeze"] = {"electra.embeddings.*"};
  const TrainReport second = run("second");
  EXPECT_GT(second.predicted_memory_bytes, 0u);
  auto of = [&](const char* run, const char* model) {
    return *formats::Safetensors::open(folder_ / run / model / "model.safetensors");
  };
  const std::string words = "electra.embeddings.word_embeddings.weight";
  const auto before = of("first", "model"), after = of("second", "model/generator");
  EXPECT_TRUE(std::ranges::equal(before.find(words)->bytes, after.find(words)->bytes))
      << "what is frozen stays in both";
}

TEST_F(Pretraining, AModelWithoutAGeneratorIsNamed) {
  document_.root["objective"] = {{"name", "replaced_token"}};
  document_.root["out"] = (folder_ / "run").string();
  EXPECT_THAT(train(document_, {}, job_).error().to_string(), HasSubstr("no head for this task"));
}

TEST_F(Pretraining, SpansAreWrittenByAnEncoderDecoder) {
  ASSERT_TRUE(write_file(folder_ / "words" / "tokenizer.json", train::words_tokenizer_json("<|endoftext|>")).ok());
  document_.root["objective"] = {{"name", "span_corruption"}, {"noise_density", 0.3}, {"mean_span", 1.5}};
  document_.root["model"]["architecture"] = "t5";
  document_.root["out"] = (folder_ / "refused").string();
  EXPECT_THAT(train(document_, {}, job_).error().to_string(), HasSubstr("no sentinels"));
  auto added = add_to_tokenizer(folder_ / "words", {}, {"<extra_id_0>", "<extra_id_1>", "<extra_id_2>"}, {},
                                folder_ / "sentinels");
  ASSERT_TRUE(added.ok()) << added.error().to_string();
  document_.root["tokenizer"] = (folder_ / "sentinels").string();
  expect_resumes({"model", "best", "ema"});
  auto model = model::load_model(folder_ / "whole" / "model", {});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  EXPECT_EQ((*model)->config()["architectures"][0], "T5ForConditionalGeneration");
}

}  // namespace
}  // namespace malmoi::app
