// NumPy's .npy files, versions 1 to 3: little-endian numbers in C order; read over a memory map, written as a stream.
#pragma once

#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/element_type.h"

namespace malmoi::formats {

/// Where the array of a .npy file lies and what it is.
struct NpyHeader {
  ElementType type = ElementType::kF32;
  std::vector<int64_t> shape;
  uint64_t data_begin = 0;
};

/// Reads and checks a header against the size of the file. Refused with the reason: another magic or version, Fortran
/// order, big-endian or structured types, shapes that do not fit the file exactly.
Result<NpyHeader> parse_npy(std::string_view file, const std::string& where);

/// An array in a mapped file. Immutable.
class NpyArray {
 public:
  static Result<NpyArray> open(const Path& path);

  ElementType type() const { return header_.type; }
  const std::vector<int64_t>& shape() const { return header_.shape; }
  int64_t size() const { return static_cast<int64_t>(bytes().size() / element_size(header_.type)); }
  /// C order; maybe not aligned to the element.
  std::span<const std::byte> bytes() const { return file_.bytes().subspan(header_.data_begin); }
  const Path& path() const { return path_; }

  /// The values as T (int32_t, int64_t, uint8_t, uint16_t, float, double): integers and bool go to any integer type that
  /// holds every value, floating types to each other. Errors: another kind; a value out of range, with its index.
  template <typename T>
  Result<std::vector<T>> values() const;

 private:
  MappedFile file_;
  NpyHeader header_;
  Path path_;
};

/// A .npy file written piece by piece, atomically.
class NpyWriter {
 public:
  static Result<NpyWriter> create(const Path& path, ElementType type, std::vector<int64_t> shape);
  /// The next elements, in C order.
  Status append(const void* data, size_t bytes);
  /// Errors if fewer or more bytes came than the shape holds.
  Status commit();

 private:
  NpyWriter(AtomicFile file, Path path, uint64_t left) : file_(std::move(file)), path_(std::move(path)), left_(left) {}
  AtomicFile file_;
  Path path_;
  uint64_t left_;
};

/// Writes a whole array.
Status write_npy(const Path& path, ElementType type, std::vector<int64_t> shape, const void* data);
inline Status write_npy(const Path& path, std::vector<int64_t> shape, std::span<const int32_t> data) {
  return write_npy(path, ElementType::kI32, std::move(shape), data.data());
}
inline Status write_npy(const Path& path, std::vector<int64_t> shape, std::span<const float> data) {
  return write_npy(path, ElementType::kF32, std::move(shape), data.data());
}

}  // namespace malmoi::formats
