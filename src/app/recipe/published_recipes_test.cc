// The recipes that the tree brings: each can be read, and what its stages ask for is something that they know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "app/recipe/recipe.h"
#include "app/reward/preferences.h"
#include "train/config.h"

namespace malmoi::app {
namespace {

std::vector<Path> published_recipes() {
  std::vector<Path> recipes;
  const auto files = list_files(Path(MALMOI_TEST_DATA) / ".." / ".." / "recipes");
  EXPECT_TRUE(files.ok()) << files.error().to_string();
  if (!files.ok()) return recipes;
  std::ranges::copy_if(*files, std::back_inserter(recipes), [](const Path& file) {
    const auto document = read_config(file);
    EXPECT_TRUE(document.ok()) << document.error().to_string();
    return document.ok() && document->root.contains("stages");
  });
  return recipes;
}

Status read_settings(const Stage& stage) {
  ConfigDocument document = stage.settings;
  if (stage.kind->name == "train") {
    document.root["out"] = stage.out.string();
    auto config = train::parse_train_config(document);
    return config.ok() ? Status() : Status(config.error());
  }
  if (stage.kind->name != "preferences") return {};
  ConfigReader reader(document);
  auto config = read_prefer_config(reader);
  return config.ok() ? Status() : Status(config.error());
}

class PublishedRecipes : public testing::Test {
 protected:
  // Where a user has data.
  void SetUp() override {
    for (const char* variable : kVariables) setenv(variable, "data", 0);
  }
  void TearDown() override {
    for (const char* variable : kVariables) {
      const char* value = std::getenv(variable);
      if (value && std::string_view(value) == "data") unsetenv(variable);
    }
  }
  static constexpr const char* kVariables[] = {"CHATS", "HELP", "NLU", "NSMC", "SHAKESPEARE", "TEXT"};
};

TEST_F(PublishedRecipes, AreRead) {
  const std::vector<Path> recipes = published_recipes();
  EXPECT_GE(recipes.size(), 8u);
  for (const Path& file : recipes) {
    const auto recipe = read_recipe(file);
    ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
    std::vector<std::string> made;
    for (const Stage& stage : recipe->stages) {
      const Status read = read_settings(stage);
      EXPECT_TRUE(read.ok()) << file << ", stage " << stage.name << ": " << read.error().to_string();
      for (const auto* inputs : {&stage.inputs, &stage.implied}) {
        for (const Path& input : *inputs) {
          const std::string path = input.string(), work = recipe->work.string() + "/";
          if (!path.starts_with(work)) continue;
          EXPECT_TRUE(std::ranges::any_of(made, [&](const std::string& out) { return path.starts_with(out); }))
              << file << ", stage " << stage.name << ": no stage before it makes " << path;
        }
      }
      made.push_back(stage.out.string());
    }
  }
}

}  // namespace
}  // namespace malmoi::app
