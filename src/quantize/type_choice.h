// Which type each tensor of a file gets: what a name such as q4_k_m stands for.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/name_pattern.h"
#include "quantize/gguf_contents.h"

namespace malmoi::quantize {

/// The names of --type, in a line.
std::string file_type_names();

/// `PATTERN=TYPE`: matrices whose name matches the regular expression get the type.
struct TypeRule {
  std::string pattern, type;
  model::NamePattern names;
};
/// Errors: no '=', a pattern that is none, a type that is not written.
Result<TypeRule> parse_type_rule(const std::string& text);

struct TypeChoice {
  std::vector<const formats::GgmlType*> types;  // of each tensor
  uint32_t file_type = 0;                       // general.file_type, as llama.cpp numbers them
};

/// Matrices in the file type, the head and, of the _M types, values and down projections of some layers in a wider one, as
/// llama.cpp chooses; rows that do not fill its blocks in the nearest type that they fill; vectors, routers and positions as
/// they are, in F32. Without a file type every tensor is as it is stored. Errors: a name that is not known; a rule that no matrix matches.
Result<TypeChoice> choose_types(const GgufContents& contents, std::string_view file_type,
                                const std::vector<TypeRule>& rules);

}  // namespace malmoi::quantize
