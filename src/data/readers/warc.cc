// WARC 1.0/1.1 (ISO 28500): responses as pages, conversions (WET) as text. Records beyond the size limit are passed over.
#include <algorithm>
#include <charconv>

#include <zlib.h>

#include "data/readers/formats.h"
#include "data/readers/headers.h"
#include "data/readers/source_buffer.h"

namespace malmoi::data {
namespace {

// Media types of bodies that are documents; text of other kinds is taken as it is, the rest is passed over.
constexpr std::pair<std::string_view, Payload> kPayloads[] = {
    {"", Payload::kHtml},
    {"text/html", Payload::kHtml},
    {"application/xhtml+xml", Payload::kHtml},
    {"text/markdown", Payload::kMarkdown},
    {"application/pdf", Payload::kPdf},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", Payload::kOffice},
    {"application/vnd.oasis.opendocument.text", Payload::kOffice},
    {"application/epub+zip", Payload::kOffice}};

class WarcReader : public Reader {
 public:
  WarcReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : id_(std::move(input.id)),
        path_(std::move(input.path)),
        options_(options),
        on_skip_(on_skip),
        buffer_(std::move(input.bytes)) {}

  Result<bool> next(RawDocument& out) override {
    while (true) {
      if (entries_) {
        Result<bool> more = entries_->next(out);
        if (more.ok() && *more) return true;
        if (!more.ok()) on_skip_({entries_id_, "read.damaged", more.error().to_string(), true});
        entries_.reset();
      }
      Headers headers;
      MALMOI_ASSIGN(bool found, read_record_head(headers));
      if (!found) return false;
      ++records_;
      std::string id = headers.get("warc-target-uri");
      if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
      if (id.empty()) id = id_ + "#" + std::to_string(records_);
      uint64_t length = 0;
      std::string length_text = headers.get("content-length");
      auto parsed = std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
      if (parsed.ec != std::errc() || length_text.empty())
        return invalid_data("record " + std::to_string(records_) + " has no Content-Length", id_,
                            "the archive is damaged there");
      std::string type = headers.get("warc-type"), block;
      bool wanted = type == "response" || type == "conversion" || type == "resource";
      bool fits = length <= options_.limits.document_bytes;
      if (wanted && !fits) on_skip_({id, "read.too_large", std::to_string(length) + " bytes", true});
      MALMOI_TRY(take(length, wanted && fits ? &block : nullptr));
      if (wanted && fits && make_document(headers, type, id, std::move(block), out)) return true;
    }
  }

 private:
  // What a record holds becomes `out`; of a feed its entries come next. False: nothing here.
  bool make_document(const Headers& headers, const std::string& type, const std::string& id, std::string block,
                     RawDocument& out) {
    std::string content_type = headers.get("content-type");
    if (type == "response" && !take_response(id, block, content_type)) return false;
    out = {};
    out.document.id = id;
    out.document.path = path_;
    out.document.meta["url"] = id;
    if (std::string date = headers.get("warc-date"); !date.empty()) out.document.meta["date"] = date;
    out.charset = media_parameter(content_type, "charset");
    out.bytes = std::move(block);
    std::string media = media_type(content_type);
    if (type == "conversion") {
      out.payload = Payload::kText;
      return true;
    }
    if (media.ends_with("xml") && media != "application/xhtml+xml") {
      open_feed(id, media, std::move(out.bytes));
      return false;
    }
    for (const auto& [name, payload] : kPayloads)
      if (media == name) {
        out.payload = payload;
        return true;
      }
    if (media.starts_with("text/") && media != "text/css" && media != "text/javascript") {
      out.payload = Payload::kText;
      return true;
    }
    on_skip_({id, "read.ignored", media, false});
    return false;
  }

  // The head of HTTP goes; what packs the body is undone.
  bool take_response(const std::string& id, std::string& block, std::string& content_type) {
    Headers http;
    size_t body = http.parse_http(block);
    if (body == 0) {
      on_skip_({id, "read.http", "no HTTP header", true});
      return false;
    }
    if (http.status != 200) {
      on_skip_({id, "read.http_status", std::to_string(http.status), false});
      return false;
    }
    block.erase(0, body);
    if (http.get("transfer-encoding").find("chunked") != std::string::npos) block = dechunk(block);
    std::string encoding = http.get("content-encoding");
    // Some archives store the body unpacked and leave the header as it was.
    bool packed = encoding == "gzip" ? block.starts_with("\x1f\x8b") : encoding == "deflate";
    if (packed && !inflate_body(block, id)) return false;
    if (encoding == "br" || encoding == "zstd") {
      on_skip_({id, "read.unsupported", "the body is packed by " + encoding, true});
      return false;
    }
    content_type = http.get("content-type");
    return true;
  }

