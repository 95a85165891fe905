// The pre-tokenizers of tokenizer.json, and the table that reads them.
#include <algorithm>
#include <cstring>

#include "base/utf8.h"
#include "tokenizer/json/component_json.h"
#include "tokenizer/pipeline/metaspace.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

constexpr std::string_view kBehaviors[] = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"};

Result<SplitBehavior> behavior_of(const JsonNode& node) {
  MALMOI_ASSIGN(std::string name, node.string_or("behavior", "Isolated"));
  for (size_t i = 0; i < std::size(kBehaviors); ++i)
    if (kBehaviors[i] == name) return static_cast<SplitBehavior>(i);
  return node.error("unknown behavior " + name,
                    "use Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
}

std::string_view name_of(SplitBehavior behavior) { return kBehaviors[static_cast<size_t>(behavior)]; }

// Every character of a class is a match of its own.
template <typename Is>
void find_characters(std::string_view text, std::vector<Span>& matches, Is&& is) {
  for (size_t at = 0; at < text.size();) {
    Utf8Char c = decode_utf8(text, at);
    if (is(c.code_point)) matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(at + c.length)});
    at += c.length;
  }
}

void split_by_class(Draft& draft, SplitBehavior behavior, uint32_t flags) {
  split_pieces(draft, behavior, false, [&](std::string_view text, std::vector<Span>& matches) {
    find_characters(text, matches, [&](char32_t c) { return (classes_of(c) & flags) != 0; });
  });
}

class Split final : public PreTokenizer {
 public:
  Split(std::shared_ptr<const Pattern> pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void apply(Draft& draft) const override {
    split_pieces(draft, behavior_, invert_,
                 [&](std::string_view text, std::vector<Span>& matches) { pattern_->find_all(text, matches); });
  }
  const Pattern* only_pattern() const override {
    return behavior_ == SplitBehavior::kIsolated && pattern_->covers_everything() ? pattern_.get() : nullptr;
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "Split", "pattern", *pattern_, "behavior", name_of(behavior_), "invert", invert_);
  }

 private:
  std::shared_ptr<const Pattern> pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class ByteLevel final : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool trim_offsets, bool use_regex)
      : add_prefix_space_(add_prefix_space), trim_offsets_(trim_offsets), use_regex_(use_regex) {
    static const std::shared_ptr<const Pattern> gpt2 = *Pattern::compile(pattern_by_name("gpt2"));
    pattern_ = gpt2;
  }
  void apply(Draft& draft) const override {
    if (add_prefix_space_)
      rewrite_pieces(draft, [](NormalizedText& text) {
        if (!text.text.starts_with(' ')) text.prepend(" ");
      });
    if (use_regex_)
      split_pieces(draft, SplitBehavior::kIsolated, false,
                   [&](std::string_view text, std::vector<Span>& matches) { pattern_->find_all(text, matches); });
    if (spell_out_) spell_draft(draft);
    else draft.raw_bytes = true;
  }
  bool ends_in_bytes() const override { return !spell_out_; }
  void spell_out() override { spell_out_ = true; }
  const Pattern* only_pattern() const override {
    return use_regex_ && !add_prefix_space_ && !spell_out_ ? pattern_.get() : nullptr;
  }
  bool only_spells() const { return !use_regex_ && !add_prefix_space_; }
  Status write_json(std::string& out) const override {
    return write_component(out, "ByteLevel", "add_prefix_space", add_prefix_space_, "trim_offsets", trim_offsets_,
                           "use_regex", use_regex_);
  }

 private:
  bool add_prefix_space_, trim_offsets_, use_regex_, spell_out_ = false;
  std::shared_ptr<const Pattern> pattern_;
};

