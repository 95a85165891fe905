// The normalizers of tokenizer.json, and the table that reads them.
#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/json/base64.h"
#include "tokenizer/pipeline/charsmap.h"
#include "tokenizer/json/component_json.h"
#include "tokenizer/json/components.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/unicode/normalization.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Keeps the characters for which `keep` holds. A kept character swallows the dropped ones that follow it.
template <typename Keep>
void filter(NormalizedText& text, Keep&& keep) {
  size_t skipped = 0, dropped = 0;
  std::vector<std::pair<char32_t, int>> kept;
  for (size_t at = 0; at < text.text.size();) {
    Utf8Char c = decode_utf8(text.text, at);
    at += c.length;
    if (keep(c.code_point)) kept.emplace_back(c.code_point, 0);
    else ++dropped, kept.empty() ? static_cast<void>(++skipped) : static_cast<void>(--kept.back().second);
  }
  if (dropped == 0) return;
  Rewriter rewriter(text, skipped);
  for (auto [c, change] : kept) rewriter.put(c, change);
  rewriter.finish();
}

template <typename Map>
void map_characters(NormalizedText& text, Map&& map) {
  Rewriter rewriter(text, 0);
  const std::string& old = text.text;
  for (size_t at = 0; at < old.size();) {
    Utf8Char c = decode_utf8(old, at);
    rewriter.put(map(c.code_point), 0);
    at += c.length;
  }
  rewriter.finish();
}

void lower_case(NormalizedText& text) {
  if (!text.tracked && is_ascii(text.text)) {
    for (char& c : text.text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return;
  }
  const std::string& old = text.text;  // stays until finish
  Rewriter rewriter(text, 0);
  for (size_t at = 0; at < old.size();) {
    Utf8Char c = decode_utf8(old, at);
    Lower lower = to_lower(c.code_point);
    rewriter.put(lower.first, 0);
    if (lower.second) rewriter.put(lower.second, 1);
    at += c.length;
  }
  rewriter.finish();
}

void apply_form(NormalizedText& text, NormalForm form) {
  if (is_normal(text.text, form)) return;
  std::vector<NormalChar> characters = normal_characters(text.text, form);
  Rewriter rewriter(text, 0);
  for (const NormalChar& c : characters) rewriter.put(c.code_point, c.change);
  rewriter.finish();
}

template <NormalForm form>
class UnicodeForm final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override { apply_form(text, form); }
  Status write_json(std::string& out) const override {
    static constexpr std::string_view kNames[] = {"NFC", "NFD", "NFKC", "NFKD"};
    out += R"({"type":")";
    out += kNames[static_cast<size_t>(form)];
    out += "\"}";
    return {};
  }
};

class Lowercase final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override { lower_case(text); }
  Status write_json(std::string& out) const override { return write_component(out, "Lowercase"); }
};

class StripAccents final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    filter(text, [](char32_t c) { return (classes_of(c) & kAccent) == 0; });
  }
  Status write_json(std::string& out) const override { return write_component(out, "StripAccents"); }
};

// The control characters and the spaces of the neural-translation rules.
class Nmt final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    filter(text, [](char32_t c) {
      return !((c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F);
    });
    map_characters(text, [](char32_t c) {
      bool space = c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                   c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == kReplacement;
      return space ? U' ' : c;
    });
  }
  Status write_json(std::string& out) const override { return write_component(out, "Nmt"); }
};

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  void normalize(NormalizedText& text) const override {
    size_t begin = 0, end = text.text.size();
    while (left_ && begin < end) {
      Utf8Char c = decode_utf8(text.text, begin);
      if (!is_space(c.code_point)) break;
      begin += c.length;
    }
    while (right_ && end > begin) {
      size_t at = end - 1;
      while (at > begin && (static_cast<unsigned char>(text.text[at]) & 0xC0) == 0x80) --at;
      if (!is_space(decode_utf8(text.text, at).code_point)) break;
      end = at;
    }
    if (begin == 0 && end == text.text.size()) return;
    text.text = text.text.substr(begin, end - begin);
    if (text.tracked) {
      text.source.erase(text.source.begin() + static_cast<ptrdiff_t>(end), text.source.end());
      text.source.erase(text.source.begin(), text.source.begin() + static_cast<ptrdiff_t>(begin));
    }
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "Strip", "strip_left", left_, "strip_right", right_);
  }

 private:
  bool left_, right_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void normalize(NormalizedText& text) const override { text.prepend(prefix_); }
  Status write_json(std::string& out) const override { return write_component(out, "Prepend", "prepend", prefix_); }

 private:
  std::string prefix_;
};

