// EPUB: the chapters of the package's spine, in its order, each by HTML extraction; one document a book. Where the spine is
// lost, the chapters are those of the manifest, and without that the pages of the zip, in their order there.
#include <algorithm>

#include "base/ascii.h"
#include "data/encoding.h"
#include "data/readers/office/blocks.h"
#include "data/readers/office/formats.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

struct Item {
  std::string id, part;
  bool contents = false;  // the table of contents
  bool page = false;      // not a picture, a style, the NCX
};

bool is_page(std::string_view name) {
  std::string low = ascii_lower(name);
  return low.ends_with(".xhtml") || low.ends_with(".html") || low.ends_with(".htm");
}

// The package file that META-INF/container.xml names; where that is lost or wrong, the first that is there. A book that was
// packed with the folder around it has both one level deeper. Empty: none.
std::string package_file(const Package& package) {
  for (const std::string& name : package.names()) {
    std::string key = folded(name);
    const std::string* content = key.ends_with("meta-inf/container.xml") ? package.find(name) : nullptr;
    if (!content) continue;
    pugi::xml_document container;
    parse(*content, container);
    std::string root = name.substr(0, name.size() - std::string_view("META-INF/container.xml").size());
    std::string file = resolve(root, value(find(container, "rootfile"), "full-path"));
    if (package.find(file)) return file;
  }
  for (const std::string& name : package.names())
    if (folded(name).ends_with(".opf")) return name;
  return {};
}

// The parts that META-INF/encryption.xml names: text that only the shop's reader opens. Fonts, which it names too, are
// not looked at.
std::set<std::string> locked_parts(const Package& package) {
  std::set<std::string> locked;
  const std::string* content = package.find("META-INF/encryption.xml");
  if (!content) return locked;
  pugi::xml_document document;
  parse(*content, document);
  for (pugi::xml_node data : document.document_element().children())
    if (is(data, "EncryptedData")) locked.insert(folded(resolve("", value(find(data, "CipherReference"), "URI"))));
  return locked;
}

std::vector<Item> read_manifest(pugi::xml_node root, const std::string& file) {
  std::set<std::string> contents;  // as EPUB 2 says which they are
  for (pugi::xml_node reference : child(root, "guide").children())
    if (ascii_lower(value(reference, "type")) == "toc")
      contents.insert(folded(resolve(file, value(reference, "href"))));
  std::vector<Item> items;
  for (pugi::xml_node node : child(root, "manifest").children()) {
    if (value(node, "href").empty()) continue;
    std::string part = resolve(file, value(node, "href")),
                properties = " " + std::string(value(node, "properties")) + " ";
    bool toc = properties.find(" nav ") != std::string::npos || contents.contains(folded(part));
    std::string_view type = value(node, "media-type");
    toc = toc || type == "application/x-dtbncx+xml";
    bool page = type.empty() ? is_page(part) : type.find("html") != std::string_view::npos;
    items.push_back({std::string(value(node, "id")), std::move(part), toc, page});
  }
  return items;
}

// The parts to read, in their order.
std::vector<std::string> list_chapters(const Package& package, pugi::xml_node root, const std::string& file) {
  std::vector<Item> items = read_manifest(root, file);
  std::map<std::string_view, const Item*> by_id;
  for (const Item& item : items) by_id[item.id] = &item;
  std::vector<std::string> chapters;
  for (pugi::xml_node reference : child(root, "spine").children()) {
    auto item = by_id.find(value(reference, "idref"));
    if (item != by_id.end() && !item->second->contents) chapters.push_back(item->second->part);
  }
  if (!chapters.empty()) return chapters;
  for (const Item& item : items)
    if (item.page && !item.contents) chapters.push_back(item.part);
  if (!chapters.empty()) return chapters;
  for (const std::string& name : package.names())
    if (is_page(name)) chapters.push_back(name);
  return chapters;
}

// The navigation of EPUB 3, where the manifest does not say that it is: a list of links to the chapters.
bool holds_contents(std::string_view page) {
  size_t nav = page.find("<nav");
  if (nav == std::string_view::npos) return false;
  std::string_view tag = page.substr(nav, page.find('>', nav) - nav);
  return tag.find("\"toc\"") != std::string_view::npos || tag.find("'toc'") != std::string_view::npos;
}

