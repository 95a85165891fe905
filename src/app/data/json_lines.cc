#include "app/data/json_lines.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "base/parallel.h"
#include "data/json_text.h"

namespace malmoi::app {
namespace {

constexpr size_t kBatchBytes = size_t{8} << 20;
constexpr uint64_t kLongestLine = uint64_t{1} << 30;

Error line_too_long(const std::string& name, uint64_t number) {
  return invalid_data(fmt::format("the line is longer than {} bytes", kLongestLine), fmt::format("{}:{}", name, number),
                      "split it");
}

void parse(std::string_view line, const std::string& where, TextLine& out, std::string& problem) {
  Result<Json> object = data::parse_foreign_json(line, where);
  if (!object.ok()) {
    problem = "not a JSON object";  // the parser's message may quote the text
    return;
  }
  out.object = *std::move(object);
  auto text = out.object.is_object() ? out.object.find("text") : out.object.end();
  if (!out.object.is_object() || text == out.object.end() || !text->is_string()) {
    problem = "no text under \"text\"";
    return;
  }
  out.ok = true;
}

}  // namespace

Result<RawLines> RawLines::open(const std::string& path) {
  MALMOI_ASSIGN(std::unique_ptr<data::ByteSource> source, data::open_line_source(path));
  return RawLines(data::SourceLines(std::move(source), kLongestLine, data::LineEnds::kLineFeed), input_name(path));
}

Result<bool> RawLines::next(std::string_view& line) {
  MALMOI_ASSIGN(bool more, lines_.next(line));
  if (more && lines_.too_long()) return line_too_long(name_, lines_.number());
  return more;
}

std::string input_name(const std::string& path) { return path == "-" ? "standard input" : path; }

Result<TextLines> TextLines::open(const std::string& path, const std::string& name, const Warn& warn, uint64_t named) {
  MALMOI_ASSIGN(std::unique_ptr<data::ByteSource> source, data::open_line_source(path));
  return TextLines(data::DecodedLines(std::move(source), kLongestLine), name, warn, named);
}

Status TextLines::next(std::vector<TextLine>& batch) {
  batch.clear();
  std::vector<std::string> raw;
  std::vector<uint64_t> numbers;
  size_t bytes = 0;
  while (bytes < kBatchBytes) {
    std::string_view line;
    MALMOI_ASSIGN(bool more, reader_.next(line));
    if (!more) break;
    if (reader_.too_long()) return line_too_long(name_, reader_.number());
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    raw.emplace_back(line);
    numbers.push_back(reader_.number());
    bytes += line.size();
  }
  batch.resize(raw.size());
  std::vector<std::string> problems(raw.size());
  parallel_for(static_cast<int64_t>(raw.size()), 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      auto k = static_cast<size_t>(i);
      batch[k].number = numbers[k];
      parse(raw[k], name_, batch[k], problems[k]);
    }
  });
  for (size_t i = 0; i < batch.size(); ++i)
    if (!batch[i].ok && ++skipped_ <= named_) {
      warn_(fmt::format("{}:{}: {}; left out", name_, batch[i].number, problems[i]));
      if (skipped_ == named_) warn_(name_ + ": further lines are left out without a word and counted");
    }
  return {};
}

LineSink standard_output() {
  return [](std::string_view line) -> Status {
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fputc('\n', stdout) == EOF)
      return io_error("cannot write", "standard output", errno);
    return {};
  };
}

Status skipped_lines(uint64_t skipped, const std::string& name) {
  if (skipped == 0) return {};
  return invalid_data(skipped == 1 ? "1 line was left out" : fmt::format("{} lines were left out", skipped), name,
                      "each line must be an object with \"text\"");
}

}  // namespace malmoi::app
