#include "data/readers/office/package.h"

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "base/percent.h"
#include "base/utf8.h"
#include "data/readers/office/xml.h"
#include "data/readers/expansion.h"
#include "data/readers/unpack.h"

namespace malmoi::data::office {
namespace {

// What a document holds beside its text, by the ends of its names.
bool is_media(std::string_view name) {
  constexpr std::string_view kMedia[] = {".jpg", ".jpeg", ".png", ".gif",  ".bmp", ".tif", ".tiff", ".webp",
                                         ".emf", ".wmf",  ".svg", ".mp3",  ".mp4", ".m4a", ".wav",  ".avi",
                                         ".mov", ".ttf",  ".otf", ".woff", ".bin", ".ole", ".woff2"};
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  return std::ranges::find(kMedia, ascii_lower(name.substr(dot))) != std::end(kMedia);
}

// What the current entry holds. Errors of kind kInvalidData end the document where `stop` is set, else they are the entry's.
Result<std::string> read_entry(archive* a, const ReaderLimits& limits, uint64_t held, Expansion& meter, bool& stop,
                               const std::string& where) {
  std::string content;
  char buffer[1 << 15];
  while (true) {
    la_ssize_t n = archive_read_data(a, buffer, sizeof buffer);
    if (n < 0) return invalid_data(archive_message(a));
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
    meter.out += static_cast<uint64_t>(n);
    Status fits = meter.check(limits, where);
    stop = !fits.ok() || held + content.size() > limits.document_bytes;
    if (!fits.ok()) return std::move(fits).error();
    if (stop)
      return invalid_data("holds more than " + std::to_string(limits.document_bytes) + " bytes of text and marks",
                          where, "raise limits.document_bytes");
  }
}

}  // namespace

std::string folded(std::string_view name) {
  // Programs escape the names of parts, too, not only references to them.
  std::string plain = percent_decode(name);
  if (!is_valid_utf8(plain)) plain = name_text(plain);
  std::ranges::replace(plain, '\\', '/');
  size_t begin = 0;
  while (plain.compare(begin, 1, "/") == 0 || plain.compare(begin, 2, "./") == 0) begin += plain[begin] == '/' ? 1 : 2;
  plain.erase(0, begin);
  if (std::ranges::all_of(plain, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return ascii_lower(plain);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  icu::UnicodeString wide = icu::UnicodeString::fromUTF8(plain).foldCase();
  if (U_SUCCESS(status)) wide = nfc->normalize(wide, status);
  std::string out;
  wide.toUTF8String(out);
  return out;
}

std::string resolve(const std::string& part, std::string_view reference) {
  std::string path = percent_decode(reference.substr(0, reference.find('#')));
  size_t slash = part.rfind('/');
  if (!path.starts_with('/') && slash != std::string::npos) path = part.substr(0, slash + 1) + path;
  path = Path(path).lexically_normal().generic_string();
  return path.substr(std::min(path.find_first_not_of('/'), path.size()));
}

Result<Package> Package::open(std::string_view bytes, const ReaderLimits& limits, const std::string& where) {
  Utf8Locale locale;
  Archive a = make_zip();
  if (archive_read_open_memory(a.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return invalid_data("is not a whole zip: " + archive_message(a.get()), where, "check that the file is whole");
  Package package;
  Expansion meter{bytes.size(), 0};
  uint64_t entries = 0, held = 0;
  while (true) {
    archive_entry* entry = nullptr;
    int code = archive_read_next_header(a.get(), &entry);
    if (code == ARCHIVE_EOF) return package;
    if (++entries > limits.archive_entries) return invalid_data("holds too many entries", where);
    if (code == ARCHIVE_RETRY || code == ARCHIVE_FAILED) continue;
    if (code == ARCHIVE_FATAL) {
      if (package.parts_.empty())
        return invalid_data("damaged zip: " + archive_message(a.get()), where, "check that the file is whole");
      package.problems_.push_back({"", "read.damaged", "damaged zip: " + archive_message(a.get())});
      return package;
    }
    std::string name = entry_name(entry), key = folded(name);
    if (name.empty() || name.ends_with('/') || is_media(name)) continue;
    package.names_.push_back(name);
    if (archive_entry_is_encrypted(entry)) {
      package.damaged_[key] = "needs a password";
      continue;
    }
    bool stop = false;
    Result<std::string> content = read_entry(a.get(), limits, held, meter, stop, where);
    if (stop) return std::move(content).error();
    // A name that is UTF-8 and may be CP949 counts as both.
    const char* bytes = archive_entry_pathname(entry);
    std::string other = bytes && is_valid_utf8(bytes) ? folded(bytes) : key;
    if (content.ok()) held += content->size() * (other == key ? 1 : 2);
    if (content.ok() && other != key) package.parts_.insert({other, *content});
    if (content.ok()) package.parts_.insert_or_assign(key, *std::move(content));
    else package.damaged_[key] = content.error().what;
  }
}

const std::string* Package::find(std::string_view name) const {
  auto found = parts_.find(folded(name));
  return found == parts_.end() ? nullptr : &found->second;
}

const std::string* Package::require(std::string_view name) {
  if (const std::string* part = find(name)) return part;
  std::string key = folded(name);
  if (!told_.insert(key).second) return nullptr;
  auto damaged = damaged_.find(key);
  if (damaged != damaged_.end()) problems_.push_back({std::string(name), "read.damaged", damaged->second});
  else problems_.push_back({std::string(name), "read.missing", "is named and is not there"});
  return nullptr;
}

pugi::xml_node Package::load(std::string_view name, pugi::xml_document& document) {
  const std::string* content = require(name);
  if (!content) return {};
  if (!parse(*content, document) && told_.insert(folded(name)).second)
    problems_.push_back({std::string(name), "read.damaged", "is malformed"});
  return document.document_element();
}

std::vector<Relationship> Package::relationships(const std::string& part) const {
  size_t slash = part.rfind('/');
  std::string folder = slash == std::string::npos ? "" : part.substr(0, slash + 1);
  std::vector<Relationship> out;
  const std::string* content = find(folder + "_rels/" + part.substr(folder.size()) + ".rels");
  if (!content) return out;
  pugi::xml_document document;
  parse(*content, document);
  for (pugi::xml_node node : document.document_element().children()) {
    if (!is(node, "Relationship") || value(node, "TargetMode") == "External") continue;
    std::string_view type = value(node, "Type");
    out.push_back({std::string(value(node, "Id")), std::string(type.substr(type.rfind('/') + 1)),
                   resolve(part, value(node, "Target"))});
  }
  return out;
}

std::string Package::related(const std::string& part, std::string_view type) const {
  for (Relationship& relationship : relationships(part))
    if (relationship.type == type) return std::move(relationship.target);
  return {};
}

}  // namespace malmoi::data::office
