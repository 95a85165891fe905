// Runs with train.quantize_aware: what they measure is what a packed file of their model gives, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "app/train/plan.h"
#include "app/train/small_run.h"
#include "model/load.h"
#include "model/save.h"
#include "quantize/model_contents.h"
#include "quantize/type_choice.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

class QuantizeAware : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    document_.root["model"]["hidden_size"] = 64;
    document_.root["model"]["intermediate_size"] = 96;
    document_.root["train"].erase("ema_decay");
    document_.root["train"]["eval_every"] = 4;
    document_.root["train"]["optimizer"] = {{"lr", 0.01}};
  }
  // The loss on what is held out, at the end of a run.
  double valid_loss() const {
    double loss = 0;
    for (const Json& row : metrics_in(folder_ / "run")) {
      if (row.contains("valid_loss")) loss = row["valid_loss"].get<double>();
    }
    return loss;
  }
  // The same of a model that is not trained further, on the ids of the first run.
  double loss_of(const Path& model) {
    ConfigDocument document;
    document.root = {{"model", {{"init_from", model.string()}}},
                     {"data",
                      {{"format", "ids"},
                       {"train", {(folder_ / "run" / "data" / "train.bin").string()}},
                       {"valid", {(folder_ / "run" / "data" / "valid.bin").string()}},
                       {"sequence_length", 16}}},
                     {"train", {{"batch_size", 2}, {"steps", 1}, {"dtype", "f32"}, {"optimizer", {{"lr", 0}}}}},
                     {"out", (folder_ / ("of-" + model.filename().string())).string()}};
    auto report = train(document, {}, job_);
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    if (!report.ok()) return 0;
    return report->before["valid_loss"].get<double>();
  }
};

// A model as `malmoi quantize --type q4_0` writes it, and that as a folder again.
void unpack_packed(const Path& from, const Path& to) {
  const Path file = Path(to).replace_extension(".gguf");
  auto model = model::load_model(from, {});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  auto contents = quantize::contents_of(std::shared_ptr<const model::Model>(std::move(*model)));
  ASSERT_TRUE(contents.ok()) << contents.error().to_string();
  auto choice = quantize::choose_types(*contents, "q4_0", {});
  ASSERT_TRUE(choice.ok());
  ASSERT_TRUE(quantize::write_contents(file, *contents, choice->types, {}, [](size_t, double) {}).ok());
  auto packed = model::load_model(file, {.keep_packed = false});
  ASSERT_TRUE(packed.ok()) << packed.error().to_string();
  ASSERT_TRUE(model::save_model(**packed, to, DType::kF32).ok());
}

TEST_F(QuantizeAware, MeasuresWhatThePackedFileGives) {
  document_.root["train"]["quantize_aware"] = {{"type", "q4_0"}};
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  const Path model = folder_ / "run" / "model", unpacked = folder_ / "unpacked";
  unpack_packed(model, unpacked);
  EXPECT_NEAR(loss_of(unpacked), valid_loss(), 1e-5);
  EXPECT_GT(std::abs(loss_of(model) - valid_loss()), 1e-5) << "the saved model is the one that moves";
}

TEST_F(QuantizeAware, TakesACopyWhereProductsAreF32) {
  auto weights = [&](const char* dtype) {
    document_.root["train"]["dtype"] = dtype;
    auto planned = plan(document_, {.rate = 1e12});
    EXPECT_TRUE(planned.ok()) << planned.error().to_string();
    return planned.ok() ? planned->memory.weights : 0;
  };
  const size_t plain = weights("f32"), plain_bf16 = weights("bf16");
  document_.root["train"]["quantize_aware"] = {{"type", "q8_0"}};
  EXPECT_GT(weights("f32"), plain);
  EXPECT_EQ(weights("bf16"), plain_bf16);
}

TEST_F(QuantizeAware, WhatCannotBeRoundedIsSaid) {
  document_.root["train"]["quantize_aware"] = {{"type", "q8_0"}, {"skip", {"lm_heed"}}};
  EXPECT_THAT(train(document_, {}, job_).error().to_string(), HasSubstr("'lm_heed' fits no module"));
  document_.root["train"]["quantize_aware"] = {{"type", "q8_0"}};
  document_.root["model"]["hidden_size"] = 24;
  document_.root["model"]["intermediate_size"] = 40;
  document_.root["out"] = (folder_ / "narrow").string();
  EXPECT_THAT(train(document_, {}, job_).error().to_string(), HasSubstr("none of the model's matrices"));
}

}  // namespace
}  // namespace malmoi::app
