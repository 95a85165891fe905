// Tokens added to a model's vocabulary: found in the text before anything else, whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

struct AddedToken {
  int32_t id = -1;
  std::string content;
  bool special = false;
  bool normalized = false;   // looked for in the normalised text rather than in the raw one
  bool single_word = false;  // only where no word character stands at either side
  bool lstrip = false;       // swallows the white space before it
  bool rstrip = false;       // swallows the white space after it

  static void fields(auto& self, auto& in) {
    // Where "normalized" is absent, tokens that are not special are.
    in.read_alone("special", false, self, [](AddedToken& token, bool special) { token.normalized = !special; });
    in.field("id", self.id);
    in.required("content", self.content);
    in.field("single_word", self.single_word);
    in.field("lstrip", self.lstrip);
    in.field("rstrip", self.rstrip);
    in.field("normalized", self.normalized);
    in.field("special", self.special);
  }
};

/// Cuts a raw text into sections before normalisation: pieces with `token` set, and text. The default is Hugging Face's
/// rule over AddedTokens (leftmost, then longest); a library with other rules has its own in Parts::splitter.
class SectionSplitter {
 public:
  virtual ~SectionSplitter() = default;
  /// Appends pieces that cover `text`; an added token's piece includes the white space that it swallows.
  virtual void split(std::string_view text, bool parse_special, std::vector<Piece>& sections) const = 0;
};

class Normalizer;

/// The added tokens of a tokenizer, by id and by content, and the automata that find them.
class AddedTokens final : public SectionSplitter {
 public:
  AddedTokens();
  AddedTokens(AddedTokens&&) noexcept;
  AddedTokens& operator=(AddedTokens&&) noexcept;
  ~AddedTokens() override;

  /// Adds or, by id, replaces one. An empty content is ignored.
  void add(AddedToken token);
  const std::vector<AddedToken>& all() const { return tokens_; }  // by id
  const AddedToken* by_id(int32_t id) const;
  const AddedToken* by_content(std::string_view content) const;
  bool is_special(int32_t id) const;
  /// Builds the automata; call after the last `add`. `normalizer` may be null.
  void build(const Normalizer* normalizer);

  void split(std::string_view text, bool parse_special, std::vector<Piece>& sections) const override;
  /// The same over a normalised section, for tokens with `normalized`.
  void split_normalized(std::string_view text, bool parse_special, std::vector<Piece>& sections) const;
  bool any_normalized() const;
  /// How decoding spells a token: normalised, where it is looked for so.
  std::string_view spelling(const AddedToken& token) const;

 private:
  struct Automaton;
  void find(const Automaton* automaton, std::string_view text, bool parse_special, std::vector<Piece>& out) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> normalized_;  // beside tokens_; empty where equal to the content
  std::unique_ptr<Automaton> raw_, normal_;
};

}  // namespace malmoi::tokenizer
