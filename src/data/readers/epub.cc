// EPUB: the chapters of the package's spine, in its order, each by HTML extraction; one document a book.
#include <pugixml.hpp>

#include <cctype>
#include <cstring>
#include <map>

#include "data/encoding.h"
#include "data/readers/archive.h"
#include "data/readers/office.h"

namespace malmoi::data {
namespace {

int hex(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) ? c - '0'
         : (c | 32) >= 'a' && (c | 32) <= 'f'        ? (c | 32) - 'a' + 10
                                                     : -1;
}

// A reference of the package file as a name in the zip: percent escapes undone, `..` resolved.
std::string resolve(const std::string& folder, std::string_view href) {
  std::string path = folder;
  for (size_t i = 0; i < href.size() && href[i] != '#'; ++i) {
    if (href[i] == '%' && i + 2 < href.size() && hex(href[i + 1]) >= 0 && hex(href[i + 2]) >= 0) {
      path += static_cast<char>(hex(href[i + 1]) << 4 | hex(href[i + 2]));
      i += 2;
    } else {
      path += href[i];
    }
  }
  return Path(path).lexically_normal().generic_string();
}

}  // namespace

Result<OfficeText> read_epub(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                             const std::string& where) {
  std::map<std::string, std::string> parts;
  auto readable = [](std::string_view name) {
    for (std::string_view ending : {".xhtml", ".html", ".htm", ".xml", ".opf"})
      if (name.ends_with(ending)) return true;
    return false;
  };
  uint64_t held = 0;
  MALMOI_TRY(visit_zip(bytes, limits, where, readable, [&](const std::string& name, std::string content) {
    held += content.size();
    parts[name] = std::move(content);
    return held <= limits.document_bytes;
  }));
  if (held > limits.document_bytes)
    return invalid_data("holds more text than " + std::to_string(limits.document_bytes) + " bytes", where,
                        "raise limits.document_bytes");
  pugi::xml_document container, package;
  container.load_buffer(parts["META-INF/container.xml"].data(), parts["META-INF/container.xml"].size());
  std::string opf = container.child("container").child("rootfiles").child("rootfile").attribute("full-path").value();
  auto found = parts.find(opf);
  if (found == parts.end()) return invalid_data("has no package file", where, "check that it is an EPUB");
  if (!package.load_buffer(found->second.data(), found->second.size()))
    return invalid_data("malformed package file " + opf, where);
  std::string folder = opf.substr(0, opf.rfind('/') == std::string::npos ? 0 : opf.rfind('/') + 1);

  pugi::xml_node root = package.document_element();
  auto child = [](pugi::xml_node node, const char* name) {  // with or without the opf: prefix
    pugi::xml_node plain = node.child(name);
    return plain ? plain : node.child((std::string("opf:") + name).c_str());
  };
  std::map<std::string, std::string> items;
  for (pugi::xml_node item : child(root, "manifest").children()) {
    if (std::strstr(item.attribute("properties").value(), "nav")) continue;  // the table of contents
    items[item.attribute("id").value()] = resolve(folder, item.attribute("href").value());
  }
  OfficeText out;
  pugi::xml_node metadata = child(root, "metadata");
  out.title = metadata.child("dc:title").text().get();
  out.language = std::string(metadata.child("dc:language").text().get()).substr(0, 2);
  for (pugi::xml_node reference : child(root, "spine").children()) {
    auto item = items.find(reference.attribute("idref").value());
    auto part = item == items.end() ? parts.end() : parts.find(item->second);
    if (part == parts.end()) continue;
    auto decoded = decode_text(part->second, declared_charset(part->second));
    if (!decoded.ok()) continue;
    std::string chapter = extract_html(decoded->text, {format, true}).text;
    if (!chapter.empty()) (out.text += out.text.empty() ? "" : "\n\n") += chapter;
  }
  return out;
}

}  // namespace malmoi::data
