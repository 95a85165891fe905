#include "data/pii/pii.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/pii/detectors.h"

namespace malmoi::data {
namespace {

constexpr std::array<std::string_view, kPiiTypes> kNames = {"RRN",  "ARN",     "BRN",   "DRIVER", "PASSPORT", "PHONE",
                                                            "CARD", "ACCOUNT", "EMAIL", "IP",     "ADDRESS"};
constexpr size_t kMaxPiece = size_t{1} << 18;  // text folded at a time, bytes

// Whether a line may hold anything: a digit (ASCII or full-width) or an @ (ASCII, full-width or small), or a bracketed
// (at). Every span of every type has one of them.
bool may_hold(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    auto c = static_cast<unsigned char>(line[i]);
    if ((c >= '0' && c <= '9') || c == '@' || c == 0xEF) return true;
    if ((c == '(' || c == '[' || c == '{') && i + 2 < line.size()) {
      char a = line[i + 1];
      if (a == 'a' || a == 'A' || static_cast<unsigned char>(a) == 0xEA) return true;
    }
  }
  return false;
}

size_t line_end(std::string_view text, size_t at) {
  size_t end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

// Cuts an endless line after a space where one is near, and never inside a character.
size_t cut(std::string_view text, size_t begin, size_t end) {
  if (end - begin <= kMaxPiece) return end;
  size_t limit = begin + kMaxPiece;
  for (size_t i = limit; i > limit - kMaxPiece / 4; --i)
    if (text[i - 1] == ' ') return i;
  return begin + complete_utf8_prefix(text.substr(begin, kMaxPiece));
}

void find_in(std::string_view piece, size_t offset, const PiiOptions& options, std::vector<PiiSpan>& out) {
  FoldedText text(piece);
  Findings findings(text, options);
  find_emails(findings);
  find_ips(findings);
  find_numbers(findings);
  find_passports(findings);
  find_korean_addresses(findings);
  find_english_addresses(findings);
  find_broken(findings);
  std::vector<PiiSpan> spans = findings.take();
  std::sort(spans.begin(), spans.end(), [](const PiiSpan& a, const PiiSpan& b) { return a.begin < b.begin; });
  for (PiiSpan span : spans) {
    size_t begin = text.begin[span.begin], end = text.end[span.end - 1];
    out.push_back({offset + begin, offset + end, span.type, span.checked});
  }
}

// The value without its punctuation and spaces, so that 010-1234-5678 and 01012345678 get one name.
std::string canonical(std::string_view value, PiiType type) {
  FoldedText folded(value);
  std::string out;
  for (char32_t c : folded.chars) {
    bool word = is_digit(c) || is_letter(c) || c >= 0x80;
    bool sign = (type == PiiType::kEmail || type == PiiType::kIp) && c != U' ';
    if (word || sign) append_utf8(out, c);
  }
  return out;
}

std::string keyed_name(const std::string& key, std::string_view value, PiiType type) {
  std::string message = fmt::format("{}:{}", pii_name(type), canonical(value, type));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), digest, &length);
  return fmt::format("[{}_{:02x}{:02x}{:02x}{:02x}]", pii_name(type), digest[0], digest[1], digest[2], digest[3]);
}

}  // namespace

std::string_view pii_name(PiiType type) { return kNames[static_cast<size_t>(type)]; }

std::optional<PiiType> pii_type(std::string_view name) {
  for (size_t i = 0; i < kPiiTypes; ++i)
    if (kNames[i] == name) return static_cast<PiiType>(i);
  return std::nullopt;
}

void Findings::add(size_t begin, size_t end, PiiType type, bool checked) {
  if (begin >= end || end > covered_.size()) return;
  for (size_t i = begin; i < end; ++i)
    if (covered_[i]) return;
  std::fill(covered_.begin() + static_cast<ptrdiff_t>(begin), covered_.begin() + static_cast<ptrdiff_t>(end), true);
  if (wants(type)) spans_.push_back({begin, end, type, checked});
}

std::vector<PiiSpan> find_pii(std::string_view text, const PiiOptions& options) {
  std::vector<PiiSpan> out;
  size_t previous = 0;  // begin of the line before, for the labels in it
  for (size_t at = 0; at < text.size();) {
    size_t end = line_end(text, at);
    if (!may_hold(text.substr(at, end - at))) {
      previous = at;
      at = end;
      continue;
    }
    // Lines that follow each other are searched together, with the line before for its words.
    size_t begin = at - previous <= 200 ? previous : at;
    while (end < text.size() && end - begin < kMaxPiece / 4) {
      size_t next = line_end(text, end);
      if (!may_hold(text.substr(end, next - end))) break;
      end = next;
    }
    // What a line breaks off after its @ goes on in the next, though that may hold neither digit nor @.
    std::string_view last = ascii_trim(text.substr(begin, end - begin));
    if (last.ends_with('@') && end - begin < kMaxPiece / 4) end = line_end(text, end);
    end = cut(text, begin, end);
    find_in(text.substr(begin, end - begin), begin, options, out);
    previous = at = end;
  }
  return out;
}

std::vector<size_t> code_point_offsets(std::string_view text, const std::vector<PiiSpan>& spans) {
  std::vector<size_t> out;
  out.reserve(spans.size() * 2);
  size_t at = 0, count = 0;
  auto advance = [&](size_t to) {
    count += count_code_points(text.substr(at, to - at));
    at = to;
    out.push_back(count);
  };
  for (const PiiSpan& span : spans) {
    advance(span.begin);
    advance(span.end);
  }
  return out;
}

std::string PiiReplacer::apply(std::string_view text, const std::vector<PiiSpan>& spans) const {
  std::string out;
  out.reserve(text.size());
  size_t at = 0;
  for (const PiiSpan& span : spans) {
    out.append(text.substr(at, span.begin - at));
    if (action == PiiAction::kPlaceholder) out += fmt::format("[{}]", pii_name(span.type));
    if (action == PiiAction::kPseudonym)
      out += keyed_name(key, text.substr(span.begin, span.end - span.begin), span.type);
    at = span.end;
  }
  out.append(text.substr(at));
  return out;
}

void PiiCounts::add(const std::vector<PiiSpan>& found) {
  ++documents;
  if (!found.empty()) ++documents_with_pii;
  for (const PiiSpan& span : found) ++spans[static_cast<size_t>(span.type)];
}

void PiiCounts::merge(const PiiCounts& other) {
  for (size_t i = 0; i < kPiiTypes; ++i) spans[i] += other.spans[i];
  documents += other.documents;
  documents_with_pii += other.documents_with_pii;
}

}  // namespace malmoi::data
