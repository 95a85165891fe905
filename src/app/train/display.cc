#include "app/train/display.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"

namespace malmoi::app {

namespace {

// The rate is averaged over about the last twenty steps, so that the time left does not jump.
constexpr double kNewStepShare = 0.05;
// Of sampled answers the loss says nothing, and these all.
constexpr std::string_view kReward = "reward", kHeldOutReward = "valid_reward";

bool is_evaluated(const train::StepMetrics& metrics) {
  return metrics.valid_loss ||
         std::ranges::any_of(metrics.figures, [](const auto& figure) { return figure.first == kHeldOutReward; });
}

}  // namespace

void RunDisplay::step(const train::StepMetrics& metrics) {
  if (metrics.valid_loss) valid_loss_ = metrics.valid_loss;
  double seconds = static_cast<double>(metrics.tokens) / std::max(metrics.tokens_per_second, 1e-9);
  seconds_a_step_ = seconds_a_step_ == 0 ? seconds : (1 - kNewStepShare) * seconds_a_step_ + kNewStepShare * seconds;
  write_events(metrics);
  if (is_evaluated(metrics)) job_.message(line(metrics));
  else if (job_.progress.due()) job_.progress(line(metrics));
}

void RunDisplay::evaluation(int64_t done, int64_t total) const {
  if (job_.progress.due()) job_.progress(fmt::format("validation: {} of {}", done, total));
}

void RunDisplay::write_events(const train::StepMetrics& metrics) {
  if (!begun_) {
    begun_ = true;
    // What an earlier call wrote of this step and later ones is taken back.
    auto board = formats::TensorboardWriter::create(folder_.path(), metrics.step);
    if (board.ok()) board_.emplace(std::move(*board));
    else job_.warn(board.error().to_string());
  }
  if (!board_) return;
  auto scalar = [&](const char* name, double value) {
    (void)board_->scalar(name, metrics.step, static_cast<float>(value));
  };
  scalar("loss/train", metrics.loss);
  scalar("grad_norm", metrics.grad_norm);
  scalar("lr", metrics.lr);
  scalar("tokens_per_second", metrics.tokens_per_second);
  if (metrics.valid_loss) scalar("loss/valid", *metrics.valid_loss);
  for (const auto& [name, value] : metrics.figures) scalar(name.c_str(), value);
}

std::string RunDisplay::line(const train::StepMetrics& metrics) const {
  std::string told = valid_loss_ ? fmt::format("  valid {:.4f}", *valid_loss_) : "";
  for (const auto& [name, value] : metrics.figures) {
    if (name == kReward || name == kHeldOutReward) told += fmt::format("  {} {:.4f}", name, value);
  }
  return fmt::format("step {}/{}  loss {:.4f}{}  {} tokens/s  {} left", metrics.step + 1, metrics.steps, metrics.loss,
                     told, format_count(metrics.tokens_per_second),
                     format_duration(seconds_a_step_ * static_cast<double>(metrics.steps - metrics.step - 1)));
}

}  // namespace malmoi::app
