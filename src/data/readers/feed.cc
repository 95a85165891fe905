// RSS 2.0, RSS 1.0 (RDF) and Atom: a document an entry, its content extracted as a fragment of HTML.
#include <pugixml.hpp>

#include <cstring>
#include <optional>
#include <utility>

#include "data/encoding.h"
#include "data/readers/formats.h"

namespace malmoi::data {
namespace {

class FeedReader : public Reader {
 public:
  FeedReader(Input input, const ReaderOptions& options)
      : input_(std::move(input)), limit_(options.limits.document_bytes) {}

  Result<bool> next(RawDocument& out) override {
    if (!opened_) MALMOI_TRY(open());
    if (at_ == entries_.size()) {
      if (std::optional<Error> damage = std::exchange(damage_, {})) return *std::move(damage);
      return false;
    }
    pugi::xml_node entry = entries_[at_++];
    out = {};
    out.payload = Payload::kHtmlFragment;
    out.charset = "utf-8";
    out.document.id = input_.id + "#" + std::to_string(at_);
    out.document.path = input_.path;
    out.document.title = entry.child("title").text().get();
    std::string link = entry.child("link").text().get();
    if (link.empty()) link = entry.child("link").attribute("href").value();
    if (!link.empty()) out.document.meta["url"] = link;
    for (const char* name : {"pubDate", "published", "updated", "dc:date"})
      if (const char* date = entry.child(name).text().get(); *date) {
        out.document.meta["date"] = date;
        break;
      }
    for (const char* name : {"content:encoded", "content", "description", "summary"}) {
      out.bytes = content_of(entry.child(name));
      if (!out.bytes.empty()) break;
    }
    return true;
  }

 private:
  Status open() {
    opened_ = true;
    MALMOI_ASSIGN(std::string bytes, read_all(*input_.bytes, limit_, input_.id));
    MALMOI_ASSIGN(Decoded decoded, decode_text(bytes, declared_charset(bytes)));
    pugi::xml_parse_result parsed =
        xml_.load_buffer(decoded.text.data(), decoded.text.size(), pugi::parse_default, pugi::encoding_utf8);
    pugi::xml_node root = xml_.document_element();
    for (pugi::xml_node holder : {root.child("channel"), root})
      for (pugi::xml_node child : holder.children())
        if (std::strcmp(child.name(), "item") == 0 || std::strcmp(child.name(), "entry") == 0)
          entries_.push_back(child);
    if (!parsed)  // said when the entries before it are read
      damage_ = invalid_data(
          std::string("malformed XML at byte ") + std::to_string(parsed.offset) + ": " + parsed.description(),
          input_.id, "check that the file is whole");
    return {};
  }

  // Text as it stands (HTML escaped or in CDATA), or the markup of <content type="xhtml">.
  static std::string content_of(pugi::xml_node node) {
    if (!node.first_child()) return {};
    bool markup = false;
    for (pugi::xml_node child : node.children()) markup |= child.type() == pugi::node_element;
    if (!markup) {
      std::string out;
      for (pugi::xml_node child : node.children()) out += child.value();
      return out;
    }
    struct Writer : pugi::xml_writer {
      std::string out;
      void write(const void* data, size_t size) override { out.append(static_cast<const char*>(data), size); }
    } writer;
    for (pugi::xml_node child : node.children()) child.print(writer, "", pugi::format_raw);
    return std::move(writer.out);
  }

  Input input_;
  uint64_t limit_;
  bool opened_ = false;
  pugi::xml_document xml_;
  std::vector<pugi::xml_node> entries_;
  size_t at_ = 0;
  std::optional<Error> damage_;
};

}  // namespace

std::unique_ptr<Reader> make_feed_reader(Input input, const ReaderOptions& options, const OnSkip&) {
  return std::make_unique<FeedReader>(std::move(input), options);
}

}  // namespace malmoi::data
