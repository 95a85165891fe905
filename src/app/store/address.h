// Addresses on the web as the store needs them: who is asked, where a redirect leads, what a message may show. net/url.h brings
// the pages of a crawler into one form; here no byte changes, since some addresses are signed.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::app {

/// "scheme://host[:port]" of a URL, in lower case and without credentials; empty where it is no http or https URL, is
/// longer than 16 KiB, or has white space, control characters or a backslash. Any thread, as all of these.
std::string origin_of(std::string_view url);
/// The "user:password" of a URL, as it is written there; empty where there is none.
std::string credentials_of(std::string_view url);
std::string without_credentials(std::string_view url);
/// Without credentials, and without the query and fragment, in which other hosts carry theirs: for messages.
std::string shown_url(std::string_view url);
/// The URL that a redirect or a link on `url` leads to; empty where it leads nowhere, or from https to http.
std::string follow(std::string_view url, std::string_view location);
/// Everything but letters, digits, "-._~" and '/' as %XX.
std::string escape_path(std::string_view path);

}  // namespace malmoi::app
