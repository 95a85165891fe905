// What a model is trained in: the type of activations and weights in products, and whether products are rounded further.
#pragma once

#include <array>
#include <string_view>

#include "tensor/dtype.h"

namespace malmoi {

/// kInt8 is bf16 whose forward products and gradients of inputs are rounded to 8 bits (GemmArgs::int8); gradients of
/// weights, and what leads back from the logits, stay bf16.
enum class Precision : uint8_t { kBF16, kF32, kInt8 };

constexpr std::array<std::string_view, 3> kPrecisionNames = {"bf16", "f32", "int8"};

constexpr std::string_view precision_name(Precision p) { return kPrecisionNames[static_cast<size_t>(p)]; }

/// Of activations, and of the weights that products read.
constexpr DType activation_type(Precision p) { return p == Precision::kF32 ? DType::kF32 : DType::kBF16; }

}  // namespace malmoi
