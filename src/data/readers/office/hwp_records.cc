#include "data/readers/office/hwp_records.h"

#include <algorithm>
#include <cstring>

#include "data/readers/expansion.h"
#include "data/readers/inflate.h"
#include "formats/compound_file.h"

namespace malmoi::data::office {
namespace {

constexpr std::string_view kSignature = "HWP Document File";
constexpr size_t kFlags = 36;  // in FileHeader
enum Flag : uint32_t { kCompressed = 1, kPassword = 2, kDistribution = 4 };

// Unpacks the streams of one document within the limits.
class Unpacker {
 public:
  Unpacker(uint64_t packed, const ReaderLimits& limits, const std::string& where)
      : meter_{packed, 0}, limits_(limits), where_(where) {}

  /// A stream as HWP packs it: deflate without a header.
  Result<std::string> inflate_raw(std::string_view packed) {
    const uint64_t most = std::min(limits_.document_bytes, meter_.most(limits_));
    Unpacked out = inflate(packed, Deflate::kRaw, most - meter_.out);
    count(out.bytes.size());
    MALMOI_TRY(limit_);
    if (out.end != Unpacked::End::kWhole) return invalid_data("is damaged", where_);
    return std::move(out.bytes);
  }

  /// Streams may share their bytes, so those that are not packed count too.
  void count(uint64_t bytes) {
    meter_.out += bytes;
    limit_ = meter_.check(limits_, where_);
    if (limit_.ok() && meter_.out > limits_.document_bytes)
      limit_ = invalid_data("holds more than " + std::to_string(limits_.document_bytes) + " bytes", where_,
                            "raise limits.document_bytes");
  }

  /// An error once a limit was passed.
  const Status& limit() const { return limit_; }

 private:
  Expansion meter_;
  const ReaderLimits& limits_;
  const std::string& where_;
  Status limit_;
};

// Compound files of other programs, by a stream that each has.
Error other_document(const formats::CompoundFile& file, const std::string& where) {
  struct Known {
    const char *stream, *what, *remedy;
  };
  constexpr Known kKnown[] = {{"EncryptedPackage", "needs a password", "save it without one"},
                              {"WordDocument", "Word documents before 2007 cannot be read here",
                               "convert it: soffice --headless --convert-to docx FILE"},
                              {"Workbook", "Excel workbooks before 2007 cannot be read here",
                               "convert it: soffice --headless --convert-to xlsx FILE"},
                              {"Book", "Excel workbooks before 2007 cannot be read here",
                               "convert it: soffice --headless --convert-to xlsx FILE"},
                              {"PowerPoint Document", "PowerPoint presentations before 2007 cannot be read here",
                               "convert it: soffice --headless --convert-to pptx FILE"}};
  for (const Known& known : kKnown)
    if (file.contains(known.stream)) return unsupported(known.what, where, known.remedy);
  return unsupported("a compound file of a kind that is not read", where,
                     "save it as DOCX, XLSX, PPTX or HWPX in its program");
}

}  // namespace

uint32_t HwpRecord::u32(size_t at) const {
  uint32_t value = 0;
  if (at + sizeof value <= data.size()) std::memcpy(&value, data.data() + at, sizeof value);
  return value;
}

uint16_t HwpRecord::u16(size_t at) const {
  uint16_t value = 0;
  if (at + sizeof value <= data.size()) std::memcpy(&value, data.data() + at, sizeof value);
  return value;
}

std::u16string HwpRecord::text(size_t& at) const {
  size_t begin = at + 2, units = u16(at);
  std::u16string out;
  for (size_t i = 0; i < units && begin + 2 * i + 2 <= data.size(); ++i)
    out += static_cast<char16_t>(u16(begin + 2 * i));
  at = begin + 2 * units;
  return out;
}

std::vector<HwpRecord> split_records(std::string_view stream) {
  constexpr uint32_t kLong = 0xFFF;  // the size stands behind the head
  std::vector<HwpRecord> out;
  while (stream.size() >= 4) {
    HwpRecord head{0, 0, stream};
    uint32_t bits = head.u32(0);
    uint32_t size = bits >> 20;
    size_t begin = 4;
    if (size == kLong) {
      size = head.u32(4);
      begin = 8;
    }
    if (begin > stream.size() || size > stream.size() - begin) break;
    out.push_back({static_cast<int>(bits & 0x3FF), static_cast<int>(bits >> 10 & 0x3FF), stream.substr(begin, size)});
    stream.remove_prefix(begin + size);
  }
  // From the last to the first: each takes over the families that follow it on higher levels.
  for (size_t i = out.size(); i-- > 0;)
    for (size_t next = i + 1; next < out.size() && out[next].level > out[i].level; next = i + out[i].family)
      out[i].family += out[next].family;
  return out;
}

Result<HwpStreams> unpack_hwp(std::string_view bytes, const ReaderLimits& limits, const std::string& where) {
  MALMOI_ASSIGN(formats::CompoundFile file, formats::CompoundFile::parse(bytes, where));
  Result<std::string> head = file.read("FileHeader");
  if (!head.ok() || !head->starts_with(kSignature)) return other_document(file, where);
  uint32_t flags = HwpRecord{0, 0, *head}.u32(kFlags);
  if (flags & kPassword) return unsupported("needs a password", where, "save it in Hangul without one");
  if (flags & kDistribution)
    return unsupported("is made for distribution, with its text locked", where, "save it in Hangul as HWPX");
  Unpacker unpacker(bytes.size(), limits, where);
  auto read = [&](const std::string& path) -> Result<std::string> {
    MALMOI_ASSIGN(std::string packed, file.read(path));
    if (flags & kCompressed) return unpacker.inflate_raw(packed);
    unpacker.count(packed.size());
    return packed;
  };
  HwpStreams out;
  if (Result<std::string> information = read("DocInfo"); information.ok()) out.information = *std::move(information);
  else out.problems.push_back({"DocInfo", "read.damaged", information.error().what});
  for (int i = 0; unpacker.limit().ok(); ++i) {
    std::string path = "BodyText/Section" + std::to_string(i);
    if (!file.contains(path)) break;
    Result<std::string> section = read(path);
    if (section.ok()) out.sections.push_back(*std::move(section));
    else out.problems.push_back({path, "read.damaged", section.error().what});
  }
  MALMOI_TRY(unpacker.limit());
  if (out.sections.empty()) return invalid_data("has no section that can be read", where, "open it and save it again");
  return out;
}

}  // namespace malmoi::data::office
