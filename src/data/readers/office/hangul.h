// What HWP 5 and HWPX have in common: what becomes of a paragraph by its shape, its style and the list that counts it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/readers/office/blocks.h"
#include "data/readers/office/numbering.h"

namespace malmoi::data::office {

enum class HangulShape : uint8_t { kPlain, kOutline, kNumber, kBullet };  // in HWP's order

/// How a paragraph looks.
struct HangulLook {
  HangulShape shape = HangulShape::kPlain;
  int level = 0;                                   // of the shape, from 0
  int heading = 0;                                 // of the style, from 1; 0: none
  std::string list;                                // that counts it
  const std::vector<ListLevel>* levels = nullptr;  // of that list; null: it is not there
};

/// Writes paragraphs in their order, which is that of their numbers.
class HangulParagraphs {
 public:
  void append(Line line, const HangulLook& look, Blocks& out);

 private:
  std::string number_of(const HangulLook& look);
  ListCounters counters_;
};

}  // namespace malmoi::data::office
