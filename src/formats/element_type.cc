#include "formats/element_type.h"

namespace malmoi::formats {
namespace {

struct Entry {
  ElementType type;
  std::string_view name;
  size_t size;
};

// In the order of the enum.
constexpr Entry kTypes[] = {
    {ElementType::kF64, "F64", 8},   {ElementType::kF32, "F32", 4},        {ElementType::kF16, "F16", 2},
    {ElementType::kBF16, "BF16", 2}, {ElementType::kF8E4M3, "F8_E4M3", 1}, {ElementType::kF8E5M2, "F8_E5M2", 1},
    {ElementType::kI64, "I64", 8},   {ElementType::kI32, "I32", 4},        {ElementType::kI16, "I16", 2},
    {ElementType::kI8, "I8", 1},     {ElementType::kU64, "U64", 8},        {ElementType::kU32, "U32", 4},
    {ElementType::kU16, "U16", 2},   {ElementType::kU8, "U8", 1},          {ElementType::kBool, "BOOL", 1},
};

}  // namespace

size_t element_size(ElementType type) { return kTypes[static_cast<size_t>(type)].size; }

std::string_view element_name(ElementType type) { return kTypes[static_cast<size_t>(type)].name; }

std::optional<ElementType> element_from_name(std::string_view name) {
  for (const Entry& entry : kTypes) {
    if (entry.name == name) return entry.type;
  }
  return std::nullopt;
}

std::optional<int64_t> element_count(std::span<const int64_t> shape) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t n : shape) {
    if (n < 0) return std::nullopt;
    if (n == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(count, n, &count)) {
      return std::nullopt;
    }
  }
  return empty ? 0 : count;
}

std::optional<uint64_t> byte_count(ElementType type, std::span<const int64_t> shape) {
  std::optional<int64_t> count = element_count(shape);
  int64_t bytes = 0;
  if (!count || __builtin_mul_overflow(*count, static_cast<int64_t>(element_size(type)), &bytes)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

std::string shape_text(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace malmoi::formats
