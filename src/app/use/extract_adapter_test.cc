// Adapters made of two models: what a low rank says is found whole, and what it does not say is told.
#include "app/use/extract_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/test_folder.h"
#include "infer/tiny_model.h"
#include "model/adapt.h"
#include "model/adapter.h"
#include "model/load.h"
#include "model/merge.h"
#include "model/save.h"
#include "model/test_adapter.h"

namespace malmoi::app {
namespace {

using testing::Contains;
using testing::HasSubstr;

class ExtractAdapter : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder("extract_adapter");
    ASSERT_TRUE(model::save_model(*infer::tiny_model(), folder_ / "base").ok());
    const Path adapter = model::write_adapter("to_extract", model::adapter_json(),
                                              model::low_rank_tensors({{"model.layers.0.self_attn.v_proj", {16, 32}},
                                                                       {"model.layers.1.mlp.down_proj", {32, 64}}}));
    auto model = model::load_model(folder_ / "base", {});
    ASSERT_TRUE(model.ok());
    auto adapted = model::adapt(**model, {&adapter, 1});
    ASSERT_TRUE(adapted.ok());
    ASSERT_TRUE(model::merge(**model, *adapted).ok());
    ASSERT_TRUE(model::save_model(**model, folder_ / "tuned").ok());
  }
  ExtractOptions options(int64_t rank) const {
    return {.base = (folder_ / "base").string(),
            .model = (folder_ / "tuned").string(),
            .out = folder_ / "out",
            .rank = rank,
            .targets = {}};
  }
  Path folder_;
};

TEST_F(ExtractAdapter, OfItsOwnRankIsTheDifference) {
  auto report = extract_adapter(options(2), {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->modules, 14u);
  EXPECT_LT(report->error, 1e-3);
  EXPECT_TRUE(report->left.empty());
  auto file = model::open_adapter(folder_ / "out");
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  auto base = model::load_model(folder_ / "base", {}), tuned = model::load_model(folder_ / "tuned", {});
  ASSERT_TRUE(base.ok() && tuned.ok());
  const Path out[] = {folder_ / "out"};
  auto adapted = model::adapt(**base, out);
  ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
  ASSERT_TRUE(model::merge(**base, *adapted).ok());
  for (size_t i = 0; i < (*base)->parameters.entries().size(); ++i) {
    const Tensor &a = (*base)->parameters.entries()[i]->parameter.compute,
                 &b = (*tuned)->parameters.entries()[i]->parameter.compute;
    for (int64_t j = 0; j < a.elements(); ++j)
      ASSERT_NEAR(a.as<float>()[j], b.as<float>()[j], 1e-4) << (*base)->parameters.entries()[i]->spec.name;
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
