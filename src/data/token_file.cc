#include "data/token_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace malmoi::data {
namespace {

static_assert(std::endian::native == std::endian::little, "token files are mapped as they stand");

Path companion(const Path& path, const char* extension) {
  Path other = path;
  other.replace_extension(extension);
  return other;
}

template <typename T>
Status check_ids(const T* ids, uint64_t size, int64_t vocab_size, const std::string& where) {
  // A running maximum over blocks vectorises; only a bad block is searched.
  constexpr uint64_t kBlock = 4096;
  for (uint64_t begin = 0; begin < size; begin += kBlock) {
    uint64_t end = std::min(size, begin + kBlock);
    T largest = 0;
    for (uint64_t i = begin; i < end; ++i) largest = std::max(largest, ids[i]);
    if (static_cast<int64_t>(largest) < vocab_size) continue;
    for (uint64_t i = begin; i < end; ++i)
      if (static_cast<int64_t>(ids[i]) >= vocab_size)
        return invalid_data("id " + std::to_string(ids[i]) + " at byte " + std::to_string(i * sizeof(T)) +
                                " is outside the vocabulary of " + std::to_string(vocab_size),
                            where, "tokenise the text with the tokenizer of this model, or check token_dtype");
  }
  return {};
}

Status check_ends(const MappedFile& ends, uint64_t tokens, const std::string& where) {
  if (ends.size() % 8 != 0)
    return invalid_data("its length, " + std::to_string(ends.size()) + " bytes, is no multiple of 8", where,
                        "tokenise the corpus again");
  uint64_t previous = 0;
  for (size_t i = 0; i < ends.size(); i += 8) {
    uint64_t end;
    std::memcpy(&end, ends.bytes().data() + i, 8);
    if (end < previous || end > tokens)
      return invalid_data("the document end at byte " + std::to_string(i) + " is " + std::to_string(end) +
                              ", expected from " + std::to_string(previous) + " to " + std::to_string(tokens),
                          where, "tokenise the corpus again");
    previous = end;
  }
  if (previous != tokens)
    return invalid_data(
        "the last document ends at " + std::to_string(previous) + " of " + std::to_string(tokens) + " ids", where,
        "tokenise the corpus again");
  return {};
}

}  // namespace

TokenType token_type_for(int64_t vocab_size) { return vocab_size <= 65536 ? TokenType::kU16 : TokenType::kU32; }

Result<TokenType> parse_token_type(std::string_view name, std::string where) {
  if (name == "u16" || name == "uint16") return TokenType::kU16;
  if (name == "u32" || name == "uint32") return TokenType::kU32;
  return usage_error("'" + std::string(name) + "' is no type of token ids", std::move(where), "use u16 or u32");
}

struct TokenWriter::State {
  Path path;
  AtomicFile ids, ends;
  TokenType type;
  int64_t vocab_size;
  uint64_t tokens = 0, documents = 0;
  Json about;
  std::vector<uint16_t> narrow;
};

TokenWriter::TokenWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TokenWriter::TokenWriter(TokenWriter&&) noexcept = default;
TokenWriter& TokenWriter::operator=(TokenWriter&&) noexcept = default;
TokenWriter::~TokenWriter() = default;

Result<TokenWriter> TokenWriter::create(const Path& path, int64_t vocab_size, Json about) {
  if (path.extension() != ".bin") return usage_error("a token file ends in .bin", path.string());
  MALMOI_ASSIGN(AtomicFile ids, AtomicFile::create(path));
  MALMOI_ASSIGN(AtomicFile ends, AtomicFile::create(companion(path, ".ends")));
  return TokenWriter(std::make_unique<State>(State{
      path, std::move(ids), std::move(ends), token_type_for(vocab_size), vocab_size, 0, 0, std::move(about), {}}));
}

Status TokenWriter::add(std::span<const int32_t> ids) {
  State& s = *state_;
  for (int32_t id : ids)
    if (id < 0 || id >= s.vocab_size)
      return invalid_data("id " + std::to_string(id) + " of document " + std::to_string(s.documents) +
                              " is outside the vocabulary of " + std::to_string(s.vocab_size),
                          s.path.string());
  if (s.type == TokenType::kU16) {
    s.narrow.assign(ids.begin(), ids.end());
    MALMOI_TRY(s.ids.write(s.narrow.data(), s.narrow.size() * 2));
  } else {
    MALMOI_TRY(s.ids.write(ids.data(), ids.size() * 4));
  }
  s.tokens += ids.size();
  ++s.documents;
  return s.ends.write(&s.tokens, 8);
}

