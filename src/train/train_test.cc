// Tests of train/: configuration, spikes, checkpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "train/checkpoint.h"
#include "train/config.h"
#include "train/run_state.h"
#include "train/spike_watch.h"

namespace malmoi::train {
namespace {

using testing::AllOf;
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

// docs/training.md shows every key with its default: left out, all but the model, the data, the length and the place change
// nothing.
TEST(Config, TheDocumentsShowTheDefaults) {
  const std::string document = *read_file(Path(MALMOI_TEST_DATA) / ".." / ".." / "docs" / "training.md");
  const std::string fence = "```yaml\n";
  const size_t begin = document.find(fence) + fence.size(), end = document.find("```", begin);
  const std::string yaml = document.substr(begin, end - begin);
  auto shown = parse_config(yaml, "training.md");
  ASSERT_TRUE(shown.ok()) << shown.error().to_string();
  ConfigDocument least;
  for (const char* key : {"model", "tokenizer", "out"}) least.root[key] = shown->root[key];
  least.root["data"]["train"] = shown->root["data"]["train"];
  least.root["train"]["steps"] = shown->root["train"]["steps"];
  auto all = parse_train_config(*shown), few = parse_train_config(least);
  ASSERT_TRUE(all.ok()) << all.error().to_string();
  ASSERT_TRUE(few.ok()) << few.error().to_string();
  EXPECT_EQ(*all, *few);
}

TEST(Config, ARunIsAsLongAsOneOfThreeSays) {
  auto message = [](const std::string& train) {
    auto c = parse(kSmall + "train: {" + train + "}\n");
    return c.ok() ? std::string("accepted") : c.error().to_string();
  };
  EXPECT_THAT(message("steps: auto"), HasSubstr("give minutes"));
  EXPECT_THAT(message("minutes: 5, steps: 7"), HasSubstr("stands beside steps"));
  EXPECT_THAT(message("minutes: 5, epochs: 1"), HasSubstr("give one of them"));
  EXPECT_THAT(message("batch_size: 2"), HasSubstr("steps, epochs or minutes"));
  for (const char* train : {"minutes: 5", "minutes: 5, steps: auto"}) {
    auto c = parse(kSmall + "train: {" + std::string(train) + "}\n");
    ASSERT_TRUE(c.ok()) << c.error().to_string();
    EXPECT_EQ(c->minutes, 5);
    EXPECT_EQ(c->steps, 0);
    EXPECT_TRUE(c->eval_by_share);
  }
  EXPECT_FALSE(parse(kSmall + "train: {minutes: 5, eval_every: 20}\n")->eval_by_share);
}

TEST(Config, TheClockSavesWhereNoStepsAreGiven) {
  EXPECT_EQ(parse(kSmall + "train: {steps: 5}\n")->save_minutes, 1);
  EXPECT_EQ(parse(kSmall + "train: {steps: 5, save_every: 2}\n")->save_minutes, 0);
  EXPECT_EQ(parse(kSmall + "train: {steps: 5, save_every: 2, save_minutes: 3}\n")->save_minutes, 3);
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
  EXPECT_THAT(message(kSmall + "train: {steps: 5, optimizer: {name: lion, eps: 1e-8}}\n"), HasSubstr("'eps'"));
  EXPECT_THAT(message(kSmall + "train: {steps: 5, optimizer: {name: adamw, momentum: 0.9}}\n"),
              HasSubstr("'momentum'"));
  EXPECT_THAT(message(kSmall + "train: {steps: 5, optimizer: {name: muon}}\n"), HasSubstr("adamw_lr"));
  EXPECT_THAT(message(kSmall + "train: {steps: 5, optimizer: {name: adamw, eps: 0}}\n"), HasSubstr("optimizer.eps"));
  EXPECT_EQ(message(kSmall + "train: {steps: 5, optimizer: {name: adamw, eps: 1e-30}}\n"), "accepted");
  EXPECT_THAT(message(kSmall + "objective: {name: classification}\ntrain: {steps: 5}\n"),
              HasSubstr("use arrays or table"));
  EXPECT_THAT(message(kSmall + "objective: {name: causal_lm, gamma: 1}\ntrain: {steps: 5}\n"), HasSubstr("'gamma'"));
  const std::string rows =
      "model: {architecture: electra}\nout: o\ntrain: {steps: 5}\ndata: {train: [x], format: arrays}\n";
  const std::map<std::string_view, std::string> values = {{"whole_words", "true"}, {"mean_span", "2"}, {"random", "0"}};
  for (const char* name : {"masked_lm", "replaced_token", "span_corruption"}) {
    const std::string objective = std::string("objective: {name: ") + name;
    EXPECT_EQ(message(rows + objective + "}\n"), "accepted");
    ASSERT_FALSE(objective_entry(name).flat_options.empty());
    for (std::string_view option : objective_entry(name).flat_options) {
      const std::string value = values.contains(option) ? values.at(option) : "0.1";
      EXPECT_THAT(message(rows + objective + ", " + std::string(option) + ": " + value + "}\n"),
                  AllOf(HasSubstr("objective." + std::string(option)), HasSubstr("rows made ready")));
    }
  }
  EXPECT_THAT(message(kSmall + "train: {steps: 5, early_stopping: {patience: 2}}\n"), HasSubstr("eval_every"));
  EXPECT_THAT(message("tokenizer: t\ndata: {train: [x]}\nout: o\ntrain: {steps: 1}\n"), HasSubstr("model"));
  EXPECT_THAT(message("work: w\nstages: []\n"), HasSubstr("malmoi run"));
  EXPECT_EQ(parse(kSmall + "train: {steps: 5, batch_size: 4, global_batch: 12}\n")->gradient_accumulation, 3);
  EXPECT_EQ(*parse_bytes("1.5GiB", ""), 1610612736);
  EXPECT_FALSE(parse_bytes("lots", "").ok());
}

TEST(Config, EveryObjectiveAndOptimiserIsReadByName) {
  for (const ObjectiveEntry* entry : objective_table()) {
    std::string format = entry->flat ? "text" : "arrays";
    const std::string needed = entry->name == "grpo"           ? ", group: 8"
                               : entry->name == "distillation" ? ", teacher: t"
                                                               : "";
    auto c = parse("model: {architecture: llama}\ntokenizer: t\nout: o\ntrain: {steps: 5}\nobjective: {name: " +
                   std::string(entry->name) + needed + "}\ndata: {train: [x], format: " + format + "}\n");
    ASSERT_TRUE(c.ok()) << c.error().to_string();
    EXPECT_EQ(c->objective.name, entry->name);
  }
  for (const OptimizerEntry* entry : optimizer_table()) {
    auto c = parse(kSmall + "train: {steps: 5, optimizer: {name: " + std::string(entry->name) +
                   (entry->name == "muon" ? ", adamw_lr: 1e-3" : "") + "}}\n");
    ASSERT_TRUE(c.ok()) << c.error().to_string();
    EXPECT_EQ(c->optimizer.lr, entry->default_lr);
  }
  auto c = parse(kSmall + "train: {steps: 5, optimizer: {name: sgd}, freeze: ['*embed*']}\n");
  EXPECT_EQ(c->optimizer.momentum, 0);
  EXPECT_EQ(c->optimizer.weight_decay, 0);
  EXPECT_EQ(c->freeze, (std::vector<std::string>{"*embed*"}));
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
  const Json state = to_json(RunState{.spikes = watch.state()});
  resumed.restore(read_run_state(*parse_json(dump_json(state), "state"), "state")->spikes);
  watch.add(3, 0.25), resumed.add(3, 0.25);
  EXPECT_EQ(watch.limits().loss, resumed.limits().loss);
  EXPECT_LT(watch.limits().loss, 5);
}

TEST(RunState, EachFieldThatIsNoneIsNamed) {
  auto told = [](const std::string& fields) {
    auto read = read_run_state(*parse_json("{" + fields + "}", ""), "state.json");
    return read.ok() ? "accepted" : read.error().to_string();
  };
  EXPECT_EQ(told(R"("step": 3, "seed": 1, "last_loss": null, "spike_watch": {"steps": 2})"), "accepted");
  EXPECT_THAT(told(""), HasSubstr("step: is missing"));
  for (const char* field :
       {R"("step": "3")", R"("step": -1)", R"("step": 1e300)", R"("step": 2.5)", R"("step": null)",
        R"("step": 3, "updates": [])", R"("step": 3, "best_step": -2)", R"("step": 3, "best_valid_loss": "low")",
        R"("step": 3, "stopped_early": 1)", R"("step": 3, "last_loss": {})", R"("step": 3, "spike_watch": 4)",
        R"("step": 3, "spike_watch": {"loss": "x"})", R"("step": 3, "bad_steps": 18446744073709551615)"})
    EXPECT_THAT(told(field), AllOf(HasSubstr("state.json"), HasSubstr("remove its folder"))) << field;
  EXPECT_FALSE(read_run_state(Json::array(), "state.json").ok());
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
  ASSERT_TRUE(state.ok() && state->has_value());
  EXPECT_EQ((*state)->state["step"], 1);
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
