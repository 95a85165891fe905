#include "app/eval/table_eval.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "app/eval/output_figures.h"
#include "app/use/answer_all.h"
#include "app/use/classify.h"
#include "app/use/generation_defaults.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/utf8.h"
#include "data/classifier/label_model.h"
#include "data/table.h"
#include "train/scores.h"

namespace malmoi::app {
namespace {

// What a row asks and what it should be answered.
struct AskedRow {
  std::string input, target;
  std::optional<std::string> pair;  // the second text of the input
  std::string where;
};

struct Roles {
  std::string input, target;
  std::optional<std::string> pair = {};  // which a row may have
};

Result<std::vector<AskedRow>> read_rows(const std::vector<std::string>& tables, const Roles& roles,
                                        const std::map<std::string, std::string>& columns, int64_t limit) {
  auto column = [&](const std::string& role) {
    auto found = columns.find(role);
    return found == columns.end() ? role : found->second;
  };
  for (const auto& [role, name] : columns) {
    if (role != roles.input && role != roles.target && role != roles.pair)
      return usage_error("the model reads no '" + role + "'", "columns",
                         "name " + roles.input + " and " + roles.target);
  }
  const std::string input = column(roles.input), target = column(roles.target);
  std::vector<AskedRow> rows;
  for (const std::string& table : tables) {
    MALMOI_TRY(data::for_each_table_row(table, input, [&](data::TableRow&& row) -> Status {
      if (limit > 0 && static_cast<int64_t>(rows.size()) >= limit) return {};
      AskedRow asked;
      MALMOI_ASSIGN(asked.input, train::cell_text(row.find(input), input, row.where));
      MALMOI_ASSIGN(asked.target, train::cell_text(row.find(target), target, row.where));
      if (const Json* pair = roles.pair ? row.find(column(*roles.pair)) : nullptr) {
        MALMOI_ASSIGN(asked.pair, train::cell_text(pair, column(*roles.pair), row.where));
      }
      asked.where = std::move(row.where);
      rows.push_back(std::move(asked));
      return {};
    }));
  }
  if (rows.empty()) return invalid_data("holds no rows", tables.empty() ? "table" : tables[0], "add some");
  return rows;
}

// Runs `answer`, and times it.
template <typename Answer>
Result<double> timed(const Answer& answer) {
  const double begin = monotonic_seconds();
  MALMOI_TRY(answer());
  return monotonic_seconds() - begin;
}

// --- classifiers

std::vector<std::pair<std::string, double>> label_figures(const train::Predictions& predictions) {
  return {{"accuracy", train::accuracy(predictions)}, {"macro_f1", train::macro_f1(predictions)}};
}

class LabelJudge {
 public:
  LabelJudge(const TableEvalOptions& options, const Job& job) : options_(options), job_(job) {}

  Result<TableEvalReport> run(LoadedModel loaded) {
    MALMOI_ASSIGN(Classifier classifier, Classifier::of(std::move(loaded), false));
    labels_ = classifier.labels();
    MALMOI_ASSIGN(std::vector<AskedRow> rows, read_rows(options_.tables, kRoles, options_.columns, options_.limit));
    MALMOI_TRY(index_labels(rows, targets_));
    report_ = {.task = "classification", .model = options_.model, .rows = rows.size(), .labels = labels_};
    MALMOI_TRY(judge_model(classifier, rows));
    if (!options_.train_tables.empty()) MALMOI_TRY(judge_baselines(rows));
    return report_;
  }

 private:
  static inline const Roles kRoles{"text", "label", "text_pair"};

  Status index_labels(const std::vector<AskedRow>& rows, std::vector<int32_t>& out) {
    for (const AskedRow& row : rows) {
      MALMOI_ASSIGN(int32_t index, train::label_index(row.target, labels_, row.where));
      out.push_back(index);
    }
    return {};
  }

