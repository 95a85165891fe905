#include "app/tune/rules.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "app/train/planner.h"
#include "base/json_read.h"
#include "base/log.h"
#include "train/chat_encoder.h"
#include "train/objective.h"

namespace malmoi::app {
namespace {

constexpr double kHeldOutShare = 0.05, kLargestHeldOutShare = 0.2;
constexpr uint64_t kLeastHeldOut = 20, kMostHeldOut = 500;
constexpr double kWantedSteps = 100;
constexpr int64_t kLongestRow = 4096;

uint64_t places_below(const std::vector<double>& sorted, double fraction) {
  return static_cast<uint64_t>(std::ranges::lower_bound(sorted, fraction) - sorted.begin());
}

// Four digits are enough to be read, and hold out about as many.
double in_four_digits(double fraction) {
  constexpr double kDigits = 1e4;
  return std::max(std::round(fraction * kDigits), 1.0) / kDigits;
}

// As people write it: 5e-06, not 4.9999999999999996e-06.
double in_three_digits(double number) {
  const std::string text = fmt::format("{:.3g}", number);
  double rounded = number;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

int64_t rounded_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// The objective stands in the table.
bool compares_answers(std::string_view objective) {
  const train::ObjectiveEntry& entry = train::objective_entry(objective);
  const auto use = train::chat_use(entry.arrays);
  return entry.task == model::Task::kCausalLm && use && *use != train::ChatUse::kConversations;
}

bool asks_reference(std::string_view objective) {
  return train::beside({.name = std::string(objective)}) == train::Beside::kReference;
}

bool says_null(const Json& object, const char* key) { return object.contains(key) && object[key].is_null(); }

}  // namespace

HeldOutShare choose_held_out(std::vector<double> places, double most) {
  std::ranges::sort(places);
  const auto rows = static_cast<double>(places.size());
  const double least = std::min(static_cast<double>(kLeastHeldOut), kLargestHeldOutShare * rows);
  const double wanted = std::clamp(kHeldOutShare * rows, least, static_cast<double>(kMostHeldOut));
  HeldOutShare share{.fraction = std::min(in_four_digits(wanted / std::max(rows, 1.0)), most)};
  share.rows = places_below(places, share.fraction);
  if (share.rows > 0 && share.rows * 2 <= places.size()) return share;
  // The first place above what is wanted, at which another text begins.
  for (size_t i = 1; i < places.size(); ++i) {
    if (places[i] == places[i - 1] || static_cast<double>(i) + 1 < wanted) continue;
    if (i * 2 > places.size()) break;
    constexpr double kMostFraction = 0.9;  // that a configuration takes
    const double between = (places[i - 1] + places[i]) / 2;
    return between > 0 && between <= std::min(kMostFraction, most) ? HeldOutShare{between, i} : HeldOutShare{};
  }
  return {};
}

double choose_epochs(uint64_t rows, bool table) {
  const uint64_t few = table ? 20'000 : 1000;
  return rows < few ? 3 : rows < 10 * few ? 2 : 1;
}

int64_t choose_rows_per_step(uint64_t rows, double epochs, int64_t least, int64_t most) {
  const double fit = static_cast<double>(rows) * epochs / kWantedSteps;
  int64_t chosen = least;
  while (chosen * 2 <= most && static_cast<double>(chosen) * 2 <= fit) chosen *= 2;
  return chosen;
}

RowLength choose_length(const std::vector<int64_t>& lengths, int64_t room, bool packed) {
  constexpr double kKept = 0.99, kMuchLonger = 1.25;
  constexpr int64_t kLeastPacked = 256, kPackedStep = 64, kStep = 8;
  std::vector<int64_t> sorted = lengths;
  std::ranges::sort(sorted);
  RowLength chosen{.longest = sorted.empty() ? 1 : sorted.back()};
  chosen.tokens = chosen.longest;
  if (!sorted.empty()) {
    const auto kept = static_cast<size_t>(std::ceil(kKept * static_cast<double>(sorted.size())));
    const int64_t most = sorted[std::max<size_t>(kept, 1) - 1];
    if (static_cast<double>(chosen.longest) > kMuchLonger * static_cast<double>(most)) chosen.tokens = most;
  }
  chosen.tokens = rounded_up(chosen.tokens, packed ? kPackedStep : kStep);
  if (packed) chosen.tokens = std::max(chosen.tokens, kLeastPacked);
  chosen.tokens = std::max<int64_t>(std::min({chosen.tokens, room, kLongestRow}), 1);
  chosen.cut = static_cast<uint64_t>(sorted.end() - std::ranges::upper_bound(sorted, chosen.tokens));
  return chosen;
}

double choose_rate(std::string_view objective, bool adapter, int64_t parameters, int64_t steps) {
  constexpr double kSmallFactor = 2.5, kAdapterFactor = 10, kShortFactor = 15;
  constexpr int64_t kShortRun = 100;
  const double whole = compares_answers(objective) ? 5e-7 : objective == "seq2seq" ? 5e-5 : 2e-5;
  if (!adapter) return in_three_digits(parameters <= kSmallModel ? kSmallFactor * whole : whole);
  // Answers that are compared move a model further than their loss says.
  const bool is_short = steps < kShortRun && !compares_answers(objective);
  return in_three_digits((is_short ? kShortFactor : kAdapterFactor) * whole);
}

double scale_of_scores(double largest) {
  for (double scale : {1.0, 5.0, 10.0, 100.0}) {
    if (largest <= scale) return scale;
  }
  return largest;
}

WaysToTry choose_ways(std::string_view objective, int64_t parameters, const Json& asked) {
  const Json& model = json_object(asked, "model");
  const std::string size = format_count(static_cast<double>(parameters)) + " parameters";
  WaysToTry ways;
  if (model.contains("quantize") && model["quantize"].is_object()) return {{kQloraWay}, "as you said"};
  if (says_null(asked, "adapter")) return {{kFullWay}, "as you said"};
  if (asked.contains("adapter")) {
    ways = {{kLoraWay}, "as you said"};
  } else if (objective == "classification") {
    return {{kFullWay}, "a new head is learned best with all weights"};
  } else if (asks_reference(objective)) {
    ways = {{kLoraWay}, "the base without its adapter is the reference, which then takes no memory of its own"};
  } else if (parameters <= kSmallModel) {
    ways = {{kFullWay, kLoraWay}, size + ": a small model, an adapter would save little"};
  } else {
    ways = {{kLoraWay}, size + ": an adapter takes less memory and time, and forgets less of what the model knows"};
  }
  if (!says_null(model, "quantize")) ways.names.push_back(kQloraWay);
  return ways;
}

}  // namespace malmoi::app
