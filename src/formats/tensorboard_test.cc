// Tests of the event files: the checksum's known answers, and a record read back field by field.
#include "formats/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

namespace malmoi::formats {
namespace {

TEST(Tensorboard, Crc32cKnownAnswers) {  // RFC 3720, B.4
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(""), 0u);
}

// The fields of one message: number -> bytes of a text or message, or the raw bytes of a number.
std::multimap<int, std::string> fields_of(std::string_view bytes) {
  std::multimap<int, std::string> fields;
  size_t at = 0;
  auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      auto byte = static_cast<unsigned char>(bytes.at(at++));
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.size()) {
    uint64_t key = varint();
    size_t size = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : 0;
    if ((key & 7) == 0) {
      fields.emplace(static_cast<int>(key >> 3), std::to_string(varint()));
      continue;
    }
    if ((key & 7) == 2) size = varint();
    fields.emplace(static_cast<int>(key >> 3), std::string(bytes.substr(at, size)));
    at += size;
  }
  return fields;
}

std::vector<std::string> records_of(const Path& path) {
  std::string file = *read_file(path);
  std::vector<std::string> records;
  auto unmasked = [&](size_t at) {
    uint32_t crc = 0;
    std::memcpy(&crc, file.data() + at, 4);
    crc -= 0xa282ead8u;
    return crc << 15 | crc >> 17;
  };
  for (size_t at = 0; at < file.size();) {
    uint64_t length = 0;
    std::memcpy(&length, file.data() + at, 8);
    EXPECT_EQ(unmasked(at + 8), crc32c(std::string_view(file).substr(at, 8)));
    records.push_back(file.substr(at + 12, length));
    EXPECT_EQ(unmasked(at + 12 + length), crc32c(records.back()));
    at += 16 + length;
  }
  return records;
}

TEST(Tensorboard, EventsReadBack) {
  Path folder = Path(testing::TempDir()) / "malmoi_events";
  std::filesystem::remove_all(folder);
  auto writer = TensorboardWriter::create(folder, 200);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->scalar("train/loss", 300, 2.5f).ok());
  ASSERT_TRUE(writer->text("sample", 301, "말모이").ok());
  ASSERT_TRUE(writer->flush().ok());
  auto second = TensorboardWriter::create(folder);
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->path(), writer->path());

  std::vector<std::string> records = records_of(writer->path());
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(fields_of(records[0]).find(3)->second, "brain.Event:2");
  auto start = fields_of(records[1]);
  EXPECT_EQ(start.find(2)->second, "200");
  EXPECT_EQ(fields_of(start.find(7)->second).find(1)->second, "1");
  auto scalar = fields_of(records[2]);
  EXPECT_EQ(scalar.find(2)->second, "300");
  auto value = fields_of(fields_of(scalar.find(5)->second).find(1)->second);
  EXPECT_EQ(value.find(1)->second, "train/loss");
  float x = 0;
  std::memcpy(&x, value.find(2)->second.data(), 4);
  EXPECT_EQ(x, 2.5f);
  auto text = fields_of(fields_of(fields_of(records[3]).find(5)->second).find(1)->second);
  EXPECT_EQ(fields_of(text.find(8)->second).find(8)->second, "말모이");
  EXPECT_EQ(fields_of(fields_of(text.find(9)->second).find(1)->second).find(1)->second, "text");
}

}  // namespace
}  // namespace malmoi::formats