  Status judge_model(Classifier& classifier, const std::vector<AskedRow>& rows) {
    constexpr size_t kTextsAtOnce = 32;
    train::Predictions predictions{.targets = targets_, .predicted = {}};
    double loss = 0;
    auto answer = [&]() -> Status {
      for (size_t begin = 0; begin < rows.size(); begin += kTextsAtOnce) {
        MALMOI_TRY(job_.stop.check());
        std::vector<TextPair> texts;
        for (size_t r = begin; r < std::min(begin + kTextsAtOnce, rows.size()); ++r)
          texts.push_back({rows[r].input, rows[r].pair});
        MALMOI_ASSIGN(std::vector<ClassifiedText> classified, classifier.classify(texts));
        for (const ClassifiedText& text : classified) add(text, rows, predictions, loss);
      }
      return {};
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
      report_.examples.push_back({rows[row].input, rows[row].target, text.label});
  }

  Status judge_baselines(const std::vector<AskedRow>& rows) {
    MALMOI_ASSIGN(std::vector<AskedRow> learned, read_rows(options_.train_tables, kRoles, options_.columns, 0));
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

// --- encoder-decoders

// Texts by their bigrams of characters.
class NearestText {
 public:
  explicit NearestText(const std::vector<AskedRow>& rows) : rows_(rows) {
    for (size_t r = 0; r < rows.size(); ++r) {
      const auto grams = bigrams(rows[r].input);
      sizes_.push_back(grams.size());
      for (uint64_t gram : grams) places_[gram].push_back(static_cast<uint32_t>(r));
    }
  }
  // The target of the row that shares most of its bigrams (Dice), the earlier where two are as near.
  const std::string& answer(const std::string& input) const {
    const auto grams = bigrams(input);
    std::unordered_map<uint32_t, size_t> shared;
    for (uint64_t gram : grams) {
      auto found = places_.find(gram);
      if (found == places_.end()) continue;
      for (uint32_t row : found->second) ++shared[row];
    }
    double best = -1;
    uint32_t nearest = 0;
    for (const auto& [row, count] : shared) {
      const double dice = 2.0 * static_cast<double>(count) / static_cast<double>(grams.size() + sizes_[row]);
      if (dice > best || (dice == best && row < nearest)) std::tie(best, nearest) = std::pair(dice, row);
    }
    return rows_[nearest].target;
  }

 private:
  static std::vector<uint64_t> bigrams(const std::string& text) {
    std::vector<uint64_t> out;
    uint64_t previous = 0;
    for (size_t at = 0; at < text.size();) {
      const Utf8Char c = decode_utf8(text, at);
      if (at > 0) out.push_back(previous << 32 | c.code_point);
      previous = c.code_point;
      at += c.length;
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  const std::vector<AskedRow>& rows_;
  std::vector<size_t> sizes_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> places_;
};

class OutputJudge {
 public:
  OutputJudge(const TableEvalOptions& options, const Job& job) : options_(options), job_(job) {}

  Result<TableEvalReport> run(LoadedModel loaded) {
    static const Roles kRoles{"source", "target"};
    MALMOI_ASSIGN(std::vector<AskedRow> rows, read_rows(options_.tables, kRoles, options_.columns, options_.limit));
    TableEvalReport report{.task = "seq2seq", .model = options_.model, .rows = rows.size()};
    std::vector<std::string> sources, outputs;
    std::vector<std::vector<std::string>> references;
    for (const AskedRow& row : rows) {
      sources.push_back(row.input);
      references.push_back({row.target});
    }
    MALMOI_ASSIGN(AnswerAllOptions how, how_to_answer(loaded));
    auto answer = [&]() -> Status {
      MALMOI_ASSIGN(outputs, answer_all(*loaded.model, *loaded.tokenizer, sources, how, job_));
      return {};
    };
    MALMOI_ASSIGN(double seconds, timed(answer));
    report.answers.push_back({"model", output_figures(outputs, references), seconds});
    report.answers.push_back({"the source itself", output_figures(sources, references), 0});
    if (!options_.train_tables.empty()) {
      MALMOI_ASSIGN(std::vector<AskedRow> learned, read_rows(options_.train_tables, kRoles, options_.columns, 0));
      std::vector<std::string> nearest;
      auto look = [&]() -> Status {
        const NearestText index(learned);
        for (const std::string& source : sources) nearest.push_back(index.answer(source));
        return {};
      };
      MALMOI_ASSIGN(double looked, timed(look));
      report.answers.push_back({"the nearest training pair by bigrams", output_figures(nearest, references), looked});
    }
    for (size_t r = 0; r < rows.size() && static_cast<int64_t>(r) < options_.examples; ++r)
      report.examples.push_back({sources[r], rows[r].target, outputs[r]});
    return report;
  }

 private:
  // As `malmoi generate` would, without a search.
  Result<AnswerAllOptions> how_to_answer(const LoadedModel& loaded) const {
    GenerateOptions folder{.max_tokens = kLongestOutput};
    auto given = [](std::string_view option) { return option == "temperature"; };  // one path, the most probable
    MALMOI_TRY(complete_options(loaded, given, {}, folder, job_.warn));
    return AnswerAllOptions{.max_input = loaded.model->max_positions(),
                            .max_output = folder.max_tokens,
                            .begin = std::move(folder.answers.begin),
                            .ends = loaded.stop_ids,
                            .rules = std::move(folder.answers.rules)};
  }

  static constexpr int64_t kLongestOutput = 1024;  // tokens, where the folder names no max_length

  const TableEvalOptions& options_;
  const Job& job_;
};

}  // namespace

Json to_json(const TableEvalReport& report) {
  Json json = {{"task", report.task}, {"model", report.model}, {"rows", report.rows}};
  json["answers"] = Json::array();
  for (const JudgedAnswers& answers : report.answers) {
    Json entry = {{"name", answers.name}, {"seconds", answers.seconds}};
    for (const auto& [name, value] : answers.figures) entry[name] = value;
    json["answers"].push_back(std::move(entry));
  }
  if (!report.labels.empty()) {
    json["labels"] = report.labels;
    json["confusion"] = report.confusion;
  }
  json["examples"] = Json::array();
  for (const TableEvalReport::Example& example : report.examples)
    json["examples"].push_back({{"input", example.input}, {"target", example.target}, {"output", example.output}});
  return json;
}

std::string to_text(const TableEvalReport& report) {
  std::string text;
  for (const JudgedAnswers& answers : report.answers) {
    text += fmt::format("{:<54}", answers.name);
    for (const auto& [name, value] : answers.figures) text += fmt::format(" {} {:.4f}", name, value);
    text += "\n";
  }
  return text;
}

Result<TableEvalReport> evaluate_table(const TableEvalOptions& options, const Job& job) {
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, options.dtype, job));
  if (loaded.model->task() == model::Task::kSeq2Seq) return OutputJudge(options, job).run(std::move(loaded));
  MALMOI_TRY(infer::check_classifies(*loaded.model));
  return LabelJudge(options, job).run(std::move(loaded));
}

}  // namespace malmoi::app
