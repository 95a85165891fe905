// How llama.cpp's GGUF files spell a family: what a family's file says of its metadata keys and tensors.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "formats/gguf.h"
#include "model/model.h"

namespace malmoi::model {

/// A field of config.json and the metadata key, without "ARCHITECTURE.", that holds it.
struct GgufField {
  std::string_view field, key;
};

/// A switch of config.json that no key holds: on where the file has the tensor.
struct GgufSwitch {
  std::string_view field, tensor;
};

/// What llama.cpp's converter does to values, beside writing every matrix as [out, in] (gguf_change.h has both ways).
enum class GgufChange : uint8_t {
  kNone,
  kRotary,         // rows of a head whose rotary pairs stand side by side, in dialects that are `interleaved`
  kPlusOne,        // the file holds w + 1
  kNegativeExp,    // the file holds -exp(w)
  kFromPadding,    // rows of positions without those that stand for padding: from pad_token_id + 1 on
  kPublishedRows,  // rows alternate as published, where those of other fused matrices stand part by part
  // q, k, v and z of a gated delta net stand part by part, z in a tensor of its own; older files have it whole, as published.
  kGateApart,
  // What makes the keys and values of latent attention stands as two tensors: "_k_b" [heads, in, key], turned round, and
  // "_v_b" [heads, value, in]; older files have it whole, as published.
  kKeysApart,
};

/// The dimensions that a file has for the same elements.
enum class GgufShape : uint8_t {
  kPublished,
  kSqueezed,  // without those of one: [channels, 1, taps] as [channels, taps]
  kColumn,    // [n] as [n, 1]
  kGroups,    // [n] as [groups, n / groups], where "ssm.group_count" says how many
};

/// A part of a published name and what stands for it in GGUF. '#' in the published part is the number of an expert, which
/// chooses one matrix of a tensor [experts, out, in], or of a head, which chooses one row of a tensor [heads, head_dim]; '*' in
/// both is a number that stays.
struct GgufName {
  std::string_view published, gguf;
  GgufChange change = GgufChange::kNone;
  GgufShape shape = GgufShape::kPublished;
};

/// Tensors that hold settings, not weights: what llama.cpp divides rotary frequencies by.
inline constexpr std::string_view kRopeDivisors = "rope_freqs.weight";
inline constexpr std::string_view kLongRopeDivisors = "rope_factors_long.weight";
inline constexpr std::string_view kShortRopeDivisors = "rope_factors_short.weight";

struct GgufDialect {
  std::string_view architecture;  // general.architecture
  std::string_view read_as = {};  // the family that a file is of when it is read; empty: the dialect's own
  std::string_view marker = {};   // a key that tells the family from another of the same architecture
  int64_t marker_value = 0;       // what the marker must be; 0: anything
  Task task = Task::kCausalLm;    // what the file has a head for
  std::span<const GgufField> fields = {};
  std::span<const GgufField> shared_fields = {};  // and those of its kin
  std::span<const GgufSwitch> switches = {};
  /// Replaced in this order, each where it stands in what is left of the name; then those of `shared`.
  std::span<const GgufName> names = {};
  std::span<const GgufName> shared = {};
  bool interleaved = false;  // rotary pairs stand side by side
  std::string_view rotary_share = "partial_rotary_factor";
  /// Keys that change no number of a forward pass, beside those of all dialects.
  std::span<const std::string_view> inert = {};
  /// What follows from several keys.
  void (*derive)(Json& config, const formats::Gguf& file) = nullptr;
  /// Says the same model in the fields that derive() gives, before it is written.
  void (*simplify)(Json& config) = nullptr;
  /// Multiplies into a published tensor what fields say that simplify() takes out; `config` has them still.
  void (*fold)(const Json& config, std::string_view published, std::span<float> values) = nullptr;
  /// The keys of which derive() makes fields, and what else llama.cpp asks for: the last word on what stands in a file. Errors:
  /// what they cannot say.
  Status (*describe)(const Json& config, formats::GgufMetadata& metadata) = nullptr;
  /// Fields of a rotary scaling that describe() looks after.
  std::span<const std::string_view> rope_fields = {};
};

}  // namespace malmoi::model
