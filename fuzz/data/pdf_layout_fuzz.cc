// Fuzzes what is made of a PDF's words: any boxes and texts give text, and no text is made of nothing.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "data/readers/pdf_columns.h"
#include "data/readers/pdf_lines.h"
#include "data/readers/pdf_paragraphs.h"
#include "data/readers/pdf_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::data;
  // Words of 8 bytes: page, flags, place, size; their texts from a list that has what the rules look at.
  const std::vector<std::string> texts = {"우리",  "다.",    "가.", "나.",  "ket-",   "tles", "•", "7",
                                          "- 7 -", "\uFB01", "the", "end.", "\u00AD", "(",    "iv"};
  std::vector<PdfPage> pages(4, PdfPage{600, 800, {}});
  for (size_t i = 0; i + 8 <= size && i < 8 * 512; i += 8) {
    PdfWord word;
    word.left = static_cast<float>(data[i + 2]) * 2.5f;
    word.top = static_cast<float>(data[i + 3]) * 3.5f;
    word.right = word.left + static_cast<float>(data[i + 4]);
    word.bottom = word.top + static_cast<float>(data[i + 5] % 32);
    word.space_after = data[i + 1] & 1;
    word.turns = (data[i + 1] >> 1 & 7) == 0 ? data[i + 1] >> 4 & 3 : 0;
    word.text = texts[data[i + 6] % texts.size()];
    pages[data[i] % pages.size()].words.push_back(word);
  }
  turn_upright(pages);
  std::vector<PdfLine> lines = lines_of(pages);
  size_t before = 0;
  for (const PdfLine& line : lines) before += line.text.size();
  drop_running_lines(pages, lines);
  order_columns(lines);
  std::string text = join_lines(join_rows(std::move(lines)));
  // Joining adds at most two line ends for each line.
  if (text.size() > 3 * before || (before > 0 && text.empty())) std::abort();
  return 0;
}
