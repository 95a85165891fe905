// JSON Lines and JSON: a document an object. Also what Hugging Face datasets and other corpora are stored as.
#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "data/corpus.h"
#include "data/encoding.h"
#include "data/json_text.h"
#include "data/readers/formats.h"
#include "data/readers/lines.h"

namespace malmoi::data {

int choose_text_field(const std::vector<std::string>& names, const std::string& wanted) {
  constexpr std::array<std::string_view, 12> kUsual = {"text",     "content",  "body",      "document",
                                                       "article",  "passage",  "paragraph", "raw_content",
                                                       "contents", "sentence", "context",   "본문"};
  auto index_of = [&](std::string_view name) {
    auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? -1 : static_cast<int>(found - names.begin());
  };
  if (int at = wanted.empty() ? -1 : index_of(wanted); at >= 0) return at;
  // Some systems write Hangul in its letters, a keyboard gives syllables.
  for (size_t i = 0; i < names.size() && !wanted.empty(); ++i)
    if (clean_characters(names[i]) == clean_characters(wanted)) return static_cast<int>(i);
  if (!wanted.empty()) return -1;
  for (std::string_view name : kUsual)
    if (int at = index_of(name); at >= 0) return at;
  return -1;
}

bool is_json_lines(std::string_view text) {
  size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  size_t next = text.find_first_not_of(" \t\r\n", end);
  std::string_view line = ascii_trim(text.substr(0, end));
  bool objects = line.starts_with('{') && next != std::string_view::npos && text[next] == '{';
  return objects && parse_foreign_json(line, "").ok();
}

namespace {

// A chat ("messages": [{role, content}]) reads as its turns.
std::string join_messages(const Json& messages) {
  std::string out;
  for (const Json& message : messages) {
    std::string content = json_string(message, "content");
    if (content.empty()) continue;
    if (!out.empty()) out += "\n\n";
    if (std::string role = json_string(message, "role"); !role.empty()) out += role + ": ";
    out += content;
  }
  return out;
}

// Moves the fields of an object into a Document. False: no text in it.
bool take_object(const Json& object, const std::string& wanted, Document& out) {
  std::vector<std::string> names;
  for (const auto& [key, value] : object.items())
    if (value.is_string()) names.push_back(key);
  int chosen = choose_text_field(names, wanted);
  std::string text_key = chosen >= 0 ? names[static_cast<size_t>(chosen)] : "";
  if (chosen < 0 && (!object.contains("messages") || !object["messages"].is_array())) return false;
  if (chosen < 0) text_key = "messages";
  out.text = chosen >= 0 ? object[text_key].get<std::string>() : join_messages(object[text_key]);
  for (const auto& [key, value] : object.items()) {
    if (key == text_key || value.is_null()) continue;
    std::string text = value.is_string() ? value.get<std::string>() : std::string();
    if (key == "title" && value.is_string()) out.title = text;
    else if ((key == "language" || key == "lang") && value.is_string()) out.language = text;
    else if ((key == "license" || key == "licence") && value.is_string()) out.license = text;
    else if (key == "meta" && value.is_string() && text.empty()) continue;
    else if (key != "path" && key != "encoding") out.meta[key] = value;
  }
  return true;
}

class JsonlReader : public Reader {
 public:
  JsonlReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : id_(std::move(input.id)),
        path_(std::move(input.path)),
        text_field_(options.text_field),
        limit_(options.limits.document_bytes),
        on_skip_(on_skip),
        lines_(std::move(input.bytes), limit_) {}

  Result<bool> next(RawDocument& out) override {
    std::string_view line;
    while (true) {
      MALMOI_ASSIGN(bool more, lines_.next(line));
      if (!more) return false;
      std::string id = id_ + "#" + std::to_string(lines_.number());
      if (lines_.too_long()) {
        on_skip_({id, "read.long_line", "longer than " + std::to_string(limit_) + " bytes", true});
        continue;
      }
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      Result<Json> object = parse_foreign_json(line, id);
      if (!object.ok() || !object->is_object()) {
        std::string detail = object.ok() ? "not an object" : object.error().what;
        on_skip_({id, "read.json", "line " + std::to_string(lines_.number()) + ": " + detail, true});
        continue;
      }
      out = {};
      out.payload = Payload::kReady;
      out.document.id = std::move(id);
      out.document.path = path_;
      out.document.encoding = lines_.encoding();
      if (take_object(*object, text_field_, out.document)) return true;
      on_skip_(
          {out.document.id, "read.no_text",
           "no text under " + (text_field_.empty() ? "a usual key; name it with text_field" : "'" + text_field_ + "'"),
           true});
    }
  }

 private:
  std::string id_, path_, text_field_;
  uint64_t limit_;
  OnSkip on_skip_;
  DecodedLines lines_;
};

// One JSON value: an array of objects, one object, or an object without a text of its own that holds arrays of objects.
class JsonReader : public Reader {
 public:
  JsonReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : input_(std::move(input)), options_(options), on_skip_(on_skip) {}

  Result<bool> next(RawDocument& out) override {
    if (!opened_) MALMOI_TRY(open());
    if (lines_) return lines_->next(out);
    while (at_ < records_.size()) {
      const Json& record = records_[at_++];
      std::string id = records_.size() == 1 ? input_.id : input_.id + "#" + std::to_string(at_);
      out = {};
      out.payload = Payload::kReady;
      out.document.id = id;
      out.document.path = input_.path;
      out.document.encoding = encoding_;
      if (record.is_string()) out.document.text = record.get<std::string>();
      if (record.is_string() || (record.is_object() && take_object(record, options_.text_field, out.document)))
        return true;
      on_skip_({id, "read.no_text", "no text in the record", true});
    }
    return false;
  }

 private:
  Status open() {
    opened_ = true;
    MALMOI_ASSIGN(std::string text, read_all(*input_.bytes, options_.limits.document_bytes, input_.id));
    MALMOI_ASSIGN(Decoded decoded, decode_text(text));
    encoding_ = decoded.encoding == "ascii" ? "utf-8" : decoded.encoding;
    Result<Json> parsed = parse_foreign_json(decoded.text, input_.id);
    if (!parsed.ok() && is_json_lines(decoded.text)) {
      Input lines{memory_source(std::move(decoded.text)), input_.id, input_.path, input_.name, input_.depth};
      lines_ = make_jsonl_reader(std::move(lines), options_, on_skip_);
      return {};
    }
    if (!parsed.ok()) return std::move(parsed).error();
    Json root = *std::move(parsed);
    Document whole;
    if (root.is_object() && !take_object(root, options_.text_field, whole))
      for (const auto& [key, value] : root.items())
        if (value.is_array() && !value.empty() && value[0].is_object() && key != "messages")
          records_.insert(records_.end(), value.begin(), value.end());
    if (records_.empty()) records_ = root.is_array() ? std::move(root) : Json::array({std::move(root)});
    return {};
  }

  Input input_;
  ReaderOptions options_;
  OnSkip on_skip_;
  bool opened_ = false;
  std::string encoding_;
  std::unique_ptr<Reader> lines_;  // of a file that holds JSON lines after all
  Json records_ = Json::array();
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_jsonl_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<JsonlReader>(std::move(input), options, on_skip);
}

std::unique_ptr<Reader> make_json_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<JsonReader>(std::move(input), options, on_skip);
}

}  // namespace malmoi::data
