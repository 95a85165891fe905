#include "formats/text_source.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "formats/zstd_stream.h"

namespace malmoi::formats {
namespace {

enum class Kind { kText, kJsonLines };

std::string lower_name(const Path& path) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  if (name.ends_with(".zst")) name.resize(name.size() - 4);
  return name;
}

std::optional<Kind> known_kind(const Path& path) {
  static constexpr std::array<std::pair<std::string_view, Kind>, 4> kEndings = {
      {{".txt", Kind::kText}, {".md", Kind::kText}, {".jsonl", Kind::kJsonLines}, {".ndjson", Kind::kJsonLines}}};
  const std::string name = lower_name(path);
  for (const auto& [ending, kind] : kEndings)
    if (name.ends_with(ending)) return kind;
  return std::nullopt;
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

struct TextFiles::Reader {
  Kind kind;
  LineReader lines;
  std::string pending = {};  // a line that belongs to the next part
  bool has_pending = false, ended = false;
  simdjson::dom::parser parser{};

  Result<bool> next_json(std::string& text, const std::string& field) {
    std::string_view line;
    while (true) {
      MALMOI_ASSIGN(bool more, lines.next(line));
      if (!more) return false;
      if (std::all_of(line.begin(), line.end(), is_space)) continue;
      simdjson::dom::element root;
      if (auto error = parser.parse(line.data(), line.size()).get(root))
        return invalid_data(std::string("malformed JSON: ") + simdjson::error_message(error), lines.where(),
                            "each line must be one JSON object");
      std::string_view value;
      if (root[field].get_string().get(value))
        return invalid_data("there is no text under \"" + field + "\"", lines.where(),
                            "each line must be an object with that key");
      text.assign(value);
      return true;
    }
  }

  Result<bool> next_line(std::string& text) {
    std::string_view line;
    MALMOI_ASSIGN(bool more, lines.next(line));
    if (more) text.assign(line);
    return more;
  }

  // Whole lines up to the size of a part, ended where the next line begins with something to see.
  Result<bool> next_part(std::string& text, size_t part_bytes) {
    text.clear();
    if (has_pending) {
      text.swap(pending);
      has_pending = false;
    }
    std::string_view line;
    while (!ended) {
      MALMOI_ASSIGN(bool more, lines.next(line));
      if (!more) {
        ended = true;
        break;
      }
      bool cut = text.size() >= part_bytes && ((!line.empty() && !is_space(line[0])) || text.size() >= 10 * part_bytes);
      std::string& target = cut ? pending : text;
      if (cut) pending.clear();
      target.append(line);
      target += '\n';
      if (cut) {
        has_pending = true;
        return true;
      }
    }
    return !text.empty();
  }
};

TextFiles::TextFiles() = default;
TextFiles::TextFiles(TextFiles&&) noexcept = default;
TextFiles& TextFiles::operator=(TextFiles&&) noexcept = default;
TextFiles::~TextFiles() = default;

Result<TextFiles> TextFiles::open(const std::vector<Path>& paths, TextSourceOptions options) {
  TextFiles source;
  source.options_ = std::move(options);
  for (const Path& path : paths) {
    MALMOI_ASSIGN(std::vector<Path> found, list_files(path));
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      std::erase_if(found, [](const Path& file) { return !known_kind(file); });
      if (found.empty())
        return not_found("there is no text in the folder", path.string(), "put .txt or .jsonl files there (.zst too)");
    }
    source.files_.insert(source.files_.end(), found.begin(), found.end());
  }
  for (const Path& file : source.files_) {
    std::error_code error;
    uint64_t size = std::filesystem::file_size(file, error);
    source.sizes_.push_back(error ? 0 : size);
    source.total_bytes_ += source.sizes_.back();
  }
  return source;
}

Status TextFiles::open_next() {
  const Path& file = files_[next_file_];
  MALMOI_ASSIGN(LineReader lines, LineReader::open(file));
  reader_.reset(new Reader{.kind = known_kind(file).value_or(Kind::kText), .lines = std::move(lines)});
  return {};
}

Result<bool> TextFiles::next(std::string& text) {
  while (true) {
    if (!reader_) {
      if (next_file_ == files_.size()) return false;
      MALMOI_TRY(open_next());
    }
    Result<bool> more = reader_->kind == Kind::kJsonLines ? reader_->next_json(text, options_.field)
                        : options_.lines                  ? reader_->next_line(text)
                                                          : reader_->next_part(text, options_.part_bytes);
    if (!more.ok() || *more) return more;
    finished_bytes_ += sizes_[next_file_++];
    reader_.reset();
  }
}

}  // namespace malmoi::formats
