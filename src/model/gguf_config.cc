#include "model/gguf_config.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>

namespace malmoi::model {
namespace {

using formats::Gguf;
using formats::GgufType;
using formats::GgufValue;

// Said elsewhere (dimensions of tensors, other keys), or of no weight in a forward pass.
constexpr std::string_view kInertGgufKeys[] = {"vocab_size", "attention.value_length"};

// Every file that has a field for them says them; our defaults would be another model's.
constexpr std::string_view kRequired[] = {"embedding_length", "block_count", "attention.head_count"};

Result<Json> value_of(const GgufValue& value, const std::string& where) {
  if (value.type() == GgufType::kBool) return Json(*value.boolean());
  if (auto integer = value.integer()) return Json(*integer);
  if (auto number = value.number()) {
    // f32 in the file, f64 in configs: 1e-05 is meant, not 9.99999974e-06.
    char text[32];
    std::snprintf(text, sizeof text, "%.7g", *number);
    return Json(std::stod(text));
  }
  return unsupported("a number for each layer, or a text, is not read here", where, "use a model of equal layers");
}

class Reader {
 public:
  Reader(const Gguf& file, const Family& family)
      : file_(file), family_(family), dialect_(*family.gguf), prefix_(std::string(dialect_.architecture) + ".") {}

  Result<Json> read() {
    for (const ModelClass& c : family_.classes) {
      if (c.task != dialect_.task) continue;
      config_["architectures"] = Json::array({std::string(c.name)});
      break;
    }
    config_["model_type"] = std::string(family_.model_type);
    for (const GgufField& field : dialect_.fields) MALMOI_TRY(read_field(field));
    for (const GgufField& field : dialect_.shared_fields) MALMOI_TRY(read_field(field));
    for (const GgufSwitch& s : dialect_.switches) config_[std::string(s.field)] = file_.tensor(s.tensor) != nullptr;
    if (dialect_.task == Task::kCausalLm) config_["tie_word_embeddings"] = file_.tensor("output.weight") == nullptr;
    MALMOI_TRY(read_vocabulary());
    MALMOI_TRY(read_rotary());
    if (dialect_.derive) dialect_.derive(config_, file_);
    MALMOI_TRY(check_left_over());
    return config_;
  }

 private:
  std::string where(std::string_view key) const { return file_.path().string() + ": " + prefix_ + std::string(key); }

  const GgufValue* find(std::string_view key) {
    used_.emplace(key);
    return file_.find(prefix_ + std::string(key));
  }

  Status read_field(const GgufField& field) {
    const GgufValue* value = find(field.key);
    if (!value && std::ranges::find(kRequired, field.key) != std::end(kRequired))
      return invalid_data("the key is missing", where(field.key), "use a whole model's file");
    if (!value) return {};
    MALMOI_ASSIGN(config_[std::string(field.field)], value_of(*value, where(field.key)));
    return {};
  }

  Status read_vocabulary() {
    const formats::GgufTensor* words = file_.tensor("token_embd.weight");
    if (!words || words->dims.size() != 2)
      return invalid_data("tensor 'token_embd.weight' is missing", file_.path().string(), "use a whole model's file");
    config_["vocab_size"] = words->dims[1];
    if (dialect_.task != Task::kCausalLm) return {};
    const int64_t padding = file_.integer_or("tokenizer.ggml.padding_token_id", -1);
    bool is_word = padding >= 0 && padding < static_cast<int64_t>(words->dims[1]);
    config_["pad_token_id"] =
        is_word ? Json(padding) : Json(nullptr);  // the published default is of another vocabulary
    return {};
  }

  Status read_rotary() {
    const GgufValue* type = find("rope.scaling.type");
    Json scaling = Json::object();
    for (auto [field, key] : {std::pair{"factor", "rope.scaling.factor"},
                              std::pair{"original_max_position_embeddings", "rope.scaling.original_context_length"},
                              std::pair{"beta_fast", "rope.scaling.yarn_beta_fast"},
                              std::pair{"beta_slow", "rope.scaling.yarn_beta_slow"}}) {
      const GgufValue* value = find(key);
      if (!value) continue;
      MALMOI_ASSIGN(scaling[field], value_of(*value, where(key)));
    }
    std::string name(type ? type->text().value_or("") : "none");
    MALMOI_ASSIGN(bool divided, read_divisors(name, scaling));
    if (name != "none" || divided) {
      if (divided) name = "longrope";
      scaling["rope_type"] = name;
      config_["rope_scaling"] = scaling;
    }
    const GgufValue *rotated = find("rope.dimension_count"), *width = find("attention.key_length");
    auto number = [](const GgufValue* value) { return value ? value->number().value_or(0) : 0; };
    double heads = number(file_.find(prefix_ + "attention.head_count"));
    double head_dim = width ? number(width) : heads > 0 ? number(file_.find(prefix_ + "embedding_length")) / heads : 0;
    if (rotated && head_dim > 0 && number(rotated) != head_dim)
      config_[std::string(dialect_.rotary_share)] = number(rotated) / head_dim;
    return {};
  }

