// What objectives of encoder-decoders share: the arrays they read, and examples for rehearsals.
#pragma once

#include "train/objective.h"

namespace malmoi::train {

extern const ArrayColumn kSeq2SeqFiles[3];
void append_seq2seq_row(const ArrayRow& row, const RowRules& rules, Examples& out);

/// Adds pairs of `input` tokens for the encoder and `output` for the decoder, all of which count.
void append_pairs(int64_t batch, int64_t input, int64_t output, Examples& out);

}  // namespace malmoi::train
