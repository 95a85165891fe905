#include "tokenizer/tokenizer.h"

#include <simdjson.h>

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/check_ids.h"
#include "tokenizer/json/component.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/parts.h"
#include "tokenizer/pipeline/encoder.h"
#include "tokenizer/special_ids.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

// Texts are worked on in stretches of at most this size, cut at white space where there is some near.
constexpr size_t kStretch = size_t{1} << 30;

// A view of the text as valid UTF-8; `storage` holds it where it had to be mended.
std::string_view mended(std::string_view text, std::string& storage) {
  if (simdjson::validate_utf8(text.data(), text.size())) return text;
  storage = replace_invalid_utf8(text);
  return storage;
}

size_t stretch_end(std::string_view text, size_t begin) {
  if (text.size() - begin <= kStretch) return text.size();
  size_t end = begin + kStretch;
  const size_t middle = begin + kStretch / 2;
  const size_t space = text.substr(middle, end - middle).rfind('\n');
  if (space != std::string_view::npos) return middle + space;
  while (is_utf8_continuation(text[end])) --end;
  return end;
}

std::string_view first_stretch(std::string_view text) { return text.substr(0, stretch_end(text, 0)); }

// The spelled token of an id; empty where there is none.
std::string_view spelled(const Tokenizer::Parts& parts, int32_t id) {
  if (const AddedToken* token = parts.added.by_id(id)) return parts.added.spelling(*token);
  return parts.model->vocabulary().spelling(id);
}

std::string joined(const Decoder* decoder, std::vector<std::string> tokens) {
  if (decoder && !tokens.empty()) decoder->apply(tokens);
  std::string out;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && !decoder) out += ' ';
    out += tokens[i];
  }
  return out;
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
  parts_->added.build(parts_->normalizer.get());
  if (parts_->pre_tokenizer && parts_->pre_tokenizer->ends_in_bytes()) parts_->model->expect_bytes();
  parts_->fast_path = choose_fast_path(*parts_);
  if (!parts_->unk) parts_->unk = parts_->model->unk_id();
}

Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::from_json(std::string_view json, std::string where, std::string config) {
  MALMOI_ASSIGN(Tokenizer out, import_tokenizer_json(json, std::move(where)));
  if (!config.empty()) MALMOI_TRY(read_tokenizer_config(*out.parts_, std::move(config), "tokenizer_config.json"));
  guess_special_ids(*out.parts_);
  return out;
}

Result<Tokenizer> Tokenizer::characters(std::string_view text) {
  std::string storage;
  text = mended(text, storage);
  std::vector<char32_t> letters;
  auto keep_different = [&letters] {
    std::sort(letters.begin(), letters.end());
    letters.erase(std::unique(letters.begin(), letters.end()), letters.end());
  };
  constexpr size_t kManyLetters = size_t{1} << 20;  // so that a long text takes no memory for each of its characters
  for (const CodePoint c : CodePoints(text)) {
    letters.push_back(c.value);
    if (letters.size() >= kManyLetters) keep_different();
  }
  keep_different();
  if (letters.empty()) return usage_error("a character tokenizer of an empty text", "training text", "give some text");
  BpeOptions options;
  for (size_t i = 0; i < letters.size(); ++i) {
    std::string letter;
    append_utf8(letter, letters[i]);
    options.vocabulary.add(letter, static_cast<int32_t>(i));
  }
  auto parts = std::make_unique<Parts>();
  parts->origin = "huggingface";
  MALMOI_ASSIGN(parts->model, make_bpe(std::move(options), "characters"));
  MALMOI_ASSIGN(parts->decoder, component_from_json<Decoder>(R"({"type":"Fuse"})", "characters"));
  return Tokenizer(std::move(parts));
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  if (parts_->truncation || parts_->padding) return encode_full(text, options).ids;
  std::string storage;
  text = mended(text, storage);
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 4 + 8);
  for (size_t at = 0; at < text.size();) {
    size_t end = stretch_end(text, at);
    encode_ids(*parts_, text.substr(at, end - at), options.parse_special, ids);
    at = end;
  }
  if (!options.add_special || !parts_->post_processor) return ids;
  std::vector<Sequence> sequences(1);
  Sequence& sequence = sequences[0];
  sequence.offsets.resize(ids.size());
  sequence.type_ids.resize(ids.size());
  sequence.attention_mask.resize(ids.size(), 1);
  sequence.special_tokens_mask.resize(ids.size());
  sequence.sequence_ids.resize(ids.size());
  sequence.ids = std::move(ids);
  return finish_encoding(*parts_, std::move(sequences), true).ids;
}

