// Lines that stand in many documents of a corpus (menus, footers, notices): found in one pass, removed in the next.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

struct BoilerplateOptions {
  uint64_t min_documents = 10;  // a line in at least so many documents is boilerplate
  uint32_t min_length = 2;      // code points after normalisation; shorter lines are left alone
};

/// Counts the documents that each line stands in; bounded memory. Lines are compared after normalize_for_dedup, digits
/// as one (`3 comments` is `12 comments`).
class BoilerplateBuilder {
 public:
  static Result<BoilerplateBuilder> create(const BoilerplateOptions& options, const Scratch& scratch = {});
  BoilerplateBuilder(BoilerplateBuilder&&) noexcept;
  BoilerplateBuilder& operator=(BoilerplateBuilder&&) noexcept;
  ~BoilerplateBuilder();

  /// Documents in any order, each once.
  Status add(uint64_t index, std::string_view text);
  /// Writes the model; returns the number of lines in it.
  Result<uint64_t> finish(const Path& model);

 private:
  struct State;
  explicit BoilerplateBuilder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The hash that lines are compared by; 0 for a line too short to count.
uint64_t boilerplate_hash(std::string_view line, uint32_t min_length);

/// The hashes of a model, sorted, and the shortest line it counts. Errors: not a model, damaged.
struct BoilerplateModel {
  std::vector<uint64_t> hashes;
  uint32_t min_length = 0;
  static Result<BoilerplateModel> load(const Path& path);
  bool has(std::string_view line) const;
};

}  // namespace malmoi::data
