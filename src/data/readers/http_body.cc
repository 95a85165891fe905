#include "data/readers/http_body.h"

#include <brotli/decode.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

#include "base/ascii.h"
#include "data/readers/inflate.h"

namespace malmoi::data {
namespace {

constexpr size_t kMaxCodings = 8;  // a header that names more is an attack
constexpr size_t kUnpackBuffer = size_t{1} << 16;

// Text of any encoding has no control characters but these; packed bytes have some among the first thousand.
bool is_plain(std::string_view bytes) {
  constexpr size_t kLooked = 1024;
  std::string_view head = bytes.substr(0, kLooked);
  return std::none_of(head.begin(), head.end(), [](char c) {
    auto byte = static_cast<uint8_t>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\x1b';
  });
}

Unpacked unpack_deflate(std::string_view bytes, uint64_t limit) {
  if (is_gzip(bytes)) return inflate(bytes, Deflate::kGzip, limit);
  if (is_zlib(bytes)) {
    Unpacked out = inflate(bytes, Deflate::kZlib, limit);
    if (!out.bytes.empty() || out.end == Unpacked::End::kWhole) return out;
  }
  return inflate(bytes, Deflate::kRaw, limit);
}

Unpacked unpack_brotli(std::string_view bytes, uint64_t limit) {
  std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  Unpacked out;
  std::vector<uint8_t> buffer(kUnpackBuffer);
  const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  BrotliDecoderResult code = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  while (state && code == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
    uint8_t* next = buffer.data();
    size_t room = buffer.size();
    code = BrotliDecoderDecompressStream(state.get(), &left, &in, &room, &next, nullptr);
    out.bytes.append(reinterpret_cast<char*>(buffer.data()), buffer.size() - room);
    if (out.bytes.size() > limit) {
      out.end = Unpacked::End::kTooLarge;
      return out;
    }
  }
  if (code == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) out.end = Unpacked::End::kCut;
  else if (code != BROTLI_DECODER_RESULT_SUCCESS || left > 0) out.end = Unpacked::End::kDamaged;
  return out;
}

Unpacked unpack_zstd(std::string_view bytes, uint64_t limit) {
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
  Unpacked out;
  std::vector<char> buffer(kUnpackBuffer);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  size_t code = 1;  // 0: at the end of a frame
  bool full = false;
  while (stream && (in.pos < in.size || full)) {
    ZSTD_outBuffer room{buffer.data(), buffer.size(), 0};
    code = ZSTD_decompressStream(stream.get(), &room, &in);
    out.bytes.append(buffer.data(), room.pos);
    full = room.pos == room.size;
    if (ZSTD_isError(code)) break;
    if (out.bytes.size() > limit) {
      out.end = Unpacked::End::kTooLarge;
      return out;
    }
  }
  if (ZSTD_isError(code)) out.end = Unpacked::End::kDamaged;
  else if (code != 0) out.end = Unpacked::End::kCut;
  return out;
}

struct Coding {
  std::string_view name;
  Unpacked (*unpack)(std::string_view bytes, uint64_t limit);
};
constexpr Coding kCodings[] = {{"gzip", unpack_deflate},      {"x-gzip", unpack_deflate}, {"deflate", unpack_deflate},
                               {"x-deflate", unpack_deflate}, {"br", unpack_brotli},      {"zstd", unpack_zstd}};

// The names of a list, lower-case, the last first.
std::vector<std::string> names_backwards(const std::string& list) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    std::string_view item = std::string_view(list).substr(begin, end - begin);
    item = item.substr(0, item.find(';'));  // parameters mean nothing here
    if (item = ascii_trim(item); !item.empty()) names.push_back(ascii_lower(item));
    begin = end + 1;
  }
  std::reverse(names.begin(), names.end());
  return names;
}

Status undo(std::string_view name, std::string& body, uint64_t limit, const std::string& where) {
  if (name == "chunked") {
    body = join_chunks(std::move(body));
    return {};
  }
  bool packed_otherwise = name == "compress" || name == "x-compress" || name == "dcb" || name == "dcz";
  if (packed_otherwise && !is_plain(body))
    return unsupported("the body is packed by " + std::string(name), where, "fetch the page again without it");
  const auto* coding =
      std::find_if(std::begin(kCodings), std::end(kCodings), [&](const Coding& known) { return known.name == name; });
  if (coding == std::end(kCodings) || body.empty()) return {};  // identity, or a charset by mistake
  Unpacked out = coding->unpack(body, limit);
  // Packed by another than the header says: by whichever unpacks it whole, to text. Deflate without a mark takes anything.
  for (const Coding& other : kCodings) {
    if (out.end == Unpacked::End::kWhole || !out.bytes.empty() || is_plain(body)) break;
    if (other.unpack == unpack_deflate && !is_gzip(body) && !is_zlib(body)) continue;
    Unpacked tried = other.unpack(body, limit);
    if (tried.end == Unpacked::End::kWhole && !tried.bytes.empty() && is_plain(tried.bytes)) out = std::move(tried);
  }
  if (out.end == Unpacked::End::kTooLarge)
    return invalid_data("the body unpacks to more than " + std::to_string(limit) + " bytes", where,
                        "raise limits.document_bytes");
  bool whole = out.end == Unpacked::End::kWhole;
  if (!whole && is_plain(body)) return {};
  if (!whole && out.bytes.empty())
    return invalid_data("the " + std::string(name) + " body is damaged", where, "fetch the page again");
  body = std::move(out.bytes);
  return {};
}

}  // namespace

std::string join_chunks(std::string body) {
  std::string out;
  size_t at = 0;
  while (at < body.size()) {
    size_t line = body.find('\n', at);
    if (line == std::string::npos) break;
    std::string_view head = std::string_view(body).substr(at, line - at);
    head = ascii_trim(head.substr(0, head.find(';')));  // an extension follows the size
    size_t size = 0;
    auto parsed = std::from_chars(head.data(), head.data() + head.size(), size, 16);
    if (head.empty() || parsed.ec != std::errc() || parsed.ptr != head.data() + head.size()) break;
    if (size == 0) return out;
    bool first = at == 0, crlf = line > 0 && body[line - 1] == '\r';
    at = line + 1;
    size_t held = std::min(size, body.size() - at);
    // Text whose first line happens to be a number is not chunked: no line ends where the chunk would.
    char after = at + held < body.size() ? body[at + held] : '\n';
    bool framed = held < size ? crlf : after == '\r' || after == '\n';
    if (first && !framed) return body;
    out.append(body, at, held);
    at += held;
    if (body.compare(at, 2, "\r\n") == 0) at += 2;
    else if (at < body.size() && body[at] == '\n') at += 1;
  }
  return at == 0 ? body : out;
}

Result<std::string> decode_http_body(const Headers& headers, std::string body, uint64_t limit,
                                     const std::string& where) {
  for (const char* field : {"transfer-encoding", "content-encoding"}) {
    std::vector<std::string> names = names_backwards(headers.list(field));
    if (names.size() > kMaxCodings)
      return invalid_data("the body is packed " + std::to_string(names.size()) + " times", where, "fetch it again");
    for (const std::string& name : names) MALMOI_TRY(undo(name, body, limit, where));
  }
  // Packed twice and labelled once, or not at all: no page begins like this.
  std::string media = media_type(headers.get("content-type"));
  bool text = media.empty() || media.starts_with("text/") || media.ends_with("html") || media.ends_with("xml");
  for (size_t i = 0; i < kMaxCodings && text && is_gzip(body); ++i) MALMOI_TRY(undo("gzip", body, limit, where));
  return body;
}

}  // namespace malmoi::data
