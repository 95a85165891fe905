#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/utf8.h"
#include "data/classifier/ngram_model.h"
#include "data/classifier/quality_model.h"
#include "data/decontaminate/decontaminate.h"
#include "data/filter.h"
#include "data/filters/boilerplate.h"
#include "data/filters/language_id.h"
#include "data/filters/text_stats.h"
#include "data/test_folder.h"

namespace malmoi::data {
namespace {

Path temporary(const std::string& name) {
  static const Path folder = test_folder("filters");
  return folder / name;
}

Result<std::unique_ptr<Filter>> make(const std::string& name, const std::string& yaml = "{}",
                                     const FilterContext& context = {}) {
  auto document = parse_config(yaml, "test.yaml");
  EXPECT_TRUE(document.ok());
  ConfigReader reader(*document);
  return make_filter(name, reader, context);
}

struct Outcome {
  Verdict verdict;
  std::string text, language;
};

Outcome run(const std::string& name, const std::string& text, const std::string& yaml = "{}",
            const std::string& language = "") {
  auto filter = make(name, yaml);
  if (!filter.ok()) {
    ADD_FAILURE() << filter.error().to_string();
    return {};
  }
  Document document{.text = text, .language = language};
  Verdict verdict = (*filter)->apply(document);
  return {verdict, document.text, document.language};
}

std::string times(const std::string& piece, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += piece;
  return out;
}

// Prose with every word different enough, in lines that end as sentences do.
std::string english() {
  return "The river rose in the night and carried the old bridge away from the village, so that the people who lived "
         "to the "
         "west of it could not reach the market.\nThey built a raft of pine logs with ropes that had been kept in the "
         "barn since "
         "the war, and crossed to the other side one family at a time.\nIt took them nearly a week to bring the cattle "
         "over, and "
         "many of the animals refused to step on the wet timber.\nWhen the engineers finally came from the capital, "
         "they found "
         "a ferry running by the hour, with a bell, a timetable, and a boy who sold tickets.\n\"We have no need of a "
         "bridge,\" "
         "said the mayor, \"but we would be glad of a better rope.\"\n";
}

std::string korean() {
  return "밤사이 강물이 불어나 마을의 오래된 다리가 떠내려갔기 때문에 서쪽에 사는 사람들은 시장에 갈 수 없게 "
         "되었다.\n그들은 전쟁 이후로 "
         "헛간에 보관해 둔 밧줄과 소나무 통나무로 뗏목을 만들어 한 번에 한 가족씩 건너편으로 건너갔다.\n소를 모두 "
         "옮기는 데에는 거의 "
         "일주일이 걸렸고 많은 짐승이 젖은 나무 위로 발을 내딛기를 거부했다.\n마침내 수도에서 기술자들이 왔을 때 "
         "그들은 종과 시간표와 표를 "
         "파는 소년까지 갖춘 나룻배가 매시간 다니는 것을 보았다.\n촌장은 다리는 필요 없지만 더 좋은 밧줄이 있으면 "
         "기쁘겠다고 말했다.\n그 뒤로도 사람들은 "
         "봄이 오면 강가에 모여 지난 홍수를 이야기하며 아이들에게 헤엄치는 법을 가르쳤다.\n";
}

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

TEST(Filters, BoilerplateByFrequency) {
  auto builder = BoilerplateBuilder::create({.min_documents = 5}, {.folder = {}, .memory_bytes = 4096});
  ASSERT_TRUE(builder.ok());
  for (uint64_t i = 0; i < 300; ++i) {
    std::string text =
        "own line " + times("x", static_cast<int>(i) + 1) + "\nHome | Login | " + std::to_string(i) + " comments\n";
    if (i < 4) text += times("often in few documents\n", 10);
    ASSERT_TRUE(builder->add(i, text).ok());
  }
  Path model = temporary("boilerplate.safetensors");
  auto lines = builder->finish(model);
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(*lines, 1u);
  std::string yaml = "{model: " + model.string() + "}";
  Outcome o = run("boilerplate", "Title\nHOME | login | 77 comments\noften in few documents\nText.", yaml);
  EXPECT_EQ(o.text, "Title\noften in few documents\nText.");
  EXPECT_EQ(o.verdict.rule, "boilerplate.lines");
  EXPECT_EQ(run("boilerplate", "Home | Login | 3 comments", yaml).verdict.rule, "boilerplate.all");
  EXPECT_EQ(run("boilerplate", "ab\nHome | Login | 3 comments", "{model: " + model.string() + ", max_removed: 0.5}")
                .verdict.rule,
            "boilerplate.share");
  EXPECT_FALSE(make("boilerplate", "{model: /nowhere}").ok());
}

std::vector<std::string> corpus_lines() {
  std::vector<std::string> out;
  for (const std::string& text : {english(), korean()})
    for (std::string_view line : split_lines(text)) out.emplace_back(line);
  return out;
}

TEST(Filters, QualityClassifier) {
  std::vector<std::string> texts;
  std::vector<uint8_t> good;
  for (const std::string& line : corpus_lines()) {
    texts.push_back(line), good.push_back(1);
    texts.push_back("BUY now!!! cheap cheap deals click here $$$ " + std::to_string(texts.size())), good.push_back(0);
  }
  auto model = QualityModel::train(texts, good, {.bits = 14});
  ASSERT_TRUE(model.ok());
  EXPECT_GT(model->score("The people built a bridge with ropes, and the village was glad of the market."), 0.5);
  EXPECT_GT(model->score("마을 사람들은 밧줄로 다리를 만들어 강을 건너갔다."), 0.5);
  EXPECT_LT(model->score("click here for cheap deals!!! $$$"), 0.5);
  Path path = temporary("quality.safetensors");
  ASSERT_TRUE(model->save(path).ok());
  auto loaded = QualityModel::load(path);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->score("any text"), model->score("any text"));
  EXPECT_EQ(run("quality", "cheap deals click here $$$ now!!!", "{model: " + path.string() + "}").verdict.rule,
            "quality.score");
  EXPECT_TRUE(run("quality", english(), "{model: " + path.string() + "}").verdict.keep);
  EXPECT_FALSE(QualityModel::train(texts, std::vector<uint8_t>(texts.size(), 1), {}).ok());
  EXPECT_FALSE(make("quality", "{model: " + temporary("boilerplate.safetensors").string() + "}").ok())
      << "a model of another kind";
}

TEST(Filters, PerplexityByNgrams) {
  NgramTrainer trainer({.order = 4});
  for (const std::string& line : corpus_lines()) trainer.add(line);
  Path path = temporary("ngram.safetensors");
  ASSERT_TRUE(trainer.save(path).ok());
  auto model = NgramModel::load(path);
  ASSERT_TRUE(model.ok());
  double fluent = model->score("the village with the old bridge"), noise = model->score("xq zjv kkw pfft bvc"),
         foreign = model->score("Ωξψ");
  EXPECT_LT(fluent, 2.5);
  EXPECT_GT(noise, fluent + 1.5);
  EXPECT_GT(foreign, noise);
  EXPECT_EQ(model->score(""), 0);
  // A proper distribution: the characters after a history sum to one with those unseen.
  std::string yaml = "{model: " + path.string() + ", max: 30}";
  EXPECT_TRUE(run("perplexity", "the old bridge and the people", yaml).verdict.keep);
  EXPECT_EQ(run("perplexity", "zxqj wvk qqz", yaml).verdict.rule, "perplexity.high");
  FilterContext context;
  context.scorers["mine"] = [](std::string_view text) -> Result<double> {
    if (text.empty()) return invalid_data("nothing to score");
    return text.size() > 5 ? 1.0 : 9.0;
  };
  auto filter = make("perplexity", "{scorer: mine, min: 2, max: 100}", context);
  ASSERT_TRUE(filter.ok());
  Document short_text{.text = "abc"}, long_text{.text = "abcdefgh"}, empty;
  EXPECT_EQ((*filter)->apply(short_text).rule, "perplexity.high");
  EXPECT_TRUE((*filter)->apply(long_text).keep);
  EXPECT_EQ((*filter)->apply(empty).rule, "perplexity.failed");
  EXPECT_FALSE(make("perplexity", "{scorer: absent}", context).ok());
}

TEST(Decontamination, FindsItemsByTheirNgrams) {
  Decontaminator index({.ngram = 9});
  index.add("quiz", "1", "What is the name of the river that carried the old bridge away from the village?");
  index.add("quiz", "2", "Which animal refused to step on wet timber today, exactly?");
  index.add("kor", "1", "밤사이 강물이 불어나 마을의 오래된 다리가 떠내려갔기 때문에");
  index.add("kor", "2", "짧은 항목");
  index.build();
  EXPECT_EQ(index.items(), 3u);
  EXPECT_EQ(index.skipped(), 1u);
  auto hits = index.find(english());
  ASSERT_EQ(hits.size(), 0u) << "eight words in a row are not nine";
  hits = index.find("Someone asked: what is the NAME of the river, that carried -- the old bridge away?");
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].set, "quiz");
  EXPECT_EQ(hits[0].item, "1");
  EXPECT_EQ(hits[0].total, 8u);
  EXPECT_EQ(hits[0].matched, 5u);
  EXPECT_EQ(hits[0].begin, 15u);
  hits = index.find(korean());
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].set, "kor");
  EXPECT_TRUE(index.find("").empty());
}

