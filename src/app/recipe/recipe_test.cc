// Tests of recipes with kinds of the test's own: what runs again, what does not, and what a kill leaves.
#include "app/recipe/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/recipe/file_index.h"
#include "base/test_folder.h"

namespace malmoi::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> calls;  // what ran, in order
bool fail_next = false;

// Copies its inputs and settings into a file in `out`; with fail_next it stops in the middle.
Status copy_run(const StageCall& call) {
  calls.push_back(call.out.filename().string() + (call.resume ? " resumed" : ""));
  MALMOI_TRY(make_folder(call.out));
  MALMOI_TRY(write_file(call.out / "half", "x"));
  if (fail_next) {
    fail_next = false;
    return Error{ErrorCode::kCancelled, "stopped", "", ""};
  }
  std::string all = dump_json(call.settings.root);
  for (const Path& input : call.inputs) {
    MALMOI_ASSIGN(std::vector<Path> files, list_files(input));
    for (const Path& file : files) {
      if (file.filename().string().starts_with('.')) continue;  // the mark of the stage before
      MALMOI_ASSIGN(std::string text, read_file(file));
      all += text;
    }
  }
  return write_file(call.out / "result", all);
}

constexpr StageKind kKinds[] = {
    {"copy", "copies", 1, false, nullptr, copy_run, nullptr, nullptr},
    {"slow", "copies, resumably", 1, true, nullptr, copy_run, nullptr, nullptr},
};

class RecipeTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder("malmoi_recipe");
    write("in.txt", "one");
    write_recipe("5");
    calls.clear();
    fail_next = false;
  }
  void write(const std::string& name, const std::string& text) { ASSERT_TRUE(write_file(folder_ / name, text).ok()); }
  void write_recipe(const std::string& size) {
    std::string f = folder_.string();
    write("r.yaml", "schema_version: 1\nwork: " + f +
                        "/w\nstages:\n"
                        "  - {name: a, kind: copy, inputs: [" +
                        f + "/in.txt], settings: {size: " + size +
                        "}}\n"
                        "  - {name: b, kind: slow, inputs: [" +
                        f +
                        "/w/a]}\n"
                        "  - {name: c, kind: copy, inputs: [" +
                        f + "/in2.txt]}\n");
    write("in2.txt", "two");
  }
  Result<std::vector<StageOutcome>> run(RecipeOptions options = {}) {
    MALMOI_ASSIGN(Recipe recipe, read_recipe(folder_ / "r.yaml", kKinds));
    return run_recipe(recipe, options, {});
  }
  std::vector<std::string> reasons(RecipeOptions options = {}) {
    auto outcomes = run(options);
    std::vector<std::string> reasons;
    if (!outcomes.ok()) return {outcomes.error().to_string()};
    for (const StageOutcome& outcome : *outcomes) reasons.push_back(outcome.reason);
    return reasons;
  }
  std::string recipe_error(const std::string& text) {
    write("r.yaml", text);
    auto recipe = read_recipe(folder_ / "r.yaml", kKinds);
    return recipe.ok() ? "" : recipe.error().to_string();
  }
  Path folder_;
};

TEST_F(RecipeTest, OnlyWhatChangedRunsAgain) {
  EXPECT_THAT(reasons(), ElementsAre("never ran", "never ran", "never ran"));
  EXPECT_THAT(calls, ElementsAre("a", "b", "c"));
  EXPECT_THAT(reasons(), ElementsAre("", "", ""));
  EXPECT_EQ(calls.size(), 3u);
  write("in2.txt", "two again");
  EXPECT_THAT(reasons(), ElementsAre("", "", (folder_ / "in2.txt").string() + " changed"));
  write("in2.txt", "two again");  // written anew, the same content
  EXPECT_THAT(reasons(), ElementsAre("", "", ""));
  write_recipe("6");
  write("in2.txt", "two again");
  EXPECT_THAT(reasons(), ElementsAre("settings.size changed", (folder_ / "w/a").string() + " changed", ""));
  EXPECT_EQ(*read_file(folder_ / "w/b/result"), "{}x{\"size\":6}one");
}

TEST_F(RecipeTest, AStageWhoseResultIsTheSameStopsTheWave) {
  ASSERT_TRUE(run().ok());
  std::filesystem::remove(folder_ / "w/a/result");
  EXPECT_THAT(reasons(), ElementsAre("its output is gone or damaged", "", "")) << "made again to the same bytes";
}

