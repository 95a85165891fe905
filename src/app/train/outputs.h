// What an encoder-decoder writes for held-out rows while it learns, scored against what it should have written.
#pragma once

#include <vector>

#include "app/train/run_folder.h"
#include "app/train/tables.h"
#include "app/use/answer_all.h"
#include "base/job.h"
#include "train/loop.h"

namespace malmoi::app {

/// Scores the outputs of the first `samples.outputs` held-out rows: BLEU (13a; by characters too, which is what Korean is
/// compared by) and chrF. The outputs are greedy. All must outlive it.
class OutputMeter {
 public:
  OutputMeter(const train::TrainConfig& config, const RunFolder& folder, const Tables& tables,
              const model::Model& model, const tokenizer::Tokenizer* tokenizer, const Job& job);

  /// The names of the scores that such a run measures; none where it writes no outputs.
  static std::vector<std::string_view> scores_of(const train::TrainConfig& config, const Tables& tables,
                                                 model::Task task);

  /// Whether there is anything to score: an encoder-decoder trained on a table with held-out rows.
  bool measures() const { return !sources_.empty(); }
  /// `bleu`, `bleu_char`, `chrf`; OUT/outputs.jsonl holds {step, source, target, output} of the last call.
  Result<std::vector<train::NamedFigure>> measure(int64_t step) const;
  /// Takes about as long as measure() of a model that has begun to learn, and leaves nothing.
  Status rehearse() const;

 private:
  const RunFolder& folder_;
  const model::Model& model_;
  const tokenizer::Tokenizer* tokenizer_;
  const Job& job_;
  AnswerAllOptions options_;
  std::vector<std::string> sources_;
  std::vector<std::vector<std::string>> targets_;  // one each
};

}  // namespace malmoi::app
