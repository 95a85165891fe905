#include "formats/gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace malmoi::formats {
namespace {

constexpr int kMaxArrayDepth = 4;
constexpr uint32_t kMaxDims = 4;

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

// Bytes of a number type; 0 for strings and arrays.
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

template <typename T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

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

// Reads a header from front to back; every length is checked against what is left before it is used.
class Parser {
 public:
  Parser(std::string_view file, const std::string& where) : file_(file), where_(where) {}

  Result<GgufHeader> parse();

 private:
  Error bad(std::string what, uint64_t at) const {
    return invalid_data(std::move(what), fmt::format("{}: byte {}", where_, at), "the file is damaged; get it again");
  }
  uint64_t left() const { return file_.size() - at_; }
  template <typename T>
  Status read(T& value) {
    if (left() < sizeof(T)) return bad("the file ends inside its header", at_);
    value = load<T>(file_.data() + at_);
    at_ += sizeof(T);
    return {};
  }
  Status read_string(std::string_view& value) {
    uint64_t begin = at_, length = 0;
    MALMOI_TRY(read(length));
    if (length > left()) return bad(fmt::format("a string of {} bytes is longer than the file", length), begin);
    value = file_.substr(at_, length);
    at_ += length;
    return {};
  }
  Status read_type(GgufType& type) {
    uint32_t number = 0;
    MALMOI_TRY(read(number));
    if (number > static_cast<uint32_t>(GgufType::kF64))
      return bad(fmt::format("there is no value type {}", number), at_ - 4);
    type = static_cast<GgufType>(number);
    return {};
  }
  Status read_value(GgufType type, GgufValue& value, int depth);
  Status read_array(GgufValue& value, int depth);
  Status read_pairs(uint64_t count);
  Status read_tensor(GgufTensor& tensor);
  Status size_tensor(GgufTensor& tensor, uint64_t begin);
  Status read_tensors(uint64_t count);
  Status read_alignment();

  std::string_view file_;
  const std::string& where_;
  uint64_t at_ = 0;
  uint32_t version_ = 3;
  GgufHeader header_;
};

Status Parser::read_array(GgufValue& value, int depth) {
  const uint64_t begin = at_;
  if (depth >= kMaxArrayDepth) return bad("arrays are nested too deep", begin);
  GgufType element{};
  uint64_t count = 0;
  MALMOI_TRY(read_type(element));
  MALMOI_TRY(read(count));
  const size_t fixed = fixed_size(element);
  // A string or an array takes at least its length.
  if (count > left() / (fixed ? fixed : 8))
    return bad(fmt::format("an array of {} elements is longer than the file", count), begin);
  const uint64_t elements = at_;
  if (fixed) {
    at_ += count * fixed;
  } else {
    GgufValue ignored;
    for (uint64_t i = 0; i < count; ++i) MALMOI_TRY(read_value(element, ignored, depth + 1));
  }
  value = GgufValue::array(element, count, file_.substr(elements, at_ - elements));
  return {};
}

Status Parser::read_value(GgufType type, GgufValue& value, int depth) {
  if (type == GgufType::kArray) return read_array(value, depth);
  if (type == GgufType::kString) {
    std::string_view text;
    MALMOI_TRY(read_string(text));
    value = GgufValue(type, text);
    return {};
  }
  const size_t size = fixed_size(type);
  if (left() < size) return bad("the file ends inside its header", at_);
  value = GgufValue(type, file_.substr(at_, size));
  at_ += size;
  return {};
}

Status Parser::read_pairs(uint64_t count) {
  std::unordered_map<std::string_view, bool> seen;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t begin = at_;
    std::string_view key;
    GgufType type{};
    GgufValue value;
    MALMOI_TRY(read_string(key));
    MALMOI_TRY(read_type(type));
    MALMOI_TRY(read_value(type, value, 0));
    if (!seen.emplace(key, true).second)
      return bad(fmt::format("the key \"{}\" stands twice", key.substr(0, 100)), begin);
    header_.pairs.emplace_back(key, value);
  }
  return {};
}

