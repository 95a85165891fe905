// The text of a Word document as blocks (ECMA-376 part 1, 17): changes accepted, hidden text, comments, headers, footers
// and the table of contents left out, text boxes after the paragraph that they hang on.
#pragma once

#include <pugixml.hpp>

#include <functional>
#include <string>

#include "data/readers/office/blocks.h"
#include "data/readers/office/docx_styles.h"
#include "data/readers/office/notes.h"

namespace malmoi::data::office {

class DocxText {
 public:
  /// `embedded` gives the text of a part that stands in the document as it is (w:altChunk), by its relationship.
  DocxText(const DocxStyles& styles, Notes& notes, std::function<std::string(const std::string& id)> embedded)
      : styles_(styles), notes_(notes), embedded_(std::move(embedded)) {}

  /// The blocks of a body, a cell, a note, a text box.
  Blocks read(pugi::xml_node node, int depth = 0);

 private:
  // A paragraph under way, and the blocks (text boxes) that follow it.
  struct Line {
    std::string text;
    Blocks after;
    bool hidden = false;  // by its style
  };

  void blocks(pugi::xml_node node, Blocks& out, int depth);
  void paragraph(pugi::xml_node node, Blocks& out, int depth);
  void finish(pugi::xml_node properties, Line line, Blocks& out);
  void content(pugi::xml_node node, Line& line, int depth);
  void element(pugi::xml_node node, Line& line, int depth);
  void run(pugi::xml_node node, Line& line, int depth);
  void rows(pugi::xml_node node, std::vector<std::vector<Cell>>& out, int depth);
  void cells(pugi::xml_node node, std::vector<Cell>& out, int depth);

  const DocxStyles& styles_;
  Notes& notes_;
  std::function<std::string(const std::string& id)> embedded_;
  ListCounters counters_;
  Line joined_;  // of paragraphs whose mark was deleted: what the next one goes on from
};

}  // namespace malmoi::data::office
