#include "train/asked_rows.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "model/fingerprint.h"

namespace malmoi::train {
namespace {

template <typename T>
void hash_more(std::span<const T> values, uint64_t& hash) {
  hash = hash64({reinterpret_cast<const char*>(values.data()), values.size_bytes()}, hash + values.size());
}

void hash_input(const nn::BatchBuilder& input, uint64_t& hash) {
  const nn::Batch batch = input.batch();
  for (const autograd::Run& run : batch.runs) hash_more(std::span<const int64_t>(&run.length, 1), hash);
  hash_more(batch.ids, hash);
  hash_more(batch.positions, hash);
  hash_more(batch.token_types, hash);
  hash_more(batch.key_mask, hash);
}

void hash_values(const nn::ParameterSet& parameters, uint64_t& hash) {
  for (const auto& entry : parameters.entries()) {
    const Tensor& values = entry->parameter.compute;
    if (values.data())
      hash_more(std::span<const std::byte>(static_cast<const std::byte*>(values.data()), values.bytes()), hash);
  }
}

}  // namespace

uint64_t hash_of(const Examples& examples) {
  uint64_t hash = 0;
  for (const Examples* part : {&examples, examples.beside.empty() ? nullptr : &examples.beside[0]}) {
    if (!part) continue;
    hash_input(part->input, hash);
    hash_input(part->decoder, hash);
    hash_more(std::span<const int32_t>(part->targets), hash);
    hash_more(std::span<const int32_t>(part->completions), hash);
  }
  return hash;
}

std::string hash_of(std::span<const uint64_t> hashes) {
  return to_hex(hash128({reinterpret_cast<const char*>(hashes.data()), hashes.size_bytes()}));
}

// Of blocks, which stay as their file has them, some rows; of all else every value.
std::string asked_key(std::string_view what, const ReferencePass& pass) {
  const model::Model& reference = pass.reference.model ? *pass.reference.model : pass.trained;
  uint64_t values = 0;
  hash_values(reference.parameters, values);
  if (reference.adapter) hash_values(reference.adapter->initial, values);
  return to_hex(hash128(fmt::format("{}|{}|{}|{}|{}", what, model::weights_fingerprint(reference), values,
                                    fmt::join(pass.reference.adapter, ","), static_cast<int>(pass.trained.dtype()))));
}

}  // namespace malmoi::train
