// What a request is for: the path and the host in any form of request target, and percent-encoded names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "serve/http.h"

namespace malmoi::serve {

/// Whether a target is a path, a URL of http or https, or `*` (RFC 9112, 3.2). The other functions take only these.
bool is_target(std::string_view target);

/// The path of a target, without query and fragment: of `/a?b` and of `http://host/a?b` (absolute-form, RFC 9112, 3.2.2)
/// it is `/a`; an asterisk stays as it is.
std::string_view path_of(const HttpRequest& request);

/// Behind the `?` of a target, without the fragment; empty where there is none.
std::string_view query_of(const HttpRequest& request);

/// The value of the first `name=` in a query, decoded.
std::optional<std::string> find_in_query(std::string_view query, std::string_view name);

/// The host that is asked, with its port: of an absolute-form target its own, which stands above the field (RFC 9112,
/// 3.2.2), else the field Host. None where a request of HTTP/1.0 names none.
std::optional<std::string_view> authority_of(const HttpRequest& request);

/// Whether a text is `host` or `host:port` (RFC 9110, 7.2); it may be empty.
bool is_authority(std::string_view text);

/// `localhost:8080` -> `localhost`, `[::1]:8080` -> `::1`, `LOCALHOST.` -> `localhost`.
std::string host_name(std::string_view authority);

}  // namespace malmoi::serve
