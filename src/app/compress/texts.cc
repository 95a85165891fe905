#include "app/compress/texts.h"

#include "base/counted.h"
#include "data/corpus.h"

namespace malmoi::app {

Status each_text(const Path& data, const Job& job, const std::function<Status(const std::string&)>& visit) {
  MALMOI_ASSIGN(auto documents, data::open_documents({data}, ""));
  data::Document document;
  for (uint64_t read = 0;; ++read) {
    MALMOI_ASSIGN(const bool more, documents->next(document));
    if (!more) return {};
    MALMOI_TRY(job.stop.check());
    MALMOI_TRY(visit(document.text));
    if (job.progress.due()) job.progress(counted(read + 1, "document"));
  }
}

}  // namespace malmoi::app
