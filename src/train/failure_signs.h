// Signs by which training is known to go wrong, in what its steps tell.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "train/metrics_file.h"

namespace malmoi::train {

/// Looks at each step's metrics for: groups of equal rewards, answers that are cut off, rewards that rise with the length of
/// answers, a model far from its reference, a loss of 0, pairs that are told apart from the beginning. Each is told once.
class FailureSigns {
 public:
  /// What this step is the first to show, and what to do about it; mostly nothing. Steps come in their order.
  std::vector<std::string> add(const StepMetrics& metrics);

 private:
  // Whether something held for so many steps in a row, the first time that it did.
  class Streak {
   public:
    bool add(bool holds);

   private:
    int64_t length_ = 0;
    bool told_ = false;
  };
  struct Answers {
    double reward = 0, tokens = 0;
  };

  void look_at_rollouts(const StepMetrics& metrics, std::vector<std::string>& signs);
  void look_at_lengths(const StepMetrics& metrics, std::vector<std::string>& signs);
  void look_at_pairs(const StepMetrics& metrics, std::vector<std::string>& signs);

  Streak equal_rewards_, truncated_, far_, no_loss_;
  std::deque<Answers> answers_;  // of the last steps
  bool told_lengths_ = false;
  bool begun_ = false,
       from_the_beginning_ = false;  // the run's first step was seen, and pairs were told apart in all since
  int64_t sure_steps_ = 0;
};

}  // namespace malmoi::train
