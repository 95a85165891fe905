// Opening a file for reading, without waiting for anyone.
#pragma once

#include "base/error.h"
#include "base/file.h"

namespace malmoi {

/// A descriptor for reading, which the caller closes. Errors: not there, unreadable; a named pipe, which would be waited for
/// without end (those of a shell, `<(...)`, are read); a device without an end, such as /dev/zero.
Result<int> open_to_read(const Path& path);

}  // namespace malmoi
