// NFC, NFD, NFKC and NFKD of Unicode 9.0, the version of the reference library, with what each character stands for.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace malmoi::tokenizer {

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

/// A character of the result and its change, as Rewriter::put takes it: 0 stands for the next old character, 1 is one
/// more from the same, -n swallows n more.
struct NormalChar {
  char32_t code_point;
  int change;
};

/// Whether the form certainly leaves the text as it is (a quick check; false may be wrong, true never).
bool is_normal(std::string_view text, NormalForm form);
/// The characters of the form, in order.
std::vector<NormalChar> normal_characters(std::string_view text, NormalForm form);

}  // namespace malmoi::tokenizer
