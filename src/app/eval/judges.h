// Who judges: one for each kind of head, from rows of tables to figures beside baselines (table_eval.h says which).
#pragma once

#include "app/eval/table_eval.h"

namespace malmoi::app {

Result<TableEvalReport> judge_labels(LoadedModel loaded, const TableEvalOptions& options, const Job& job);
Result<TableEvalReport> judge_numbers(LoadedModel loaded, const TableEvalOptions& options, const Job& job);
Result<TableEvalReport> judge_words(LoadedModel loaded, const TableEvalOptions& options, const Job& job);
Result<TableEvalReport> judge_answers(LoadedModel loaded, const TableEvalOptions& options, const Job& job);
Result<TableEvalReport> judge_outputs(LoadedModel loaded, const TableEvalOptions& options, const Job& job);

}  // namespace malmoi::app