class Replace final : public Normalizer {
 public:
  Replace(std::shared_ptr<const Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void normalize(NormalizedText& text) const override { replace_all(text, *pattern_, content_); }
  Status write_json(std::string& out) const override {
    return write_component(out, "Replace", "pattern", *pattern_, "content", content_);
  }

 private:
  std::shared_ptr<const Pattern> pattern_;
  std::string content_;
};

// Every byte as its printable stand-in.
class ByteLevelNormalizer final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    std::string out;
    std::vector<Span> source;
    for (size_t i = 0; i < text.text.size(); ++i) {
      size_t before = out.size();
      out += spell_bytes({&text.text[i], 1});
      if (text.tracked) source.insert(source.end(), out.size() - before, text.source[i]);
    }
    text.text = std::move(out);
    text.source = std::move(source);
  }
  Status write_json(std::string& out) const override { return write_component(out, "ByteLevel"); }
};

// What `replacement` has more or fewer characters than what it replaces falls on its last ones.
void put_replacement(Rewriter& rewriter, std::string_view old, std::string_view replacement) {
  auto old_count = static_cast<int>(count_code_points(old)), count = static_cast<int>(count_code_points(replacement));
  if (count == 0) return rewriter.swallow(old_count);
  int index = 0;
  for (size_t at = 0; at < replacement.size();) {
    Utf8Char c = decode_utf8(replacement, at);
    at += c.length;
    ++index;
    if (index > old_count) rewriter.put(c.code_point, 1);
    else rewriter.put(c.code_point, index == count && count < old_count ? count - old_count : 0);
  }
}

// SentencePiece's character map, grapheme by grapheme as Hugging Face reads it.
class Precompiled final : public Normalizer {
 public:
  explicit Precompiled(Charsmap map) : map_(std::move(map)) {}
  void normalize(NormalizedText& text) const override {
    const std::string& old = text.text;  // stays until finish
    Rewriter rewriter(text, 0);
    for (size_t at = 0; at < old.size();) {
      size_t end = grapheme_end(old, at);
      put_grapheme(rewriter, std::string_view(old).substr(at, end - at));
      at = end;
    }
    rewriter.finish();
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "Precompiled", "precompiled_charsmap", std::string_view(encode_base64(map_.blob())));
  }

 private:
  void put_grapheme(Rewriter& rewriter, std::string_view grapheme) const {
    constexpr size_t kShortest = 6;  // graphemes of fewer bytes are looked up whole
    if (grapheme.size() < kShortest) {
      if (auto match = map_.shortest(grapheme)) {
        // The replacement of the shortest prefix stands for the whole.
        return put_replacement(rewriter, grapheme, match->replacement);
      }
    }
    for (size_t at = 0; at < grapheme.size();) {
      Utf8Char c = decode_utf8(grapheme, at);
      std::string_view letter = grapheme.substr(at, c.length);
      if (auto match = map_.shortest(letter)) put_replacement(rewriter, letter, match->replacement);
      else rewriter.put(c.code_point, 0);
      at += c.length;
    }
  }

  Charsmap map_;
};

struct BertOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents;  // none: as lowercase
  bool lowercase = true;
};

class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(BertOptions options) : options_(options) {}
  void normalize(NormalizedText& text) const override {
    if (options_.clean_text) clean(text);
    if (options_.handle_chinese_chars) space_chinese(text);
    if (options_.strip_accents.value_or(options_.lowercase)) {
      apply_form(text, NormalForm::kNfd);
      filter(text, [](char32_t c) { return (classes_of(c) & kBertAccent) == 0; });
    }
    if (options_.lowercase) lower_case(text);
  }
  Status write_json(std::string& out) const override {
    out += R"({"type":"BertNormalizer")";
    append_json_member(out, "clean_text", options_.clean_text);
    append_json_member(out, "handle_chinese_chars", options_.handle_chinese_chars);
    out += R"(,"strip_accents":)";
    out += !options_.strip_accents ? "null" : *options_.strip_accents ? "true" : "false";
    append_json_member(out, "lowercase", options_.lowercase);
    out += '}';
    return {};
  }

 private:
  static void clean(NormalizedText& text) {
    filter(text, [](char32_t c) { return (classes_of(c) & kBertControl) == 0; });
    bool spaces = false;
    for (size_t at = 0; at < text.text.size() && !spaces;) {
      Utf8Char c = decode_utf8(text.text, at);
      spaces = c.code_point != ' ' && is_space(c.code_point);
      at += c.length;
    }
    if (spaces) map_characters(text, [](char32_t c) { return is_space(c) ? U' ' : c; });
  }
  static void space_chinese(NormalizedText& text) {
    if (is_ascii(text.text)) return;
    const std::string& old = text.text;  // stays until finish
    Rewriter rewriter(text, 0);
    for (size_t at = 0; at < old.size();) {
      Utf8Char c = decode_utf8(old, at);
      at += c.length;
      if ((classes_of(c.code_point) & kBertChinese) == 0) {
        rewriter.put(c.code_point, 0);
        continue;
      }
      rewriter.put(' ', 0);
      rewriter.put(c.code_point, 1);
      rewriter.put(' ', 1);
    }
    rewriter.finish();
  }

  BertOptions options_;
};

