#include "app/use/adapter.h"

#include <algorithm>

#include "app/use/generate.h"
#include "model/adapter.h"
#include "model/load.h"
#include "model/merge.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

DType dtype_of(const model::Model& model) {
  std::string name = json_string(model.config(), "dtype");
  if (name.empty()) name = json_string(model.config(), "torch_dtype");
  return name == "bfloat16" ? DType::kBF16 : name == "float16" ? DType::kF16 : DType::kF32;
}

// All but weights and what save_model writes: the tokenizer, the template of chats, settings of generation.
Status copy_beside(const Path& from, const Path& to) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(from, failed)) {
    const Path name = entry.path().filename();
    const std::string text = name.string(), ending = name.extension().string();
    const bool weights = ending == ".safetensors" || ending == ".bin" || ending == ".gguf" || ending == ".npy" ||
                         text.ends_with(".index.json");
    if (!entry.is_regular_file(failed) || weights || text == "config.json") continue;
    std::filesystem::copy_file(entry.path(), to / name, std::filesystem::copy_options::overwrite_existing, failed);
    if (failed) return Error{ErrorCode::kIo, "cannot copy " + text, to.string(), failed.message()};
  }
  return {};
}

}  // namespace

Json to_json(const AdapterReport& report) {
  return {{"kind", report.kind},
          {"base", report.base},
          {"least_rank", report.least_rank},
          {"highest_rank", report.highest_rank},
          {"modules", report.modules},
          {"whole_tensors", report.whole},
          {"parameters", report.parameters},
          {"names", report.names}};
}

Result<AdapterReport> show_adapter(const Path& adapter) {
  MALMOI_ASSIGN(const model::AdapterFile file, model::open_adapter(adapter));
  AdapterReport report;
  report.kind = file.config.magnitudes ? "DoRA" : file.config.rank_stabilised ? "rsLoRA" : "LoRA";
  report.base = file.architecture.empty() ? file.config.base : file.architecture;
  report.modules = file.modules.size();
  report.whole = file.whole.size();
  report.parameters = file.parameters;
  for (const auto& [name, module] : file.modules) {
    const int64_t rank = std::min(module.a->shape[0], module.b->shape[1]);
    report.least_rank = report.names.empty() ? rank : std::min(report.least_rank, rank);
    report.highest_rank = std::max(report.highest_rank, rank);
    report.names.push_back(name);
  }
  return report;
}

Status merge_adapter(const MergeOptions& options, const Job& job) {
  MALMOI_ASSIGN(const Path folder, find_model(options.model, job.message));
  std::error_code ignored;
  if (std::filesystem::equivalent(folder, options.out, ignored))
    return usage_error("is the model's own folder", options.out.string(), "give another one with --out");
  MALMOI_ASSIGN(auto model, model::load_model(folder, {.keep_packed = false, .warn = job.warn}));
  MALMOI_ASSIGN(const model::Adapted adapted, model::adapt(*model, {&options.adapter, 1}, job.warn));
  MALMOI_TRY(model::merge(*model, adapted));
  MALMOI_TRY(model::save_model(*model, options.out, options.dtype.value_or(dtype_of(*model))));
  if (std::filesystem::is_directory(folder, ignored)) return copy_beside(folder, options.out);
  job.warn("the tokenizer stays in " + folder.string() + ": export it with malmoi tokenizer export");
  return {};
}

}  // namespace malmoi::app
