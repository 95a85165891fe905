#include <algorithm>

#include "autograd/block_weight.h"
#include "kernels/panels.h"
#include "quantize/pack.h"
#include "quantize/pack_entry.h"
#include "quantize/served_weights.h"

namespace malmoi::quantize {
namespace {

using Entry = nn::ParameterSet::Entry;

// The type of a name in small letters, if it is one that is written.
Result<const BlockFormat*> written_format(const std::string& name, const std::string& where) {
  std::string names;
  for (const BlockFormat& format : block_formats()) {
    if (!packer(format.type)) continue;
    std::string known(format.name);
    std::ranges::transform(known, known.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (known == name) return &format;
    names += (names.empty() ? "" : ", ") + known;
  }
  return usage_error("'" + name + "' is not a type that a model is packed in", where + ".type", "use one of " + names);
}

// Whether a name in `skip` means a tensor: the whole name of its module, or what that ends with.
bool means(const std::string& skip, const std::string& tensor) {
  const std::string module = tensor.substr(0, tensor.size() - std::string_view(".weight").size());
  return tensor.ends_with(".weight") && (module == skip || module.ends_with("." + skip));
}

bool may_be_packed(const Entry& entry) {
  const bool is_matrix = entry.spec.shape.rank() >= 2 && entry.spec.role != nn::Role::kBlocks;
  return !entry.slots.empty() && is_matrix && !entry.spec.fixed &&
         entry.spec.sources[0].layout.kind != nn::Layout::kTaps;
}

}  // namespace

Result<FrozenPacker> FrozenPacker::make(model::Model& model, const PackOptions& options, const std::string& where) {
  MALMOI_ASSIGN(const BlockFormat* format, written_format(options.type, where));
  FrozenPacker made(model, *format);
  for (const std::string& skip : options.skip) {
    bool used = !model.tied_head.tensor.empty() && means(skip, model.tied_head.tensor);  // the table decides for it
    for (const auto& entry : model.parameters.entries()) {
      const auto& sources = entry->spec.sources;
      const auto count =
          std::ranges::count_if(sources, [&](const nn::Source& source) { return means(skip, source.name); });
      if (count == 0) continue;
      used = true;
      made.named_[entry.get()].insert(skip);
    }
    if (!used)
      return usage_error("'" + skip + "' fits no module of the model", where + ".skip",
                         "name modules as they are published, such as model.embed_tokens");
  }
  MALMOI_TRY(made.settle_skipped(where));
  return made;
}

Status FrozenPacker::settle_skipped(const std::string& where) {
  for (const auto& [entry, names] : named_) {
    for (const nn::Source& source : entry->spec.sources) {
      if (std::ranges::any_of(names, [&](const std::string& skip) { return means(skip, source.name); })) continue;
      return usage_error("leaves out a part of '" + source.name + "' and its neighbours, which are one matrix",
                         where + ".skip", "name all of them or none");
    }
  }
  return {};
}

bool FrozenPacker::packs(const Entry& entry) const {
  const bool fills_blocks = entry.spec.shape.rank() >= 2 && entry.spec.shape.columns() % format_->elements == 0;
  return may_be_packed(entry) && fills_blocks && !named_.contains(&entry);
}

Status FrozenPacker::pack(Entry& entry) {
  if (!packs(entry) || !entry.parameter.compute.data()) return {};
  return pack_entry(entry, *format_, memory_, done_);
}

void FrozenPacker::describe() {
  for (auto& entry : model_->parameters.entries()) {
    if (!packs(*entry)) continue;
    const int64_t columns = entry->spec.shape.columns();
    const int64_t rows = entry->spec.shape.rows() / static_cast<int64_t>(entry->slots.size());
    for (auto& slot : entry->slots) {
      slot->bind(std::make_unique<autograd::BlockWeight>(
          std::vector<kernels::BlockMatrix>{{format_->type, rows, columns, nullptr}}));
    }
  }
}

}  // namespace malmoi::quantize
