// The documents of all parts of a build, or what is known of them, one after the other, numbered.
#pragma once

#include <functional>

#include "base/error.h"
#include "base/job.h"
#include "data/build/part.h"

namespace malmoi::data {

/// Calls visit(ordinal, document) for every document of parts 0..parts-1 in order. Ordinals count from 0 over all of
/// them. `want` (if given) says which are parsed and visited at all. Errors: the files; cancellation.
Status for_each_document(const WorkFolder& work, uint64_t parts, const std::function<bool(uint64_t ordinal)>& want,
                         const std::function<Status(uint64_t ordinal, Document& document)>& visit,
                         const StopToken& stop);

/// The same for their records, which are much smaller.
Status for_each_record(const WorkFolder& work, uint64_t parts,
                       const std::function<Status(uint64_t ordinal, const PartRecord& record)>& visit);

}  // namespace malmoi::data
