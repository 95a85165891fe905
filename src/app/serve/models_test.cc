// Which models a command line names, how their files are watched, and how memory is shared out.
#include "app/serve/models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "app/serve/model_files.h"
#include "base/test_folder.h"

namespace malmoi::app {
namespace {

void write(const Path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  ASSERT_TRUE(write_file(file, text).ok());
}

std::vector<std::string> names(const std::vector<ServedModel>& models) {
  std::vector<std::string> all;
  for (const ServedModel& model : models) all.push_back(model.name);
  return all;
}

Path three_models(const std::string& name) {
  const Path folder = test_folder(name);
  write(folder / "b" / "config.json", "{}");
  write(folder / "run" / "best" / "config.json", "{}");
  write(folder / "owner" / "c" / "config.json", "{}");
  write(folder / "notes" / "readme.txt", "no model");
  write(folder / ".hidden" / "config.json", "{}");
  return folder;
}

TEST(ServedModels, AFolderHasThoseInItByName) {
  const Path folder = three_models("served_folder");
  auto models = served_models({.folder = folder});
  ASSERT_TRUE(models.ok()) << models.error().to_string();
  EXPECT_THAT(names(*models), testing::ElementsAre("b", "owner/c", "run"));
  EXPECT_TRUE(models->front().is_first);
}

TEST(ServedModels, OneThatIsNamedApartIsTheFirstAndOnceThere) {
  const Path folder = three_models("served_first");
  auto models = served_models({.models = {"mine=" + (folder / "owner" / "c").string()}, .folder = folder});
  ASSERT_TRUE(models.ok()) << models.error().to_string();
  EXPECT_THAT(names(*models), testing::ElementsAre("mine", "b", "run"));
}

TEST(ServedModels, AdaptersBelongToTheModelThatTheirNameBeginsWith) {
  const Path folder = three_models("served_adapters");
  auto models = served_models({.folder = folder, .adapters = {"letters=x", "owner/c/letters=y"}});
  ASSERT_TRUE(models.ok()) << models.error().to_string();
  EXPECT_THAT((*models)[0].adapters, testing::ElementsAre("letters"));
  EXPECT_THAT((*models)[1].adapters, testing::ElementsAre("owner/c/letters"));
  EXPECT_EQ((*models)[1].adapter_folders.at(0), Path("y"));
  models =
      served_models({.models = {"owner=" + (folder / "b").string()}, .folder = folder, .adapters = {"owner/c/x=x"}});
  ASSERT_TRUE(models.ok()) << models.error().to_string();
  EXPECT_THAT(names(*models), testing::ElementsAre("owner", "owner/c", "run"));
  EXPECT_THAT((*models)[1].adapters, testing::ElementsAre("owner/c/x")) << "the longest name counts";
}

TEST(ServedModels, WrongNamesAreSaid) {
  const Path folder = three_models("served_wrong");
  const std::string b = (folder / "b").string(), run = (folder / "run").string();
  auto error_of = [](const ServeOptions& options) {
    const auto models = served_models(options);
    return models.ok() ? "" : models.error().to_string();
  };
  EXPECT_THAT(error_of({}), testing::HasSubstr("--models"));
  EXPECT_THAT(error_of({.models = {b, "b=" + run}}), testing::HasSubstr("two models are called 'b'"));
  EXPECT_THAT(error_of({.models = {b, run}, .name = "x"}), testing::HasSubstr("NAME=PATH"));
  EXPECT_THAT(error_of({.models = {b}, .adapters = {"b=x"}}), testing::HasSubstr("two models are called 'b'"));
  EXPECT_THAT(error_of({.models = {b}, .adapters = {"nameless"}}), testing::HasSubstr("NAME=DIR"));
  EXPECT_THAT(error_of({.models = {b}, .pinned = {"c"}}), testing::HasSubstr("--pin"));
  EXPECT_THAT(error_of({.folder = folder / "notes"}), testing::HasSubstr("holds no model"));
}

TEST(FilesVersion, IsAnotherOneAfterEachChange) {
  const Path folder = test_folder("files_version");
  write(folder / "config.json", "{}");
  const std::string first = files_version({folder});
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(files_version({folder}), first);
  write(folder / "train.log", "beside it");
  write(folder / ".new-model.safetensors", "half of it");
  EXPECT_EQ(files_version({folder}), first) << "others are written to all the time";
  write(folder / "model.safetensors", "weights");
  const std::string second = files_version({folder});
  EXPECT_NE(second, first);
  write(folder / ".new-config.json", "{}");
  std::filesystem::rename(folder / ".new-config.json", folder / "config.json");
  EXPECT_NE(files_version({folder}), second) << "the same text, in another file";
  EXPECT_EQ(files_version({folder, folder / "adapter"}), "") << "one of them is not there";
}

TEST(FilesVersion, OfAModelInPartsIsOfAllOfThem) {
  const Path folder = test_folder("files_version_parts");
  const Path first = folder / "m-00001-of-00002.gguf", second = folder / "m-00002-of-00002.gguf";
  write(first, "keys");
  EXPECT_EQ(files_version({first}), "") << "a part is missing";
  write(second, "tensors");
  const std::string before = files_version({first});
  EXPECT_FALSE(before.empty());
  write(folder / "m-00003-of-00003.gguf", "of another model");
  EXPECT_EQ(files_version({first}), before);
  write(second, "other tensors");
  EXPECT_NE(files_version({first}), before);
}

TEST(PooledModel, IsAnotherOneOnceItsAdapterOrItsDraftModelIs) {
  const Path folder = three_models("pooled_version"), draft = folder / "run" / "best", trained = folder / "trained",
             adapter = trained / "adapter";  // a run that left it
  write(adapter / "adapter_config.json", "{}");
  ServeOptions options;
  options.draft.model = draft.string();
  const ServedModel first{.name = "b",
                          .path = (folder / "b").string(),
                          .adapters = {"letters"},
                          .adapter_folders = {trained},
                          .is_first = true};
  const ServedModel second{.name = "owner/c", .path = (folder / "owner" / "c").string()};
  const auto versions = [&] {
    return std::pair(pooled_model(first, options, 0, {}).version(), pooled_model(second, options, 0, {}).version());
  };
  const auto before = versions();
  EXPECT_FALSE(before.first.empty());
  EXPECT_FALSE(before.second.empty());
  write(draft / "model.safetensors", "weights");
  const auto drafted = versions();
  EXPECT_NE(drafted.first, before.first);
  EXPECT_EQ(drafted.second, before.second) << "it has none";
  write(trained / "run.json", "{}");
  EXPECT_EQ(versions().first, drafted.first) << "which is no part of it";
  write(adapter / "adapter_model.safetensors", "weights");
  EXPECT_NE(versions().first, drafted.first);
}

TEST(MemoryShares, StatesAreInEqualPartsAmongThoseThatMayBeLoaded) {
  constexpr uint64_t kStates = 12 << 20;
  EXPECT_EQ(share_memory({.state_bytes = kStates}, 1).states, kStates);
  EXPECT_EQ(share_memory({.state_bytes = kStates}, 3).states, kStates / 3);
  EXPECT_EQ(share_memory({.state_bytes = kStates}, 100).states, kStates / 4);
  EXPECT_EQ(share_memory({.load_all = true, .state_bytes = kStates}, 6).states, kStates / 6);
  EXPECT_EQ(share_memory({.max_loaded = 2, .state_bytes = kStates}, 6).states, kStates / 2);
  EXPECT_EQ(share_memory({}, 1).states, 0u) << "half of what is free once the model is there";
  EXPECT_EQ(share_memory({}, 1).models, SIZE_MAX);
  EXPECT_EQ(share_memory({.models_bytes = 1 << 30}, 2).models, size_t{1} << 30);
}

}  // namespace
}  // namespace malmoi::app
