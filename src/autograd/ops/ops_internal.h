// The backward functions that op_table.cc lists.
#pragma once

#include "autograd/tape.h"

namespace malmoi::autograd {

void embedding_backward(Context& context, Tape& tape, Record& record);
void norm_backward(Context& context, Tape& tape, Record& record);
Tensor norm_recompute(Context& context, Tape& tape, Record& record);
void linear_backward(Context& context, Tape& tape, Record& record);
void activation_backward(Context& context, Tape& tape, Record& record);
Tensor activation_recompute(Context& context, Tape& tape, Record& record);
void gated_backward(Context& context, Tape& tape, Record& record);
Tensor gated_recompute(Context& context, Tape& tape, Record& record);
void rotary_backward(Context& context, Tape& tape, Record& record);
void attention_backward(Context& context, Tape& tape, Record& record);
void block_backward(Context& context, Tape& tape, Record& record);

}  // namespace malmoi::autograd
