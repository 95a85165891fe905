// The page of a comparison: curves, costs and recall of all models in plots that share their colours.
#pragma once

#include "app/compare/compare.h"
#include "base/file.h"

namespace malmoi::app {

/// One self-contained page, in English and Korean, that asks no network.
Status write_compare_page(const CompareReport& report, const Path& path);

}  // namespace malmoi::app
