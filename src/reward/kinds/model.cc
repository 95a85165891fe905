// model: what a model says that learned from preferences (objective: reward).
#include "reward/model_judge.h"
#include "reward/row_reward.h"

namespace malmoi::reward::model {
namespace {

class ModelReward final : public Reward {
 public:
  explicit ModelReward(ConfigReader& reader) {
    options_.model = reader.text("model", "");
    options_.chat_template = reader.text("chat_template", "auto");
    options_.batch_size = reader.integer("batch_size", 8, 1, 4096);
    options_.halves = reader.choice("dtype", {"bf16", "f32"}, 0) == 0;
    if (options_.model.empty()) reader.fail("model", "no model is named", "write the folder of a reward model");
  }

  Status open_model(const OpenJudge& open) override {
    MALMOI_ASSIGN(judge_, open(options_));
    return {};
  }

  Status begin() override { return judge_ ? Status() : internal_error("its model was not opened", options_.model); }

  Status check_row(const Json& row) const override {
    MALMOI_TRY(column_value(row, "prompt"));
    return {};
  }

  Result<RewardResult> judge(std::span<const RewardInput> batch, const StopToken& stop) override {
    MALMOI_TRY(begin());
    return judge_->judge(batch, stop);
  }

 private:
  JudgeOptions options_;
  std::unique_ptr<ModelJudge> judge_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "model",
    .summary = "what a reward model says, trained by objective: reward",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<ModelReward>(reader); }};

}  // namespace malmoi::reward::model
