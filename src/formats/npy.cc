#include "formats/npy.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace malmoi::formats {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr size_t kMaxNpyHeader = 1 << 20;

struct Code {
  std::string_view text;  // without the byte order
  ElementType type;
};
constexpr Code kCodes[] = {
    {"f8", ElementType::kF64}, {"f4", ElementType::kF32}, {"f2", ElementType::kF16}, {"i8", ElementType::kI64},
    {"i4", ElementType::kI32}, {"i2", ElementType::kI16}, {"i1", ElementType::kI8},  {"u8", ElementType::kU64},
    {"u4", ElementType::kU32}, {"u2", ElementType::kU16}, {"u1", ElementType::kU8},  {"b1", ElementType::kBool},
};

// The header is a Python dict literal: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view w) {
    skip_space();
    if (text_.substr(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }
  bool string(std::string_view& out) {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return false;
    size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return false;
    out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return true;
  }
  bool number(int64_t& out) {
    skip_space();
    auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
    if (error != std::errc() || out < 0) return false;
    at_ = static_cast<size_t>(end - text_.data());
    take('L');  // Python 2 wrote long integers so
    return true;
  }
  bool done() {
    skip_space();
    return at_ == text_.size();
  }
  size_t at() const { return at_; }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  std::string_view text_;
  size_t at_ = 0;
};

struct Fields {
  std::string_view descr;
  bool fortran = false;
  std::vector<int64_t> shape;
};

bool read_shape(LiteralReader& reader, std::vector<int64_t>& shape) {
  if (!reader.take('(')) return false;
  while (!reader.take(')')) {
    int64_t n = 0;
    if (shape.size() >= 64 || !reader.number(n)) return false;
    shape.push_back(n);
    if (!reader.take(',')) return reader.take(')');
  }
  return true;
}

bool read_fields(LiteralReader& reader, Fields& fields) {
  int seen = 0;
  if (!reader.take('{')) return false;
  while (!reader.take('}')) {
    std::string_view key;
    if (!reader.string(key) || !reader.take(':')) return false;
    if (key == "descr") {
      if (!reader.string(fields.descr)) return false;
      seen |= 1;
    } else if (key == "fortran_order") {
      fields.fortran = reader.word("True");
      if (!fields.fortran && !reader.word("False")) return false;
      seen |= 2;
    } else if (key == "shape") {
      fields.shape.clear();
      if (!read_shape(reader, fields.shape)) return false;
      seen |= 4;
    } else {
      return false;
    }
    if (!reader.take(',')) {
      if (!reader.take('}')) return false;
      break;
    }
  }
  return seen == 7 && reader.done();
}

Result<ElementType> type_of_descr(std::string_view descr, const std::string& where) {
  if (descr.size() >= 2 && (descr[0] == '<' || descr[0] == '|' || descr[0] == '=')) {
    for (const Code& code : kCodes) {
      if (code.text == descr.substr(1)) return code.type;
    }
  }
  return unsupported("element type '" + std::string(descr.substr(0, 40)) + "'", where,
                     "save it as a little-endian number, e.g. array.astype('<i4')");
}

}  // namespace

Result<NpyHeader> parse_npy(std::string_view file, const std::string& where) {
  if (!file.starts_with(kNpyMagic) || file.size() < 10)
    return invalid_data("is no .npy file", where, "write it with numpy.save");
  auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(file[i])); };
  size_t version = byte(6), begin = version == 1 ? 10 : 12;
  if (version < 1 || version > 3) return unsupported("version " + std::to_string(version) + " of .npy", where);
  if (file.size() < begin) return invalid_data("ends within its header", where);
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > kMaxNpyHeader || length > file.size() - begin)
    return invalid_data("header of " + std::to_string(length) + " bytes, the file has " + std::to_string(file.size()),
                        where);
  LiteralReader reader(file.substr(begin, length));
  Fields fields;
  if (!read_fields(reader, fields))
    return invalid_data("malformed header at byte " + std::to_string(begin + reader.at()), where);
  NpyHeader header;
  MALMOI_ASSIGN(header.type, type_of_descr(fields.descr, where));
  // A vector reads the same either way.
  auto wide = std::count_if(fields.shape.begin(), fields.shape.end(), [](int64_t n) { return n > 1; });
  if (fields.fortran && wide > 1)
    return unsupported("the array is in Fortran order", where, "save numpy.ascontiguousarray(array)");
  header.shape = std::move(fields.shape);
  header.data_begin = begin + length;
  std::optional<uint64_t> bytes = byte_count(header.type, header.shape);
  uint64_t present = file.size() - header.data_begin;
  if (!bytes || *bytes != present)
    return invalid_data("shape " + shape_text(header.shape) + " of " + std::string(element_name(header.type)) +
                            " needs " + (bytes ? std::to_string(*bytes) : "too many") + " bytes, " +
                            std::to_string(present) + " are there",
                        where, "the file is truncated or damaged: write it again");
  return header;
}

