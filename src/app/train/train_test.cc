// Tests of a run's pieces: its folder, its ids, and what it says in between.
#include "app/train/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "app/data/pack.h"
#include "app/train/data.h"
#include "app/train/export.h"
#include "app/train/new_model.h"
#include "app/train/plan.h"
#include "app/train/run_folder.h"
#include "app/train/small_run.h"
#include "base/json.h"
#include "data/token_file.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "infer/tiny_model.h"
#include "train/full_disk.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<int32_t> all_ids(const Path& path) {
  auto file = data::TokenFile::open(path);
  EXPECT_TRUE(file.ok());
  std::vector<int32_t> ids(file->size());
  file->copy(0, ids);
  return ids;
}

TEST(RunFolder, ARunIsNotOverwrittenUnlessItGoesOn) {
  Path folder = test_folder("open");
  ConfigDocument document;
  document.root = {{"out", "x"}};
  ASSERT_TRUE(RunFolder::open(folder, document, false).ok());
  ASSERT_TRUE(write_file(folder / "metrics.jsonl", "").ok());
  EXPECT_THAT(RunFolder::open(folder, document, false).error().to_string(), HasSubstr("already holds a run"));
  EXPECT_TRUE(RunFolder::open(folder, document, true).ok());
}

TEST(RunFolder, OneRunAtATimeIsAtWorkInIt) {
  Path path = test_folder("lock");
  ConfigDocument document;
  document.root = {{"out", "x"}};
  {
    auto first = RunFolder::open(path, document, false);
    ASSERT_TRUE(first.ok());
    EXPECT_THAT(RunFolder::open(path, document, true).error().to_string(), HasSubstr("another run is at work"));
  }
  EXPECT_TRUE(RunFolder::open(path, document, true).ok());
}

TEST(RunFolder, WhatCannotBeWrittenLeavesTheOldOne) {
  Path path = test_folder("replace");
  auto folder = RunFolder::open(path, {}, false);
  ASSERT_TRUE(folder.ok());
  auto write = [](const std::string& text) {
    return [text](const Path& into) -> Status {
      MALMOI_TRY(make_folder(into));
      MALMOI_TRY(write_file(into / "weights", text));
      return text == "bad" ? Status(invalid_data("no space")) : Status();
    };
  };
  ASSERT_TRUE(folder->replace("model", write("first")).ok());
  ASSERT_TRUE(folder->replace("model", write("second")).ok());
  EXPECT_FALSE(folder->replace("model", write("bad")).ok());
  EXPECT_EQ(*read_file(path / "model" / "weights"), "second");
  EXPECT_FALSE(std::filesystem::exists(path / ".model.old"));
}

TEST(PrepareData, TrainingReadsTheIdsThatDataTokenizeWrites) {
  Path folder = test_folder("ids");
  ASSERT_TRUE(write_file(folder / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  ASSERT_TRUE(write_file(folder / "texts.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two words\"}\n").ok());
  train::TrainConfig config;
  config.tokenizer = folder.string();
  config.data.train = {(folder / "texts.jsonl").string()};
  config.data.sequence_length = 4;
  config.out = (folder / "run").string();
  auto tokenizer = open_tokenizer(config);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  auto model = infer::tiny_model();
  auto prepared = prepare_data(config, tokenizer->get(), *model, {});
  ASSERT_TRUE(prepared.ok()) << prepared.error().to_string();
  auto told =
      data_tokenize({.tokenizer = config.tokenizer, .in = config.data.train, .out = (folder / "t.bin").string()}, {});
  ASSERT_TRUE(told.ok()) << told.error().to_string();
  EXPECT_EQ(told->documents, 2u);
  EXPECT_EQ(told->tokens, 14u) << "an end after each of the two texts";
  EXPECT_EQ(all_ids(folder / "t.bin"), all_ids(Path(config.out) / "data" / "train.bin"));
  EXPECT_EQ(all_ids(folder / "t.bin")[3], infer::kTinyEnd);

  config.data.train = {(folder / "t.bin").string()};
  config.data.format = train::DataFormat::kIds;
  auto flat = prepare_data(config, nullptr, *model, {});
  ASSERT_TRUE(flat.ok()) << flat.error().to_string();
  for (uint64_t n = 0; n < flat->train->size(); ++n) {
    train::Examples from_text, from_ids;
    prepared->train->append(n, from_text);
    flat->train->append(n, from_ids);
    EXPECT_EQ(from_text.targets, from_ids.targets);
    EXPECT_EQ(from_text.input.runs().size(), from_ids.input.runs().size()) << "flat ids keep documents apart, too";
  }
}

TEST_F(SmallRun, LeavesItsFolderAndSaysWhatItFound) {
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->status, "finished");
  EXPECT_EQ(report->steps, 4);
  ASSERT_TRUE(report->best.has_value());
  EXPECT_GT(report->best->bits_per_byte.value_or(0), 0);
  EXPECT_EQ(report->best->perplexity, std::exp(report->best->valid_loss));
  EXPECT_EQ(*read_json((folder_ / "run" / "run.json").string()), to_json(*report));
  for (const char* name : {"model", "best", "ema"})
    EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / name / "model.safetensors")) << name;
  EXPECT_THAT(*read_file(folder_ / "run" / "samples.jsonl"), AllOf(HasSubstr("\"step\":2"), HasSubstr("\"step\":4")));
  EXPECT_THAT(messages_, Contains(HasSubstr("4 steps of 32 tokens")));
  EXPECT_THAT(messages_, Contains(HasSubstr("step 4/4")));
}

