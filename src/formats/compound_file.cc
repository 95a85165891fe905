#include "formats/compound_file.h"

#include <algorithm>

#include "base/utf8.h"
#include "formats/stored_number.h"

namespace malmoi::formats {
namespace {

constexpr std::string_view kCompoundMagic = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
constexpr size_t kHeaderBytes = 512, kStorageEntryBytes = 128, kSmallSectorBytes = 64, kTablesInHeader = 109;
constexpr uint64_t kSmallStream = 4096;       // smaller ones lie in the stream of small streams
constexpr uint32_t kLastSector = 0xFFFFFFFA;  // numbers above have other meanings: end, free, tables
constexpr uint32_t kNoEntry = 0xFFFFFFFF;
constexpr const char* kCutDocument = "the file is truncated or damaged: fetch or save it again";

enum EntryType : uint8_t { kStorage = 1, kStream = 2, kRoot = 5 };

std::string entry_name(std::string_view entry) {
  constexpr size_t kMostUnits = 31;
  size_t units = std::min<size_t>(number<uint16_t>(entry, 64) / 2, kMostUnits + 1);
  std::string name;
  for (size_t i = 0; i + 1 < units; ++i) append_utf8(name, number<uint16_t>(entry, 2 * i));
  return name;
}

void append_numbers(std::string_view bytes, std::vector<uint32_t>& out) {
  for (size_t at = 0; at + 4 <= bytes.size(); at += 4) out.push_back(number<uint32_t>(bytes, at));
}

}  // namespace

// A sector that the file holds only in part, as the last one may be, is as long as what is there.
std::string_view CompoundFile::sector(uint32_t number) const {
  uint64_t begin = (uint64_t{number} + 1) * sector_bytes_;
  return begin < file_.size() ? file_.substr(begin, sector_bytes_) : std::string_view();
}

Status CompoundFile::read_tables() {
  uint64_t most = file_.size() / sector_bytes_ + 1;  // sectors, and so tables
  std::vector<uint32_t> tables;
  for (size_t i = 0; i < kTablesInHeader; ++i) tables.push_back(number<uint32_t>(file_, 76 + 4 * i));
  // More tables than the header has room for stand in sectors of their own, each with the number of the next at its end.
  auto more = number<uint32_t>(file_, 68);
  for (uint64_t i = 0; more < kLastSector; ++i) {
    std::string_view numbers = sector(more);
    if (numbers.size() != sector_bytes_ || i > most)
      return invalid_data("a list of tables is not at sector " + std::to_string(more), where_, kCutDocument);
    append_numbers(numbers.substr(0, sector_bytes_ - 4), tables);
    more = number<uint32_t>(numbers, sector_bytes_ - 4);
  }
  std::erase_if(tables, [](uint32_t table) { return table >= kLastSector; });
  if (tables.size() > most) return invalid_data("more tables than the file has sectors", where_, kCutDocument);
  for (uint32_t table : tables) append_numbers(sector(table), next_);
  if (next_.size() > most) next_.resize(most);
  return {};
}

// The bytes of the sectors from `first`, `size` of them; UINT64_MAX: all.
Result<std::string> CompoundFile::chain(uint32_t first, uint64_t size) const {
  std::string out;
  size_t steps = 0;
  for (uint32_t at = first; at < kLastSector && out.size() < size; at = next_[at]) {
    std::string_view bytes = sector(at);
    if (bytes.empty() || at >= next_.size() || ++steps > next_.size())
      return invalid_data("a stream goes on at sector " + std::to_string(at) + ", which is not there", where_,
                          kCutDocument);
    out += bytes.substr(0, std::min<uint64_t>(bytes.size(), size - out.size()));
  }
  if (size != UINT64_MAX && out.size() < size) return invalid_data("a stream is cut short", where_, kCutDocument);
  return out;
}

Result<std::string> CompoundFile::small_chain(uint32_t first, uint64_t size) const {
  std::string out;
  for (uint32_t at = first; at < small_next_.size() && out.size() < size; at = small_next_[at]) {
    uint64_t begin = uint64_t{at} * kSmallSectorBytes;
    if (begin >= small_.size()) break;
    out += small_.substr(begin, std::min<uint64_t>(kSmallSectorBytes, size - out.size()));
  }
  if (out.size() < size) return invalid_data("a stream is cut short", where_, kCutDocument);
  return out;
}

Status CompoundFile::read_directory(uint32_t first) {
  MALMOI_ASSIGN(std::string directory, chain(first, UINT64_MAX));
  size_t entries = directory.size() / kStorageEntryBytes;
  if (entries == 0) return invalid_data("has no directory", where_, kCutDocument);
  auto entry = [&](size_t i) { return std::string_view(directory).substr(i * kStorageEntryBytes, kStorageEntryBytes); };
  MALMOI_ASSIGN(small_, chain(number<uint32_t>(entry(0), 116), UINT64_MAX));

  struct Place {
    uint32_t entry;
    std::string folder;
  };
  std::vector<Place> places = {{number<uint32_t>(entry(0), 76), ""}};
  std::vector<char> seen(entries, 0);
  while (!places.empty()) {
    Place place = std::move(places.back());
    places.pop_back();
    if (place.entry == kNoEntry || place.entry >= entries || std::exchange(seen[place.entry], 1)) continue;
    std::string_view bytes = entry(place.entry);
    std::string path = place.folder + entry_name(bytes);
    auto type = number<uint8_t>(bytes, 66);
    // Only as many folders deep as any program makes them, so that paths do not grow with every entry.
    constexpr size_t kLongestPath = 1024;
    if (type == kStorage && path.size() < kLongestPath) places.push_back({number<uint32_t>(bytes, 76), path + "/"});
    // The upper half of a size means nothing in files with sectors of 512 bytes.
    uint64_t size = number<uint32_t>(bytes, 120);
    if (type == kStream) streams_.insert_or_assign(path, Stream{number<uint32_t>(bytes, 116), size});
    places.push_back({number<uint32_t>(bytes, 68), place.folder});
    places.push_back({number<uint32_t>(bytes, 72), place.folder});
  }
  return {};
}

Result<CompoundFile> CompoundFile::parse(std::string_view bytes, std::string where) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kCompoundMagic))
    return invalid_data("is no compound file", where, "check that it is a document of Hangul or of Office before 2007");
  CompoundFile file(bytes, std::move(where));
  auto shift = number<uint16_t>(bytes, 30);
  if (shift != 9 && shift != 12)
    return invalid_data("has sectors of 2^" + std::to_string(shift) + " bytes", file.where_, kCutDocument);
  file.sector_bytes_ = size_t{1} << shift;
  MALMOI_TRY(file.read_tables());
  MALMOI_ASSIGN(std::string small, file.chain(number<uint32_t>(bytes, 60), UINT64_MAX));
  append_numbers(small, file.small_next_);
  MALMOI_TRY(file.read_directory(number<uint32_t>(bytes, 48)));
  return file;
}

std::vector<std::string> CompoundFile::paths() const {
  std::vector<std::string> out;
  for (const auto& [path, stream] : streams_) out.push_back(path);
  return out;
}

Result<std::string> CompoundFile::read(std::string_view path) const {
  auto found = streams_.find(path);
  if (found == streams_.end()) return invalid_data("no stream '" + std::string(path) + "'", where_);
  const Stream& stream = found->second;
  if (stream.size > file_.size())
    return invalid_data("stream '" + std::string(path) + "' is larger than the file", where_, kCutDocument);
  return stream.size < kSmallStream ? small_chain(stream.first, stream.size) : chain(stream.first, stream.size);
}

}  // namespace malmoi::formats
