// Compressed files and archives (zst, xz, bz2, zip, tar, 7z), opened with limits on what may come out of them.
#pragma once

#include "data/readers/reader.h"

namespace malmoi::data {

/// Whether content that begins so is compressed or an archive; gzip is undone before (inflate.h).
bool looks_packed(std::string_view head);
bool is_tar(std::string_view head);
/// notes.txt.gz -> notes.txt
std::string unpacked_name(std::string name);

/// Reads every entry of an archive (or the one content of a compressed file) by the reader that fits it.
std::unique_ptr<Reader> make_archive_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);

/// The named entries of a zip in memory (DOCX, ODT, EPUB): calls visit(name, content) for each whose name `wanted`
/// accepts; `visit` returns false to stop. Errors: damage, entries beyond the limits.
Status visit_zip(std::string_view bytes, const ReaderLimits& limits, const std::string& where,
                 const std::function<bool(std::string_view name)>& wanted,
                 const std::function<bool(const std::string& name, std::string content)>& visit);

}  // namespace malmoi::data
