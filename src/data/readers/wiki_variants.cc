// Words that a wiki shows by the variant its reader has chosen, `-{zh-hans:计算机;zh-hant:電腦}-`: the first is taken.
#include <algorithm>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "data/readers/wiki_steps.h"

namespace malmoi::data::wiki {
namespace {

// Flags before a bar: H, T, D and - only say something to the software.
bool is_hidden_flag(std::string_view flags) { return flags.find_first_of("HTD-") != std::string_view::npos; }

std::string_view first_variant(std::string_view content) {
  constexpr size_t kLongestFlags = 16, kLongestCode = 12;
  size_t bar = content.substr(0, kLongestFlags).find('|');
  if (bar != std::string_view::npos) {
    if (is_hidden_flag(content.substr(0, bar))) return {};
    content.remove_prefix(bar + 1);
  }
  size_t colon = content.substr(0, kLongestCode).find(':');
  std::string_view code = ascii_trim(content.substr(0, colon));
  bool coded = colon != std::string_view::npos && !code.empty() &&
               std::all_of(code.begin(), code.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  if (!coded) return content;
  content.remove_prefix(colon + 1);
  return content.substr(0, content.find(';'));
}

}  // namespace

std::string resolve_variants(std::string_view text) {
  constexpr size_t kLongest = 2000;
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t open = std::min(text.find("-{", i), text.size());
    out.append(text, i, open - i);
    if (open == text.size()) break;
    std::string_view rest = text.substr(open + 2, kLongest);
    size_t close = rest.find("}-"), inner = rest.find("-{");
    if (close == std::string_view::npos || inner < close) {
      out += "-{";
      i = open + 2;
      continue;
    }
    out += first_variant(rest.substr(0, close));
    i = open + 2 + close + 2;
  }
  return out;
}

}  // namespace malmoi::data::wiki