TEST_F(SmallRun, StopsWhenTheJobSaysSoAndLeavesEverything) {
  StopSource source;
  job_.stop = source.token();
  job_.message = [&](const std::string& line) {
    if (line.find("steps of") != std::string::npos) source.request();
  };
  auto report = train(document_, {}, job_);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "model" / "model.safetensors"));
  source.clear();
  auto resumed = train(document_, {.resume = true, .trace = {}}, job_);
  ASSERT_FALSE(resumed.ok());
  job_.message = {};
  source.clear();
  EXPECT_TRUE(train(document_, {.resume = true, .trace = {}}, job_).ok());
}

TEST_F(SmallRun, AFileInItsFolderStopsARun) {
  const Path stop = folder_ / "run" / kStopFile;
  ASSERT_TRUE(make_folder(folder_ / "run").ok());
  ASSERT_TRUE(write_file(stop, "").ok());
  job_.message = [&](const std::string& line) {
    if (line.find("steps of") == std::string::npos) return;
    EXPECT_FALSE(malmoi::exists(stop)) << "one that was left from before stops nobody";
    EXPECT_TRUE(write_file(stop, "").ok());
  };
  auto report = train(document_, {}, job_);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(report.error().to_string(), HasSubstr("after step 1"));
  EXPECT_FALSE(malmoi::exists(stop));
  const auto begun = read_json((folder_ / "run" / kBegunFile).string());
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ((*begun)["steps"], 4);
  EXPECT_EQ((*begun)["tokens_per_step"], 32);
  job_.message = {};
  auto resumed = train(document_, {.resume = true, .trace = {}}, job_);
  ASSERT_TRUE(resumed.ok()) << resumed.error().to_string();
  EXPECT_EQ(resumed->steps, 4);
}

