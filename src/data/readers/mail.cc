#include "data/readers/mail.h"

#include <algorithm>

#include "base/ascii.h"
#include "data/encoding.h"
#include "data/readers/headers.h"

namespace malmoi::data {
namespace {

constexpr int kMaxDepth = 16;  // of multiparts and messages in one another

struct MailPiece {
  std::string bytes, charset;
  bool html = false, flowed = false, delete_space = false;
};
using Pieces = std::vector<MailPiece>;

bool is_blank(const Pieces& pieces) {
  return std::all_of(pieces.begin(), pieces.end(), [](const MailPiece& piece) {
    return piece.bytes.find_first_not_of(" \t\r\n") == std::string::npos;
  });
}

bool has_html(const Pieces& pieces) {
  return std::any_of(pieces.begin(), pieces.end(), [](const MailPiece& piece) { return piece.html; });
}

// Where a line that is the boundary begins, at or after `from`: npos without one.
size_t find_boundary(std::string_view content, std::string_view mark, size_t from) {
  for (size_t at = content.find(mark, from); at != std::string_view::npos; at = content.find(mark, at + 1)) {
    size_t end = at + mark.size();
    bool whole = end == content.size() || std::string_view("-\r\n \t").find(content[end]) != std::string_view::npos;
    if (whole && (at == 0 || content[at - 1] == '\n')) return at;
  }
  return std::string_view::npos;
}

std::vector<std::string_view> split_parts(std::string_view content, const std::string& mark) {
  std::vector<std::string_view> parts;
  size_t at = find_boundary(content, mark, 0);
  while (at != std::string_view::npos) {
    size_t begin = content.find('\n', at);
    if (begin == std::string_view::npos || content.substr(at + mark.size(), 2) == "--") break;
    size_t next = find_boundary(content, mark, begin + 1);
    size_t end = next == std::string_view::npos ? content.size() : next - 1;  // without the line end before it
    std::string_view part = content.substr(begin + 1, std::max(end, begin + 1) - begin - 1);
    if (part.ends_with('\r')) part.remove_suffix(1);
    parts.push_back(part);
    at = next;
  }
  return parts;
}

// The texts of a message or part, in order.
Pieces collect(std::string_view message, int depth) {
  if (depth > kMaxDepth) return {};
  Headers headers;
  size_t body = headers.parse(message);
  std::string type = headers.get("content-type"), media = media_type(type);
  std::string_view content = message.substr(std::min(body, message.size()));
  if (media.starts_with("multipart/")) {
    std::string boundary = media_parameter(type, "boundary");
    if (boundary.empty()) return {};
    Pieces out;
    for (std::string_view part : split_parts(content, "--" + boundary)) {
      Pieces inner = collect(part, depth + 1);
      if (media != "multipart/alternative") {
        std::move(inner.begin(), inner.end(), std::back_inserter(out));
        continue;
      }
      // Of alternatives the first plain one that says something, else the first one that does.
      bool better = is_blank(out) || (has_html(out) && !has_html(inner) && !is_blank(inner));
      if (better && !inner.empty()) out = std::move(inner);
    }
    return out;
  }
  if (media == "message/rfc822") return collect(content, depth + 1);
  // Without a subtype, as old programs write it, text is plain.
  bool plain = media.empty() || media == "text" || media == "text/plain" || media == "text/markdown";
  if (!plain && media != "text/html") return {};
  if (ascii_lower(headers.get("content-disposition")).starts_with("attachment")) return {};
  MailPiece piece{{}, media_parameter(type, "charset"), media == "text/html"};
  piece.flowed = !piece.html && ascii_lower(media_parameter(type, "format")) == "flowed";
  piece.delete_space = ascii_lower(media_parameter(type, "delsp")) == "yes";
  std::string transfer = ascii_lower(ascii_trim(headers.get("content-transfer-encoding")));
  transfer.resize(std::min(transfer.find_first_of(" \t;("), transfer.size()));  // a comment may follow
  if (transfer == "base64") piece.bytes = decode_base64(content);
  else if (transfer == "quoted-printable") piece.bytes = decode_quoted_printable(content, false);
  else piece.bytes = content;
  Pieces out;
  out.push_back(std::move(piece));
  return out;
}

}  // namespace

Result<MailText> read_mail(std::string_view message) {
  std::string with_line_feeds;  // of a message of an old Mac
  if (message.find('\n') == std::string_view::npos && message.find('\r') != std::string_view::npos) {
    with_line_feeds = message;
    std::replace(with_line_feeds.begin(), with_line_feeds.end(), '\r', '\n');
    message = with_line_feeds;
  }
  Headers headers;
  headers.parse(message);
  Pieces pieces = collect(message, 0);
  if (pieces.empty()) return invalid_data("no text in the message");
  MailText mail;
  mail.subject = decode_header(headers.get("subject"), pieces[0].charset);
  for (const MailPiece& piece : pieces) {
    std::string inside = piece.html ? declared_charset(piece.bytes) : std::string();
    MALMOI_ASSIGN(Decoded decoded, decode_text(piece.bytes, piece.charset.empty() ? inside : piece.charset, inside));
    if (piece.flowed) decoded.text = join_flowed_lines(decoded.text, piece.delete_space);
    mail.parts.push_back({std::move(decoded.text), std::move(decoded.encoding), piece.html});
  }
  return mail;
}

}  // namespace malmoi::data
