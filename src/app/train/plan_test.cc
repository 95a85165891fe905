// What `malmoi plan` says before anything runs, of this machine and of another one.
#include "app/train/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/test_folder.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

TEST(Plan, StepsFollowFromEpochsAndMinutesAndNothingIsWritten) {
  const Path folder = test_folder("malmoi_plan");
  ASSERT_TRUE(write_file(folder / "text.txt", std::string(900, 'a') + std::string(900, 'b')).ok());
  ConfigDocument document;
  document.root = {
      {"model", {{"architecture", "llama"}, {"hidden_size", 16}, {"num_hidden_layers", 1}, {"num_attention_heads", 2}}},
      {"tokenizer", {{"type", "char"}}},
      {"data", {{"train", {(folder / "text.txt").string()}}, {"valid_fraction", 0.2}, {"sequence_length", 16}}},
      {"train", {{"batch_size", 2}, {"epochs", 2}, {"dtype", "auto"}}},
      {"out", (folder / "run").string()}};
  auto epochs = plan(document, {.rate = 1e9});
  ASSERT_TRUE(epochs.ok()) << epochs.error().to_string();
  EXPECT_NEAR(static_cast<double>(epochs->steps), 90, 2) << "1440 characters in windows of 16, two at a time, twice";
  document.root["train"].erase("epochs");
  document.root["train"]["minutes"] = 1;
  auto minutes = plan(document, {.rate = 1e9});
  ASSERT_TRUE(minutes.ok()) << minutes.error().to_string();
  EXPECT_NEAR(static_cast<double>(minutes->steps) * minutes->seconds_per_step, 60, 1);
  EXPECT_FALSE(malmoi::exists(folder / "run"));
}

TEST(Plan, WhatDoesNotFitIsPlannedAllTheSameAndForAnotherMachine) {
  ConfigDocument document;
  document.root = {{"model",
                    {{"architecture", "llama"},
                     {"hidden_size", 4096},
                     {"num_hidden_layers", 32},
                     {"num_attention_heads", 32},
                     {"vocab_size", 32000}}},
                   {"data", {{"format", "ids"}, {"train", {"ids.bin"}}, {"sequence_length", 64}}},
                   {"train", {{"batch_size", 1}, {"steps", 100}}},
                   {"out", "run"}};
  auto here = plan(document, {.memory = "16GB", .rate = 1e12});
  ASSERT_TRUE(here.ok()) << here.error().to_string();
  EXPECT_GT(here->parameters, 6'000'000'000);
  EXPECT_GT(here->memory.total(), size_t{90} << 30);
  EXPECT_GT(here->seconds_per_step, 1);
  EXPECT_THAT(here->does_not_fit, HasSubstr("16"));
  EXPECT_THAT(here->remedy, HasSubstr("the least is"));
  EXPECT_FALSE(to_json(*here)["fits"].get<bool>());
  auto elsewhere = plan(document, {.memory = "256GB", .rate = 2e12});
  ASSERT_TRUE(elsewhere.ok()) << elsewhere.error().to_string();
  EXPECT_EQ(elsewhere->does_not_fit, "");
  EXPECT_NEAR(elsewhere->seconds_per_step, here->seconds_per_step / 2, 1e-6);
  EXPECT_FALSE(plan(document, {.memory = "much", .rate = 1e12}).ok());
}

}  // namespace
}  // namespace malmoi::app
