// The rows of a batch, each judged by whichever thread is free.
#pragma once

#include <cstddef>
#include <functional>

#include "base/error.h"

namespace malmoi::reward {

/// Calls judge(row, worker) for each row, by up to `workers` threads at once: the caller is worker 0, and what one worker takes comes
/// one after the other. Errors: the first one, behind which no row is begun; what `judge` throws is one, too.
Status judge_rows(size_t rows, size_t workers, const std::function<Status(size_t row, size_t worker)>& judge);

}  // namespace malmoi::reward
