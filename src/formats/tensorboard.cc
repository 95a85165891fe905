#include "formats/tensorboard.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/log.h"

namespace malmoi::formats {
namespace {

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}();

uint32_t masked_crc(std::string_view bytes) {
  uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

// Protocol buffers, the four wire forms that events need.
class Message {
 public:
  Message& varint(int field, uint64_t value) {
    key(field, 0);
    return raw_varint(value);
  }
  Message& fixed(int field, double value) { return raw(field, 1, &value, 8); }
  Message& fixed(int field, float value) { return raw(field, 5, &value, 4); }
  Message& bytes(int field, std::string_view value) {
    key(field, 2);
    raw_varint(value.size());
    text_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.text_); }
  const std::string& text() const { return text_; }

 private:
  void key(int field, int wire) { raw_varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire)); }
  Message& raw(int field, int wire, const void* data, size_t size) {
    key(field, wire);
    text_.append(static_cast<const char*>(data), size);
    return *this;
  }
  Message& raw_varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
    return *this;
  }
  std::string text_;
};

constexpr int kFileVersion = 3, kSummary = 5, kSessionLog = 7;  // fields of Event
constexpr uint64_t kSessionStart = 1;
constexpr uint64_t kTypeString = 7;  // DT_STRING of TensorProto

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (char c : bytes) crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ crc >> 8;
  return ~crc;
}

Result<TensorboardWriter> TensorboardWriter::create(const Path& folder, int64_t first_step) {
  MALMOI_TRY(make_folder(folder));
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  auto seconds = static_cast<int64_t>(wall_time());
  Path path;
  std::FILE* file = nullptr;
  // Two runs within a second of one process must not share a file.
  for (int n = 0; n < 1000 && !file; ++n) {
    path = folder / fmt::format("events.out.tfevents.{:010}.{}.{}.{}", seconds, host, ::getpid(), n);
    file = std::fopen(path.c_str(), "wbx");
    if (!file && errno != EEXIST) break;
  }
  if (!file) return io_error("cannot create", path.string(), errno);
  TensorboardWriter writer(file, path);
  MALMOI_TRY(writer.write_event(0, kFileVersion, "brain.Event:2"));
  if (first_step > 0)
    MALMOI_TRY(writer.write_event(first_step, kSessionLog, Message().varint(1, kSessionStart).text()));
  MALMOI_TRY(writer.flush());
  return writer;
}

Status TensorboardWriter::write_event(int64_t step, int field, std::string_view payload) {
  Message event;
  event.fixed(1, wall_time()).varint(2, static_cast<uint64_t>(step)).bytes(field, payload);
  uint64_t length = event.text().size();
  std::string record(12, '\0');
  std::memcpy(record.data(), &length, 8);
  uint32_t crc = masked_crc(std::string_view(record).substr(0, 8));
  std::memcpy(record.data() + 8, &crc, 4);
  record += event.text();
  crc = masked_crc(event.text());
  record.append(reinterpret_cast<const char*>(&crc), 4);
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size())
    return io_error("cannot write", path_.string(), errno);
  return monotonic_seconds() - flushed_at_ > 5 ? flush() : Status();
}

Status TensorboardWriter::scalar(std::string_view tag, int64_t step, float value) {
  Message summary_value;
  summary_value.bytes(1, tag).fixed(2, value);
  return write_event(step, kSummary, Message().message(1, summary_value).text());
}

Status TensorboardWriter::text(std::string_view tag, int64_t step, std::string_view markdown) {
  Message shape, tensor, metadata, summary_value;
  shape.message(2, Message().varint(1, 1));
  tensor.varint(1, kTypeString).message(2, shape).bytes(8, markdown);
  metadata.message(1, Message().bytes(1, "text"));
  summary_value.bytes(1, tag).message(8, tensor).message(9, metadata);
  return write_event(step, kSummary, Message().message(1, summary_value).text());
}

Status TensorboardWriter::flush() {
  flushed_at_ = monotonic_seconds();
  if (std::fflush(file_.get()) != 0) return io_error("cannot write", path_.string(), errno);
  return {};
}

}  // namespace malmoi::formats
