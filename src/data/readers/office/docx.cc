// DOCX: the main part with its styles, lists and notes.
#include "data/readers/convert.h"
#include "data/readers/office/blocks.h"
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

// Web pages and texts that stand in the document as parts of their own, each once.
class EmbeddedParts {
 public:
  EmbeddedParts(const Source& source, const std::string& main) : source_(source) {
    for (Relationship& relationship : source.package.relationships(main))
      targets_[relationship.id] = relationship.target;
  }

  std::string take(const std::string& id) {
    auto target = targets_.find(id);
    if (target == targets_.end() || !read_.insert(folded(target->second)).second) return {};
    const std::string* content = source_.package.require(target->second);
    if (!content) return {};
    RawDocument raw;
    raw.payload = payload_of(*content);
    raw.bytes = *content;
    Converted converted;
    Skip skip;
    if (convert_document(std::move(raw), {source_.format, true, source_.limits}, converted, skip))
      return std::move(converted.document.text);
    return {};
  }

 private:
  // Pages stand as they are, or with their pictures as a message (MHTML).
  static Payload payload_of(std::string_view content) {
    if (content.starts_with("MIME-Version:")) return Payload::kMail;
    bool page = content.find("<html") != std::string::npos || content.find("<HTML") != std::string::npos;
    return page ? Payload::kHtml : Payload::kText;
  }

  const Source& source_;
  std::map<std::string, std::string> targets_;
  std::set<std::string> read_;
};

}  // namespace

Result<OfficeText> read_word(const Source& source, const std::string& main) {
  pugi::xml_document document, styles, numbering;
  pugi::xml_node body = child(source.package.load(main, document), "body");
  if (!body) return invalid_data("malformed " + main, source.where, "open it and save it again");
  DocxStyles known;
  known.read_styles(load_beside(source.package, main, "styles", styles));
  known.read_numbering(load_beside(source.package, main, "numbering", numbering));
  Notes notes(source.format);
  EmbeddedParts embedded(source, main);
  DocxText reader(known, notes, [&](const std::string& id) { return embedded.take(id); });
  Blocks blocks = reader.read(body);
  NoteParts parts(source.package, main);
  OfficeText out;
  out.title = declared_title(source.package);
  if (out.title.empty()) out.title = first_heading(blocks);
  notes.append(blocks, [&](const std::string& key) { return reader.read(parts.find(key)); });
  MALMOI_ASSIGN(out.text, write_blocks(blocks, source.format, source.limits, source.packed, source.where));
  return out;
}

}  // namespace malmoi::data::office
