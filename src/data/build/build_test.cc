#include "data/build/build.h"
#include "data/build/inspect.h"
#include "data/build/plan.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <map>
#include <set>

#include "data/build/test_documents.h"
#include "data/corpus.h"

namespace malmoi::data {
namespace {

namespace fs = std::filesystem;

TEST(Build, CorpusHoldsEveryDocumentOnce) {
  Path in = make_documents("whole"), out = build_folder("whole_out");
  BuildOptions options;
  options.workers = 3;
  auto result = build_corpus(small_recipe(in, out), options);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_TRUE(result->skipped);  // broken.txt.gz
  const Json& report = result->report;
  EXPECT_EQ(report["skipped"]["read.damaged"], 1);
  EXPECT_EQ(report["dropped"]["dedup.exact"], 10);
  EXPECT_EQ(report["inputs"]["documents"], 610);
  std::set<std::string> ids;
  uint64_t held_out = 0;
  for (const char* split : {"train", "valid"})
    for (const Document& d : documents_of(out, split)) {
      EXPECT_TRUE(ids.insert(d.id).second) << d.id;
      EXPECT_FALSE(d.language.empty());
      held_out += split == std::string("valid");
    }
  // 30 mixed documents became two each; ten copies went.
  EXPECT_EQ(ids.size(), 610u - 10 + 30);
  EXPECT_GT(held_out, 20u);
  EXPECT_LT(held_out, 120u);
  for (const char* name :
       {"report.html", "report.json", "DATACARD.md", "datacard.json", "README.md", "events.jsonl.zst"})
    EXPECT_TRUE(fs::exists(out / name)) << name;
  for (const auto& entry : fs::directory_iterator(out))
    EXPECT_FALSE(entry.path().filename().string().starts_with("work-"));
  auto again = build_corpus(small_recipe(in, out), options);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->present);
}

TEST(Build, ChangedInputsAreBuiltAgain) {
  Path in = make_documents("changed", 40), out = build_folder("changed_out");
  ASSERT_TRUE(build_corpus(small_recipe(in, out), {}).ok());
  ASSERT_TRUE(write_file(in / "new.txt", "새로 들어온 글이 하나 있다. 이것도 모아야 한다.").ok());
  auto again = build_corpus(small_recipe(in, out), {});
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->present);
  bool found = false;
  for (const Document& d : documents_of(out, "")) found |= d.id.ends_with("new.txt");
  EXPECT_TRUE(found);
}

// A scorer is a folder: its own time does not change with the files inside it.
TEST(Build, AChangedFileOfAScorerIsBuiltAgain) {
  Path in = make_documents("scorer", 10), out = build_folder("scorer_out"), model = build_folder("scorer_model");
  ASSERT_TRUE(make_folder(model / "inner").ok());
  put(model / "inner" / "weights", "1");
  Recipe recipe = small_recipe(in, out);
  recipe.filters.push_back({"perplexity", {{"scorer", model.string()}}});
  std::string before = make_plan(recipe)->key;
  EXPECT_EQ(make_plan(recipe)->key, before);
  put(model / "inner" / "weights", "12");
  EXPECT_NE(make_plan(recipe)->key, before);
}

// Nor does a changed list of a filter, or a changed set to be kept out, go unnoticed.
TEST(Build, ChangedFilesOfTheRecipeAreBuiltAgain) {
  Path in = make_documents("lists", 40), out = build_folder("lists_out"), lists = build_folder("lists_files");
  Recipe recipe = small_recipe(in, out);
  put(lists / "words.txt", "frobnicate\n");
  put(lists / "exam.txt", "none of these words stands in any document of this corpus at all today\n");
  recipe.filters.push_back({"bad_words", {{"files", Json::array({(lists / "words.txt").string()})}}});
  recipe.decontaminate.sets = {(lists / "exam.txt").string()};
  ASSERT_TRUE(build_corpus(recipe, {}).ok());
  EXPECT_TRUE(build_corpus(recipe, {})->present);
  put(lists / "words.txt", "river\n");
  auto stricter = build_corpus(recipe, {});
  ASSERT_TRUE(stricter.ok());
  EXPECT_FALSE(stricter->present);
  EXPECT_GT(stricter->report["dropped"].value("bad_words.count", 0), 5);
  put(lists / "exam.txt", "other words now, though still of no document of the corpus, thirteen or more\n");
  EXPECT_FALSE(build_corpus(recipe, {})->present);
}

