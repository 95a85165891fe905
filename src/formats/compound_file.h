// A compound file (OLE2), as binary Office documents and HWP 5 are: streams in storages, like files in folders.
//
// A header of 512 bytes; sectors of 512 or 4096 bytes; a table (FAT) that says of each sector which one follows; a
// directory of 128 bytes an entry; streams of less than 4096 bytes in a stream of their own with sectors of 64 bytes. All
// numbers are little-endian. Source: [MS-CFB] 12.0. Written here because the one library that Debian has for it takes
// memory by a file's word, and ends the program where there is not as much.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::formats {

/// The directory of a file that the caller keeps in memory as long as this. Immutable; safe from many threads.
class CompoundFile {
 public:
  /// Reads the tables and the directory. Errors: no compound file, tables beyond the file, sectors that follow each other
  /// in a ring.
  static Result<CompoundFile> parse(std::string_view file, std::string where);

  /// By path: "BodyText/Section0".
  bool contains(std::string_view path) const { return streams_.contains(path); }
  /// The paths of all streams.
  std::vector<std::string> paths() const;
  /// The bytes of a stream. Errors: none of that path, cut short, larger than the file.
  Result<std::string> read(std::string_view path) const;

 private:
  struct Stream {
    uint32_t first = 0;
    uint64_t size = 0;
  };

  CompoundFile(std::string_view file, std::string where) : file_(file), where_(std::move(where)) {}
  Status read_tables();
  Status read_directory(uint32_t first);
  std::string_view sector(uint32_t number) const;
  Result<std::string> chain(uint32_t first, uint64_t size) const;
  Result<std::string> small_chain(uint32_t first, uint64_t size) const;

  std::string_view file_;
  std::string where_;
  size_t sector_bytes_ = 512;
  std::vector<uint32_t> next_, small_next_;
  std::string small_;  // the stream of small streams
  std::map<std::string, Stream, std::less<>> streams_;
};

}  // namespace malmoi::formats
