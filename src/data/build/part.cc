#include "data/build/part.h"

#include <fmt/format.h>

#include <cstring>

#include "data/corpus.h"

namespace malmoi::data {

std::string event_to_line(const Event& event) {
  Json line;
  line["id"] = event.id;
  line[event.dropped ? "dropped" : "changed"] = event.rule;
  if (!event.detail.empty()) line["detail"] = event.detail;
  return dump_json(line) + "\n";
}

Path WorkFolder::part(uint64_t number, const char* ending) const {
  return folder / fmt::format("part-{:05}.{}", number, ending);
}

bool WorkFolder::done(uint64_t number) const {
  std::error_code ignored;
  return std::filesystem::exists(part(number, "json"), ignored);
}

Result<PartWriter> PartWriter::create(const WorkFolder& work, uint64_t number, bool sketches) {
  MALMOI_ASSIGN(formats::ZstdWriter docs, formats::ZstdWriter::create(work.part(number, "docs.zst"), 1));
  MALMOI_ASSIGN(formats::ZstdWriter events, formats::ZstdWriter::create(work.part(number, "events.zst"), 1));
  std::optional<formats::ZstdWriter> third;
  if (sketches) {
    MALMOI_ASSIGN(third, formats::ZstdWriter::create(work.part(number, "sketches.zst"), 1));
  }
  return PartWriter(std::move(docs), std::move(events), std::move(third), work, number);
}

Status PartWriter::add(const Document& document, const PartRecord& record, std::string_view sketch) {
  MALMOI_TRY(docs_.write(document_to_line(document) + "\n"));
  index_.append(reinterpret_cast<const char*>(&record), sizeof record);
  return sketches_ ? sketches_->write(sketch) : Status{};
}

Status PartWriter::commit(const Tally& tally) {
  MALMOI_TRY(docs_.commit());
  MALMOI_TRY(events_.commit());
  if (sketches_) MALMOI_TRY(sketches_->commit());
  MALMOI_TRY(write_file(work_.part(number_, "index"), index_));
  return write_file(work_.part(number_, "json"), dump_json(tally.to_json()));
}

Result<Tally> read_part_tally(const WorkFolder& work, uint64_t number) {
  MALMOI_ASSIGN(Json json, read_json(work.part(number, "json").string()));
  return Tally::from_json(json);
}

Result<std::vector<PartRecord>> read_part_index(const WorkFolder& work, uint64_t number) {
  Path path = work.part(number, "index");
  MALMOI_ASSIGN(std::string bytes, read_file(path));
  if (bytes.size() % sizeof(PartRecord) != 0)
    return invalid_data("is cut short", path.string(), "delete the work folder and build again");
  std::vector<PartRecord> records(bytes.size() / sizeof(PartRecord));
  if (!records.empty()) std::memcpy(records.data(), bytes.data(), bytes.size());
  return records;
}

}  // namespace malmoi::data
