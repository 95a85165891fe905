// WARC 1.0/1.1 (ISO 28500): responses as pages, conversions (WET) as text. Records beyond the size limit are passed over.
#include <algorithm>
#include <charconv>
#include <map>

#include <zlib.h>

#include "data/readers/formats.h"
#include "data/readers/headers.h"

namespace malmoi::data {
namespace {

class WarcReader : public Reader {
 public:
  WarcReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : input_(std::move(input)), limits_(options.limits), on_skip_(on_skip) {}

  Result<bool> next(RawDocument& out) override {
    while (true) {
      Headers headers;
      MALMOI_ASSIGN(bool found, read_record_head(headers));
      if (!found) return false;
      ++records_;
      std::string id = headers.get("warc-target-uri");
      if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
      if (id.empty()) id = input_.id + "#" + std::to_string(records_);
      uint64_t length = 0;
      std::string length_text = headers.get("content-length");
      auto parsed = std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
      if (parsed.ec != std::errc() || length_text.empty())
        return invalid_data("record " + std::to_string(records_) + " has no Content-Length", input_.id,
                            "the archive is damaged there");
      std::string type = headers.get("warc-type");
      bool wanted = type == "response" || type == "conversion" || type == "resource";
      if (!wanted || length > limits_.document_bytes) {
        if (wanted) on_skip_({id, "read.too_large", std::to_string(length) + " bytes", true});
        MALMOI_TRY(pass(length));
        continue;
      }
      std::string block(length, '\0');
      MALMOI_TRY(take(block));
      if (make_document(headers, type, id, std::move(block), out)) return true;
    }
  }

 private:
  bool make_document(const Headers& headers, const std::string& type, const std::string& id, std::string block,
                     RawDocument& out) {
    out = {};
    out.document.id = id;
    out.document.path = input_.path;
    out.document.meta["url"] = id;
    if (std::string date = headers.get("warc-date"); !date.empty()) out.document.meta["date"] = date;
    std::string content_type = headers.get("content-type");
    if (type == "response") {
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
      if ((encoding == "gzip" || encoding == "deflate") && !inflate_body(block, id)) return false;
      content_type = http.get("content-type");
    }
    std::string media = media_type(content_type);
    out.charset = media_parameter(content_type, "charset");
    if (media == "text/html" || media == "application/xhtml+xml" || media.empty()) out.payload = Payload::kHtml;
    else if (media == "application/pdf") out.payload = Payload::kPdf;
    else if (media.starts_with("text/")) out.payload = Payload::kText;
    else {
      on_skip_({id, "read.ignored", media, false});
      return false;
    }
    if (type == "conversion") out.payload = Payload::kText;
    out.bytes = std::move(block);
    return true;
  }

  // Bodies are usually stored plain; those that are not expand within the document limit.
  bool inflate_body(std::string& block, const std::string& id) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 32) != Z_OK) return false;
    std::string out;
    char buffer[1 << 15];
    stream.next_in = reinterpret_cast<Bytef*>(block.data());
    stream.avail_in = static_cast<uInt>(block.size());
    int code = Z_OK;
    while (code == Z_OK && out.size() <= limits_.document_bytes) {
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

  Status fill() {
    buffer_.erase(0, at_);
    at_ = 0;
    size_t old = buffer_.size();
    buffer_.resize(old + (1 << 16));
    Result<size_t> n = input_.bytes->read(buffer_.data() + old, 1 << 16);
    buffer_.resize(old + (n.ok() ? *n : 0));
    if (!n.ok()) return std::move(n).error();
    finished_ = *n == 0;
    return {};
  }

  Result<bool> read_record_head(Headers& headers) {
    constexpr size_t kMaxHead = 1 << 20;
    while (true) {
      while (at_ < buffer_.size() && (buffer_[at_] == '\r' || buffer_[at_] == '\n')) ++at_;
      size_t end = buffer_.find("\r\n\r\n", at_), width = 4;
      if (size_t bare = buffer_.find("\n\n", at_); bare < end) end = bare, width = 2;
      if (end != std::string::npos) {
        std::string_view head = std::string_view(buffer_).substr(at_, end - at_);
        if (!head.starts_with("WARC/"))
          return invalid_data("record " + std::to_string(records_ + 1) + " does not begin with WARC/", input_.id,
                              "the archive is damaged there");
        headers.parse(head.substr(std::min(head.size(), head.find('\n'))));
        at_ = end + width;
        return true;
      }
      if (finished_) {
        if (at_ == buffer_.size()) return false;
        return invalid_data("ends inside the head of a record", input_.id, "the archive is cut short");
      }
      if (buffer_.size() - at_ > kMaxHead)
        return invalid_data("the head of a record does not end", input_.id, "this is no WARC file");
      MALMOI_TRY(fill());
    }
  }

  Status take(std::string& out) {
    for (size_t filled = 0; filled < out.size();) {
      if (at_ == buffer_.size()) {
        if (finished_)
          return invalid_data("ends inside record " + std::to_string(records_), input_.id, "the archive is cut short");
        MALMOI_TRY(fill());
        continue;
      }
      size_t n = std::min(out.size() - filled, buffer_.size() - at_);
      std::copy_n(buffer_.data() + at_, n, out.data() + filled);
      at_ += n, filled += n;
    }
    return {};
  }

  Status pass(uint64_t length) {
    while (length > 0) {
      if (at_ == buffer_.size()) {
        if (finished_)
          return invalid_data("ends inside record " + std::to_string(records_), input_.id, "the archive is cut short");
        MALMOI_TRY(fill());
        continue;
      }
      uint64_t n = std::min<uint64_t>(length, buffer_.size() - at_);
      at_ += n, length -= n;
    }
    return {};
  }

  Input input_;
  ReaderLimits limits_;
  OnSkip on_skip_;
  std::string buffer_;
  size_t at_ = 0;
  bool finished_ = false;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_warc_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<WarcReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
