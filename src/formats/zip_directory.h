// The directory of a zip archive whose members lie in it uncompressed, as PyTorch writes checkpoints: names and bytes.
//
// An archive is: for each member a local header (30 bytes, name, extra field) and its bytes; the central directory, one
// entry a member; and the end record, which says where the directory lies. Offsets and sizes that do not fit in 32 bits
// stand in a "zip64" record and in extra fields of the entries. All numbers are little-endian. Source: PKWARE APPNOTE 6.3.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::formats {

/// What the directory says of one member; not yet compared with its local header.
struct ZipMember {
  std::string_view name;
  uint64_t header = 0;  // where its local header begins
  uint64_t size = 0;    // bytes in the archive
  bool plain = false;   // neither compressed nor encrypted
};

/// The directory of an archive that the caller keeps in memory as long as this. Immutable; safe from many threads.
class ZipDirectory {
 public:
  /// Reads the directory alone. Errors: no archive, cut short, offsets beyond the file, names that stand twice.
  static Result<ZipDirectory> parse(std::string_view file, std::string where);

  /// By name.
  std::span<const ZipMember> members() const { return members_; }
  /// Null if there is none.
  const ZipMember* find(std::string_view name) const;
  /// The bytes of a member, within the archive. Errors: no such member, compressed, beyond the file, a local header
  /// that belongs to another name.
  Result<std::string_view> bytes(std::string_view name) const;

 private:
  ZipDirectory(std::string_view file, std::string where) : file_(file), where_(std::move(where)) {}
  Status add(std::string_view directory);

  std::string_view file_;
  std::string where_;
  std::vector<ZipMember> members_;
};

}  // namespace malmoi::formats
