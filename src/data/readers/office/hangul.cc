#include "data/readers/office/hangul.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace malmoi::data::office {
namespace {

// "개요" (outline) is a list in some documents and marks headings in most; a heading is no passage.
constexpr size_t kLongestHeading = 200;

}  // namespace

void HangulParagraphs::append(Line line, const HangulLook& look, Blocks& out) {
  Block block = paragraph(trimmed(line.text));
  if (!block.text.empty()) {
    std::string number = number_of(look);
    int level = look.heading;
    if (level == 0 && look.shape == HangulShape::kOutline) level = look.level + 1;
    if (level > 0 && block.text.size() <= kLongestHeading) {
      block = heading(number.empty() ? block.text : number + " " + block.text, level);
    } else if (look.shape == HangulShape::kBullet || !number.empty()) {
      block.kind = Block::Kind::kItem;
      block.level = look.level;
      block.marker = std::move(number);
    }
    out.push_back(std::move(block));
  }
  std::ranges::move(line.after, std::back_inserter(out));
}

std::string HangulParagraphs::number_of(const HangulLook& look) {
  bool is_outline = look.shape == HangulShape::kOutline;
  if (!look.levels || (!is_outline && look.shape != HangulShape::kNumber)) return {};
  return counters_.next((is_outline ? "outline " : "list ") + look.list, look.level, *look.levels);
}

}  // namespace malmoi::data::office
