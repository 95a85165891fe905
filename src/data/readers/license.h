// The licence of a text: SPDX tags, and the words of the common licences.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::data {

/// The SPDX identifier that a source file's head declares (SPDX-License-Identifier, or the usual notices); empty: none.
std::string license_of_header(std::string_view text);
/// The licence that a LICENSE or COPYING file holds; empty if it is none of the common ones.
std::string license_of_file(std::string_view text);
/// Looks for LICENSE, LICENCE, COPYING ... in the folder of `path` and those above it (cached; thread-safe).
std::string license_of_tree(const std::string& path);

}  // namespace malmoi::data