using Made = Result<std::unique_ptr<Normalizer>>;
Made read(const JsonNode& node, int depth);

template <typename T, typename... Args>
std::unique_ptr<Normalizer> made(Args&&... args) {
  return std::make_unique<T>(std::forward<Args>(args)...);
}

Made read_bert(const JsonNode& node, int) {
  BertOptions options;
  MALMOI_ASSIGN(options.clean_text, node.boolean_or("clean_text", true));
  MALMOI_ASSIGN(options.handle_chinese_chars, node.boolean_or("handle_chinese_chars", true));
  MALMOI_ASSIGN(options.lowercase, node.boolean_or("lowercase", true));
  if (auto strip = node.find("strip_accents")) {
    MALMOI_ASSIGN(bool value, strip->boolean());
    options.strip_accents = value;
  }
  return made<BertNormalizer>(options);
}

Made read_strip(const JsonNode& node, int) {
  MALMOI_ASSIGN(bool left, node.boolean_or("strip_left", true));
  MALMOI_ASSIGN(bool right, node.boolean_or("strip_right", true));
  return made<Strip>(left, right);
}

Made read_prepend(const JsonNode& node, int) {
  MALMOI_ASSIGN(std::string prefix, node.string_at("prepend"));
  return made<Prepend>(prefix);
}

Made read_replace(const JsonNode& node, int) {
  MALMOI_ASSIGN(auto pattern, pattern_from_json(node));
  MALMOI_ASSIGN(std::string content, node.string_at("content"));
  return made<Replace>(std::move(pattern), content);
}

Made read_precompiled(const JsonNode& node, int) {
  MALMOI_ASSIGN(JsonNode map, node.at("precompiled_charsmap"));
  MALMOI_ASSIGN(std::string_view text, map.string());
  std::string blob;
  if (!decode_base64(text, blob)) return map.error("is not base64");
  MALMOI_ASSIGN(Charsmap charsmap, Charsmap::parse(blob, map.where));
  return made<Precompiled>(std::move(charsmap));
}

Made read_sequence(const JsonNode& node, int depth) {
  MALMOI_ASSIGN(auto steps, read_steps<Normalizer>(node, "normalizers", depth, read));
  return made<NormalizerSequence>(std::move(steps));
}

// One line a type of tokenizer.json.
constexpr ComponentReader<Normalizer> kReaders[] = {
    {"BertNormalizer", read_bert},
    {"ByteLevel", read_plain<Normalizer, ByteLevelNormalizer>},
    {"Lowercase", read_plain<Normalizer, Lowercase>},
    {"NFC", read_plain<Normalizer, UnicodeForm<NormalForm::kNfc>>},
    {"NFD", read_plain<Normalizer, UnicodeForm<NormalForm::kNfd>>},
    {"NFKC", read_plain<Normalizer, UnicodeForm<NormalForm::kNfkc>>},
    {"NFKD", read_plain<Normalizer, UnicodeForm<NormalForm::kNfkd>>},
    {"Nmt", read_plain<Normalizer, Nmt>},
    {"Precompiled", read_precompiled},
    {"Prepend", read_prepend},
    {"Replace", read_replace},
    {"Sequence", read_sequence},
    {"Strip", read_strip},
    {"StripAccents", read_plain<Normalizer, StripAccents>},
};

Made read(const JsonNode& node, int depth) { return read_component(kReaders, "normalizer", node, depth); }

}  // namespace

void NormalizerSequence::normalize(NormalizedText& text) const {
  for (const auto& step : steps_) step->normalize(text);
}

Status NormalizerSequence::write_json(std::string& out) const { return write_steps(out, "normalizers", steps_); }

Result<std::unique_ptr<Normalizer>> normalizer_from_node(const JsonNode& node) { return read(node, 0); }

Result<std::unique_ptr<Normalizer>> normalizer_from_json(std::string_view json, std::string_view where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, std::string(where)));
  return read(text.root(), 0);
}

}  // namespace malmoi::tokenizer