  // RSS and Atom are documents, an entry each; other XML (sitemaps, data) is none.
  void open_feed(const std::string& id, const std::string& media, std::string bytes) {
    std::string_view head = std::string_view(bytes).substr(0, 4096);
    const auto table = format_table();
    auto feed = std::find_if(table.begin(), table.end(), [](const FormatEntry& f) { return f.name == "feed"; });
    if (feed == table.end() || !feed->sniff(head)) return on_skip_({id, "read.ignored", media, false});
    Input input;
    input.id = entries_id_ = id, input.path = path_, input.name = "feed";
    input.bytes = memory_source(std::move(bytes));
    entries_ = feed->make(std::move(input), options_, on_skip_);
  }

  // Bodies are usually stored plain; those that are not expand within the document limit.
  bool inflate_body(std::string& block, const std::string& id) {
    z_stream stream{};
    // gzip and zlib by their heads; some servers mean the bare stream by "deflate".
    bool headed = block.starts_with("\x1f\x8b") || (!block.empty() && (block[0] & 0x0F) == 8);
    if (inflateInit2(&stream, headed ? 15 + 32 : -15) != Z_OK) return false;
    std::string out;
    char buffer[1 << 15];
    stream.next_in = reinterpret_cast<Bytef*>(block.data());
    stream.avail_in = static_cast<uInt>(block.size());
    int code = Z_OK;
    while (code == Z_OK && out.size() <= options_.limits.document_bytes) {
      stream.next_out = reinterpret_cast<Bytef*>(buffer);
      stream.avail_out = sizeof buffer;
      code = inflate(&stream, Z_NO_FLUSH);
      out.append(buffer, sizeof buffer - stream.avail_out);
    }
    inflateEnd(&stream);
    if (code != Z_STREAM_END) {
      on_skip_({id, "read.damaged", "the compressed body is damaged or too large", true});
      return false;
    }
    block = std::move(out);
    return true;
  }

  static std::string dechunk(const std::string& body) {
    std::string out;
    for (size_t at = 0; at < body.size();) {
      size_t line = body.find("\r\n", at);
      if (line == std::string::npos) return body;  // stored plain after all
      size_t size = 0;
      auto parsed = std::from_chars(body.data() + at, body.data() + line, size, 16);
      if (parsed.ec != std::errc() || size > body.size() - line - 2) return out.empty() ? body : out;
      if (size == 0) break;
      out.append(body, line + 2, size);
      at = line + 2 + size + 2;
    }
    return out;
  }

  Result<bool> read_record_head(Headers& headers) {
    constexpr size_t kMaxHead = 1 << 20;
    while (true) {
      while (!buffer_.view().empty() && (buffer_.view()[0] == '\r' || buffer_.view()[0] == '\n')) buffer_.pass(1);
      std::string_view held = buffer_.view();
      size_t end = held.find("\r\n\r\n"), width = 4;
      if (size_t bare = held.find("\n\n"); bare < end) end = bare, width = 2;
      if (end != std::string::npos) {
        std::string_view head = held.substr(0, end);
        if (!head.starts_with("WARC/"))
          return invalid_data("record " + std::to_string(records_ + 1) + " does not begin with WARC/", id_,
                              "the archive is damaged there");
        headers.parse(head.substr(std::min(head.size(), head.find('\n'))));
        buffer_.pass(end + width);
        return true;
      }
      if (buffer_.finished()) {
        if (held.empty()) return false;
        return invalid_data("ends inside the head of a record", id_, "the archive is cut short");
      }
      if (held.size() > kMaxHead) return invalid_data("the head of a record does not end", id_, "this is no WARC file");
      MALMOI_TRY(buffer_.fill());
    }
  }

  // The next `length` bytes, appended to `out` if there is one.
  Status take(uint64_t length, std::string* out) {
    while (length > 0) {
      std::string_view held = buffer_.view().substr(0, length);
      if (held.empty()) {
        if (buffer_.finished())
          return invalid_data("ends inside record " + std::to_string(records_), id_, "the archive is cut short");
        MALMOI_TRY(buffer_.fill());
        continue;
      }
      if (out) *out += held;
      length -= held.size();
      buffer_.pass(held.size());
    }
    return {};
  }

  std::string id_, path_;
  ReaderOptions options_;
  OnSkip on_skip_;
  SourceBuffer buffer_;
  std::unique_ptr<Reader> entries_;  // of a feed
  std::string entries_id_;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_warc_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<WarcReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
