// Values of tensors in their own type and in that of sums, for weights that add to what others have made.
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include "autograd/context.h"
#include "base/temporarily.h"

namespace malmoi::autograd::adapted {

/// Elements that a thread works on at least, and so rows of a number of columns.
inline constexpr int64_t kGrain = 1 << 14;
inline int64_t grain(int64_t columns) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(columns, 1)); }

inline float load(float x) { return x; }
inline double load(double x) { return x; }
inline float load(BF16 x) { return to_float(x); }
inline void store(float& to, float x) { to = x; }
inline void store(double& to, double x) { to = x; }
inline void store(BF16& to, float x) { to = to_bf16(x); }

/// What values of a type are summed in: that of statistics.
template <typename T>
using Sum = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// Calls body(pointer to the tensor's first element) in its type.
template <typename T, typename Body>
void in_type(T& tensor, const Body& body) {
  if (tensor.dtype() == DType::kF64) body(tensor.template as<double>());
  else if (tensor.dtype() == DType::kF32) body(tensor.template as<float>());
  else body(tensor.template as<BF16>());
}

template <typename Pointer>
using SumOf = Sum<std::remove_cvref_t<decltype(*std::declval<Pointer>())>>;

/// The same of a tensor of statistics' type.
template <typename T, typename Body>
void in_sums(T& tensor, const Body& body) {
  if (tensor.dtype() == DType::kF64) body(tensor.template as<double>());
  else body(tensor.template as<float>());
}

/// Which adapter a row goes through; see Context::row_adapters.
inline int32_t adapter_of(std::span<const int32_t> adapters, int64_t row) {
  if (adapters.empty()) return 0;
  return adapters.size() == 1 ? adapters[0] : adapters[static_cast<size_t>(row)];
}

/// While the result lives, products are not rounded to 8 bits: those of low rank cost little, and hold all that is learned.
inline Temporarily<bool> whole_products(Context& context) { return {context.int8_products, false}; }

/// The values in another type; the tensor itself where that is its own.
inline Tensor as_type(Context& context, const Tensor& tensor, DType type) {
  if (tensor.dtype() == type) return tensor;
  Tensor made = context.temporary(type, tensor.shape());
  context.step("convert", 0, [&] {
    convert(tensor.data(), tensor.dtype(), made.data(), type, static_cast<size_t>(tensor.elements()));
  });
  return made;
}

}  // namespace malmoi::autograd::adapted
