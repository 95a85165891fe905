// The rules by which `malmoi tune` chooses: numbers that follow from rows, lengths, parameters and steps. docs/adapting.md has the reasons.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace malmoi::app {

/// Models up to this are trained whole: an adapter saves little of what they take.
inline constexpr int64_t kSmallModel = 100'000'000;

/// A share of rows that is held out by their places (app/train/texts.h), and how many that are.
struct HeldOutShare {
  double fraction = 0;
  uint64_t rows = 0;
};
/// A twentieth, at least 20 rows where that is no more than a fifth, at most 500; another share where equal first texts make it none or
/// most of them; never above `most`. None: all rows begin alike, or `most` leaves none.
HeldOutShare choose_held_out(std::vector<double> places, double most = 1);

/// 3 below a thousand rows (20,000 of a table), 2 below ten times as many, else 1.
double choose_epochs(uint64_t rows, bool table);

/// Rows of a step: a power of two from `least` to `most` that leaves a hundred steps, if any does.
int64_t choose_rows_per_step(uint64_t rows, double epochs, int64_t least, int64_t most);

/// Tokens of a row.
struct RowLength {
  int64_t tokens = 0;
  uint64_t cut = 0;  // rows that are longer
  int64_t longest = 0;
};
/// All of them, or 99 of 100 where the rest is much longer; at most `room`, the model's positions, and 4096. Rounded up; of packed rows
/// at least 256, so that several fit.
RowLength choose_length(const std::vector<int64_t>& lengths, int64_t room, bool packed);

/// The rate of an objective by AdamW: of all weights 2e-5 (seq2seq 5e-5, of preferences 5e-7), of small models 2.5 times that; of an
/// adapter ten times, below a hundred steps fifteen (Schulman 2025).
double choose_rate(std::string_view objective, bool adapter, int64_t parameters, int64_t steps);

/// How much likeness a scale of scores may have: 1, 5, 10, 100, or the largest score.
double scale_of_scores(double largest);

/// Ways of training in the order in which they are tried for memory (planner.h names them), and why the first comes first.
struct WaysToTry {
  std::vector<std::string_view> names;
  std::string why;
};
/// `asked`: the user's settings; `adapter` or `model.quantize` in it, null too, decide.
WaysToTry choose_ways(std::string_view objective, int64_t parameters, const Json& asked);

}  // namespace malmoi::app