Encoding Tokenizer::encode_full(std::string_view text, EncodeOptions options) const {
  std::string storage;
  std::vector<Sequence> sequences;
  sequences.push_back(encode_sequence(*parts_, first_stretch(mended(text, storage)), options.parse_special, 0));
  return finish_encoding(*parts_, std::move(sequences), options.add_special);
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second, EncodeOptions options) const {
  std::string storage[2];
  std::vector<Sequence> sequences;
  sequences.push_back(encode_sequence(*parts_, first_stretch(mended(first, storage[0])), options.parse_special, 0));
  sequences.push_back(encode_sequence(*parts_, first_stretch(mended(second, storage[1])), options.parse_special, 1));
  return finish_encoding(*parts_, std::move(sequences), options.add_special);
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  if (parts_->id_decoder) {
    std::vector<int32_t> kept;
    kept.reserve(ids.size());
    for (int32_t id : ids)
      if (has_id(*parts_, id)) kept.push_back(id);
    return replace_invalid_utf8(parts_->id_decoder->decode(kept, skip_special));
  }
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (int32_t id : ids) {
    if (!has_id(*parts_, id)) continue;
    std::string_view token = spelled(*parts_, id);
    // As the reference: what counts as special is the spelling, which normalisation may have changed.
    const AddedToken* added = skip_special ? parts_->added.by_id(id) : nullptr;
    if (added && added->special && added->content == token) continue;
    tokens.emplace_back(token);
  }
  return replace_invalid_utf8(joined(parts_->decoder.get(), std::move(tokens)));
}

std::string Tokenizer::token_bytes(int32_t id) const {
  if (!has_id(*parts_, id)) return {};
  if (parts_->id_decoder) return parts_->id_decoder->token_bytes(id);
  std::string piece(spelled(*parts_, id));
  const Decoder* decoder = parts_->decoder.get();
  std::string bytes;
  if (decoder && decoder->spells_bytes()) return unspell_bytes(piece, bytes) ? bytes : piece;
  if (decoder && decoder->has_byte_tokens())
    if (const int byte = byte_of_token(piece); byte >= 0) return std::string(1, static_cast<char>(byte));
  // In the middle of a text: behind a token that stands for itself.
  std::string text = joined(decoder, {"a", piece});
  return text.starts_with('a') ? text.substr(1) : text;
}

std::string Tokenizer::piece(int32_t id) const {
  if (const AddedToken* token = parts_->added.by_id(id)) return token->content;
  return std::string(parts_->model->vocabulary().spelling(id));
}

std::optional<int32_t> Tokenizer::id_of(std::string_view piece) const {
  if (const AddedToken* token = parts_->added.by_content(piece)) return token->id;
  return parts_->model->vocabulary().find(piece);
}

bool Tokenizer::is_special(int32_t id) const { return parts_->added.is_special(id); }

int32_t Tokenizer::vocab_size() const {
  int32_t limit = parts_->model->vocabulary().id_limit();
  return parts_->added.all().empty() ? limit : std::max(limit, parts_->added.all().back().id + 1);
}

std::optional<int32_t> Tokenizer::bos_id() const { return parts_->bos; }
std::optional<int32_t> Tokenizer::eos_id() const { return parts_->eos; }
std::optional<int32_t> Tokenizer::unk_id() const { return parts_->unk; }
std::optional<int32_t> Tokenizer::pad_id() const { return parts_->pad; }

Status Tokenizer::save(const Path& folder) const {
  MALMOI_ASSIGN(std::string json, to_tokenizer_json(*parts_));
  MALMOI_TRY(make_folder(folder));
  MALMOI_TRY(write_file(folder / "tokenizer.json", json));
  return write_file(folder / "tokenizer_config.json", tokenizer_config_json(*this));
}

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special)
    : tokenizer_(&tokenizer), skip_special_(skip_special) {}

// Decoders look at neighbours, so what is new is the difference between the text of a window of ids without and with the
// newest; the window begins where the last certain text did.
std::string StreamDecoder::push(int32_t id) {
  ids_.push_back(id);
  std::span<const int32_t> all(ids_);
  std::string before = tokenizer_->decode(all.subspan(prefix_, read_ - prefix_), skip_special_);
  std::string now = tokenizer_->decode(all.subspan(prefix_), skip_special_);
  if (now.size() <= before.size() || now.ends_with("\xEF\xBF\xBD") || !now.starts_with(before)) return {};
  prefix_ = read_;
  read_ = ids_.size();
  if (prefix_ > 4096) {
    ids_.erase(ids_.begin(), ids_.begin() + static_cast<ptrdiff_t>(prefix_));
    read_ -= prefix_;
    prefix_ = 0;
  }
  return now.substr(before.size());
}

std::string StreamDecoder::finish() {
  std::span<const int32_t> all(ids_);
  std::string before = tokenizer_->decode(all.subspan(prefix_, read_ - prefix_), skip_special_);
  std::string now = tokenizer_->decode(all.subspan(prefix_), skip_special_);
  ids_.clear();
  prefix_ = read_ = 0;
  return now.starts_with(before) ? now.substr(before.size()) : std::string();
}

}  // namespace malmoi::tokenizer
