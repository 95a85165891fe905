// Regression models: Pearson's r and the mean squared error, beside the mean of the training rows.
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "app/eval/judges.h"
#include "app/eval/table_rows.h"
#include "app/use/estimate.h"
#include "metrics/numbers.h"

namespace malmoi::app {
namespace {

enum NumberRole { kText, kPair, kNumber };  // of the objective

struct Rated {
  std::vector<TextPair> texts;
  std::vector<double> numbers;
};

Result<Rated> read_rated(const std::vector<std::string>& tables, const TableEvalOptions& options, int64_t limit) {
  Rated rated;
  MALMOI_TRY(for_each_judged_row(tables, options, "regression", limit, [&](const train::TableCells& row) -> Status {
    MALMOI_ASSIGN(train::CellTexts texts, train::cell_texts(row.find(kText), row.find(kPair), row.where));
    MALMOI_ASSIGN(double number, train::cell_number(row.find(kNumber), "target", row.where));
    rated.texts.push_back({std::move(texts.first), std::move(texts.second)});
    rated.numbers.push_back(number);
    return {};
  }));
  return rated;
}

std::vector<std::pair<std::string, double>> figures_of(std::span<const double> said, std::span<const double> wanted) {
  std::vector<std::pair<std::string, double>> figures;
  if (auto r = metrics::pearson(said, wanted)) figures.emplace_back("pearson", *r);
  figures.emplace_back("mse", metrics::mean_squared_error(said, wanted));
  return figures;
}

}  // namespace

Result<TableEvalReport> judge_numbers(LoadedModel loaded, const TableEvalOptions& options, const Job& job) {
  if (loaded.model->outputs() != 1)
    return unsupported(fmt::format("the model says {} numbers of a text", loaded.model->outputs()), options.model,
                       "use one that was trained on a column of numbers");
  MALMOI_ASSIGN(Rated rated, read_rated(options.tables, options, options.limit));
  MALMOI_ASSIGN(Estimator estimator, Estimator::of(std::move(loaded)));
  std::vector<double> said;
  auto answer = [&]() -> Status {
    return in_batches(rated.texts, job.stop, [&](const std::vector<TextPair>& texts) -> Status {
      MALMOI_ASSIGN(auto numbers, estimator.estimate(texts));
      for (const EstimatedNumbers& number : numbers) said.push_back(number.values[0].second);
      return {};
    });
  };
  MALMOI_ASSIGN(double seconds, timed(answer));
  TableEvalReport report{.task = "regression", .model = options.model, .rows = said.size()};
  report.answers.push_back({"model", figures_of(said, rated.numbers), seconds});
  if (!options.train_tables.empty()) {
    MALMOI_ASSIGN(Rated learned, read_rated(options.train_tables, options, 0));
    const double mean = std::accumulate(learned.numbers.begin(), learned.numbers.end(), 0.0) /
                        static_cast<double>(learned.numbers.size());
    const std::vector<double> always(said.size(), mean);
    report.answers.push_back({"the mean of the training rows", figures_of(always, rated.numbers), 0});
  }
  for (size_t r = 0; r < said.size() && static_cast<int64_t>(r) < options.examples; ++r)
    report.examples.push_back(
        {shown(rated.texts[r]), fmt::format("{:g}", rated.numbers[r]), fmt::format("{:.4g}", said[r])});
  return report;
}

}  // namespace malmoi::app
