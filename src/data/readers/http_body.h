// The body of an HTTP answer as it was stored: chunks joined, what packs it undone, whether or not its header is true.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/readers/headers.h"

namespace malmoi::data {

/// Undoes Transfer-Encoding, then Content-Encoding (RFC 9110, section 8.4: the last named was applied last): gzip,
/// x-gzip, deflate (zlib or bare), br, zstd, in any case and nesting, over one header or several. Archives often store a
/// body unpacked and leave its header as it was: such a body stays as it is, as does one under a name that is no
/// coding. Of one cut off, what could be unpacked. Errors: damage, more than `limit` bytes, a coding that nobody here
/// reads.
Result<std::string> decode_http_body(const Headers& headers, std::string body, uint64_t limit,
                                     const std::string& where);

/// Joins chunks (RFC 9112, section 7.1); a body that does not begin with one stays as it is.
std::string join_chunks(std::string body);

}  // namespace malmoi::data
