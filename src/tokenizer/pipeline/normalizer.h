// Normalizers: what changes a text before it is cut.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

class WordNormalizer;

/// One step. Immutable and thread-safe. Must leave valid UTF-8 and, where tracked, one source span a byte.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(NormalizedText& text) const = 0;
  /// Null where words cannot be normalised alone.
  virtual const WordNormalizer* by_words() const { return nullptr; }
  /// Appends the component as it stands in a tokenizer.json; an error where that format cannot hold it.
  virtual Status write_json(std::string& out) const = 0;
};

/// One after the other.
class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}
  void normalize(NormalizedText& text) const override;
  Status write_json(std::string& out) const override;

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

/// From the JSON of the component, as in tokenizer.json, e.g. {"type": "NFC"}. `where` names it in errors.
Result<std::unique_ptr<Normalizer>> normalizer_from_json(std::string_view json, std::string_view where);

}  // namespace malmoi::tokenizer
