// Classifiers: accuracy, macro F1 and loss, beside the most frequent label and logistic regression over letters.
#include <algorithm>
#include <cmath>

#include "app/eval/judges.h"
#include "app/eval/table_rows.h"
#include "app/use/classify.h"
#include "data/classifier/label_model.h"
#include "train/scores.h"

namespace malmoi::app {
namespace {

std::vector<std::pair<std::string, double>> label_figures(const train::Predictions& predictions) {
  return {{"accuracy", train::accuracy(predictions)}, {"macro_f1", train::macro_f1(predictions)}};
}

class LabelJudge {
 public:
  LabelJudge(const TableEvalOptions& options, const Job& job) : options_(options), job_(job) {}

  Result<TableEvalReport> run(LoadedModel loaded) {
    MALMOI_ASSIGN(Classifier classifier, Classifier::of(std::move(loaded), false));
    labels_ = classifier.labels();
    MALMOI_ASSIGN(std::vector<AskedRow> rows,
                  read_asked_rows(options_.tables, options_, "classification", options_.limit));
    MALMOI_TRY(index_labels(rows, targets_));
    report_ = {.task = "classification", .model = options_.model, .rows = rows.size(), .labels = labels_};
    MALMOI_TRY(judge_model(classifier, rows));
    if (!options_.train_tables.empty()) MALMOI_TRY(judge_baselines(rows));
    return report_;
  }

 private:
  Status index_labels(const std::vector<AskedRow>& rows, std::vector<int32_t>& out) {
    for (const AskedRow& row : rows) {
      MALMOI_ASSIGN(int32_t index, train::label_index(row.target, labels_, row.where));
      out.push_back(index);
    }
    return {};
  }

  Status judge_model(Classifier& classifier, const std::vector<AskedRow>& rows) {
    train::Predictions predictions{.targets = targets_, .predicted = {}};
    double loss = 0;
    std::vector<TextPair> all;
    for (const AskedRow& row : rows) all.push_back({row.input, row.pair});
    auto answer = [&]() -> Status {
      return in_batches(all, job_.stop, [&](const std::vector<TextPair>& texts) -> Status {
        MALMOI_ASSIGN(std::vector<ClassifiedText> classified, classifier.classify(texts));
        for (const ClassifiedText& text : classified) add(text, rows, predictions, loss);
        return {};
      });
    };
    MALMOI_ASSIGN(double seconds, timed(answer));
    auto figures = label_figures(predictions);
    figures.emplace_back("loss", loss / static_cast<double>(rows.size()));
    report_.answers.push_back({"model", std::move(figures), seconds});
    report_.confusion.assign(labels_.size(), std::vector<uint64_t>(labels_.size(), 0));
    for (size_t i = 0; i < targets_.size(); ++i)
      ++report_.confusion[static_cast<size_t>(targets_[i])][static_cast<size_t>(predictions.predicted[i])];
    return {};
  }

  // Mistakes are what one wants to see.
  void add(const ClassifiedText& text, const std::vector<AskedRow>& rows, train::Predictions& predictions,
           double& loss) {
    const size_t row = predictions.predicted.size();
    const auto target = static_cast<size_t>(targets_[row]);
    const auto best = std::find(labels_.begin(), labels_.end(), text.label) - labels_.begin();
    predictions.predicted.push_back(static_cast<int32_t>(best));
    loss -= std::log(std::max(text.scores[target].second, 1e-30));
    if (static_cast<size_t>(best) != target && static_cast<int64_t>(report_.examples.size()) < options_.examples)
      report_.examples.push_back({shown({rows[row].input, rows[row].pair}), rows[row].target, text.label});
  }

  Status judge_baselines(const std::vector<AskedRow>& rows) {
    MALMOI_ASSIGN(std::vector<AskedRow> learned, read_asked_rows(options_.train_tables, options_, "classification", 0));
    std::vector<int32_t> labels;
    MALMOI_TRY(index_labels(learned, labels));
    std::vector<int64_t> counts(labels_.size(), 0);
    for (int32_t label : labels) ++counts[static_cast<size_t>(label)];
    const auto most = static_cast<int32_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
    const std::vector<int32_t> always(rows.size(), most);
    report_.answers.push_back({"the most frequent label", label_figures({targets_, always}), 0});
    std::vector<std::string> texts;
    for (const AskedRow& row : learned) texts.push_back(row.input);
    std::vector<int32_t> predicted;
    auto answer = [&]() -> Status {
      MALMOI_ASSIGN(data::LabelModel model,
                    data::LabelModel::train(texts, labels, static_cast<int32_t>(labels_.size())));
      for (const AskedRow& row : rows) {
        const std::vector<double> p = model.probabilities(row.input);
        predicted.push_back(static_cast<int32_t>(std::max_element(p.begin(), p.end()) - p.begin()));
      }
      return {};
    };
    MALMOI_ASSIGN(double seconds, timed(answer));
    report_.answers.push_back(
        {"logistic regression over 1- to 4-grams of characters", label_figures({targets_, predicted}), seconds});
    return {};
  }

  const TableEvalOptions& options_;
  const Job& job_;
  std::vector<std::string> labels_;
  std::vector<int32_t> targets_;
  TableEvalReport report_;
};

}  // namespace

Result<TableEvalReport> judge_labels(LoadedModel loaded, const TableEvalOptions& options, const Job& job) {
  return LabelJudge(options, job).run(std::move(loaded));
}

}  // namespace malmoi::app
