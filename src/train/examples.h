// What an objective reads: rows that go into a model, what is to come out of them, and where they come from.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nn/batch.h"

namespace malmoi::train {

/// Tokens that were drawn from what a teacher says, for each row that has a target, in order.
struct TaughtTokens {
  std::vector<int64_t> starts = {0};  // of each row, and the end
  std::vector<int32_t> ids;           // each once in its row
  std::vector<float> shares;          // of all draws of the row
  std::vector<float> known;           // of each row: sum of q log q, q being what the teacher says
  void clear() { *this = {}; }
};

/// The examples of one forward pass, run by run.
struct Examples {
  nn::BatchBuilder input;            // what the model reads; of an encoder-decoder, what its encoder reads
  nn::BatchBuilder decoder;          // of encoder-decoders alone: one run for each run of `input`
  std::vector<int32_t> targets;      // of each row that the head makes (tokens, or runs); < 0: does not count
  std::vector<float> numbers;        // instead, of each run, where numbers are learned
  std::vector<double> draws;         // of each row, uniform in [0, 1): of objectives that sample
  std::vector<int32_t> completions;  // of each run: its first row whose target belongs to the completion
  std::vector<float> sampled_logps;  // of each row: of its target, when it was sampled
  std::vector<float> reference;  // of each run: the sum of its completion's under a reference, where it is known before
  TaughtTokens taught;           // of a teacher that was asked before
  std::vector<Examples> beside;  // read by themselves, without learning (KTO's answers of other prompts); at most one

  void clear();
  /// Tokens that are read, by encoder and decoder, and those beside.
  int64_t tokens() const;
};

/// Examples as a model's forward pass takes them. Points into them and into itself.
class ModelInput {
 public:
  explicit ModelInput(const Examples& examples);
  ModelInput(const ModelInput&) = delete;
  ModelInput& operator=(const ModelInput&) = delete;
  const nn::Batch& batch() const { return batch_; }

 private:
  nn::Batch source_, batch_;
};

/// Examples by number: the n-th of a run is a function of n alone, whatever the batch or the number of processes, so that a
/// resumed run needs only a number. Any thread.
class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  /// Examples of an epoch.
  virtual uint64_t size() const = 0;
  /// Which of the data's rows example n is, in whatever order they come.
  virtual uint64_t row_of(uint64_t n) const { return n % size(); }
  /// Called before examples [first, first + count) are appended, for a step: who makes them makes them now.
  virtual Status prepare(uint64_t first, uint64_t count);
  /// Numbers of those that were prepared last, by name, for metrics.
  virtual std::vector<std::pair<std::string, double>> told() const { return {}; }
  /// Appends example n of a run, for any n: epoch n / size() goes around again.
  virtual void append(uint64_t n, Examples& out) const = 0;
  /// Tokens of an epoch, without padding.
  virtual uint64_t tokens() const = 0;
};

/// A permutation of [0, n) that is a function of a key: a Feistel network over the next power of four, walked until the
/// value is below n (Black & Rogaway 2002).
uint64_t permute(uint64_t index, uint64_t n, uint64_t key, uint64_t tweak);

}  // namespace malmoi::train