TEST(Build, CardsShowNamesAndSamplesAsTheyAre) {
  Path in = build_folder("markup"), out = build_folder("markup_out");
  put(in / "a.txt", "A text of some words.\n```\n<script>of it</script>\n```\nAnd a few more words.\n");
  Recipe recipe = small_recipe(in, out);
  recipe.sources[0].name = "<b>one</b>|*two*";
  recipe.sources[0].license = "[MIT](http://x.example)";
  ASSERT_TRUE(build_corpus(recipe, {}).ok());
  for (const char* name : {"DATACARD.md", "README.md"}) {
    std::string card = *read_file(out / name);
    EXPECT_NE(card.find("\\<b\\>one\\</b\\>\\|\\*two\\*"), std::string::npos) << card;
    EXPECT_NE(card.find("\\[MIT\\](http://x.example)"), std::string::npos) << card;
    EXPECT_EQ(card.find("<b>"), std::string::npos) << name;
    size_t fence = card.find("\n````\n"), script = card.find("<script>");
    ASSERT_LT(fence, script) << name;
    EXPECT_LT(script, card.find("\n````\n", fence + 1)) << name;
  }
}

TEST(Build, WhyAndDryRunNameTheRule) {
  Path in = make_documents("why", 60), out = build_folder("why_out");
  Recipe recipe = small_recipe(in, out);
  recipe.filters.push_back({"length", {{"min", 150}}});
  ASSERT_TRUE(build_corpus(recipe, {}).ok());
  auto copy = explain(out, (in / "d000/doc0030.txt").string());
  ASSERT_TRUE(copy.ok()) << copy.error().to_string();
  ASSERT_TRUE((*copy)[0].event.has_value());
  EXPECT_TRUE((*copy)[0].event->dropped);
  EXPECT_NE((*copy)[0].event->rule.find("dedup.exact"), std::string::npos) << (*copy)[0].event->rule;
  auto kept = explain(out, "doc0001.txt");
  ASSERT_TRUE(kept.ok());
  EXPECT_FALSE((*kept)[0].event.has_value());
  EXPECT_EQ(to_json((*kept)[0])["kept"], (*kept)[0].place);
  auto line = explain(out, "lines.jsonl#3");
  ASSERT_TRUE(line.ok());
  ASSERT_TRUE((*line)[0].event.has_value());
  EXPECT_NE(dump_json(to_json((*line)[0])).find("length"), std::string::npos);
  EXPECT_FALSE(explain(out, "no such document").ok());

  Path other = build_folder("why_dry");
  recipe.out = other;
  auto dry = dry_run(recipe, {}, 5);
  ASSERT_TRUE(dry.ok());
  EXPECT_EQ(dry->size(), 5u);
  EXPECT_TRUE(fs::is_empty(other));
}

TEST(Build, PersonalDataAndEvaluationItemsGo) {
  Path in = build_folder("private"), out = build_folder("private_out");
  const std::string item = "하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열 열하나 열둘 열셋 열넷 열다섯";
  ASSERT_TRUE(
      write_file(in / "a.txt", "문의는 hong@example.com 으로 하십시오. 감사합니다. 오늘도 좋은 하루 되십시오.").ok());
  ASSERT_TRUE(write_file(in / "b.txt", "이 글에는 시험 문제가 들어 있다: " + item + " 그리고 끝난다.").ok());
  ASSERT_TRUE(write_file(in / "c.txt", "아무 일도 없는 평범한 글이 여기에 한 편 더 있습니다. 그렇습니다.").ok());
  Path sets = build_folder("private_sets");
  ASSERT_TRUE(write_file(sets / "exam.jsonl", "{\"question\": \"" + item + "\"}\n").ok());
  Recipe recipe = small_recipe(in, out);
  recipe.pii.on = true;
  recipe.decontaminate.sets = {(sets / "exam.jsonl").string()};
  auto result = build_corpus(recipe, {});
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->report["dropped"]["decontaminate"], 1);
  EXPECT_EQ(result->report["pii"]["EMAIL"], 1);
  for (const Document& d : documents_of(out, "")) EXPECT_EQ(d.text.find("hong@"), std::string::npos);
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.path().extension() == ".zst") continue;
    EXPECT_EQ(read_file(entry.path())->find("hong@"), std::string::npos) << entry.path();
  }
}

