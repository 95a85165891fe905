// The heads of encoders: rows of tokens or of texts, a dense layer before the output where the family has one.
#pragma once

#include "model/family.h"
#include "nn/norm.h"

namespace malmoi::model {

/// Which rows a head makes logits of.
enum class Pooling : uint8_t {
  kNone,   // every token
  kFirst,  // the first token of each text
  kMean,   // the mean of each text's tokens
};

struct EncoderHeadSpec {
  Pooling pooling = Pooling::kNone;
  double dropout = 0;  // of the rows that are pooled
  /// norm(activation(dense(row))), under the full published names; null: there is none.
  const char* dense = nullptr;
  int64_t dense_width = 0;  // 0: as wide as the hidden states
  bool dense_bias = true;
  kernels::Activation activation = kernels::Activation::kNone;
  const char* norm = nullptr;
  nn::NormSpec norm_spec = {.layer = true, .bias = true};
  double output_dropout = 0;  // of what the output reads
  const char* output = nullptr;
  int64_t outputs = 0;
  const char* output_bias = "";        // full name; "": the output's own `.bias`; null: none
  const char* tied_bias = nullptr;     // what it is called while `words` is the output; null: the same
  nn::WeightSlot* words = nullptr;     // the output is this table
  double std = 0.02, output_std = -1;  // that matrices start from; negative: as the others
};

/// A head of tokens without a layer of its own: labels, or where an answer begins and ends.
inline EncoderHeadSpec token_head(Task task, int64_t labels, double dropout, double std) {
  return {.output_dropout = dropout,
          .output = task == Task::kQuestionAnswering ? "qa_outputs" : "classifier",
          .outputs = labels,
          .std = std};
}

/// Adds the head to parts whose backbone is declared.
void add_encoder_head(Parts& parts, const EncoderHeadSpec& spec);

}  // namespace malmoi::model
