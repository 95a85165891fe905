#include "model/fingerprint.h"

#include "autograd/adapted_weight.h"
#include "base/hash.h"

namespace malmoi::model {
namespace {

// The first row of a matrix, one of its middle, and the last.
Tensor some_rows(const autograd::Weight& weight) {
  Arena arena;
  StoragePool pool;
  Stream stream;
  autograd::Context context{
      .arena = &arena, .pool = &pool, .stream = &stream, .backend = &kernels::cpu_backend(), .dtype = DType::kF32};
  const auto rows = static_cast<int32_t>(weight.out_features());
  const int32_t ids[] = {0, rows / 2, rows - 1};
  Tensor made = Tensor::zeros(DType::kF32, {static_cast<int64_t>(std::size(ids)), weight.in_features()});
  weight.gather(context, {.ids = ids, .rows = made.shape().rows()}, made);
  return made;
}

void add_values(const Tensor& values, std::string& text) {
  std::vector<BF16> rounded(static_cast<size_t>(values.elements()));
  convert(values.data(), values.dtype(), rounded.data(), DType::kBF16, rounded.size());
  text.append(reinterpret_cast<const char*>(rounded.data()), rounded.size() * sizeof(BF16));
}

}  // namespace

std::string weights_fingerprint(const Model& model) {
  std::string text;
  for (const auto& entry : model.parameters.entries()) {
    text += entry->spec.name;
    for (int i = 0; i < entry->spec.shape.rank(); ++i) text += " " + std::to_string(entry->spec.shape[i]);
    for (const auto& slot : entry->slots) add_values(some_rows(autograd::without_adapters(**slot)), text);
    if (entry->slots.empty() && entry->parameter.compute.data()) add_values(entry->parameter.compute, text);
  }
  return to_hex(hash128(text));
}

}  // namespace malmoi::model
