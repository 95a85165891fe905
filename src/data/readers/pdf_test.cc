// Reading order, paragraphs, running heads and limits of PDFs (tests/data/data/readers/pdf, made by make.py there).
#include "data/readers/pdf.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <thread>

#include "base/file.h"
#include "data/readers/pdf_columns.h"
#include "data/readers/pdf_lines.h"
#include "data/readers/pdf_paragraphs.h"
#include "data/readers/pdf_rows.h"

namespace malmoi::data {
namespace {

Result<PdfText> read(const std::string& name, PdfLimits limits = {}) {
  auto bytes = read_file(Path(MALMOI_TEST_DATA) / "data" / "readers" / name);
  if (!bytes.ok()) return bytes.error();
  return read_pdf(*bytes, limits, name);
}

std::string text_of(const std::string& name) {
  auto pdf = read("pdf/" + name);
  return pdf.ok() ? pdf->text : pdf.error().to_string();
}

const std::string kKettles =
    "Copper kettles keep the heat longer than tin ones, which is why the old kitchens on the coast were full of them. "
    "A "
    "cook could leave one by the hearth and find the water still hot an hour later. The smith who made them lived "
    "above "
    "the harbour and hammered each one from a single sheet, and the seam along the base was so fine that nobody could "
    "find it.";
const std::string kLibrary =
    "우리 동네 도서관은 매주 수요일 저녁에 문을 연다. 주민들은 책을 빌리고 서로의 이야기를 나눈다. 겨울에는 난로 곁에 "
    "둘러앉아 차를 마시면서 지난 한 해 "
    "동안 읽은 책들을 하나하나 떠올리고 아이들에게 들려줄 이야기를 고른다. 도서관 뜰에는 감나무가 한 그루 서 있는데 "
    "가을이면 주민들이 함께 감을 따서 "
    "나눈다.";

PdfWord word(float left, float top, const std::string& text) {
  PdfWord w;
  w.left = left;
  w.top = top;
  w.right = left + 5 * static_cast<float>(text.size());
  w.bottom = top + 10;
  w.text = text;
  return w;
}

std::vector<std::string> kept(const std::vector<PdfPage>& pages) {
  std::vector<PdfLine> lines = lines_of(pages);
  drop_running_lines(pages, lines);
  std::vector<std::string> out;
  for (const PdfLine& line : lines) out.push_back(line.text);
  return out;
}

TEST(Pdf, SpacesOfFullWidthAreSpaces) {
  PdfPage page{595, 842, {word(50, 700, "우리\u3164동네\u3000도서관")}};
  EXPECT_EQ(kept({page}), std::vector<std::string>{"우리 동네 도서관"});
}

TEST(Pdf, ColumnsAreReadOneAfterTheOther) {
  EXPECT_EQ(text_of("columns.pdf"), "A Title Across Both Columns\n\n" + kKettles + "\n\n" + kKettles);
  // Narrow ones with much between them, and paragraphs that begin at one height.
  std::string text = text_of("gutter.pdf");
  EXPECT_EQ(text, kKettles + "\n\n" + kKettles + "\n\n" + kKettles + "\n\n" + kKettles);
}

TEST(Pdf, RunningHeadsAndPageNumbersGoAndParagraphsRunOverPages) {
  EXPECT_EQ(text_of("heads.pdf"), kKettles + "\n\n" + kKettles);
}

TEST(Pdf, BrokenWordsBecomeWholeUnlessTheTextWritesTheHyphen) {
  EXPECT_EQ(
      text_of("hyphens.pdf"),
      "The old kitchens were full of copper kettles, which keep the heat for a long time after the fire has gone "
      "out. A well-known smith made them, a self-taught man who was well-known along the coast for his fine work. "
      "The first floor offers a fine office.");
}

TEST(Pdf, ItemsAndVersesKeepTheirLines) {
  EXPECT_EQ(text_of("items.pdf"),
            "Things that a kitchen needs:\n\n• a kettle of copper that holds two litres of water and stands on three "
            "feet\n• a ladle\n• a trivet\n\nThen the cook may begin.\n\nRoses are red,\nviolets are blue.");
}

TEST(Pdf, TurnedPagesAreReadAsText) {
  for (const char* name : {"turned_90.pdf", "turned_180.pdf", "turned_270.pdf"})
    EXPECT_EQ(text_of(name), kKettles) << name;
}

TEST(Pdf, TablesAreReadByRows) { EXPECT_EQ(text_of("table.pdf"), "Name Price Stock\nKettle 12 4\nLadle 3 10"); }

TEST(Pdf, KoreanLinesAreJoinedAsTheyWereBroken) {
  for (const char* name : {"korean_words.pdf", "korean_letters.pdf", "korean_justified.pdf"})
    EXPECT_EQ(text_of(name), kLibrary) << name;
  EXPECT_EQ(text_of("korean_items.pdf"),
            "저녁이면 우리는 도서관에 모여 감을 나눈다. 그리고 차를 마신다.\n\n가. 저녁에 문을 연다.\n나. 차를 "
            "마신다.\n다. 감을 딴다.");
  EXPECT_EQ(text_of("korean_ucs2.pdf"), "우리 동네 도서관");
}

TEST(Pdf, ReasonsAreTheTrueOnes) {
  auto reason = [](const std::string& name, PdfLimits limits = {}) {
    auto pdf = read(name, limits);
    return pdf.ok() ? "read" : pdf.error().what;
  };
  EXPECT_NE(reason("pdf/empty.pdf").find("no text layer"), std::string::npos);
  EXPECT_NE(reason("broken.pdf").find("not a PDF"), std::string::npos);
  EXPECT_NE(reason("sample.pdf", {1e-6, 1ull << 30}).find("longer than"), std::string::npos);
  auto tables = read("pdf/unknown_encoding.pdf");
  ASSERT_FALSE(tables.ok());
  EXPECT_NE(tables.error().remedy.find("poppler-data"), std::string::npos);
}

#if !defined(MALMOI_SANITIZED)
TEST(Pdf, MemoryIsTheChildsOwn) {
  // What this process has mapped is no matter: here more than the limit, as the stacks and heaps of many threads are.
  constexpr size_t kMapped = size_t{4} << 30;
  void* mapped = ::mmap(nullptr, kMapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  EXPECT_TRUE(read("sample.pdf", {30, 256u << 20}).ok());
  ::munmap(mapped, kMapped);
  std::string content;
  for (int line = 0; line < 60'000; ++line)
    content += "BT /F1 10 Tf 60 " + std::to_string(line % 800) + " Td (many words of it) Tj ET\n";
  // Without a table of its objects, which poppler finds by looking.
  std::string bytes =
      "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n"
      "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<</Font<</F1 4 0 "
      "R>>>>>>\nendobj\n"
      "4 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n5 0 obj\n<</Length " +
      std::to_string(content.size()) + ">>stream\n" + content + "endstream\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
  auto starved = read_pdf(bytes, {30, 16u << 20}, "many.pdf");
  ASSERT_FALSE(starved.ok());
  EXPECT_NE(starved.error().what.find("more memory"), std::string::npos) << starved.error().what;
}
#endif

TEST(Pdf, ColumnsAreReadToTheirEnds) {
  std::vector<PdfPage> pages(1, PdfPage{600, 800, {}});
  // As poppler gives them: by paragraphs of one height; a line across in the midst.
  for (float left : {50.0f, 300.0f})
    for (int i = 0; i < 4; ++i)
      pages[0].words.push_back(
          word(left, 100 + 13.0f * i, left < 100 ? "a line of the left one here" : "a line of the right one here"));
  pages[0].words.push_back(word(50, 180, "a line across both columns, from the left one to the right one of them"));
  for (float left : {300.0f, 50.0f})
    for (int i = 0; i < 4; ++i)
      pages[0].words.push_back(
          word(left, 220 + 13.0f * i, left < 100 ? "a line of the left one below" : "a line of the right one below"));
  std::vector<PdfLine> lines = lines_of(pages);
  order_columns(lines);
  std::string order;
  for (const PdfLine& line : lines)
    order += line.text.find("across") != std::string::npos ? 'A' : line.left < 100 ? 'l' : 'r';
  EXPECT_EQ(order, "llllrrrrAllllrrrr");
}

TEST(Pdf, ContentsKeepTheirLinesAndDotsBecomeFew) {
  std::vector<PdfPage> pages(1, PdfPage{600, 800, {}});
  for (int i = 0; i < 3; ++i) {
    float top = 100 + 13.0f * static_cast<float>(i);
    pages[0].words.push_back(word(50, top, std::to_string(i + 1)));
    pages[0].words.push_back(
        word(100, top, "Kettles. . . . . . . . . . . . . . . . . . . . . . . ." + std::to_string(i + 7)));
  }
  EXPECT_EQ(join_lines(join_rows(lines_of(pages))), "1 Kettles ... 7\n2 Kettles ... 8\n3 Kettles ... 9");
}

TEST(Pdf, WhatStandsBesideAPageNumberGoesWithIt) {
  std::vector<PdfPage> pages(6, PdfPage{600, 800, {}});
  for (size_t p = 0; p < 6; ++p)
    pages[p].words = {word(50, 20, p < 2 ? "Of heat" : "Of water"), word(500, 20, std::to_string(p + 9)),
                      word(50, 100, "body"), word(50, 113, "text")};
  EXPECT_EQ(kept(pages).size(), 12u);
}

TEST(Pdf, ManyAtOnce) {
  constexpr double kPatience = 600;  // this is not about time, whatever else the machine does
  std::vector<std::thread> threads;
  std::vector<std::string> said(8);
  std::atomic<int> read_whole{0};
  for (std::string& other : said)
    threads.emplace_back([&] {
      for (int i = 0; i < 4; ++i) {
        auto pdf = read("pdf/columns.pdf", {.seconds = kPatience});
        if (pdf.ok() && pdf->text.ends_with(kKettles)) ++read_whole;
        else other = pdf.ok() ? pdf->text : pdf.error().to_string();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read_whole, 32) << testing::PrintToString(said);
}

TEST(Pdf, HeadsMayTakeTurns) {
  std::vector<PdfPage> pages;
  for (int i = 0; i < 5; ++i) {
    PdfPage page{595, 842, {word(60, 20, i % 2 ? "2024 Report" : "The Town Library")}};
    for (int k = 0; k < 4; ++k)
      page.words.push_back(
          word(60, 100 + 15 * static_cast<float>(k), "page" + std::string(static_cast<size_t>(4 * i + k + 1), 'x')));
    pages.push_back(page);
  }
  for (const std::string& line : kept(pages)) EXPECT_TRUE(line.starts_with("page")) << line;
}

TEST(Pdf, WhatLooksLikeARunningHeadButCountsOtherwiseStays) {
  std::vector<PdfPage> pages(3, PdfPage{600, 800, {}});
  for (size_t p = 0; p < 3; ++p) {
    pages[p].words = {word(50, 20, "Part" + std::to_string(10 - 3 * p)), word(50, 100, "body"), word(50, 113, "text")};
  }
  EXPECT_EQ(kept(pages).size(), 9u);  // 10, 7, 4: not the pages' numbers
  for (size_t p = 0; p < 3; ++p) pages[p].words[0] = word(50, 20, "Page" + std::to_string(p + 5));
  EXPECT_EQ(kept(pages), std::vector<std::string>({"body", "text", "body", "text", "body", "text"}));
  // A text that begins each page with the same line, and nothing apart from it.
  for (size_t p = 0; p < 3; ++p) pages[p].words = {word(50, 100, "same"), word(50, 113, "text"), word(50, 126, "here")};
  EXPECT_EQ(kept(pages).size(), 9u);
}

}  // namespace
}  // namespace malmoi::data
