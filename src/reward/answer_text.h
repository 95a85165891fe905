// Where in a completion its answer stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"

namespace malmoi::reward {

enum class AnswerPart { kWhole, kLastLine, kMarked };
/// `part`: whole, last_line or marked.
AnswerPart read_answer_part(ConfigReader& reader, AnswerPart fallback);

/// The last of what a completion marks as its answer: `\boxed{...}`, a line behind `####`, `<answer>...</answer>`. Braces within
/// braces are counted. None: there is no mark.
std::optional<std::string_view> marked_answer(std::string_view completion);
/// The part, without white space at its ends; the last line is one that is not empty. None: nothing is marked.
std::optional<std::string_view> answer_part(std::string_view completion, AnswerPart part);

/// What two texts need not have in common to count as the same.
struct Comparison {
  bool ignore_case = false, ignore_space = true, ignore_punctuation = false, compatible = false;
};
/// `ignore_case`, `ignore_space` (at the ends; within, any is as good as one), `ignore_punctuation`, `compatible` (NFKC: ① is 1).
Comparison read_comparison(ConfigReader& reader);
/// The text as it is compared: in NFC or NFKC, without what is ignored.
std::string compared_text(std::string_view text, const Comparison& comparison);

struct CodeBlock {
  std::string_view language;  // the first word behind the fence, as it is
  std::string_view code;
};
/// Of ``` and ~~~, in order. One that is not closed goes to the end.
std::vector<CodeBlock> code_blocks(std::string_view text);
/// The last block whose language is one of these, or else the last one that names none.
std::optional<std::string_view> last_code(std::string_view text, const std::vector<std::string>& languages);

}  // namespace malmoi::reward