// XHTML as the HTML parser reads it rightly: <title/> and <script/> close themselves in XML alone, and would take in all
// that follows; prefixes (<m:math>) are XML's, too.
std::string plain_html(std::string_view page) {
  constexpr std::string_view kVoid[] = {"area",  "base", "br",   "col",   "embed",  "hr",    "img",
                                        "input", "link", "meta", "param", "source", "track", "wbr"};
  auto is_name = [](char c) {
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '-';
  };
  std::string out;
  out.reserve(page.size());
  size_t copied = 0;
  for (size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at + 1)) {
    size_t begin = at + (page.substr(at).starts_with("</") ? 2 : 1), name_end = begin;
    while (name_end < page.size() && is_name(page[name_end])) ++name_end;
    std::string name = ascii_lower(page.substr(begin, name_end - begin));
    if (name.empty()) continue;
    if (size_t prefix = name.find(':'); prefix != std::string::npos) {
      out.append(page.substr(copied, begin - copied));
      copied = begin + prefix + 1;
      name.erase(0, prefix + 1);
    }
    size_t end = name_end;
    for (char quote = 0; end < page.size() && (quote || page[end] != '>'); ++end) {
      if (quote ? page[end] == quote : page[end] == '"' || page[end] == '\'') quote = quote ? '\0' : page[end];
    }
    if (end >= page.size()) break;
    if (page[end - 1] == '/' && std::ranges::find(kVoid, name) == std::end(kVoid)) {
      out.append(page.substr(copied, end - 1 - copied)).append("></").append(name).append(">");
      copied = end + 1;
    }
    at = end;
  }
  return out.append(page.substr(copied));
}

constexpr size_t kLongestTitle = 200;  // bytes beside the links of a table of contents: its heading

class Book {
 public:
  explicit Book(const Source& source)
      : source_(source), locked_(locked_parts(source.package)), limit_(text_limit(source.limits, source.packed)) {}

  // A chapter stands once, however often the spine names it and under whatever spelling.
  Status add(const std::string& part) {
    if (!seen_.insert(folded(part)).second) return {};
    if (locked_.contains(folded(part))) {
      problems_.push_back({part, "read.encrypted", "is locked (DRM)"});
      return {};
    }
    const std::string* content = source_.package.require(part);
    if (!content) return {};
    auto decoded = decode_text(*content, declared_charset(*content));
    if (!decoded.ok()) {
      problems_.push_back({part, "read.binary", decoded.error().what});
      return {};
    }
    bool contents = holds_contents(decoded->text);
    bool is_xml = decoded->text.find("<?xml") != std::string::npos ||
                  decoded->text.find("http://www.w3.org/1999/xhtml") != std::string::npos;
    std::string page = is_xml ? plain_html(decoded->text) : std::move(decoded->text);
    std::string chapter = extract_html(page, {source_.format, true}).text;
    if (chapter.empty() || (contents && chapter.size() < kLongestTitle)) return {};
    (text_ += text_.empty() ? "" : "\n\n") += chapter;
    if (text_.size() > limit_) return too_much_text(limit_, source_.where);
    return {};
  }

  std::string take_text() { return std::move(text_); }
  std::vector<PartProblem> take_problems() { return std::move(problems_); }

 private:
  const Source& source_;
  std::set<std::string> locked_, seen_;
  uint64_t limit_;
  std::string text_;
  std::vector<PartProblem> problems_;
};

}  // namespace

Result<OfficeText> read_epub(const Source& source) {
  std::string file = package_file(source.package);
  pugi::xml_document document;
  pugi::xml_node root = file.empty() ? pugi::xml_node() : source.package.load(file, document);
  bool is_book = !file.empty() || source.package.find("mimetype") || source.package.find("META-INF/container.xml");
  std::vector<std::string> chapters;
  if (is_book) chapters = list_chapters(source.package, root, file);
  if (chapters.empty() && !child(root, "spine")) {
    if (!file.empty())
      return invalid_data("malformed package file " + file, source.where, "check that it is a whole EPUB");
    return invalid_data("has no package file of a book, nor the main part of another document", source.where,
                        "check that it is a whole EPUB, DOCX, XLSX, PPTX, ODT or HWPX");
  }
  OfficeText out;
  pugi::xml_node metadata = child(root, "metadata");
  out.title = all_text(find(metadata, "title"));
  out.language = all_text(find(metadata, "language")).substr(0, 2);
  Book book(source);
  for (const std::string& chapter : chapters) MALMOI_TRY(book.add(chapter));
  out.text = book.take_text();
  out.problems = book.take_problems();
  return out;
}

}  // namespace malmoi::data::office
