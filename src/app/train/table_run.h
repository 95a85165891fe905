// What tests on tables share: a classifier of good and bad films, learned from rows in seconds.
#pragma once

#include "app/train/small_run.h"
#include "train/test_words.h"

namespace malmoi::app {

class TableRun : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    ASSERT_TRUE(make_folder(folder_ / "words").ok());
    ASSERT_TRUE(write_file(folder_ / "words" / "tokenizer.json", train::words_tokenizer_json()).ok());
    std::string rows = "id\tdocument\tlabel\n";
    for (int i = 0; i < 60; ++i)
      rows += std::to_string(i) + (i % 2 ? "\tgood film playing\tyes\n" : "\tbad film players\tno\n");
    ASSERT_TRUE(write_file(folder_ / "train.tsv", rows).ok());
    ASSERT_TRUE(write_file(folder_ / "valid.tsv", rows).ok());
    document_.root = {
        {"objective", {{"name", "classification"}}},
        {"model",
         {{"architecture", "bert"}, {"hidden_size", 16}, {"num_hidden_layers", 1}, {"num_attention_heads", 2}}},
        {"tokenizer", (folder_ / "words").string()},
        {"data",
         {{"format", "table"},
          {"train", {(folder_ / "train.tsv").string()}},
          {"valid", {(folder_ / "valid.tsv").string()}},
          {"columns", {{"text", "document"}}},
          {"sequence_length", 16}}},
        {"train",
         {{"batch_size", 4},
          {"steps", 60},
          {"eval_every", 20},
          {"dtype", "f32"},
          {"best_metric", "f1"},
          {"optimizer", {{"lr", 0.01}}}}},
        {"out", (folder_ / "run").string()}};
    job_.warn = [this](const std::string& line) { messages_.push_back(line); };
  }
  // What a run of the document says.
  std::string refusal() {
    std::filesystem::remove_all(folder_ / "run");
    auto report = train(document_, {}, job_);
    return report.ok() ? "accepted" : report.error().to_string();
  }
};

}  // namespace malmoi::app