TEST_F(RecipeTest, AnInterruptedStageGoesOn) {
  fail_next = true;
  auto first = run();
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(first.error().to_string(), HasSubstr("stage a"));
  EXPECT_THAT(reasons(), ElementsAre("was interrupted", "never ran", "never ran"));
  write("in.txt", "three");
  fail_next = false;
  ASSERT_TRUE(run({.dry_run = false, .again = "", .until = "a"}).ok());
  fail_next = true;
  ASSERT_FALSE(run().ok()) << "stage b, which resumes";
  calls.clear();
  EXPECT_THAT(reasons(), ElementsAre("", "was interrupted", ""));
  EXPECT_THAT(calls, ElementsAre("b resumed"));
}

TEST_F(RecipeTest, AnInterruptedStageWithOtherInputsStartsAgain) {
  ASSERT_TRUE(run({.dry_run = false, .again = "", .until = "a"}).ok());
  fail_next = true;
  ASSERT_FALSE(run().ok());
  write("in.txt", "three");
  calls.clear();
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(calls, ElementsAre("a", "b", "c"));
}

TEST_F(RecipeTest, NeverRemovesWhatItDidNotMake) {
  ASSERT_TRUE(make_folder(folder_ / "w/b").ok());
  write("w/b/precious", "x");
  auto outcome = run();
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().to_string(), HasSubstr("was not made by a recipe"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "w/b/precious"));
}

// A stamp that came with the recipe can claim any folder of ours; the folder itself says whose it is.
TEST_F(RecipeTest, AStampFromElsewhereRemovesNothing) {
  for (const char* status : {"done", "running"}) {
    ASSERT_TRUE(run().ok());
    std::filesystem::remove_all(folder_ / "w/b");
    ASSERT_TRUE(make_folder(folder_ / "w/b").ok());
    write("w/b/precious", "x");
    Json stamp = *read_json((folder_ / "w/.recipe/b.json").string());
    stamp["status"] = status;
    ASSERT_TRUE(write_file(folder_ / "w/.recipe/b.json", dump_json(stamp)).ok());
    auto outcome = run();
    ASSERT_FALSE(outcome.ok());
    EXPECT_THAT(outcome.error().to_string(), HasSubstr("was not made by a recipe"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "w/b/precious"));
    std::filesystem::remove_all(folder_ / "w/b");
  }
}

TEST_F(RecipeTest, DryRunsAndForcedRuns) {
  EXPECT_THAT(reasons({.dry_run = true, .again = "", .until = ""}),
              ElementsAre("never ran", "an earlier stage runs", "an earlier stage runs"));
  EXPECT_TRUE(calls.empty());
  ASSERT_TRUE(run().ok());
  calls.clear();
  ASSERT_TRUE(run({.dry_run = false, .again = "b", .until = "b"}).ok());
  EXPECT_THAT(calls, ElementsAre("b"));
  EXPECT_THAT(run({.dry_run = false, .again = "d", .until = ""}).error().to_string(),
              HasSubstr("no stage is named 'd'"));
}

TEST_F(RecipeTest, DamagedStateIsTheSameAsNone) {
  ASSERT_TRUE(run().ok());
  write("w/.recipe/c.json", "{\"files\": 3");
  write("w/.recipe/files", "7 8 nonsense\n\n-1\n");
  std::filesystem::remove_all(folder_ / "w/c");
  EXPECT_THAT(reasons(), ElementsAre("", "", "never ran"));
  Json stamp = *read_json((folder_ / "w/.recipe/c.json").string());
  stamp["version"] = "one";
  write("w/.recipe/c.json", dump_json(stamp));
  EXPECT_THAT(reasons(), ElementsAre("", "", "never ran"));
}

TEST_F(RecipeTest, MistakesInTheFileAreNamed) {
  std::string head = "schema_version: 1\nwork: w\nstages:\n";
  EXPECT_THAT(recipe_error(head + "  - {name: a, kind: copie}\n"),
              HasSubstr("r.yaml:4: stages[0].kind: 'copie' is not known"));
  EXPECT_THAT(recipe_error("train: {steps: 1}\n"), HasSubstr("malmoi train"));
  EXPECT_THAT(recipe_error(head + "  - {name: a}\n"), HasSubstr("kind of stage 'a' is missing"));
  EXPECT_THAT(recipe_error(head + "  - {kind: copy}\n"), HasSubstr("a name of letters"));
  EXPECT_THAT(recipe_error(head + "  - {name: a, kind: copy, inptus: [x]}\n"), HasSubstr("did you mean 'inputs'"));
  EXPECT_THAT(recipe_error(head + "  - {name: a, kind: copy}\n  - {name: a, kind: copy}\n"),
              HasSubstr("two stages are named"));
  EXPECT_THAT(recipe_error(head + "  - {name: a, kind: copy, out: x}\n  - {name: b, kind: copy, out: ./x}\n"),
              HasSubstr("two stages write"));
  EXPECT_THAT(recipe_error(head + "  - {name: a, kind: copy, settings: {}, config: f}\n"),
              HasSubstr("beside settings"));
  EXPECT_THAT(recipe_error("schema_version: 1\nstages: []\n"), HasSubstr("work"));
  EXPECT_THAT(recipe_error("schema_version: 2\nwork: w\nstages: [{}]\n"), HasSubstr("schema_version"));
  EXPECT_THAT(recipe_error("work: w\nstages: 5\n"), HasSubstr("a list of stages"));
  write_recipe("1");
  std::filesystem::remove(folder_ / "in2.txt");
  EXPECT_THAT(run().error().to_string(), HasSubstr("stage c: "));
}

