// Models: the pieces of a text to ids.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/json/component_type.h"
#include "tokenizer/pipeline/text.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {

/// A token of one piece: bytes [begin, end) of the piece.
struct Token {
  int32_t id;
  uint32_t begin, end;
};

/// Immutable and thread-safe; caches are per thread and bounded. A piece is never empty and is valid UTF-8 unless the
/// model says `takes_bytes`.
class Model {
 public:
  virtual ~Model() = default;
  /// Appends the tokens of one piece.
  virtual void tokenize(std::string_view piece, std::vector<Token>& tokens) const = 0;
  /// Appends the ids alone; faster where a model has a shorter way.
  virtual void encode(std::string_view piece, std::vector<int32_t>& ids) const;
  /// Whether the vocabulary is spelled in the byte alphabet and the model wants the raw bytes of a piece.
  virtual bool takes_bytes() const { return false; }
  /// Told once before use that pieces come from a byte-level pre-tokenizer (raw bytes).
  virtual void expect_bytes() {}

  /// The pieces as the file spells them.
  virtual const Vocabulary& vocabulary() const = 0;
  virtual std::optional<int32_t> unk_id() const { return std::nullopt; }
  /// The name of tokenizer.json's model type: BPE, Unigram, WordPiece, WordLevel, or a library-specific one.
  virtual std::string_view type() const = 0;
  virtual Status write_json(std::string& out) const = 0;

  static constexpr std::string_view kKind = "model";
  static std::span<const ComponentType<Model>* const> types();
  /// That of a file of before the member "type": told apart by what it has.
  static std::string_view guessed_type(const JsonNode& node);
};

}  // namespace malmoi::tokenizer
