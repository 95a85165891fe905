// What the model says while it learns: continuations of the configured prompts after each evaluation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/train/run_folder.h"
#include "base/job.h"
#include "chat/chat_template.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"

namespace malmoi::app {

class SampleWriter {
 public:
  /// `tokenizer` may be null: then there are no samples. All must outlive the writer.
  SampleWriter(const train::TrainConfig& config, const RunFolder& folder, const model::Model& model,
               const tokenizer::Tokenizer* tokenizer, const Job& job)
      : config_(config), folder_(folder), model_(model), tokenizer_(tokenizer), job_(job) {}

  /// Once it is known after how many steps this call goes on: what an earlier call wrote of later steps is taken back.
  void begin(int64_t done);
  /// Appends a line for each prompt, {step, prompt, text}, to OUT/samples.jsonl; `step` steps are done.
  void write(int64_t step);

  struct Sample {
    std::string prompt, text;
  };
  /// What the model as it is makes of each prompt; none where it writes no text.
  std::vector<Sample> texts() const;

 private:
  std::vector<int32_t> ask(const chat::ChatTemplate& chat_template, const std::string& question,
                           std::vector<int32_t>& ends) const;

  const train::TrainConfig& config_;
  const RunFolder& folder_;
  const model::Model& model_;
  const tokenizer::Tokenizer* tokenizer_;
  const Job& job_;
  bool begun_ = false;
};

}  // namespace malmoi::app
