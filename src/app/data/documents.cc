#include "app/data/documents.h"

#include "data/readers/convert.h"

namespace malmoi::app {
namespace {

constexpr const char* kUndetermined = "und";  // ISO 639: nobody asks for it here, so that it is not found out

}  // namespace

Result<Documents> Documents::open(const std::vector<Path>& paths, const std::string& split, data::ReaderOptions reader,
                                  const Warn& warn) {
  constexpr uint64_t kNamed = 20;
  Documents documents;
  documents.on_skip_ = [warn, passed = documents.passed_over_](const data::Skip& skip) {
    if (!skip.failed || ++passed->inputs > kNamed) return;
    std::string problem = skip.id + ": " + skip.rule + ": " + skip.detail;
    if (passed->inputs == 1) passed->first = problem;
    warn(problem);
    if (passed->inputs == kNamed) warn("further inputs that cannot be read are passed over without a word and counted");
  };
  for (const Path& path : paths) {
    Part part;
    if (data::Corpus::is_corpus(path)) {
      MALMOI_ASSIGN(part.corpus, data::open_documents({path}, split));
    } else {
      MALMOI_ASSIGN(std::vector<data::InputFile> files, data::list_inputs(path, documents.on_skip_));
      part.files = std::make_unique<data::InputStream>(std::move(files), std::vector{reader}, documents.on_skip_);
    }
    documents.parts_.push_back(std::move(part));
  }
  return documents;
}

bool Documents::next_of_files(data::InputStream& files, data::Document& document) {
  data::RawDocument raw;
  uint32_t source = 0;
  while (files.next(raw, source)) {
    raw.document.language = kUndetermined;
    data::Converted converted;
    data::Skip skip;
    bool kept = data::convert_document(std::move(raw), {.format = data::TextFormat::kPlain}, converted, skip);
    for (data::Skip& part : converted.missing) on_skip_(std::move(part));
    if (kept) {
      document = std::move(converted.document);
      return true;
    }
    on_skip_(skip);
  }
  return false;
}

Result<bool> Documents::next(data::Document& document) {
  for (; at_ < parts_.size(); ++at_) {
    Part& part = parts_[at_];
    if (part.files && next_of_files(*part.files, document)) return true;
    if (!part.corpus) continue;
    MALMOI_ASSIGN(bool more, part.corpus->next(document));
    if (more) return true;
  }
  return false;
}

}  // namespace malmoi::app
