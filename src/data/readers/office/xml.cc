#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

// The next node in document order under `root`; null at the end. Without recursion, however deep the tree is.
pugi::xml_node next(pugi::xml_node node, pugi::xml_node root) {
  if (node.first_child()) return node.first_child();
  while (node && node != root) {
    if (node.next_sibling()) return node.next_sibling();
    node = node.parent();
  }
  return {};
}

}  // namespace

pugi::xml_node find(pugi::xml_node node, std::string_view name) {
  for (pugi::xml_node at = next(node, node); at; at = next(at, node))
    if (is(at, name)) return at;
  return {};
}

std::string all_text(pugi::xml_node node) {
  std::string text;
  for (pugi::xml_node at = next(node, node); at; at = next(at, node))
    if (at.type() == pugi::node_pcdata || at.type() == pugi::node_cdata) text += at.value();
  return text;
}

bool parse(const std::string& content, pugi::xml_document& document) {
  return document.load_buffer(content.data(), content.size(), pugi::parse_default | pugi::parse_ws_pcdata);
}

}  // namespace malmoi::data::office