TEST(Build, RepeatedParagraphsStayInThePureDocument) {
  Path in = build_folder("paragraphs"), out = build_folder("paragraphs_out");
  const std::string english =
      "This paragraph stands in both documents, word for word, and it is long enough to be noticed by the comparison.";
  const std::string korean = "이 문단은 번역된 쪽에만 있다. 그래서 남아야 하고, 영어 문단은 영어 문서에 남아야 한다.";
  ASSERT_TRUE(write_file(in / "a_mixed.txt", korean + "\n\n" + english).ok());
  ASSERT_TRUE(write_file(in / "b_english.txt",
                         english + "\n\nAnd a second paragraph that only this document has, also not a short one.")
                  .ok());
  ASSERT_TRUE(build_corpus(small_recipe(in, out), {}).ok());
  std::map<std::string, std::string> texts;
  for (const Document& d : documents_of(out, "")) texts[Path(d.id).filename().string()] = d.text;
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts["a_mixed.txt:ko"], korean);
  EXPECT_NE(texts["b_english.txt"].find(english), std::string::npos);
}

TEST(Build, LimitsAndMistakesAreNamed) {
  Path in = make_documents("mistakes", 10), out = build_folder("mistakes_out");
  auto document = parse_config("sources: [{paths: [x], epohcs: 2}]", "recipe.yaml");
  ASSERT_TRUE(document.ok());
  auto recipe = parse_recipe(*document);
  ASSERT_FALSE(recipe.ok());
  EXPECT_NE(recipe.error().to_string().find("did you mean 'epochs'"), std::string::npos) << recipe.error().to_string();
  EXPECT_FALSE(build_corpus(small_recipe(in / "nowhere", out), {}).ok());
  ASSERT_TRUE(write_file(out / ".made-by-malmoi-run", "the mark of a recipe").ok());
  EXPECT_TRUE(build_corpus(small_recipe(in, out), {}).ok());
  EXPECT_TRUE(fs::exists(out / ".made-by-malmoi-run"));
  out = build_folder("mistakes_foreign");
  ASSERT_TRUE(write_file(out / "thesis.doc", "mine").ok());
  auto foreign = build_corpus(small_recipe(in, out), {});
  ASSERT_FALSE(foreign.ok());
  EXPECT_TRUE(fs::exists(out / "thesis.doc"));
  Recipe filter = small_recipe(in, build_folder("mistakes_filter"));
  filter.filters.push_back({"gopher_qualty", Json::object()});
  auto unknown = build_corpus(filter, {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().to_string().find("gopher_quality"), std::string::npos);
}

#if !defined(MALMOI_SANITIZED)
// In a process of its own, whose memory ends while a document is converted: the error names it, and no worker waits for
// the one that failed.
TEST(Build, TheDocumentThatMemoryDidNotSufficeForIsNamed) {
  Path folder = make_documents("memory", 40);
  Rng rng(1);
  std::string large;
  while (large.size() < (48u << 20)) large += sentence(rng, false) + " ";
  put(folder / "doc_large.txt", large);
  pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    ::alarm(60);
    rlimit limit{};
    std::ifstream statm("/proc/self/statm");
    uint64_t pages = 0;
    statm >> pages;
    limit.rlim_cur = limit.rlim_max = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) + (160u << 20);
    ::setrlimit(RLIMIT_AS, &limit);
    Recipe recipe = small_recipe(folder, build_folder("memory_out"));
    BuildOptions options;
    options.workers = 1;
    auto built = build_corpus(recipe, options);
    if (built.ok()) ::_exit(1);
    if (built.error().code != ErrorCode::kOutOfMemory) ::_exit(2);
    ::_exit(built.error().where.find("doc_large.txt") == std::string::npos ? 3 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}
#endif

TEST(Mixing, EpochsMakeCopiesAndCurriculumSortsByLength) {
  Path in = make_documents("epochs", 50), out = build_folder("epochs_out");
  fs::remove_all(in / "copies");
  Recipe recipe = small_recipe(in, out);
  recipe.sources[0].epochs = 2;
  recipe.curriculum = true;
  ASSERT_TRUE(build_corpus(recipe, {}).ok());
  std::vector<Document> train = documents_of(out, "train");
  std::set<std::string> ids;
  size_t copies = 0;
  int last_class = 0;
  for (const Document& d : train) {
    ids.insert(d.id);
    copies += d.id.ends_with("+1");
    int length_class = std::max(0, static_cast<int>(std::bit_width(d.text.size())) - 8);
    EXPECT_GE(length_class, last_class);
    last_class = length_class;
  }
  EXPECT_EQ(ids.size(), train.size());
  EXPECT_EQ(copies * 2, train.size());
}

}  // namespace
}  // namespace malmoi::data