Result<NpyArray> NpyArray::open(const Path& path) {
  NpyArray array;
  MALMOI_ASSIGN(array.file_, MappedFile::open(path));
  MALMOI_ASSIGN(array.header_, parse_npy(array.file_.text(), path.string()));
  array.path_ = path;
  return array;
}

namespace {

template <typename From, typename To>
Result<std::vector<To>> convert(std::span<const std::byte> bytes, const Path& path) {
  if constexpr (std::is_floating_point_v<From> != std::is_floating_point_v<To>) {
    return invalid_data(std::is_floating_point_v<From> ? "holds fractions where whole numbers were expected"
                                                       : "holds whole numbers where fractions were expected",
                        path.string(), "save it with another dtype");
  } else {
    std::vector<To> out(bytes.size() / sizeof(From));
    for (size_t i = 0; i < out.size(); ++i) {
      From value;
      std::memcpy(&value, bytes.data() + i * sizeof(From), sizeof(From));
      if constexpr (!std::is_floating_point_v<From>) {
        if (!std::in_range<To>(value))
          return invalid_data("value " + std::to_string(value) + " at index " + std::to_string(i) + " is out of range",
                              path.string());
      }
      out[i] = static_cast<To>(value);
    }
    return out;
  }
}

}  // namespace

template <typename T>
Result<std::vector<T>> NpyArray::values() const {
  switch (header_.type) {
    case ElementType::kF64: return convert<double, T>(bytes(), path_);
    case ElementType::kF32: return convert<float, T>(bytes(), path_);
    case ElementType::kI64: return convert<int64_t, T>(bytes(), path_);
    case ElementType::kI32: return convert<int32_t, T>(bytes(), path_);
    case ElementType::kI16: return convert<int16_t, T>(bytes(), path_);
    case ElementType::kI8: return convert<int8_t, T>(bytes(), path_);
    case ElementType::kU64: return convert<uint64_t, T>(bytes(), path_);
    case ElementType::kU32: return convert<uint32_t, T>(bytes(), path_);
    case ElementType::kU16: return convert<uint16_t, T>(bytes(), path_);
    case ElementType::kU8:
    case ElementType::kBool: return convert<uint8_t, T>(bytes(), path_);
    default: break;
  }
  return unsupported("element type " + std::string(element_name(header_.type)) + " cannot be read as numbers",
                     path_.string(), "save it as float32");
}

template Result<std::vector<int32_t>> NpyArray::values() const;
template Result<std::vector<int64_t>> NpyArray::values() const;
template Result<std::vector<uint8_t>> NpyArray::values() const;
template Result<std::vector<uint16_t>> NpyArray::values() const;
template Result<std::vector<float>> NpyArray::values() const;
template Result<std::vector<double>> NpyArray::values() const;

Result<NpyWriter> NpyWriter::create(const Path& path, ElementType type, std::vector<int64_t> shape) {
  const Code* code = std::find_if(std::begin(kCodes), std::end(kCodes), [&](const Code& c) { return c.type == type; });
  if (code == std::end(kCodes))
    return unsupported(".npy has no element type " + std::string(element_name(type)), path.string());
  std::optional<uint64_t> bytes = byte_count(type, shape);
  if (!bytes) return invalid_data("shape " + shape_text(shape) + " is too large", path.string());
  std::string dims;
  for (int64_t n : shape) dims += std::to_string(n) + ", ";
  if (shape.size() > 1) dims.resize(dims.size() - 2);
  else if (!dims.empty()) dims.pop_back();
  std::string header = "{'descr': '" + std::string(element_size(type) == 1 ? "|" : "<") + std::string(code->text) +
                       "', 'fortran_order': False, 'shape': (" + dims + "), }";
  // 10 bytes before it, a line break after it, 64-byte alignment of the data; 64 dimensions always fit in version 1.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string prefix(kNpyMagic);
  prefix += {1, 0, static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  MALMOI_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MALMOI_TRY(file.write(prefix + header));
  return NpyWriter(std::move(file), path, *bytes);
}

Status NpyWriter::append(const void* data, size_t bytes) {
  if (bytes > left_) return internal_error("more elements than the shape holds", path_.string());
  left_ -= bytes;
  return file_.write(data, bytes);
}

Status NpyWriter::commit() {
  if (left_ != 0) return internal_error("fewer elements than the shape holds", path_.string());
  return file_.commit();
}

Status write_npy(const Path& path, ElementType type, std::vector<int64_t> shape, const void* data) {
  std::optional<uint64_t> bytes = byte_count(type, shape);
  MALMOI_ASSIGN(NpyWriter writer, NpyWriter::create(path, type, std::move(shape)));
  MALMOI_TRY(writer.append(data, *bytes));
  return writer.commit();
}

}  // namespace malmoi::formats
