#include "model/finite.h"

#include <algorithm>
#include <bit>

#include "model/layout.h"

namespace malmoi::model {
namespace {

bool is_finite(float x) { return (std::bit_cast<uint32_t>(x) & 0x7F800000u) != 0x7F800000u; }

// The first value that is not finite of n, or n. Blocks are looked at as a whole: almost all are as they should be.
template <typename T, typename ToFloat>
int64_t first_not_finite(const T* values, int64_t n, const ToFloat& to_float) {
  constexpr int64_t kBlock = 4096;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, n);
    bool all = true;
    for (int64_t i = begin; i < end; ++i) all &= is_finite(to_float(values[i]));
    if (all) continue;
    return std::find_if(values + begin, values + end, [&](T x) { return !is_finite(to_float(x)); }) - values;
  }
  return n;
}

}  // namespace

Status check_finite(const Tensor& values, const nn::ParameterSpec& spec, const nn::Source& source,
                    const std::string& name, const std::string& where) {
  const int64_t columns = columns_of(spec), begin = source.row_begin * columns, n = source.rows * columns;
  int64_t at = values.dtype() == DType::kBF16
                   ? first_not_finite(values.as<BF16>() + begin, n, [](BF16 x) { return to_float(x); })
                   : first_not_finite(values.as<float>() + begin, n, [](float x) { return x; });
  if (at == n) return {};
  int64_t element = stored_element(spec, source, at / columns, at % columns);
  return invalid_data(
      "tensor '" + name + "' holds a value that is not finite (element " + std::to_string(element) + ")", where,
      "the file is damaged or its training diverged; use another checkpoint");
}

namespace {

Status check_trained(const nn::ParameterSet& parameters, const std::string& where) {
  for (const auto& entry : parameters.entries()) {
    if (!entry->parameter.trainable) continue;
    for (const nn::Source& source : entry->spec.sources) {
      Status finite = check_finite(entry->parameter.master, entry->spec, source, source.name, where);
      if (finite.ok()) continue;
      return invalid_data(finite.error().what, where,
                          "the training diverged: lower optimizer.lr and go on from the last checkpoint with --resume");
    }
  }
  return {};
}

}  // namespace

Status check_trained_weights(const Model& model, const std::string& where) {
  MALMOI_TRY(check_trained(model.parameters, where));
  if (model.adapter) MALMOI_TRY(check_trained(model.adapter->parameters, where));
  if (model.companion) return check_trained_weights(*model.companion, where);
  return {};
}

}  // namespace malmoi::model
