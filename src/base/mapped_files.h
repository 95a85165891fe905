// What becomes of mapped files while they are in use: a file that another program shortens or rewrites under a running model.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <vector>

#include "base/error.h"

namespace malmoi {

/// Pages of a mapped file that are gone (the file was shortened, the disk fails) read as zeros from now on, and
/// check_mapped_files() says so; without this the system ends the process by SIGBUS. Programs call it once, before they
/// open anything: it takes the process's handler of that signal.
void survive_lost_pages();

/// Whether all files that are mapped now (MappedFile) are as they were when they were opened, as far as is known: a look at
/// a counter. Errors: kIo, of the first that lost pages or was seen to have changed. Whoever holds some of them asks about those:
/// MappedFile::check().
Status check_mapped_files();

/// The errors of all that are not.
std::vector<Error> broken_mapped_files();

/// Whether no file that was ever mapped lost pages: what came of reading it is worth nothing. Errors: as above, sticky.
Status check_all_files_were_whole();

/// Compares size and time of all mapped files with those that they had; what was written to since is reported by
/// the checks above. Returns the paths that lead to another file since the last look: what is mapped is whole there.
std::vector<std::filesystem::path> look_at_mapped_files();

/// For MappedFile: its bytes, from mmap to munmap. More than a thousand files at once are not watched.
void add_mapped_file(const void* data, size_t size, const std::filesystem::path& path, const struct stat& info);
void remove_mapped_file(const void* data);
/// What is known of the file that is mapped there, as above; ok where none is.
Status check_mapped_file(const void* data);

}  // namespace malmoi