// \w+|[^\w\s]+ with Rust's \w; what lies between is dropped.
class Whitespace final : public PreTokenizer {
 public:
  void apply(Draft& draft) const override {
    cut_pieces(draft, [](std::string_view text, std::vector<Span>& spans) {
      auto kind_of = [](char32_t c) { return classes_of(c) & kRustWord ? 1 : is_space(c) ? 0 : 2; };
      for (size_t at = 0; at < text.size();) {
        Utf8Char c = decode_utf8(text, at);
        int kind = kind_of(c.code_point);
        size_t end = at + c.length;
        while (kind != 0 && end < text.size()) {
          c = decode_utf8(text, end);
          if (kind_of(c.code_point) != kind) break;
          end += c.length;
        }
        if (kind != 0) spans.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(end)});
        at = end;
      }
    });
  }
  Status write_json(std::string& out) const override { return write_component(out, "Whitespace"); }
};

class WhitespaceSplit final : public PreTokenizer {
 public:
  void apply(Draft& draft) const override { split_by_class(draft, SplitBehavior::kRemoved, kSpace); }
  Status write_json(std::string& out) const override { return write_component(out, "WhitespaceSplit"); }
};

class BertPreTokenizer final : public PreTokenizer {
 public:
  void apply(Draft& draft) const override {
    split_by_class(draft, SplitBehavior::kRemoved, kSpace);
    split_by_class(draft, SplitBehavior::kIsolated, kPunctuation);
  }
  Status write_json(std::string& out) const override { return write_component(out, "BertPreTokenizer"); }
};

class Punctuation final : public PreTokenizer {
 public:
  explicit Punctuation(SplitBehavior behavior) : behavior_(behavior) {}
  void apply(Draft& draft) const override { split_by_class(draft, behavior_, kPunctuation); }
  Status write_json(std::string& out) const override {
    return write_component(out, "Punctuation", "behavior", name_of(behavior_));
  }

 private:
  SplitBehavior behavior_;
};

class Digits final : public PreTokenizer {
 public:
  explicit Digits(bool individual) : individual_(individual) {}
  void apply(Draft& draft) const override {
    split_by_class(draft, individual_ ? SplitBehavior::kIsolated : SplitBehavior::kContiguous, kDigit);
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "Digits", "individual_digits", individual_);
  }

 private:
  bool individual_;
};

class CharDelimiterSplit final : public PreTokenizer {
 public:
  explicit CharDelimiterSplit(std::string delimiter) : pattern_(Pattern::text(delimiter)) {}
  void apply(Draft& draft) const override {
    split_pieces(draft, SplitBehavior::kRemoved, false,
                 [&](std::string_view text, std::vector<Span>& matches) { pattern_->find_all(text, matches); });
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "CharDelimiterSplit", "delimiter", std::string_view(pattern_->source()));
  }

 private:
  std::shared_ptr<const Pattern> pattern_;
};

// Cuts where the script changes. A character of any script (a space) joins what precedes it; what precedes the first
// character of a script is dropped, as in the reference.
class UnicodeScripts final : public PreTokenizer {
 public:
  void apply(Draft& draft) const override {
    cut_pieces(draft, [](std::string_view text, std::vector<Span>& spans) {
      int last = 0;
      uint32_t begin = UINT32_MAX;
      for (size_t at = 0; at < text.size();) {
        Utf8Char c = decode_utf8(text, at);
        int script = script_of(c.code_point);
        if (script != 0 && script != last) {
          if (begin != UINT32_MAX) spans.push_back({begin, static_cast<uint32_t>(at)});
          begin = static_cast<uint32_t>(at);
          last = script;
        }
        at += c.length;
      }
      if (begin != UINT32_MAX) spans.push_back({begin, static_cast<uint32_t>(text.size())});
    });
  }
  Status write_json(std::string& out) const override { return write_component(out, "UnicodeScripts"); }
};

class FixedLength final : public PreTokenizer {
 public:
  explicit FixedLength(size_t length) : length_(length) {}
  void apply(Draft& draft) const override {
    cut_pieces(draft, [&](std::string_view text, std::vector<Span>& spans) {
      size_t begin = 0, n = 0;
      for (size_t at = 0; at < text.size();) {
        at += decode_utf8(text, at).length;
        if (++n < length_ && at < text.size()) continue;
        spans.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(at)});
        begin = at;
        n = 0;
      }
    });
  }
  Status write_json(std::string& out) const override { return write_component(out, "FixedLength", "length", length_); }

 private:
  size_t length_;
};

