// Zip archives and pickles written for tests, so that each of their fields can lie.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace malmoi::formats {

template <typename T>
std::string little_endian(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// An archive of stored members, `zip64` with every size and offset in the places for large archives.
inline std::string zip_of(const std::vector<std::pair<std::string, std::string>>& members, bool zip64 = false) {
  std::string file, directory;
  for (const auto& [name, bytes] : members) {
    uint64_t header = file.size(), size = bytes.size();
    std::string padding(5, 'p');  // in the local header alone, as PyTorch pads
    file += "PK\3\4" + std::string(22, '\0') + little_endian(static_cast<uint16_t>(name.size())) +
            little_endian(static_cast<uint16_t>(padding.size())) + name + padding + bytes;
    std::string extra;
    if (zip64)
      extra = little_endian<uint32_t>(0x00020007) + "xx" + little_endian<uint32_t>(0x00180001) + little_endian(size) +
              little_endian(size) + little_endian(header);
    auto field = [&](uint64_t value) { return little_endian(zip64 ? ~0u : static_cast<uint32_t>(value)); };
    directory += "PK\1\2" + std::string(16, '\0') + field(size) + field(size) +
                 little_endian(static_cast<uint16_t>(name.size())) +
                 little_endian(static_cast<uint16_t>(extra.size())) + std::string(10, '\0') + field(header) + name +
                 extra;
  }
  uint64_t begin = file.size(), size = directory.size();
  file += directory;
  if (zip64) {
    std::string record = "PK\6\6" + std::string(36, '\0') + little_endian(size) + little_endian(begin);
    file += record + std::string("PK\6\7") + little_endian<uint32_t>(0) + little_endian(begin + size) +
            little_endian<uint32_t>(1);
  }
  auto field = [&](uint64_t value) { return little_endian(zip64 ? ~0u : static_cast<uint32_t>(value)); };
  return file + std::string("PK\5\6") + std::string(8, '\0') + field(size) + field(begin) + std::string(2, '\0');
}

/// Operations of a pickle that push a text and an integer.
inline std::string pickle_text(std::string_view text) {
  return "X" + little_endian(static_cast<uint32_t>(text.size())) + std::string(text);
}
inline std::string pickle_integer(int64_t value) { return "\x8a\x08" + little_endian(value); }

}  // namespace malmoi::formats
