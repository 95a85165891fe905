// What a family's file says about it: everything. registry.cc lists the families.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "model/config_fields.h"
#include "model/gguf_dialect.h"
#include "model/model.h"

namespace malmoi::model {

/// A class of `architectures` in published configs.
struct ModelClass {
  Task task;
  std::string_view name;
};

/// More layers than this no config means.
constexpr int64_t kMostLayers = 1 << 14;
constexpr int64_t kMostExperts = 1 << 18;  // of all layers together
/// max_positions of a model whose positions do not end: memory ends first.
constexpr int64_t kNoLimit = 1 << 24;

/// The inner width of a gated MLP with about the parameters of a plain one of four times the width: 8/3 of it, in whole steps
/// (Shazeer 2020, section 3).
constexpr int64_t gated_width(int64_t width) {
  constexpr int64_t kStep = 64;
  return (width * 8 / 3 + kStep - 1) / kStep * kStep;
}

/// What a family makes of a config, before it has memory.
struct Parts {
  nn::ParameterSet parameters;
  std::unique_ptr<Backbone> backbone;
  std::unique_ptr<Head> head;
  Sizes sizes;
  double router_balance = 0;     // weight of the loss that keeps experts equally busy; 0: none
  size_t head_begin = SIZE_MAX;  // entries of `parameters` from here on are the head's own
  int32_t decoder_start_token_id = -1, pad_token_id = -1;
  TiedHead tied_head;
  std::vector<std::string> beside;  // beginnings of names of what this model's file may hold beside, without use
};

struct Family {
  std::string_view model_type;  // as published, and as `architecture` in training configurations
  /// The first is what a training configuration makes where its objective does not ask for another task.
  std::span<const ModelClass> classes;
  /// Reads every field of the config that it knows and builds the model; errors stand in the fields. `labels`: of a
  /// classifier.
  Parts (*make)(ConfigFields& fields, Task task, int64_t labels);
  /// Prefixes that some files leave out of tensors' names, or put before them.
  std::span<const std::string_view> optional_prefixes = {};
  /// Other spellings of a part of a name: {published today, as some files have it}.
  struct Alias {
    std::string_view name, other;
  };
  std::span<const Alias> aliases = {};
  /// Beginnings of names of heads that a file may hold beside the one in use, or once more where the head is tied.
  std::span<const std::string_view> head_prefixes = {};
  /// Beginnings of names, without prefixes, of what the plain model's own files hold and no features are made of (a pooler).
  std::span<const std::string_view> unread_parts = {};
  /// Endings of names of buffers that some versions saved: they are computed, not learned.
  std::span<const std::string_view> buffers = {};
  /// Fields of its published configs that change no number of a forward pass, beside those of all families.
  std::span<const std::string_view> inert = {};
  /// Positions count on from pad_token_id: a table for texts of n tokens has n + pad_token_id + 1 rows (RoBERTa).
  bool positions_follow_padding = false;
  /// How GGUF files spell it; null: such files are not read.
  const GgufDialect* gguf = nullptr;
  /// The config of a model `size` times as wide that fills masked words beside this one (companion.h); null: it has none.
  Json (*companion)(const Json& config, double size) = nullptr;
};

/// Whether a family has a head for a task.
bool has_head(const Family& family, Task task);

std::span<const Family* const> family_table();
/// The family of a published `model_type`; null if there is none.
const Family* find_family(std::string_view model_type);
/// `llama, gpt2, ...` for messages.
std::string family_names();

}  // namespace malmoi::model
