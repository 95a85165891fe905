#include "app/data/json_lines.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

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

void RawLines::Close::operator()(std::FILE* stream) const {
  if (stream != stdin) std::fclose(stream);
}

void RawLines::Free::operator()(char* line) const { std::free(line); }

Result<RawLines> RawLines::open(const std::string& path) {
  RawLines out;
  std::error_code code;
  bool standard = path == "-";
  out.name_ = standard ? "standard input" : path;
  if (!standard && (std::filesystem::is_regular_file(path, code) || !std::filesystem::exists(path, code))) {
    MALMOI_ASSIGN(formats::LineReader reader, formats::LineReader::open(path));
    out.file_.emplace(std::move(reader));
    return out;
  }
  out.stream_.reset(standard ? stdin : std::fopen(path.c_str(), "rb"));
  if (!out.stream_ || std::filesystem::is_directory(path, code))
    return io_error("cannot open", path, out.stream_ ? EISDIR : errno);
  return out;
}

Result<bool> RawLines::next(std::string_view& line) {
  if (file_) return file_->next(line);
  char* buffer = line_.release();
  errno = 0;
  ssize_t size = getline(&buffer, &capacity_, stream_.get());
  line_.reset(buffer);
  if (size < 0) {
    if (std::ferror(stream_.get()) != 0) return io_error("cannot read", name_, errno);
    return false;
  }
  ++line_number_;
  line = std::string_view(buffer, static_cast<size_t>(size));
  if (line.ends_with('\n')) line.remove_suffix(1);
  return true;
}

std::string input_name(const std::string& path) { return path == "-" ? "standard input" : path; }

Result<TextLines> TextLines::open(const std::string& path, const std::string& name, const Warn& warn, uint64_t named) {
  MALMOI_ASSIGN(RawLines reader, RawLines::open(path));
  return TextLines(std::move(reader), name, warn, named);
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
  return invalid_data(fmt::format("{} lines were left out", skipped), name,
                      "each line must be an object with \"text\"");
}

}  // namespace malmoi::app
