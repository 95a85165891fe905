// The options of sampling as a chat changes them: those of the command line, by the same names.
#pragma once

#include <string>
#include <vector>

#include "app/use/generate.h"
#include "base/error.h"

namespace malmoi::cli {

/// One option of cli/sampling_options.h that has a value.
struct Setting {
  std::string name;  // without dashes before it
  std::string value;
  std::string what;  // its help
};

std::vector<Setting> settings_of(const app::GenerateOptions& options);

/// Sets one by its name, with `-` or `_` within. Errors, after which `options` are as they were: an unknown name, with the
/// nearest one; a value that cannot be read or is out of range.
Status change_setting(app::GenerateOptions& options, const std::string& name, const std::string& value);

}  // namespace malmoi::cli
