// The page of an evaluation on a table: the model beside its baselines, the confusion of labels, examples.
#pragma once

#include "app/eval/table_eval.h"
#include "base/file.h"

namespace malmoi::app {

/// One self-contained page, in English and Korean, that asks no network.
Status write_table_page(const TableEvalReport& report, const Path& path);

}  // namespace malmoi::app
