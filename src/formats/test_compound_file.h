// Compound files (OLE2) written for tests: streams at the top or in one storage each, small ones in the small stream.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "formats/test_zip.h"

namespace malmoi::formats {

class TestCompoundFile {
 public:
  explicit TestCompoundFile(const std::vector<std::pair<std::string, std::string>>& streams) {
    entries_.push_back({"Root Entry", 5});
    for (const auto& [path, bytes] : streams) add(path, bytes);
    entries_[0].first = small_.empty() ? kEnd : append(small_);
    entries_[0].size = small_.size();
    uint32_t small_table = small_next_.empty() ? kEnd : append(numbers(small_next_));
    uint32_t directory = append(entries());
    // The table tells of its own sectors, too, with which it grows.
    uint32_t table = static_cast<uint32_t>(next_.size());
    size_t tables = 1;
    while (tables * (kSector / 4) < next_.size() + tables) ++tables;
    for (size_t i = 0; i < tables; ++i) next_.push_back(0xFFFFFFFD);
    next_.resize(tables * (kSector / 4), 0xFFFFFFFF);
    file_ = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + std::string(16, '\0') + little_endian<uint32_t>(0x0003003E) +
            little_endian<uint32_t>(0x0009FFFE) + little_endian<uint32_t>(6) + std::string(8, '\0') +
            little_endian(static_cast<uint32_t>(tables)) + little_endian(directory) + little_endian<uint32_t>(0) +
            little_endian<uint32_t>(4096) + little_endian(small_table) +
            little_endian(static_cast<uint32_t>(small_table == kEnd ? 0 : 1)) + little_endian(kEnd) +
            little_endian<uint32_t>(0);
    for (uint32_t i = 0; i < 109; ++i) file_ += little_endian(i < tables ? table + i : 0xFFFFFFFF);
    file_ += sectors_ + numbers(next_);
  }

  const std::string& bytes() const { return file_; }

 private:
  static constexpr size_t kSector = 512, kSmallSector = 64, kSmallStream = 4096;
  static constexpr uint32_t kEnd = 0xFFFFFFFE, kNone = 0xFFFFFFFF;

  struct Entry {
    std::string name;
    uint8_t type;
    uint32_t first = 0, child = kNone, next = kNone;
    uint64_t size = 0;
  };

  static std::string numbers(const std::vector<uint32_t>& values) {
    std::string out;
    for (uint32_t value : values) out += little_endian(value);
    return out;
  }

  // Sectors one after the other; the number of the first.
  uint32_t append(std::string bytes) {
    auto first = static_cast<uint32_t>(next_.size());
    bytes.resize((bytes.size() + kSector - 1) / kSector * kSector, '\0');
    for (size_t i = 0; i < bytes.size() / kSector; ++i) next_.push_back(static_cast<uint32_t>(next_.size()) + 1);
    next_.back() = kEnd;
    sectors_ += bytes;
    return first;
  }

  uint32_t append_small(std::string bytes) {
    auto first = static_cast<uint32_t>(small_next_.size());
    bytes.resize((bytes.size() + kSmallSector - 1) / kSmallSector * kSmallSector, '\0');
    for (size_t i = 0; i < bytes.size() / kSmallSector; ++i)
      small_next_.push_back(static_cast<uint32_t>(small_next_.size()) + 1);
    if (!bytes.empty()) small_next_.back() = kEnd;
    small_ += bytes;
    return bytes.empty() ? kEnd : first;
  }

  // An entry under its storage, before those that are there.
  size_t place(const std::string& name, uint8_t type, size_t folder) {
    entries_.push_back({name, type});
    entries_.back().next = std::exchange(entries_[folder].child, static_cast<uint32_t>(entries_.size() - 1));
    return entries_.size() - 1;
  }

  void add(const std::string& path, const std::string& bytes) {
    size_t slash = path.find('/'), folder = 0;
    if (slash != std::string::npos) {
      auto [known, is_new] = folders_.try_emplace(path.substr(0, slash), 0);
      if (is_new) known->second = place(known->first, 1, 0);
      folder = known->second;
    }
    size_t entry = place(path.substr(slash == std::string::npos ? 0 : slash + 1), 2, folder);
    entries_[entry].size = bytes.size();
    entries_[entry].first = bytes.size() < kSmallStream ? append_small(bytes) : append(bytes);
  }

  std::string entries() const {
    std::string out;
    for (const Entry& entry : entries_) {
      std::string name;
      for (char c : entry.name) (name += c) += '\0';
      auto length = static_cast<uint16_t>(name.size() + 2);
      name.resize(64, '\0');
      out += name + little_endian(length) + std::string(1, static_cast<char>(entry.type)) + std::string(1, '\1') +
             little_endian(kNone) + little_endian(entry.next) + little_endian(entry.child) + std::string(36, '\0') +
             little_endian(entry.first) + little_endian(entry.size);
    }
    return out;
  }

  std::vector<Entry> entries_;
  std::map<std::string, size_t> folders_;
  std::vector<uint32_t> next_, small_next_;
  std::string sectors_, small_, file_;
};

}  // namespace malmoi::formats
