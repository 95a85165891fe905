#include "app/report/report_curves.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/json_read.h"

namespace malmoi::app {
namespace {

// What a line says beside its series and its figures.
constexpr std::string_view kNoFigures[] = {"step", "tokens", "valid_loss"};

double number_or_nan(const Json& line, std::string_view key) { return json_number(line, key).value_or(NAN); }

// As many digits as are seen: a page of many curves stays small.
double six_digits(double value) { return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr); }

}  // namespace

void ReportCurves::Mean::add(double value) {
  if (!std::isfinite(value)) return;
  sum += value;
  ++count;
}

std::optional<double> ReportCurves::Mean::take() {
  const Mean mean = std::exchange(*this, {});
  if (mean.count == 0) return {};
  return mean.sum / static_cast<double>(mean.count);
}

ReportCurves::ReportCurves(size_t lines) : stride_(std::max<size_t>((lines + kMostPoints - 1) / kMostPoints, 1)) {}

void ReportCurves::add(const Json& line) {
  const double step = number_or_nan(line, "step");
  for (size_t i = 0; i < kSeriesCount; ++i) means_[i].add(number_or_nan(line, kSeries[i]));
  if (double valid = number_or_nan(line, "valid_loss"); std::isfinite(valid)) {
    valid_steps_.push_back(step);
    valid_.push_back(valid);
  }
  for (const auto& [name, value] : line.items()) {
    if (value.is_number()) add_figure(name, step, value.get<double>());
  }
  if (in_point_ == 0) first_ = step;
  last_ = step;
  if (++in_point_ == stride_) close();
  ++lines_;
  if (double tokens = number_or_nan(line, "tokens"); std::isfinite(tokens)) tokens_ += tokens;
}

void ReportCurves::add_figure(const std::string& name, double step, double value) {
  const auto is_name = [&](std::string_view other) { return other == name; };
  if (std::ranges::any_of(kSeries, is_name) || std::ranges::any_of(kNoFigures, is_name)) return;
  if (!std::isfinite(value) || !std::isfinite(step)) return;
  auto found = std::ranges::find(figures_, name, &Figure::name);
  if (found == figures_.end()) {
    if (figures_.size() == kMostFigures || name.size() > kLongestName) {
      more_figures_ = true;
      return;
    }
    figures_.push_back({.name = name, .value = {}, .step = {}, .values = {}, .steps = {}});
    found = figures_.end() - 1;
  }
  found->value.add(value);
  found->step.add(step);
}

void ReportCurves::close() {
  steps_.push_back(std::floor((first_ + last_) / 2));
  for (size_t i = 0; i < kSeriesCount; ++i) columns_[i].push_back(means_[i].take().value_or(NAN));  // prints as null
  for (Figure& figure : figures_) {
    const auto value = figure.value.take(), step = figure.step.take();
    if (!value) continue;
    figure.values.push_back(six_digits(*value));
    figure.steps.push_back(std::floor(*step));
  }
  in_point_ = 0;
}

Json ReportCurves::figures() const {
  Json list = Json::array();
  for (const Figure& figure : figures_) {
    Json entry = {{"name", figure.name}, {"value", figure.values}};
    if (figure.steps != steps_) entry["step"] = figure.steps;
    list.push_back(std::move(entry));
  }
  return list;
}

Json ReportCurves::finish() {
  if (in_point_ > 0) close();
  Json out = {{"step", steps_}, {"averaged", stride_}, {"lines", lines_}, {"tokens", tokens_}};
  for (size_t i = 0; i < kSeriesCount; ++i) out[std::string(kSeries[i])] = columns_[i];
  out["valid_step"] = valid_steps_;
  out["valid_loss"] = valid_;
  out["figures"] = figures();
  out["more_figures"] = more_figures_;
  return out;
}

}  // namespace malmoi::app
