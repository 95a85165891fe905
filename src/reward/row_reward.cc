#include "reward/row_reward.h"

#include <algorithm>

#include "base/shown.h"
#include "reward/row_work.h"

namespace malmoi::reward {
namespace {

std::string shown_column(const std::string& column) { return "the row's column '" + show_controls(column) + "'"; }

Result<std::string> scalar_text(const Json& value, const std::string& column) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return dump_json(value);
  return invalid_data(shown_column(column) + " holds no text", "", "name another column");
}

}  // namespace

Result<RewardResult> RowReward::judge(std::span<const RewardInput> batch, const StopToken& stop) {
  RewardResult result(batch.size());
  const auto most = static_cast<size_t>(std::max(workers(), 1));
  MALMOI_TRY(judge_rows(batch.size(), most, [&](size_t i, size_t) -> Status {
    MALMOI_TRY(stop.check("rewards"));
    MALMOI_ASSIGN(result[i], judge_one(batch[i], stop));
    return {};
  }));
  return result;
}

Result<const Json*> column_value(const Json& row, const std::string& column) {
  if (row.is_object()) {
    if (auto found = row.find(column); found != row.end() && !found->is_null()) return &*found;
  }
  return invalid_data(shown_column(column) + " is not there", "", "name the column that holds it");
}

Result<std::string> column_text(const Json& row, const std::string& column) {
  MALMOI_ASSIGN(const Json* value, column_value(row, column));
  return scalar_text(*value, column);
}

Result<std::vector<std::string>> column_texts(const Json& row, const std::string& column) {
  MALMOI_ASSIGN(const Json* value, column_value(row, column));
  std::vector<std::string> texts;
  if (!value->is_array()) {
    MALMOI_ASSIGN(texts.emplace_back(), scalar_text(*value, column));
    return texts;
  }
  for (const Json& item : *value) {
    MALMOI_ASSIGN(texts.emplace_back(), scalar_text(item, column));
  }
  if (texts.empty()) return invalid_data(shown_column(column) + " is an empty list", "", "give at least one");
  return texts;
}

}  // namespace malmoi::reward