Status Parser::size_tensor(GgufTensor& tensor, uint64_t begin) {
  uint64_t elements = 1;
  for (uint64_t dim : tensor.dims) {
    if (dim && elements > static_cast<uint64_t>(INT64_MAX) / dim)
      return bad(fmt::format("the shape of tensor \"{}\" overflows", tensor.name.substr(0, 100)), begin);
    elements *= dim;
  }
  const uint64_t row = tensor.dims.empty() ? 1 : tensor.dims[0];
  if (row % tensor.type->block_elements)
    return bad(fmt::format("rows of tensor \"{}\" have {} elements, not whole blocks of {} ({})",
                           tensor.name.substr(0, 100), row, tensor.type->block_elements, tensor.type->name),
               begin);
  const uint64_t blocks = elements / tensor.type->block_elements;
  if (blocks > static_cast<uint64_t>(INT64_MAX) / tensor.type->block_bytes)
    return bad(fmt::format("the shape of tensor \"{}\" overflows", tensor.name.substr(0, 100)), begin);
  tensor.size = blocks * tensor.type->block_bytes;
  return {};
}

Status Parser::read_tensor(GgufTensor& tensor) {
  const uint64_t begin = at_;
  std::string_view name;
  MALMOI_TRY(read_string(name));
  tensor.name = name;
  uint32_t dims = 0, type = 0;
  MALMOI_TRY(read(dims));
  if (dims > kMaxDims)
    return bad(
        fmt::format("tensor \"{}\" has {} dimensions, at most {} are possible", name.substr(0, 100), dims, kMaxDims),
        begin);
  for (uint32_t d = 0; d < dims; ++d) {
    uint64_t size = 0;
    MALMOI_TRY(read(size));
    tensor.dims.push_back(size);
  }
  MALMOI_TRY(read(type));
  tensor.type = ggml_type(type);
  if (!tensor.type)
    return unsupported(fmt::format("tensor \"{}\" has the unknown type {}", name.substr(0, 100), type),
                       fmt::format("{}: byte {}", where_, begin), "convert the model to a known type, such as Q8_0");
  MALMOI_TRY(read(tensor.offset));
  MALMOI_TRY(size_tensor(tensor, begin));
  if (tensor.offset % header_.alignment || tensor.offset > static_cast<uint64_t>(INT64_MAX) - tensor.size)
    return bad(fmt::format("tensor \"{}\" has the offset {}, which is not aligned to {}", name.substr(0, 100),
                           tensor.offset, header_.alignment),
               begin);
  return {};
}

Status Parser::read_tensors(uint64_t count) {
  std::unordered_map<std::string, bool> seen;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t begin = at_;
    GgufTensor tensor;
    MALMOI_TRY(read_tensor(tensor));
    if (!seen.emplace(tensor.name, true).second)
      return bad(fmt::format("the tensor \"{}\" stands twice", tensor.name.substr(0, 100)), begin);
    header_.tensors.push_back(std::move(tensor));
  }
  return {};
}

Status Parser::read_alignment() {
  for (const auto& [key, value] : header_.pairs) {
    if (key != "general.alignment") continue;
    std::optional<int64_t> alignment = value.integer();
    if (!alignment || *alignment < 1 || *alignment > (1 << 20) ||
        !std::has_single_bit(static_cast<uint64_t>(*alignment)))
      return invalid_data("the alignment is no power of two up to 1048576", where_ + ": general.alignment",
                          "the file is damaged; get it again");
    header_.alignment = static_cast<uint64_t>(*alignment);
  }
  return {};
}

Result<GgufHeader> Parser::parse() {
  if (!file_.starts_with("GGUF"))
    return invalid_data("this is no GGUF file: it does not begin with \"GGUF\"", where_, "give a .gguf file");
  at_ = 4;
  MALMOI_TRY(read(version_));
  if (version_ < 2 || version_ > 3)
    return unsupported(version_ && (version_ & 0xFFFFFF) == 0 ? "the file is big-endian"
                                                              : fmt::format("GGUF version {} is not known", version_),
                       where_ + ": byte 4", "convert it to a little-endian GGUF of version 2 or 3");
  header_.version = version_;
  uint64_t tensors = 0, pairs = 0;
  MALMOI_TRY(read(tensors));
  MALMOI_TRY(read(pairs));
  // The least bytes of a pair: the key's length, the type, one byte; of a tensor: the name's length, dimensions, type, offset.
  if (pairs > left() / 9) return bad(fmt::format("{} metadata pairs do not fit the file", pairs), 16);
  if (tensors > left() / 20) return bad(fmt::format("{} tensors do not fit the file", tensors), 8);
  MALMOI_TRY(read_pairs(pairs));
  MALMOI_TRY(read_alignment());
  MALMOI_TRY(read_tensors(tensors));
  header_.data_begin = (at_ + header_.alignment - 1) / header_.alignment * header_.alignment;
  return std::move(header_);
}

}  // namespace

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

