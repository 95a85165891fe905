// One step of a sampler, and the table of them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "chat/sampling.h"
#include "infer/samplers/candidates.h"

namespace malmoi::infer {

using chat::SamplingOptions;

/// One option, or a group that belongs together, over the candidates of each draw, with what it remembers of one sequence.
class SamplerStep {
 public:
  virtual ~SamplerStep() = default;
  virtual std::unique_ptr<SamplerStep> copy() const = 0;
  /// A token has become part of the text.
  virtual void observe(int32_t /*id*/, bool /*generated*/) {}
  /// Must change nothing that another draw depends on but by the number of draws.
  virtual void apply(Candidates& candidates) = 0;
  /// What was drawn from them.
  virtual void drawn(const Candidates& /*candidates*/, int32_t /*id*/) {}
};

/// `class TopK : public CopyableStep<TopK>`: copy() by its copy constructor.
template <class Self>
class CopyableStep : public SamplerStep {
 public:
  std::unique_ptr<SamplerStep> copy() const override { return std::make_unique<Self>(static_cast<const Self&>(*this)); }
};

/// A step as a value: a copy goes on by itself from the same state.
class StepValue {
 public:
  explicit StepValue(std::unique_ptr<SamplerStep> step) : step_(std::move(step)) {}
  StepValue(const StepValue& other) : step_(other.step_->copy()) {}
  StepValue(StepValue&&) noexcept = default;
  StepValue& operator=(StepValue other) noexcept {
    step_.swap(other.step_);
    return *this;
  }
  ~StepValue() = default;
  SamplerStep* operator->() const { return step_.get(); }

 private:
  std::unique_ptr<SamplerStep> step_;
};

/// A line of samplers/table.inc.
struct SamplerEntry {
  std::string_view name;
  /// Null where the options do not ask for it.
  std::unique_ptr<SamplerStep> (*make)(const SamplingOptions& options) = nullptr;
  bool truncates = false;  // it decides how many tokens stay: passed over where Mirostat does
};

/// In the order in which they apply.
std::span<const SamplerEntry* const> sampler_table();

}  // namespace malmoi::infer
