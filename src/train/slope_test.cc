// The gradient of every objective and family against the slope of its loss, in f64 on the scalar oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "autograd/tape.h"
#include "kernels/kernels.h"
#include "train/tiny_models.h"

namespace malmoi::train {
using autograd::Parameter;
namespace {

// Of every number of a parameter along its direction. Losses are told in f32, whose rounding a small step measures too; a
// large one crosses kinks (ReLU, a router's choice). One of them must fit: a wrong gradient fits none.
constexpr double kSteps[] = {4e-3, 5e-4, 6e-5};

// A model whose parameters and gradients are f64.
class Oracle {
 public:
  Oracle(const ObjectiveEntry& entry, std::string_view family, const Json& more = Json::object(),
         const ObjectiveConfig& options = {})
      : model_(tiny_model(family, entry.task, more)), frozen_(tiny_model(family, entry.task, more)) {
    model_->router_balance = 1;  // large enough to be seen beside the objective's loss, where there are routers
    fill(*model_, 1);
    fill(*frozen_, 1000);
    objective_ = entry.make(options, {.model = frozen_.get()});
    examples_ = random_examples(entry, *model_, 3, 6);
    context_.arena = &arena_;
    context_.pool = &pool_;
    context_.stream = &stream_;
    context_.backend = &kernels::reference_backend();
    context_.tape = &tape_;
    context_.dtype = DType::kF64;
  }
  // Leaves the gradients in the parameters.
  LossSums step() {
    for (auto& e : model_->parameters.entries()) e->parameter.grad_ready = false;
    LossSums sums = objective_->accumulate(context_, *model_, examples_, objective_->count(examples_));
    tape_.clear();
    EXPECT_TRUE(stream_.sync().ok());
    EXPECT_EQ(context_.balance, nullptr);
    return sums;
  }
  double loss() { return step().loss; }
  // What is told by a name; NaN: nothing is.
  double figure(std::string_view name) {
    const LossSums sums = step();
    const auto found = std::ranges::find(sums.figures, name, &Figure::name);
    return found == sums.figures.end() ? NAN : found->value;
  }
  std::vector<double> gradients() const {
    std::vector<double> all;
    for (const auto& e : model_->parameters.entries()) {
      const double* g = e->parameter.grad.as<double>();
      all.insert(all.end(), g, g + e->spec.shape.elements());
    }
    return all;
  }
  void measure_only() { context_.tape = nullptr; }
  model::Model& model() { return *model_; }

 private:
  static void fill(model::Model& model, uint64_t seed) {
    for (auto& e : model.parameters.entries()) {
      Parameter& p = e->parameter;
      p.master = Tensor::zeros(DType::kF32, p.shape);
      model.parameters.initialize(*e, 7);
      p.compute = Tensor::zeros(DType::kF64, p.shape);
      p.grad = Tensor::zeros(DType::kF64, p.shape);
      Rng rng(seed++);
      // Away from the symmetric start, where gradients are small or zero.
      for (int64_t i = 0; i < p.shape.elements(); ++i)
        p.compute.as<double>()[i] = static_cast<double>(p.master.as<float>()[i]) + 0.2 * rng.normal();
    }
  }

