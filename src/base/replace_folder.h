// A folder that takes another's place.
#pragma once

#include "base/error.h"
#include "base/file.h"

namespace malmoi {

/// Renames the folder `from` to `place`. What stands there waits under `old`, on the same disk, and is removed in the end; where
/// the rename fails it goes back. Killed at any moment, the old folder or the new one stands there whole, or for an instant
/// neither.
Status replace_folder(const Path& from, const Path& place, const Path& old);

}  // namespace malmoi
