#include "app/train/display.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"

namespace malmoi::app {

// The rate is averaged over about the last twenty steps, so that the time left does not jump.
constexpr double kNewStepShare = 0.05;

void RunDisplay::step(const train::StepMetrics& metrics) {
  if (metrics.valid_loss) valid_loss_ = metrics.valid_loss;
  double seconds = static_cast<double>(metrics.tokens) / std::max(metrics.tokens_per_second, 1e-9);
  seconds_a_step_ = seconds_a_step_ == 0 ? seconds : (1 - kNewStepShare) * seconds_a_step_ + kNewStepShare * seconds;
  write_events(metrics);
  if (metrics.valid_loss) job_.message(line(metrics));
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
  std::string valid = valid_loss_ ? fmt::format("  valid {:.4f}", *valid_loss_) : "";
  return fmt::format("step {}/{}  loss {:.4f}{}  {} tokens/s  {} left", metrics.step + 1, metrics.steps, metrics.loss,
                     valid, format_count(metrics.tokens_per_second),
                     format_duration(seconds_a_step_ * static_cast<double>(metrics.steps - metrics.step - 1)));
}

}  // namespace malmoi::app