  std::unique_ptr<model::Model> model_;
  std::unique_ptr<model::Model> frozen_;  // what an objective asks beside it
  std::unique_ptr<Objective> objective_;
  Examples examples_;
  Arena arena_ = std::move(*Arena::create(64 << 20));
  StoragePool pool_;
  Stream stream_;
  autograd::Tape tape_;
  autograd::Context context_;
};

// The loss with a parameter moved along a direction.
double moved_loss(Oracle& oracle, Parameter& p, const std::vector<double>& direction, double h) {
  for (size_t i = 0; i < direction.size(); ++i) p.compute.as<double>()[i] += h * direction[i];
  double loss = oracle.loss();
  for (size_t i = 0; i < direction.size(); ++i) p.compute.as<double>()[i] -= h * direction[i];
  return loss;
}

void expect_slopes(Oracle& oracle) {
  oracle.loss();
  std::vector<std::vector<double>> gradients;
  for (auto& e : oracle.model().parameters.entries()) {
    EXPECT_NE(e->parameter.grad_ready, e->spec.fixed) << e->spec.name << " was not reached, or is trained";
    const double* g = e->parameter.grad.as<double>();
    gradients.emplace_back(g, g + e->spec.shape.elements());
  }
  uint64_t seed = 100;
  for (size_t k = 0; k < gradients.size(); ++k) {
    Parameter& p = oracle.model().parameters.entries()[k]->parameter;
    if (!p.trainable) continue;
    Rng rng(seed++);
    std::vector<double> direction(gradients[k].size());
    double slope = 0, size = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      direction[i] = rng.normal();
      slope += direction[i] * gradients[k][i];
      size += gradients[k][i] * gradients[k][i];
    }
    auto central = [&](double h) {
      return (moved_loss(oracle, p, direction, h) - moved_loss(oracle, p, direction, -h)) / (2 * h);
    };
    double best = INFINITY;
    for (double h : kSteps)
      best = std::min(best, std::abs((4 * central(h) - central(2 * h)) / 3 - slope));  // of fourth order
    EXPECT_LT(best, 1e-2 * std::sqrt(size) + 1e-4) << p.name << ": slope " << slope;
  }
}

TEST(Slopes, EveryGradientIsTheSlopeOfItsLoss) {
  for_each_objective([](const ObjectiveEntry& entry, const model::Family& family) {
    Oracle oracle(entry, family.model_type);
    expect_slopes(oracle);
  });
}

// What the defaults of a family leave out, and published models have.
TEST(Slopes, OfWhatAConfigTurnsOn) {
  const Json longrope = {{"rope_type", "longrope"},
                         {"short_factor", {1, 1.5, 2, 2.5}},
                         {"long_factor", {2, 3, 4, 5}},
                         {"original_max_position_embeddings", 4}};
  const std::pair<const char*, Json> cases[] = {
      {"gemma2", {{"attn_logit_softcapping", 1}, {"final_logit_softcapping", 2}, {"sliding_window", 3}}},
      {"exaone4", {{"sliding_window", 3}, {"sliding_window_pattern", 2}}},
      {"exaone_moe", {{"n_group", 2}, {"num_experts", 4}, {"num_shared_experts", 2}, {"norm_topk_prob", false}}},
      {"falcon", {{"alibi", true}, {"bias", true}, {"multi_query", false}, {"parallel_attn", false}}},
      {"falcon", {{"new_decoder_architecture", true}, {"bias", true}, {"num_attention_heads", 4}, {"num_kv_heads", 2}}},
      {"falcon", {{"new_decoder_architecture", true}, {"num_ln_in_parallel_attn", 1}}},
      {"hyperclovax", {{"use_post_norm", false}, {"residual_multiplier", 0.5}, {"embedding_multiplier", 3}}},
      {"phi", {{"qk_layernorm", true}, {"num_key_value_heads", 1}}},
      {"qwen3_moe", {{"norm_topk_prob", true}, {"mlp_only_layers", Json::array({0})}}},
      {"phi3", {{"rope_scaling", longrope}, {"original_max_position_embeddings", 4}, {"sliding_window", 3}}},
      {"granite",
       {{"embedding_multiplier", 3},
        {"residual_multiplier", 0.5},
        {"attention_multiplier", 0.25},
        {"logits_scaling", 2}}},
      {"smollm3", {{"no_rope_layer_interval", 2}, {"use_sliding_window", true}, {"sliding_window", 3}}},
      {"stablelm", {{"qk_layernorm", true}, {"use_qkv_bias", true}}},
      {"stablelm", {{"qk_layernorm", true}, {"use_parallel_residual", true}, {"num_key_value_heads", 1}}}};
  auto table = objective_table();
  auto causal_lm =
      std::ranges::find(table, "causal_lm", [](const ObjectiveEntry* e) { return std::string_view(e->name); });
  for (const auto& [family, fields] : cases) {
    SCOPED_TRACE(std::string(family) + " " + dump_json(fields));
    Oracle oracle(**causal_lm, family, fields);
    expect_slopes(oracle);
  }
}

// Whatever token of a text counts, its row is the one that the loss is of. (Of Llama the word of padding learns nothing when it is read.)
TEST(Slopes, OfDecodersThatScoreTexts) {
  const Json padded = {{"pad_token_id", 3}, {"vocab_size", 5}};
  for (const auto& [family, more] : {std::pair("llama", Json::object()), std::pair("gpt2", padded)}) {
    for (const char* name : {"reward", "regression"}) {
      SCOPED_TRACE(std::string(family) + " by " + name);
      Oracle oracle(objective_entry(name), family, more);
      expect_slopes(oracle);
    }
  }
}

// Whatever is learned, the balance is added to it with its weight, and so are its gradients; the walk above holds these to its slope.
TEST(RouterBalances, AreAddedToEveryObjective) {
  for (const ObjectiveEntry* entry : objective_table()) {
    const auto family = std::ranges::find(model::family_table(), "mixtral", &model::Family::model_type);
    if (!model::has_head(**family, entry->task)) continue;
    SCOPED_TRACE(entry->name);
    Oracle oracle(*entry, "mixtral");
    const double balance = oracle.figure("router_balance");
    EXPECT_GT(balance, 0.5) << "of experts that are equally busy it is how many a row chooses";
    std::vector<double> losses;
    std::vector<std::vector<double>> gradients;
    for (double weight : {0.0, 1.0, 2.0}) {
      oracle.model().router_balance = weight;
      losses.push_back(oracle.loss());
      gradients.push_back(oracle.gradients());
    }
    EXPECT_NEAR(losses[1] - losses[0], balance, 1e-6);
    EXPECT_NEAR(losses[2] - losses[0], 2 * balance, 1e-6);
    double largest = 0;
    for (size_t i = 0; i < gradients[0].size(); ++i) {
      const double once = gradients[1][i] - gradients[0][i], twice = gradients[2][i] - gradients[0][i];
      largest = std::max(largest, std::abs(once));
      ASSERT_NEAR(twice, 2 * once, 1e-6 * (1 + std::abs(once))) << i;
    }
    EXPECT_GT(largest, 1e-6);
    oracle.measure_only();
    EXPECT_TRUE(std::isnan(oracle.figure("router_balance"))) << "it is no part of what is measured";
  }
}

TEST(RouterBalances, OfATeacherAreNotCounted) {
  Oracle alone(objective_entry("sft"), "mixtral"), beside(objective_entry("distillation"), "mixtral");
  EXPECT_NEAR(alone.figure("router_balance"), beside.figure("router_balance"), 1e-12);
}

TEST(Slopes, OfEveryDivergenceFromATeacher) {
  for (double mixture : {1.0, 0.5, 0.1}) {
    SCOPED_TRACE(mixture);
    Oracle oracle(objective_entry("distillation"), "llama", Json::object(),
                  {.distillation = {.alpha = 0.25, .mixture = mixture}});
    expect_slopes(oracle);
  }
}

}  // namespace
}  // namespace malmoi::train
