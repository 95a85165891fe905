// The weights by which attention sums values, of one layer of a pass: by the definition, from what the model's own kernel reads.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/attention_probe.h"

namespace malmoi::infer {

/// softmax(softcap(scale q k^T) + bias) of one head of a segment [q_length, k_length], hidden keys 0, in f64 (the oracle's
/// scores). Rows add up to 1, less what a sink takes; a query that sees nothing has zeros.
std::vector<double> attention_weights(const kernels::AttentionArgs& args, const kernels::AttentionSegment& segment,
                                      int64_t head);

/// Keeps the weights of one layer of a pass over one text.
class AttentionWatch final : public autograd::AttentionProbe {
 public:
  struct Wanted {
    int64_t stack = 0;                  // of blocks, in the order in which they run: an encoder before its decoder
    bool crossed = false;               // attention to another text
    std::optional<int64_t> layer = {};  // none: the first that has such attention
    int64_t head = -1;                  // -1: the mean over all
  };
  explicit AttentionWatch(const Wanted& wanted) : wanted_(wanted) {}

  void begin_block(const void* batch) override;
  void see(const kernels::AttentionArgs& args, bool crossed) override;
  void see(const kernels::DisentangledArgs& args, int64_t head, int64_t heads) override;

  /// Of the stack, after the pass.
  int64_t layers() const { return layers_; }
  const std::vector<int64_t>& attention_layers() const { return attention_layers_; }
  /// The layer that is kept; none: no layer has such attention.
  std::optional<int64_t> layer() const { return wanted_.layer; }
  int64_t heads() const { return heads_; }  // of that layer; 0: it has no such attention
  /// [queries][keys]; empty where the layer has no attention, or the head is none of its heads.
  std::vector<std::vector<float>> rows() const;

 private:
  bool counts(bool crossed, int64_t heads);
  void add(const std::vector<double>& weights, int64_t keys);

  Wanted wanted_;
  const void* batch_ = nullptr;  // of the block that runs
  int64_t stack_ = -1, layer_ = -1, layers_ = 0, heads_ = 0;
  std::vector<int64_t> attention_layers_;
  bool counted_ = false;  // the attention whose heads are shown one by one
  int64_t keys_ = 0;
  std::vector<double> sums_;  // over the heads that are wanted
};

}  // namespace malmoi::infer
