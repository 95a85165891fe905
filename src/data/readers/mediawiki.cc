// XML dumps of MediaWiki: the articles (namespace 0, no redirects), page by page, their markup as text.
#include <pugixml.hpp>

#include <cstring>

#include "data/readers/formats.h"
#include "data/readers/wikitext.h"

namespace malmoi::data {
namespace {

class MediaWikiReader : public Reader {
 public:
  MediaWikiReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : input_(std::move(input)), limit_(options.limits.document_bytes), on_skip_(on_skip) {}

  Result<bool> next(RawDocument& out) override {
    std::string page;
    while (true) {
      MALMOI_ASSIGN(bool found, next_page(page));
      if (!found) return false;
      pugi::xml_document xml;
      pugi::xml_parse_result parsed =
          xml.load_buffer(page.data(), page.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
      std::string id = input_.id + "#" + std::to_string(pages_);
      if (!parsed) {
        on_skip_({id, "read.xml", parsed.description(), true});
        continue;
      }
      pugi::xml_node node = xml.child("page");
      std::string title = node.child("title").text().get();
      const char* space = node.child("ns").text().get();
      if (*space && std::strcmp(space, "0") != 0) continue;
      if (node.child("redirect")) continue;
      pugi::xml_node revision = node.child("revision");
      for (pugi::xml_node later = revision; later; later = later.next_sibling("revision")) revision = later;
      std::string text = revision.child("text").text().get();
      if (is_wiki_redirect(text)) continue;
      out = {};
      out.payload = Payload::kReady;
      out.document.id = node.child("id") ? input_.id + "#" + node.child("id").text().get() : id;
      out.document.path = input_.path;
      out.document.title = title;
      out.document.encoding = "utf-8";
      out.document.text = wikitext_to_markdown(text);
      return true;
    }
  }

 private:
  // The next <page>...</page>. A page beyond the limit is passed over.
  Result<bool> next_page(std::string& page) {
    constexpr std::string_view kOpen = "<page>", kClose = "</page>";
    while (true) {
      size_t begin = buffer_.find(kOpen, at_);
      if (begin == std::string::npos) {
        if (finished_) return false;
        at_ = buffer_.size() > kOpen.size() ? std::max(at_, buffer_.size() - kOpen.size()) : at_;
        MALMOI_TRY(fill());
        continue;
      }
      at_ = begin;
      size_t scanned = begin;
      bool oversized = false;
      while (true) {
        size_t end = buffer_.find(kClose, scanned);
        if (end != std::string::npos) {
          ++pages_;
          page = oversized ? std::string() : buffer_.substr(at_, end + kClose.size() - at_);
          at_ = end + kClose.size();
          break;
        }
        if (finished_)
          return invalid_data("ends inside page " + std::to_string(pages_ + 1), input_.id, "the dump is cut short");
        size_t tail = buffer_.size() - std::min(buffer_.size(), kClose.size());
        if (buffer_.size() - at_ > limit_) oversized = true, at_ = tail;
        scanned = std::max(at_, tail);
        size_t before = at_;
        MALMOI_TRY(fill());
        scanned -= before;
      }
      if (!oversized) return true;
      on_skip_({input_.id + "#" + std::to_string(pages_), "read.too_large", "a page longer than the limit", true});
    }
  }

  Status fill() {
    buffer_.erase(0, at_);
    at_ = 0;
    size_t old = buffer_.size();
    buffer_.resize(old + (1 << 18));
    Result<size_t> n = input_.bytes->read(buffer_.data() + old, 1 << 18);
    buffer_.resize(old + (n.ok() ? *n : 0));
    if (!n.ok()) return std::move(n).error();
    finished_ = *n == 0;
    return {};
  }

  Input input_;
  uint64_t limit_;
  OnSkip on_skip_;
  std::string buffer_;
  size_t at_ = 0;
  bool finished_ = false;
  uint64_t pages_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_mediawiki_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<MediaWikiReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
