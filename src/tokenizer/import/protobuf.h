// Protocol Buffers on the wire: just enough to read and write one message field by field.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::tokenizer {

/// One field of a message. `bytes` for length-delimited fields, `number` for the others (as it stands: not zigzag).
struct ProtoField {
  uint32_t number = 0;  // of the field
  uint32_t wire = 0;    // 0 varint, 1 64 bits, 2 length-delimited, 5 32 bits
  uint64_t value = 0;
  std::string_view bytes;

  float as_float() const {
    auto low = static_cast<uint32_t>(value);
    float result;
    std::memcpy(&result, &low, sizeof result);
    return result;
  }
  bool as_bool() const { return value != 0; }
};

/// Reads the fields of one message one after another. Views point into the message.
class ProtoReader {
 public:
  /// `offset` is where the message begins in its file, `where` the file's name; both for errors.
  ProtoReader(std::string_view message, uint64_t offset, std::string_view where)
      : message_(message), offset_(offset), where_(where) {}
  /// Sets `field` to the next one; false at the end. Errors name the byte: a varint of more than ten bytes, a length
  /// beyond the message, field number 0, groups.
  Result<bool> next(ProtoField& field);
  /// Where the last field's content begins in the file.
  uint64_t content_offset() const { return offset_ + content_; }
  Error bad(std::string what) const;

 private:
  bool varint(uint64_t& value);
  std::string_view message_;
  uint64_t offset_;
  std::string_view where_;
  size_t at_ = 0, content_ = 0;
};

/// Appends fields to a message.
class ProtoWriter {
 public:
  void varint(uint32_t number, uint64_t value);
  void real(uint32_t number, float value);
  void bytes(uint32_t number, std::string_view value);
  const std::string& message() const { return out_; }

 private:
  void raw(uint64_t value);
  std::string out_;
};

}  // namespace malmoi::tokenizer
