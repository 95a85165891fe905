// XML dumps of MediaWiki: the articles (namespace 0, no redirects), page by page, their markup as text.
#include <pugixml.hpp>

#include <algorithm>
#include <cstring>

#include "data/readers/formats.h"
#include "data/readers/source_buffer.h"
#include "data/readers/wiki_words.h"
#include "data/readers/wikitext.h"

namespace malmoi::data {
namespace {

class MediaWikiReader : public Reader {
 public:
  MediaWikiReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : id_(std::move(input.id)),
        path_(std::move(input.path)),
        limit_(options.limits.document_bytes),
        on_skip_(on_skip),
        buffer_(std::move(input.bytes)) {}

  Result<bool> next(RawDocument& out) override {
    std::string page;
    if (!started_) MALMOI_TRY(read_site());
    while (true) {
      MALMOI_ASSIGN(bool found, next_page(page));
      if (!found) return false;
      pugi::xml_document xml;
      pugi::xml_parse_result parsed =
          xml.load_buffer(page.data(), page.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
      std::string id = id_ + "#" + std::to_string(pages_);
      if (!parsed) {
        on_skip_({id, "read.xml", parsed.description(), true});
        continue;
      }
      pugi::xml_node node = xml.child("page");
      std::string title = node.child("title").text().get();
      if (!is_article(node, title)) continue;
      if (node.child("redirect")) continue;
      pugi::xml_node revision = node.child("revision");
      for (pugi::xml_node later = revision; later; later = later.next_sibling("revision")) revision = later;
      std::string text = revision.child("text").text().get();
      if (is_wiki_redirect(text)) continue;
      out = {};
      out.payload = Payload::kReady;
      out.document.id = node.child("id") ? id_ + "#" + node.child("id").text().get() : id;
      out.document.path = path_;
      out.document.title = title;
      out.document.encoding = "utf-8";
      out.document.text = wikitext_to_markdown(text, site_);
      return true;
    }
  }

 private:
  // What the wiki calls its namespaces, which stands before the first page.
  Status read_site() {
    started_ = true;
    constexpr std::string_view kOpen = "<siteinfo", kClose = "</siteinfo>";
    constexpr size_t kLongest = size_t{1} << 20;
    while (buffer_.view().find("<page>") == std::string::npos && buffer_.view().find(kClose) == std::string::npos &&
           !buffer_.finished() && buffer_.view().size() < kLongest)
      MALMOI_TRY(buffer_.fill());
    std::string_view held = buffer_.view();
    size_t begin = held.find(kOpen), end = held.find(kClose);
    if (begin >= end || end == std::string::npos) return {};
    pugi::xml_document xml;
    if (!xml.load_buffer(&held[begin], end + kClose.size() - begin, pugi::parse_default, pugi::encoding_utf8))
      return {};
    for (pugi::xml_node node : xml.child("siteinfo").child("namespaces").children("namespace")) {
      int key = node.attribute("key").as_int();
      std::string name = wiki::normal_name(node.text().get());
      if (name.empty()) continue;
      // Files, categories and templates show no text; English names are understood everywhere.
      bool hidden = key == 6 || key == 10 || key == 14 || key == -2;
      if (hidden) site_.hidden.push_back(name);
      others_.push_back(std::move(name));
    }
    return {};
  }

  // Namespace 0; old dumps say it by the title alone.
  bool is_article(pugi::xml_node page, std::string_view title) const {
    if (pugi::xml_node space = page.child("ns")) return std::strcmp(space.text().get(), "0") == 0;
    size_t colon = title.find(':');
    return colon == std::string_view::npos ||
           std::find(others_.begin(), others_.end(), wiki::normal_name(title.substr(0, colon))) == others_.end();
  }

  // The next <page>...</page>. A page beyond the limit is passed over.
  Result<bool> next_page(std::string& page) {
    constexpr std::string_view kOpen = "<page>", kClose = "</page>";
    while (true) {
      MALMOI_ASSIGN(bool begun, find(kOpen));
      if (!begun) return false;
      size_t scanned = 0;
      bool oversized = false;
      while (true) {
        size_t end = buffer_.view().find(kClose, scanned);
        if (end != std::string::npos) {
          page = oversized ? std::string() : std::string(buffer_.view().substr(0, end + kClose.size()));
          buffer_.pass(end + kClose.size());
          break;
        }
        if (buffer_.finished())
          return invalid_data("ends inside page " + std::to_string(pages_ + 1), id_, "the dump is cut short");
        size_t held = buffer_.view().size(), tail = held - std::min(held, kClose.size());
        oversized |= held > limit_;
        if (oversized) {
          buffer_.pass(tail);
          tail = 0;
        }
        scanned = tail;
        MALMOI_TRY(buffer_.fill());
      }
      ++pages_;
      if (!oversized) return true;
      on_skip_({id_ + "#" + std::to_string(pages_), "read.too_large", "a page longer than the limit", true});
    }
  }

  // Passes what stands before `mark`; false at the end.
  Result<bool> find(std::string_view mark) {
    while (true) {
      size_t at = buffer_.view().find(mark);
      if (at != std::string::npos) {
        buffer_.pass(at);
        return true;
      }
      if (buffer_.finished()) return false;
      size_t held = buffer_.view().size();
      buffer_.pass(held - std::min(held, mark.size() - 1));
      MALMOI_TRY(buffer_.fill());
    }
  }

  std::string id_, path_;
  uint64_t limit_;
  OnSkip on_skip_;
  SourceBuffer buffer_;
  WikiSite site_ = common_wiki_site();
  std::vector<std::string> others_;  // namespaces that hold no articles
  bool started_ = false;
  uint64_t pages_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_mediawiki_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<MediaWikiReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
