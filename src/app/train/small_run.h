// What tests of whole runs share: a run of seconds over a short text, in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "app/train/train.h"
#include "base/file.h"
#include "base/json.h"
#include "base/test_folder.h"

namespace malmoi::app {

/// The lines of a run's metrics.jsonl.
inline std::vector<Json> metrics_in(const Path& run) {
  std::vector<Json> rows;
  const auto text = read_file(run / "metrics.jsonl");
  EXPECT_TRUE(text.ok()) << text.error().to_string();
  if (!text.ok()) return rows;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) rows.push_back(*parse_json(line, "metrics"));
  return rows;
}

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
  /// Trains the document.
  void train_base() {
    auto report = train(document_, {}, job_);
    ASSERT_TRUE(report.ok()) << report.error().to_string();
  }
  /// A run of f32 steps of four rows that begins with the model of train_base(), as far as such runs are alike.
  ConfigDocument run_from_base(const std::string& out, int64_t steps) const {
    ConfigDocument document;
    document.root = {
        {"model", {{"init_from", (folder_ / "run" / "model").string()}}},
        {"train", {{"batch_size", 4}, {"steps", steps}, {"dtype", "f32"}, {"schedule", {{"name", "constant"}}}}},
        {"out", (folder_ / out).string()}};
    return document;
  }
  /// The metrics of a run that has just been trained by a document.
  std::vector<Json> metrics_of(const ConfigDocument& document, bool resume = false) const {
    auto report = train(document, {.resume = resume}, job_);
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return metrics_in(document.root["out"].get<std::string>());
  }

  Path folder_;
  ConfigDocument document_;
  Job job_;
  std::vector<std::string> messages_;
};

}  // namespace malmoi::app
