// The element types that tensor files hold: names, sizes, and byte counts of shapes. Conversions live in tensor/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace malmoi::formats {

enum class ElementType {
  kF64,
  kF32,
  kF16,
  kBF16,
  kF8E4M3,
  kF8E5M2,
  kI64,
  kI32,
  kI16,
  kI8,
  kU64,
  kU32,
  kU16,
  kU8,
  kBool,
};

/// Bytes of one element.
size_t element_size(ElementType type);

/// The name in safetensors headers: `F32`, `BF16`, `F8_E4M3`, `BOOL` ...
std::string_view element_name(ElementType type);
std::optional<ElementType> element_from_name(std::string_view name);

/// Product of the dimensions; nothing if one is negative or the product does not fit in 63 bits. 1 for a scalar.
std::optional<int64_t> element_count(std::span<const int64_t> shape);
/// Bytes of a dense array; nothing where they do not fit in 63 bits.
std::optional<uint64_t> byte_count(ElementType type, std::span<const int64_t> shape);

/// `[2, 3]`, for messages.
std::string shape_text(std::span<const int64_t> shape);

}  // namespace malmoi::formats
