// A tokenised corpus on disk: flat little-endian ids (u16 or u32) with document ends, written atomically, memory-mapped.
//
// NAME.bin   ids, one after the other, u16 when the vocabulary fits, else u32
// NAME.ends  u64 for each document: the index after its last id (absent: one document)
// NAME.json  {"dtype", "vocab_size", "tokens", "documents", "about"}; written last, so its presence says that all is there
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace malmoi::data {

enum class TokenType { kU16, kU32 };

/// u16 if every id below `vocab_size` fits.
TokenType token_type_for(int64_t vocab_size);
/// "u16" or "u32" (also "uint16", "uint32"). Errors: another name.
Result<TokenType> parse_token_type(std::string_view name, std::string where = {});

/// Writes NAME.bin and its companions. Nothing stands under the final names before `commit`.
class TokenWriter {
 public:
  /// `path` ends in `.bin`. `about` goes into NAME.json (tokenizer, source ...).
  static Result<TokenWriter> create(const Path& path, int64_t vocab_size, Json about = Json::object());
  TokenWriter(TokenWriter&&) noexcept;
  TokenWriter& operator=(TokenWriter&&) noexcept;
  ~TokenWriter();

  /// Appends the ids of one document. Errors: an id outside the vocabulary; a full disk.
  Status add(std::span<const int32_t> ids);
  Status commit();
  uint64_t tokens() const;
  uint64_t documents() const;

 private:
  struct State;
  explicit TokenWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A mapped token file. Reading is free of copies and may happen on many threads at once.
class TokenFile {
 public:
  /// `type`: for a .bin without NAME.json; NAME.json wins where it stands (a contradiction is an error).
  /// `vocab_size` > 0: every id is checked once, and the first outside it is named with file and offset.
  /// Other errors: a length that is no multiple of the id's size; ends that do not rise, or do not end at the last id.
  static Result<TokenFile> open(const Path& path, std::optional<TokenType> type = {}, int64_t vocab_size = 0);

  uint64_t size() const { return size_; }  // ids
  TokenType type() const { return type_; }
  int32_t at(uint64_t index) const {
    return type_ == TokenType::kU16 ? static_cast<int32_t>(u16_[index]) : static_cast<int32_t>(u32_[index]);
  }
  /// Copies ids [begin, begin + out.size()); the range must lie inside.
  void copy(uint64_t begin, std::span<int32_t> out) const;
  uint64_t documents() const { return has_ends_ ? ends_.size() / 8 : 1; }
  /// The ids of document `d` are [document_begin(d), document_end(d)).
  uint64_t document_begin(uint64_t d) const { return d == 0 ? 0 : document_end(d - 1); }
  uint64_t document_end(uint64_t d) const;
  /// The document that id `index` < size() belongs to.
  uint64_t document_of(uint64_t index) const;
  bool has_document_ends() const { return has_ends_; }
  /// "about" of NAME.json; an empty object without it.
  const Json& about() const { return about_; }

 private:
  MappedFile ids_, ends_;
  const uint16_t* u16_ = nullptr;
  const uint32_t* u32_ = nullptr;
  TokenType type_ = TokenType::kU16;
  uint64_t size_ = 0;
  bool has_ends_ = false;
  Json about_ = Json::object();
};

}  // namespace malmoi::data
