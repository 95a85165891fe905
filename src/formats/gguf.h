// GGUF: the metadata and the tensor directory of llama.cpp's model files, read over a memory map, and written.
//
// A file is: "GGUF", u32 version, u64 tensors, u64 pairs; the pairs (key, u32 type, value); for each tensor its name, u32
// dimensions, u64 sizes (fastest first), u32 type, u64 offset; padding to `general.alignment` (32); the tensors' bytes.
// Strings are u64 length and bytes. All numbers are little-endian. Versions 2 and 3.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::formats {

/// The types of metadata values, numbered as in the file.
enum class GgufType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

/// One metadata value: a view of its bytes in the file. Cheap to copy; lives as long as the file.
class GgufValue {
 public:
  GgufValue() = default;
  GgufValue(GgufType type, std::string_view bytes) : type_(type), bytes_(bytes) {}
  /// An array of `count` elements of `type`; `bytes` are its elements one after another.
  static GgufValue array(GgufType type, uint64_t count, std::string_view bytes) {
    GgufValue value(GgufType::kArray, bytes);
    value.element_ = type;
    value.count_ = count;
    return value;
  }

  GgufType type() const { return type_; }
  GgufType element_type() const { return element_; }  // of an array
  uint64_t count() const { return count_; }           // of an array
  std::string_view bytes() const { return bytes_; }

  /// Nothing where the value is of another kind, or does not fit.
  std::optional<std::string_view> text() const;
  std::optional<bool> boolean() const;
  std::optional<int64_t> integer() const;                      // any integer type
  std::optional<double> number() const;                        // any integer or floating type
  std::optional<std::vector<std::string_view>> texts() const;  // an array of strings
  std::optional<std::vector<int64_t>> integers() const;        // an array of any integer type or bool
  std::optional<std::vector<double>> numbers() const;          // an array of any number type

 private:
  GgufType type_ = GgufType::kU8, element_ = GgufType::kU8;
  uint64_t count_ = 0;
  std::string_view bytes_;
};

/// The element types of tensors: how many elements a block has and how many bytes it takes. One line a type in gguf_values.cc.
struct GgmlType {
  uint32_t id;
  std::string_view name;  // F32, F16, BF16, Q8_0, Q4_K ...
  uint32_t block_elements;
  uint32_t block_bytes;
};
std::span<const GgmlType> ggml_types();
/// Null where the id or name is not known.
const GgmlType* ggml_type(uint32_t id);
const GgmlType* ggml_type(std::string_view name);

struct GgufTensor {
  std::string name;
  const GgmlType* type = nullptr;
  std::vector<uint64_t> dims;  // fastest first, as in the file: a row-major matrix [rows, columns] is {columns, rows}
  uint64_t offset = 0;         // from the beginning of the tensors' bytes
  uint64_t size = 0;           // bytes
  uint32_t part = 0;           // the file that it stands in, of a model in several

  uint64_t elements() const;
};

/// What a file says before its tensors' bytes. Views point into the text that was parsed.
struct GgufHeader {
  uint32_t version = 3;
  std::vector<std::pair<std::string_view, GgufValue>> pairs;  // in the order of the file
  std::vector<GgufTensor> tensors;
  uint64_t alignment = 32;
  uint64_t data_begin = 0;  // of the tensors' bytes; may lie beyond a file that has metadata alone
};

/// Reads a header. Errors name the byte: another magic or version, counts or lengths that the file cannot hold, unknown
/// types, keys or tensors that stand twice, arrays nested deeper than 4, shapes that overflow or do not fill blocks,
/// offsets that are not aligned. Allocates no more than a small multiple of the file's size.
/// Whether the tensors' bytes are there is not checked (files of metadata alone are common): `Gguf::check_data`.
Result<GgufHeader> parse_gguf(std::string_view file, const std::string& where);

/// A mapped file, or the first of several that make one model (`NAME-00001-of-00003.gguf`, `split.count`): the keys are the
/// first's, the tensors those of all. Immutable; safe from many threads.
class Gguf {
 public:
  /// Errors: what parse_gguf() refuses; of a model in several files another than the first, or one that is not beside it.
  static Result<Gguf> open(const Path& path);
  /// A file that is in memory already; `name` stands for its path.
  static Result<Gguf> from_bytes(std::string bytes, const Path& name);

