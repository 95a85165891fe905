#include "tokenizer/special_ids.h"

#include "base/json.h"
#include "tokenizer/json/json_read.h"

namespace malmoi::tokenizer {
namespace {

struct Role {
  std::string_view key;
  std::optional<int32_t> Tokenizer::Parts::*id;
  std::span<const std::string_view> names;  // by which it is guessed
};

constexpr std::string_view kBos[] = {"<s>",   "<|begin_of_text|>",    "<bos>", "<|startoftext|>",
                                     "[CLS]", "<|begin▁of▁sentence|>"};
constexpr std::string_view kEos[] = {"</s>",  "<|end_of_text|>",    "<eos>", "<|endoftext|>", "<|im_end|>",
                                     "[SEP]", "<|end▁of▁sentence|>"};
constexpr std::string_view kUnk[] = {"<unk>", "[UNK]"};
constexpr std::string_view kPad[] = {"<pad>", "[PAD]", "<|pad|>"};
constexpr Role kRoles[] = {
    {"bos_token", &Tokenizer::Parts::bos, kBos},
    {"eos_token", &Tokenizer::Parts::eos, kEos},
    {"unk_token", &Tokenizer::Parts::unk, kUnk},
    {"pad_token", &Tokenizer::Parts::pad, kPad},
};

std::optional<int32_t> id_of(const Tokenizer::Parts& parts, std::string_view token) {
  if (const AddedToken* added = parts.added.by_content(token)) return added->id;
  return parts.model->vocabulary().find(token);
}

}  // namespace

Status read_tokenizer_config(Tokenizer::Parts& parts, std::string config, std::string where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(config, std::move(where)));
  JsonNode root = text.root();
  for (const Role& role : kRoles) {
    auto node = root.find(role.key);
    if (!node) continue;
    // A string, or an added token with its content.
    auto content = node->is_object() ? node->find("content") : node;
    std::string_view name;
    if (content && !content->element.get(name)) parts.*role.id = id_of(parts, name);
  }
  parts.config_json = std::move(config);
  return {};
}

void guess_special_ids(Tokenizer::Parts& parts) {
  for (const Role& role : kRoles) {
    if (parts.*role.id) continue;
    for (std::string_view name : role.names) {
      const AddedToken* token = parts.added.by_content(name);
      if (!token || !token->special) continue;
      parts.*role.id = token->id;
      break;
    }
  }
}

std::string tokenizer_config_json(const Tokenizer& tokenizer) {
  const Tokenizer::Parts& parts = tokenizer.parts();
  Json config = Json::object();
  if (!parts.config_json.empty()) {
    if (auto kept = parse_json(parts.config_json, "tokenizer_config.json"); kept.ok() && kept->is_object())
      config = *kept;
  }
  if (!config.contains("tokenizer_class")) config["tokenizer_class"] = "PreTrainedTokenizerFast";
  for (const Role& role : kRoles)
    if (!config.contains(role.key) && parts.*role.id)
      config[std::string(role.key)] = tokenizer.piece(*(parts.*role.id));
  if (!config.contains("clean_up_tokenization_spaces")) config["clean_up_tokenization_spaces"] = false;
  return dump_json(config, 2) + "\n";
}

}  // namespace malmoi::tokenizer
