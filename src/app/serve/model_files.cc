#include "app/serve/model_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "app/use/model_memory.h"

namespace malmoi::app {
namespace {

namespace fs = std::filesystem;

// Others, such as logs, may be written to beside a model all the time.
constexpr std::array<std::string_view, 10> kEndings = {".json", ".safetensors", ".gguf",  ".bin",      ".pt",
                                                       ".pth",  ".model",       ".jinja", ".tiktoken", ".txt"};

bool is_of_model(const Path& file) {
  const std::string name = file.filename().string(), ending = file.extension().string();
  return !name.starts_with('.') && std::ranges::find(kEndings, ending) != kEndings.end();
}

// Empty: it is not there.
std::string file_version(const Path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return {};
  std::string text = file.filename().string();
  for (const auto number : {static_cast<int64_t>(info.st_ino), static_cast<int64_t>(info.st_size),
                            static_cast<int64_t>(info.st_mtim.tv_sec), static_cast<int64_t>(info.st_mtim.tv_nsec)})
    text += ' ' + std::to_string(number);
  return text + '\n';
}

std::string folder_version(const Path& folder) {
  std::vector<Path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_of_model(it->path())) files.push_back(it->path());
  }
  if (error) return {};
  std::ranges::sort(files);
  std::string text;
  for (const Path& file : files) text += file_version(file);
  return text;
}

// Of a model in several files all are there, or none of it is.
std::string gguf_version(const Path& first) {
  std::string text;
  for (const Path& file : gguf_files(first)) {
    const std::string version = file_version(file);
    if (version.empty()) return {};
    text += version;
  }
  return text;
}

}  // namespace

std::string files_version(const std::vector<Path>& paths) {
  std::string text;
  for (const Path& path : paths) {
    std::error_code ignored;
    const std::string version = fs::is_directory(path, ignored) ? folder_version(path) : gguf_version(path);
    if (version.empty()) return {};
    text += path.string() + '\n' + version;
  }
  return text;
}

}  // namespace malmoi::app
