// The first stage: parts of the inputs read, converted and filtered on all cores, in order, with back-pressure.
#pragma once

#include <cstdint>
#include <functional>

#include "base/error.h"
#include "base/job.h"
#include "data/build/part.h"
#include "data/build/plan.h"
#include "data/build/processor.h"

namespace malmoi::data {

struct ReadStageOptions {
  uint64_t queue_bytes = 64ull << 20;  // documents that may wait for their turn
  int workers = 1;
  uint64_t raw_bytes = UINT64_MAX;  // of documents being converted at once; one alone may be larger
  StopToken stop;
};

/// What converting a document takes, about, for each of its bytes: the tree of a page is many times its source.
inline constexpr uint64_t kMemoryPerByte = 16;

/// Does part `number` of the plan and writes its files. Workers pull raw documents one by one and hand back what became
/// of them; results are written in the order of the input, so the files do not depend on the number of workers.
/// `progress` is told of every document, from one thread at a time. Errors: a full disk, cancellation.
Status read_part(const Plan& plan, uint64_t number, const Recipe& recipe, const Processor& processor,
                 const WorkFolder& work, const ReadStageOptions& options,
                 const std::function<void(uint64_t documents, uint64_t kept, uint64_t bytes)>& progress);

/// The same without files: each result goes to `visit`, in order, until it returns false. For --dry-run.
Status read_some(const Plan& plan, uint64_t number, const Recipe& recipe, const Processor& processor,
                 const ReadStageOptions& options, const std::function<bool(Processed)>& visit);

}  // namespace malmoi::data
