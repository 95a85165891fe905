// Replaced tokens (ELECTRA, Clark et al. 2020): of each token of a text whether it was put in place of another. On texts a generator,
// a masked language model that learns beside the discriminator, puts them there; rows made ready have them.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "autograd/tape.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "model/companion.h"
#include "train/balanced_pass.h"
#include "train/objectives/logits_loss.h"
#include "train/objectives/replaced_token.h"

namespace malmoi::train {

int32_t drawn_token(std::span<const float> probabilities, double draw) {
  double left = draw;
  for (size_t token = 0; token < probabilities.size(); ++token) {
    left -= static_cast<double>(probabilities[token]);
    if (left < 0) return static_cast<int32_t>(token);
  }
  return static_cast<int32_t>(probabilities.size()) - 1;
}

}  // namespace malmoi::train

namespace malmoi::train::replaced_token {
namespace {

enum File { kIds, kMask, kLabels, kTypes };
constexpr ArrayColumn kFiles[] = {{.name = "ids", .values = ArrayValues::kIds},
                                  {.name = "mask", .values = ArrayValues::kMask},
                                  {.name = "labels", .values = ArrayValues::kFlags},
                                  {.name = "token_type_ids", .values = ArrayValues::kTokenTypes, .optional = true}};

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  RealTokens real = real_tokens(row.integers[kMask]);
  out.input.add(real.input(row.integers[kIds], row.integers[kMask], row.integers[kTypes]));
  auto labels = real.of(row.integers[kLabels]), mask = real.of(row.integers[kMask]);
  for (size_t i = 0; i < labels.size(); ++i) out.targets.push_back(mask[i] != 0 ? labels[i] : -1);
}

// Masked sequences with a number for each of their rows, by which what a generator puts there is drawn.
class DrawnSequences final : public ExampleSource {
 public:
  DrawnSequences(std::unique_ptr<ExampleSource> masked, uint64_t seed) : masked_(std::move(masked)), seed_(seed) {}
  uint64_t size() const override { return masked_->size(); }
  uint64_t tokens() const override { return masked_->tokens(); }
  void append(uint64_t n, Examples& out) const override {
    masked_->append(n, out);
    Rng rng(seed_ ^ kDrawStream, n);
    while (out.draws.size() < out.targets.size()) out.draws.push_back(rng.uniform());
  }

 private:
  static constexpr uint64_t kDrawStream = 0x64726177;  // "draw": beside those of masking, shuffling and dropout
  std::unique_ptr<ExampleSource> masked_;
  uint64_t seed_;
};

// Puts a token of the generator's into each row of `ids` that has a target. The logits of a few rows stand in memory at once.
void draw_tokens(autograd::Context& context, const model::Model& generator, const Tensor& features,
                 const Examples& examples, std::vector<int32_t>& ids) {
  constexpr size_t kRowsAtOnce = 64;
  std::vector<size_t> places;  // in a rehearsal all of them, as in the loss
  for (size_t r = 0; r < ids.size(); ++r) {
    if (examples.targets[r] >= 0) places.push_back(r);
  }
  for (size_t begin = 0; begin < places.size(); begin += kRowsAtOnce) {
    const std::span<const size_t> rows = std::span(places).subspan(begin, std::min(kRowsAtOnce, places.size() - begin));
    const auto count = static_cast<int64_t>(rows.size());
    Tensor some = context.temporary(features.dtype(), {count, features.shape().columns()});
    context.step("gather rows", 0, [&] {
      for (size_t i = 0; i < rows.size(); ++i)
        std::memcpy(some.rows(static_cast<int64_t>(i), 1).data(),
                    features.rows(static_cast<int64_t>(rows[i]), 1).data(), some.bytes() / rows.size());
    });
    Tensor logits = generator.logits(context, some), loss = context.temporary(DType::kF32, {count});
    std::vector<int32_t> targets;
    for (size_t row : rows) targets.push_back(examples.targets[row]);
    // The gradient of a loss is the softmax, but for one less at the target.
    context.run("softmax", 0, &kernels::Backend::cross_entropy,
                {.rows = count,
                 .cols = logits.shape().columns(),
                 .logits = logits.data(),
                 .targets = targets.data(),
                 .loss = loss.as<float>()});
    context.step("draw tokens", 0, [&] {
      parallel_for(count, 1, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          const size_t row = rows[static_cast<size_t>(i)];
          auto* probabilities = logits.rows(i, 1).as<float>();
          probabilities[examples.targets[row]] += 1;
          ids[row] = drawn_token({probabilities, static_cast<size_t>(logits.shape().columns())}, examples.draws[row]);
        }
      });
    });
  }
}

class ReplacedToken final : public LogitsLoss {
 public:
  explicit ReplacedToken(const ObjectiveConfig& config) : weight_(config.discriminator_weight) {}

  // Every token of a text is judged, those that were masked are filled; of rows made ready those that have a label are judged.
  Counts count(const Examples& examples) const override {
    auto labelled = std::count_if(examples.targets.begin(), examples.targets.end(), [](int32_t t) { return t >= 0; });
    if (examples.draws.empty()) return {.terms = labelled, .tokens = examples.tokens()};
    return {.terms = examples.tokens(), .tokens = examples.tokens(), .filled = labelled};
  }

