// What a model is trained for: a loss over examples, written once for training steps, evaluations and memory plans.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "model/model.h"
#include "train/array_format.h"
#include "train/examples.h"
#include "train/masking.h"
#include "train/spans.h"
#include "train/table_format.h"

namespace malmoi::train {

/// What counts in a whole step (or evaluation): the denominators of its means.
struct Counts {
  int64_t terms = 0;    // of the loss: targets, or rows
  int64_t tokens = 0;   // that are read
  int64_t filled = 0;   // masked tokens that a companion fills, a mean of its own
  double weight = 0;    // of all terms, where they weigh differently
  double baseline = 0;  // what Objective::prepare() gave
  void operator+=(const Counts& other) {
    terms += other.terms;
    tokens += other.tokens;
    filled += other.filled;
    weight += other.weight;
  }
};

/// A number that an objective tells by name beside its loss.
struct Figure {
  std::string_view name;  // a string literal
  double value = 0;
  std::vector<double> values = {};  // instead, where it is one number for each row
};

/// What a model predicts for each target that counts, in order: of evaluations, for figures that no sum gives.
struct Predictions {
  std::vector<int32_t> targets, predicted;
  std::vector<double> wanted, given;  // instead, numbers whose order counts
};

/// One part's share of the means of the whole: the shares of all parts add up to them.
struct LossSums {
  double loss = 0;
  std::vector<Figure> figures;
  Predictions predictions;
  void operator+=(const LossSums& other);
};

/// Const members may be called from one compute thread at a time.
class Objective {
 public:
  virtual ~Objective() = default;
  /// What counts in these examples; the counts of all parts of a step add up.
  virtual Counts count(const Examples& examples) const = 0;
  /// A number that follows from all parts of a step together and is a constant to their gradients (Counts::baseline); called before
  /// the first part is accumulated, without a tape.
  virtual double prepare(autograd::Context&, const model::Model&, std::span<const Examples>) const { return 0; }
  /// The examples' share of the means over `whole`. With a tape in the context, the gradients of the share are added to the
  /// parameters'; without, nothing is kept; in a rehearsal memory is taken and nothing is computed.
  virtual LossSums accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                              const Counts& whole) const = 0;
  /// Figures of a whole evaluation that no sum gives, from what its parts predicted.
  virtual std::vector<Figure> figures_of(const Predictions&) const { return {}; }
  /// Memory of models that it holds beside the one that is trained.
  virtual size_t bytes_beside() const { return 0; }
  /// The same of models that are asked before the first step and then let go.
  virtual size_t bytes_asked_before() const { return 0; }
  /// Adds `batch` examples of `length` tokens, all of which count: for rehearsals.
  virtual void append_rehearsal(int64_t batch, int64_t length, Examples& out) const = 0;
};

/// Options of objectives that learn from answers of which one is better.
struct PreferenceConfig {
  std::string loss;                                     // which of the objective's own; empty: it has one
  double beta = 0.1;                                    // how far answers may move from the reference
  double gamma = 0;                                     // simpo: the margin
  double likelihood = 1;                                // cpo: weight of the chosen answer's
  double centre = 0;                                    // reward: weight of the square of both answers' sum
  double desirable_weight = 1, undesirable_weight = 1;  // kto
  bool operator==(const PreferenceConfig&) const = default;
};

/// Options of objectives that learn from sampled answers.
struct RolloutConfig {
  int64_t group = 8;  // answers to one prompt
  double clip_low = 0.2, clip_high = 0.2;
  double kl_coefficient = 0.04;
  std::string average = "sequence";
  bool scale_rewards = true;     // advantages are divided by the group's standard deviation
  bool sequence_ratios = false;  // one ratio for an answer (GSPO)
  int64_t longest = 0;           // average: constant: tokens that each answer counts as
  Json rewards = Json::array();  // data.format prompts: what judges answers
  int64_t max_tokens = 128;      // of an answer
  double temperature = 1, top_p = 1;
  int64_t top_k = 0;
  double on_policy = 1;  // distillation: share of the rows whose answer is sampled; of the others it is the data's
  bool operator==(const RolloutConfig&) const = default;
};

/// Options of distillation.
struct DistillationConfig {
  std::string teacher;     // a model's folder
  double alpha = 0.5;      // share of the cross-entropy
  double temperature = 2;  // of both softmaxes
  double mixture = 0;      // as kernels::DistillationArgs has it
  int64_t samples = 0;     // draws of each row from what the teacher says, before the first step; 0: it is asked live
  bool operator==(const DistillationConfig&) const = default;
};

