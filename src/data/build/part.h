// What is kept of a part between the stages: documents, an index of them, and the events (what was dropped or repaired).
//
// part-NNNNN.docs.zst     a line a document (document_to_line)
// part-NNNNN.index        PartRecord for each document, in the same order
// part-NNNNN.events.zst   a JSON line for each drop and repair: id, rule, detail
// part-NNNNN.sketches.zst (where near duplicates are sought) the sketches, in the same order
// part-NNNNN.json         the tally; written last, so that its presence says that the part is done
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "data/build/tally.h"
#include "data/document.h"
#include "formats/zstd_stream.h"

namespace malmoi::data {

struct PartRecord {
  Hash128 text;        // of the text
  uint64_t id = 0;     // hash of the id
  uint64_t group = 0;  // hash of what must not be torn apart by the split
  uint64_t bytes = 0;  // of the text
  uint32_t source = 0;
  uint8_t mixed = 0;  // came out of a document of several languages
  uint8_t reserved[3] = {};
  double quality = 0;  // which of several copies is kept
};
static_assert(sizeof(PartRecord) == 56);

struct Event {
  std::string id, rule, detail;
  bool dropped = true;
};
std::string event_to_line(const Event& event);

/// The folder of a build's intermediate files and the names in it.
struct WorkFolder {
  Path folder;
  Path part(uint64_t number, const char* ending) const;
  bool done(uint64_t number) const;
};

class PartWriter {
 public:
  static Result<PartWriter> create(const WorkFolder& work, uint64_t number, bool sketches);
  Status add(const Document& document, const PartRecord& record, std::string_view sketch);
  Status event(const Event& event) { return events_.write(event_to_line(event)); }
  Status commit(const Tally& tally);

 private:
  PartWriter(formats::ZstdWriter docs, formats::ZstdWriter events, std::optional<formats::ZstdWriter> sketches,
             WorkFolder work, uint64_t number)
      : docs_(std::move(docs)),
        events_(std::move(events)),
        sketches_(std::move(sketches)),
        work_(std::move(work)),
        number_(number) {}
  formats::ZstdWriter docs_, events_;
  std::optional<formats::ZstdWriter> sketches_;
  std::string index_;
  WorkFolder work_;
  uint64_t number_;
};

Result<Tally> read_part_tally(const WorkFolder& work, uint64_t number);
Result<std::vector<PartRecord>> read_part_index(const WorkFolder& work, uint64_t number);

}  // namespace malmoi::data
