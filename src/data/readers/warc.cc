// WARC 1.0/1.1 (ISO 28500): responses as pages, conversions (WET) as text. Records beyond the size limit are passed over;
// after damage the next record is looked for, and whole records before a cut are kept.
#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "data/readers/formats.h"
#include "data/readers/headers.h"
#include "data/readers/http_body.h"
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

// Answers whose documents are whole: OK, and OK by a proxy that changed them (RFC 9110).
bool is_success(int status) { return status == 200 || status == 203; }

// The empty line behind a head, whatever its line ends; no width: it is not there yet.
struct HeadEnd {
  size_t at = 0, width = 0;
};
HeadEnd find_head_end(std::string_view text, size_t from) {
  for (size_t line = text.find('\n', from); line != std::string_view::npos; line = text.find('\n', line + 1)) {
    if (text.substr(line + 1, 1) == "\n") return {line, 2};
    if (text.substr(line + 1, 2) == "\r\n") return {line, 3};
  }
  return {};
}

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
      if (parsed.ec != std::errc() || length_text.empty()) {
        damaged("record " + std::to_string(records_) + " has no Content-Length");
        continue;  // the next record is looked for
      }
      std::string type = ascii_lower(headers.get("warc-type")), block;
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
    if (ascii_lower(id).starts_with("dns:") || media_type(content_type) == "text/dns") {
      on_skip_({id, "read.ignored", "the address of a host", false});
      return false;
    }
    // Answers of other protocols (ftp) are their files, without a head.
    bool http = type == "response" && (content_type.empty() || media_type(content_type) == "application/http");
    if (http && !take_response(id, block, content_type)) return false;
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
    if (!is_success(http.status)) {
      on_skip_({id, "read.http_status", std::to_string(http.status), false});
      return false;
    }
    block.erase(0, body);
    Result<std::string> decoded = decode_http_body(http, std::move(block), options_.limits.document_bytes, id);
    if (!decoded.ok()) {
      bool unread = decoded.error().code == ErrorCode::kUnsupported;
      on_skip_({id, unread ? "read.unsupported" : "read.damaged", decoded.error().to_string(), true});
      return false;
    }
    block = *std::move(decoded);
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
    input.id = entries_id_ = id;
    input.path = path_;
    input.name = "feed";
    input.bytes = memory_source(std::move(bytes));
    entries_ = feed->make(std::move(input), options_, on_skip_);
  }

  void damaged(std::string what) { on_skip_({id_, "read.damaged", std::move(what), true}); }

  Result<bool> read_record_head(Headers& headers) {
    constexpr size_t kMaxHead = 1 << 20;
    while (true) {
      while (!buffer_.view().empty() && (buffer_.view()[0] == '\r' || buffer_.view()[0] == '\n')) buffer_.pass(1);
      std::string_view held = buffer_.view();
      if (held.size() >= kMark.size() && !held.starts_with(kMark)) {
        if (records_ == 0) return invalid_data("does not begin with WARC/", id_, "this is no WARC file");
        damaged("record " + std::to_string(records_ + 1) + " does not begin with WARC/: the next that does is taken");
        MALMOI_TRY(find_record());
        continue;
      }
      if (HeadEnd end = find_head_end(held, searched_); end.width > 0) {
        std::string_view head = held.substr(0, end.at);
        headers.parse(head.substr(std::min(head.size(), head.find('\n'))));
        buffer_.pass(end.at + end.width);
        searched_ = 0;
        return true;
      }
      if (buffer_.finished()) {
        if (held.empty()) return false;
        return invalid_data("ends inside the head of a record", id_, "the archive is cut short");
      }
      if (held.size() > kMaxHead) return invalid_data("the head of a record does not end", id_, "this is no WARC file");
      searched_ = held.size() - std::min<size_t>(held.size(), 3);  // a mark of the end may lie across two pieces
      MALMOI_TRY(buffer_.fill());
    }
  }

  // Passes what stands before the next line that begins a record.
  Status find_record() {
    const std::string line = "\n" + std::string(kMark);
    while (true) {
      size_t at = buffer_.view().find(line);
      if (at != std::string::npos) {
        buffer_.pass(at + 1);
        return {};
      }
      buffer_.pass(buffer_.view().size() - std::min(buffer_.view().size(), line.size() - 1));
      if (buffer_.finished()) {
        buffer_.pass(buffer_.view().size());
        return {};
      }
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

  static constexpr std::string_view kMark = "WARC/";
  std::string id_, path_;
  ReaderOptions options_;
  OnSkip on_skip_;
  SourceBuffer buffer_;
  size_t searched_ = 0;              // of the head at hand: no mark of its end before here
  std::unique_ptr<Reader> entries_;  // of a feed
  std::string entries_id_;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_warc_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<WarcReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