TEST(Decontamination, ReadsEvaluationFiles) {
  Path jsonl = temporary("set.jsonl"), tsv = temporary("other.tsv"), txt = temporary("plain.txt");
  ASSERT_TRUE(
      write_file(jsonl, "{\"q\": \"one two three four five six\", \"a\": [\"seven eight nine ten eleven\"]}\n\n").ok());
  ASSERT_TRUE(write_file(tsv, "id\ttext\n1\talpha beta gamma delta epsilon\n").ok());
  ASSERT_TRUE(write_file(txt, "first words of a\nparagraph here\n\nsecond one is over there now\n").ok());
  Decontaminator index({.ngram = 5, .min_overlap = 0.5});
  for (const Path& path : {jsonl, tsv, txt}) ASSERT_TRUE(index.add_file(path).ok());
  index.build();
  auto names = [&](const std::string& text) {
    std::string out;
    for (const auto& hit : index.find(text)) out += hit.set + ":" + hit.item + " ";
    return out;
  };
  EXPECT_EQ(names("x one two three four five six"), "set:1.q ");
  EXPECT_EQ(names("seven eight nine ten eleven"), "set:1.a[0] ");
  EXPECT_EQ(names("alpha beta gamma delta epsilon!"), "other:2.2 ");
  EXPECT_EQ(names("FIRST words of a paragraph here. Second one is over there now"), "plain:1 plain:4 ");
  EXPECT_FALSE(Decontaminator().add_file(temporary("absent.jsonl")).ok());
  ASSERT_TRUE(write_file(jsonl, "{not json\n").ok());
  EXPECT_FALSE(Decontaminator().add_file(jsonl).ok());
}

}  // namespace
}  // namespace malmoi::data
