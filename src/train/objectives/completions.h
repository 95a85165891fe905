// What objectives over the log-probabilities of answers share: how a prompt and its completion become a run, and the passes
// of the model that learns and of the one it is held to.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "train/objective.h"

namespace malmoi::train {

/// Adds `ids`, a prompt of `prompt` tokens (at least one) and its completion, as a run. The last token is predicted, not read.
/// Targets are those of the completion, or of the whole text.
void append_completion(std::span<const int32_t> ids, int64_t prompt, bool whole_text, Examples& out);

/// What is wrong with lengths that an array gives: a prompt of no token, a completion of none, a text longer than its row.
std::string completion_fault(std::string_view what, int64_t prompt, int64_t length, size_t row);

/// Of a completion of a run.
struct CompletionSum {
  double logp = 0;     // the sum of its tokens' log-probabilities
  int64_t tokens = 0;  // of it
  size_t first = 0;    // its first token's place among all log-probabilities; they follow each other
  size_t begin = 0;    // the same of the run: where its prompt is learned, too, that begins earlier
  double mean() const { return logp / static_cast<double>(std::max<int64_t>(tokens, 1)); }
};
/// `logps` in the order of the examples' targets; empty: all sums are 0. One sum for each run.
std::vector<CompletionSum> completion_sums(const Examples& examples, std::span<const float> logps);

/// The same of a reference: its `logps`, or what the examples bring of it.
std::vector<CompletionSum> reference_sums(const Examples& examples, std::span<const float> logps);

/// An objective that is a function of the log-probabilities of the examples' targets, alone or beside those of a reference.
class LogpsObjective : public Objective {
 public:
  /// `reference`: null if it is not asked for; nor is one whose sums the examples bring (Examples::reference).
  explicit LogpsObjective(const FrozenModel* reference, bool known_before = false) {
    asks_reference_ = reference != nullptr && !known_before;
    if (asks_reference_) reference_ = *reference;
  }
  LossSums accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                      const Counts& whole) const override;
  size_t bytes_beside() const override;

 protected:
  /// What `loss` reads: of each target, in order.
  struct Logps {
    std::span<const float> policy, reference;  // the latter is empty where it is not asked for
  };
  /// The examples' share of the means over `whole`, and its slope by each of the policy's.
  virtual LossSums loss(const Examples& examples, const Counts& whole, const Logps& logps,
                        std::span<float> slopes) const = 0;
  /// Its log-probabilities of the targets; none where it is not asked.
  std::vector<float> reference_logps(autograd::Context& context, const model::Model& model,
                                     const Examples& examples) const;

 private:
  FrozenModel reference_;
  bool asks_reference_ = false;
};

/// Adds `batch` runs of `length` tokens, all of which but the first are a completion: no row counts more.
void append_completions_rehearsal(int64_t batch, int64_t length, Examples& out);

}  // namespace malmoi::train
