#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "data/filters/language_id.h"
#include "data/filters/test_filter.h"

namespace malmoi::data {
namespace {

// The table is whole: every entry has a name of its own, a summary, a filter or a message, and refuses what it does not know.
TEST(Filters, TheTable) {
  std::set<std::string_view> names;
  for (const FilterEntry& entry : filter_table()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_FALSE(entry.summary.empty());
    auto made = make(std::string(entry.name));
    bool needs_file = entry.name == "boilerplate" || entry.name == "bad_words" || entry.name == "quality" ||
                      entry.name == "perplexity";
    EXPECT_EQ(made.ok(), !needs_file) << entry.name;
    if (!made.ok()) {
      EXPECT_FALSE(made.error().remedy.empty()) << made.error().to_string();
      continue;
    }
    EXPECT_FALSE(make(std::string(entry.name), "{nonsense: 1}").ok()) << entry.name;
    // Nothing that a document may hold makes a filter fail.
    for (const std::string& text : {std::string(), std::string("\n\n\n"), std::string("\xff\xfe\x80"), times("a", 5000),
                                    std::string("\0x", 2), times("가", 3000), times("... ", 100)}) {
      Document document{.text = text};
      (*made)->apply(document);
    }
  }
  EXPECT_THAT(make("gopher_qality").error().to_string(), ::testing::HasSubstr("gopher_quality"));
}

// Good prose passes all of them unchanged.
TEST(Filters, ProseIsKept) {
  for (const char* name : {"length", "language", "gopher_quality", "gopher_repetition", "fineweb", "korean"}) {
    Outcome o = run(name, english(), "{}", "en");
    EXPECT_TRUE(o.verdict.keep) << name << " " << o.verdict.rule << " " << o.verdict.detail;
    EXPECT_EQ(o.text, english()) << name;
  }
  for (const char* name : {"length", "language", "gopher_repetition", "fineweb", "korean"}) {
    Outcome o = run(name, korean(), "{}", "ko");
    EXPECT_TRUE(o.verdict.keep) << name << " " << o.verdict.rule << " " << o.verdict.detail;
    EXPECT_EQ(o.text, korean()) << name;
  }
  EXPECT_TRUE(run("c4", english()).verdict.keep);
  EXPECT_TRUE(run("c4", korean()).verdict.keep);
}

TEST(Filters, Repair) {
  EXPECT_EQ(run("repair", "a\r\nb \t\n\n\n\nc\u200B  d\u00A0e\n").text, "a\nb\n\nc d e");
  EXPECT_EQ(run("repair", "\u1112\u1161\u11ab").text, "한");
  EXPECT_EQ(run("repair", "ㅋㅠ ㅋㅋ").text, "ㅋㅠ ㅋㅋ") << "NFC, not NFKC";
  EXPECT_EQ(run("repair", "ＡＢ", "{form: nfkc}").text, "AB");
  EXPECT_EQ(run("repair", "    indented  code", "{collapse_spaces: false}").text, "    indented  code");
  EXPECT_EQ(run("repair", "    indented  code").text, "    indented code");
  EXPECT_EQ(run("repair", "plain text").verdict.rule, "");
  EXPECT_EQ(run("repair",
                "a\xff\xff"
                "b")
                .verdict.keep,
            false);
  EXPECT_FALSE(run("repair", " \n ").verdict.keep);
}

TEST(Filters, CaseAndPunctuation) {
  EXPECT_EQ(run("case_fold", "Straße ΑΣ 가").text, "strasse ασ 가");
  EXPECT_EQ(run("punctuation", "“it’s” — ok… １２％").text, "\"it's\" -- ok... 12%");
  EXPECT_EQ(run("punctuation", "「가」。·").text, "「가」。·");
  EXPECT_EQ(run("punctuation", "Ａ", "{full_width: false}").text, "Ａ");
}

TEST(Filters, Length) {
  EXPECT_EQ(run("length", "가나다", "{min: 4}").verdict.rule, "length.short");
  EXPECT_EQ(run("length", "가나다", "{max: 2}").verdict.detail, "3 > 2");
  EXPECT_TRUE(run("length", "가나다", "{min: 3, max: 3}").verdict.keep);
  EXPECT_TRUE(run("length", "x", "{min: 9, languages: [ko]}", "en").verdict.keep) << "not its language";
}

TEST(Filters, Languages) {
  EXPECT_EQ(run("language", english()).language, "en");
  EXPECT_EQ(run("language", korean()).language, "ko");
  EXPECT_TRUE(run("language", english() + korean()).verdict.keep);
  const std::string french =
      "Le fleuve a monté pendant la nuit et a emporté le vieux pont du village, si bien que les habitants de l'ouest "
      "ne "
      "pouvaient plus aller au marché. Ils ont construit un radeau avec des troncs de pin et des cordes.";
  Outcome o = run("language", french);
  EXPECT_FALSE(o.verdict.keep);
  EXPECT_EQ(o.verdict.rule, "language.share");
  EXPECT_EQ(o.language, "fr");
  o = run("language", french, "{languages: fr}");
  EXPECT_TRUE(o.verdict.keep);
  EXPECT_EQ(run("language", "日本語の文章がここにあります。これは日本語です。とても長い文章です。").language, "ja");
  EXPECT_EQ(
      run("language", "Это русский текст, который написан кириллицей и достаточно длинный для определения.").language,
      "ru");
  // By paragraph: the French one goes, the others stay.
  o = run("language", korean() + "\n" + french + "\n\n" + english(), "{paragraphs: true}");
  EXPECT_TRUE(o.verdict.keep);
  EXPECT_EQ(o.verdict.rule, "language.paragraphs");
  EXPECT_EQ(o.text.find("fleuve"), std::string::npos);
  EXPECT_NE(o.text.find("ferry"), std::string::npos);
  EXPECT_NE(o.text.find("나룻배"), std::string::npos);
  EXPECT_FALSE(run("language", "1234 5678").verdict.keep);
}

TEST(Filters, GopherQualityRules) {
  auto rule = [](const std::string& text, const std::string& yaml = "{}") {
    return run("gopher_quality", text, yaml).verdict.rule;
  };
  EXPECT_EQ(rule("too short"), "gopher_quality.words");
  EXPECT_EQ(rule(english(), "{max_words: 60}"), "gopher_quality.words");
  EXPECT_EQ(rule(times("a b ", 60)), "gopher_quality.mean_word_length");
  EXPECT_EQ(rule(times("incomprehensibilities ", 60)), "gopher_quality.mean_word_length");
  EXPECT_EQ(rule(times("word # # ", 60)), "gopher_quality.hashes");
  EXPECT_EQ(rule(times("word... ", 60)), "gopher_quality.ellipses");
  EXPECT_EQ(rule(times("- an item of the list that has no more to say\n", 20)), "gopher_quality.bullet_lines");
  EXPECT_EQ(rule(times("a line with words that goes on for a little longer than most lines do…\n", 20)),
            "gopher_quality.ellipsis_lines");
  EXPECT_EQ(rule(times("12345 67890 word ", 60)), "gopher_quality.alpha_words");
  EXPECT_EQ(rule(times("nothing frequent here today ", 30)), "gopher_quality.stop_words");
  EXPECT_EQ(rule(times("nothing frequent here today ", 30), "{min_stop_words: 0}"), "");
}

TEST(Filters, GopherRepetitionRules) {
  auto rule = [](const std::string& text, const std::string& yaml = "{}") {
    return run("gopher_repetition", text, yaml).verdict.rule;
  };
  EXPECT_EQ(rule(times("the same paragraph again\n\n", 5)), "gopher_repetition.repeated_paragraphs");
  EXPECT_EQ(rule(english() + times("again\n", 4)), "gopher_repetition.repeated_lines");
  const std::string other = "and one more line that says something else entirely for a change\n";
  EXPECT_EQ(rule("a\nb\nc\nd\ne\nf\n" + times("a rather long line that is repeated but once only\n", 2)),
            "gopher_repetition.repeated_line_characters");
  EXPECT_EQ(rule(times("spam words ", 30)), "gopher_repetition.top_2_gram");
  EXPECT_EQ(rule(english() + "So: " + times("one two three four five six seven. ", 9), "{max_top_ngrams: []}"),
            "gopher_repetition.repeated_5_grams");
  EXPECT_EQ(rule(times("the same paragraph again\n\n", 5),
                 "{max_repeated_paragraphs: 1, max_repeated_paragraph_characters: 1, max_repeated_lines: 1, "
                 "max_repeated_line_characters: 1, max_top_ngrams: [], max_repeated_ngrams: []}"),
            "");
}

TEST(Filters, C4Rules) {
  EXPECT_EQ(run("c4", "Lorem ipsum dolor sit amet.").verdict.rule, "c4.lorem_ipsum");
  EXPECT_EQ(run("c4", "function f() { return 1; }").verdict.rule, "c4.curly_bracket");
  EXPECT_EQ(run("c4", "One sentence only here.").verdict.rule, "c4.sentences");
  std::string body =
      "This is the first one. This is the second one! Is this the third one? This is number four.\nAnd a fifth is "
      "here.\n";
  Outcome o = run(
      "c4",
      "Home | About\n" + body +
          "Please enable Javascript to go on.\nRead our privacy policy for more.\nTo be continued...\nToo short.\n" +
          times("x", 1001) + " is a long word.\nThe source says so[12].");
  EXPECT_TRUE(o.verdict.keep);
  EXPECT_EQ(o.text, body + "The source says so.");
}

TEST(Filters, FineWebRules) {
  auto rule = [](const std::string& text, const std::string& yaml = "{}") {
    return run("fineweb", text, yaml).verdict.rule;
  };
  EXPECT_EQ(rule("\n\n"), "fineweb.empty");
  EXPECT_EQ(rule(times("a long line without an end to it at all and so on\n", 3) + "x"), "fineweb.line_punctuation");
  EXPECT_EQ(rule("Short one.\nShort two.\nShort three.\n"), "fineweb.short_lines");
  EXPECT_EQ(rule(times("A line of more than thirty characters, twice.\n", 2)), "fineweb.repeated_characters");
  EXPECT_EQ(rule("a.\nb.\nc.\nd.\n", "{max_short_lines: 1}"), "fineweb.new_lines");
}

TEST(Filters, KoreanRules) {
  auto rule = [](const std::string& text, const std::string& yaml = "{}") {
    return run("korean", text, yaml, "ko").verdict.rule;
  };
  EXPECT_EQ(rule("짧은 글"), "korean.words");
  EXPECT_EQ(rule(times("가나다라마바사아자차카타파하 ", 60)), "korean.mean_word_length");
  EXPECT_EQ(rule(times("1234 5678 값은 ", 40)), "korean.alpha_words");
  EXPECT_EQ(rule(times("목록 항목 ", 40)), "korean.stop_words");
  EXPECT_EQ(rule(times("같은 문장이 계속 나온다. ", 40)), "korean.top_2_gram");
  std::string menu;
  for (int i = 0; i < 60; ++i) menu += "메뉴" + std::to_string(i * 7919 % 1000) + "은 항목이 있다\n";
  EXPECT_THAT(rule(menu), ::testing::StartsWith("korean."));
  EXPECT_EQ(rule(english()), "korean.stop_words");
}

TEST(Filters, BadWords) {
  Path list = temporary("words.txt");
  ASSERT_TRUE(write_file(list, "# made up\nfrobnicate\n쀍뙇\ntwo words\n").ok());
  std::string yaml = "{files: " + list.string() + "}";
  EXPECT_TRUE(run("bad_words", "refrobnicated things", yaml).verdict.keep) << "ASCII words are whole words";
  Outcome o = run("bad_words", "We FROBNICATE.", yaml);
  EXPECT_EQ(o.verdict.rule, "bad_words.count");
  EXPECT_EQ(o.verdict.detail.find("frob"), std::string::npos) << "the report does not repeat the word";
  EXPECT_FALSE(run("bad_words", "그는 쀍뙇이라고 했다", yaml).verdict.keep) << "Korean words carry particles";
  EXPECT_FALSE(run("bad_words", "in two  Words", yaml).verdict.keep);
  EXPECT_TRUE(run("bad_words", "frobnicate", "{files: " + list.string() + ", max_count: 1}").verdict.keep);
  EXPECT_FALSE(make("bad_words", "{files: /nowhere/at/all}").ok());
}

}  // namespace
}  // namespace malmoi::data
