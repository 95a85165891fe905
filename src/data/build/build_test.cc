#include "data/build/build.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/rng.h"
#include "data/build/plan.h"
#include "data/build/processor.h"
#include "data/build/write_stage.h"
#include "data/corpus.h"
#include "data/test_folder.h"

namespace malmoi::data {
namespace {

namespace fs = std::filesystem;

Path scratch(const std::string& name) { return test_folder("build_" + name); }

// Without the syncing of write_file, which thousands of small files would wait for.
void put(const Path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary);
  out << content;
}

std::string sentence(Rng& rng, bool korean) {
  constexpr const char* kKorean[] = {"나무",   "바람", "강물이",   "사람들은", "오래",   "노래를",
                                     "불렀다", "하늘", "마을에서", "천천히",   "걸었다", "밤새"};
  constexpr const char* kEnglish[] = {"river", "mountain", "people", "slowly", "walked", "a",
                                      "the",   "evening",  "bread",  "window", "found",  "letters"};
  std::string out;
  for (int i = 0; i < 12; ++i) (out += i ? " " : "") += (korean ? kKorean : kEnglish)[rng.below(12)];
  return out + ".";
}

// A folder of documents: Korean, English, mixed, some copies, a page, lines, and something unreadable.
Path make_documents(const std::string& name, int n = 300) {
  Path folder = scratch(name);
  Rng rng(7);
  std::string lines;
  for (int i = 0; i < n; ++i) {
    bool korean = i % 2 == 0;
    std::string text;
    for (int p = 0; p < 4; ++p)
      (text += p ? "\n\n" : "") +=
          sentence(rng, i % 10 == 9 ? p % 2 == 0 : korean) + " " + sentence(rng, i % 10 == 9 ? p % 2 == 0 : korean);
    char file[32];
    std::snprintf(file, sizeof file, "d%03d/doc%04d.txt", i / 50, i);
    fs::create_directories((folder / file).parent_path());
    put(folder / file, text);
    Document d;
    d.text = sentence(rng, korean) + " " + sentence(rng, korean);
    lines += document_to_line(d) + "\n";
  }
  fs::create_directories(folder / "copies");
  for (int i = 0; i < n; i += 30) {
    char file[32];
    std::snprintf(file, sizeof file, "d%03d/doc%04d.txt", i / 50, i);
    fs::copy_file(folder / file, folder / "copies" / (std::to_string(i) + ".txt"),
                  fs::copy_options::overwrite_existing);
  }
  EXPECT_TRUE(write_file(folder / "lines.jsonl", lines).ok());
  EXPECT_TRUE(write_file(folder / "broken.txt.gz", "\x1f\x8b\x08 this is not gzip").ok());
  return folder;
}

Recipe small_recipe(const Path& in, const Path& out) {
  Recipe recipe = default_recipe({in.string()}, out);
  recipe.shard_bytes = 256 << 10;
  recipe.name = "small";
  recipe.valid_fraction = 0.1;
  return recipe;
}

std::map<std::string, std::string> shards_of(const Path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".zst")
      out[entry.path().filename().string()] = to_hex(hash128(*read_file(entry.path())));
  out["manifest.json"] = to_hex(hash128(*read_file(folder / "manifest.json")));
  return out;
}

std::vector<Document> documents_of(const Path& folder, const std::string& split) {
  auto stream = open_documents({folder}, split);
  EXPECT_TRUE(stream.ok());
  std::vector<Document> out;
  Document d;
  while (true) {
    auto more = (*stream)->next(d);
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return out;
    out.push_back(d);
  }
}

