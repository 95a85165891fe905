// The texts that a model is measured, cut down or extended by.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"

namespace malmoi::app {

/// Calls visit for each document of a file or a corpus, with a count of them as progress. Errors: what reading, a stop and visit say.
Status each_text(const Path& data, const Job& job, const std::function<Status(const std::string& text)>& visit);

}  // namespace malmoi::app
