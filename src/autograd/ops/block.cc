// A block that is forgotten after its forward pass and run again in the backward pass (Chen et al. 2016).
#include <vector>

#include "autograd/attention_probe.h"
#include "autograd/ops.h"
#include "autograd/router_balance.h"

namespace malmoi::autograd {
namespace {

struct BlockAttributes {
  detail::BlockFunction function;
  const void* model;
  const void* batch;
  int64_t index;
  uint64_t random_stream;  // of its first dropout: the second run draws the same masks
};

// Runs the block again with a tape, and gives its outputs their gradients. Returns the numbers of its inputs: x, delta, then
// what the blocks share, as the record holds them.
std::vector<int32_t> run_again(Context& context, Tape& tape, Record& record, Tensor dx, Tensor ddelta) {
  const auto& a = record.get<BlockAttributes>();
  std::vector<Var> inputs(record.saved.size());
  std::vector<int32_t> ids;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool constant = record.inputs[i] < 0;
    if (record.saved[i].value) inputs[i] = {std::move(record.saved[i].value), constant ? -1 : tape.new_id()};
    ids.push_back(inputs[i].id);
  }
  BlockIo io{std::move(inputs[0]), std::move(inputs[1])};
  BlockIo out = a.function(context, a.model, a.index, a.batch, std::move(io), std::span<const Var>(inputs).subspan(2));
  tape.give_grad(context, out.x.id, std::move(dx));
  tape.give_grad(context, out.delta.id, std::move(ddelta));
  return ids;
}

void block_backward(Context& context, Tape& tape, Record& record) {
  Tensor dx = tape.take_grad(record.outputs[0]), ddelta = tape.take_grad(record.outputs[1]);
  size_t base = tape.size();
  uint64_t random_stream = std::exchange(context.random_stream, record.get<BlockAttributes>().random_stream);
  if (context.balance) context.balance->counting = false;  // counted in the first run
  context.checkpointing = Checkpointing::kCheap;
  std::vector<int32_t> ids = run_again(context, tape, record, std::move(dx), std::move(ddelta));
  if (context.balance) context.balance->counting = true;
  tape.backward(context, base);
  context.checkpointing = Checkpointing::kBlock;
  context.random_stream = random_stream;
  for (size_t i = ids.size(); i-- > 0;) {
    if (Tensor grad = tape.take_grad(ids[i])) tape.give_grad(context, record.inputs[i], std::move(grad));
  }
}

}  // namespace

extern const Op block_op{"block", block_backward};

BlockIo detail::run_block(Context& context, BlockFunction function, const void* model, int64_t index, const void* batch,
                          BlockIo io, std::span<const Var> shared) {
  if (context.probe) context.probe->begin_block(batch);
  if (!context.tape || context.checkpointing != Checkpointing::kBlock)
    return function(context, model, index, batch, std::move(io), shared);
  Tape& tape = *context.tape;
  BlockAttributes a{function, model, batch, index, context.random_stream};
  std::vector<Saved> saved{{io.x.value}, {io.delta.value}};
  std::vector<int32_t> inputs{io.x.id, io.delta.id};
  for (const Var& v : shared) {
    saved.push_back({v.value});
    inputs.push_back(v.id);
  }
  tape.begin_discard();
  BlockIo out = function(context, model, index, batch, std::move(io), shared);
  std::span<Parameter* const> used = tape.end_discard();
  Record& record = tape.push(block_op,
                             {.inputs = std::span<const int32_t>(inputs),
                              .outputs = 2,
                              .saved = std::span<const Saved>(saved),
                              .parameters = used},
                             a);
  return {tape.output(record, 0, std::move(out.x.value)), tape.output(record, 1, std::move(out.delta.value))};
}

}  // namespace malmoi::autograd
