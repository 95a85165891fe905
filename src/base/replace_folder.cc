#include "base/replace_folder.h"

namespace malmoi {

namespace fs = std::filesystem;

Status replace_folder(const Path& from, const Path& place, const Path& old) {
  std::error_code error, ignored;
  fs::remove_all(old, ignored);
  const bool was_there = malmoi::exists(place);
  if (was_there) fs::rename(place, old, error);
  if (error) return io_error("cannot rename", place.string(), error.value());
  fs::rename(from, place, error);
  if (error && was_there) fs::rename(old, place, ignored);
  if (error) return io_error("cannot rename into place", place.string(), error.value());
  fs::remove_all(old, ignored);
  return {};
}

}  // namespace malmoi
