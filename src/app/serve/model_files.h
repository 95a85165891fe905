// Versions of a model's files, told apart without reading them.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"

namespace malmoi::app {

/// A text that is another one once a file of a model is another one, or has been written to: names, numbers, sizes and times of
/// the files of folders that a model can be read from, and of GGUF files with all their parts. Empty where one of the paths is not there, as for a
/// moment while a folder is replaced.
std::string files_version(const std::vector<Path>& paths);

}  // namespace malmoi::app
