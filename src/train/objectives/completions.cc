#include "train/objectives/completions.h"

#include <algorithm>

#include <fmt/format.h>

#include "autograd/tape.h"
#include "base/temporarily.h"
#include "train/balanced_pass.h"
#include "train/reference.h"

namespace malmoi::train {

void append_completion(std::span<const int32_t> ids, int64_t prompt, bool whole_text, Examples& out) {
  const auto rows = static_cast<int64_t>(ids.size()) - 1;
  out.input.add(ids.first(static_cast<size_t>(rows)));
  for (int64_t row = 0; row < rows; ++row)
    out.targets.push_back(whole_text || row >= prompt - 1 ? ids[static_cast<size_t>(row) + 1] : -1);
  out.completions.push_back(static_cast<int32_t>(prompt - 1));
}

std::string completion_fault(std::string_view what, int64_t prompt, int64_t length, size_t row) {
  if (prompt < 1) return fmt::format("the prompt of the {} has no token", what);
  if (length <= prompt)
    return fmt::format("the {} has {} tokens, its prompt {}: nothing is left to learn", what, length, prompt);
  if (length > static_cast<int64_t>(row)) return fmt::format("the {} has {} tokens, the row {}", what, length, row);
  return {};
}

std::vector<CompletionSum> completion_sums(const Examples& examples, std::span<const float> logps) {
  std::vector<CompletionSum> sums;
  size_t at = 0;
  for (size_t i = 0; i < examples.input.runs().size(); ++i) {
    const autograd::Run& run = examples.input.runs()[i];
    CompletionSum sum{.first = at, .begin = at};
    for (int64_t row = 0; row < run.length; ++row) {
      if (examples.targets[static_cast<size_t>(run.begin + row)] < 0) continue;
      const bool completion = row >= examples.completions[i];
      if (completion) {
        if (!logps.empty()) sum.logp += static_cast<double>(logps[at]);
        ++sum.tokens;
      } else {
        sum.first = at + 1;
      }
      ++at;
    }
    sums.push_back(sum);
  }
  return sums;
}

std::vector<CompletionSum> reference_sums(const Examples& examples, std::span<const float> logps) {
  std::vector<CompletionSum> sums = completion_sums(examples, logps);
  for (size_t i = 0; i < examples.reference.size(); ++i) sums[i].logp = static_cast<double>(examples.reference[i]);
  return sums;
}

std::vector<float> LogpsObjective::reference_logps(autograd::Context& context, const model::Model& model,
                                                   const Examples& examples) const {
  return asks_reference_ ? frozen_logps(context, reference_, model, examples) : std::vector<float>();
}

LossSums LogpsObjective::accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                                    const Counts& whole) const {
  const Temporarily undropped(context.training, false);  // the difference of two passes would be that of their masks
  const std::vector<float> held = reference_logps(context, model, examples);
  ModelInput input(examples);  // blocks that run again in the backward pass read it
  BalancedPass balance(context, model, input.batch());
  autograd::Var features = model.features(context, input.batch());
  LossSums sums;
  auto learn = [&](std::span<const float> policy, std::span<float> slopes) {
    sums = loss(examples, whole, {policy, held}, slopes);
  };
  const std::vector<float> logps =
      model.logps(context, std::move(features), {.targets = examples.targets, .loss = learn});
  balance.add_to(sums, examples, whole);
  if (context.tape) {
    context.tape->backward(context);
  } else if (!context.rehearsal()) {
    std::vector<float> slopes(logps.size(), 0.0f);
    learn(logps, slopes);
  }
  return sums;
}

size_t LogpsObjective::bytes_beside() const { return bytes_of(reference_); }

void append_completions_rehearsal(int64_t batch, int64_t length, Examples& out) {
  const std::vector<int32_t> ids(static_cast<size_t>(length) + 1, 0);
  for (int64_t b = 0; b < batch; ++b) append_completion(ids, 1, false, out);
}

}  // namespace malmoi::train
