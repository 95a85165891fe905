// The languages of a text: scripts by counting letters, languages of one script by CLD2's tables.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace malmoi::data {

/// Letters by script, weighed as they read: a Hangul syllable or a Han character counts as 2.5 Latin letters.
struct ScriptShares {
  double hangul = 0, latin = 0, han = 0, kana = 0, other = 0;  // shares of all letters; 0 without letters
  double letters = 0;                                          // weighed
};
ScriptShares script_shares(std::string_view text);

struct LanguageShares {
  std::vector<std::pair<std::string, double>> shares;  // ISO 639 codes ("ko", "en", "zh"), largest first; sum at most 1
  bool reliable = false;                               // enough text to tell

  double share(std::string_view language) const;
  /// The language of the largest share; empty if there is none.
  std::string main() const { return shares.empty() ? std::string() : shares.front().first; }
};

/// The languages of a text, line by line: lines mostly in Hangul are Korean, with kana Japanese; Latin lines are put
/// together and told apart by CLD2, as are the other scripts. Thread-safe.
LanguageShares identify_languages(std::string_view text);

/// The language that most of a text is in: `ko`, `ja`, `zh` by script, others told apart by CLD2; empty without letters.
/// `hint` (what a page says of itself) counts where the text is too short or too odd to tell. Thread-safe.
std::string document_language(std::string_view text, std::string_view hint = {});

/// The language of each paragraph, as document_language has them; empty without letters. Of one script, a paragraph is in
/// another language than the rest only if it surely is, and a tenth of the whole is too.
std::vector<std::string> paragraph_languages(const std::vector<std::string_view>& paragraphs);

/// Whether a code names the language of another: `EN` and `en-GB` are `en`.
bool is_same_language(std::string_view a, std::string_view b);

}  // namespace malmoi::data
