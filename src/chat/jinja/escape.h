// HTML's five characters, as MarkupSafe escapes them.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::chat::jinja {

/// & < > " ' as &amp; &lt; &gt; &#34; &#39;.
std::string escaped(std::string_view text);

}  // namespace malmoi::chat::jinja
