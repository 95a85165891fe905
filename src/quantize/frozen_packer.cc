#include "autograd/block_weight.h"
#include "base/ascii.h"
#include "kernels/panels.h"
#include "quantize/pack.h"
#include "quantize/pack_entry.h"
#include "quantize/served_weights.h"

namespace malmoi::quantize {
namespace {

using Entry = nn::ParameterSet::Entry;

// The type of a name, if it is one that is written.
Result<const BlockFormat*> written_format(const std::string& name, const std::string& where) {
  const BlockFormat* named = find_block_format(name);
  if (named && packer(named->type)) return named;
  std::string names;
  for (const BlockFormat& format : block_formats()) {
    if (packer(format.type)) names += (names.empty() ? "" : ", ") + ascii_lower(format.name);
  }
  return usage_error("'" + name + "' is not a type that a model is packed in", where + ".type", "use one of " + names);
}

}  // namespace

Result<FrozenPacker> FrozenPacker::make(model::Model& model, const PackOptions& options, const std::string& where) {
  MALMOI_ASSIGN(const BlockFormat* format, written_format(options.type, where));
  MALMOI_ASSIGN(SkippedModules skipped, SkippedModules::make(model, options.skip, where));
  return FrozenPacker(model, *format, std::move(skipped));
}

bool FrozenPacker::packs(const Entry& entry) const {
  const bool fills_blocks = entry.spec.shape.rank() >= 2 && entry.spec.shape.columns() % format_->elements == 0;
  return may_be_packed(entry) && fills_blocks && !skipped_.contains(entry);
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