// What a kind's settings name is looked at for changes, and is not given to it as one of its inputs.
TEST_F(RecipeTest, WhatSettingsNameIsAnInput) {
  write("r.yaml", R"(work: w
stages:
  - name: corpus
    kind: data
    inputs: [documents]
    settings:
      filters:
        - repair
        - quality: {model: q.bin, min: 0.5}
        - perplexity: {scorer: lm}
        - bad_words: {files: [a.txt, b.txt]}
      pii: {action: pseudonym, key_file: key}
      decontaminate: {sets: [test.jsonl, documents]}
  - name: other
    kind: data
    settings: {sources: [a, {path: b}, {paths: [c, d]}], filters: [x, 3], pii: true, decontaminate: 5}
)");
  auto recipe = read_recipe(folder_ / "r.yaml");
  ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
  EXPECT_THAT(recipe->stages[0].inputs, ElementsAre("documents"));
  EXPECT_THAT(recipe->stages[0].implied, ElementsAre("q.bin", "lm", "a.txt", "b.txt", "key", "test.jsonl"));
  EXPECT_THAT(recipe->stages[1].implied, ElementsAre("a", "b", "c", "d"));

  std::string f = folder_.string();
  write("set.jsonl", "{\"text\": \"a question of the examination\"}\n");
  write("r.yaml", "work: " + f + "/w\nstages:\n  - {name: a, kind: data, inputs: [" + f + "/in.txt], settings: {" +
                      "min_characters: 0, split: {valid: 0}, decontaminate: {sets: [" + f + "/set.jsonl]}}}\n");
  auto reason = [&]() -> std::string {
    auto read = read_recipe(folder_ / "r.yaml");
    if (!read.ok()) return read.error().to_string();
    auto outcomes = run_recipe(*read, {}, {});
    return outcomes.ok() ? outcomes->at(0).reason : outcomes.error().to_string();
  };
  EXPECT_EQ(reason(), "never ran");
  EXPECT_EQ(reason(), "");
  EXPECT_EQ((*read_json(f + "/w/a/report.json"))["kept"]["documents"], 1) << "the set is no document";
  write("set.jsonl", "{\"text\": \"another question\"}\n");
  EXPECT_THAT(reason(), HasSubstr("set.jsonl changed"));
}

TEST_F(RecipeTest, ATrainingReadsAllThatItsSettingsName) {
  write("r.yaml", R"(work: w
stages:
  - name: all
    kind: train
    settings:
      objective: {name: dpo, reference: r, teacher: t}
      model: {init_from: m}
      adapter: {init_from: a}
      data: {train: [x, y], valid: z, replay: {train: [o], valid: [p]}, chat_template: c.jinja}
  - {name: none, kind: train, settings: {data: {train: x, chat_template: plain}, objective: 3}}
)");
  auto recipe = read_recipe(folder_ / "r.yaml");
  ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
  EXPECT_THAT(recipe->stages[0].implied, ElementsAre("x", "y", "z", "o", "p", "c.jinja", "r", "t", "m", "a"));
  EXPECT_THAT(recipe->stages[1].implied, ElementsAre("x"));
}

TEST_F(RecipeTest, PreferencesReadAllThatTheirSettingsName) {
  write("r.yaml", R"(work: w
stages:
  - name: all
    kind: preferences
    settings:
      model: m
      prompts: [p, q]
      rewards: [{type: json_schema, file: s.json}, {type: unit_tests, file: main.c}, {type: model, model: judge}, 3]
      chat_template: c.jinja
      before: w/earlier
  - {name: none, kind: preferences, settings: {model: m, prompts: p, chat_template: none, rewards: 3}}
)");
  auto recipe = read_recipe(folder_ / "r.yaml");
  ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
  EXPECT_THAT(recipe->stages[0].implied, ElementsAre("m", "p", "q", "w/earlier", "c.jinja", "s.json", "judge"));
  EXPECT_THAT(recipe->stages[1].implied, ElementsAre("m", "p"));
}