  // Divisors of frequencies in place of the fields that they were computed from: one set for all texts (Llama 3.1), or one
  // for short and one for long ones. Both are longrope, which has its factor on cosines and sines from a key.
  Result<bool> read_divisors(const std::string& type, Json& scaling) {
    bool alike = file_.tensor(kRopeDivisors), by_length = file_.tensor(kLongRopeDivisors);
    if (!alike && !by_length) return false;
    if (type != "none" && type != "longrope")
      return unsupported("the rotary scaling '" + type + "' beside divisors of frequencies is not read",
                         where("rope.scaling.type"), "use a model with one of them");
    MALMOI_ASSIGN(scaling["long_factor"], numbers_of(alike ? kRopeDivisors : kLongRopeDivisors));
    MALMOI_ASSIGN(scaling["short_factor"], numbers_of(alike ? kRopeDivisors : kShortRopeDivisors));
    scaling["attention_factor"] = 1;
    const GgufValue* factor = by_length ? find("rope.scaling.attn_factor") : nullptr;
    if (!factor) return true;
    MALMOI_ASSIGN(scaling["attention_factor"], value_of(*factor, where("rope.scaling.attn_factor")));
    return true;
  }

  Result<Json> numbers_of(std::string_view name) const {
    const formats::GgufTensor* tensor = file_.tensor(name);
    if (!tensor || tensor->type->name != "F32" || tensor->dims.size() != 1)
      return invalid_data("tensor '" + std::string(name) + "' is " + (tensor ? "not a list of F32" : "missing"),
                          file_.path().string(), "use a whole model's file");
    MALMOI_ASSIGN(std::span<const std::byte> bytes, file_.bytes(*tensor));
    Json numbers = Json::array();
    for (size_t at = 0; at + sizeof(float) <= bytes.size(); at += sizeof(float)) {
      float number = 0;
      std::memcpy(&number, bytes.data() + at, sizeof number);
      numbers.push_back(static_cast<double>(number));
    }
    return numbers;
  }

  Status check_left_over() const {
    for (const auto& [key, value] : file_.pairs()) {
      if (!key.starts_with(prefix_)) continue;
      std::string_view rest = key.substr(prefix_.size());
      auto is_rest = [&](std::string_view inert) { return rest == inert; };
      if (used_.contains(std::string(rest)) ||
          std::any_of(std::begin(kInertGgufKeys), std::end(kInertGgufKeys), is_rest) ||
          std::any_of(dialect_.inert.begin(), dialect_.inert.end(), is_rest))
        continue;
      return unsupported("the key is not known", where(rest),
                         "it may change what the model computes; use another file");
    }
    return {};
  }

  const Gguf& file_;
  const Family& family_;
  const GgufDialect& dialect_;
  std::string prefix_;
  Json config_ = Json::object();
  std::set<std::string> used_;
};

}  // namespace

bool is_gguf(const Path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  char magic[4] = {};
  return file && std::fread(magic, 1, sizeof magic, file.get()) == sizeof magic &&
         std::string_view(magic, sizeof magic) == "GGUF";
}

Result<const Family*> family_of(const Gguf& file) {
  MALMOI_ASSIGN(std::string_view architecture, file.text("general.architecture"));
  const Family* found = nullptr;
  std::string known;
  for (const Family* family : family_table()) {
    const GgufDialect* dialect = family->gguf;
    if (!dialect) continue;
    if (known.find(dialect->architecture) == std::string::npos)
      known += (known.empty() ? "" : ", ") + std::string(dialect->architecture);
    if (dialect->architecture != architecture || !dialect->read_as.empty()) continue;
    bool marked = !dialect->marker.empty();
    const std::string marker = std::string(architecture) + "." + std::string(dialect->marker);
    if (marked && !file.find(marker)) continue;
    if (dialect->marker_value != 0 && file.integer_or(marker, 0) != dialect->marker_value) continue;
    if (!found || marked) found = family;
  }
  if (found) return found;
  return unsupported("the architecture '" + std::string(architecture) + "' is not known",
                     file.path().string() + ": general.architecture", "use one of " + known);
}

Result<ConfigDocument> config_of(const Gguf& file, const Family& family) {
  ConfigDocument document;
  document.file = file.path().string();
  MALMOI_ASSIGN(document.root, Reader(file, family).read());
  return document;
}

}  // namespace malmoi::model
