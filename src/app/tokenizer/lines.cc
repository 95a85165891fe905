#include "app/tokenizer/lines.h"

#include <charconv>

#include "base/json.h"
#include "tokenizer/check_ids.h"

namespace malmoi::app {
namespace {

using tokenizer::Encoding;
using tokenizer::Tokenizer;

std::string join_ids(const std::vector<int32_t>& ids, std::string_view separator) {
  std::string out;
  out.reserve(ids.size() * 6);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i) out += separator;
    char buffer[12];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, ids[i]).ptr);
  }
  return out;
}

std::string json_array(const std::vector<int32_t>& values) { return "[" + join_ids(values, ", ") + "]"; }

std::string encoding_json(const Encoding& encoding) {
  std::string out = "{\"ids\": " + json_array(encoding.ids) + ", \"offsets\": [";
  for (size_t i = 0; i < encoding.offsets.size(); ++i) {
    auto [begin, end] = encoding.offsets[i];
    out += (i ? ", [" : "[") + std::to_string(begin) + ", " + std::to_string(end) + "]";
  }
  return out + "], \"mask\": " + json_array(encoding.attention_mask) + ", \"types\": " + json_array(encoding.type_ids) +
         "}";
}

// One text, or two of a pair.
Result<std::vector<std::string>> texts_of(std::string_view line, const std::string& where) {
  MALMOI_ASSIGN(Json value, parse_json(line, where));
  if (value.is_string()) return std::vector<std::string>{value.get<std::string>()};
  bool pair = value.is_array() && value.size() == 2 && value[0].is_string() && value[1].is_string();
  if (!pair)
    return invalid_data("neither a JSON string nor an array of two", where, "give a text or a pair on each line");
  return std::vector<std::string>{value[0].get<std::string>(), value[1].get<std::string>()};
}

Error out_of_range(std::string_view id, const std::string& where) {
  return invalid_data("the id " + std::string(id) + " is out of range", where, "ids are from 0 to 2147483647");
}

Result<std::vector<int32_t>> ids_of_json(std::string_view line, const std::string& where) {
  MALMOI_ASSIGN(Json value, parse_json(line, where));
  std::vector<int32_t> ids;
  if (!value.is_array()) return invalid_data("not a JSON array of ids", where, "give one on each line: [1, 2]");
  for (const Json& item : value) {
    if (!item.is_number_integer())
      return invalid_data("an id that is no integer: " + dump_json(item), where, "give whole numbers");
    auto id = item.get<uint64_t>();  // negative ones become the largest
    if (id > INT32_MAX) return out_of_range(dump_json(item), where);
    ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

Result<std::vector<int32_t>> ids_of_text(std::string_view line, const std::string& where) {
  std::vector<int32_t> ids;
  const char* end = line.data() + line.size();
  for (const char* at = line.data(); at < end;) {
    if (*at == ' ' || *at == '\t' || *at == '\r' || *at == ',') {
      ++at;
      continue;
    }
    int32_t id = 0;
    auto [next, error] = std::from_chars(at, end, id);
    if (error == std::errc::result_out_of_range || (error == std::errc() && id < 0))
      return out_of_range({at, next}, where);
    if (error != std::errc())
      return invalid_data("not a number at column " + std::to_string(at - line.data() + 1), where,
                          "give ids apart by spaces");
    ids.push_back(id);
    at = next;
  }
  return ids;
}

}  // namespace

Result<std::string> encode_line(const Tokenizer& tokenizer, std::string_view line, const EncodeLineOptions& options,
                                const std::string& where) {
  tokenizer::EncodeOptions encode{.add_special = options.special, .parse_special = !options.plain};
  std::vector<std::string> texts;
  if (options.jsonl) {
    MALMOI_ASSIGN(texts, texts_of(line, where));
    line = texts[0];
  }
  if (texts.size() < 2 && !options.offsets) {
    std::vector<int32_t> ids = tokenizer.encode(line, encode);
    return options.jsonl ? json_array(ids) : join_ids(ids, " ");
  }
  Encoding encoding =
      texts.size() > 1 ? tokenizer.encode_pair(texts[0], texts[1], encode) : tokenizer.encode_full(line, encode);
  return options.offsets ? encoding_json(encoding) : json_array(encoding.ids);
}

Result<std::string> decode_line(const Tokenizer& tokenizer, std::string_view line, const DecodeLineOptions& options,
                                const std::string& where) {
  MALMOI_ASSIGN(std::vector<int32_t> ids, options.jsonl ? ids_of_json(line, where) : ids_of_text(line, where));
  MALMOI_TRY(tokenizer::check_ids(tokenizer, ids, where));
  std::string text = tokenizer.decode(ids, options.skip_special);
  // ASCII alone: some readers take U+0085 or U+2028 for the end of a line.
  return options.jsonl ? Json(text).dump(-1, ' ', true, Json::error_handler_t::replace) : text;
}

}  // namespace malmoi::app
