#include "train/rehearsal.h"

#include "autograd/adapted_weight.h"
#include "autograd/block_weight.h"
#include "autograd/tape.h"
#include "base/temporarily.h"
#include "kernels/kernels.h"
#include "model/companion.h"
#include "model/registry.h"
#include "model/train_adapter.h"

namespace malmoi::train {
namespace {

// Program, libraries and their tables, as measured on Linux with glibc; prepared products come on top.
constexpr size_t kProcessBytes = 30 << 20;

// Trained as the other is: an address that is never touched stands for a gradient that is wanted.
void train_as(nn::ParameterSet& twin, const nn::ParameterSet& other) {
  void* somewhere = reinterpret_cast<void*>(uintptr_t{Arena::kAlignment});
  for (size_t i = 0; i < twin.entries().size(); ++i) {
    Parameter& p = twin.entries()[i]->parameter;
    twin.entries()[i]->round = other.entries()[i]->round;
    p.trainable = other.entries()[i]->parameter.trainable;
    if (!p.trainable) continue;
    p.grad = Tensor::view(somewhere, DType::kF32, p.shape);
    p.grad_ready = true;
  }
}

// Packed as the other is; its blocks are never read.
void pack_as(nn::ParameterSet& twin, const nn::ParameterSet& other) {
  for (size_t i = 0; i < twin.entries().size(); ++i) {
    const auto& slots = other.entries()[i]->slots;
    for (size_t s = 0; s < slots.size(); ++s) {
      const auto* blocks = dynamic_cast<const autograd::BlockWeight*>(&autograd::without_adapters(**slots[s]));
      if (blocks) twin.entries()[i]->slots[s]->bind(std::make_unique<autograd::BlockWeight>(*blocks));
    }
  }
}

// A twin of the model without memory: a rehearsal must not touch the real one's gradients. Null where the config makes none.
std::unique_ptr<model::Model> twin_of(const model::Model& model, DType dtype) {
  ConfigDocument document;
  document.root = model.config();
  auto made = model::make_model(document, document.root, {.task = model.task()});
  if (!made.ok()) return nullptr;
  std::unique_ptr<model::Model> twin = std::move(*made);
  // As its file said, where the config says nothing of it.
  const size_t its = twin->parameters.entries().size(), ours = model.parameters.entries().size();
  if (its < ours) twin->untie_head();
  if (its > ours) twin->tie_head();
  twin->parameters.allocate(nn::Purpose::kRehearsal, dtype);
  pack_as(twin->parameters, model.parameters);
  train_as(twin->parameters, model.parameters);
  if (model.adapter) {
    model::put_adapter(*twin, model.adapter->plan,
                       {.purpose = nn::Purpose::kRehearsal, .keep_initial = model.num_adapters > 1});
    train_as(twin->adapter->parameters, model.adapter->parameters);
  }
  if (!model.companion) return twin;
  if (!model::attach_companion(*twin, model.companion->config()).ok()) return nullptr;
  model::fill_companion(*twin, nn::Purpose::kRehearsal, 0);
  train_as(twin->companion->parameters, model.companion->parameters);
  return twin;
}

size_t frozen_bytes(const nn::ParameterSet::Entry& entry) {
  if (entry.slots.empty()) return entry.parameter.compute.bytes();
  size_t bytes = 0;
  for (const auto& slot : entry.slots) bytes += autograd::without_adapters(**slot).bytes();
  return bytes;
}

// Adds what the parameters take, whether they are trained or not.
void add_parameters(const nn::ParameterSet& parameters, MemoryPlan& plan, bool shares_frozen = false) {
  for (const auto& entry : parameters.entries()) {
    const Parameter& p = entry->parameter;
    const size_t master = sizeof(float) * static_cast<size_t>(p.shape.elements());
    if (!p.trainable) {
      if (!shares_frozen) plan.weights += frozen_bytes(*entry);
      continue;
    }
    const bool shares = p.compute.dtype() == DType::kF32 && !entry->round;  // products read the master
    plan.weights += master + (shares ? 0 : p.compute.bytes());
    plan.gradients += master;
  }
}

struct Rehearsed {
  size_t peak = 0;
  double flops = 0;
  int64_t tokens = 0;
};

Rehearsed rehearse(const model::Model& twin, const Objective& objective, DType dtype, int64_t batch_size,
                   int64_t sequence_length, autograd::Checkpointing checkpointing) {
  Arena arena = Arena::rehearsal();
  StoragePool pool;
  Stream stream;
  autograd::Tape tape;
  autograd::Context c;
  c.arena = &arena;
  c.pool = &pool;
  c.stream = &stream;
  c.backend = &kernels::cpu_backend();
  c.tape = &tape;
  c.dtype = dtype;
  c.training = true;
  c.checkpointing = checkpointing;
  Examples examples;
  objective.append_rehearsal(batch_size, sequence_length, examples);
  {
    const Temporarily untaped(c.tape, nullptr);
    const Temporarily undropped(c.training, false);
    objective.prepare(c, twin, {&examples, 1});
  }
  objective.accumulate(c, twin, examples, objective.count(examples));
  tape.clear();
  return {arena.peak(), c.flops, examples.tokens()};
}

}  // namespace

MemoryPlan plan_memory(const PlanInput& input) {
  MemoryPlan plan;
  std::unique_ptr<model::Model> twin = twin_of(input.model, input.dtype);
  if (!twin) return plan;
  for (const Entry* entry : trainable_entries(*twin))
    plan.optimizer += sizeof(float) * optimizer_entry(input.optimizer.name).state_elements(input.optimizer, *entry);
  add_parameters(twin->parameters, plan);
  plan.weights += input.objective.bytes_beside();
  plan.asked = input.objective.bytes_asked_before();
  if (twin->adapter) add_parameters(twin->adapter->parameters, plan);
  if (twin->adapter) add_parameters(twin->adapter->initial, plan);
  if (twin->companion) add_parameters(twin->companion->parameters, plan, true);
  plan.activations =
      rehearse(*twin, input.objective, input.dtype, input.batch_size, input.sequence_length, input.checkpointing).peak;
  plan.process = kProcessBytes;
  return plan;
}

int64_t tokens_per_example(const Objective& objective, int64_t sequence_length) {
  Examples one;
  objective.append_rehearsal(1, sequence_length, one);
  return one.tokens();
}

double training_flops_per_token(const model::Model& model, const Objective& objective, int64_t sequence_length) {
  std::unique_ptr<model::Model> twin = twin_of(model, DType::kF32);
  if (!twin) return 0;
  Rehearsed done = rehearse(*twin, objective, DType::kF32, 1, sequence_length, autograd::Checkpointing::kNone);
  return done.flops / static_cast<double>(done.tokens);
}

}  // namespace malmoi::train
