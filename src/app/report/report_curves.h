// The curves of a report: what the lines of metrics.jsonl say, averaged to as many points as a page draws.
#pragma once

#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace malmoi::app {

/// Loss, gradient norm, learning rate and speed have columns of their own. Every other number of a line (accuracy, reward ...;
/// those of the validation data begin with valid_) is a figure: at most kMostFigures of them, in the order in which they were
/// named first, with six digits. Lists, texts and nulls are none.
class ReportCurves {
 public:
  static constexpr size_t kMostPoints = 2000, kMostFigures = 48, kLongestName = 100;

  /// So many lines will come.
  explicit ReportCurves(size_t lines);

  void add(const Json& line);
  /// {"step": [...], "loss": [...], ..., "valid_step", "valid_loss", "averaged", "lines", "tokens",
  ///  "figures": [{"name", "value": [...], "step": [...]}], "more_figures"}. A figure without "step" stands over the common one;
  /// `more_figures`: some were left out.
  Json finish();

 private:
  static constexpr std::string_view kSeries[] = {"loss", "grad_norm", "lr", "tokens_per_second"};
  static constexpr size_t kSeriesCount = std::size(kSeries);
  // A mean of what came since the last point.
  struct Mean {
    double sum = 0;
    size_t count = 0;
    void add(double value);
    std::optional<double> take();
  };
  struct Figure {
    std::string name;
    Mean value, step;  // of a few lines of a point, where it is measured now and then
    std::vector<double> values, steps;
  };

  void add_figure(const std::string& name, double step, double value);
  void close();
  Json figures() const;

  size_t stride_, in_point_ = 0, lines_ = 0;
  double first_ = 0, last_ = 0, tokens_ = 0;
  std::array<Mean, kSeriesCount> means_;
  std::array<std::vector<double>, kSeriesCount> columns_;
  std::vector<double> steps_, valid_steps_, valid_;
  std::vector<Figure> figures_;
  bool more_figures_ = false;
};

}  // namespace malmoi::app
