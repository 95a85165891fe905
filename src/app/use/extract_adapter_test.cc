// Adapters made of two models: what a low rank says is found whole, and what it does not say is told.
#include "app/use/extract_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/use/test_tiny_base.h"
#include "model/merge.h"
#include "model/test_adapter.h"

namespace malmoi::app {
namespace {

using testing::Contains;
using testing::HasSubstr;

class ExtractAdapter : public TinyBase {
 protected:
  void SetUp() override {
    TinyBase::SetUp();
    const Path adapter = model::write_adapter("to_extract", model::adapter_json(),
                                              model::low_rank_tensors({{"model.layers.0.self_attn.v_proj", {16, 32}},
                                                                       {"model.layers.1.mlp.down_proj", {32, 64}}}));
    auto tuned = with_adapter(adapter);
    ASSERT_TRUE(tuned.ok()) << tuned.error().to_string();
    ASSERT_TRUE(model::merge(*tuned->model, tuned->adapted).ok());
    ASSERT_TRUE(model::save_model(*tuned->model, folder_ / "tuned").ok());
  }
  ExtractOptions options(int64_t rank) const {
    return {.base = base().string(),
            .model = (folder_ / "tuned").string(),
            .out = folder_ / "out",
            .rank = rank,
            .targets = {}};
  }
};

TEST_F(ExtractAdapter, OfItsOwnRankIsTheDifference) {
  auto report = extract_adapter(options(2), {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->modules, 14u);
  EXPECT_LT(report->error, 1e-3);
  EXPECT_TRUE(report->left.empty());
  auto tuned = model::load_model(folder_ / "tuned", {});
  ASSERT_TRUE(tuned.ok());
  auto extracted = with_adapter(folder_ / "out");
  ASSERT_TRUE(extracted.ok()) << extracted.error().to_string();
  ASSERT_TRUE(model::merge(*extracted->model, extracted->adapted).ok());
  const auto &ours = extracted->model->parameters.entries(), &theirs = (*tuned)->parameters.entries();
  for (size_t i = 0; i < ours.size(); ++i) {
    const Tensor &a = ours[i]->parameter.compute, &b = theirs[i]->parameter.compute;
    for (int64_t j = 0; j < a.elements(); ++j)
      ASSERT_NEAR(a.as<float>()[j], b.as<float>()[j], 1e-4) << ours[i]->spec.name;
  }
}

TEST_F(ExtractAdapter, TellsWhatALowerRankAndOtherTargetsLeave) {
  auto lower = extract_adapter(options(1), {});
  ASSERT_TRUE(lower.ok());
  EXPECT_GT(lower->error, 0.1);
  EXPECT_LT(lower->error, 0.9);
  ExtractOptions others = options(2);
  others.targets = {"v_proj"};
  std::vector<std::string> warnings;
  Job job;
  job.warn = [&](const std::string& line) { warnings.push_back(line); };
  auto report = extract_adapter(others, job);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->left, Contains("model.layers.1.mlp.down_proj.weight"));
  EXPECT_THAT(warnings, Contains(HasSubstr("does not hold: 1, such as")));
}

TEST_F(ExtractAdapter, WhatDoesNotFitIsNamed) {
  EXPECT_THAT(extract_adapter(options(33), {}).error().to_string(), HasSubstr("--rank"));
  ExtractOptions none = options(2);
  none.targets = {"query"};
  EXPECT_THAT(extract_adapter(none, {}).error().to_string(), HasSubstr("--target"));
  auto larger = infer::tiny_model_of({{"model_type", "llama"},
                                      {"vocab_size", 264},
                                      {"hidden_size", 32},
                                      {"intermediate_size", 32},
                                      {"num_hidden_layers", 2},
                                      {"num_attention_heads", 4}},
                                     1);
  ASSERT_TRUE(model::save_model(*larger, folder_ / "tuned").ok());
  EXPECT_THAT(extract_adapter(options(2), {}).error().to_string(), HasSubstr("other sizes"));
}

}  // namespace
}  // namespace malmoi::app
