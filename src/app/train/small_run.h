// What tests of whole runs share: a run of seconds over a short text, in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/train/train.h"
#include "base/file.h"
#include "base/test_folder.h"

namespace malmoi::app {

class SmallRun : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder(testing::UnitTest::GetInstance()->current_test_info()->test_suite_name());
    std::string text;
    for (int i = 0; i < 40; ++i) text += "the quick brown fox jumps over the lazy dog. ";
    ASSERT_TRUE(write_file(folder_ / "text.txt", text).ok());
    document_.root = {
        {"model",
         {{"architecture", "llama"}, {"hidden_size", 16}, {"num_hidden_layers", 1}, {"num_attention_heads", 2}}},
        {"tokenizer", {{"type", "char"}}},
        {"data", {{"train", {(folder_ / "text.txt").string()}}, {"valid_fraction", 0.2}, {"sequence_length", 16}}},
        {"train", {{"batch_size", 2}, {"steps", 4}, {"eval_every", 2}, {"dtype", "f32"}, {"ema_decay", 0.5}}},
        {"samples", {{"prompts", {"the"}}, {"tokens", 3}}},
        {"out", (folder_ / "run").string()}};
    job_.message = [this](const std::string& line) { messages_.push_back(line); };
  }

  Path folder_;
  ConfigDocument document_;
  Job job_;
  std::vector<std::string> messages_;
};

}  // namespace malmoi::app