/// Options of objectives that compare texts by their vectors.
struct ContrastConfig {
  bool cosine = false;  // the square of cosine less score; else cross-entropy within the batch
  bool symmetric = false;
  double temperature = 0.05;
  double largest_score = 1;     // scores are divided by it
  std::vector<int64_t> widths;  // Matryoshka: the loss is a mean over the first so many elements, too
  bool negatives = false;       // rows have a third text; found out from the data
  bool operator==(const ContrastConfig&) const = default;
};

/// The options of all objectives; each reads its own.
struct ObjectiveConfig {
  std::string name = "causal_lm";  // a name of objective_table()
  MaskingConfig masking;           // masked_lm, replaced_token
  SpanConfig spans;                // span_corruption
  double label_smoothing = 0;
  std::vector<float> class_weights;  // classification: of each label; empty: all 1
  bool balanced_classes = false;     // they follow from how often each label comes
  std::map<std::string, double> named_class_weights;
  double generator_size = 0.25;      // replaced_token: of the discriminator's width
  double discriminator_weight = 50;  // replaced_token: of its loss beside the generator's
  double z_loss = 0;      // times the square of the logarithm of the softmax's denominator (Chowdhery et al. 2022)
  std::string reference;  // a model's folder: what a model is held to; empty: the one that is trained, as it begins
  bool precompute_reference = false;  // it is asked once of every row, before the first step
  PreferenceConfig preference;
  RolloutConfig rollouts;
  ContrastConfig contrast;
  DistillationConfig distillation;
  bool operator==(const ObjectiveConfig&) const = default;
};

/// What an objective asks beside the model that is trained.
enum class Beside : uint8_t { kNothing, kReference, kTeacher };

/// What an objective does with answers that are sampled while it trains (data.format: prompts).
enum class Prompts : uint8_t {
  kNone,    // it takes none
  kJudged,  // it learns from their rewards
  kTaught,  // it learns what another model says of them; rewards only tell how good they are
};

/// A model that is not trained, for an objective that asks it; it outlives the objective.
struct FrozenModel {
  const model::Model* model = nullptr;  // null: the one that is trained
  std::vector<int32_t> adapter = {};    // one number as autograd::Context::row_adapters has it; empty: as the model is
};

/// A line of the table.
struct ObjectiveEntry {
  std::string_view name;
  model::Task task;                                             // the head that it trains
  bool flat;                                                    // takes flat ids: data.format text and ids
  ArrayFormat arrays;                                           // of data.format arrays; no columns: does not take it
  TableFormat table = {};                                       // of data.format table; likewise
  void (*read)(ConfigReader& reader, ObjectiveConfig& config);  // its options
  /// `frozen`: what `beside` says that it needs.
  std::unique_ptr<Objective> (*make)(const ObjectiveConfig& config, const FrozenModel& frozen);
  /// Its figures of validation data of which more is better: what train.best_metric may name beside the loss.
  std::span<const std::string_view> scores = {};
  /// What it makes of sequences of flat ids where it does not read them as they are: examples of at most `room` tokens. Draws
  /// follow from `seed` and the example's number. Errors: what it needs of the vocabulary and is not there.
  Result<std::unique_ptr<ExampleSource>> (*of_tokens)(std::unique_ptr<ExampleSource> sequences, const TokenRules& rules,
                                                      const ObjectiveConfig& config, uint64_t seed,
                                                      int64_t room) = nullptr;
  /// Options that `read` reads and that say what is done to flat ids: rows made ready refuse them.
  std::span<const std::string_view> flat_options = {};
  /// Gives a model without memory the companion that is trained beside it on flat ids (model/companion.h); null: there is none.
  /// Errors: a model that has none.
  Status (*accompany)(model::Model& model, const ObjectiveConfig& config) = nullptr;
  bool token_loss =
      false;  // of validation data it is the mean of -log p over tokens, so that e to it is their perplexity
  Prompts prompts = Prompts::kNone;                       // whether it takes data.format prompts
  std::span<const std::string_view> prompt_options = {};  // that `read` reads of these alone: other formats refuse them
  Beside (*beside)(const ObjectiveConfig& config) = nullptr;  // null: nothing
  /// Rows that no micro-batch parts: those of one prompt. 0: all rows of a step are compared with each other. Null: 1.
  int64_t (*rows_together)(const ObjectiveConfig& config) = nullptr;
};
std::span<const ObjectiveEntry* const> objective_table();
/// `name` must stand in the table.
const ObjectiveEntry& objective_entry(std::string_view name);
std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config, const FrozenModel& frozen = {});
int64_t rows_together(const ObjectiveConfig& config);
Beside beside(const ObjectiveConfig& config);

}  // namespace malmoi::train
