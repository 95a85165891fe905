// Distillation: a model learns the distribution of a larger one beside the text itself (Hinton et al. 2015), or on answers that
// it has sampled itself (Agarwal et al. 2024).
#include "autograd/tape.h"
#include "train/balanced_pass.h"
#include "train/objectives/cross_entropy.h"
#include "train/objectives/packed_texts.h"
#include "train/objectives/rollouts.h"
#include "train/reference.h"
#include "train/sampled_teacher.h"

namespace malmoi::train::distillation {
namespace {

class Distillation final : public CrossEntropy {
 public:
  Distillation(const DistillationConfig& options, const FrozenModel& teacher)
      : options_(options),
        teacher_(options.samples > 0 ? FrozenModel() : teacher),
        bytes_asked_(options.samples > 0 ? bytes_of(teacher) : 0) {}

  LossSums accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                      const Counts& whole) const override {
    ModelInput input(examples);  // blocks that run again in the backward pass read it
    BalancedPass balance(context, model, input.batch());
    const double share = 1 / static_cast<double>(std::max<int64_t>(whole.terms, 1));
    const autograd::HeadDistillation sums = options_.samples > 0
                                                ? sampled(context, model, examples, input.batch(), share)
                                                : live(context, model, examples, input.batch(), share);
    const double ce = sums.ce * share, apart = sums.divergence * share;
    LossSums result{.loss = options_.alpha * ce +
                            (1 - options_.alpha) * options_.temperature * options_.temperature * apart};
    result.figures = {{"ce", ce}, {options_.mixture == 0 ? "kl" : options_.mixture == 1 ? "reverse_kl" : "jsd", apart}};
    balance.add_to(result, examples, whole);
    if (context.tape) context.tape->backward(context);
    return result;
  }

  size_t bytes_beside() const override { return bytes_of(teacher_); }
  size_t bytes_asked_before() const override { return bytes_asked_; }

 private:
  autograd::HeadDistillation live(autograd::Context& context, const model::Model& model, const Examples& examples,
                                  const nn::Batch& batch, double share) const {
    const model::Model& teacher = teacher_.model ? *teacher_.model : model;
    Tensor taught;
    {
      const Aside aside(context, teacher_);
      taught = teacher.features(context, batch).value;
    }
    autograd::Var features = model.features(context, batch);
    return model.distil(context, std::move(features), teacher,
                        {.targets = examples.targets,
                         .teacher_features = std::move(taught),
                         .alpha = static_cast<float>(options_.alpha),
                         .temperature = static_cast<float>(options_.temperature),
                         .mixture = static_cast<float>(options_.mixture),
                         .scale = share});
  }

  // The rows bring what the teacher said of them.
  autograd::HeadDistillation sampled(autograd::Context& context, const model::Model& model, const Examples& examples,
                                     const nn::Batch& batch, double share) const {
    return model.distil_sampled(context, model.features(context, batch),
                                {.targets = examples.targets,
                                 .starts = examples.taught.starts,
                                 .ids = examples.taught.ids,
                                 .shares = examples.taught.shares,
                                 .known = examples.taught.known,
                                 .most_draws = options_.samples,
                                 .alpha = static_cast<float>(options_.alpha),
                                 .temperature = static_cast<float>(options_.temperature),
                                 .scale = share});
  }

  DistillationConfig options_;
  FrozenModel teacher_;
  size_t bytes_asked_;
};

void read(ConfigReader& reader, ObjectiveConfig& config) {
  DistillationConfig& d = config.distillation;
  d.teacher = reader.text("teacher", "");
  if (d.teacher.empty()) reader.fail("teacher", "is missing", "name the folder of the model to learn from");
  d.alpha = reader.number("alpha", 0.5, 0, 1);
  d.temperature = reader.number("temperature", 2, 1e-3, 1e3);
  const size_t loss = reader.choice("loss", {"forward_kl", "reverse_kl", "jsd"}, 0);
  d.mixture = loss == 2 ? reader.number("mixture", 0.5, 1e-3, 0.999) : static_cast<double>(loss);
  if (loss != 2 && reader.has("mixture")) reader.fail("mixture", "belongs to loss: jsd");
  d.samples = reader.integer("samples", 0, 0, kMostSamples);
  if (d.samples > 0 && d.mixture != 0)
    reader.fail("samples", "belongs to loss: forward_kl, of which draws from the teacher are an unbiased estimate");
  config.rollouts.group = 1;
  read_rollouts(reader, "sampling_temperature", config.rollouts);
  config.rollouts.on_policy = reader.number("on_policy", 1, 0, 1);
}

constexpr std::string_view kOfPrompts[] = {"rewards", "max_tokens", "sampling_temperature",
                                           "top_p",   "top_k",      "on_policy"};

}  // namespace

extern const ObjectiveEntry objective{
    .name = "distillation",
    .task = model::Task::kCausalLm,
    .flat = true,
    .arrays = packed_texts(),
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel& frozen) -> std::unique_ptr<Objective> {
      return std::make_unique<Distillation>(config.distillation, frozen);
    },
    .prompts = Prompts::kTaught,
    .prompt_options = kOfPrompts,
    .beside = [](const ObjectiveConfig&) { return Beside::kTeacher; }};

}  // namespace malmoi::train::distillation
