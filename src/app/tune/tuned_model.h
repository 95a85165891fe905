// The model that is to be tuned, as far as choices follow from it; and what was made of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/tune/goal.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"

namespace malmoi::app {

struct TunedModel {
  std::string name;  // as configurations name it: of the store, or an absolute path
  Path folder;       // or a GGUF file
  int64_t parameters = 0, max_positions = 0;
};

/// Errors: no model there; one that is not of the goal's kind (a decoder for chat, an encoder-decoder to translate, a family with a head
/// that sorts, an encoder for vectors), with what is.
Result<TunedModel> find_tuned_model(const std::string& name, TuneGoal goal, const Job& job);

/// How what stands in `run` is used. `adapter`: it is one, around `base`, and not merged.
std::vector<std::string> commands_to_use(TuneGoal goal, const Path& run, const std::string& base, bool adapter);

/// A word as a shell takes it.
std::string shell_word(const std::string& word);

}  // namespace malmoi::app