class MetaspacePreTokenizer final : public PreTokenizer {
 public:
  MetaspacePreTokenizer(Metaspace metaspace, bool split) : metaspace_(std::move(metaspace)), split_(split) {}
  bool needs_source() const override { return metaspace_.scheme == Metaspace::Prepend::kFirst; }
  void apply(Draft& draft) const override {
    static const std::shared_ptr<const Pattern> space = Pattern::text(" ");
    rewrite_pieces(draft, [&](NormalizedText& text) {
      replace_all(text, *space, metaspace_.replacement);
      bool wanted = metaspace_.scheme == Metaspace::Prepend::kAlways ||
                    (metaspace_.scheme == Metaspace::Prepend::kFirst && text.origin == 0);
      if (wanted && !text.text.starts_with(metaspace_.replacement)) text.prepend(metaspace_.replacement);
    });
    if (!split_) return;
    cut_pieces(draft, [&](std::string_view text, std::vector<Span>& spans) {  // at the beginning of each mark
      const std::string& mark = metaspace_.replacement;
      auto is_mark = [&](size_t at) {
        return at + mark.size() <= text.size() && std::memcmp(text.data() + at, mark.data(), mark.size()) == 0;
      };
      for (size_t begin = 0; begin < text.size();) {
        const size_t next = begin + (is_mark(begin) ? mark.size() : 1);
        const size_t end = is_mark(next) ? next : std::min(text.find(mark, next), text.size());
        spans.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
        begin = end;
      }
    });
  }
  Status write_json(std::string& out) const override {
    append_metaspace_json(out, metaspace_, split_);
    return {};
  }

 private:
  Metaspace metaspace_;
  bool split_;
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps) : steps_(std::move(steps)) {
    for (size_t i = 0; i + 1 < steps_.size(); ++i) steps_[i]->spell_out();
  }
  void apply(Draft& draft) const override {
    for (const auto& step : steps_) step->apply(draft);
  }
  bool needs_source() const override {
    return std::any_of(steps_.begin(), steps_.end(), [](const auto& step) { return step->needs_source(); });
  }
  bool ends_in_bytes() const override { return !steps_.empty() && steps_.back()->ends_in_bytes(); }
  void spell_out() override {
    if (!steps_.empty()) steps_.back()->spell_out();
  }
  const Pattern* only_pattern() const override {
    if (steps_.size() == 1) return steps_[0]->only_pattern();
    const auto* bytes = steps_.size() == 2 ? dynamic_cast<const ByteLevel*>(steps_[1].get()) : nullptr;
    return bytes && bytes->only_spells() && bytes->ends_in_bytes() ? steps_[0]->only_pattern() : nullptr;
  }
  Status write_json(std::string& out) const override { return write_steps(out, "pretokenizers", steps_); }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

using Made = Result<std::unique_ptr<PreTokenizer>>;
Made read(const JsonNode& node, int depth);

template <typename T, typename... Args>
std::unique_ptr<PreTokenizer> made(Args&&... args) {
  return std::make_unique<T>(std::forward<Args>(args)...);
}

Made read_split(const JsonNode& node, int) {
  MALMOI_ASSIGN(auto pattern, pattern_from_json(node));
  MALMOI_ASSIGN(SplitBehavior behavior, behavior_of(node));
  MALMOI_ASSIGN(bool invert, node.boolean_or("invert", false));
  return make_split(std::move(pattern), behavior, invert);
}

Made read_byte_level(const JsonNode& node, int) {
  MALMOI_ASSIGN(bool prefix, node.boolean_or("add_prefix_space", true));
  MALMOI_ASSIGN(bool trim, node.boolean_or("trim_offsets", true));
  MALMOI_ASSIGN(bool regex, node.boolean_or("use_regex", true));
  return make_byte_level(prefix, trim, regex);
}

