#include "model/vocabulary_size.h"

#include <algorithm>
#include <cstring>

#include "model/adapted_place.h"
#include "model/weight_rows.h"

namespace malmoi::model {
namespace {

using Entry = nn::ParameterSet::Entry;

// The entries whose rows are tokens.
Result<std::vector<Entry*>> entries_by_token(Model& model, const std::string& where) {
  const auto refused = [&](const std::string& what) {
    return unsupported(what, where, "extend the model first (malmoi vocab extend), and adapt that one");
  };
  if (!model.config().contains("vocab_size")) return refused("the model's config says no vocab_size");
  if (model.task() == Task::kSeq2Seq) return refused("an encoder-decoder reads and writes by several tables");
  std::vector<Entry*> entries;
  for (auto& entry : model.parameters.entries()) {
    if (!has_row_for_each_token(model, *entry)) continue;
    const bool is_whole =
        entry->slots.size() == 1 && entry->spec.sources.size() == 1 && entry->spec.shape.rows() == model.vocab_size();
    if (!is_whole) return refused("'" + entry->spec.name + "' has no row of its own for each token");
    if (entry->spec.role == nn::Role::kHead && model.head->bias)
      return refused("the model's head has a bias for each token");
    entries.push_back(entry.get());
  }
  const bool biased_words = model.head && !model.tied_head.tensor.empty() && model.head->bias;
  if (biased_words) return refused("the model's head has a bias for each token");
  return entries;
}

// Row `id` of a table as the mean of other rows of it.
void write_mean(const Tensor& table, int64_t id, const std::vector<int32_t>& origins) {
  const int64_t width = table.shape().columns();
  std::vector<double> sum(static_cast<size_t>(width));
  std::vector<float> row(static_cast<size_t>(width));
  for (int32_t origin : origins) {
    convert(table.rows(origin, 1).data(), table.dtype(), row.data(), DType::kF32, row.size());
    for (size_t c = 0; c < row.size(); ++c) sum[c] += static_cast<double>(row[c]);
  }
  for (size_t c = 0; c < row.size(); ++c) row[c] = static_cast<float>(sum[c] / static_cast<double>(origins.size()));
  convert(row.data(), DType::kF32, table.rows(id, 1).data(), table.dtype(), row.size());
}

Tensor resized(const Model& model, const Entry& entry, const Vocabulary& vocabulary) {
  const Parameter& p = entry.parameter;
  const int64_t before = p.shape.rows(), columns = p.shape.columns();
  Tensor old = Tensor::zeros(model.parameters.compute_type(p), {before, columns});
  write_rows(**entry.slots[0], old);
  Tensor made = Tensor::zeros(old.dtype(), {vocabulary.rows, columns});
  std::memcpy(made.data(), old.data(), std::min(old.bytes(), made.bytes()));
  for (size_t i = 0; i < vocabulary.origins.size(); ++i)
    write_mean(made, vocabulary.first + static_cast<int64_t>(i), vocabulary.origins[i]);
  return made;
}

Status check_origins(const Model& model, const Vocabulary& vocabulary, const std::string& where) {
  const int64_t known = std::min(vocabulary.first, model.vocab_size());
  for (const std::vector<int32_t>& origins : vocabulary.origins) {
    const bool fits =
        !origins.empty() && std::ranges::all_of(origins, [&](int32_t id) { return id >= 0 && id < known; });
    if (!fits)
      return invalid_data("the tokenizer has ids for which the model has no rows", where,
                          "tokenizer and weights do not belong together");
  }
  return {};
}

}  // namespace

bool has_row_for_each_token(const Model& model, const Entry& entry) {
  if (entry.spec.role == nn::Role::kEmbedding) return true;
  const bool tells_tokens = model.head && (model.generates() || model.task() == Task::kMaskedLm);
  return entry.spec.role == nn::Role::kHead && tells_tokens && &entry.parameter == &model.head->weight->parameter();
}

Status resize_vocabulary(Model& model, const Vocabulary& vocabulary, bool has_values, const std::string& where) {
  if (vocabulary.rows == 0 || (vocabulary.rows == model.vocab_size() && vocabulary.origins.empty())) return {};
  MALMOI_ASSIGN(const std::vector<Entry*> entries, entries_by_token(model, where));
  MALMOI_TRY(check_origins(model, vocabulary, where));
  for (Entry* entry : entries) {
    Parameter& p = entry->parameter;
    const Shape shape = {vocabulary.rows, p.shape.columns()};
    p.compute = has_values ? resized(model, *entry, vocabulary) : Tensor();
    p.shape = entry->spec.shape = shape;
    entry->spec.sources[0].rows = vocabulary.rows;
    entry->originals.clear();  // what is written is no longer what the file had
    entry->slots[0]->bind(std::make_unique<autograd::DenseWeight>(p));
  }
  model.set_vocab_size(vocabulary.rows);
  return {};
}

}  // namespace malmoi::model
