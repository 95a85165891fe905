// The XML of office documents. Elements and attributes are told by their local names: prefixes are free, and the
// namespaces of one format have several URIs (ECMA-376 transitional and strict, OWPML 2011 and 2016).
#pragma once

#include <pugixml.hpp>

#include <string>
#include <string_view>

namespace malmoi::data::office {

/// Elements nested deeper than this are not looked into; word processors stop long before.
constexpr int kMaxDepth = 250;

/// Of "w:p": "p".
inline std::string_view local_name(std::string_view name) { return name.substr(name.find(':') + 1); }
inline std::string_view local_name(pugi::xml_node node) { return local_name(node.name()); }

inline bool is(pugi::xml_node node, std::string_view name) { return local_name(node) == name; }

/// The first child of that local name; a null node without one.
inline pugi::xml_node child(pugi::xml_node node, std::string_view name) {
  for (pugi::xml_node candidate : node.children())
    if (is(candidate, name)) return candidate;
  return {};
}

/// The first attribute of that local name; a null attribute without one.
inline pugi::xml_attribute attribute(pugi::xml_node node, std::string_view name) {
  for (pugi::xml_attribute candidate : node.attributes())
    if (local_name(candidate.name()) == name) return candidate;
  return {};
}

inline std::string_view value(pugi::xml_node node, std::string_view name) { return attribute(node, name).value(); }

/// The first element of that local name anywhere under `node`, in document order.
pugi::xml_node find(pugi::xml_node node, std::string_view name);

/// All character data under `node`, as it stands.
std::string all_text(pugi::xml_node node);

/// Keeps white space. Of a damaged document what stands before the damage is there, and false is returned.
bool parse(const std::string& content, pugi::xml_document& document);

}  // namespace malmoi::data::office
