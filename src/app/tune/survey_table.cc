#include <algorithm>

#include <fmt/format.h>

#include "app/train/texts.h"
#include "app/tune/survey.h"
#include "app/tune/table_look.h"
#include "app/tune/table_roles.h"
#include "base/counted.h"
#include "base/json_read.h"
#include "base/parallel.h"
#include "data/table.h"
#include "train/table_format.h"

namespace malmoi::app {
namespace {

// The texts of a row by which its length is told.
struct RowTexts {
  std::string first, second;
};

const char* table_objective(TuneGoal goal) {
  switch (goal) {
    case TuneGoal::kClassify: return "classification";
    case TuneGoal::kTranslate: return "seq2seq";
    default: return "contrastive";
  }
}

// Empty: the row has none.
std::string text_under(const data::TableRow& row, const std::string* column) {
  if (!column) return {};
  auto text = train::cell_text(row.find(*column), *column, row.where);
  return text.ok() ? *std::move(text) : std::string();
}

// Reads the rows by their roles.
class TableSurvey {
 public:
  TableSurvey(TuneGoal goal, TableRoles roles) : goal_(goal), roles_(std::move(roles)) {}

  const std::string& first_column() const { return roles_.columns[0].second; }

  void add(const data::TableRow& row) {
    const char* second = goal_ == TuneGoal::kTranslate ? "target" : "text_pair";
    texts_.push_back({text_under(row, &first_column()), text_under(row, roles_.find(second))});
    survey_.places.push_back(held_out_place(texts_.back().first));
    if (const std::string label = text_under(row, roles_.find("label")); !label.empty()) {
      ++survey_.labels[label];
      double& last = last_places_[label];
      last = std::max(last, survey_.places.back());
    }
    if (const std::string* score = roles_.find("score")) {
      const auto number = train::cell_number(row.find(*score), "score", row.where);
      if (number.ok()) survey_.largest_score = std::max(survey_.largest_score, *number);
    }
  }

  Survey finish(const tokenizer::Tokenizer& tokenizer, const StopToken& stop) {
    survey_.objective = table_objective(goal_);
    survey_.format = "table";
    survey_.columns = roles_.to_json();
    survey_.rows = texts_.size();
    survey_.scored = roles_.find("score") != nullptr;
    for (const auto& [label, place] : last_places_) survey_.most_held_out = std::min(survey_.most_held_out, place);
    measure(tokenizer, stop);
    survey_.told = counted(survey_.rows, "row") + "; " + roles_.told();
    if (!survey_.labels.empty()) survey_.told += "; " + told_labels();
    return std::move(survey_);
  }

 private:
  void measure(const tokenizer::Tokenizer& tokenizer, const StopToken& stop) {
    constexpr int64_t kLongest = 1 << 20;
    survey_.lengths.resize(texts_.size());
    if (goal_ == TuneGoal::kTranslate) survey_.output_lengths.resize(texts_.size());
    auto length = [&](const std::string& text, const std::string* pair) {
      return static_cast<int64_t>(train::encode_text(text, pair, tokenizer, kLongest).ids.size());
    };
    constexpr int64_t kTextsAtOnce = 64;
    parallel_for(static_cast<int64_t>(texts_.size()), kTextsAtOnce, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end && !stop.requested(); ++i) {
        const auto row = static_cast<size_t>(i);
        const auto& [first, second] = texts_[row];
        const bool together = goal_ == TuneGoal::kClassify && !second.empty();
        survey_.lengths[row] = length(first, together ? &second : nullptr);
        if (goal_ == TuneGoal::kTranslate) survey_.output_lengths[row] = length(second, nullptr) + 1;
        if (goal_ == TuneGoal::kEmbed) survey_.lengths[row] = std::max(survey_.lengths[row], length(second, nullptr));
      }
    });
  }

  std::string told_labels() const {
    constexpr size_t kShownLabels = 10;
    std::string text;
    size_t shown = 0;
    for (const auto& [label, count] : survey_.labels) {
      if (shown++ == kShownLabels) return counted(survey_.labels.size(), "label") + ": " + text + " ...";
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", label, count);
    }
    return counted(survey_.labels.size(), "label") + ": " + text;
  }

  TuneGoal goal_;
  TableRoles roles_;
  std::vector<RowTexts> texts_;
  std::map<std::string, double> last_places_;  // of each label
  Survey survey_;
};

}  // namespace

Result<Survey> survey_table(const Path& data, TuneGoal goal, const Json& asked, const tokenizer::Tokenizer& tokenizer,
                            const Job& job) {
  MALMOI_ASSIGN(const TableLook look, look_at_table(data));
  const Json& columns = json_object(json_object(asked, "data"), "columns");
  MALMOI_ASSIGN(TableRoles roles, find_roles(goal, look, columns, data.string()));
  TableSurvey survey(goal, std::move(roles));
  MALMOI_TRY(data::for_each_table_row(data, survey.first_column(), [&](data::TableRow&& row) {
    survey.add(row);
    return job.stop.check();
  }));
  Survey found = survey.finish(tokenizer, job.stop);
  MALMOI_TRY(job.stop.check());
  constexpr size_t kMostLabels = 1000;
  if (found.labels.size() > kMostLabels || (found.labels.size() * 2 > found.rows && goal == TuneGoal::kClassify))
    return invalid_data(
        fmt::format("'{}' has {} different values in {}: those are no labels", json_string(found.columns, "label"),
                    found.labels.size(), counted(found.rows, "row")),
        data.string(), "name the column that holds them: --set data.columns.label=COLUMN");
  return found;
}

}  // namespace malmoi::app
