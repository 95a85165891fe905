// Exceptions of libraries (memory above all) as errors that say at which document they came up.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "base/error.h"

namespace malmoi::data {

/// Calls `work`, which gives a Status; what it throws becomes an error at `where`. For the bodies of workers, where an
/// exception would say nothing of what was being done, and would leave the others waiting.
template <typename Work>
Status carry_exceptions(const std::string& where, const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return out_of_memory("there is no memory left for it", where,
                         "use fewer --threads, or a lower limits.document_bytes");
  } catch (const std::exception& error) {
    return internal_error(error.what(), where);
  }
}

}  // namespace malmoi::data
