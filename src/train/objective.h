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
  int64_t terms = 0;   // of the loss: targets, or rows
  int64_t tokens = 0;  // that are read
  int64_t filled = 0;  // masked tokens that a companion fills, a mean of its own
  double weight = 0;   // of all terms, where they weigh differently
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
};

/// What a model predicts for each target that counts, in order: of evaluations, for figures that no sum gives.
struct Predictions {
  std::vector<int32_t> targets, predicted;
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
  /// The examples' share of the means over `whole`. With a tape in the context, the gradients of the share are added to the
  /// parameters'; without, nothing is kept; in a rehearsal memory is taken and nothing is computed.
  virtual LossSums accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                              const Counts& whole) const = 0;
  /// Figures of a whole evaluation that no sum gives, from what its parts predicted.
  virtual std::vector<Figure> figures_of(const Predictions&) const { return {}; }
  /// Adds `batch` examples of `length` tokens, all of which count: for rehearsals.
  virtual void append_rehearsal(int64_t batch, int64_t length, Examples& out) const = 0;
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
  double z_loss = 0;  // times the square of the logarithm of the softmax's denominator (Chowdhery et al. 2022)
  bool operator==(const ObjectiveConfig&) const = default;
};

/// A line of the table. What else an objective will need (a reference model, rewards) it is given when it is made.
struct ObjectiveEntry {
  std::string_view name;
  model::Task task;                                             // the head that it trains
  bool flat;                                                    // takes flat ids: data.format text and ids
  ArrayFormat arrays;                                           // of data.format arrays; no columns: does not take it
  TableFormat table = {};                                       // of data.format table; likewise
  void (*read)(ConfigReader& reader, ObjectiveConfig& config);  // its options
  std::unique_ptr<Objective> (*make)(const ObjectiveConfig& config);
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
};
std::span<const ObjectiveEntry* const> objective_table();
/// `name` must stand in the table.
const ObjectiveEntry& objective_entry(std::string_view name);
std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config);

}  // namespace malmoi::train
