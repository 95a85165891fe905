// Metadata values of a GGUF file, and the types of its tensors.
#include <algorithm>

#include "formats/gguf_bytes.h"

namespace malmoi::formats {
namespace {

// One line a type, as ggml numbers them.
constexpr GgmlType kGgmlTypes[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
};

std::optional<int64_t> integer_at(GgufType type, const char* p) {
  switch (type) {
    case GgufType::kU8: return load<uint8_t>(p);
    case GgufType::kI8: return load<int8_t>(p);
    case GgufType::kU16: return load<uint16_t>(p);
    case GgufType::kI16: return load<int16_t>(p);
    case GgufType::kU32: return load<uint32_t>(p);
    case GgufType::kI32: return load<int32_t>(p);
    case GgufType::kI64: return load<int64_t>(p);
    case GgufType::kU64: {
      auto value = load<uint64_t>(p);
      return value <= INT64_MAX ? std::optional<int64_t>(static_cast<int64_t>(value)) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

std::optional<double> number_at(GgufType type, const char* p) {
  if (type == GgufType::kF32) return load<float>(p);
  if (type == GgufType::kF64) return load<double>(p);
  if (type == GgufType::kU64) return static_cast<double>(load<uint64_t>(p));
  if (auto value = integer_at(type, p)) return static_cast<double>(*value);
  return std::nullopt;
}

}  // namespace

size_t fixed_size(GgufType type) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kI8:
    case GgufType::kBool: return 1;
    case GgufType::kU16:
    case GgufType::kI16: return 2;
    case GgufType::kU32:
    case GgufType::kI32:
    case GgufType::kF32: return 4;
    case GgufType::kU64:
    case GgufType::kI64:
    case GgufType::kF64: return 8;
    default: return 0;
  }
}

std::span<const GgmlType> ggml_types() { return kGgmlTypes; }
const GgmlType* ggml_type(uint32_t id) {
  auto it = std::find_if(std::begin(kGgmlTypes), std::end(kGgmlTypes), [&](const GgmlType& t) { return t.id == id; });
  return it == std::end(kGgmlTypes) ? nullptr : it;
}
const GgmlType* ggml_type(std::string_view name) {
  auto it =
      std::find_if(std::begin(kGgmlTypes), std::end(kGgmlTypes), [&](const GgmlType& t) { return t.name == name; });
  return it == std::end(kGgmlTypes) ? nullptr : it;
}

std::optional<std::string_view> GgufValue::text() const {
  return type_ == GgufType::kString ? std::optional(bytes_) : std::nullopt;
}
std::optional<bool> GgufValue::boolean() const {
  return type_ == GgufType::kBool ? std::optional(bytes_[0] != 0) : std::nullopt;
}
std::optional<int64_t> GgufValue::integer() const { return integer_at(type_, bytes_.data()); }
std::optional<double> GgufValue::number() const { return number_at(type_, bytes_.data()); }

std::optional<std::vector<std::string_view>> GgufValue::texts() const {
  if (type_ != GgufType::kArray || element_ != GgufType::kString) return std::nullopt;
  std::vector<std::string_view> result;
  result.reserve(count_);
  for (size_t at = 0; at + 8 <= bytes_.size();) {
    auto length = load<uint64_t>(bytes_.data() + at);
    if (length > bytes_.size() - at - 8) return std::nullopt;
    result.push_back(bytes_.substr(at + 8, length));
    at += 8 + length;
  }
  if (result.size() != count_) return std::nullopt;
  return result;
}

std::optional<std::vector<int64_t>> GgufValue::integers() const {
  if (type_ != GgufType::kArray) return std::nullopt;
  const GgufType element = element_ == GgufType::kBool ? GgufType::kU8 : element_;
  const size_t size = fixed_size(element);
  std::vector<int64_t> result;
  for (uint64_t i = 0; size && i < count_; ++i) {
    std::optional<int64_t> value = integer_at(element, bytes_.data() + i * size);
    if (!value) return std::nullopt;
    result.push_back(*value);
  }
  return size ? std::optional(std::move(result)) : std::nullopt;
}

std::optional<std::vector<double>> GgufValue::numbers() const {
  if (type_ != GgufType::kArray) return std::nullopt;
  const size_t size = fixed_size(element_);
  std::vector<double> result;
  for (uint64_t i = 0; size && i < count_; ++i) {
    std::optional<double> value = number_at(element_, bytes_.data() + i * size);
    if (!value) return std::nullopt;
    result.push_back(*value);
  }
  return size ? std::optional(std::move(result)) : std::nullopt;
}

}  // namespace malmoi::formats
