#include "data/corpus.h"

#include <simdjson.h>

#include "base/utf8.h"
#include "data/json_text.h"
#include "data/readers/lines.h"

namespace malmoi::data {
namespace {

void append_json_text(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (c == '\r') out += "\\r";
    else if (byte < 0x20) (out += "\\u00") += {kHex[byte >> 4], kHex[byte & 15]};
    else out += c;
  }
  out += '"';
}

void append_field(std::string& out, std::string_view key, std::string_view value, bool clean) {
  if (out.size() > 1) out += ',';
  (out += '"').append(key) += "\":";
  if (clean || is_valid_utf8(value)) append_json_text(out, value);
  else append_json_text(out, replace_invalid_utf8(value));
}

Json to_json(const simdjson::dom::element& element, int depth) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::STRING: return std::string(std::string_view(element));
    case element_type::INT64: return int64_t(element);
    case element_type::UINT64: return uint64_t(element);
    case element_type::DOUBLE: return double(element);
    case element_type::BOOL: return bool(element);
    case element_type::NULL_VALUE: return nullptr;
    case element_type::ARRAY: {
      Json list = Json::array();
      if (depth > 0)
        for (simdjson::dom::element item : simdjson::dom::array(element)) list.push_back(to_json(item, depth - 1));
      return list;
    }
    case element_type::OBJECT: {
      Json object = Json::object();
      if (depth > 0)
        for (auto field : simdjson::dom::object(element))
          object[std::string(field.key)] = to_json(field.value, depth - 1);
      return object;
    }
  }
  return nullptr;
}

std::string* text_member(Document& d, std::string_view key) {
  if (key == "id") return &d.id;
  if (key == "title") return &d.title;
  if (key == "path") return &d.path;
  if (key == "encoding") return &d.encoding;
  if (key == "language") return &d.language;
  if (key == "license") return &d.license;
  return nullptr;
}

void take_meta(Document& document, const simdjson::dom::element& value) {
  if (!value.is_string()) {
    Json meta = to_json(value, 32);
    if (meta.is_object()) document.meta = std::move(meta);
    return;
  }
  std::string_view text = value;
  if (text.empty()) return;
  if (auto meta = parse_json(text, "meta"); meta.ok() && meta->is_object()) document.meta = *std::move(meta);
  else document.meta["meta"] = std::string(text);
}

// What says which document a line is, where it cannot be read: document_to_line() writes its id first.
std::string beginning_of(std::string_view line) {
  line = line.substr(0, 120);
  return std::string(line.substr(0, complete_utf8_prefix(line)));
}

}  // namespace

std::string document_to_line(const Document& d) {
  std::string line = "{";
  line.reserve(d.text.size() + d.text.size() / 16 + 256);
  append_field(line, "id", d.id, false);
  append_field(line, "text", d.text, false);
  append_field(line, "title", d.title, false);
  append_field(line, "path", d.path, false);
  append_field(line, "encoding", d.encoding, false);
  append_field(line, "language", d.language, false);
  append_field(line, "license", d.license, false);
  append_field(line, "meta", d.meta.empty() ? std::string() : dump_json(d.meta), true);
  return line += '}';
}

Result<Document> document_from_line(std::string_view line, const std::string& where, const std::string& text_field) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element root;
  auto error = parser.parse(line.data(), line.size()).get(root);
  if (error && error != simdjson::MEMALLOC) {
    std::string mended(line);
    if (mend_surrogates(mended)) error = parser.parse(mended).get(root);
  }
  if (error == simdjson::MEMALLOC)
    return out_of_memory("there is no memory left for it", where + ": " + beginning_of(line),
                         "use fewer --threads, or a lower limits.document_bytes");
  if (error)
    return invalid_data(std::string("malformed JSON: ") + simdjson::error_message(error), where,
                        "correct or remove the line");
  simdjson::dom::object object;
  if (root.get(object)) return invalid_data("a JSON object was expected", where, "write one object a line");
  Document document;
  bool has_text = false;
  for (auto field : object) {
    if (field.key == text_field) {
      if (!field.value.is_string()) return invalid_data("'" + text_field + "' is not a text", where);
      document.text = std::string(std::string_view(field.value));
      has_text = true;
    } else if (field.key == "meta") {
      take_meta(document, field.value);
    } else if (std::string* member = text_member(document, field.key); member && field.value.is_string()) {
      *member = std::string(std::string_view(field.value));
    } else if (!field.value.is_null()) {
      document.meta[std::string(field.key)] = to_json(field.value, 32);
    }
  }
  if (!has_text) return invalid_data("no key '" + text_field + "'", where, "name the key that holds the text");
  return document;
}

bool Corpus::is_corpus(const Path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path.filename() == "manifest.json" ? path : path / "manifest.json", ignored);
}

