// `malmoi adapter`: what a LoRA adapter is, and an adapter merged into its model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "tensor/dtype.h"

namespace malmoi::app {

/// What the files of an adapter say, without a model.
struct AdapterReport {
  std::string kind;  // LoRA, rsLoRA, DoRA
  std::string base;  // whose adapter it is, as the file has it
  int64_t least_rank = 0, highest_rank = 0;
  size_t modules = 0, whole = 0;  // with low-rank matrices; tensors that take the place of the model's
  size_t parameters = 0;
  bool keeps_tied = false;                      // words and a head that is their table are adapted as one
  bool own_tokenizer = false;                   // that it was trained with, in place of the base's
  std::vector<std::string> names, whole_names;  // of the modules and of what is whole (with its shape), in order
};
Json to_json(const AdapterReport& report);
/// Errors: as model::open_adapter.
Result<AdapterReport> show_adapter(const Path& adapter);

struct MergeOptions {
  std::string model;
  Path adapter, out;
  std::optional<DType> dtype;  // of what is written; none: as the model is stored, f32 where it is packed
};
/// Writes a model folder with the adapter in its weights (computed in f32), and the tokenizer, the template of chats and licences
/// beside it. Errors: as model::adapt; an `out` that is the model's own folder.
Status merge_adapter(const MergeOptions& options, const Job& job);

}  // namespace malmoi::app
