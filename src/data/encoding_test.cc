#include "data/encoding.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"

namespace malmoi::data {
namespace {

const Path kFolder = Path(MALMOI_TEST_DATA) / "data/cleaning/encoding";

// Every file of the manifest: its encoding, its text after repair and cleaning, and which are lost.
TEST(Encoding, EveryFileOfTheManifest) {
  auto manifest = read_file(kFolder / "manifest.jsonl");
  ASSERT_TRUE(manifest.ok());
  size_t files = 0;
  for (size_t begin = 0; begin < manifest->size(); ++files) {
    size_t end = manifest->find('\n', begin);
    auto entry = parse_json(manifest->substr(begin, end - begin), "manifest");
    begin = end + 1;
    ASSERT_TRUE(entry.ok());
    std::string name = json_string(*entry, "file");
    auto bytes = read_file(kFolder / name), expected = read_file(kFolder / json_string(*entry, "expected"));
    ASSERT_TRUE(bytes.ok() && expected.ok());
    auto decoded = decode_text(*bytes);
    ASSERT_TRUE(decoded.ok()) << name;
    EXPECT_EQ(decoded->encoding, json_string(*entry, "encoding")) << name;
    Repair repair = repair_mojibake(decoded->text);
    EXPECT_EQ(repair.damage != Damage::kLost, (*entry)["recoverable"].get<bool>()) << name << ": " << repair.rule;
    if (repair.damage == Damage::kLost) continue;
    EXPECT_EQ(clean_characters(decoded->text), *expected) << name;
  }
  EXPECT_EQ(files, 19u);
}

TEST(Encoding, BinaryIsRefused) {
  std::string noise;
  for (int i = 0; i < 4000; ++i) noise += static_cast<char>((i * 2654435761u) >> 13);
  EXPECT_FALSE(decode_text(noise).ok());
  EXPECT_FALSE(decode_text(std::string("\x7f"
                                       "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0",
                                       20))
                   .ok());
}

TEST(Encoding, GoodTextIsLeftAlone) {
  for (std::string text :
       {"Ça va très bien, merci. Élève à l'école où naît l'été.", "Grüße aus München – schöne Größe",
        "“It’s fine,” she said — €4.50", "漢字와 한글이 섞인 글이다. 大韓民國은 民主共和國이다.",
        "정말? 진짜?? 왜??? 그래서 어떻게 됐어?", "¿Qué? ¡No!", "Íslenska: þetta er ágætt", "ㅋㅋㅋ ㅠㅠ 뭐야??"}) {
    std::string copy = text;
    EXPECT_EQ(repair_mojibake(copy).damage, Damage::kNone) << text;
    EXPECT_EQ(copy, text);
    EXPECT_EQ(clean_characters(text), text);
    auto decoded = decode_text(text);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->text, text);
  }
}

TEST(Encoding, JoinersStayBetweenEmoji) {
  EXPECT_EQ(clean_characters("👩‍👩‍👧 가족"), "👩‍👩‍👧 가족");
  EXPECT_EQ(clean_characters("가\u200d나\u200c다"), "가나다");
  EXPECT_EQ(clean_characters("ㅋㅋ ﬁ ㈜"), "ㅋㅋ ﬁ ㈜");
  EXPECT_EQ(clean_characters("a\r\nb\rc\u2029d"), "a\nb\nc\nd");
}

// What is left alone without a look must be what composing would leave alone.
TEST(Encoding, ComposedWhateverStandsBeside) {
  EXPECT_EQ(clean_characters("각하가\u11a8 나"), "각하각 나");
  EXPECT_EQ(clean_characters("\u1112\u1161\u11ab\u1100\u1173\u11af, e\u0301 \u304b\u3099 \u2126"),
            "한글, é \u304c \u03a9");
  EXPECT_EQ(clean_characters("a\u0085b\x7f c\u00a0d\xe2\x80\x8b"), "a\nb c d");
  for (char32_t c = 0x80; c < 0x10000; ++c) {
    std::string one, beside;
    append_utf8(one, c);
    std::string clean = clean_characters(one);
    EXPECT_EQ(clean_characters(clean), clean) << std::hex << uint32_t{c};
    // The sign of Ohm is composed in any case.
    EXPECT_TRUE(clean_characters("가" + clean + " \u2126").starts_with(clean_characters("가" + clean)))
        << std::hex << uint32_t{c};
  }
}

TEST(Encoding, ThaiWhereItIsDeclared) {
  const std::string text = "ห้องสมุดในย่านของเราเปิดทุกเย็นวันพุธ";
  std::string bytes;
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    bytes += static_cast<char>(c.code_point - 0xE00 + 0xA0);
    i += c.length;
  }
  for (const char* name : {"tis-620", "windows-874", "TIS-620"}) {
    auto decoded = decode_text(bytes, name);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->text, text) << name;
  }
}

