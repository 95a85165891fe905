// Tokenizer::load: from a file, or from the files that lie in a folder.
#include <system_error>

#include "tokenizer/parts.h"
#include "tokenizer/special_ids.h"

namespace malmoi::tokenizer {
namespace {

constexpr uint64_t kLargestFile = uint64_t{2} << 30;

bool is_tokenizer_json(const Path& file) { return file.extension() == ".json" && file.filename() != "tekken.json"; }

// Where a folder holds several, the first of these counts.
constexpr const char* kFileNames[] = {"tokenizer.json", "tokenizer.model", "tekken.json", "vocab.txt", "source.spm"};
constexpr const char* kExtensions[] = {".model", ".tiktoken", ".gguf"};

Result<Path> file_in(const Path& folder) {
  std::error_code error;
  for (const char* name : kFileNames)
    if (std::filesystem::is_regular_file(folder / name, error)) return folder / name;
  std::vector<Path> files;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  for (const char* extension : kExtensions)
    for (const Path& file : files)
      if (file.extension() == extension) return file;
  return not_found(
      "no tokenizer in the folder", folder.string(),
      "give a folder with tokenizer.json, tokenizer.model, *.tiktoken, tekken.json, vocab.txt, source.spm or *.gguf");
}

Result<Tokenizer> load_json(const Path& file) {
  MALMOI_ASSIGN(std::string json, read_file(file, kLargestFile));
  MALMOI_ASSIGN(Tokenizer tokenizer, import_tokenizer_json(json, file.string()));
  return tokenizer;
}

}  // namespace

Result<Tokenizer> Tokenizer::load(const Path& path, Compat compat) {
  std::error_code error;
  Path file = path;
  if (std::filesystem::is_directory(path, error)) {
    MALMOI_ASSIGN(file, file_in(path));
  } else if (!std::filesystem::exists(path, error)) {
    return not_found("no such file or folder", path.string(), "give a tokenizer's file or folder");
  }
  if (is_tokenizer_json(file)) {
    MALMOI_ASSIGN(Tokenizer tokenizer, load_json(file));
    Path config = file.parent_path() / "tokenizer_config.json";
    if (std::filesystem::is_regular_file(config, error)) {
      MALMOI_ASSIGN(std::string text, read_file(config, kLargestFile));
      MALMOI_TRY(read_tokenizer_config(*tokenizer.parts_, std::move(text), config.string()));
    }
    guess_special_ids(*tokenizer.parts_);
    return tokenizer;
  }
  for (const Importer& importer : importers())
    if (importer.matches(file)) return importer.load(file, compat);
  return unsupported("not a tokenizer file that is known", file.string(),
                     "give tokenizer.json, tokenizer.model, *.tiktoken, tekken.json, vocab.txt, source.spm or *.gguf");
}

}  // namespace malmoi::tokenizer
