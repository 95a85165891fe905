// The post-processors of tokenizer.json, and the table that reads them.
#include <algorithm>

#include "tokenizer/json/component_json.h"
#include "tokenizer/json/components.h"

namespace malmoi::tokenizer {

void Sequence::push(int32_t id, std::pair<uint32_t, uint32_t> where, int32_t type, bool special) {
  ids.push_back(id);
  offsets.push_back(where);
  type_ids.push_back(type);
  attention_mask.push_back(1);
  special_tokens_mask.push_back(special);
  if (!margins.empty()) margins.emplace_back();
}

void Sequence::append(const Sequence& other) {
  auto join = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  join(ids, other.ids);
  join(offsets, other.offsets);
  join(type_ids, other.type_ids);
  join(attention_mask, other.attention_mask);
  join(special_tokens_mask, other.special_tokens_mask);
}

namespace {

using NamedId = std::pair<std::string, int32_t>;

// Moves offsets inward over the white space at a token's ends. A single space before the first token may be one that the
// pre-tokenizer put there: it stays.
void trim_offsets(Sequence& sequence, bool add_prefix_space) {
  for (size_t i = 0; i < sequence.ids.size() && i < sequence.margins.size(); ++i) {
    auto [leading, trailing] = sequence.margins[i];
    auto& [begin, end] = sequence.offsets[i];
    if (leading > 0) {
      bool first = i == 0 || begin == 0;
      if (first && add_prefix_space && leading == 1) leading = 0;
      begin = std::min(begin + leading, end);
    }
    if (trailing > 0 && end >= trailing) end = std::max(end - trailing, begin);
  }
}

// `before` + sequence + `after`, of one type.
Sequence wrapped(const Sequence& sequence, const NamedId* before, const NamedId* after, int32_t type) {
  Sequence out;
  if (before) out.push(before->second, {0, 0}, type, true);
  out.append(sequence);
  if (after) out.push(after->second, {0, 0}, type, true);
  std::fill(out.type_ids.begin(), out.type_ids.end(), type);
  std::fill(out.attention_mask.begin(), out.attention_mask.end(), 1);
  return out;
}

void append_named_id(std::string& out, std::string_view key, const NamedId& token) {
  out += ",\"" + std::string(key) + "\":[";
  append_json_string(out, token.first);
  out += "," + std::to_string(token.second) + "]";
}

class BertProcessing final : public PostProcessor {
 public:
  BertProcessing(NamedId sep, NamedId cls) : sep_(std::move(sep)), cls_(std::move(cls)) {}
  int added_tokens(bool pair) const override { return pair ? 3 : 2; }
  void process(std::vector<Sequence>& sequences, bool add_special) const override {
    if (!add_special) return;
    for (size_t i = 0; i < sequences.size(); ++i)
      sequences[i] = wrapped(sequences[i], i == 0 ? &cls_ : nullptr, &sep_, i == 0 ? 0 : 1);
  }
  Status write_json(std::string& out) const override {
    out += R"({"type":"BertProcessing")";
    append_named_id(out, "sep", sep_);
    append_named_id(out, "cls", cls_);
    out += '}';
    return {};
  }

 private:
  NamedId sep_, cls_;
};

class RobertaProcessing final : public PostProcessor {
 public:
  RobertaProcessing(NamedId sep, NamedId cls, bool trim, bool prefix)
      : sep_(std::move(sep)), cls_(std::move(cls)), trim_(trim), prefix_(prefix) {}
  int added_tokens(bool pair) const override { return pair ? 4 : 2; }
  bool trims_offsets() const override { return trim_; }
  void process(std::vector<Sequence>& sequences, bool add_special) const override {
    for (size_t i = 0; i < sequences.size(); ++i) {
      Sequence& sequence = sequences[i];
      if (trim_) trim_offsets(sequence, prefix_);
      std::fill(sequence.type_ids.begin(), sequence.type_ids.end(), 0);
      if (add_special) sequence = wrapped(sequence, i == 0 ? &cls_ : &sep_, &sep_, 0);
    }
  }
  Status write_json(std::string& out) const override {
    out += R"({"type":"RobertaProcessing")";
    append_named_id(out, "sep", sep_);
    append_named_id(out, "cls", cls_);
    append_json_member(out, "trim_offsets", trim_);
    append_json_member(out, "add_prefix_space", prefix_);
    out += '}';
    return {};
  }

 private:
  NamedId sep_, cls_;
  bool trim_, prefix_;
};

class ByteLevelProcessor final : public PostProcessor {
 public:
  ByteLevelProcessor(bool prefix, bool trim, bool regex) : prefix_(prefix), trim_(trim), regex_(regex) {}
  int added_tokens(bool) const override { return 0; }
  bool trims_offsets() const override { return trim_; }
  void process(std::vector<Sequence>& sequences, bool) const override {
    if (!trim_) return;
    for (Sequence& sequence : sequences) trim_offsets(sequence, prefix_);
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "ByteLevel", "add_prefix_space", prefix_, "trim_offsets", trim_, "use_regex", regex_);
  }