// Hardly a zero byte, and bytes that look like controls.
TEST(Encoding, ChineseInUtf16WithoutAMark) {
  for (std::u16string wide :
       {u"图书馆每周三晚上开放，居民们借书。\n冬天喝茶。\n", u"圖書館每週三晚上開放，居民們借書。\n冬天喝茶。\n"})
    for (bool big : {false, true}) {
      std::string bytes, text;
      for (char16_t unit : wide) {
        char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xFF);
        bytes += big ? high : low;
        bytes += big ? low : high;
        append_utf8(text, unit);
      }
      auto decoded = decode_text(bytes);
      ASSERT_TRUE(decoded.ok());
      EXPECT_EQ(decoded->text, text);
      EXPECT_EQ(decoded->encoding, big ? "utf-16be" : "utf-16le");
      bytes.resize(20);  // no line end: only the declaration says it
      decoded = decode_text(bytes, "UTF-16");
      ASSERT_TRUE(decoded.ok());
      EXPECT_TRUE(text.starts_with(decoded->text));
    }
  auto plain = decode_text("plain after all", "utf-16");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->text, "plain after all");
  std::string noise;  // bytes of no encoding
  for (uint32_t state = 1; noise.size() < 4096;)
    noise += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  EXPECT_FALSE(decode_text(noise).ok());
  EXPECT_FALSE(decode_text(noise, "utf-16").ok());
}

TEST(Encoding, ShortWesternTextsAreNotKorean) {
  auto spanish = decode_text(
      "El ni\xf1o comi\xf3 ma\xed"
      "z y despu\xe9s durmi\xf3.");
  ASSERT_TRUE(spanish.ok());
  EXPECT_EQ(spanish->encoding, "latin-1");
  auto korean = decode_text("\xc7\xd1\xb1\xdb");
  ASSERT_TRUE(korean.ok());
  EXPECT_EQ(korean->text, "한글");
}

TEST(Encoding, RareOnes) {
  auto wide = decode_text(std::string("\0\0\xFE\xFF\0\0\xAC\0\0\0\xAC\x01", 12));
  ASSERT_TRUE(wide.ok());
  EXPECT_EQ(wide->text, "가각");
  EXPECT_EQ(wide->encoding, "utf-32be");
  auto mail = decode_text("\x1b$)C\x0e\x47\x51\x31\x5b\x0f mail");
  ASSERT_TRUE(mail.ok());
  EXPECT_EQ(mail->text, "한글 mail");
}

TEST(Encoding, DeclaredCharsetOfAPage) {
  EXPECT_EQ(declared_charset("<html><meta http-equiv=x content=\"text/html; charset=EUC-KR\">"), "euc-kr");
  EXPECT_EQ(declared_charset("<META CHARSET='utf-8'>"), "utf-8");
  EXPECT_EQ(declared_charset("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>"), "shift_jis");
  EXPECT_EQ(declared_charset("<p>charset=utf-8</p>"), "");
}

TEST(Encoding, Languages) {
  EXPECT_EQ(script_language("말모이는 우리말을 모은다"), "ko");
  EXPECT_EQ(script_language("LibreOffice Writer에서 표를 삽입합니다"), "ko");
  EXPECT_EQ(script_language("The quick brown fox 여우"), "en");
  EXPECT_EQ(script_language("これは日本語です"), "ja");
  EXPECT_EQ(script_language("12345 !?"), "");
}

}  // namespace
}  // namespace malmoi::data
