// The second stage: which documents, and which passages inside them, are copies of others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "data/build/part.h"
#include "data/build/recipe.h"
#include "data/dedup/exact.h"
#include "data/dedup/lines.h"
#include "data/dedup/near.h"
#include "data/dedup/substring.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

enum class Fate : uint8_t { kKept, kExactCopy, kNearCopy, kOnlyCopiedPassages };

/// Ranges to cut out of documents, by ordinal; asked in rising order.
class Passages {
 public:
  struct State;
  explicit Passages(std::unique_ptr<State> state);
  Passages(Passages&&) noexcept;
  ~Passages();
  Status of(uint64_t ordinal, std::vector<Removal>& out);
  /// Begins again at the first ordinal.
  Status rewind();

 private:
  std::unique_ptr<State> state_;
};

/// Ids by ordinal, on disk: of those that are kept in their copies' stead, which may be a large share of all.
class IdFile {
 public:
  static Result<IdFile> create(const Path& folder);
  Status add(uint64_t ordinal, std::string_view id);  // in rising order
  Result<std::string> of(uint64_t ordinal);           // empty if it was not added

 private:
  IdFile(std::shared_ptr<ScratchFolder> folder, ScratchFile file)
      : folder_(std::move(folder)), file_(std::move(file)) {}
  std::shared_ptr<ScratchFolder> folder_;
  ScratchFile file_;
  std::vector<uint64_t> ordinals_, ends_;
};

struct Decisions {
  std::vector<Fate> fates;              // by ordinal
  std::vector<uint32_t> removed_bytes;  // by ordinal
  std::vector<uint64_t> stands_for;     // by ordinal, of a copy the one that is kept; empty: no copies
  std::optional<IdFile> ids;            // of those that are kept in their copies' stead
  std::vector<Passages> passes;         // to be cut one after the other, each from what the one before left
  Json report = Json::object();         // counts and samples

  /// Cuts what is to be removed out of a document's text; ask in rising order.
  Status cut(uint64_t ordinal, std::string& text);
  /// Makes cut() begin again.
  Status rewind();
};

struct DedupStageOptions {
  uint64_t memory_bytes = 1ull << 30;
  int workers = 1;
  std::function<void(const std::string& what, double fraction)> progress;
  StopToken stop;
};

/// Exact, then near, then repeated paragraphs, then repeated substrings, each among what the ones before left.
/// Of a document that came out of one of several languages and one that did not, the first counts as the copy.
Result<Decisions> decide(const WorkFolder& work, uint64_t parts, const Recipe& recipe,
                         const DedupStageOptions& options);

}  // namespace malmoi::data
