#include "quantize/skipped_modules.h"

#include <algorithm>

#include "model/adapter_config.h"
#include "model/spellings.h"

namespace malmoi::quantize {
namespace {

// Whether a name in `skip` means a tensor.
bool means(const std::string& skip, const std::string& tensor) {
  const std::string module = model::module_name(tensor);
  return !module.empty() && model::means_module(skip, module);
}

}  // namespace

Result<SkippedModules> SkippedModules::make(const model::Model& model, const std::vector<std::string>& names,
                                            const std::string& where) {
  SkippedModules made;
  for (const std::string& skip : names) {
    bool used = !model.tied_head.tensor.empty() && means(skip, model.tied_head.tensor);  // the table decides for it
    for (const auto& entry : model.parameters.entries()) {
      const auto& sources = entry->spec.sources;
      if (std::ranges::none_of(sources, [&](const nn::Source& source) { return means(skip, source.name); })) continue;
      used = true;
      made.named_[entry.get()].insert(skip);
    }
    if (!used)
      return usage_error("'" + skip + "' fits no module of the model", where + ".skip",
                         "name modules as they are published, such as model.embed_tokens");
  }
  MALMOI_TRY(made.check_whole(where));
  return made;
}

Status SkippedModules::check_whole(const std::string& where) const {
  for (const auto& [entry, names] : named_) {
    for (const nn::Source& source : entry->spec.sources) {
      if (std::ranges::any_of(names, [&](const std::string& skip) { return means(skip, source.name); })) continue;
      return usage_error("leaves out a part of '" + source.name + "' and its neighbours, which are one matrix",
                         where + ".skip", "name all of them or none");
    }
  }
  return {};
}

bool may_be_packed(const nn::ParameterSet::Entry& entry) {
  const bool is_matrix = entry.spec.shape.rank() >= 2 && entry.spec.role != nn::Role::kBlocks;
  return !entry.slots.empty() && is_matrix && !entry.spec.fixed &&
         entry.spec.sources[0].layout.kind != nn::Layout::kTaps;
}

}  // namespace malmoi::quantize
