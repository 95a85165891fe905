// The header of a GGUF file, read from front to back.
#include <fmt/format.h>

#include <bit>

#include "formats/gguf_bytes.h"

namespace malmoi::formats {
namespace {

constexpr int kMaxArrayDepth = 4;
constexpr uint32_t kMaxDims = 4;
constexpr size_t kShownName = 100;  // bytes of a name in an error

// Every length is checked against what is left before it is used.
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
      return bad(fmt::format("the key \"{}\" stands twice", key.substr(0, kShownName)), begin);
    header_.pairs.emplace_back(key, value);
  }
  return {};
}

Status Parser::size_tensor(GgufTensor& tensor, uint64_t begin) {
  uint64_t elements = 1;
  for (uint64_t dim : tensor.dims) {
    if (dim && elements > static_cast<uint64_t>(INT64_MAX) / dim)
      return bad(fmt::format("the shape of tensor \"{}\" overflows", tensor.name.substr(0, kShownName)), begin);
    elements *= dim;
  }
  const uint64_t row = tensor.dims.empty() ? 1 : tensor.dims[0];
  if (row % tensor.type->block_elements)
    return bad(fmt::format("rows of tensor \"{}\" have {} elements, not whole blocks of {} ({})",
                           tensor.name.substr(0, kShownName), row, tensor.type->block_elements, tensor.type->name),
               begin);
  const uint64_t blocks = elements / tensor.type->block_elements;
  if (blocks > static_cast<uint64_t>(INT64_MAX) / tensor.type->block_bytes)
    return bad(fmt::format("the shape of tensor \"{}\" overflows", tensor.name.substr(0, kShownName)), begin);
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
    return bad(fmt::format("tensor \"{}\" has {} dimensions, at most {} are possible", name.substr(0, kShownName), dims,
                           kMaxDims),
               begin);
  for (uint32_t d = 0; d < dims; ++d) {
    uint64_t size = 0;
    MALMOI_TRY(read(size));
    tensor.dims.push_back(size);
  }
  MALMOI_TRY(read(type));
  tensor.type = ggml_type(type);
  if (!tensor.type)
    return unsupported(fmt::format("tensor \"{}\" has the unknown type {}", name.substr(0, kShownName), type),
                       fmt::format("{}: byte {}", where_, begin), "convert the model to a known type, such as Q8_0");
  MALMOI_TRY(read(tensor.offset));
  MALMOI_TRY(size_tensor(tensor, begin));
  if (tensor.offset % header_.alignment || tensor.offset > static_cast<uint64_t>(INT64_MAX) - tensor.size)
    return bad(fmt::format("tensor \"{}\" has the offset {}, which is not aligned to {}", name.substr(0, kShownName),
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
      return bad(fmt::format("the tensor \"{}\" stands twice", tensor.name.substr(0, kShownName)), begin);
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

Result<GgufHeader> parse_gguf(std::string_view file, const std::string& where) { return Parser(file, where).parse(); }

}  // namespace malmoi::formats
