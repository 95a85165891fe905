#include "data/readers/mail.h"

#include <array>

#include "base/ascii.h"
#include "data/encoding.h"
#include "data/readers/formats.h"
#include "data/readers/headers.h"
#include "data/readers/lines.h"

namespace malmoi::data {
namespace {

constexpr int kMaxParts = 16;  // nesting of multiparts

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// =?charset?B?...?= and =?charset?Q?...?=; white space between two of them is nothing.
std::string decode_words(std::string_view text) {
  std::string out;
  bool after_word = false;
  while (!text.empty()) {
    size_t begin = text.find("=?");
    if (begin == std::string_view::npos) break;
    size_t charset_end = text.find('?', begin + 2);
    size_t kind_end = charset_end == std::string_view::npos ? charset_end : text.find('?', charset_end + 1);
    size_t end = kind_end == std::string_view::npos ? kind_end : text.find("?=", kind_end + 1);
    if (end == std::string_view::npos || kind_end != charset_end + 2) {
      out.append(text.substr(0, begin + 2));
      text.remove_prefix(begin + 2);
      after_word = false;
      continue;
    }
    std::string_view between = text.substr(0, begin);
    if (!after_word || between.find_first_not_of(" \t\r\n") != std::string_view::npos) out.append(between);
    std::string_view coded = text.substr(kind_end + 1, end - kind_end - 1);
    bool base64 = (text[charset_end + 1] | 32) == 'b';
    std::string bytes = base64 ? decode_base64(coded) : decode_quoted_printable(coded, true);
    auto decoded = decode_text(bytes, text.substr(begin + 2, charset_end - begin - 2));
    out += decoded.ok() ? decoded->text : bytes;
    text.remove_prefix(end + 2);
    after_word = true;
  }
  return out.append(text);
}

struct Part {
  std::string bytes, charset;
  bool html = false, found = false;
};

// The best text of a part: plain before HTML, the first of each; attachments are passed over.
void collect(std::string_view message, int depth, Part& plain, Part& html) {
  if (depth > kMaxParts) return;
  Headers headers;
  size_t body = headers.parse(message);
  std::string type = headers.get("content-type"), media = media_type(type);
  std::string_view content = message.substr(std::min(body, message.size()));
  if (media.starts_with("multipart/")) {
    std::string mark = "--" + media_parameter(type, "boundary");
    if (mark.size() == 2) return;
    size_t at = content.find(mark);
    while (at != std::string_view::npos) {
      size_t begin = content.find('\n', at);
      if (begin == std::string_view::npos || content.substr(at + mark.size(), 2) == "--") return;
      size_t next = content.find("\n" + mark, begin);
      std::string_view part = content.substr(begin + 1, next == std::string_view::npos ? next : next - begin - 1);
      if (part.ends_with('\r')) part.remove_suffix(1);
      collect(part, depth + 1, plain, html);
      at = next == std::string_view::npos ? next : next + 1;
    }
    return;
  }
  if (media == "message/rfc822") return collect(content, depth + 1, plain, html);
  if (!media.empty() && media != "text/plain" && media != "text/html") return;
  if (ascii_lower(headers.get("content-disposition")).starts_with("attachment")) return;
  Part& part = media == "text/html" ? html : plain;
  if (part.found) return;
  std::string transfer = ascii_lower(headers.get("content-transfer-encoding"));
  part.found = true;
  part.charset = media_parameter(type, "charset");
  if (transfer == "base64") part.bytes = decode_base64(content);
  else if (transfer == "quoted-printable") part.bytes = decode_quoted_printable(content, false);
  else part.bytes = content;
}

class MboxReader : public Reader {
 public:
  MboxReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : id_(std::move(input.id)),
        path_(std::move(input.path)),
        limit_(options.limits.document_bytes),
        on_skip_(on_skip),
        lines_(std::move(input.bytes), limit_) {}

  Result<bool> next(RawDocument& out) override {
    std::string message;
    bool oversized = false, inside = std::exchange(pending_, false);
    std::string_view line;
    while (true) {
      MALMOI_ASSIGN(bool more, lines_.next(line));
      bool separator = more && line.starts_with("From ") && (lines_.number() == 1 || last_empty_);
      if (!more || separator) {
        if (inside) {
          ++count_;
          std::string id = id_ + "#" + std::to_string(count_);
          pending_ = separator;
          if (!oversized) {
            out = {};
            out.payload = Payload::kMail;
            out.document.id = std::move(id);
            out.document.path = path_;
            out.bytes = std::move(message);
            return true;
          }
          on_skip_({id, "read.too_large", "a message longer than the limit", true});
        }
        if (!more) return false;
        message.clear();
        oversized = false, inside = true, pending_ = false;
        continue;
      }
      last_empty_ = line.empty();
      if (!inside) continue;
      // ">From " was quoted when the message was stored.
      size_t quotes = line.find_first_not_of('>');
      if (quotes != std::string_view::npos && quotes > 0 && line.substr(quotes).starts_with("From "))
        line.remove_prefix(1);
      oversized |= lines_.too_long() || message.size() + line.size() > limit_;
      if (!oversized) message.append(line) += '\n';
    }
  }

 private:
  std::string id_, path_;
  uint64_t limit_;
  OnSkip on_skip_;
  SourceLines lines_;
  uint64_t count_ = 0;
  bool pending_ = false, last_empty_ = true;
};

}  // namespace

std::string decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int filled = 0;
  for (char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    else if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    else if (c >= '0' && c <= '9') value = c - '0' + 52;
    else if (c == '+' || c == '-') value = 62;
    else if (c == '/' || c == '_') value = 63;
    if (c == '=') break;
    if (value < 0) continue;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if ((filled += 6) >= 8) out += static_cast<char>(bits >> (filled -= 8) & 0xFF);
  }
  return out;
}

std::string decode_quoted_printable(std::string_view text, bool in_header) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (in_header && text[i] == '_') {
      out += ' ';
    } else if (text[i] != '=') {
      out += text[i];
    } else if (i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    } else if (i + 1 < text.size() && text[i + 1] == '\n') {
      ++i;
    } else if (i + 2 < text.size() && text[i + 1] == '\r' && text[i + 2] == '\n') {
      i += 2;
    }
  }
  return out;
}

Result<MailText> read_mail(std::string_view message) {
  Headers headers;
  headers.parse(message);
  Part plain, html;
  collect(message, 0, plain, html);
  const Part& part = plain.found && !plain.bytes.empty() ? plain : html;
  if (!part.found) return invalid_data("no text in the message");
  MALMOI_ASSIGN(Decoded decoded, decode_text(part.bytes, part.charset));
  return MailText{decode_words(headers.get("subject")), std::move(decoded.text), std::move(decoded.encoding),
                  &part == &html};
}

std::unique_ptr<Reader> make_mbox_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<MboxReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