Result<Corpus> Corpus::open(const Path& path) {
  Path file = path.filename() == "manifest.json" ? path : path / "manifest.json";
  const std::string where = file.string();
  Corpus corpus;
  corpus.folder_ = file.parent_path();
  MALMOI_ASSIGN(corpus.manifest_, read_json(where, 256 << 20));
  const Json& manifest = corpus.manifest_;
  if (!manifest.is_object() || json_string(manifest, "format") != "malmoi-corpus")
    return invalid_data("is not the manifest of a corpus", where, "build one with malmoi data build");
  if (!manifest.contains("shards") || !manifest["shards"].is_array()) return invalid_data("no list 'shards'", where);
  for (const Json& entry : manifest["shards"]) {
    Shard shard;
    shard.file = json_string(entry, "file");
    shard.split = json_string(entry, "split");
    shard.hash = json_string(entry, "hash");
    auto number = [&](const char* key) {
      return entry.is_object() && entry.contains(key) && entry[key].is_number_unsigned() ? entry[key].get<uint64_t>()
                                                                                         : 0;
    };
    shard.documents = number("documents");
    shard.text_bytes = number("text_bytes");
    shard.file_bytes = number("file_bytes");
    if (shard.file.empty() || shard.file.find('/') != std::string::npos)
      return invalid_data("a shard's 'file' is not a plain name", where, "build the corpus again");
    std::error_code ignored;
    if (!std::filesystem::exists(corpus.folder_ / shard.file, ignored))
      return not_found("the shard " + shard.file + " is not there", where, "build the corpus again");
    corpus.shards_.push_back(std::move(shard));
  }
  return corpus;
}

uint64_t Corpus::documents(std::string_view split) const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += split.empty() || shard.split == split ? shard.documents : 0;
  return sum;
}

uint64_t Corpus::text_bytes(std::string_view split) const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += split.empty() || shard.split == split ? shard.text_bytes : 0;
  return sum;
}

namespace {

std::string plain_extension(const Path& path) {
  Path name = path.filename();
  if (name.extension() == ".zst") name = name.stem();
  return name.extension().string();
}

class FileStream : public DocumentStream {
 public:
  FileStream(std::vector<Path> files, uint64_t max_document) : files_(std::move(files)), max_(max_document) {}

  Result<bool> next(Document& document) override {
    while (true) {
      if (!reader_) {
        if (at_ == files_.size()) return false;
        MALMOI_ASSIGN(std::unique_ptr<ByteSource> source, open_line_source(files_[at_].string()));
        reader_.emplace(std::move(source), max_, LineEnds::kLineFeed);
        std::string extension = plain_extension(files_[at_]);
        lines_are_documents_ = extension == ".jsonl" || extension == ".ndjson";
      }
      MALMOI_ASSIGN(bool found, lines_are_documents_ ? next_line(document) : whole_file(document));
      if (found) return true;
      reader_.reset();
      ++at_;
    }
  }

 private:
  Result<bool> next(std::string_view& line) {
    MALMOI_ASSIGN(bool more, reader_->next(line));
    if (more && reader_->too_long())
      return invalid_data("the line is longer than " + std::to_string(max_) + " bytes",
                          files_[at_].string() + ":" + std::to_string(reader_->number()), "split it");
    return more;
  }

  Result<bool> next_line(Document& document) {
    std::string_view line;
    while (true) {
      MALMOI_ASSIGN(bool more, next(line));
      if (!more) return false;
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      std::string where = files_[at_].string() + ":" + std::to_string(reader_->number());
      MALMOI_ASSIGN(document, document_from_line(line, where));
      if (document.id.empty()) document.id = files_[at_].string() + "#" + std::to_string(reader_->number());
      return true;
    }
  }

  Result<bool> whole_file(Document& document) {
    if (reader_->number() > 0) return false;
    document = {};
    document.id = document.path = files_[at_].string();
    std::string_view line;
    while (true) {
      MALMOI_ASSIGN(bool more, next(line));
      if (!more) break;
      if (document.text.size() + line.size() > max_)
        return invalid_data("is larger than " + std::to_string(max_) + " bytes", document.path,
                            "build a corpus of it first");
      document.text.append(line) += '\n';
    }
    return reader_->number() > 0;
  }

  std::vector<Path> files_;
  uint64_t max_;
  size_t at_ = 0;
  std::optional<DecodedLines> reader_;
  bool lines_are_documents_ = false;
};

}  // namespace

Result<std::unique_ptr<DocumentStream>> open_documents(const std::vector<Path>& paths, const std::string& split,
                                                       uint64_t max_document) {
  std::vector<Path> files;
  for (const Path& path : paths) {
    if (Corpus::is_corpus(path)) {
      MALMOI_ASSIGN(Corpus corpus, Corpus::open(path));
      for (const Shard& shard : corpus.shards())
        if (split.empty() || shard.split == split) files.push_back(corpus.folder() / shard.file);
      continue;
    }
    MALMOI_ASSIGN(std::vector<Path> found, list_files(path));
    files.insert(files.end(), found.begin(), found.end());
  }
  return std::unique_ptr<DocumentStream>(std::make_unique<FileStream>(std::move(files), max_document));
}

}  // namespace malmoi::data
