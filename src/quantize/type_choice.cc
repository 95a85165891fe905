#include "quantize/type_choice.h"

#include <algorithm>
#include <cctype>

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

// Types that weights have in memory alone.
Status check_has_files(std::string_view type, const char* option, const char* instead) {
  if (!find_block_format(type) || formats::ggml_type(upper(std::string(type)))) return {};
  return usage_error("GGUF files have no type '" + std::string(type) + "', which weights take in memory alone", option,
                     instead);
}

// Each tensor as it is stored, and the number that says what most of them are.
TypeChoice as_stored(const GgufContents& contents) {
  TypeChoice choice;
  for (const GgufSource& tensor : contents.tensors) choice.types.push_back(tensor.as_it_is);
  for (std::string_view name : {"f16", "bf16"}) {
    const FileType& row = *std::ranges::find(kFileTypes, name, &FileType::name);
    auto is_matrix = [&](const GgmlType* type) { return type->name == row.matrix; };
    if (std::ranges::any_of(choice.types, is_matrix)) choice.file_type = row.id;
  }
  return choice;
}

Result<TypeChoice> of_file_type(const GgufContents& contents, std::string_view file_type) {
  MALMOI_TRY(check_has_files(file_type, "--type", "use q4_0 or q4_k_m"));
  auto row = std::ranges::find(kFileTypes, file_type, &FileType::name);
  if (row == std::end(kFileTypes))
    return usage_error("the type '" + std::string(file_type) + "' is not known", "--type",
                       "use one of " + file_type_names());
  const bool tied = std::ranges::find(contents.tensors, "output.weight", &GgufSource::name) == contents.tensors.end();
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
  return choice;
}

}  // namespace

std::string file_type_names() {
  std::string names;
  for (const FileType& type : kFileTypes) names += (names.empty() ? "" : ", ") + std::string(type.name);
  return names;
}

Result<TypeRule> parse_type_rule(const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0)
    return usage_error("'" + text + "' is not PATTERN=TYPE", "--tensor", "for example 'ffn_down=q6_k'");
  const std::string pattern = text.substr(0, equals), type = upper(text.substr(equals + 1));
  MALMOI_TRY(check_has_files(type, "--tensor", "use q4_0 or q4_k"));
  if (!is_written(type))
    return usage_error("the type '" + type + "' is not written", "--tensor",
                       "use f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k or q6_k");
  auto names = model::NamePattern::make(".*(?:" + pattern + ").*", model::NamePattern::Part::kWhole);
  if (!names.ok())
    return usage_error("'" + pattern + "' is not a regular expression", "--tensor", "for example 'blk\\.0\\.'");
  return TypeRule{pattern, type, *std::move(names)};
}

Result<TypeChoice> choose_types(const GgufContents& contents, std::string_view file_type,
                                const std::vector<TypeRule>& rules) {
  TypeChoice choice = as_stored(contents);
  if (!file_type.empty()) {
    MALMOI_ASSIGN(choice, of_file_type(contents, file_type));
  }
  for (const TypeRule& rule : rules) {
    bool matched = false;
    for (size_t i = 0; i < contents.tensors.size(); ++i) {
      const bool is_vector = contents.tensors[i].dims.size() < 2;  // norms, biases: read as they are
      if (is_vector || !rule.names.matches(contents.tensors[i].name)) continue;
      matched = true;
      choice.types[i] = filled(rule.type, contents.tensors[i].dims[0]);
    }
    if (!matched)
      return usage_error("no matrix matches '" + rule.pattern + "'", "--tensor", "for example 'ffn_down=q6_k'");
  }
  return choice;
}

}  // namespace malmoi::quantize
