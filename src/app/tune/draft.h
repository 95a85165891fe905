// A training configuration as tune writes it: from what the data and the model are, with the user's own settings over it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/train/results.h"
#include "app/tune/goal.h"
#include "app/tune/rules.h"
#include "app/tune/survey.h"
#include "base/config.h"
#include "base/error.h"

namespace malmoi::app {

/// One choice, for people and for the head of the file.
struct TuneChoice {
  std::string what, chosen, why;
};

/// What the draft is made of.
struct DraftInput {
  TuneGoal goal = TuneGoal::kChat;
  const Survey& survey;
  std::string model, data, out;  // as the file shall name them
  int64_t parameters = 0, max_positions = 0;
  std::vector<std::string> assignments;  // KEY=VALUE, of the user
  Json asked = Json::object();           // the same as one object
};

class Draft {
 public:
  /// Chooses all that does not follow from memory and speed.
  static Draft make(const DraftInput& input);

  /// The configuration of a way of training (planner.h), to be planned: the batch may be parted to fit `memory_limit` bytes, unless the
  /// user said a batch. Errors: an assignment that is none.
  Result<ConfigDocument> planned(std::string_view way, int64_t memory_limit) const;
  /// The same with what followed from its plan: batch, checkpointing, rate, warm-up, evaluations. `minutes` above 0: the run has so many
  /// in place of its epochs.
  Result<ConfigDocument> finished(std::string_view way, const PlanReport& plan, double minutes) const;

  /// Halves the rows of a step whose rows are compared with each other, and can therefore not be parted. False: they are few already.
  bool halve_batch();
  bool parts_batch() const;  // whether a step may be parted

  std::vector<TuneChoice> choices;  // as far as they are made

 private:
  explicit Draft(const DraftInput& input) : input_(input) {}
  void choose_data();
  void choose_objective();
  void choose_steps();
  Json for_way(std::string_view way) const;
  Result<ConfigDocument> with_asked(Json root) const;
  bool asks(std::string_view section, std::string_view key) const;

  DraftInput input_;
  Json root_;
  int64_t rows_per_step_ = 0;
  double epochs_ = 0;
};

/// A configuration as YAML: `heads` as comments, then its sections as blocks.
std::string yaml_text(const Json& root, const std::vector<std::string>& heads);

}  // namespace malmoi::app