Status TokenWriter::commit() {
  State& s = *state_;
  Path about_path = companion(s.path, ".json");
  std::error_code ignored;
  std::filesystem::remove(about_path, ignored);  // an older description must not vouch for half a new file
  MALMOI_TRY(s.ids.commit());
  MALMOI_TRY(s.ends.commit());
  Json description;
  description["dtype"] = s.type == TokenType::kU16 ? "u16" : "u32";
  description["vocab_size"] = s.vocab_size;
  description["tokens"] = s.tokens;
  description["documents"] = s.documents;
  description["about"] = s.about;
  return write_file(about_path, dump_json(description, 2) + "\n");
}

uint64_t TokenWriter::tokens() const { return state_->tokens; }
uint64_t TokenWriter::documents() const { return state_->documents; }

Result<TokenFile> TokenFile::open(const Path& path, std::optional<TokenType> type, int64_t vocab_size) {
  const std::string where = path.string();
  TokenFile file;
  uint64_t expected_tokens = 0;
  bool described = false;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return not_found("no such file", where, "check the path");
  Path about_path = companion(path, ".json");
  if (std::filesystem::exists(about_path, ignored)) {
    MALMOI_ASSIGN(Json description, read_json(about_path.string(), 1 << 20));
    described = description.is_object() && description.contains("dtype") && description.contains("tokens") &&
                description["tokens"].is_number_unsigned();
    if (described) {
      MALMOI_ASSIGN(TokenType written, parse_token_type(json_string(description, "dtype"), about_path.string()));
      if (type && *type != written)
        return usage_error("token_dtype contradicts " + about_path.string(), where, "remove token_dtype");
      type = written;
      expected_tokens = description["tokens"].get<uint64_t>();
      if (description.contains("about")) file.about_ = description["about"];
    }
  }
  if (!type) return usage_error("the type of its ids is not known", where, "say token_dtype: u16 or u32");
  file.type_ = *type;
  MALMOI_ASSIGN(file.ids_, MappedFile::open(path));
  size_t width = file.type_ == TokenType::kU16 ? 2 : 4;
  if (file.ids_.size() % width != 0)
    return invalid_data(
        "its length, " + std::to_string(file.ids_.size()) + " bytes, is no multiple of " + std::to_string(width), where,
        "it is cut short, or token_dtype is wrong");
  file.size_ = file.ids_.size() / width;
  if (described && file.size_ != expected_tokens)
    return invalid_data("holds " + std::to_string(file.size_) + " ids, " + about_path.string() + " says " +
                            std::to_string(expected_tokens),
                        where, "tokenise the corpus again");
  const std::byte* data = file.ids_.bytes().data();
  file.u16_ = reinterpret_cast<const uint16_t*>(data);
  file.u32_ = reinterpret_cast<const uint32_t*>(data);
  if (vocab_size > 0)
    MALMOI_TRY(file.type_ == TokenType::kU16 ? check_ids(file.u16_, file.size_, vocab_size, where)
                                             : check_ids(file.u32_, file.size_, vocab_size, where));
  Path ends_path = companion(path, ".ends");
  if (described && std::filesystem::exists(ends_path, ignored)) {
    MALMOI_ASSIGN(file.ends_, MappedFile::open(ends_path));
    MALMOI_TRY(check_ends(file.ends_, file.size_, ends_path.string()));
    file.has_ends_ = true;
  }
  return file;
}

void TokenFile::copy(uint64_t begin, std::span<int32_t> out) const {
  if (type_ == TokenType::kU16) std::copy_n(u16_ + begin, out.size(), out.begin());
  else if (!out.empty()) std::memcpy(out.data(), u32_ + begin, out.size() * 4);
}

uint64_t TokenFile::document_of(uint64_t index) const {
  uint64_t first = 0, count = documents();
  while (count > 0) {  // the first document whose end is beyond the index; empty ones before it are passed over
    uint64_t half = count / 2;
    bool before = document_end(first + half) <= index;
    if (before) first += half + 1;
    count = before ? count - half - 1 : half;
  }
  return first;
}

uint64_t TokenFile::document_end(uint64_t d) const {
  if (!has_ends_) return size_;
  uint64_t end;
  std::memcpy(&end, ends_.bytes().data() + d * 8, 8);
  return end;
}

}  // namespace malmoi::data
