// TemplateProcessing: a text and a pair each by a template of the texts and special tokens.
#include <algorithm>
#include <map>

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/post_processors/around.h"

namespace malmoi::tokenizer {
namespace {

// {"id": "[CLS]", "ids": [101], "tokens": ["[CLS]"]}
struct SpecialToken {
  std::string id;
  std::vector<int32_t> ids;
  std::vector<std::string> tokens;

  static void fields(auto& self, auto& in) {
    in.field("id", self.id);
    in.required("ids", self.ids);
    in.field("tokens", self.tokens);
  }
};
using SpecialTokens = std::map<std::string, SpecialToken>;

// One element of a template: {"Sequence": {"id": "A", "type_id": 0}} or {"SpecialToken": {"id": "[CLS]", "type_id": 0}}.
struct TemplatePiece {
  int sequence = -1;  // 0 or 1; -1: a special token
  std::string id;
  int32_t type = 0;

  static void fields(auto& self, auto& in) {
    in.required("id", self.id);
    in.field("type_id", self.type);
  }
};
using Template = std::vector<TemplatePiece>;

}  // namespace

template <>
struct JsonValue<TemplatePiece> {
  static Status read(const JsonNode& node, TemplatePiece& piece) {
    const auto sequence = node.find("Sequence"), special = node.find("SpecialToken");
    if (!sequence && !special) return node.error("should be a Sequence or a SpecialToken");
    const JsonNode& body = sequence ? *sequence : *special;
    MALMOI_TRY(read_fields(body, piece));
    if (!sequence) return {};
    if (piece.id != "A" && piece.id != "B") return body.error("a sequence is A or B, not " + piece.id);
    piece.sequence = piece.id == "B";
    return {};
  }
  static void write(std::string& out, const TemplatePiece& piece) {
    out += piece.sequence >= 0 ? R"({"Sequence":)" : R"({"SpecialToken":)";
    (void)write_fields(out, piece);
    out += '}';
  }
};

template <>
struct JsonValue<SpecialTokens> {
  static Status read(const JsonNode& node, SpecialTokens& tokens) {
    MALMOI_ASSIGN(auto members, node.object());
    for (auto [name, value] : members) {
      SpecialToken token{.id = std::string(name), .ids = {}, .tokens = {}};
      MALMOI_TRY(read_fields(node.child(value, name), token));
      tokens.insert_or_assign(std::string(name), std::move(token));
    }
    return {};
  }
  static void write(std::string& out, const SpecialTokens& tokens) {
    out += '{';
    for (auto entry = tokens.begin(); entry != tokens.end(); ++entry) {
      if (entry != tokens.begin()) out += ',';
      append_json_string(out, entry->first);
      out += ':';
      (void)write_fields(out, entry->second);
    }
    out += '}';
  }
};

namespace {

class TemplateProcessing final : public Described<TemplateProcessing, PostProcessor> {
 public:
  static constexpr std::string_view kType = "TemplateProcessing";
  static void fields(auto& self, auto& in) {
    in.required("single", self.single_);
    in.required("pair", self.pair_);
    in.field("special_tokens", self.specials_);
  }
  TemplateProcessing() = default;
  TemplateProcessing(Template single, Template pair, SpecialTokens specials)
      : single_(std::move(single)), pair_(std::move(pair)), specials_(std::move(specials)) {}
  Status ready(const JsonNode& node) {
    for (const Template* list : {&single_, &pair_})
      for (const TemplatePiece& piece : *list)
        if (piece.sequence < 0 && !specials_.contains(piece.id))
          return node.error("\"" + piece.id + "\" is not in \"special_tokens\"");
    return {};
  }
  size_t added_tokens(bool pair) const override {
    size_t total = 0;
    for (const TemplatePiece& piece : pair ? pair_ : single_)
      if (piece.sequence < 0) total += specials_.at(piece.id).ids.size();
    return total;
  }
  Volume volume_after(Volume before) const override {
    Volume most;
    for (const Template* list : {&single_, &pair_}) {
      size_t tokens = 0;
      for (const TemplatePiece& piece : *list)
        tokens += piece.sequence >= 0 ? before.tokens : specials_.at(piece.id).ids.size();
      most = {std::max(most.sequences, list->size()), std::max(most.tokens, tokens)};
    }
    return most;
  }
  void process(std::vector<Sequence>& sequences, bool add_special) const override {
    std::vector<Sequence> out;
    for (const TemplatePiece& piece : sequences.size() > 1 ? pair_ : single_) {
      Sequence part;
      if (piece.sequence >= 0) {
        if (static_cast<size_t>(piece.sequence) >= sequences.size()) continue;
        part = sequences[static_cast<size_t>(piece.sequence)];
        std::fill(part.type_ids.begin(), part.type_ids.end(), piece.type);
      } else if (add_special) {
        for (int32_t id : specials_.at(piece.id).ids) part.push(id, {0, 0}, piece.type, true);
      }
      out.push_back(std::move(part));
    }
    sequences = std::move(out);
  }

 private:
  Template single_, pair_;
  SpecialTokens specials_;
};

}  // namespace

extern const ComponentType<PostProcessor> template_processing_post_processor =
    component_type<TemplateProcessing, PostProcessor>();

std::unique_ptr<PostProcessor> make_template(const std::vector<NamedId>& begin, const std::vector<NamedId>& end) {
  Template single, pair;
  SpecialTokens specials;
  auto add = [&](Template& list, const std::vector<NamedId>& tokens, int32_t type) {
    for (const auto& [name, id] : tokens) {
      list.push_back({.id = name, .type = type});
      specials.insert_or_assign(name, SpecialToken{name, {id}, {name}});
    }
  };
  add(single, begin, 0);
  single.push_back({.sequence = 0, .id = "A"});
  add(single, end, 0);
  for (int32_t i = 0; i < 2; ++i) {
    add(pair, begin, i);
    pair.push_back({.sequence = i, .id = i ? "B" : "A", .type = i});
    add(pair, end, i);
  }
  return std::make_unique<TemplateProcessing>(std::move(single), std::move(pair), std::move(specials));
}

}  // namespace malmoi::tokenizer