  const std::vector<std::pair<std::string_view, GgufValue>>& pairs() const { return header_.pairs; }
  /// Null if there is none.
  const GgufValue* find(std::string_view key) const;
  /// The value under a key; errors name the file and the key where it is missing or of another kind.
  Result<std::string_view> text(std::string_view key) const;
  Result<int64_t> integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
  Result<std::vector<std::string_view>> texts(std::string_view key) const;
  std::string_view text_or(std::string_view key, std::string_view fallback) const;
  int64_t integer_or(std::string_view key, int64_t fallback) const;
  bool boolean_or(std::string_view key, bool fallback) const;

  const std::vector<GgufTensor>& tensors() const { return header_.tensors; }
  const GgufTensor* tensor(std::string_view name) const;
  /// The bytes of a tensor. Errors: the file ends before them.
  Result<std::span<const std::byte>> bytes(const GgufTensor& tensor) const;
  /// Whether all tensors' bytes are in the file and none overlap.
  Status check_data() const;
  /// Whether its files are as they were when they were opened. Errors: as MappedFile::check().
  Status check_files() const;

  uint32_t version() const { return header_.version; }
  const Path& path() const { return path_; }

 private:
  static Result<Gguf> open_alone(const Path& path);
  Status read_header(std::string_view content);
  Status open_parts();
  Status add_part(Gguf part);

  MappedFile file_;
  std::unique_ptr<std::string> owned_;  // instead of the map
  std::span<const std::byte> content_;
  GgufHeader header_;
  std::unordered_map<std::string_view, size_t> key_index_;
  std::unordered_map<std::string_view, size_t> tensor_index_;
  std::vector<Gguf> parts_;  // after the first
  Path path_;
};

/// At which the tensors of a written file stand.
inline constexpr uint64_t kGgufAlignment = 32;

/// Builds the metadata of a file to be written; `set` replaces a key that is there.
class GgufMetadata {
 public:
  void set_text(std::string_view key, std::string_view value);
  void set_bool(std::string_view key, bool value);
  void set_u32(std::string_view key, uint32_t value);
  void set_i32(std::string_view key, int32_t value);
  void set_u64(std::string_view key, uint64_t value);
  void set_f32(std::string_view key, float value);
  void set_texts(std::string_view key, std::span<const std::string> values);
  void set_i32s(std::string_view key, std::span<const int32_t> values);
  void set_bools(std::string_view key, const std::vector<bool>& values);
  void set_f32s(std::string_view key, std::span<const float> values);
  void set_bytes(std::string_view key, std::string_view values);  // an array of u8
  /// A value as it stands in another file.
  void set(std::string_view key, const GgufValue& value);

  size_t size() const { return pairs_.size(); }
  /// The pairs as they stand in a file.
  std::string serialized() const;

 private:
  void put(std::string_view key, GgufType type, std::string payload);
  std::vector<std::pair<std::string, std::string>> pairs_;  // key, type and payload
};

struct GgufTensorSpec {
  std::string name;
  const GgmlType* type = nullptr;
  std::vector<uint64_t> dims;  // fastest first
};

/// What a version 3 file begins with, to the first tensor's byte: tensors in the order of `specs`. Errors: shapes that do not fill blocks.
Result<std::string> gguf_header(const GgufMetadata& metadata, std::span<const GgufTensorSpec> specs = {});

/// Gives the bytes of tensor `specs[index]` to the sink, all of them and no more.
using GgufTensorSource =
    std::function<Status(size_t index, const std::function<Status(std::span<const std::byte>)>& sink)>;

/// Writes a file, atomically: gguf_header() and the tensors' bytes. `source` is called once for each. Errors: those of
/// gguf_header(), a source that gives too few or too many bytes.
Status write_gguf(const Path& path, const GgufMetadata& metadata, std::span<const GgufTensorSpec> specs = {},
                  const GgufTensorSource& source = {});

}  // namespace malmoi::formats
