#include "model/tied_adapter.h"

#include "model/adapted_place.h"
#include "model/stored_values.h"

namespace malmoi::model {
namespace {

using formats::StoredTensor;

// b is a turned round.
Result<bool> is_turned(const StoredTensor& a, const StoredTensor& b, const std::string& where) {
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape[0] != b.shape[1] || a.shape[1] != b.shape[0]) return false;
  MALMOI_ASSIGN(const std::vector<float> ours, stored_values(a, where));
  MALMOI_ASSIGN(const std::vector<float> theirs, stored_values(b, where));
  const auto rows = static_cast<size_t>(a.shape[0]), columns = static_cast<size_t>(a.shape[1]);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) {
      if (ours[r * columns + c] != theirs[c * rows + r]) return false;
    }
  }
  return true;
}

Result<bool> same_low_rank(const AdapterFile& file, const AdapterNames::Module& table,
                           const AdapterNames::Module& head) {
  if (!table.second.table || head.second.table || head.second.magnitude) return false;
  if (scale_of(file.config, table.first) != scale_of(file.config, head.first)) return false;
  MALMOI_ASSIGN(const bool same_a, is_turned(*table.second.a, *head.second.b, file.where));
  if (!same_a) return false;
  return is_turned(*table.second.b, *head.second.a, file.where);
}

}  // namespace

std::optional<TiedWords> tied_words(Model& model) {
  if (!model.head || model.tied_head.tensor.empty()) return {};
  const nn::ParameterSet::Entry& words = entry_of(model, model.head->weight->parameter());
  return TiedWords{words.spec.sources[0].name, model.tied_head.tensor};
}

Result<bool> adapts_as_one(const AdapterFile& file, const AdapterNames& names, const TiedWords& words) {
  const auto *table = names.module_of(words.table), *head = names.module_of(words.head);
  const auto *whole_table = names.whole_of(words.table), *whole_head = names.whole_of(words.head);
  if (!table && !head && !whole_table && !whole_head) return false;
  if (!file.config.keeps_tied) {  // each by itself, unless both were saved as they are
    if (table || head || !whole_table || !whole_head) return false;
    return same_values(*whole_table, *whole_head);
  }
  if (!table != !head || !whole_table != !whole_head)
    return unsupported("'ensure_weight_tying' adapts words and head together, and the file has one of them", file.where,
                       "merge the adapter into its model with the library that made it");
  bool same = true;
  if (table) {
    MALMOI_ASSIGN(same, same_low_rank(file, *table, *head));
  }
  if (whole_table) same = same && same_values(*whole_table, *whole_head);
  if (same) return true;
  return invalid_data(
      "'ensure_weight_tying' is true, but '" + words.table + "' and '" + words.head + "' are not adapted alike",
      file.where, "adapter_config.json and weights do not belong together");
}

}  // namespace malmoi::model
