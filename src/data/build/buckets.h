// Texts on their way to their shards: buffered in memory, appended to one file a shard when the buffers are full.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::data {

class Buckets {
 public:
  /// Files in `folder`, and at most about `memory` bytes before they are written to.
  Buckets(Path folder, uint64_t shards, uint64_t memory)
      : folder_(std::move(folder)), buffers_(shards), memory_(memory) {}

  Status add(uint64_t shard, uint64_t position, std::string_view line);
  Status flush();
  /// The lines of a shard in the order of their positions, as views of `bytes`. After the last flush, from any thread.
  Result<std::vector<std::string_view>> load(uint64_t shard, std::string& bytes) const;
  void remove(uint64_t shard) const;

 private:
  Path path(uint64_t shard) const;
  Path folder_;
  std::vector<std::string> buffers_;
  uint64_t memory_, held_ = 0, written_ = 0;
};

}  // namespace malmoi::data
