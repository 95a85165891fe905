// A block that is forgotten after its forward pass and run again in the backward pass (Chen et al. 2016).
#include "autograd/ops.h"
#include "autograd/ops/ops_internal.h"

namespace malmoi::autograd {
namespace {

struct Attributes {
  BlockFunction function;
  const void* model;
  const void* batch;
  int64_t layer;
  uint64_t stream;  // of its first dropout: the second run draws the same masks
};

}  // namespace

BlockIo block(Context& context, BlockFunction function, const void* model, int64_t layer, const void* batch,
              BlockIo io) {
  if (!context.tape || context.checkpointing != Checkpointing::kBlock)
    return function(context, model, layer, batch, std::move(io));
  Tape* tape = context.tape;
  Attributes a{function, model, batch, layer, context.stream};
  // The input must survive: without a tape a block may write over it.
  Tensor kept = context.temporary(io.x.value.dtype(), io.x.value.shape());
  context.run("keep block input", 0, [&] { std::memcpy(kept.data(), io.x.value.data(), kept.bytes()); });
  Tensor delta = io.delta.value;
  std::array<int32_t, 2> inputs{io.x.id, io.delta.id};
  context.tape = nullptr;
  BlockIo out = function(context, model, layer, batch, std::move(io));
  context.tape = tape;
  Record& record = tape->push(OpKind::kBlock);
  record.inputs = inputs;
  record.saved[0].value = std::move(kept);
  record.saved[1].value = std::move(delta);
  record.set(a);
  out.x = tape->output(record, 0, std::move(out.x.value));
  out.delta = tape->output(tape->top(), 1, std::move(out.delta.value));
  return out;
}

void block_backward(Context& context, Tape& tape, Record& record) {
  auto a = record.get<Attributes>();
  Tensor dx = tape.take_grad(record.outputs[0]), ddelta = tape.take_grad(record.outputs[1]);
  size_t base = tape.size();
  uint64_t stream = context.stream;
  context.stream = a.stream;
  context.checkpointing = Checkpointing::kCheap;
  BlockIo in{{std::move(record.saved[0].value), tape.new_id()}, {}};
  if (record.saved[1].value) in.delta = {std::move(record.saved[1].value), tape.new_id()};
  int32_t x_id = in.x.id, delta_id = in.delta.id;
  BlockIo out = a.function(context, a.model, a.layer, a.batch, std::move(in));
  tape.give_grad(context, out.x.id, std::move(dx));
  tape.give_grad(context, out.delta.id, std::move(ddelta));
  out = {};
  tape.backward(context, base);
  context.checkpointing = Checkpointing::kBlock;
  context.stream = stream;
  Tensor dx_in = tape.take_grad(x_id), ddelta_in = tape.take_grad(delta_id);
  if (ddelta_in) tape.give_grad(context, record.inputs[1], std::move(ddelta_in));
  tape.give_grad(context, record.inputs[0], std::move(dx_in));
}

}  // namespace malmoi::autograd
