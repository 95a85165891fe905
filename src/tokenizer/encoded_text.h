// One text or two as a model reads them, with where each token stands; whole, cut, or in windows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

/// One text or two as the tokenizer puts them together (`[CLS] first [SEP] second [SEP]`). What does not fit max_length is
/// cut from the end of the longer one.
struct EncodedText {
  /// Where a token stands: code points [begin, end) of the first text (0) or the second (1); -1: the tokenizer put it there.
  struct Place {
    int32_t text = -1;
    uint32_t begin = 0, end = 0;
  };
  std::vector<int32_t> ids, type_ids;
  std::vector<Place> places;
  int64_t cut = 0;

  std::vector<int32_t> mask() const { return std::vector<int32_t>(ids.size(), 1); }
};
EncodedText encode_text(const std::string& first, const std::string* second, const Tokenizer& tokenizer,
                        int64_t max_length);
/// Two texts of which the second does not fit: pieces of it, each behind the whole first one, as long as they may be, and each
/// beginning with the last `overlap` tokens of the one before (half of its room at most). Where the first text leaves less than a
/// quarter of max_length, both are cut, as by encode_text.
std::vector<EncodedText> encode_windows(const std::string& first, const std::string& second, const Tokenizer& tokenizer,
                                        int64_t max_length, int64_t overlap);

}  // namespace malmoi::tokenizer
