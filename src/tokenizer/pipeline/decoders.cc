// The decoders of tokenizer.json, and the table that reads them.
#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "tokenizer/json/component_json.h"
#include "tokenizer/json/components.h"
#include "tokenizer/pipeline/metaspace.h"
#include "tokenizer/models/bpe.h"

namespace malmoi::tokenizer {
namespace {

void replace_text(std::string& text, std::string_view from, std::string_view to) {
  size_t at = from.empty() ? std::string::npos : text.find(from);
  if (at == std::string::npos) return;
  std::string out;
  size_t done = 0;
  for (; at != std::string::npos; at = text.find(from, done)) {
    out.append(text, done, at - done).append(to);
    done = at + from.size();
  }
  text = out.append(text, done);
}

// Joins the spaces that a word-piece tokenizer put before punctuation and English contractions.
void clean_up(std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) replace_text(text, from, to);
}

class ByteLevelDecoder final : public Decoder {
 public:
  bool spells_bytes() const override { return true; }
  void apply(std::vector<std::string>& tokens) const override {
    std::string bytes, all;
    for (const std::string& token : tokens) all += unspell_bytes(token, bytes) ? bytes : token;
    tokens.assign(1, replace_invalid_utf8(all));
  }
  Status write_json(std::string& out) const override {
    out += R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})";
    return {};
  }
};

class WordPieceDecoder final : public Decoder {
 public:
  WordPieceDecoder(std::string prefix, bool cleanup) : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (i > 0) {
        if (tokens[i].starts_with(prefix_)) tokens[i].erase(0, prefix_.size());
        else tokens[i].insert(0, " ");
      }
      if (cleanup_) clean_up(tokens[i]);
    }
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "WordPiece", "prefix", prefix_, "cleanup", cleanup_);
  }

 private:
  std::string prefix_;
  bool cleanup_;
};

class MetaspaceDecoder final : public Decoder {
 public:
  explicit MetaspaceDecoder(Metaspace metaspace, bool split) : metaspace_(std::move(metaspace)), split_(split) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      bool drop = i == 0 && metaspace_.scheme != Metaspace::Prepend::kNever;
      replace_text(tokens[i], metaspace_.replacement, drop ? "" : " ");
    }
  }
  Status write_json(std::string& out) const override {
    append_metaspace_json(out, metaspace_, split_);
    return {};
  }

 private:
  Metaspace metaspace_;
  bool split_;
};

class BpeDecoder final : public Decoder {
 public:
  explicit BpeDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) replace_text(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ");
  }
  Status write_json(std::string& out) const override { return write_component(out, "BPEDecoder", "suffix", suffix_); }

 private:
  std::string suffix_;
};

class CtcDecoder final : public Decoder {
 public:
  CtcDecoder(std::string pad, std::string delimiter, bool cleanup)
      : pad_(std::move(pad)), delimiter_(std::move(delimiter)), cleanup_(cleanup) {}
  void apply(std::vector<std::string>& tokens) const override {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (std::string& token : tokens) {
      replace_text(token, pad_, "");
      if (!cleanup_) continue;
      clean_up(token);
      replace_text(token, delimiter_, " ");
    }
    std::erase_if(tokens, [](const std::string& token) { return token.empty(); });
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "CTC", "pad_token", pad_, "word_delimiter_token", delimiter_, "cleanup", cleanup_);
  }

 private:
  std::string pad_, delimiter_;
  bool cleanup_;
};

class ReplaceDecoder final : public Decoder {
 public:
  ReplaceDecoder(std::shared_ptr<const Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      NormalizedText text = NormalizedText::of(token, 0, false);
      replace_all(text, *pattern_, content_);
      token = std::move(text.text);
    }
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "Replace", "pattern", *pattern_, "content", content_);
  }

 private:
  std::shared_ptr<const Pattern> pattern_;
  std::string content_;
};

class FuseDecoder final : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::string all;
    for (const std::string& token : tokens) all += token;
    tokens.assign(1, std::move(all));
  }
  Status write_json(std::string& out) const override { return write_component(out, "Fuse"); }
};

class StripDecoder final : public Decoder {
 public:
  StripDecoder(std::string content, size_t start, size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}
  // Where the two ends meet on a short token the reference fails; here what is left is empty.
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view text = token;
      size_t begin = 0, end = text.size();
      for (size_t i = 0; i < start_ && text.substr(begin).starts_with(content_); ++i) begin += content_.size();
      for (size_t i = 0; i < stop_ && end > begin && text.substr(0, end).ends_with(content_); ++i)
        end -= content_.size();
      token = end > begin ? std::string(text.substr(begin, end - begin)) : std::string();
    }
  }
  Status write_json(std::string& out) const override {
    return write_component(out, "Strip", "content", content_, "start", start_, "stop", stop_);
  }

 private:
  std::string content_;
  size_t start_, stop_;
};