TEST_F(SmallRun, AStopWhoseCheckpointCannotBeWrittenIsNoMereStop) {
  StopSource source;
  std::optional<train::FullDisk> full;
  job_.stop = source.token();
  job_.message = [&](const std::string& line) {
    if (line.find("steps of") == std::string::npos) return;
    source.request();
    full.emplace(40'000);  // a model of these sizes fits, a checkpoint does not
  };
  auto report = train(document_, {}, job_);
  full.reset();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(report.error().to_string(),
              AllOf(HasSubstr("checkpoint could not be written"), HasSubstr("its weights are in model"),
                    HasSubstr("from the beginning")));
  EXPECT_TRUE(malmoi::exists(folder_ / "run" / "model" / "model.safetensors"));
}

TEST_F(SmallRun, FrozenWeightsAreExportedAsTheyBegan) {
  document_.root["train"]["freeze"] = {"model.embed_tokens.*"};
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  document_.root["out"] = (folder_ / "again").string();
  document_.root["model"] = {{"init_from", (folder_ / "run" / "model").string()}};
  document_.root["train"]["dtype"] = "bf16";  // what products read of it is rounded
  document_.root.erase("tokenizer");
  ASSERT_TRUE(train(document_, {}, job_).ok());
  auto weights = [&](const char* run) {
    return formats::Safetensors::open(folder_ / run / "model" / "model.safetensors");
  };
  auto first = weights("run"), second = weights("again");
  auto same = [&](const char* name) {
    auto a = first->find(name)->bytes, b = second->find(name)->bytes;
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  EXPECT_TRUE(same("model.embed_tokens.weight"));
  EXPECT_FALSE(same("model.norm.weight"));
  document_.root["train"]["freeze"] = {"nothing.like.it"};
  document_.root["out"] = (folder_ / "other").string();
  EXPECT_THAT(train(document_, {}, job_).error().to_string(), HasSubstr("fits no weight"));
}

TEST_F(SmallRun, AModelThatIsNotFiniteIsNotWritten) {
  auto folder = RunFolder::open(folder_ / "export", {}, false);
  ASSERT_TRUE(folder.ok());
  auto model = infer::tiny_model();
  ModelExport exports(*folder, *model, nullptr, DType::kF32);
  ASSERT_TRUE(exports.write("model").ok());
  const std::string before = *read_file(folder_ / "export" / "model" / "model.safetensors");
  model->parameters.entries().back()->parameter.master.as<float>()[1] = INFINITY;
  Status refused = exports.write("model");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(),
              AllOf(HasSubstr("export/model"), HasSubstr("not finite"), HasSubstr("--resume")));
  EXPECT_EQ(*read_file(folder_ / "export" / "model" / "model.safetensors"), before);
}

TEST_F(SmallRun, DamagedNumbersOfAnEarlierCallAreNoException) {
  ASSERT_TRUE(train(document_, {}, job_).ok());
  const Path run = folder_ / "run";
  document_.root["train"]["steps"] = 6;
  Json prepared = *read_json((run / "data" / "prepared.json").string());
  prepared["valid_tokens"] = "many";
  ASSERT_TRUE(write_file(run / "data" / "prepared.json", dump_json(prepared)).ok());
  for (const char* file : {"samples.jsonl", "metrics.jsonl"})
    ASSERT_TRUE(write_file(run / file, *read_file(run / file) + "{\"step\": {}}\n{\"step\": \"x\"}\n\xff\n").ok());
  auto report = train(document_, {.resume = true, .trace = {}}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->steps, 6);
  EXPECT_THAT(*read_file(run / "samples.jsonl"), AllOf(HasSubstr("\"step\":6"), Not(HasSubstr("{}"))));
}

TEST_F(SmallRun, WhatLeavesNothingHeldOutIsSaid) {
  const Path texts = folder_ / "three.jsonl";
  std::string lines;
  for (const char* text : {"one one one one one one one", "two two two two two two", "three three three three"})
    lines += dump_json(Json{{"text", text}}) + "\n";
  ASSERT_TRUE(write_file(texts, lines).ok());
  document_.root["data"] = {{"train", {texts.string()}}, {"valid_fraction", 1e-6}, {"sequence_length", 16}};
  job_.warn = job_.message;
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(messages_, Contains(HasSubstr("none of the 3 documents is held out")));
  document_.root["train"]["early_stopping"] = {{"patience", 2}};
  document_.root["out"] = (folder_ / "other").string();
  auto refused = train(document_, {}, job_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), AllOf(HasSubstr("early stopping"), HasSubstr("valid_fraction")));
}

TEST_F(SmallRun, WhatTheVocabularyHasNotLowersNoBitsAByte) {
  // The last fifth has characters that the training part has not: they are no tokens, so their bytes do not count.
  std::string text(450, 'a');
  for (int i = 0; i < 50; ++i) text += "한a";
  ASSERT_TRUE(write_file(folder_ / "text.txt", text).ok());
  document_.root["data"]["valid_fraction"] = 0.2;
  job_.warn = job_.message;
  ASSERT_TRUE(train(document_, {}, job_).ok());
  const Json prepared = *read_json((folder_ / "run" / "data" / "prepared.json").string());
  EXPECT_EQ(prepared["valid_bytes"], prepared["valid_tokens"]) << "one byte a token";
  EXPECT_THAT(messages_, Contains(HasSubstr("characters of the held-out text are not in")));
}

TEST_F(SmallRun, AnEpochIsReadOnceWhateverTheBatch) {
  document_.root["train"] = {{"batch_size", 5}, {"epochs", 1}, {"dtype", "f32"}};
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  int64_t read = 0;
  std::istringstream metrics(*read_file(folder_ / "run" / "metrics.jsonl"));
  for (std::string line; std::getline(metrics, line);) read += (*parse_json(line, ""))["tokens"].get<int64_t>();
  EXPECT_EQ(read, 89 * 16) << "of 1440 characters, the last step takes four";
  EXPECT_EQ(report->steps, 18);
}

TEST_F(SmallRun, ATextIsReadAsStreamsByWhatCarriesAState) {
  document_.root["data"]["order"] = "streams";
  auto refused = train(document_, {}, job_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), AllOf(HasSubstr("data.order"), HasSubstr("llama"), HasSubstr("lstm")));
  document_.root["model"] = {{"architecture", "lstm"}, {"hidden_size", 16}, {"num_layers", 1}, {"dropout", 0.1}};
  document_.root["train"] = {{"batch_size", 3}, {"epochs", 0.1}, {"dtype", "f32"}};
  document_.root["out"] = (folder_ / "lstm").string();
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->steps, 3) << "1439 characters are 29 steps of three rows";
  EXPECT_TRUE(report->best.has_value());
  EXPECT_TRUE(plan(document_).ok());
  document_.root["data"]["split_documents"] = true;
  EXPECT_THAT(train(document_, {}, job_).error().to_string(), HasSubstr("split_documents"));
  document_.root["data"] = {{"format", "arrays"}, {"train", {folder_.string()}}, {"order", "streams"}};
  document_.root["objective"] = {{"name", "classification"}};
  EXPECT_THAT(train(document_, {}, job_).error().to_string(), HasSubstr("order"));
}