 private:
  bool prefix_, trim_, regex_;
};

// One element of a template: one of the texts, or the ids of a special token.
struct TemplatePiece {
  int sequence = -1;  // 0 or 1; -1: special
  int32_t type = 0;
  std::string name;
  std::vector<int32_t> ids;
  std::vector<std::string> tokens;
};
using Template = std::vector<TemplatePiece>;

class TemplateProcessing final : public PostProcessor {
 public:
  TemplateProcessing(Template single, Template pair) : single_(std::move(single)), pair_(std::move(pair)) {}
  int added_tokens(bool pair) const override {
    int n = 0;
    for (const TemplatePiece& piece : pair ? pair_ : single_) n += static_cast<int>(piece.ids.size());
    return n;
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
        for (int32_t id : piece.ids) part.push(id, {0, 0}, piece.type, true);
      }
      out.push_back(std::move(part));
    }
    sequences = std::move(out);
  }
  Status write_json(std::string& out) const override {
    out += R"({"type":"TemplateProcessing","single":)";
    append_template(out, single_);
    out += ",\"pair\":";
    append_template(out, pair_);
    out += ",\"special_tokens\":{";
    std::vector<const TemplatePiece*> specials;
    for (const Template* list : {&single_, &pair_})
      for (const TemplatePiece& piece : *list)
        if (piece.sequence < 0 &&
            std::none_of(specials.begin(), specials.end(), [&](auto* s) { return s->name == piece.name; }))
          specials.push_back(&piece);
    std::sort(specials.begin(), specials.end(), [](auto* a, auto* b) { return a->name < b->name; });
    for (size_t i = 0; i < specials.size(); ++i) append_special(out, *specials[i], i == 0);
    out += "}}";
    return {};
  }

 private:
  static void append_template(std::string& out, const Template& list) {
    out += '[';
    for (size_t i = 0; i < list.size(); ++i) {
      out += i ? "," : "";
      out += list[i].sequence >= 0 ? R"({"Sequence":{"id":)" : R"({"SpecialToken":{"id":)";
      append_json_string(out, list[i].sequence == 0 ? "A" : list[i].sequence == 1 ? "B" : list[i].name);
      append_json_member(out, "type_id", static_cast<int64_t>(list[i].type));
      out += "}}";
    }
    out += ']';
  }
  static void append_special(std::string& out, const TemplatePiece& piece, bool first) {
    if (!first) out += ',';
    append_json_string(out, piece.name);
    out += R"(:{"id":)";
    append_json_string(out, piece.name);
    out += R"(,"ids":[)";
    for (size_t i = 0; i < piece.ids.size(); ++i) out += (i ? "," : "") + std::to_string(piece.ids[i]);
    out += R"(],"tokens":[)";
    for (size_t i = 0; i < piece.tokens.size(); ++i) {
      out += i ? "," : "";
      append_json_string(out, piece.tokens[i]);
    }
    out += "]}";
  }

  Template single_, pair_;
};

class ProcessorSequence final : public PostProcessor {
 public:
  explicit ProcessorSequence(std::vector<std::unique_ptr<PostProcessor>> steps) : steps_(std::move(steps)) {}
  int added_tokens(bool pair) const override {
    int n = 0;
    for (const auto& step : steps_) n += step->added_tokens(pair);
    return n;
  }
  bool trims_offsets() const override {
    return std::any_of(steps_.begin(), steps_.end(), [](const auto& step) { return step->trims_offsets(); });
  }
  void process(std::vector<Sequence>& sequences, bool add_special) const override {
    for (const auto& step : steps_) step->process(sequences, add_special);
  }
  Status write_json(std::string& out) const override { return write_steps(out, "processors", steps_); }

 private:
  std::vector<std::unique_ptr<PostProcessor>> steps_;
};

using Made = Result<std::unique_ptr<PostProcessor>>;
Made read(const JsonNode& node, int depth);

template <typename T, typename... Args>
std::unique_ptr<PostProcessor> made(Args&&... args) {
  return std::make_unique<T>(std::forward<Args>(args)...);
}

Result<int32_t> id_of(const JsonNode& node) {
  MALMOI_ASSIGN(int64_t id, node.integer());
  if (id < 0 || id > Vocabulary::kMaxId) return node.error("no such id: " + std::to_string(id));
  return static_cast<int32_t>(id);
}

// ["[SEP]", 3]
Result<NamedId> named_id(const JsonNode& node, std::string_view key) {
  MALMOI_ASSIGN(JsonNode pair, node.at(key));
  MALMOI_ASSIGN(auto items, pair.array());
  if (items.size() != 2) return pair.error("should be [token, id]");
  MALMOI_ASSIGN(std::string_view token, pair.item(items.at(0).value_unsafe(), 0).string());
  MALMOI_ASSIGN(int32_t id, id_of(pair.item(items.at(1).value_unsafe(), 1)));
  return NamedId{std::string(token), id};
}

Made read_bert(const JsonNode& node, int) {
  MALMOI_ASSIGN(NamedId sep, named_id(node, "sep"));
  MALMOI_ASSIGN(NamedId cls, named_id(node, "cls"));
  return made<BertProcessing>(sep, cls);
}

