#include "app/bench/hard_texts.h"

#include "base/rng.h"
#include "base/utf8.h"

namespace malmoi::app {
namespace {

// `pieces` again and again, or at random.
struct Kind {
  std::string_view name;
  std::vector<std::string> pieces;
  bool random = false;
};

std::vector<std::string> characters(char32_t first, char32_t last) {
  std::vector<std::string> out;
  for (char32_t c = first; c <= last; ++c) append_utf8(out.emplace_back(), c);
  return out;
}

std::vector<std::string> letters_of(std::string_view text) {
  std::vector<std::string> out;
  for (char c : text) out.emplace_back(1, c);
  return out;
}

// One line a text.
std::vector<Kind> kinds() {
  return {
      {"one letter", {"a"}},
      {"spaces", {" "}},
      {"newlines", {"\n"}},
      {"one Hangul syllable", {"가"}},
      {"tildes", {"~"}},
      {"one digit", {"7"}},
      {"combining marks", {"\xCC\x81"}},
      {"two letters in turn", {"a", "b"}},
      {"spaces and newlines", {" ", "\n", "\t"}, true},
      {"random letters", characters('a', 'z'), true},
      {"random Hangul", characters(0xAC00, 0xD7A3), true},
      {"random digits", characters('0', '9'), true},
      {"random punctuation", letters_of("!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"), true},
      {"random marks", characters(0x300, 0x36F), true},
      {"random Chinese", characters(0x4E00, 0x9FA5), true},
  };
}

}  // namespace

std::vector<HardText> hard_texts(size_t bytes) {
  std::vector<HardText> out;
  for (const Kind& kind : kinds()) {
    HardText hard{kind.name, {}};
    Rng rng(1);
    for (size_t i = 0; hard.text.size() < bytes; ++i)
      hard.text += kind.pieces[kind.random ? rng.below(kind.pieces.size()) : i % kind.pieces.size()];
    out.push_back(std::move(hard));
  }
  return out;
}

}  // namespace malmoi::app
