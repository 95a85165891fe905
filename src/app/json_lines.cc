#include "app/json_lines.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "base/log.h"
#include "base/parallel.h"

namespace malmoi::app {
namespace {

constexpr size_t kBatchBytes = size_t{8} << 20;

void parse(std::string_view line, const std::string& where, TextLine& out, std::string& problem) {
  Result<Json> object = parse_json(line, where);
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

Result<TextLines> TextLines::open(const std::string& path, bool quiet) {
  bool standard = path == "-";
  MALMOI_ASSIGN(formats::LineReader reader, formats::LineReader::open(standard ? "/dev/stdin" : path));
  return TextLines(std::move(reader), standard ? "standard input" : path, quiet);
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
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    raw.emplace_back(line);
    numbers.push_back(reader_.line_number());
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
    if (!batch[i].ok) {
      ++skipped_;
      if (!quiet_) log_warning(fmt::format("{}:{}: {}; left out", name_, batch[i].number, problems[i]));
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
  return invalid_data(fmt::format("{} lines were left out", skipped), name,
                      "each line must be an object with \"text\"");
}

}  // namespace malmoi::app
