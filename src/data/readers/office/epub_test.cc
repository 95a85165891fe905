// Books as they are met: names spelt in other ways than the entries, damaged and locked chapters, a spine that repeats.
#include "data/readers/office/test_office.h"

namespace malmoi::data::office {
namespace {

const std::string kContainer =
    "<container><rootfiles><rootfile full-path='OEBPS/content.opf'/></rootfiles></container>";

std::string chapter(const std::string& text) {
  return "<html><head><title>t</title></head><body><p>" + text + " The river is slow.</p></body></html>";
}

struct Book {
  std::vector<std::string> hrefs;  // of the spine, in order
  std::vector<TestEntry> parts;    // chapters and what else is there
  std::string prefix, root;        // of the package's elements; a folder around all
  std::vector<std::string> spine;  // ids; empty: each href once
};

std::string epub(const Book& book) {
  std::string opf = "<" + book.prefix + "package xmlns:dc='dc'><" + book.prefix +
                    "metadata><dc:title>책</dc:title>"
                    "<dc:language>ko-KR</dc:language></" +
                    book.prefix + "metadata>\n<" + book.prefix + "manifest>\n";
  for (size_t i = 0; i < book.hrefs.size(); ++i)
    opf += "<" + book.prefix + "item id='i" + std::to_string(i) + "' href='" + book.hrefs[i] + "'/>\n";
  opf += "</" + book.prefix + "manifest><" + book.prefix + "spine>\n";
  if (book.spine.empty())
    for (size_t i = 0; i < book.hrefs.size(); ++i)
      opf += "<" + book.prefix + "itemref idref='i" + std::to_string(i) + "'/>\n";
  for (const std::string& id : book.spine) opf += "<" + book.prefix + "itemref idref='" + id + "'/>";
  opf += "</" + book.prefix + "spine></" + book.prefix + "package>";
  std::vector<TestEntry> entries = {{book.root + "mimetype", "application/epub+zip", false, false},
                                    {book.root + "META-INF/container.xml", kContainer},
                                    {book.root + "OEBPS/content.opf", opf}};
  entries.insert(entries.end(), book.parts.begin(), book.parts.end());
  return test_zip(entries);
}

TEST(Epub, HrefsAndEntriesSpeltInOtherWays) {
  struct Spelling {
    std::string href, entry;
    bool utf8;
  };
  for (const Spelling& spelling :
       std::vector<Spelling>{{"Text/첫장.xhtml", "OEBPS/Text/첫장.xhtml", true},
                             {"Text/첫장.xhtml", "OEBPS/Text/첫장.xhtml", false},
                             {"Text/%EC%B2%AB%EC%9E%A5.xhtml", "OEBPS/Text/첫장.xhtml", true},
                             {"Text/첫장.xhtml", "OEBPS/Text/\xC3\xB9\xC0\xE5.xhtml", false},  // CP949
                             {"Text/첫장.xhtml", "OEBPS/Text/\u110E\u1165\u11BA\u110C\u1161\u11BC.xhtml", true},
                             {"Text/\u110E\u1165\u11BA\u110C\u1161\u11BC.xhtml", "OEBPS/Text/첫장.xhtml", true},
                             {"text/C1.xhtml", "OEBPS/Text/c1.XHTML", false},
                             {"Text/É.xhtml", "oebps/text/é.xhtml", true},
                             {"./Text/../Text/c1.xhtml", "OEBPS/Text/c1.xhtml", false},
                             {"Text\\c1.xhtml", "OEBPS\\Text\\c1.xhtml", false},
                             {"../c1.xhtml", "c1.xhtml", false},
                             {"/OEBPS/c1.xhtml", "OEBPS/c1.xhtml", false},
                             {"c1.xhtml#part", "OEBPS/c1.xhtml", false},
                             {"a%20b&amp;c.xhtml", "OEBPS/a b&c.xhtml", false},
                             {"%EC%B2%AB.xhtml", "OEBPS/%EC%B2%AB.xhtml", false},
                             {"첫.xhtml", "OEBPS/%ec%b2%ab.xhtml", false},
                             {"%C3%B9%C0%E5.xhtml", "OEBPS/첫장.xhtml", true},  // CP949
                             {"100%.xhtml", "OEBPS/100%.xhtml", false},
                             {"표.xhtml", "OEBPS/\xC7\xA5.xhtml", false},  // UTF-8 by chance
                             {"chapter", "OEBPS/chapter", false}}) {
    std::string bytes = epub({{spelling.href}, {{spelling.entry, chapter("CH1"), spelling.utf8}}});
    EXPECT_EQ(text_of(bytes), "CH1 The river is slow.") << spelling.href;
  }
}

TEST(Epub, PrefixesAreFreeAndTheBookMayLieInAFolder) {
  EXPECT_EQ(text_of(epub({{"a.xhtml"}, {{"OEBPS/a.xhtml", chapter("CH1")}}, "opf:"})), "CH1 The river is slow.");
  EXPECT_EQ(text_of(epub({{"a.xhtml"}, {{"책/OEBPS/a.xhtml", chapter("CH1"), true}}, "", "책/"})),
            "CH1 The river is slow.");
  std::string bytes = epub({{"a.xhtml"}, {{"OEBPS/a.xhtml", chapter("CH1")}}});
  Result<OfficeText> read = read_office(bytes, {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->title, "책");
  EXPECT_EQ(read->language, "ko");
  EXPECT_TRUE(read->problems.empty());
}

TEST(Epub, ADamagedChapterDoesNotLoseTheBook) {
  std::string long_text;
  for (int i = 0; i < 300; ++i) long_text += std::to_string(i * i) + " ";
  Result<OfficeText> read = read_office(epub({{"1.xhtml", "2.xhtml", "3.xhtml", "4.xhtml"},
                                              {{"OEBPS/1.xhtml", chapter("CH1")},
                                               {"OEBPS/2.xhtml", chapter(long_text), false, true, true},
                                               {"OEBPS/3.xhtml", chapter("CH3")}}}),
                                        {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->text, "CH1 The river is slow.\n\nCH3 The river is slow.");
  ASSERT_EQ(read->problems.size(), 2u);
  EXPECT_EQ(read->problems[0].part, "OEBPS/2.xhtml");
  EXPECT_EQ(read->problems[0].rule, "read.damaged");
  EXPECT_EQ(read->problems[1].rule, "read.missing");
}

TEST(Epub, LockedChaptersAreToldOf) {
  std::string locked =
      "<encryption xmlns:enc='e'><enc:EncryptedData><enc:CipherData><enc:CipherReference URI='OEBPS/2.xhtml'/>"
      "</enc:CipherData></enc:EncryptedData></encryption>";
  Result<OfficeText> read = read_office(
      epub({{"1.xhtml", "2.xhtml"},
            {{"OEBPS/1.xhtml", chapter("CH1")}, {"OEBPS/2.xhtml", "\x9A\x8B"}, {"META-INF/encryption.xml", locked}}}),
      {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->text, "CH1 The river is slow.");
  ASSERT_EQ(read->problems.size(), 1u);
  EXPECT_EQ(read->problems[0].rule, "read.encrypted");
}

TEST(Epub, AChapterStandsOnceHoweverItIsNamed) {
  Book book{{"a.xhtml", "A.xhtml", "./a.xhtml#x", "b/../a.xhtml"}, {{"OEBPS/a.xhtml", chapter("CH1")}}};
  EXPECT_EQ(text_of(epub(book)), "CH1 The river is slow.");
  book.spine.assign(100'000, "i0");
  EXPECT_EQ(text_of(epub(book)), "CH1 The river is slow.");
}

TEST(Epub, ElementsThatCloseThemselves) {
  std::string page =
      "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title/><script src='a>b.js' />"
      "</head><body><a id='x'/><p>One.<br/>Two.</p><div/><hr/><p>Three.</p></body></html>";
  EXPECT_EQ(plain_of(epub({{"a.xhtml"}, {{"OEBPS/a.xhtml", page}}})), "One.\nTwo.\n\nThree.");
}

TEST(Epub, SpinesThatAreLost) {
  std::string manifest =
      "<manifest><item id='n' href='nav.xhtml' properties='nav' media-type='application/xhtml+xml'/>"
      "<item id='b' href='b.xhtml' media-type='application/xhtml+xml'/><item id='s' href='s.css' "
      "media-type='text/css'/>"
      "<item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest>";
  std::vector<TestEntry> parts = {
      {"META-INF/container.xml", kContainer}, {"OEBPS/content.opf", "<package>" + manifest + "<spine/></package>"},
      {"OEBPS/a.xhtml", chapter("CH1")},      {"OEBPS/nav.xhtml", chapter("NAV")},
      {"OEBPS/b.xhtml", chapter("CH2")},      {"OEBPS/s.css", "p {}"}};
  EXPECT_EQ(text_of(test_zip(parts)), "CH2 The river is slow.\n\nCH1 The river is slow.");
  // The package file itself is damaged: the pages in the order of the zip.
  parts.erase(parts.begin() + 3);
  parts[1].damaged = true;
  Result<OfficeText> read = read_office(test_zip(parts), {}, TextFormat::kPlain, "test");
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->text, "CH1 The river is slow.\n\nCH2 The river is slow.");
  ASSERT_EQ(read->problems.size(), 1u);
  EXPECT_EQ(read->problems[0].rule, "read.damaged");
}

TEST(Epub, PrefixesOfElements) {
  std::string page =
      "<?xml version='1.0'?><h:html xmlns:h='http://www.w3.org/1999/xhtml' xmlns:m='m'><h:body><h:p>so "
      "<m:math><m:mfrac><m:mn>1</m:mn><m:mi>n</m:mi></m:mfrac></m:math> is</h:p><h:p/><h:p>two</h:p></h:body></h:html>";
  EXPECT_EQ(text_of(epub({{"a.xhtml"}, {{"OEBPS/a.xhtml", page}}})), "so $\\frac{1}{n}$ is\n\ntwo");
}

TEST(Epub, TablesOfContentsAreLeftOut) {
  std::string links = "<ol><li><a href='a.xhtml'>LINK</a></li></ol>";
  std::string nav = "<html><body><h1>Contents</h1><nav epub:type=\"toc\">" + links + "</nav></body></html>";
  EXPECT_EQ(text_of(epub({{"n.xhtml", "a.xhtml"}, {{"OEBPS/n.xhtml", nav}, {"OEBPS/a.xhtml", chapter("CH1")}}})),
            "CH1 The river is slow.");
  // EPUB 2.
  std::string opf =
      "<package><manifest><item id='n' href='t.html'/><item id='a' href='a.xhtml'/></manifest><spine><itemref "
      "idref='n'/><itemref idref='a'/></spine><guide><reference type='toc' href='t.html#top'/></guide></package>";
  EXPECT_EQ(text_of(test_zip({{"a.opf", opf}, {"t.html", "<p>LINKS</p>" + links}, {"a.xhtml", chapter("CH1")}})),
            "CH1 The river is slow.");
}

TEST(Epub, ContainersThatAreLost) {
  std::string opf =
      "<package><manifest><item id='a' href='a.xhtml'/></manifest><spine><itemref idref='a'/></spine></package>";
  EXPECT_EQ(text_of(test_zip({{"book/content.opf", opf}, {"book/a.xhtml", chapter("CH1")}})), "CH1 The river is slow.");
  // One that names what is not there.
  EXPECT_EQ(text_of(test_zip(
                {{"META-INF/container.xml", kContainer}, {"book/Content.OPF", opf}, {"book/a.xhtml", chapter("CH1")}})),
            "CH1 The river is slow.");
  EXPECT_NE(text_of(test_zip({{"a.txt", "text"}})).find("no package file"), std::string::npos);
  EXPECT_NE(text_of(test_zip({{"a.opf", "<package/>"}})).find("malformed"), std::string::npos);
}

}  // namespace
}  // namespace malmoi::data::office
