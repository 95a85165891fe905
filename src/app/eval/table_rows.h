// The rows that a model is judged by, by the roles of what it was trained for.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/eval/table_eval.h"
#include "app/use/text_head.h"
#include "base/log.h"
#include "train/table_format.h"

namespace malmoi::app {

/// Calls `take` for each row of the tables, at most `limit` (0: all), with its cells by the place of their role among those of
/// `objective` (train::objective_entry). Errors: a column for a role that it has not, no rows, those of `take`.
Status for_each_judged_row(const std::vector<std::string>& tables, const TableEvalOptions& options,
                           std::string_view objective, int64_t limit,
                           const std::function<Status(const train::TableCells& row)>& take);

/// What a row asks and what it should be answered, in words.
struct AskedRow {
  std::string input, target;
  std::optional<std::string> pair;  // the second text of the input
  std::string where;
};
/// Rows of objectives whose roles are a text, a second one where there are three, and what is wanted.
Result<std::vector<AskedRow>> read_asked_rows(const std::vector<std::string>& tables, const TableEvalOptions& options,
                                              std::string_view objective, int64_t limit);

/// The one text or both, as an example shows them.
std::string shown(const TextPair& text);

/// Runs `answer`, which gives a Status, and times it, in seconds.
template <typename Answer>
Result<double> timed(const Answer& answer) {
  const double begin = monotonic_seconds();
  MALMOI_TRY(answer());
  return monotonic_seconds() - begin;
}

/// Has `answer` say something of each batch of the inputs, in order; `stop` ends it between two of them.
template <typename Input, typename Answer>
Status in_batches(const std::vector<Input>& inputs, const StopToken& stop, const Answer& answer) {
  constexpr std::ptrdiff_t kInputsAtOnce = 32;
  for (auto begin = inputs.begin(); begin != inputs.end();) {
    MALMOI_TRY(stop.check());
    const auto end = begin + std::min(kInputsAtOnce, inputs.end() - begin);
    MALMOI_TRY(answer(std::vector<Input>(begin, end)));
    begin = end;
  }
  return {};
}

}  // namespace malmoi::app
