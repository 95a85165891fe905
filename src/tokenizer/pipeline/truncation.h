// Truncation and padding of encoded texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/pipeline/post_processor.h"

namespace malmoi::tokenizer {

enum class Side { kLeft, kRight };
inline constexpr std::string_view kSideNames[] = {"Left", "Right"};

struct Truncation {
  enum class Strategy { kLongestFirst, kOnlyFirst, kOnlySecond };
  static constexpr std::string_view kStrategyNames[] = {"LongestFirst", "OnlyFirst", "OnlySecond"};
  size_t max_length = 512;
  size_t stride = 0;
  Strategy strategy = Strategy::kLongestFirst;
  Side direction = Side::kRight;

  static void fields(auto& self, auto& in) {
    in.named("direction", self.direction, kSideNames);
    in.field("max_length", self.max_length);
    in.named("strategy", self.strategy, kStrategyNames);
    in.field("stride", self.stride);
  }

  /// Cuts one or two sequences so that they fit with `added` tokens around them.
  void apply(std::vector<Sequence>& sequences, size_t added) const;
};

/// The length that texts are padded to; 0: the text's own.
struct PaddedLength {
  size_t fixed = 0;
};

struct Padding {
  static constexpr size_t kLongest = size_t{1} << 24;
  PaddedLength length;
  std::optional<size_t> multiple_of;
  Side direction = Side::kRight;
  int32_t id = 0;
  int32_t type_id = 0;
  std::string token = "[PAD]";

  static void fields(auto& self, auto& in) {
    in.field("strategy", self.length);
    in.named("direction", self.direction, kSideNames);
    in.field("pad_to_multiple_of", self.multiple_of);
    in.field("pad_id", self.id);
    in.field("pad_type_id", self.type_id);
    in.field("pad_token", self.token);
    in.check(self.length.fixed <= kLongest && self.multiple_of.value_or(0) <= kLongest,
             "padding to more than 16777216 tokens");
  }

  void apply(Sequence& sequence) const;
};

}  // namespace malmoi::tokenizer
