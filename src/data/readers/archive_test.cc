// Archives as they are met: names in every encoding, what systems leave beside files, damage, bombs.
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "data/readers/test_read.h"
#include "data/readers/test_zip.h"
#include "data/readers/unpack.h"

namespace malmoi::data {
namespace {

const std::string kText = "이 장의 이야기는 강가에서 시작한다. 물은 느리게 흐르고 사람들은 다리를 건넌다.";

// A lower-case English pangram over and over, so that it packs well.
std::string prose(size_t bytes) {
  std::string out;
  for (int i = 0; out.size() < bytes; ++i) out += "The " + std::to_string(i * i) + "th quick brown fox jumps over it. ";
  return out;
}

std::string pack(int (*set_format)(archive*), const std::vector<std::pair<std::string, std::string>>& files) {
  Utf8Locale locale;
  std::string out(1 << 20, '\0');
  size_t used = 0;
  archive* a = archive_write_new();
  set_format(a);
  archive_write_open_memory(a, out.data(), out.size(), &used);
  for (const auto& [name, content] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname_utf8(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(a, entry);
    archive_write_data(a, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_free(a);
  out.resize(used);
  return out;
}

TEST(Archive, NamesInEveryEncoding) {
  struct Named {
    std::string bytes;
    bool utf8;
    std::string shown;
  };
  for (const Named& named :
       std::vector<Named>{{"자료/회의록.txt", true, "자료/회의록.txt"},
                          {"자료/회의록.txt", false, "자료/회의록.txt"},  // not said, and still is
                          {"\xC0\xDA\xB7\xE1/\xC8\xB8\xC0\xC7\xB7\xCF.txt", false, "자료/회의록.txt"},  // CP949
                          {"\x98\xDE\x8C\x63"
                           ".txt",
                           false, "샾똠.txt"},                         // beyond KS X 1001
                          {"\u1100\u1161\u11A8.txt", true, "각.txt"},  // decomposed, as by a Mac
                          {"\u1100\u1161\u11A8.txt", false, "각.txt"},
                          {"\xC0\xDA\xB7\xE1\\\xC8\xB8.txt", false, "자료/회.txt"},  // packed on Windows
                          {"\xC7\xA5.txt", false, "표.txt"},                         // UTF-8 by chance
                          {"\xC3\xA5 1.txt", false, "책 1.txt"},
                          {"café.txt", false, "café.txt"},
                          {"élan.txt", true, "élan.txt"},
                          {"Отчёт.txt", false, "Отчёт.txt"},
                          {"r\xE9sum\xE9.txt", false, "résumé.txt"},
                          {"plain.txt", false, "plain.txt"}}) {
    ReadResult result = read_bytes("a.zip", test_zip({{named.bytes, kText, named.utf8}}));
    ASSERT_EQ(result.documents.size(), 1u) << named.shown;
    EXPECT_EQ(result.documents[0].id, "a.zip/" + named.shown);
    EXPECT_EQ(result.failures(), 0u);
  }
}

TEST(Archive, KindsAreKnownByKoreanNames) {
  ReadResult result = read_bytes("a.zip", test_zip({{"자료/목록.csv", "id,text\n1," + kText + "\n", true},
                                                    {"자료/글.jsonl", "{\"text\": \"" + kText + "\"}\n", true},
                                                    {"자료/사진.jpg", "\xFF\xD8\xFF\xE0 no picture", true}}));
  ASSERT_EQ(result.documents.size(), 2u);
  EXPECT_EQ(result.documents[0].text, kText);
  EXPECT_EQ(result.documents[1].text, kText);
  EXPECT_EQ(result.failures(), 0u);
}

TEST(Archive, WhatSystemsLeaveBesideFilesIsSkipped) {
  std::string other_half("\0\5\x16\x07 resource fork\0\0\0", 20);
  ReadResult result =
      read_bytes("a.zip", test_zip({{"docs/report.txt", kText},
                                    {"__MACOSX/docs/._report.txt", other_half},
                                    {"__MACOSX/._docs", other_half},
                                    {"docs/__MACOSX/report.txt", other_half},
                                    {"docs/._report.txt", other_half},
                                    {"docs/.DS_Store", other_half},
                                    {"docs/~$report.docx", other_half},
                                    {"docs/~$list.xlsx", other_half},
                                    {"docs/.~lock.report.odt#", ",me,host,1.1.2024;"},
                                    {"docs/Thumbs.db", other_half},
                                    {".git/description", "Unnamed repository; edit this file to name it."},
                                    {"docs/desktop.ini", "[.ShellClassInfo]\nIconFile=folder.ico\nIconIndex=0\n"}}));
  ASSERT_EQ(result.documents.size(), 1u) << result.all();
  EXPECT_EQ(result.failures(), 0u);
  ReaderOptions options;
  options.format = "text";
  EXPECT_EQ(read_bytes("a.zip", test_zip({{"._a.txt", kText}, {"b.txt", kText}}), options).documents.size(), 1u);
}

TEST(Archive, ADamagedMemberDoesNotHideTheOthers) {
  for (bool deflated : {true, false}) {
    ReadResult result = read_bytes("a.zip", test_zip({{"1.txt", "first " + kText, false, deflated},
                                                      {"2.txt", prose(4000), false, deflated, true},
                                                      {"3.txt", "third " + kText, false, deflated}}));
    EXPECT_NE(result.all().find("first"), std::string::npos);
    EXPECT_NE(result.all().find("third"), std::string::npos) << deflated;
    EXPECT_EQ(result.failures(), 1u);
  }
}

TEST(Archive, ADamagedMemberOfAnArchiveInAnArchive) {
  std::string inner =
      test_zip({{"1.txt", "first " + kText}, {"2.txt", prose(4000), false, true, true}, {"3.txt", "third " + kText}});
  ReadResult result =
      read_bytes("a.zip", test_zip({{"0.txt", "outer " + kText}, {"inner.zip", inner}, {"9.txt", "last " + kText}}));
  for (const char* word : {"outer", "first", "third", "last"})
    EXPECT_NE(result.all().find(word), std::string::npos) << word;
  EXPECT_EQ(result.failures(), 1u);
}

TEST(Archive, AZipWithoutItsEndGivesWhatIsThere) {
  std::string whole = test_zip({{"1.txt", "first " + kText}, {"2.txt", "second " + kText}, {"3.txt", prose(9000)}});
  ReadResult result = read_bytes("a.zip", whole.substr(0, whole.size() * 2 / 3));
  EXPECT_NE(result.all().find("first"), std::string::npos);
  EXPECT_NE(result.all().find("second"), std::string::npos);
  EXPECT_GE(result.failures(), 1u);
}

TEST(Archive, SevenZip) {
  std::string packed = pack(archive_write_set_format_7zip, {{"자료/하나.txt", kText}, {"two.txt", "second " + kText}});
  EXPECT_EQ(read_bytes("a.7z", packed).documents.size(), 2u);
  EXPECT_NE(read_bytes("a.7z", packed).all().find("자료/하나.txt"), std::string::npos);
  EXPECT_EQ(read_bytes("a.zip", test_zip({{"inner.7z", packed}})).documents.size(), 2u);
}

TEST(Archive, Tar) {
  std::string packed = pack(archive_write_set_format_pax_restricted, {{"자료/하나.txt", kText}, {"._하나.txt", "x"}});
  ReadResult result = read_bytes("a.tar", packed);
  ASSERT_EQ(result.documents.size(), 1u);
  EXPECT_EQ(result.documents[0].id, "a.tar/자료/하나.txt");
}

TEST(Archive, OfADamagedTarTheOtherMembersAreReadAndItIsTold) {
  std::string whole =
      pack(archive_write_set_format_ustar, {{"1.txt", "first " + kText}, {"2.txt", prose(400)}, {"3.txt", "third"}});
  constexpr size_t kBlock = 512;
  std::string damaged = whole;
  damaged.replace(2 * kBlock, 100, 100, '\xFF');
  ReadResult result = read_bytes("a.tar", damaged);
  EXPECT_EQ(result.all(), "a.tar/1.txt\nfirst " + kText + "\na.tar/3.txt\nthird\n");
  EXPECT_EQ(result.failures(), 1u);
  EXPECT_FALSE(read_bytes("a.tar", whole + std::string(20 * kBlock, '\0')).failures());
  // Another archive behind the first is read, too; what is none is told.
  EXPECT_EQ(read_bytes("a.tar", whole + whole).documents.size(), 6u);
  result = read_bytes("a.tar", whole + std::string(3 * kBlock, 'x'));
  EXPECT_EQ(result.documents.size(), 3u);
  EXPECT_EQ(result.failures(), 1u);
}

TEST(Archive, BytesBehindAPackedFileAreTold) {
  // "One line of text for all to read.\n" by bzip2.
  const std::string packed(
      "\102\132\150\071\061\101\131\046\123\131\223\271\300\272\000\000\004\325\200\000\020\100\001\000"
      "\000\247\045\224\100\040\000\061\114\000\000\324\310\311\203\120\270\140\032\313\206\233\042\252"
      "\232\102\076\027\346\165\174\202\376\056\344\212\160\241\041\047\163\201\164",
      67);
  EXPECT_FALSE(read_bytes("a.txt.bz2", packed).failures());
  EXPECT_FALSE(read_bytes("a.txt.bz2", packed + std::string(600, '\0')).failures());
  EXPECT_EQ(read_bytes("a.txt.bz2", packed + packed).documents.at(0).text.size(), 68u);
  for (const char* rest : {"x", "trailing garbage that is longer than a head"}) {
    ReadResult result = read_bytes("a.txt.bz2", packed + rest);
    EXPECT_EQ(result.documents.size(), 1u);
    EXPECT_EQ(result.failures(), 1u) << rest;
  }
}

// A zip whose entries share their bytes: each holds the header of the next, as a block that is stored, and all that
// follows (D. Fifield, "A better zip bomb", 2019).
std::string overlapping_zip(int entries, std::string content) {
  std::string packed = deflate_raw(content), directory, file;
  std::vector<std::string> common(static_cast<size_t>(entries));
  std::vector<size_t> lengths;  // of what stands behind each header
  std::string header;
  for (int i = entries; i-- > 0;) {
    if (!header.empty()) {
      packed = std::string(1, '\0') + little(header.size(), 2) + little(~header.size() & 0xFFFF, 2) + header + packed;
      content = header + content;
    }
    std::string name = std::to_string(i) + ".txt";
    uint64_t crc = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
    common[static_cast<size_t>(i)] = little(20, 2) + little(0, 2) + little(8, 2) + little(0x5A21, 4) + little(crc, 4) +
                                     little(packed.size(), 4) + little(content.size(), 4) + little(name.size(), 2) +
                                     little(0, 2);
    header = "PK\3\4" + common[static_cast<size_t>(i)] + name;
    lengths.push_back(header.size() + packed.size());
  }
  file = header + packed;
  for (int i = 0; i < entries; ++i) {
    size_t offset = file.size() - lengths[static_cast<size_t>(entries - 1 - i)];
    directory += "PK\1\2" + little(20, 2) + common[static_cast<size_t>(i)] + little(0, 6) + little(0, 4) +
                 little(offset, 4) + std::to_string(i) + ".txt";
  }
  auto n = static_cast<uint64_t>(entries);
  return file + directory + "PK\5\6" + little(0, 4) + little(n, 2) + little(n, 2) + little(directory.size(), 4) +
         little(file.size(), 4) + little(0, 2);
}

TEST(Archive, EntriesThatShareTheirBytesAreABomb) {
  EXPECT_EQ(read_bytes("a.zip", overlapping_zip(3, prose(1000))).documents.size(), 1u);
  ReadResult result = read_bytes("a.zip", overlapping_zip(400, prose(1 << 20)));
  EXPECT_LT(result.documents.size(), 100u);
  ASSERT_FALSE(result.skips.empty());
  EXPECT_NE(result.skips.back().detail.find("bomb"), std::string::npos) << result.skips.back().detail;
}

TEST(Archive, ArchivesInArchivesAreMeasuredTogether) {
  std::string packed = std::string(30 << 20, 'x');
  for (int i = 0; i < 3; ++i) {
    std::vector<TestEntry> entries;
    for (int n = 0; n < 3; ++n) entries.push_back({std::to_string(n) + (i > 0 ? ".zip" : ".txt"), packed});
    packed = test_zip(entries);
  }
  ReadResult result = read_bytes("a.zip", packed);
  EXPECT_LT(result.documents.size(), 4u);  // of 27
  ASSERT_FALSE(result.skips.empty());
  EXPECT_NE(result.skips.back().detail.find("bomb"), std::string::npos) << result.skips.back().detail;
}

TEST(Archive, AnArchiveOfBooksIsNoBook) {
  std::string book = test_zip({{"mimetype", "application/epub+zip", false, false},
                               {"a.opf",
                                "<package><manifest><item id='a' href='a.xhtml'/></manifest><spine><itemref "
                                "idref='a'/></spine></package>"},
                               {"a.xhtml", "<html><body><p>" + kText + "</p></body></html>"}});
  ReadResult result = read_bytes("a.zip", test_zip({{"책/하나.epub", book, true, false}, {"둘.txt", kText, true}}));
  ASSERT_EQ(result.documents.size(), 2u) << result.all();
  EXPECT_EQ(result.documents[0].id, "a.zip/책/하나.epub");
  // Whatever its own name, a book is one.
  EXPECT_EQ(read_bytes("book.zip", book).documents.size(), 1u);
  EXPECT_EQ(read_bytes("noname", book).documents.size(), 1u);
}

TEST(Archive, AZipOfAFolderCalledWordIsNoDocument) {
  ReadResult result = read_bytes("a.zip", test_zip({{"password/list.txt", kText}, {"word/notes.txt", kText}}));
  EXPECT_EQ(result.documents.size(), 2u);
}

}  // namespace
}  // namespace malmoi::data
