#include "data/build/plan.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/hash.h"
#include "data/readers/input_stream.h"

namespace malmoi::data {
namespace {

constexpr uint64_t kSmallestPart = 512ull << 10, kLargestPart = 128ull << 20;

bool can_be_cut(const Path& path, const ReaderOptions& options) {
  std::string extension = path.extension().string();
  return (extension == ".jsonl" || extension == ".ndjson") && (options.format.empty() || options.format == "jsonl");
}

// Where a line begins at or after `offset`; the file's size if none does.
Result<uint64_t> line_start(const Path& path, uint64_t offset, uint64_t size) {
  MALMOI_ASSIGN(std::unique_ptr<ByteSource> source, open_file_source(path, offset - 1));
  std::string buffer(1 << 16, '\0');
  uint64_t at = offset - 1;
  while (true) {
    MALMOI_ASSIGN(size_t n, source->read(buffer.data(), buffer.size()));
    if (n == 0) return size;
    size_t end = std::string_view(buffer).substr(0, n).find('\n');
    if (end != std::string_view::npos) return at + end + 1;
    at += n;
  }
}

// A file's name, size and time, which stand for what it holds; its size goes to `size`.
std::string stamp(const Path& file, uint64_t* size = nullptr) {
  struct stat info {};
  bool found = ::stat(file.c_str(), &info) == 0;
  if (size) *size = found ? static_cast<uint64_t>(info.st_size) : 0;
  return file.string() + '\0' + std::to_string(info.st_size) + '\0' + std::to_string(info.st_mtim.tv_sec) + "." +
         std::to_string(info.st_mtim.tv_nsec) + '\n';
}

// The files that a filter's settings name: lists, models, and all files of a scorer's folder.
void stamp_files(const Json& settings, std::string& out) {
  if (settings.is_structured())
    for (const Json& value : settings) stamp_files(value, out);
  if (!settings.is_string()) return;
  Path path = settings.get<std::string>();
  if (!malmoi::exists(path)) return;
  Result<std::vector<Path>> files = list_files(path);
  if (!files.ok()) {
    out += stamp(path);
    return;
  }
  for (const Path& file : *files) out += stamp(file);
}

// Of the files between the stages: work of another layout is not gone on with.
constexpr int kWorkVersion = 2;

}  // namespace

Result<Plan> make_plan(const Recipe& recipe) {
  Plan plan;
  struct Found {
    InputFile file;
    uint64_t size = 0;
  };
  std::vector<Found> found;
  std::string names;
  for (uint32_t s = 0; s < recipe.sources.size(); ++s) {
    for (const std::string& path : recipe.sources[s].paths) {
      MALMOI_ASSIGN(std::vector<InputFile> files,
                    list_inputs(
                        path, [&](Skip skip) { plan.skips.push_back(std::move(skip)); }, s));
      for (InputFile& file : files) {
        uint64_t size = 0;
        names += stamp(file.path, &size);
        plan.bytes += size;
        found.push_back({std::move(file), size});
      }
    }
  }
  plan.files = found.size();
  uint64_t target = std::clamp(plan.bytes / 64, kSmallestPart, kLargestPart);
  Plan::Part part;
  auto end_part = [&] {
    if (!part.files.empty()) plan.parts.push_back(std::move(part));
    part = {};
  };
  for (Found& input : found) {
    if (input.size > 2 * target && can_be_cut(input.file.path, recipe.sources[input.file.source].reader)) {
      end_part();
      for (uint64_t begin = 0; begin < input.size;) {
        uint64_t end = input.size;
        if (begin + target < input.size) {
          MALMOI_ASSIGN(end, line_start(input.file.path, begin + target, input.size));
        }
        InputFile range = input.file;
        range.offset = begin;
        range.length = end - begin;
        part.files.push_back(std::move(range));
        part.bytes = end - begin;
        end_part();
        begin = end;
      }
      continue;
    }
    part.files.push_back(std::move(input.file));
    part.bytes += input.size;
    if (part.bytes >= target || part.files.size() >= 4096) end_part();
  }
  end_part();
  for (const FilterSpec& filter : recipe.filters) stamp_files(filter.settings, names);
  for (const std::string& set : recipe.decontaminate.sets) names += stamp(set);
  plan.key = to_hex(hash128(std::to_string(kWorkVersion) + dump_json(recipe.description()) + names)).substr(0, 16);
  return plan;
}

}  // namespace malmoi::data