// <0xNN> tokens become bytes; a run of them that is not UTF-8 becomes one U+FFFD a byte.
class ByteFallbackDecoder final : public Decoder {
 public:
  bool has_byte_tokens() const override { return true; }
  void apply(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string run;
    auto flush = [&] {
      if (run.empty()) return;
      if (is_valid_utf8(run)) out.push_back(run);
      else out.insert(out.end(), run.size(), "\xEF\xBF\xBD");
      run.clear();
    };
    for (std::string& token : tokens) {
      int byte = byte_of_token(token);
      if (byte >= 0) {
        run += static_cast<char>(byte);
        continue;
      }
      flush();
      out.push_back(std::move(token));
    }
    flush();
    tokens = std::move(out);
  }
  Status write_json(std::string& out) const override { return write_component(out, "ByteFallback"); }
};

class DecoderSequence final : public Decoder {
 public:
  explicit DecoderSequence(std::vector<std::unique_ptr<Decoder>> steps) : steps_(std::move(steps)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (const auto& step : steps_) step->apply(tokens);
  }
  bool spells_bytes() const override {
    return std::any_of(steps_.begin(), steps_.end(), [](const auto& step) { return step->spells_bytes(); });
  }
  bool has_byte_tokens() const override {
    return std::any_of(steps_.begin(), steps_.end(), [](const auto& step) { return step->has_byte_tokens(); });
  }
  Status write_json(std::string& out) const override { return write_steps(out, "decoders", steps_); }

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};

using Made = Result<std::unique_ptr<Decoder>>;
Made read(const JsonNode& node, int depth);

template <typename T, typename... Args>
std::unique_ptr<Decoder> made(Args&&... args) {
  return std::make_unique<T>(std::forward<Args>(args)...);
}

Made read_word_piece(const JsonNode& node, int) {
  MALMOI_ASSIGN(std::string prefix, node.string_or("prefix", "##"));
  MALMOI_ASSIGN(bool cleanup, node.boolean_or("cleanup", true));
  return made<WordPieceDecoder>(prefix, cleanup);
}

Made read_metaspace(const JsonNode& node, int) {
  MALMOI_ASSIGN(Metaspace metaspace, metaspace_from_json(node));
  MALMOI_ASSIGN(bool split, node.boolean_or("split", true));
  return made<MetaspaceDecoder>(std::move(metaspace), split);
}

Made read_bpe(const JsonNode& node, int) {
  MALMOI_ASSIGN(std::string suffix, node.string_or("suffix", "</w>"));
  return made<BpeDecoder>(suffix);
}

Made read_ctc(const JsonNode& node, int) {
  MALMOI_ASSIGN(std::string pad, node.string_or("pad_token", "<pad>"));
  MALMOI_ASSIGN(std::string delimiter, node.string_or("word_delimiter_token", "|"));
  MALMOI_ASSIGN(bool cleanup, node.boolean_or("cleanup", true));
  return made<CtcDecoder>(pad, delimiter, cleanup);
}

Made read_replace(const JsonNode& node, int) {
  MALMOI_ASSIGN(auto pattern, pattern_from_json(node));
  MALMOI_ASSIGN(std::string content, node.string_at("content"));
  return made<ReplaceDecoder>(std::move(pattern), content);
}

Made read_strip(const JsonNode& node, int) {
  MALMOI_ASSIGN(std::string content, node.character_at("content"));
  MALMOI_ASSIGN(int64_t start, node.integer_or("start", 0));
  MALMOI_ASSIGN(int64_t stop, node.integer_or("stop", 0));
  if (start < 0 || stop < 0) return node.error("\"start\" and \"stop\" must not be negative");
  return made<StripDecoder>(content, static_cast<size_t>(start), static_cast<size_t>(stop));
}

Made read_sequence(const JsonNode& node, int depth) {
  MALMOI_ASSIGN(auto steps, read_steps<Decoder>(node, "decoders", depth, read));
  return made<DecoderSequence>(std::move(steps));
}

// One line a type of tokenizer.json.
constexpr ComponentReader<Decoder> kReaders[] = {
    {"BPEDecoder", read_bpe},
    {"ByteFallback", read_plain<Decoder, ByteFallbackDecoder>},
    {"ByteLevel", read_plain<Decoder, ByteLevelDecoder>},
    {"CTC", read_ctc},
    {"Fuse", read_plain<Decoder, FuseDecoder>},
    {"Metaspace", read_metaspace},
    {"Replace", read_replace},
    {"Sequence", read_sequence},
    {"Strip", read_strip},
    {"WordPiece", read_word_piece},
};

Made read(const JsonNode& node, int depth) { return read_component(kReaders, "decoder", node, depth); }

}  // namespace

int byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  const char* begin = token.data() + 3;
  if (*begin == '+') ++begin;  // as the reference's number parser
  int value = 0;
  auto [end, error] = std::from_chars(begin, token.data() + 5, value, 16);
  return error == std::errc() && end == token.data() + 5 && value >= 0 && *begin != '-' ? value : -1;
}

std::unique_ptr<Decoder> make_byte_level_decoder() { return made<ByteLevelDecoder>(); }

Result<std::unique_ptr<Decoder>> decoder_from_node(const JsonNode& node) { return read(node, 0); }

Result<std::unique_ptr<Decoder>> decoder_from_json(std::string_view json, std::string_view where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, std::string(where)));
  return read(text.root(), 0);
}

}  // namespace malmoi::tokenizer