Made read_digits(const JsonNode& node, int) {
  MALMOI_ASSIGN(bool individual, node.boolean_or("individual_digits", false));
  return make_digits(individual);
}

Made read_punctuation(const JsonNode& node, int) {
  MALMOI_ASSIGN(SplitBehavior behavior, behavior_of(node));
  return made<Punctuation>(behavior);
}

Made read_delimiter(const JsonNode& node, int) {
  MALMOI_ASSIGN(std::string delimiter, node.character_at("delimiter"));
  return made<CharDelimiterSplit>(delimiter);
}

Made read_fixed_length(const JsonNode& node, int) {
  MALMOI_ASSIGN(int64_t length, node.integer_or("length", 5));
  if (length < 1) return node.error("\"length\" must be at least 1");
  return made<FixedLength>(static_cast<size_t>(length));
}

Made read_metaspace(const JsonNode& node, int) {
  MALMOI_ASSIGN(Metaspace metaspace, metaspace_from_json(node));
  MALMOI_ASSIGN(bool split, node.boolean_or("split", true));
  return made<MetaspacePreTokenizer>(std::move(metaspace), split);
}

Made read_sequence(const JsonNode& node, int depth) {
  MALMOI_ASSIGN(auto steps, read_steps<PreTokenizer>(node, "pretokenizers", depth, read));
  return make_sequence(std::move(steps));
}

// One line a type of tokenizer.json.
constexpr ComponentReader<PreTokenizer> kReaders[] = {
    {"BertPreTokenizer", read_plain<PreTokenizer, BertPreTokenizer>},
    {"ByteLevel", read_byte_level},
    {"CharDelimiterSplit", read_delimiter},
    {"Delimiter", read_delimiter},
    {"Digits", read_digits},
    {"FixedLength", read_fixed_length},
    {"Metaspace", read_metaspace},
    {"Punctuation", read_punctuation},
    {"Sequence", read_sequence},
    {"Split", read_split},
    {"UnicodeScripts", read_plain<PreTokenizer, UnicodeScripts>},
    {"Whitespace", read_plain<PreTokenizer, Whitespace>},
    {"WhitespaceSplit", read_plain<PreTokenizer, WhitespaceSplit>},
};

Made read(const JsonNode& node, int depth) { return read_component(kReaders, "pre-tokenizer", node, depth); }

}  // namespace

void spell_draft(Draft& draft) {
  rewrite_pieces(draft, [](NormalizedText& text) {
    std::string spelled;
    std::vector<Span> source;
    for (size_t i = 0; i < text.text.size(); ++i) {
      size_t before = spelled.size();
      spelled += spell_bytes({&text.text[i], 1});
      if (text.tracked) source.insert(source.end(), spelled.size() - before, text.source[i]);
    }
    text.text = std::move(spelled);
    text.source = std::move(source);
  });
  draft.raw_bytes = false;
}

std::unique_ptr<PreTokenizer> make_split(std::shared_ptr<const Pattern> pattern, SplitBehavior behavior, bool invert) {
  return made<Split>(std::move(pattern), behavior, invert);
}

std::unique_ptr<PreTokenizer> make_byte_level(bool add_prefix_space, bool trim_offsets, bool use_regex) {
  return made<ByteLevel>(add_prefix_space, trim_offsets, use_regex);
}

std::unique_ptr<PreTokenizer> make_digits(bool individual) { return made<Digits>(individual); }

std::unique_ptr<PreTokenizer> make_sequence(std::vector<std::unique_ptr<PreTokenizer>> steps) {
  return made<PreTokenizerSequence>(std::move(steps));
}

Result<std::unique_ptr<PreTokenizer>> pre_tokenizer_from_json(std::string_view json, std::string_view where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, std::string(where)));
  return read(text.root(), 0);
}

Result<std::unique_ptr<PreTokenizer>> pre_tokenizer_from_node(const JsonNode& node) { return read(node, 0); }

}  // namespace malmoi::tokenizer