uint64_t GgufTensor::elements() const {
  uint64_t product = 1;
  for (uint64_t dim : dims) product *= dim;
  return product;
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

Result<GgufHeader> parse_gguf(std::string_view file, const std::string& where) { return Parser(file, where).parse(); }

Result<Gguf> Gguf::open(const Path& path) {
  Gguf gguf;
  gguf.path_ = path;
  MALMOI_ASSIGN(gguf.file_, MappedFile::open(path));
  MALMOI_TRY(gguf.read_header(gguf.file_.text()));
  return gguf;
}

Result<Gguf> Gguf::from_bytes(std::string bytes, const Path& name) {
  Gguf gguf;
  gguf.path_ = name;
  gguf.owned_ = std::make_unique<std::string>(std::move(bytes));
  MALMOI_TRY(gguf.read_header(*gguf.owned_));
  return gguf;
}

Status Gguf::read_header(std::string_view content) {
  content_ = std::as_bytes(std::span(content));
  MALMOI_ASSIGN(header_, parse_gguf(content, path_.string()));
  for (size_t i = 0; i < header_.pairs.size(); ++i) key_index_.emplace(header_.pairs[i].first, i);
  for (size_t i = 0; i < header_.tensors.size(); ++i) tensor_index_.emplace(header_.tensors[i].name, i);
  return {};
}

const GgufValue* Gguf::find(std::string_view key) const {
  auto it = key_index_.find(key);
  return it == key_index_.end() ? nullptr : &header_.pairs[it->second].second;
}

const GgufTensor* Gguf::tensor(std::string_view name) const {
  auto it = tensor_index_.find(name);
  return it == tensor_index_.end() ? nullptr : &header_.tensors[it->second];
}

namespace {

template <typename T>
Result<T> required(const Path& path, std::string_view key, const GgufValue* value,
                   std::optional<T> (GgufValue::*get)() const, const char* kind) {
  const std::string where = path.string() + ": " + std::string(key);
  if (!value) return invalid_data("the key is missing", where, "use a file that has it");
  std::optional<T> result = (value->*get)();
  if (!result) return invalid_data(std::string("the value is no ") + kind, where, "the file is damaged; get it again");
  return *std::move(result);
}

}  // namespace

Result<std::string_view> Gguf::text(std::string_view key) const {
  return required(path_, key, find(key), &GgufValue::text, "text");
}
Result<int64_t> Gguf::integer(std::string_view key) const {
  return required(path_, key, find(key), &GgufValue::integer, "integer");
}
Result<double> Gguf::number(std::string_view key) const {
  return required(path_, key, find(key), &GgufValue::number, "number");
}
Result<std::vector<std::string_view>> Gguf::texts(std::string_view key) const {
  return required(path_, key, find(key), &GgufValue::texts, "array of texts");
}
std::string_view Gguf::text_or(std::string_view key, std::string_view fallback) const {
  const GgufValue* value = find(key);
  return value ? value->text().value_or(fallback) : fallback;
}
int64_t Gguf::integer_or(std::string_view key, int64_t fallback) const {
  const GgufValue* value = find(key);
  return value ? value->integer().value_or(fallback) : fallback;
}
bool Gguf::boolean_or(std::string_view key, bool fallback) const {
  const GgufValue* value = find(key);
  return value ? value->boolean().value_or(fallback) : fallback;
}

Result<std::span<const std::byte>> Gguf::bytes(const GgufTensor& tensor) const {
  const std::span<const std::byte> file = content_;
  const uint64_t begin = header_.data_begin + tensor.offset;
  if (begin > file.size() || tensor.size > file.size() - begin)
    return invalid_data(fmt::format("the file ends before the bytes of tensor \"{}\"", tensor.name),
                        fmt::format("{}: byte {}", path_.string(), begin), "the file is cut short; get it again");
  return file.subspan(begin, tensor.size);
}

Status Gguf::check_data() const {
  std::vector<const GgufTensor*> order;
  for (const GgufTensor& tensor : header_.tensors) {
    if (auto data = bytes(tensor); !data.ok()) return data.error();
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->offset + order[i - 1]->size > order[i]->offset)
      return invalid_data(fmt::format("the tensors \"{}\" and \"{}\" overlap", order[i - 1]->name, order[i]->name),
                          path_.string(), "the file is damaged; get it again");
  return {};
}

}  // namespace malmoi::formats
