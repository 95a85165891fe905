// A trained model that says what answers are worth, as rewards see it: whoever has models opens it (app/reward/folder_judge.h). What stands
// here needs none, so that rules are built and tested without the layers of tensors and models.
#pragma once

#include <memory>
#include <string>

#include "reward/reward.h"

namespace malmoi::reward {

/// What a reward's configuration says of a model.
struct JudgeOptions {
  std::string model;                   // a folder, or a name of the store
  std::string chat_template = "auto";  // its own, or the plain one where it has none; plain; or a file
  int64_t batch_size = 8;              // answers of one pass
  bool halves = true;                  // its products are of bf16, else of f32
};

/// One thread at a time.
class ModelJudge {
 public:
  virtual ~ModelJudge() = default;
  /// As Reward::judge().
  virtual Result<RewardResult> judge(std::span<const RewardInput> batch, const StopToken& stop) = 0;
};

}  // namespace malmoi::reward
