// Tests of fitting a step into memory: the largest batch that fits, batches beyond all memory, and a stop.
#include "app/train/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/tiny_model.h"

namespace malmoi::app {
namespace {

using autograd::Checkpointing;
using testing::AllOf;
using testing::HasSubstr;

class Fit : public testing::Test {
 protected:
  void SetUp() override {
    config_.precision = Precision::kF32;
    config_.batch_size = 12;
    config_.gradient_accumulation = 5;
    config_.data.sequence_length = 32;
  }
  size_t bytes_of(int64_t batch, Checkpointing level) const {
    return train::plan_memory({.model = *model_,
                               .objective = *objective_,
                               .optimizer = config_.optimizer,
                               .batch_size = batch,
                               .sequence_length = config_.data.sequence_length,
                               .checkpointing = level})
        .total();
  }
  Result<FittedMemory> fit(const StopToken& stop = {}) { return fit_memory(*model_, *objective_, config_, stop); }
  std::string refusal() {
    auto fitted = fit();
    return fitted.ok() ? "accepted" : fitted.error().to_string();
  }

  std::unique_ptr<model::Model> model_ = infer::tiny_model();
  std::unique_ptr<train::Objective> objective_ = train::make_objective({});
  train::TrainConfig config_;
};

TEST(MemoryPlans, AModelThatIsLetGoCountsWhereItIsMoreThanAStep) {
  train::MemoryPlan plan{.weights = 100, .gradients = 10, .optimizer = 20, .activations = 30, .process = 1};
  EXPECT_EQ(plan.total(), 161u);
  plan.asked = 50;
  EXPECT_EQ(plan.total(), 161u);
  plan.asked = 70;
  EXPECT_EQ(plan.total(), 171u);
}

TEST_F(Fit, TheLargestBatchThatKeepsTheStepIsChosen) {
  for (int64_t batch : {12, 10, 6, 5, 4, 3, 2, 1}) {
    for (auto level : {Checkpointing::kCheap, Checkpointing::kBlock}) {
      SetUp();
      config_.memory_limit = static_cast<int64_t>(bytes_of(batch, level));
      config_.checkpointing = level;
      auto fitted = fit();
      ASSERT_TRUE(fitted.ok()) << fitted.error().to_string();
      EXPECT_EQ(config_.batch_size, batch) << level_name(level);
      EXPECT_EQ(config_.sequences_per_step(), 60) << "a step stays what it was";
      EXPECT_EQ(fitted->level, level);
    }
  }
  SetUp();
  config_.memory_limit = static_cast<int64_t>(bytes_of(12, Checkpointing::kBlock));
  config_.checkpointing = {};
  EXPECT_EQ(fit()->level, Checkpointing::kBlock) << "rather than a smaller batch";
  config_.memory_limit = 1000;
  EXPECT_THAT(refusal(), AllOf(HasSubstr("train.batch_size"), HasSubstr("smaller model")));
}

// A rehearsal of these would need more memory than there is for its ids alone.
TEST_F(Fit, AnAbsurdBatchIsRefusedBeforeItIsRehearsed) {
  config_.batch_size = 1 << 20;
  config_.gradient_accumulation = 1;
  config_.data.sequence_length = 1 << 20;
  EXPECT_THAT(refusal(), AllOf(HasSubstr("train.batch_size"), HasSubstr("1048576 sequences")));
  config_.data.sequence_length = 1 << 10;
  config_.memory_limit = static_cast<int64_t>(bytes_of(4, Checkpointing::kCheap));
  config_.checkpointing = Checkpointing::kCheap;
  ASSERT_TRUE(fit().ok()) << "who names a limit has one chosen";
  EXPECT_EQ(config_.batch_size, 4);
  EXPECT_EQ(config_.sequences_per_step(), 1 << 20);
}

TEST_F(Fit, AStopEndsTheSearch) {
  StopSource source;
  source.request();
  config_.memory_limit = static_cast<int64_t>(bytes_of(1, Checkpointing::kCheap));
  auto fitted = fit(source.token());
  ASSERT_FALSE(fitted.ok());
  EXPECT_EQ(fitted.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace malmoi::app