  // The generator's mean over what is filled, and `weight_` times the discriminator's over all tokens. What was drawn is
  // constant to the gradient.
  LossSums accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                      const Counts& whole) const override {
    if (!model.companion) return LogitsLoss::accumulate(context, model, examples, whole);
    LossSums sums;
    ModelInput masked(examples);
    const Examples replaced = replace(context, *model.companion, masked.batch(), examples, whole, sums);
    ModelInput input(replaced);
    BalancedPass balance(context, model, input.batch());
    const LossSums judged = forward(context, model, input.batch(), replaced, whole, weight_);
    sums += judged;
    sums.figures.push_back({"discriminator_loss", judged.loss / weight_});
    balance.add_to(sums, replaced, whole);
    if (context.tape) context.tape->backward(context);
    return sums;
  }

  // -log sigmoid of the logit where the token was replaced, of its opposite where it was not.
  LossSums loss(const Examples& examples, const Counts& whole, std::span<const double> logits,
                std::span<double> gradient) const override {
    const double share = 1.0 / static_cast<double>(std::max<int64_t>(whole.terms, 1));
    LossSums sums{.figures = {{"accuracy"}}};
    for (size_t r = 0; r < logits.size(); ++r) {
      if (examples.targets[r] < 0) continue;
      const double replaced = examples.targets[r], z = logits[r];
      sums.loss += share * (std::max(z, 0.0) - z * replaced + std::log1p(std::exp(-std::abs(z))));
      sums.figures[0].value += share * ((z > 0) == (replaced > 0));
      gradient[r] = share * (1 / (1 + std::exp(-z)) - replaced);
    }
    return sums;
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    const std::vector<int32_t> row(static_cast<size_t>(length), 0);
    for (int64_t b = 0; b < batch; ++b) {
      out.input.add(row);
      out.targets.insert(out.targets.end(), row.begin(), row.end());
      out.draws.insert(out.draws.end(), row.begin(), row.end());
    }
  }

 private:
  // The texts with the generator's tokens where they were masked, and which of them are others than stood there; a token that
  // it guessed right counts as not replaced (section 3.1). Adds the generator's loss to `sums`.
  static Examples replace(autograd::Context& context, const model::Model& generator, const nn::Batch& masked,
                          const Examples& examples, const Counts& whole, LossSums& sums) {
    autograd::Var features = generator.features(context, masked);
    std::vector<int32_t> ids(masked.ids.begin(), masked.ids.end());
    draw_tokens(context, generator, features.value, examples, ids);
    const double share = 1.0 / static_cast<double>(std::max<int64_t>(whole.filled, 1));
    const autograd::HeadLoss filled =
        generator.loss(context, std::move(features), {.targets = examples.targets, .scale = share});
    sums.loss += filled.sum * share;
    sums.figures.push_back({"generator_loss", filled.sum * share});
    Examples replaced;
    for (const autograd::Run& run : masked.runs)
      replaced.input.add(std::span(ids).subspan(static_cast<size_t>(run.begin), static_cast<size_t>(run.length)));
    for (size_t r = 0; r < ids.size(); ++r)
      replaced.targets.push_back(examples.targets[r] >= 0 && ids[r] != examples.targets[r]);
    return replaced;
  }

  double weight_;
};

constexpr std::string_view kFlatOptions[] = {"rate",        "mask",           "random",
                                             "whole_words", "generator_size", "discriminator_weight"};

// As the paper has it, all tokens that are chosen are masked.
void read(ConfigReader& reader, ObjectiveConfig& config) {
  config.masking = read_masking(reader, {.mask = 1, .random = 0});
  config.generator_size = reader.number("generator_size", config.generator_size, 0.01, 1);
  config.discriminator_weight = reader.number("discriminator_weight", config.discriminator_weight, 1e-3, 1e6);
}

Result<std::unique_ptr<ExampleSource>> of_tokens(std::unique_ptr<ExampleSource> sequences, const TokenRules& rules,
                                                 const ObjectiveConfig& config, uint64_t seed, int64_t room) {
  MALMOI_ASSIGN(auto masked, mask_tokens(std::move(sequences), rules, config.masking, seed, room));
  return std::unique_ptr<ExampleSource>(std::make_unique<DrawnSequences>(std::move(masked), seed));
}

constexpr std::string_view kScores[] = {"accuracy"};

}  // namespace

extern const ObjectiveEntry objective{
    .name = "replaced_token",
    .task = model::Task::kDiscrimination,
    .flat = true,
    .arrays = {kFiles, append_row},
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel&) -> std::unique_ptr<Objective> {
      return std::make_unique<ReplacedToken>(config);
    },
    .scores = kScores,
    .of_tokens = of_tokens,
    .flat_options = kFlatOptions,
    .accompany = [](model::Model& model,
                    const ObjectiveConfig& config) { return model::add_companion(model, config.generator_size); }};

}  // namespace malmoi::train::replaced_token
