// Mail as programs of thirty years have written it.
#include "data/readers/mail.h"

#include <gtest/gtest.h>

#include "data/readers/test_read.h"
#include "base/test_growth.h"

namespace malmoi::data {
namespace {

using Texts = std::vector<std::string>;

Texts tidy_texts_of(const ReadResult& result) {
  Texts texts;
  for (const Document& document : result.documents) texts.push_back(std::string(tidy_whitespace(document.text)));
  return texts;
}

TEST(Mail, ShortHeadersInADeclaredEncoding) {
  EXPECT_EQ(decode_header("=?EUC-KR?B?yLjAx7fP?= =?EUC-KR?B?uejG977Is7s=?=", ""), "회의록배포안내");
  EXPECT_EQ(decode_header("=?gb2312?B?xOO6ww==?=", ""), "你好");
  EXPECT_EQ(decode_header("=?utf-8?Q?caf=C3=A9?= au =?iso-8859-1*fr?Q?th=E9=E2tre?=", ""), "café au théâtre");
  EXPECT_EQ(decode_header("\xc8\xb8\xc0\xc7", "euc-kr"), "회의");
  EXPECT_EQ(decode_header("Re: =?UTF-8?B?7JWI64WV?=, \xc7\xd1", "euc-kr"), "Re: 안녕, 한");
}

// A word holds whole characters, says the standard; many programs cut where the line is full.
TEST(Mail, CharactersSplitOverWords) {
  EXPECT_EQ(decode_header("=?utf-8?B?7JWI64U=?= =?UTF-8?B?lQ==?=", ""), "안녕");
  EXPECT_EQ(decode_header("=?utf-8?Q?=EC=95=88=EB?=\r\n =?utf-8?Q?=85=95?= =?utf-8?B?ISE=?=", ""), "안녕!!");
  EXPECT_EQ(decode_header("=?utf-8?B?7JWI64?= =?utf-8?B?WV?=", ""), "안녕") << "base64 cut within four";
  EXPECT_EQ(decode_header("=?euc-kr?Q?=C7?= =?euc-kr?Q?=D1?= =?us-ascii?Q?_x?=", ""), "한 x");
}

// Each word of an encoding with shifts begins and ends in ASCII: put together they shift twice in a row.
TEST(Mail, WordsWithShifts) {
  EXPECT_EQ(decode_header("=?iso-2022-jp?B?GyRCMnE1RCROGyhC?= =?iso-2022-jp?B?GyRCJCpDTiRpJDsbKEI=?=", ""),
            "会議のお知らせ");
  EXPECT_EQ(decode_header("=?iso-2022-kr?B?GyQpQw5IOA8=?= =?iso-2022-kr?B?GyQpQw5HWA8=?=", ""), "회해");
}

TEST(Mail, QuotedPrintableOfProgramsThatDoNotQuote) {
  EXPECT_EQ(decode_quoted_printable("http://x.kr/?a=1&b=zz 100=% =3D", false), "http://x.kr/?a=1&b=zz 100=% =");
  EXPECT_EQ(decode_quoted_printable("one =  \r\ntwo =\t\nthree=", false), "one two three");
}

TEST(Mail, LinesThatFlow) {
  EXPECT_EQ(join_flowed_lines("우리 동네 \n도서관은 \n문을 연다.\n\n둘째 \n문단\n", false),
            "우리 동네 도서관은 문을 연다.\n\n둘째 문단\n");
  EXPECT_EQ(join_flowed_lines("> 인용한 글이 \r\n> 이어진다. \r\n내 글\r\n>> 깊은 글\r\n", false),
            "> 인용한 글이 이어진다. \n내 글\n>> 깊은 글\n");
  EXPECT_EQ(join_flowed_lines("도서 \n관은  \n연다.\n From 여기\n> 보기\n", true),
            "도서관은 연다.\nFrom 여기\n> 보기\n");
  EXPECT_EQ(join_flowed_lines("끝 \n-- \n서명 \n", false), "끝 \n-- \n서명 ") << "the signature's mark is no paragraph";
  auto mail = read_mail("Content-Type: Text/Plain; Charset=UTF-8; Format=Flowed; DelSp=Yes\n\n책 \n장");
  ASSERT_TRUE(mail.ok());
  EXPECT_EQ(mail->parts[0].text, "책장\n");
  mail = read_mail("Content-Type: text/plain; charset=utf-8\n\n한 줄 \n두 줄");
  ASSERT_TRUE(mail.ok());
  EXPECT_EQ(mail->parts[0].text, "한 줄 \n두 줄");
}

TEST(Mail, HeadersAsOldProgramsWriteThem) {
  for (const char* message :
       {"Subject: t\rContent-Type: text/plain\r\rone line", "Content-Type: text; charset=utf-8\n\none line",
        "Content-Type: text/markdown\n\none line",
        "Content-Transfer-Encoding: Quoted-Printable (7 bits)\n\none=20line"}) {
    auto mail = read_mail(message);
    ASSERT_TRUE(mail.ok()) << message;
    EXPECT_EQ(mail->parts[0].text, "one line") << message;
  }
}

TEST(Mail, MailboxesUnderOtherNames) {
  const std::string box =
      "From a@b.kr Fri Mar  1 09:00:00 2024\nSubject: one\n\nfirst\n>From here\n\n"
      "From c@d.kr Sat Mar  2 09:00:00 2024\nSubject: two\n\nsecond\n";
  for (const char* name : {"x.eml", "x.txt", "x", "x.mbox"})
    EXPECT_EQ(tidy_texts_of(read_bytes(name, box)), (Texts{"first\nFrom here", "second"})) << name;
  EXPECT_EQ(tidy_texts_of(read_bytes("x.txt", "From here on it is cold.\nAnd so: wind.\n")),
            Texts{"From here on it is cold.\nAnd so: wind."});
}

TEST(Mail, WhatIsNoWordStays) {
  for (std::string text : {"=?", "=?a", "=?a?b", "=?a?b?", "=?a?x?yy?=", "=?? ?b?x?=", "a =? b ?= c", "1 =?2 ?=3"})
    EXPECT_EQ(decode_header(text, ""), text);
}

TEST(Mail, TimeGrowsWithTheSize) {
  auto repeated = [](const std::string& piece, size_t n) {
    std::string out;
    for (size_t i = 0; i < n; ++i) out += piece;
    return out;
  };
  for (const char* piece : {"=?a?b?", "=?", "=?a?b?x", "=?utf-8?q?=41?= ", "=?a?b?YQ?= "}) {
    auto decode = [&](size_t n) {
      std::string header = repeated(piece, n);
      decode_header(header, "");
      decode_header("?=" + header, "");
    };
    EXPECT_LT(growth_of(decode, 50'000), kSteepestGrowth) << piece;
  }
  for (const char* piece : {"> \n", "a \n", ">", " "}) {
    auto join = [&](size_t n) {
      std::string text = repeated(piece, n);
      EXPECT_LE(join_flowed_lines(text, true).size(), 2 * text.size());
      decode_quoted_printable("=" + text, false);
    };
    EXPECT_LT(growth_of(join, 100'000), kSteepestGrowth) << piece;
  }
  auto parts = [&](size_t n) {
    EXPECT_TRUE(read_mail("Content-Type: multipart/mixed; boundary=b\n\n" +
                          repeated("--b\nContent-Type: text/plain\n\nx\n--b1\n", n))
                    .ok());
  };
  EXPECT_LT(growth_of(parts, 5000), kSteepestGrowth);
  auto heads = [&](size_t n) {
    const std::string line = "From a@b Mon Jan 1 00:00:00 2024\n";
    read_bytes("x.mbox", line + "A: b\n\n" + repeated("From \n" + line + "\n", n));
  };
  EXPECT_LT(growth_of(heads, 5000), kSteepestGrowth);
}

TEST(Mail, EveryTextOfAMessage) {
  auto mail = read_mail(
      "Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: multipart/alternative; boundary=in\n\n"
      "--in\nContent-Type: text/html\n\n<p>first\n--in\nContent-Type: text/plain\n\nfirst\n--in--\n"
      "--out\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nattached\n"
      "--out\nContent-Type: text/plain; charset=euc-kr\n\n\xb5\xd1\xc2\xb0\n--out--\n");
  ASSERT_TRUE(mail.ok());
  ASSERT_EQ(mail->parts.size(), 2u);
  EXPECT_EQ(mail->parts[0].text, "first");
  EXPECT_EQ(mail->parts[1].text, "둘째");
  EXPECT_FALSE(mail->parts[0].html);
}

TEST(Mail, AnEmptyPlainPartGivesWayToHtml) {
  auto mail = read_mail(
      "Content-Type: multipart/alternative; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\n\n"
      "--b\nContent-Type: text/html\n\n<meta charset=euc-kr><p>\xc7\xd1\xb1\xdb\n--b--\n");
  ASSERT_TRUE(mail.ok());
  ASSERT_EQ(mail->parts.size(), 1u);
  EXPECT_TRUE(mail->parts[0].html);
  EXPECT_NE(mail->parts[0].text.find("한글"), std::string::npos);
}

TEST(Mbox, WhatEndsAMessage) {
  const std::string first = "From a@example.com Mon Jan  1 12:34:56 2024\nSubject: x\n\n";
  // A sentence behind an empty line, one within a paragraph, quoted lines of both kinds.
  EXPECT_EQ(tidy_texts_of(read_bytes("x.mbox", first + "One.\n\nFrom the first day on.\n>From there.\n>>From here.\n")),
            Texts{"One.\n\nFrom the first day on.\nFrom there.\n>From here."});
  EXPECT_EQ(
      tidy_texts_of(read_bytes("x.mbox", first + "One.\nFrom b@example.com Mon Jan  1 12:34:56 2024\nstill one.\n")),
      Texts{"One.\nFrom b@example.com Mon Jan  1 12:34:56 2024\nstill one."})
      << "no empty line before";
  for (const char* mark : {"From - Tue Oct 03 04:05:06 2006", "From MAILER-DAEMON Fri Jul  8 12:08 2011",
                           "From 1234567890@xxx Tue Jan 02 03:04:05 +0000 2024",
                           "From jdoe at example.com  Tue Oct  3 04:05:06 2006", "From b@example.com"}) {
    EXPECT_EQ(tidy_texts_of(read_bytes("x.mbox", first + "One.\n\n" + mark + "\nSubject: y\n\nTwo.\n")),
              (Texts{"One.", "Two."}))
        << mark;
  }
  EXPECT_EQ(tidy_texts_of(
                read_bytes("x.mbox", first + "One.\r\n\r\nFrom b@c Mon Jan  1 12:34:56 2024\r\nA: b\r\n\r\nTwo.\r\n")),
            (Texts{"One.", "Two."}));
}

}  // namespace
}  // namespace malmoi::data
