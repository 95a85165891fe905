// DOCX: the main part with its styles, lists and notes.
#include "data/encoding.h"
#include "data/readers/office/docx_text.h"
#include "data/readers/office/formats.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

// The root of the part that `main` refers to by that type, else of the one of the usual name beside it; null without one.
pugi::xml_node load_beside(Package& package, const std::string& main, const std::string& type,
                           pugi::xml_document& document) {
  std::string named = package.related(main, type), usual = resolve(main, type + ".xml");
  if (named.empty() && !package.find(usual)) return {};
  return package.load(named.empty() ? usual : named, document);
}

// The notes of one part, by id.
class NoteParts {
 public:
  NoteParts(Package& package, const std::string& main) {
    for (const char* type : {"footnotes", "endnotes"}) {
      for (pugi::xml_node node : load_beside(package, main, type, documents_[type]).children())
        nodes_[std::string(local_name(node)) + " " + std::string(value(node, "id"))] = node;
    }
  }
  pugi::xml_node find(const std::string& key) const {
    auto found = nodes_.find(key);
    return found == nodes_.end() ? pugi::xml_node() : found->second;
  }

 private:
  std::map<std::string, pugi::xml_document> documents_;
  std::map<std::string, pugi::xml_node> nodes_;
};

// A web page or a text that stands in the document as a part of its own.
std::string embedded_text(Package& package, const std::string& main, const std::string& id, TextFormat format) {
  for (const Relationship& relationship : package.relationships(main)) {
    if (relationship.id != id) continue;
    const std::string* content = package.require(relationship.target);
    if (!content) return {};
    auto decoded = decode_text(*content, declared_charset(*content));
    if (!decoded.ok()) return {};
    bool page = decoded->text.find("<html") != std::string::npos || decoded->text.find("<HTML") != std::string::npos;
    return page ? extract_html(decoded->text, {format, true}).text : decoded->text;
  }
  return {};
}

std::string first_heading(const Blocks& blocks) {
  for (const Block& block : blocks)
    if (block.kind == Block::Kind::kHeading) return block.text;
  return {};
}

}  // namespace

Result<OfficeText> read_word(const Source& source, const std::string& main) {
  pugi::xml_document document, styles, numbering;
  if (!parse(*source.package.find(main), document))
    return invalid_data("malformed " + main, source.where, "open it and save it again");
  DocxStyles known;
  known.read_styles(load_beside(source.package, main, "styles", styles));
  known.read_numbering(load_beside(source.package, main, "numbering", numbering));
  Notes notes(source.format);
  DocxText reader(known, notes, [&, used = std::set<std::string>()](const std::string& id) mutable {
    return used.insert(id).second ? embedded_text(source.package, main, id, source.format) : std::string();
  });
  Blocks blocks = reader.read(child(document.document_element(), "body"));
  NoteParts parts(source.package, main);
  OfficeText out;
  out.title = declared_title(source.package);
  if (out.title.empty()) out.title = first_heading(blocks);
  notes.append(blocks, [&](const std::string& key) { return reader.read(parts.find(key)); });
  MALMOI_ASSIGN(out.text, write_blocks(blocks, source.format, source.limits, source.packed, source.where));
  return out;
}

}  // namespace malmoi::data::office
