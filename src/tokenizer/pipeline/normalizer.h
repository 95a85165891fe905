// Normalizers: what changes a text before it is cut.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/json/component_type.h"
#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

/// The longest text that a step inserts, in bytes: what a hostile file could put beside every character.
constexpr size_t kLongestInserted = 4096;

/// One step. Immutable and thread-safe. Must leave valid UTF-8 and, where tracked, one source span a byte.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(NormalizedText& text) const = 0;
  /// Appends the component as it stands in a tokenizer.json; an error where that format cannot hold it.
  virtual Status write_json(std::string& out) const = 0;

  static constexpr std::string_view kKind = "normalizer", kSteps = "normalizers";
  static std::span<const ComponentType<Normalizer>* const> types();
};

}  // namespace malmoi::tokenizer
