#include "base/error.h"

#include <cerrno>
#include <cstring>

#include "base/shown.h"

namespace malmoi {

std::string Error::to_string() const {
  std::string line;
  if (!where.empty()) line += where + ": ";
  line += what;
  if (!remedy.empty()) line += "; " + remedy;
  for (char& c : line) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return show_controls(line);
}

Error io_error(std::string what, std::string where, int errno_value) {
  const char* remedy = "";
  switch (errno_value) {
    case ENOENT: remedy = "check the path"; break;
    case EACCES: remedy = "check the permissions"; break;
    case ENOSPC: remedy = "free some space"; break;
    case EMFILE: remedy = "raise `ulimit -n`"; break;
    default: break;
  }
  ErrorCode code = errno_value == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return {code, std::move(what) + ": " + std::strerror(errno_value), std::move(where), remedy};
}

}  // namespace malmoi
