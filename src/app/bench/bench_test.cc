// Tests of the benches: figures of every kind, and what does not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/bench/infer.h"
#include "app/bench/train.h"

namespace malmoi::app {
namespace {

void expect_spread(const Spread& figures) {
  EXPECT_GT(figures.min, 0);
  EXPECT_LE(figures.min, figures.median);
  EXPECT_LE(figures.median, figures.max);
}

const Path kModel = Path(MALMOI_TEST_DATA) / "train/llama-tiny/init";

TEST(Bench, ReadingAndWritingTokens) {
  BenchInferOptions o{.model = kModel, .prompt = 6, .generate = 3, .batch = 2, .depth = 4, .repeat = 2};
  auto both = bench_infer(o);
  ASSERT_TRUE(both.ok()) << both.error().to_string();
  expect_spread(*both->prompt_tokens_per_second);
  expect_spread(*both->generated_tokens_per_second);
  o.prompt = 0;
  EXPECT_FALSE(bench_infer(o)->prompt_tokens_per_second);
  EXPECT_FALSE(to_json(*bench_infer(o)).contains("prompt_tokens_per_second"));
  o.depth = 1 << 20;
  EXPECT_THAT(bench_infer(o).error().to_string(), testing::HasSubstr("positions; lower them"));
}

TEST(Bench, Memory) { expect_spread(bench_memory(2, 1 << 20)->read_gb_per_second); }

TEST(Bench, StepsAndTheirProducts) {
  BenchTrainOptions o{.config = kModel / "config.json", .batch = 2, .sequence_length = 8, .steps = 2, .warmup = 1};
  for (Precision p : {Precision::kBF16, Precision::kF32}) {
    o.precision = p;
    expect_spread(bench_train(o, {})->tokens_per_second);
    expect_spread(bench_gemm(o)->gflops_per_second);
  }
}

TEST(Bench, StepsOfEveryObjectiveAndTheTokensThatTheyRead) {
  for (std::string_view objective : kBenchObjectives) {
    const Path models = Path(MALMOI_TEST_DATA) / "models";
    const Path model = objective == "masked_lm" ? models / "bert" : objective == "seq2seq" ? models / "bart" : kModel;
    BenchTrainOptions o{.config = model / "config.json",
                        .objective = std::string(objective),
                        .batch = 2,
                        .sequence_length = 8,
                        .steps = 2,
                        .warmup = 0};
    auto figures = bench_train(o, {});
    ASSERT_TRUE(figures.ok()) << objective << ": " << figures.error().to_string();
    const double tokens = figures->tokens_per_second.max * figures->step_seconds.min;
    EXPECT_NEAR(tokens, objective == "seq2seq" ? 32 : 16, 1e-6) << objective;
    EXPECT_GT(figures->loss, 1) << "of a model that knows nothing";
    expect_spread(bench_gemm(o)->gflops_per_second);
  }
}

}  // namespace
}  // namespace malmoi::app
