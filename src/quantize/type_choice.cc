#include "quantize/type_choice.h"

#include <algorithm>
#include <cctype>
#include <regex>

#include "quantize/pack.h"
#include "tensor/block_type.h"

namespace malmoi::quantize {
namespace {

using formats::GgmlType;

struct FileType {
  std::string_view name;
  uint32_t id;                          // llama.cpp's llama_ftype
  std::string_view matrix, head, more;  // of matrices, of the head, of what a few layers have wider
};
constexpr FileType kFileTypes[] = {
    {"f32", 0, "F32", "F32", ""},           {"f16", 1, "F16", "F16", ""},       {"bf16", 32, "BF16", "BF16", ""},
    {"q8_0", 7, "Q8_0", "Q8_0", ""},        {"q4_0", 2, "Q4_0", "Q6_K", ""},    {"q4_1", 3, "Q4_1", "Q6_K", ""},
    {"q5_0", 8, "Q5_0", "Q6_K", ""},        {"q5_1", 9, "Q5_1", "Q6_K", ""},    {"q4_k_s", 14, "Q4_K", "Q6_K", ""},
    {"q4_k_m", 15, "Q4_K", "Q6_K", "Q6_K"}, {"q5_k_s", 16, "Q5_K", "Q6_K", ""}, {"q5_k_m", 17, "Q5_K", "Q6_K", "Q6_K"},
    {"q6_k", 18, "Q6_K", "Q6_K", ""},
};

// What stands in for a type whose blocks a row does not fill.
constexpr std::pair<std::string_view, std::string_view> kInstead[] = {
    {"Q4_K", "Q5_0"}, {"Q5_K", "Q5_1"}, {"Q6_K", "Q8_0"}};

bool has(std::string_view name, std::string_view part) { return name.find(part) != std::string_view::npos; }

// Of an encoder-decoder too: blk.3., enc.blk.3.
int64_t layer_of(std::string_view name) {
  size_t at = name.find("blk.");
  if (at == std::string_view::npos) return -1;
  int64_t layer = 0;
  for (at += 4; at < name.size() && name[at] >= '0' && name[at] <= '9'; ++at) layer = 10 * layer + (name[at] - '0');
  return layer;
}

// The first eighth of the layers, the last, and every third between (llama.cpp's use_more_bits).
bool has_more_bits(int64_t layer, int64_t layers) {
  const int64_t eighth = layers / 8;
  return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
}

// Matrices of products and the table of words; routers decide by small differences, positions and filters are small.
bool is_packable(const GgufSource& tensor) {
  static constexpr std::string_view kKept[] = {"ffn_gate_inp",   "position_embd", "token_types", "ssm_conv1d",
                                               "shortconv.conv", "ssm_a",         "_norm",       "attn_rel_b",
                                               "ssm_x",          "ssm_dt"};
  if (tensor.dims.size() < 2 || !tensor.name.ends_with("weight")) return false;
  return std::none_of(std::begin(kKept), std::end(kKept),
                      [&](std::string_view part) { return has(tensor.name, part); });
}

const GgmlType* filled(std::string_view type, uint64_t columns) {
  const GgmlType* chosen = formats::ggml_type(type);
  for (auto [wide, instead] : kInstead) {
    if (type == wide && columns % chosen->block_elements != 0) chosen = formats::ggml_type(instead);
  }
  return columns % chosen->block_elements == 0 ? chosen : formats::ggml_type("F16");
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

bool is_written(std::string_view type) {
  const BlockFormat* format = find_block_format(type);
  return type == "F32" || type == "F16" || type == "BF16" || (format && packer(format->type));
}

}  // namespace

std::vector<std::string_view> file_type_names() {
  std::vector<std::string_view> names;
  for (const FileType& type : kFileTypes) names.push_back(type.name);
  return names;
}

Result<TypeRule> parse_type_rule(const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0)
    return usage_error("'" + text + "' is not PATTERN=TYPE", "--tensor", "for example 'ffn_down=q6_k'");
  TypeRule rule{text.substr(0, equals), upper(text.substr(equals + 1))};
  if (!is_written(rule.type))
    return usage_error("the type '" + rule.type + "' is not written", "--tensor",
                       "use f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k or q6_k");
  try {
    std::regex compiled(rule.pattern, std::regex::ECMAScript);
  } catch (const std::regex_error&) {
    return usage_error("'" + rule.pattern + "' is not a regular expression", "--tensor", "for example 'blk\\.0\\.'");
  }
  return rule;
}

Result<TypeChoice> choose_types(const GgufContents& contents, std::string_view file_type,
                                const std::vector<TypeRule>& rules) {
  auto row = std::find_if(std::begin(kFileTypes), std::end(kFileTypes),
                          [&](const FileType& t) { return t.name == file_type; });
  if (row == std::end(kFileTypes)) {
    std::string known;
    for (std::string_view name : file_type_names()) known += (known.empty() ? "" : ", ") + std::string(name);
    return usage_error("the type '" + std::string(file_type) + "' is not known", "--type", "use one of " + known);
  }
  const bool tied = std::none_of(contents.tensors.begin(), contents.tensors.end(),
                                 [](const GgufSource& t) { return t.name == "output.weight"; });
  TypeChoice choice{.types = {}, .file_type = row->id};
  for (const GgufSource& tensor : contents.tensors) {
    const bool is_head = tensor.name == "output.weight" || (tied && tensor.name == "token_embd.weight");
    const bool may_be_wider = has(tensor.name, "attn_v.") || has(tensor.name, "ffn_down");
    std::string_view type = row->matrix;
    if (is_head) type = row->head;
    else if (may_be_wider && !row->more.empty() && has_more_bits(layer_of(tensor.name), contents.layers))
      type = row->more;
    choice.types.push_back(is_packable(tensor) ? filled(type, tensor.dims[0]) : formats::ggml_type("F32"));
  }
  for (const TypeRule& rule : rules) {
    const std::regex pattern(rule.pattern, std::regex::ECMAScript);
    bool matched = false;
    for (size_t i = 0; i < contents.tensors.size(); ++i) {
      if (!std::regex_search(contents.tensors[i].name, pattern)) continue;
      matched = true;
      choice.types[i] = filled(rule.type, contents.tensors[i].dims.empty() ? 1 : contents.tensors[i].dims[0]);
    }
    if (!matched)
      return usage_error("no tensor matches '" + rule.pattern + "'", "--tensor", "for example 'ffn_down=q6_k'");
  }
  return choice;
}

}  // namespace malmoi::quantize
