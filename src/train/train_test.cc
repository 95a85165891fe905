// Tests of train/: configuration, schedules, optimisers, data order, checkpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>

#include "base/rng.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/optimizer.h"
#include "train/schedule.h"
#include "train/spike_watch.h"
#include "train/token_data.h"

namespace malmoi::train {
namespace {

using testing::HasSubstr;

Result<TrainConfig> parse(const std::string& yaml) {
  auto document = parse_config(yaml, "c.yaml");
  EXPECT_TRUE(document.ok());
  return parse_train_config(*document);
}

const std::string kSmall = "model: {architecture: llama}\ntokenizer: t\ndata: {train: [x]}\nout: o\n";

TEST(Config, DefaultsAreThoseOfTheContract) {
  auto c = parse(kSmall + "train: {steps: 5}\n");
  ASSERT_TRUE(c.ok()) << c.error().to_string();
  EXPECT_EQ(c->precision, Precision::kBF16);
  EXPECT_EQ(c->optimizer.beta2, 0.95);
  EXPECT_EQ(c->optimizer.weight_decay, 0.1);
  EXPECT_EQ(c->grad_clip, 1.0);
  EXPECT_EQ(c->gradient_accumulation, 1);
  EXPECT_TRUE(c->data.shuffled);
}

TEST(Config, EachMistakeIsNamed) {
  auto message = [](const std::string& yaml) {
    auto c = parse(yaml);
    return c.ok() ? std::string("accepted") : c.error().to_string();
  };
  EXPECT_THAT(message(kSmall + "train: {stepz: 5}\n"), HasSubstr("did you mean 'steps'"));
  EXPECT_THAT(message(kSmall + "train: {steps: 5, epochs: 1}\n"), HasSubstr("stands beside epochs"));
  EXPECT_THAT(message(kSmall + "train: {steps: 5, batch_size: 4, global_batch: 6}\n"),
              HasSubstr("multiple of batch_size"));
  EXPECT_THAT(message(kSmall + "train: {steps: 5, optimizer: {name: adam}}\n"), HasSubstr("adamw"));
  EXPECT_THAT(message(kSmall + "train: {steps: 5, early_stopping: {patience: 2}}\n"), HasSubstr("eval_every"));
  EXPECT_THAT(message("tokenizer: t\ndata: {train: [x]}\nout: o\ntrain: {steps: 1}\n"), HasSubstr("model"));
  EXPECT_THAT(message("work: w\nstages: []\n"), HasSubstr("malmoi run"));
  EXPECT_EQ(parse(kSmall + "train: {steps: 5, batch_size: 4, global_batch: 12}\n")->gradient_accumulation, 3);
  EXPECT_EQ(*parse_bytes("1.5GiB", ""), 1610612736);
  EXPECT_FALSE(parse_bytes("lots", "").ok());
}

TEST(SpikeWatch, LimitsFollowTheAppliedSteps) {
  SpikeWatch watch(10), off(0);
  for (int i = 0; i < 19; ++i) watch.add(4, 0.5), off.add(4, 0.5);
  EXPECT_EQ(watch.limits().loss, INFINITY) << "too few steps to judge by";
  watch.add(4, 0.5), off.add(4, 0.5);
  EXPECT_NEAR(watch.limits().loss, 5, 1e-12);
  EXPECT_NEAR(watch.limits().grad_norm, 5, 1e-12);
  EXPECT_EQ(off.limits().grad_norm, INFINITY);
  SpikeWatch resumed(10);
  resumed.restore(*parse_json(dump_json(watch.state()), "state"));
  watch.add(3, 0.25), resumed.add(3, 0.25);
  EXPECT_EQ(watch.limits().loss, resumed.limits().loss);
  EXPECT_LT(watch.limits().loss, 5);
}

TEST(Schedules, KnownValuesOfEveryEntry) {
  ScheduleArgs a{.lr = 1, .min_lr = 0.1, .warmup_steps = 10, .steps = 110, .decay_steps = 20};
  for (const ScheduleEntry& entry : schedule_table()) {
    EXPECT_DOUBLE_EQ(learning_rate(entry.name, a, 0), 0.1) << entry.name;
    EXPECT_DOUBLE_EQ(learning_rate(entry.name, a, 9), 1.0) << entry.name;
  }
  EXPECT_DOUBLE_EQ(learning_rate("cosine", a, 60), 0.55);
  EXPECT_DOUBLE_EQ(learning_rate("linear", a, 60), 0.55);
  EXPECT_DOUBLE_EQ(learning_rate("constant", a, 109), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate("wsd", a, 90), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate("wsd", a, 100), 0.55);
  EXPECT_DOUBLE_EQ(learning_rate("inverse_sqrt", a, 39), 0.5);
}

// One matrix and one vector, with given gradients.
struct Toy {
  std::vector<std::unique_ptr<Parameter>> parameters;
  Toy() {
    for (Shape shape : {Shape{4, 6}, Shape{5}}) {
      auto p = std::make_unique<Parameter>();
      p->name = shape.rank() == 2 ? "w" : "b";
      p->shape = shape;
      p->master = p->compute = Tensor::zeros(DType::kF32, shape);
      p->grad = Tensor::zeros(DType::kF32, shape);
      p->decay = shape.rank() == 2;
      Rng rng(3);
      for (int64_t i = 0; i < shape.elements(); ++i) {
        p->master.as<float>()[i] = static_cast<float>(rng.normal());
        p->grad.as<float>()[i] = static_cast<float>(rng.normal());
      }
      parameters.push_back(std::move(p));
    }
  }
  std::vector<Parameter*> pointers() {
    std::vector<Parameter*> list;
    for (auto& p : parameters) list.push_back(p.get());
    return list;
  }
};

TEST(Optimizers, EveryEntryMovesAgainstTheGradientAndKeepsItsState) {
  for (const OptimizerEntry& entry : optimizer_table()) {
    Toy toy;
    OptimizerConfig config{.lr = 0.01, .weight_decay = 0};
    auto optimizer = entry.make(config, toy.pointers());
    double before = 0, after = 0;  // the linear loss <grad, parameter>
    for (auto& p : toy.parameters)
      for (int64_t i = 0; i < p->shape.elements(); ++i) before += p->master.as<float>()[i] * p->grad.as<float>()[i];
    optimizer->update({.update = 1, .lr = 0.01});
    for (auto& p : toy.parameters)
      for (int64_t i = 0; i < p->shape.elements(); ++i) after += p->master.as<float>()[i] * p->grad.as<float>()[i];
    EXPECT_LT(after, before) << entry.name;
    std::set<std::string> names;
    for (const StateTensor& s : optimizer->state()) names.insert(s.name);
    EXPECT_EQ(names.size(), optimizer->state().size()) << entry.name << ": state names are unique";
    EXPECT_FALSE(names.empty());
  }
}

TEST(Optimizers, LionAndSgdFollowTheirFormulas) {
  Toy toy;
  float p = toy.parameters[0]->master.as<float>()[1], g = toy.parameters[0]->grad.as<float>()[1];
  make_lion({.beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0.5}, toy.pointers())->update({.lr = 0.1});
  EXPECT_FLOAT_EQ(toy.parameters[0]->master.as<float>()[1], p - 0.1f * ((g > 0 ? 1.f : -1.f) + 0.5f * p));
  Toy other;
  auto sgd = make_sgd({.weight_decay = 0, .momentum = 0.5, .nesterov = false}, other.pointers());
  sgd->update({.lr = 0.1});
  sgd->update({.lr = 0.1});
  EXPECT_NEAR(other.parameters[0]->master.as<float>()[1], p - 0.1f * g - 0.1f * 1.5f * g, 1e-6);
}

TEST(Optimizers, MuonsUpdateOfAMatrixIsNearlyOrthogonal) {
  Toy toy;
  std::vector<float> before(toy.parameters[0]->master.as<float>(), toy.parameters[0]->master.as<float>() + 24);
  make_muon({.lr = 1, .weight_decay = 0, .momentum = 0.95, .nesterov = true}, toy.pointers())->update({.lr = 1});
  // The update U = before - after has singular values near one: U U^T is near the identity, to Muon's loose constants.
  double u[4][6];
  for (int i = 0; i < 24; ++i)
    u[i / 6][i % 6] = before[static_cast<size_t>(i)] - toy.parameters[0]->master.as<float>()[i];
  double trace = 0;
  for (auto& row : u)
    for (double x : row) trace += x * x;
  EXPECT_GT(trace, 4 * 0.4);
  EXPECT_LT(trace, 4 * 1.5);
}

data::TokenFile token_file(const std::string& name, int n) {
  Path path = Path(testing::TempDir()) / name;
  std::ofstream out(path, std::ios::binary);
  for (int i = 0; i < n; ++i) {
    auto id = static_cast<uint16_t>(i % 1000);
    out.write(reinterpret_cast<const char*>(&id), 2);
  }
  out.close();
  return std::move(*data::TokenFile::open(path, data::TokenType::kU16, 1000));
}

TokenData token_data(const std::string& name, int n, const TokenDataOptions& options) {
  std::vector<data::TokenFile> files;
  files.push_back(token_file(name, n));
  return std::move(*TokenData::open(std::move(files), {}, options));
}

TEST(Data, PermutationsArePermutationsAndDifferByEpoch) {
  for (uint64_t n : {1u, 2u, 3u, 5u, 64u, 1000u}) {
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < n; ++i) seen.insert(permute(i, n, 7, 0));
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
  int same = 0;
  for (uint64_t i = 0; i < 1000; ++i) same += permute(i, 1000, 7, 0) == permute(i, 1000, 7, 1);
  EXPECT_LT(same, 20);
}

TEST(Data, SequentialRowsAreTheContracts) {
  TokenData data = token_data("seq.bin", 101, {.sequence_length = 10, .shuffled = false});
  EXPECT_EQ(data.windows(), 10u);
  MicroBatch micro;
  data.append(3, micro);
  EXPECT_EQ(micro.batch.batch().ids[0], 30);
  EXPECT_EQ(micro.targets[9], 40);
  micro.clear();
  data.append(10, micro);
  EXPECT_EQ(micro.batch.batch().ids[0], 0) << "around again";
}

TEST(Data, EveryEpochVisitsEveryWindowOnce) {
  TokenData data = token_data("shuffled.bin", 905, {.sequence_length = 10, .shuffled = true});
  std::set<int32_t> first, second;
  MicroBatch micro;
  for (uint64_t i = 0; i < 2 * data.windows(); ++i) {
    micro.clear();
    data.append(i, micro);
    (i < data.windows() ? first : second).insert(micro.batch.batch().ids[0]);
  }
  EXPECT_EQ(first.size(), data.windows());
  EXPECT_EQ(second.size(), data.windows());
  EXPECT_NE(first, second) << "a later epoch begins at another offset";
}

// Documents of these lengths; ids count on over all of them.
data::TokenFile documents_file(const std::string& name, const std::vector<int>& lengths) {
  Path path = Path(testing::TempDir()) / name;
  data::TokenWriter writer = std::move(*data::TokenWriter::create(path, 1000));
  int32_t id = 0;
  for (int length : lengths) {
    std::vector<int32_t> ids;
    while (static_cast<int>(ids.size()) < length) ids.push_back(id++);
    EXPECT_TRUE(writer.add(ids).ok());
  }
  EXPECT_TRUE(writer.commit().ok());
  return std::move(*data::TokenFile::open(path));
}

std::vector<int64_t> run_begins(const TokenData& data, uint64_t n) {
  MicroBatch micro;
  data.append(n, micro);
  std::vector<int64_t> begins;
  for (const auto& run : micro.batch.runs()) begins.push_back(run.begin);
  return begins;
}

TEST(Data, DocumentsDoNotSeeEachOther) {
  std::vector<data::TokenFile> files;
  files.push_back(documents_file("documents.bin", {14, 0, 6, 5}));
  files.push_back(token_file("raw.bin", 7));  // without document ends
  files.push_back(documents_file("more.bin", {4, 5}));
  TokenData data = std::move(
      *TokenData::open(std::move(files), {}, {.sequence_length = 10, .shuffled = false, .split_documents = true}));
  EXPECT_EQ(run_begins(data, 0), (std::vector<int64_t>{0}));
  EXPECT_EQ(run_begins(data, 1), (std::vector<int64_t>{0, 4})) << "a document that ends with the window cuts nothing";
  EXPECT_EQ(run_begins(data, 2), (std::vector<int64_t>{0, 5})) << "behind the last document another file begins";
  EXPECT_EQ(run_begins(data, 3), (std::vector<int64_t>{0, 6})) << "a file without document ends is not cut off";
  MicroBatch micro;
  data.append(1, micro);  // ids 10..19
  EXPECT_EQ(micro.batch.batch().positions[4], 0);
  EXPECT_EQ(micro.targets[3], 14) << "the first id of a document is predicted from the end of the one before";
}

TEST(Data, DocumentsRunIntoOneAnotherUnlessTheyAreSplit) {
  std::vector<data::TokenFile> files;
  files.push_back(documents_file("joined.bin", {14, 16}));
  TokenData data = std::move(*TokenData::open(std::move(files), {}, {.sequence_length = 10, .shuffled = false}));
  EXPECT_EQ(run_begins(data, 1), (std::vector<int64_t>{0}));
}

TEST(Checkpoints, ADamagedOneIsPassedOverForTheOneBefore) {
  Path folder = Path(testing::TempDir()) / "checkpoints_test";
  std::filesystem::remove_all(folder);
  CheckpointStore store(folder);
  Tensor t = Tensor::zeros(DType::kF32, {3});
  t.as<float>()[0] = 1;
  ASSERT_TRUE(store.save(1, {{"t", t}}, {{"step", 1}, {"model", "m"}}, 3).ok());
  t.as<float>()[0] = 2;
  ASSERT_TRUE(store.save(2, {{"t", t}}, {{"step", 2}, {"model", "m"}}, 3).ok());
  std::fstream(store.path_of(2) / "tensors.safetensors", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(-1, std::ios::end)
      .put('x');
  std::string warning;
  auto state = store.load_newest({{"t", t}}, "m", [&](const std::string& text) { warning = text; });
  ASSERT_TRUE(state.ok());
  EXPECT_EQ((*state)["step"], 1);
  EXPECT_EQ(t.as<float>()[0], 1);
  EXPECT_THAT(warning, HasSubstr("checksum"));
  auto other = store.load_newest({{"t", t}}, "another", [](const std::string&) {});
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().to_string(), HasSubstr("another model"));
  for (int64_t step = 3; step < 9; ++step)
    ASSERT_TRUE(store.save(step, {{"t", t}}, {{"step", step}, {"model", "m"}}, 3).ok());
  EXPECT_EQ(store.steps(), (std::vector<int64_t>{6, 7, 8}));
}

}  // namespace
}  // namespace malmoi::train
