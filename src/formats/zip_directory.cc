#include "formats/zip_directory.h"

#include <algorithm>

#include "formats/stored_number.h"

namespace malmoi::formats {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kEntry = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEndLocator64 = 0x07064b50, kEnd64 = 0x06064b50;
constexpr size_t kLocalHeaderBytes = 30, kEntryBytes = 46, kEndBytes = 22, kEndLocator64Bytes = 20, kEnd64Bytes = 56;
constexpr size_t kMaxComment = 65535;    // after the end record: its length has 16 bits
constexpr uint32_t kInExtraField = ~0u;  // a 32-bit field whose value stands in the zip64 extra field
constexpr uint16_t kEncrypted = 1;       // a flag of members
constexpr const char* kCut = "the file is truncated or damaged: fetch or write it again";

bool is_within(uint64_t begin, uint64_t size, uint64_t limit) { return begin <= limit && size <= limit - begin; }

std::string quoted(std::string_view name) { return "'" + std::string(name.substr(0, 200)) + "'"; }

// Where the end record begins: the last place whose comment reaches exactly to the end of the file.
size_t find_end(std::string_view file) {
  if (file.size() < kEndBytes) return std::string_view::npos;
  size_t last = file.size() - kEndBytes;
  size_t first = last > kMaxComment ? last - kMaxComment : 0;
  for (size_t at = last + 1; at-- > first;) {
    if (number<uint32_t>(file, at) == kEnd && number<uint16_t>(file, at + 20) == last - at) return at;
  }
  return std::string_view::npos;
}

// The bytes of the central directory, by the zip64 record where there is one.
Result<std::string_view> find_directory(std::string_view file, const std::string& where) {
  size_t end = find_end(file);
  if (end == std::string_view::npos) return invalid_data("no directory of a zip archive at its end", where, kCut);
  uint64_t size = number<uint32_t>(file, end + 12), begin = number<uint32_t>(file, end + 16);
  if (end >= kEndLocator64Bytes && number<uint32_t>(file, end - kEndLocator64Bytes) == kEndLocator64) {
    uint64_t record = number<uint64_t>(file, end - kEndLocator64Bytes + 8);
    if (!is_within(record, kEnd64Bytes, end) || number<uint32_t>(file, record) != kEnd64)
      return invalid_data("the zip64 record is not at byte " + std::to_string(record), where, kCut);
    size = number<uint64_t>(file, record + 40);
    begin = number<uint64_t>(file, record + 48);
  }
  if (!is_within(begin, size, end))
    return invalid_data("the directory of " + std::to_string(size) + " bytes at byte " + std::to_string(begin) +
                            " does not lie before its end record at byte " + std::to_string(end),
                        where, kCut);
  return file.substr(begin, size);
}

// Replaces what the entry leaves to its zip64 extra field: there stand the missing ones of unpacked size, size and
// header, in this order. False where one is missing.
bool read_extra_fields(std::string_view fields, uint64_t& unpacked, ZipMember& member) {
  uint64_t* wanted[] = {&unpacked, &member.size, &member.header};
  auto is_missing = [](const uint64_t* value) { return *value == kInExtraField; };
  if (std::none_of(std::begin(wanted), std::end(wanted), is_missing)) return true;
  while (fields.size() >= 4) {
    auto id = number<uint16_t>(fields, 0);
    auto size = number<uint16_t>(fields, 2);
    fields.remove_prefix(4);
    if (size > fields.size()) return false;
    std::string_view field = fields.substr(0, size);
    fields.remove_prefix(size);
    if (id != 1) continue;
    for (uint64_t* value : wanted) {
      if (!is_missing(value)) continue;
      if (field.size() < 8) return false;
      *value = number<uint64_t>(field, 0);
      field.remove_prefix(8);
    }
    return true;
  }
  return false;
}

}  // namespace

Status ZipDirectory::add(std::string_view directory) {
  std::string_view left = directory;
  while (!left.empty()) {
    std::string at = std::to_string(directory.data() - file_.data() + (directory.size() - left.size()));
    if (left.size() < kEntryBytes || number<uint32_t>(left, 0) != kEntry)
      return invalid_data("no entry of a zip directory at byte " + at, where_, kCut);
    size_t name = number<uint16_t>(left, 28), extra = number<uint16_t>(left, 30), comment = number<uint16_t>(left, 32);
    if (left.size() - kEntryBytes < name + extra + comment)
      return invalid_data("the entry at byte " + at + " reaches beyond the directory", where_, kCut);
    ZipMember member{left.substr(kEntryBytes, name), number<uint32_t>(left, 42), number<uint32_t>(left, 20), false};
    uint64_t unpacked = number<uint32_t>(left, 24);
    if (!read_extra_fields(left.substr(kEntryBytes + name, extra), unpacked, member))
      return invalid_data("member " + quoted(member.name) + " has no sizes", where_, kCut);
    bool is_stored = number<uint16_t>(left, 10) == 0 && unpacked == member.size;
    member.plain = is_stored && !(number<uint16_t>(left, 8) & kEncrypted);
    members_.push_back(member);
    left.remove_prefix(kEntryBytes + name + extra + comment);
  }
  std::sort(members_.begin(), members_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  auto twice = std::adjacent_find(members_.begin(), members_.end(),
                                  [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != members_.end()) return invalid_data("member " + quoted(twice->name) + " stands twice", where_);
  return {};
}

Result<ZipDirectory> ZipDirectory::parse(std::string_view file, std::string where) {
  MALMOI_ASSIGN(std::string_view directory, find_directory(file, where));
  ZipDirectory parsed(file, std::move(where));
  MALMOI_TRY(parsed.add(directory));
  return parsed;
}

const ZipMember* ZipDirectory::find(std::string_view name) const {
  auto at = std::lower_bound(members_.begin(), members_.end(), name,
                             [](const ZipMember& member, std::string_view wanted) { return member.name < wanted; });
  return at != members_.end() && at->name == name ? &*at : nullptr;
}

Result<std::string_view> ZipDirectory::bytes(std::string_view name) const {
  const ZipMember* member = find(name);
  if (!member) return invalid_data("no member " + quoted(name), where_);
  if (!member->plain)
    return unsupported("member " + quoted(name) + " is compressed or encrypted", where_,
                       "write it again with torch.save, or as safetensors");
  if (!is_within(member->header, kLocalHeaderBytes, file_.size()) ||
      number<uint32_t>(file_, member->header) != kLocalHeader)
    return invalid_data("member " + quoted(name) + " is not at byte " + std::to_string(member->header), where_, kCut);
  // Names and extra fields are as long as the local header says: PyTorch pads there, so that bytes are aligned.
  size_t name_size = number<uint16_t>(file_, member->header + 26), extra = number<uint16_t>(file_, member->header + 28);
  uint64_t begin = member->header + kLocalHeaderBytes + name_size + extra;
  if (!is_within(begin, member->size, file_.size()))
    return invalid_data("member " + quoted(name) + " of " + std::to_string(member->size) + " bytes at byte " +
                            std::to_string(begin) + " reaches beyond the file",
                        where_, kCut);
  if (file_.substr(member->header + kLocalHeaderBytes, name_size) != name)
    return invalid_data("member " + quoted(name) + " has another name at byte " + std::to_string(member->header),
                        where_, kCut);
  return file_.substr(begin, member->size);
}

}  // namespace malmoi::formats
