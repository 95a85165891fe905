// Compressed files and archives (zst, xz, bz2, zip, tar, 7z), opened with limits on what may come out of them.
#pragma once

#include "data/readers/reader.h"

namespace malmoi::data {

/// Whether content that begins so is compressed or an archive; gzip is undone before (inflate.h).
bool looks_packed(std::string_view head);
bool is_tar(std::string_view head);
/// notes.txt.gz -> notes.txt
std::string unpacked_name(std::string name);
/// Whether it is a zip or 7z, which have a directory at their end.
bool has_directory(std::string_view head);

/// Reads every entry of an archive (or the one content of a compressed file) by the reader that fits it.
std::unique_ptr<Reader> make_archive_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);

}  // namespace malmoi::data
