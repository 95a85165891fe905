// How llama.cpp finds special tokens in a text and turns ids back into text (src/llama-vocab.cpp).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/import/gguf_vocab.h"
#include "tokenizer/import/prefix_matcher.h"
#include "tokenizer/models/position_queue.h"
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {

/// Special tokens in the raw text: the longest anywhere first, from left to right, then the next shorter in what is left.
/// User-defined tokens always, control and unknown ones only with `parse_special`. White space that a token swallows
/// belongs to its section. Linear in the text.
class LlamaSplitter final : public SectionSplitter {
 public:
  explicit LlamaSplitter(const GgufVocab& vocab);
  void split(std::string_view text, bool parse_special, std::vector<Piece>& sections) const override;

 private:
  struct Special {
    int32_t id;
    uint32_t length;
    bool always, lstrip, rstrip;
  };
  struct Longest {
    int32_t special = -1;  // -1: none
    size_t looked_at = 0;  // bytes that the answer depends on
  };
  Longest longest(std::string_view text, bool parse_special) const;
  using Found = std::map<int32_t, PositionQueue>;
  Found find(std::string_view text, bool parse_special) const;

  std::vector<Special> specials_;  // longest first
  PrefixMatcher matcher_;          // text -> index in specials_
};

/// Pieces joined, the first without its leading space where encoding put one, then spaces cleaned where the vocabulary
/// says so. With `skip_special`, control and unknown tokens are nothing (but still count as the first).
class LlamaDecoder final : public IdDecoder {
 public:
  explicit LlamaDecoder(const GgufVocab& vocab);
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override;
  std::string token_bytes(int32_t id) const override;

 private:
  std::vector<std::string> pieces_;
  std::vector<bool> special_;
  std::vector<bool>
      odd_;  // spelled beyond the byte alphabet: written out when used, which takes the square of its length
  bool drop_first_space_, clean_spaces_;
};

/// The cleaning of spaces: before `?!.,`, around a lone apostrophe, before 's 'm 're 've.
std::string clean_llama_spaces(std::string text);

}  // namespace malmoi::tokenizer