// A name of the store stands for the files that it names.
TEST_F(RecipeTest, AModelOfTheStoreIsAnInputByItsName) {
  const Path home = folder_ / "home";
  const char* before = std::getenv("MALMOI_HOME");
  const std::string kept = before ? before : "";
  ASSERT_EQ(setenv("MALMOI_HOME", home.c_str(), 1), 0);
  ASSERT_TRUE(make_folder(home / "small").ok());
  write("home/small/config.json", "{}");
  write("home/small/model.safetensors", "weights");
  write("home/small/source.json", "{}");
  write("r.yaml", "schema_version: 1\nwork: " + folder_.string() +
                      "/w\nstages:\n  - {name: named, kind: train, settings: {model: {init_from: small}}}\n");
  auto reason = [&] {
    auto recipe = read_recipe(folder_ / "r.yaml");
    EXPECT_TRUE(recipe.ok()) << recipe.error().to_string();
    auto outcomes = run_recipe(*recipe, {.dry_run = true}, {});
    return outcomes.ok() ? (*outcomes)[0].reason : outcomes.error().to_string();
  };
  EXPECT_EQ(reason(), "never ran");
  std::filesystem::remove_all(home);
  EXPECT_THAT(reason(), HasSubstr("small"));
  if (before) setenv("MALMOI_HOME", kept.c_str(), 1);
  else unsetenv("MALMOI_HOME");
}

TEST_F(RecipeTest, TheIndexNoticesContentAndNames) {
  FileIndex index(folder_ / "index");
  auto before = *index.hash(folder_ / "in.txt");
  write("in.txt", "two");  // the same size
  EXPECT_NE(*index.hash(folder_ / "in.txt"), before);
  ASSERT_TRUE(make_folder(folder_ / "d").ok());
  write("d/x", "1");
  auto folder = *index.hash(folder_ / "d");
  ASSERT_TRUE(index.save().ok());
  FileIndex again(folder_ / "index");
  EXPECT_EQ(*again.hash(folder_ / "d"), folder);
  write("d/y.tmp", "unfinished");
  EXPECT_EQ(*again.hash(folder_ / "d"), folder);
  std::filesystem::rename(folder_ / "d/x", folder_ / "d/y");
  EXPECT_NE(*again.hash(folder_ / "d"), folder);
  EXPECT_FALSE(again.hash(folder_ / "none").ok());
}

// What a finished stage left may have been damaged since: it is shown as far as it can be read.
TEST(StageKinds, DamagedResultsAreNoException) {
  const Path out = Path(testing::TempDir()) / "malmoi_damaged_results";
  ASSERT_TRUE(make_folder(out).ok());
  for (
      const char* content :
      {"{}", "[1]", "3",
       R"({"documents": "many", "tokens": -1, "bytes": [], "loss": "low", "perplexity": null, "bits_per_byte": {}})",
       R"({"parameters": "x", "steps": [], "status": 1, "seconds": {}, "best_valid_loss": "x", "best_step": null})",
       R"({"inputs": 3, "kept": {"documents": -1, "bytes": "x"}, "languages": {"ko": 1, "en": {"bytes": []}}})",
       R"({"prompts": -1, "answers": "x", "pairs": 3, "figures": {"reward": "x", "a": 1}, "before": {"a": [], "b": 2}})",
       R"({"prompts": 1, "figures": [1], "before": 3})",
       R"({"samples": [1, {"prompt": 2, "next": [3, {"probability": "x", "word": 4}]}]})"}) {
    for (const char* file : {"additions.json", "evaluation.json", "pairs.json", "preferences.json", "run.json",
                             "report.json", "samples.json"})
      ASSERT_TRUE(write_file(out / file, content).ok());
    for (const StageKind& kind : stage_kinds()) {
      if (kind.show) {
        EXPECT_TRUE(kind.show(out).ok()) << kind.name << ": " << content;
      }
    }
  }
}

TEST(StageKinds, ATrainingIsShownBeforeAndAfter) {
  const Path out = test_folder("malmoi_shown_training");
  ASSERT_TRUE(write_file(out / "metrics.jsonl", "{\"step\":7,\"valid_loss\":2.5,\"valid_reward\":0.75}\n").ok());
  ASSERT_TRUE(
      write_file(out / "run.json", R"({"parameters": 10, "steps": 8, "status": "finished", "seconds": 2, "best_step": 8,
      "best_valid_loss": null, "best_reward": 0.75, "before": {"valid_loss": 3, "valid_reward": 0.25}})")
          .ok());
  const auto kind = std::ranges::find(stage_kinds(), "train", &StageKind::name);
  const auto text = kind->show(out);
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_THAT(*text, HasSubstr("; best reward 0.7500 at step 8\n"));
  EXPECT_THAT(*text,
              HasSubstr("held out, before -> after 8 steps\n  loss       3 -> 2.5\n  reward  0.25 -> 0.75\nreport: "));
}

}  // namespace
}  // namespace malmoi::app
