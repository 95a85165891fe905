// Zip archives written for tests, byte by byte, so that names, flags and contents can be as odd as those that are met.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace malmoi::data {

struct TestEntry {
  std::string name;  // in the bytes that stand in the archive
  std::string content;
  bool utf8 = false;     // whether the archive says that the name is
  bool deflated = true;  // else stored
  bool damaged = false;  // the packed bytes are overwritten in the middle
};

inline std::string little(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

/// Packed by zlib; `window_bits` says in which format.
inline std::string deflated(const std::string& content, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string deflate_raw(const std::string& content) { return deflated(content, -MAX_WBITS); }

inline std::string test_zip(const std::vector<TestEntry>& entries) {
  std::string file, directory;
  for (const TestEntry& entry : entries) {
    std::string packed = entry.deflated ? deflate_raw(entry.content) : entry.content;
    uint64_t crc =
        crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()), static_cast<uInt>(entry.content.size()));
    if (entry.damaged)
      for (size_t i = packed.size() / 3; i < packed.size() / 3 + 8 && i < packed.size(); ++i) packed[i] = '\xFF';
    std::string common = little(20, 2) + little(entry.utf8 ? 0x800 : 0, 2) + little(entry.deflated ? 8 : 0, 2) +
                         little(0x5A21, 4) + little(crc, 4) + little(packed.size(), 4) +
                         little(entry.content.size(), 4) + little(entry.name.size(), 2) + little(0, 2);
    directory += "PK\1\2" + little(20, 2) + common + little(0, 6) + little(0, 4) + little(file.size(), 4) + entry.name;
    file += "PK\3\4" + common + entry.name + packed;
  }
  return file + directory + "PK\5\6" + little(0, 4) + little(entries.size(), 2) + little(entries.size(), 2) +
         little(directory.size(), 4) + little(file.size(), 4) + little(0, 2);
}

}  // namespace malmoi::data
