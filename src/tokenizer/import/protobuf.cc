#include "tokenizer/import/protobuf.h"

#include <fmt/format.h>

namespace malmoi::tokenizer {

Error ProtoReader::bad(std::string what) const {
  return invalid_data(std::move(what), fmt::format("{}: byte {}", where_, offset_ + at_),
                      "the file is damaged; get it again");
}

bool ProtoReader::varint(uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 70 && at_ < message_.size(); shift += 7) {
    auto byte = static_cast<unsigned char>(message_[at_++]);
    if (shift < 64) value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return false;
}

Result<bool> ProtoReader::next(ProtoField& field) {
  if (at_ == message_.size()) return false;
  uint64_t key = 0;
  field = {};
  if (!varint(key)) return bad("a field's key is cut off");
  if (key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3) return bad("a field has no valid number");
  field.number = static_cast<uint32_t>(key >> 3);
  field.wire = static_cast<uint32_t>(key & 7);
  content_ = at_;
  if (field.wire == 0) {
    if (!varint(field.value)) return bad("a number is cut off");
    return true;
  }
  uint64_t size = field.wire == 1 ? 8 : 4;
  if (field.wire == 2) {
    if (!varint(size)) return bad("a length is cut off");
    content_ = at_;
  } else if (field.wire != 1 && field.wire != 5) {
    return bad(fmt::format("wire type {} is not possible here", field.wire));
  }
  if (size > message_.size() - at_) return bad(fmt::format("a field of {} bytes is longer than its message", size));
  field.bytes = message_.substr(at_, size);
  at_ += size;
  if (field.wire != 2) {
    std::memcpy(&field.value, field.bytes.data(), size);
    field.bytes = {};
  }
  return true;
}

void ProtoWriter::raw(uint64_t value) {
  while (value >= 128) {
    out_ += static_cast<char>(value | 128);
    value >>= 7;
  }
  out_ += static_cast<char>(value);
}
void ProtoWriter::varint(uint32_t number, uint64_t value) {
  raw(static_cast<uint64_t>(number) << 3);
  raw(value);
}
void ProtoWriter::real(uint32_t number, float value) {
  raw(static_cast<uint64_t>(number) << 3 | 5);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out_.append(bytes, sizeof value);
}
void ProtoWriter::bytes(uint32_t number, std::string_view value) {
  raw(static_cast<uint64_t>(number) << 3 | 2);
  raw(value.size());
  out_ += value;
}

}  // namespace malmoi::tokenizer
