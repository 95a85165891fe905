#include "data/build/part_documents.h"

#include "data/corpus.h"

namespace malmoi::data {

Status for_each_document(const WorkFolder& work, uint64_t parts, const std::function<bool(uint64_t ordinal)>& want,
                         const std::function<Status(uint64_t ordinal, Document& document)>& visit,
                         const StopToken& stop) {
  uint64_t ordinal = 0;
  for (uint64_t number = 0; number < parts; ++number) {
    Path path = work.part(number, "docs.zst");
    MALMOI_ASSIGN(formats::LineReader reader, formats::LineReader::open(path));
    std::string_view line;
    while (true) {
      MALMOI_ASSIGN(bool more, reader.next(line));
      if (!more) break;
      uint64_t current = ordinal++;
      if (want && !want(current)) continue;
      MALMOI_TRY(stop.check("data build", "run it again to go on"));
      MALMOI_ASSIGN(Document document, document_from_line(line, reader.where()));
      MALMOI_TRY(visit(current, document));
    }
  }
  return {};
}

Status for_each_record(const WorkFolder& work, uint64_t parts,
                       const std::function<Status(uint64_t ordinal, const PartRecord& record)>& visit) {
  uint64_t ordinal = 0;
  for (uint64_t number = 0; number < parts; ++number) {
    MALMOI_ASSIGN(std::vector<PartRecord> records, read_part_index(work, number));
    for (const PartRecord& record : records) MALMOI_TRY(visit(ordinal++, record));
  }
  return {};
}

}  // namespace malmoi::data
