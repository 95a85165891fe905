// Plans of one configuration and of others that learn the same from the same data: rows are encoded once for all of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/train/plan.h"
#include "app/train/results.h"
#include "base/config.h"
#include "base/error.h"
#include "base/job.h"
#include "tokenizer/tokenizer.h"
#include "train/config.h"

namespace malmoi::app {

class Planner {
 public:
  /// Reads what the steps of a configuration follow from. Errors: as plan().
  static Result<Planner> open(const ConfigDocument& document, const PlanOptions& options, const StopToken& stop);

  /// Of the configuration that it was opened with, or of one with another adapter, other blocks, another batch or another
  /// length of the run.
  Result<PlanReport> plan(const ConfigDocument& document) const;

  uint64_t valid_tokens() const { return valid_tokens_; }  // of tables and chats, held out

 private:
  Planner() = default;
  double rate(const train::TrainConfig& config, int64_t width) const;

  PlanOptions options_;
  StopToken stop_;
  int64_t machine_memory_ = 0, length_ = 0;
  uint64_t rows_ = 0, valid_tokens_ = 0;  // of tables and chats
  bool negatives_ = false;                // of contrastive learning: rows have a third text
  double row_tokens_ = 0;                 // of one of these rows, on average: they are not padded
  std::unique_ptr<tokenizer::Tokenizer> tokenizer_;
  std::vector<std::string> labels_;
  mutable std::map<Precision, double> rates_;  // measured once: of the first plan's sizes
};

/// The same configuration by all weights, by an adapter, and by an adapter around a base in blocks.
struct TrainingWay {
  std::string_view name;
  ConfigDocument document;
};
std::vector<TrainingWay> ways_of(const ConfigDocument& document);

/// Which of them a configuration is.
std::string_view way_name(const ConfigDocument& document);
inline constexpr std::string_view kFullWay = "full", kLoraWay = "LoRA", kQloraWay = "QLoRA";

}  // namespace malmoi::app
