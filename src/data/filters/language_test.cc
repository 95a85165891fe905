// Languages told apart: of one script, of short texts, of mixed ones.
#include "data/filters/language_id.h"

#include <gtest/gtest.h>

#include "data/build/processor.h"

namespace malmoi::data {
namespace {

const std::string kGermanText =
    "Die Bibliothek in unserem Viertel öffnet jeden Mittwochabend ihre Türen. Die Leute leihen Bücher aus und erzählen "
    "einander Geschichten. Im Winter sitzen sie am Ofen und trinken Tee.";
const std::string kEnglishText =
    "The library in our quarter opens its doors every Wednesday evening. People borrow books and tell each other "
    "stories. In winter they sit by the stove and drink tea.";
const std::string kKoreanText =
    "우리 동네 도서관은 매주 수요일 저녁에 문을 연다. 사람들은 책을 빌리고 서로 이야기를 나눈다. 겨울에는 난로 옆에 "
    "앉는다.";

TEST(Language, IsNotTheScript) {
  const std::pair<std::string, const char*> kTexts[] = {
      {kGermanText, "de"},
      {kEnglishText, "en"},
      {kKoreanText, "ko"},
      {"La bibliothèque de notre quartier ouvre ses portes chaque mercredi soir. Les gens empruntent des livres.",
       "fr"},
      {"Perpustakaan di lingkungan kami buka setiap Rabu malam. Orang-orang meminjam buku dan saling bercerita.", "id"},
      {"Бібліотека в нашому кварталі відчиняє двері щосереди ввечері. Люди позичають книжки.", "uk"},
      {"Библиотека в нашем квартале открывает двери каждую среду вечером. Люди берут книги.", "ru"},
      {"ห้องสมุดในย่านของเราเปิดทุกคืนวันพุธ ผู้คนยืมหนังสือและเล่าเรื่องให้กันฟัง with tea", "th"},
      {"تفتح المكتبة في حينا أبوابها كل مساء أربعاء. يستعير الناس الكتب ويتبادلون القصص.", "ar"},
      {"Η βιβλιοθήκη στη γειτονιά μας ανοίγει κάθε Τετάρτη βράδυ.", "el"},
      {"図書館は毎週水曜日の夜に開いています。人々は本を借ります。", "ja"},
      {"图书馆每周三晚上开放，居民们借书。", "zh"}};
  for (const auto& [text, language] : kTexts) EXPECT_EQ(document_language(text), language) << text;
}

TEST(Language, OfShortTexts) {
  EXPECT_EQ(document_language("Hello there"), "en");
  EXPECT_EQ(document_language("Guten Tag, wie geht es Ihnen?"), "de");
  EXPECT_EQ(document_language("Installation"), "en");
  EXPECT_EQ(document_language("Danke!"), "de");
  for (const char* text :
       {"npm install react-dom", "git commit -m 'fix' && git push", "ABCDEFG", "kim minsu hong gildong"})
    EXPECT_EQ(document_language(text), "en") << text;
  EXPECT_EQ(document_language("LibreOffice Writer에서 표를 삽입합니다"), "ko");
  EXPECT_EQ(document_language("12345 !?"), "");
  EXPECT_EQ(document_language("Xyz", "de-AT"), "de") << "the page says so, and nothing contradicts it";
  EXPECT_EQ(document_language(kEnglishText, "de"), "en") << "the text contradicts it";
  EXPECT_TRUE(is_same_language("EN", "en-GB"));
  EXPECT_FALSE(is_same_language("en", "de"));
}

// Titles and terms have no kana.
TEST(Language, JapaneseAndChineseOfTheSameCharacters) {
  for (const char* text : {"天気予報", "日本国憲法第九条の解釈", "駅前広場", "経済対策"})
    EXPECT_EQ(document_language(text), "ja") << text;
  for (const char* text : {"天气预报", "經濟對策", "今天天氣很好，我們去公園散步", "经济对策", "中国图书馆"})
    EXPECT_EQ(document_language(text), "zh") << text;
  EXPECT_EQ(document_language("作家小沢一郎昨天在北京参观了图书馆和博物馆，今天返回东京。他说很高兴"), "zh");
  EXPECT_EQ(document_language("漢字語가 많은 文章과 經濟를 읽는다"), "ko");
}

TEST(Language, MixedDocumentsAreSplitByLanguage) {
  std::string text = kGermanText + "\n\n" + kEnglishText + "\n\n" + kGermanText + "\n\n" + kKoreanText;
  auto pieces = split_by_language(text);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].first, "de");
  EXPECT_EQ(pieces[0].second, kGermanText + "\n\n" + kGermanText);
  // A document of one language stays whole, whatever its names and titles look like.
  EXPECT_EQ(split_by_language("Guten Morgen\n\n" + kEnglishText + "\n\nKubernetes, Docker\n\n" + kEnglishText + "\n\n" +
                              kEnglishText)
                .size(),
            1u);
}

}  // namespace
}  // namespace malmoi::data
