// Formats of one document a file: text, Markdown, HTML, PDF, DOCX, ODT, EPUB, EML, source code.
#include <algorithm>
#include <utility>

#include "data/readers/formats.h"
#include "data/readers/lines.h"

namespace malmoi::data {
namespace {

class WholeFileReader : public Reader {
 public:
  WholeFileReader(Input input, Payload payload, uint64_t limit)
      : input_(std::move(input)), payload_(payload), limit_(limit) {}

  Result<bool> next(RawDocument& out) override {
    if (done_) return false;
    done_ = true;
    out = {};
    out.payload = payload_;
    out.document.id = input_.id;
    out.document.path = input_.path;
    MALMOI_ASSIGN(out.bytes, read_all(*input_.bytes, limit_, input_.id));
    return true;
  }

 private:
  Input input_;
  Payload payload_;
  uint64_t limit_;
  bool done_ = false;
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Plain text in parts, or by the line, decoded as it comes, so that a file may be of any size.
class TextPartsReader : public Reader {
 public:
  TextPartsReader(Input input, const ReaderOptions& options, const OnSkip& on_skip)
      : id_(std::move(input.id)),
        path_(std::move(input.path)),
        part_bytes_(options.text_lines ? 0 : options.text_part_bytes),
        on_skip_(on_skip),
        lines_(std::move(input.bytes), options.limits.document_bytes) {}

  Result<bool> next(RawDocument& out) override {
    out = {};
    out.payload = Payload::kReady;
    out.document.path = path_;
    std::string& text = out.document.text;
    text = std::exchange(held_, {});
    std::string_view line;
    while (true) {
      MALMOI_ASSIGN(bool more, lines_.next(line));
      if (!more) break;
      std::string where = id_ + "#" + std::to_string(lines_.number());
      if (lines_.too_long()) {
        on_skip_({std::move(where), "read.long_line", "a line longer than a document may be", true});
        continue;
      }
      if (is_binary(line)) return invalid_data("is binary, not text", id_, "convert it to text, or leave it out");
      if (part_bytes_ == 0) {
        if (line.empty()) continue;
        text = line;
        return finish(out);
      }
      constexpr size_t kAtMost = 10;  // times the size, where every line is indented
      bool begins = !line.empty() && !is_space(line[0]);
      if (text.size() >= part_bytes_ && (begins || text.size() >= kAtMost * part_bytes_)) {
        (held_ = line) += '\n';
        return finish(out);
      }
      (text += line) += '\n';
    }
    if (text.empty()) return false;
    return finish(out);
  }

 private:
  bool finish(RawDocument& out) {
    out.document.id = id_ + "#" + std::to_string(++count_);
    out.document.encoding = lines_.encoding();
    return true;
  }

  // As decode_text judges a whole text, by its first lines.
  bool is_binary(std::string_view line) {
    constexpr uint64_t kJudged = 100;
    if (lines_.number() > kJudged) return false;
    auto odd = std::count_if(line.begin(), line.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 && !is_space(c) && c != '\x1b';
    });
    return static_cast<size_t>(odd) * 20 > line.size();
  }

  std::string id_, path_, held_;
  size_t part_bytes_;
  OnSkip on_skip_;
  DecodedLines lines_;
  uint64_t count_ = 0;
};

bool is_plain(Payload payload) {
  return payload == Payload::kText || payload == Payload::kMarkdown || payload == Payload::kCode;
}

}  // namespace

std::unique_ptr<Reader> make_whole_file_reader(Input input, Payload payload, const ReaderOptions& options,
                                               const OnSkip& on_skip) {
  bool parts = options.text_part_bytes > 0 || options.text_lines;
  if (parts && is_plain(payload)) return std::make_unique<TextPartsReader>(std::move(input), options, on_skip);
  return std::make_unique<WholeFileReader>(std::move(input), payload, options.limits.document_bytes);
}

}  // namespace malmoi::data
