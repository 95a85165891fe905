// Sentences of many languages, short and long, with and without spaces: in every encoding that holds them they must come
// back, without a declaration, with the right one, and the long ones with a wrong one.
#include <gtest/gtest.h>
#include <unicode/ucnv.h>
#include <unicode/unistr.h>

#include <optional>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "data/encoding.h"

namespace malmoi::data {
namespace {

struct Sentences {
  std::vector<std::pair<const char*, const char*>> encodings;  // ICU's name, and what it is declared by
  std::vector<std::string> texts;
};

const std::vector<Sentences>& all_sentences() {
  static const std::vector<Sentences> all = {
      {{{"windows-949", "euc-kr"}},
       {"안녕하세요",
        "배포안내",
        "회의록",
        "부산광역시",
        "오늘 회의는 오후 세 시로 미뤄졌습니다. 모두 참석해 주세요.",
        "새 책자를 다음 주부터 나눠 드립니다. 도서관 입구로 오세요.",
        "말모이는 우리말을 모은다는 뜻이다.",
        "강가의 종이 저녁마다 울리면 사람들은 하던 일을 멈추고 다리 쪽을 바라본다.",
        "공지사항",
        "번호",
        "제목",
        "한글",
        "서울시",
        "대한민국",
        "똠방각하 펲시콜라 쐈다",
        "뷁 쉣 찦차를 타고 온 펲시맨",
        "ㅋㅋㅋ 진짜 재밌네ㅠㅠ",
        "가격은 1,200원이고 배송비는 무료입니다(단, 제주 제외).",
        "LG전자, 2024년 1분기 실적 발표",
        "A동 302호",
        "저녁 7시 30분에 시작합니다",
        "「훈민정음」은 세종대왕이 만들었다.",
        "大韓民國은 民主共和國이다.",
        "카페에서 커피를 마시며 책을 읽었다",
        "처음",
        "청호",
        "하늘이 맑고 바람이 시원하다.",
        "제1장 총칙",
        "문의: 02-123-4567",
        "읽기쓰기"}},
      {{{"gb18030", "gb2312"}},
       {"图书馆每周三晚上开放，读者们带来自己的故事。", "你好", "中国", "今天天气很好，我们去公园散步吧。",
        "欢迎访问本网站", "冬天大家围着炉子喝茶，夏天在院子里乘凉。", "北京市海淀区中关村大街", "公司简介", "联系我们",
        "版权所有", "产品名称：不锈钢水壶，容量一升半。", "他每天早上六点起床，先跑步，再吃早饭。",
        "孩子们最喜欢图画书，大人们偏爱诗集。", "请输入用户名和密码", "最新消息",
        "本站由学生会负责维护，如有问题请发邮件。"}},
      {{{"Big5", "big5"}},
       {"圖書館每週三晚上開放，讀者們帶來自己的故事。", "歡迎光臨", "今天天氣很好，我們去公園散步吧。", "台北市大安區",
        "聯絡我們", "他每天早上六點起床，先跑步，再吃早飯。", "最新消息", "這是一個測試網頁，請多多指教。", "版權所有",
        "孩子們最喜歡圖畫書，大人們偏愛詩集。"}},
      {{{"Shift_JIS", "Shift_JIS"}, {"EUC-JP", "EUC-JP"}},
       {"図書館は毎週水曜日の夜に開いています。", "こんにちは", "今日はいい天気ですね。", "お問い合わせ", "会社概要",
        "新着情報", "彼は毎朝六時に起きて、走ってから朝ご飯を食べる。", "東京都千代田区", "カタカナのテストです",
        "利用規約に同意する", "メールアドレスを入力してください", "日本語"}},
      {{{"windows-1251", "windows-1251"}, {"KOI8-R", "koi8-r"}, {"ISO-8859-5", "iso-8859-5"}, {"ibm-866", "ibm866"}},
       {"Привет", "Сегодня хорошая погода, и мы пойдём гулять в парк.", "Библиотека открыта каждый вечер.", "Москва",
        "Добро пожаловать на наш сайт", "Он встаёт каждое утро в шесть часов.", "Новости", "Контакты"}},
      {{{"windows-1252", "iso-8859-1"}},
       {"L'été à la plage, c'est déjà presque terminé.", "Ça va très bien, merci. Élève à l'école où naît l'été.",
        "Où êtes-vous ?", "café", "“Très bien”, dit-il.", "naïve", "Les élèves préfèrent les leçons de français.",
        "Hôtel", "événement"}},
      {{{"windows-1252", "iso-8859-1"}},
       {"Grüße aus München – schöne Größe", "Müller", "Über uns", "Öffnungszeiten",
        "Die Bibliothek ist jeden Mittwochabend geöffnet, und die Leser bringen Geschichten mit.", "Fußgängerübergang",
        "Straße", "für", "Schöne Grüße"}},
      {{{"windows-1252", "iso-8859-1"}},
       {"El niño comió maíz y después durmió.", "¿Qué? ¡No!", "Español", "año",
        "La biblioteca está abierta todos los miércoles por la noche.", "mañana"}},
      {{{"windows-1252", "iso-8859-1"}},
       {"“It’s fine,” she said — €4.50", "naïve café", "© 2004 Acme™ Inc.", "don’t",
        "The temperature was 25°C – warm."}},
      {{{"windows-1250", "windows-1250"}, {"ISO-8859-2", "iso-8859-2"}},
       {"Zażółć gęślą jaźń", "Biblioteka jest otwarta w każdą środę wieczorem, a czytelnicy przynoszą własne książki.",
        "Proszę wybrać język i wpisać hasło.", "Kraków i Łódź są dużymi miastami"}},
      {{{"windows-1250", "windows-1250"}, {"ISO-8859-2", "iso-8859-2"}},
       {"Příliš žluťoučký kůň úpěl ďábelské ódy", "Knihovna je otevřena každou středu večer."}},
      {{{"windows-1254", "iso-8859-9"}},
       {"Kütüphane her çarşamba akşamı açıktır ve okuyucular kendi hikâyelerini getirir.",
        "Günaydın, nasılsınız? İyi günler dileğiyle."}},
      {{{"windows-1253", "windows-1253"}}, {"Η βιβλιοθήκη είναι ανοιχτή κάθε Τετάρτη βράδυ.", "Καλημέρα"}},
      {{{"windows-1252", "iso-8859-1"}},
       {"Språket är svenska och jag äter smörgåsar på lördag.", "Blåbær på grøn eng", "ágætt þetta"}},
  };
  return all;
}

// The bytes of a text in an encoding; nothing where it has not all of the characters, or where they are all ASCII.
std::optional<std::string> encode(const std::string& text, const char* encoding) {
  UErrorCode error = U_ZERO_ERROR;
  UConverter* converter = ucnv_open(encoding, &error);
  ucnv_setFromUCallBack(converter, UCNV_FROM_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  icu::UnicodeString wide = icu::UnicodeString::fromUTF8(text);
  std::string bytes(text.size() * 4 + 16, '\0');
  int32_t size = ucnv_fromUChars(converter, bytes.data(), static_cast<int32_t>(bytes.size()), wide.getBuffer(),
                                 wide.length(), &error);
  ucnv_close(converter);
  if (U_FAILURE(error)) return {};
  bytes.resize(static_cast<size_t>(size));
  return bytes == text ? std::nullopt : std::optional(bytes);
}

void expect_text(const std::string& bytes, const char* declared, const std::string& text, const char* encoding) {
  auto decoded = decode_text(bytes, declared);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->text, text) << encoding << " declared as '" << declared << "' was read as " << decoded->encoding;
}

template <typename Visit>
void each_encoded(Visit visit) {
  for (const Sentences& sentences : all_sentences())
    for (auto [encoding, declared] : sentences.encodings)
      for (const std::string& text : sentences.texts)
        if (auto bytes = encode(text, encoding)) visit(*bytes, text, encoding, declared);
}

TEST(Detect, SentencesWithoutADeclaration) {
  size_t tried = 0;
  each_encoded([&](const std::string& bytes, const std::string& text, const char* encoding, const char*) {
    expect_text(bytes, "", text, encoding);
    ++tried;
  });
  EXPECT_GT(tried, 140u);
}

TEST(Detect, ARightDeclarationIsBelieved) {
  each_encoded([](const std::string& bytes, const std::string& text, const char* encoding, const char* declared) {
    expect_text(bytes, declared, text, encoding);
  });
}

TEST(Detect, AWrongDeclarationIsSurvived) {
  constexpr size_t kLong = 40;  // bytes; of less a declaration says more than the text
  each_encoded([](const std::string& bytes, const std::string& text, const char* encoding, const char* right) {
    bool east = std::string(right).starts_with("euc") || std::string(right).starts_with("gb") ||
                std::string(right).starts_with("big5") || std::string(right).starts_with("Shift");
    if (bytes.size() < kLong || !east) return;
    for (const char* wrong : {"euc-kr", "gb2312", "shift_jis", "iso-8859-1", "utf-8", "windows-1251", "no-such-name"})
      expect_text(bytes, wrong, text, encoding);
  });
}

TEST(Detect, Utf8StaysUtf8WhateverIsDeclared) {
  for (const Sentences& sentences : all_sentences())
    for (const std::string& text : sentences.texts)
      for (const char* declared : {"", "euc-kr", "iso-8859-1", "gb2312"}) expect_text(text, declared, text, "utf-8");
}

TEST(Detect, WholeTextsOfAllSentences) {
  for (const Sentences& sentences : all_sentences())
    for (auto [encoding, declared] : sentences.encodings) {
      std::string bytes, text;
      for (const std::string& sentence : sentences.texts)
        if (auto encoded = encode(sentence, encoding)) bytes += *encoded + "\n", text += sentence + "\n";
      for (const char* name : {"", "iso-8859-1", "utf-8", declared}) expect_text(bytes, name, text, encoding);
    }
}

// Without spaces and line ends, as titles and cells are: every prefix of a sentence from two syllables on.
TEST(Detect, ShortKoreanIsNeitherUtf16NorChinese) {
  const std::string sentence = "안녕하세요오늘회의는오후세시로미뤄졌습니다모두참석해주세요";
  for (size_t syllables = 2; 3 * syllables <= sentence.size(); ++syllables) {
    std::string text = sentence.substr(0, 3 * syllables);
    expect_text(*encode(text, "windows-949"), "", text, "windows-949");
  }
}

TEST(Detect, Utf16WithoutAMarkAndWithoutSpaces) {
  const std::string text = "안녕하세요오늘회의는오후세시로미뤄졌습니다";
  expect_text(*encode(text, "UTF-16LE"), "", text, "utf-16le");
  expect_text(*encode(text, "UTF-16BE"), "", text, "utf-16be");
}

TEST(Detect, StrayBytesInUtf8) {
  expect_text("She said “the tide turned” here. The caf\xe9 was closed.", "",
              "She said “the tide turned” here. The café was closed.", "utf-8");
  expect_text("“quoted” \x93twice\x94 – it\x92s so", "", "“quoted” “twice” – it’s so", "utf-8");
  expect_text("한국어 문장 caf\xe9 그리고 더 긴 문장이 있다.", "", "한국어 문장 café 그리고 더 긴 문장이 있다.",
              "utf-8");
  expect_text("가격은\xa0 천 원이다", "", "가격은\u00A0 천 원이다", "utf-8");
  // Characters that were cut are lost, not letters of the West.
  expect_text("우리 동네 도서\xea\xb4 문을 연\xeb. 끝", "", "우리 동네 도서\uFFFD 문을 연\uFFFD. 끝", "utf-8");
}

TEST(Detect, LinesOfAnotherEncoding) {
  const std::string first = "우리 동네 도서관은 매주 수요일 저녁에 문을 연다.",
                    second = "겨울에는 난로 곁에 둘러앉아 차를 마신다.",
                    other = "아이들은 그림책을 고르고 어른들은 신문을 읽는다.",
                    chinese = "他每天早上六点起床，先跑步，再吃早饭。";
  std::string bytes, text;
  for (int i = 0; i < 30; ++i) {
    bytes += first + "\n" + *encode(other, "windows-949") + "\r\n" + second + "\n";
    text += first + "\n" + other + "\r\n" + second + "\n";
  }
  expect_text(bytes, "", text, "utf-8 and windows-949");
  expect_text(*encode(other, "windows-949") + "\n" + *encode(first, "windows-949") + "\n" + second + "\n", "",
              other + "\n" + first + "\n" + second + "\n", "windows-949 and utf-8");
  expect_text(first + "\n" + *encode(chinese, "gb18030") + "\n" + second, "", first + "\n" + chinese + "\n" + second,
              "utf-8 and gb18030");
}

TEST(Detect, TheHeaderComesBeforeThePage) {
  std::string title = "대출 안내", bytes = *encode(title, "windows-949");
  auto decoded = decode_text(bytes, "iso-8859-1", "euc-kr");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->text, title);
}

TEST(Detect, ShiftsOfSevenBits) {
  const std::string text = "日本語のメールです";
  expect_text(*encode(text, "ISO-2022-JP"), "", text, "iso-2022-jp");
  expect_text(*encode("今天天气很好", "HZ"), "hz-gb-2312", "今天天气很好", "hz");
  expect_text("a + b - c ~ d", "utf-7", "a + b - c ~ d", "ascii");
}

TEST(Detect, WhatATextSaysOfItself) {
  EXPECT_EQ(declared_charset("#!/usr/bin/python\n# -*- coding: euc-kr -*-\nprint()"), "euc-kr");
  EXPECT_EQ(declared_charset("@charset \"Shift_JIS\"; a {}"), "shift_jis");
  EXPECT_EQ(declared_charset("encoding: a word\nof prose, coding = x"), "");
}

}  // namespace
}  // namespace malmoi::data