Made read_roberta(const JsonNode& node, int) {
  MALMOI_ASSIGN(NamedId sep, named_id(node, "sep"));
  MALMOI_ASSIGN(NamedId cls, named_id(node, "cls"));
  MALMOI_ASSIGN(bool trim, node.boolean_or("trim_offsets", true));
  MALMOI_ASSIGN(bool prefix, node.boolean_or("add_prefix_space", true));
  return made<RobertaProcessing>(sep, cls, trim, prefix);
}

Made read_byte_level(const JsonNode& node, int) {
  MALMOI_ASSIGN(bool prefix, node.boolean_or("add_prefix_space", true));
  MALMOI_ASSIGN(bool trim, node.boolean_or("trim_offsets", true));
  MALMOI_ASSIGN(bool regex, node.boolean_or("use_regex", true));
  return made<ByteLevelProcessor>(prefix, trim, regex);
}

Result<TemplatePiece> read_template_piece(const JsonNode& component, const JsonNode& node) {
  TemplatePiece piece;
  auto sequence = node.find("Sequence"), special = node.find("SpecialToken");
  if (!sequence && !special) return node.error("should be a Sequence or a SpecialToken");
  const JsonNode& body = sequence ? *sequence : *special;
  MALMOI_ASSIGN(piece.name, body.string_at("id"));
  MALMOI_ASSIGN(int64_t type, body.integer_or("type_id", 0));
  piece.type = static_cast<int32_t>(type);
  if (sequence) {
    if (piece.name != "A" && piece.name != "B") return body.error("a sequence is A or B, not " + piece.name);
    piece.sequence = piece.name == "B";
    return piece;
  }
  MALMOI_ASSIGN(JsonNode specials, component.at("special_tokens"));
  MALMOI_ASSIGN(JsonNode token, specials.at(piece.name));
  MALMOI_ASSIGN(JsonNode ids, token.at("ids"));
  MALMOI_ASSIGN(auto id_items, ids.array());
  for (auto item : id_items) {
    MALMOI_ASSIGN(int32_t id, id_of(ids.item(item, piece.ids.size())));
    piece.ids.push_back(id);
  }
  if (auto tokens = token.find("tokens")) {
    MALMOI_ASSIGN(auto items, tokens->array());
    for (auto item : items) {
      MALMOI_ASSIGN(std::string_view text, tokens->item(item, piece.tokens.size()).string());
      piece.tokens.emplace_back(text);
    }
  }
  return piece;
}

Result<Template> read_template_list(const JsonNode& component, std::string_view key) {
  MALMOI_ASSIGN(JsonNode list, component.at(key));
  MALMOI_ASSIGN(auto items, list.array());
  Template out;
  for (auto item : items) {
    MALMOI_ASSIGN(TemplatePiece piece, read_template_piece(component, list.item(item, out.size())));
    out.push_back(std::move(piece));
  }
  return out;
}

Made read_template(const JsonNode& node, int) {
  MALMOI_ASSIGN(Template single, read_template_list(node, "single"));
  MALMOI_ASSIGN(Template pair, read_template_list(node, "pair"));
  return made<TemplateProcessing>(std::move(single), std::move(pair));
}

Made read_sequence(const JsonNode& node, int depth) {
  MALMOI_ASSIGN(auto steps, read_steps<PostProcessor>(node, "processors", depth, read));
  return made<ProcessorSequence>(std::move(steps));
}

// One line a type of tokenizer.json.
constexpr ComponentReader<PostProcessor> kReaders[] = {
    {"BertProcessing", read_bert}, {"ByteLevel", read_byte_level},        {"RobertaProcessing", read_roberta},
    {"Sequence", read_sequence},   {"TemplateProcessing", read_template},
};

Made read(const JsonNode& node, int depth) { return read_component(kReaders, "post-processor", node, depth); }

}  // namespace

std::unique_ptr<PostProcessor> make_template(std::vector<NamedId> begin, std::vector<NamedId> end) {
  Template single, pair;
  auto add = [](Template& list, const std::vector<NamedId>& tokens, int32_t type) {
    for (const auto& [name, id] : tokens) list.push_back({-1, type, name, {id}, {name}});
  };
  for (int32_t i = 0; i < 2; ++i) {
    if (i == 0) {
      add(single, begin, 0);
      single.push_back({0, 0, "A", {}, {}});
      add(single, end, 0);
    }
    add(pair, begin, i);
    pair.push_back({i, i, i ? "B" : "A", {}, {}});
    add(pair, end, i);
  }
  return made<TemplateProcessing>(std::move(single), std::move(pair));
}

std::unique_ptr<PostProcessor> make_byte_level_processor(bool add_prefix_space, bool trim_offsets) {
  return made<ByteLevelProcessor>(add_prefix_space, trim_offsets, true);
}

Result<std::unique_ptr<PostProcessor>> post_processor_from_node(const JsonNode& node) { return read(node, 0); }

Result<std::unique_ptr<PostProcessor>> post_processor_from_json(std::string_view json, std::string_view where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, std::string(where)));
  return read(text.root(), 0);
}

}  // namespace malmoi::tokenizer