TEST_F(SmallRun, TheConfigSaysWhatTextsBeginAndEndWith) {
  const Path tokenizer = folder_ / "tokenizer";
  ASSERT_TRUE(make_folder(tokenizer).ok());
  ASSERT_TRUE(write_file(tokenizer / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  document_.root["tokenizer"] = tokenizer.string();
  ASSERT_TRUE(train(document_, {}, job_).ok());
  Json config = *read_json((folder_ / "run" / "model" / "config.json").string());
  EXPECT_EQ(config["bos_token_id"], infer::kTinyEnd) << "without one, a document begins after the end of another";
  EXPECT_EQ(config["eos_token_id"], infer::kTinyEnd);
}

TEST(Objectives, AClassifierIsTrainedFromArrays) {
  Path folder = test_folder("classifier");
  std::vector<int32_t> ids, mask(8 * 6, 1), labels;
  for (int32_t row = 0; row < 8; ++row) {
    for (int32_t t = 0; t < 6; ++t) ids.push_back(1 + (row * 7 + t * 3) % 19);
    labels.push_back(row % 3);
  }
  ASSERT_TRUE(formats::write_npy(folder / "ids.npy", {8, 6}, ids).ok());
  ASSERT_TRUE(formats::write_npy(folder / "mask.npy", {8, 6}, mask).ok());
  ASSERT_TRUE(formats::write_npy(folder / "labels.npy", {8}, labels).ok());
  ConfigDocument document;
  document.root = {
      {"objective", {{"name", "classification"}}},
      {"model",
       {{"architecture", "bert"},
        {"hidden_size", 16},
        {"num_hidden_layers", 1},
        {"num_attention_heads", 2},
        {"vocab_size", 20},
        {"num_labels", 3}}},
      {"data", {{"format", "arrays"}, {"train", {folder.string()}}, {"valid", {folder.string()}}}},
      {"train", {{"batch_size", 4}, {"steps", 6}, {"eval_every", 3}, {"dtype", "f32"}, {"ema_decay", 0.5}}},
      {"out", (folder / "run").string()}};
  auto report = train(document, {}, {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->train_tokens, 48u);
  EXPECT_GT(report->flops_per_token, 0);
  std::string metrics = *read_file(folder / "run" / "metrics.jsonl");
  EXPECT_THAT(metrics, AllOf(HasSubstr("\"accuracy\":"), HasSubstr("\"valid_accuracy\":")));
  Json config = *read_json((folder / "run" / "model" / "config.json").string());
  EXPECT_EQ(config["architectures"][0], "BertForSequenceClassification");
  EXPECT_TRUE(plan(document).ok());

  document.root["model"]["max_position_embeddings"] = 6;
  for (std::vector<int32_t>* values : {&ids, &mask}) {
    for (size_t row = 0; row < 8; ++row)
      values->insert(values->begin() + static_cast<std::ptrdiff_t>(row * 9 + 6), 3, 0);
  }
  ASSERT_TRUE(formats::write_npy(folder / "ids.npy", {8, 9}, ids).ok());
  ASSERT_TRUE(formats::write_npy(folder / "mask.npy", {8, 9}, mask).ok());
  document.root["out"] = (folder / "padded").string();
  report = train(document, {}, {});
  ASSERT_TRUE(report.ok()) << "longer than the positions by padding alone: " << report.error().to_string();
  EXPECT_EQ(report->train_tokens, 48u);

  document.root["model"]["architecture"] = "mamba";
  document.root["out"] = (folder / "other").string();
  EXPECT_THAT(train(document, {}, {}).error().to_string(), HasSubstr("no head for this task"));
}

TEST(Objectives, EveryFamilyTakesTheSharedNamesOfSizes) {
  for (const train::ObjectiveEntry* objective : train::objective_table()) {
    for (const model::Family* family : model::family_table()) {
      if (!model::has_head(*family, objective->task)) continue;
      train::TrainConfig config;
      config.objective.name = objective->name;
      config.precision = Precision::kF32;
      config.data.sequence_length = 24;
      config.model = {{"architecture", family->model_type},
                      {"vocab_size", 20},
                      {"hidden_size", 16},
                      {"num_hidden_layers", 1},
                      {"num_attention_heads", 2}};
      auto model = describe_model({}, config, nullptr);
      ASSERT_TRUE(model.ok()) << model.error().to_string();
      EXPECT_GE((*model)->max_positions(), 24) << family->model_type;
    }
  }
}

}  // namespace
}  // namespace malmoi::app