TEST(Build, CorpusHoldsEveryDocumentOnce) {
  Path in = make_documents("whole"), out = scratch("whole_out");
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

TEST(Build, NumberOfWorkersDoesNotShow) {
  Path in = make_documents("workers");
  std::map<std::string, std::string> first;
  for (int workers : {1, 4}) {
    Path out = scratch("workers_out");
    BuildOptions options;
    options.workers = workers;
    ASSERT_TRUE(build_corpus(small_recipe(in, out), options).ok());
    if (workers == 1) first = shards_of(out);
    else EXPECT_EQ(first, shards_of(out));
  }
}

// Children of the test: one worker each, so that no thread team crosses the fork.
pid_t start(const Recipe& recipe, int rank, int world) {
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  BuildOptions options;
  options.rank = rank, options.world = world;
  auto result = build_corpus(recipe, options);
  ::_exit(result.ok() ? 0 : 1);
}

TEST(Build, FourProcessesWriteWhatOneWrites) {
  Path in = make_documents("ranks", 500), alone = scratch("ranks_alone"), together = scratch("ranks_together");
  std::string lines;
  Rng rng(11);
  for (int i = 0; i < 6000; ++i) {
    Document d;
    d.text = sentence(rng, i % 3 == 0) + " " + sentence(rng, i % 3 == 0) + " " + sentence(rng, i % 3 == 0);
    lines += document_to_line(d) + "\n";
  }
  put(in / "many.jsonl", lines);
  ASSERT_GE(make_plan(small_recipe(in, alone))->parts.size(), 4u);
  BuildOptions options;
  Recipe recipe = small_recipe(in, alone);
  recipe.near.on = true;
  ASSERT_TRUE(build_corpus(recipe, options).ok());
  recipe.out = together;
  std::vector<pid_t> children;
  for (int rank = 0; rank < 4; ++rank) children.push_back(start(recipe, rank, 4));
  for (pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(shards_of(alone), shards_of(together));
}

TEST(Build, KilledAtAnyMomentItGoesOn) {
  Path in = make_documents("killed", 600), reference = scratch("killed_reference"), out = scratch("killed_out");
  BuildOptions options;
  ASSERT_TRUE(build_corpus(small_recipe(in, reference), options).ok());
  Recipe recipe = small_recipe(in, out);
  Rng rng(3);
  for (int attempt = 0; attempt < 6; ++attempt) {
    pid_t child = start(recipe, 0, 1);
    ::usleep(static_cast<useconds_t>(5000 + rng.below(250000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
  }
  ASSERT_TRUE(build_corpus(recipe, options).ok());
  EXPECT_EQ(shards_of(reference), shards_of(out));
}

TEST(Build, ChangedInputsAreBuiltAgain) {
  Path in = make_documents("changed", 40), out = scratch("changed_out");
  ASSERT_TRUE(build_corpus(small_recipe(in, out), {}).ok());
  ASSERT_TRUE(write_file(in / "new.txt", "새로 들어온 글이 하나 있다. 이것도 모아야 한다.").ok());
  auto again = build_corpus(small_recipe(in, out), {});
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->present);
  bool found = false;
  for (const Document& d : documents_of(out, "")) found |= d.id.ends_with("new.txt");
  EXPECT_TRUE(found);
}

TEST(Build, WhyAndDryRunNameTheRule) {
  Path in = make_documents("why", 60), out = scratch("why_out");
  Recipe recipe = small_recipe(in, out);
  recipe.filters.push_back({"length", {{"min", 150}}});
  ASSERT_TRUE(build_corpus(recipe, {}).ok());
  auto copy = explain(out, (in / "d000/doc0030.txt").string());
  ASSERT_TRUE(copy.ok()) << copy.error().to_string();
  EXPECT_NE(dump_json(*copy).find("dedup.exact"), std::string::npos) << dump_json(*copy);
  auto kept = explain(out, "doc0001.txt");
  ASSERT_TRUE(kept.ok());
  EXPECT_TRUE((*kept)[0].contains("kept"));
  auto line = explain(out, "lines.jsonl#3");
  ASSERT_TRUE(line.ok());
  EXPECT_NE(dump_json(*line).find("length"), std::string::npos);
  EXPECT_FALSE(explain(out, "no such document").ok());

  Path other = scratch("why_dry");
  recipe.out = other;
  auto dry = dry_run(recipe, {}, 5);
  ASSERT_TRUE(dry.ok());
  EXPECT_EQ(dry->size(), 5u);
  EXPECT_TRUE(fs::is_empty(other));
}

TEST(Build, PersonalDataAndEvaluationItemsGo) {
  Path in = scratch("private"), out = scratch("private_out");
  const std::string item = "하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열 열하나 열둘 열셋 열넷 열다섯";
  ASSERT_TRUE(
      write_file(in / "a.txt", "문의는 hong@example.com 으로 하십시오. 감사합니다. 오늘도 좋은 하루 되십시오.").ok());
  ASSERT_TRUE(write_file(in / "b.txt", "이 글에는 시험 문제가 들어 있다: " + item + " 그리고 끝난다.").ok());
  ASSERT_TRUE(write_file(in / "c.txt", "아무 일도 없는 평범한 글이 여기에 한 편 더 있습니다. 그렇습니다.").ok());
  Path sets = scratch("private_sets");
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
  Path in = scratch("paragraphs"), out = scratch("paragraphs_out");
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
  Path in = make_documents("mistakes", 10), out = scratch("mistakes_out");
  auto document = parse_config("sources: [{paths: [x], epohcs: 2}]", "recipe.yaml");
  ASSERT_TRUE(document.ok());
  auto recipe = parse_recipe(*document);
  ASSERT_FALSE(recipe.ok());
  EXPECT_NE(recipe.error().to_string().find("did you mean 'epochs'"), std::string::npos) << recipe.error().to_string();
  EXPECT_FALSE(build_corpus(small_recipe(in / "nowhere", out), {}).ok());
  ASSERT_TRUE(write_file(out / "thesis.doc", "mine").ok());
  auto foreign = build_corpus(small_recipe(in, out), {});
  ASSERT_FALSE(foreign.ok());
  EXPECT_TRUE(fs::exists(out / "thesis.doc"));
  Recipe filter = small_recipe(in, scratch("mistakes_filter"));
  filter.filters.push_back({"gopher_qualty", Json::object()});
  auto unknown = build_corpus(filter, {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().to_string().find("gopher_quality"), std::string::npos);
}

TEST(Build, FullDiskIsAnErrorAndNothingIsHalfWritten) {
  Path in = make_documents("full", 400), out = scratch("full_out");
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{4096, 4096};  // no file may grow beyond a page, as on a full disk
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto result = build_corpus(small_recipe(in, out), {});
    ::_exit(!result.ok() && result.error().code == ErrorCode::kIo ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(Corpus::is_corpus(out));
  EXPECT_TRUE(build_corpus(small_recipe(in, out), {}).ok());
}

TEST(Mixing, WeightsEpochsAndTemperature) {
  Recipe recipe = default_recipe({"a", "b"}, "out");
  EXPECT_EQ(mixing_factors(recipe, {100, 300}), (std::vector<double>{1, 1}));
  recipe.sources[0].epochs = 2.5;
  EXPECT_EQ(mixing_factors(recipe, {100, 300}), (std::vector<double>{2.5, 1}));
  recipe.sources[0].weight = 1,
  recipe.sources[1].weight = 1;  // equal shares; b would be cut to what 2.5 epochs of a allow
  std::vector<double> factors = mixing_factors(recipe, {100, 300});
  EXPECT_DOUBLE_EQ(factors[0] * 100, factors[1] * 300);
  EXPECT_DOUBLE_EQ(factors[0], 2.5);
  Recipe warm = default_recipe({"a", "b"}, "out");
  warm.temperature = 2;
  std::vector<double> shares = mixing_factors(warm, {100, 400});
  EXPECT_NEAR(shares[1] * 400 / (shares[0] * 100), 2, 1e-9);
}

TEST(Mixing, EpochsMakeCopiesAndCurriculumSortsByLength) {
  Path in = make_documents("epochs", 50), out = scratch("epochs_out");
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

TEST(Splitting, GroupsStayTogether) {
  Recipe recipe;
  recipe.valid_fraction = 0.2, recipe.test_fraction = 0.1;
  int counts[3] = {};
  for (uint64_t g = 0; g < 10000; ++g) ++counts[split_of(recipe, g * 0x9E3779B97F4A7C15ull)];
  EXPECT_NEAR(counts[1], 2000, 200);
  EXPECT_NEAR(counts[2], 1000, 150);
}

TEST(Splitting, ByLanguageOfParagraphs) {
  auto pieces = split_by_language(
      "한국어로 쓴 문단이 여기에 하나 있습니다. 꽤 길게 썼습니다.\n\nAn English paragraph stands here, and it is a "
      "long one too.\n\n12345\n\n다시 한국어 문단이 나옵니다. 역시 짧지 않습니다.");
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].first, "ko");
  EXPECT_EQ(pieces[1].first, "en");
  EXPECT_EQ(pieces[1].second, "An English paragraph stands here, and it is a long one too.\n\n12345");
  EXPECT_EQ(split_by_language("한국어 문단입니다. 길게 이어지는 글입니다. 조금 더 씁니다.\n\nOK").size(), 1u);
}

TEST(Recipe, SizesAndSettings) {
  EXPECT_EQ(*parse_bytes("1GiB", ""), 1ull << 30);
  EXPECT_EQ(*parse_bytes("1.5 MB", ""), 1500000u);
  EXPECT_FALSE(parse_bytes("many", "").ok());
  auto document = parse_config(R"(
schema_version: 1
sources:
  - {name: ko, paths: [a, b], weight: 2, license: MPL-2.0, format: html}
  - c.jsonl
filters: [gopher_quality, {c4: {min_sentences: 3}}]
dedup: {near: {threshold: 0.8}, paragraphs: false, substring: true}
pii: {action: remove, types: [EMAIL]}
split: {valid: 0.1, group: host}
order: {curriculum: length}
output: {shard_bytes: 1MiB}
limits: {pdf_seconds: 5}
out: x
)",
                               "r.yaml");
  ASSERT_TRUE(document.ok());
  auto recipe = parse_recipe(*document);
  ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
  EXPECT_EQ(recipe->sources[0].reader.format, "html");
  EXPECT_EQ(recipe->sources[1].name, "c.jsonl");
  EXPECT_EQ(recipe->filters[1].settings["min_sentences"], 3);
  EXPECT_DOUBLE_EQ(recipe->near.threshold, 0.8);
  EXPECT_FALSE(recipe->paragraphs.on);
  EXPECT_TRUE(recipe->substring.on);
  EXPECT_EQ(recipe->group, GroupBy::kHost);
  EXPECT_EQ(recipe->shard_bytes, 1u << 20);
  EXPECT_EQ(recipe->sources[1].reader.limits.pdf_seconds, 5);
}

}  // namespace
}  // namespace malmoi::data
