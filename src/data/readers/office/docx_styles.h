// What the styles and lists of a Word document say of its paragraphs: headings, numbers, hidden text.
#pragma once

#include <pugixml.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/readers/office/numbering.h"

namespace malmoi::data::office {

/// A switch such as <w:vanish/>: on unless its value says no; nothing where the element is missing.
std::optional<bool> read_switch(pugi::xml_node properties, std::string_view name);

struct DocxStyle {
  std::string based_on;
  int heading = 0;        // 1..9; 0: says nothing
  bool contents = false;  // a line of the table of contents
  std::optional<bool> hidden;
  std::string list;          // numId
  std::optional<int> level;  // ilvl, of `list`
};

class DocxStyles {
 public:
  void read_styles(pugi::xml_node styles);
  void read_numbering(pugi::xml_node numbering);

  /// What a style says with what it is based on; an empty one for an unknown id.
  DocxStyle resolve(std::string_view id) const;
  /// The levels of a list (numId); null for none, which is "0", too.
  const std::vector<ListLevel>* list(const std::string& id) const;
  /// The list that counts for a numId: several may share one.
  const std::string& counted(const std::string& id) const;

 private:
  std::map<std::string, DocxStyle, std::less<>> styles_;
  std::map<std::string, std::vector<ListLevel>> lists_;
  std::map<std::string, std::string> abstract_;  // of a numId
};

}  // namespace malmoi::data::office
