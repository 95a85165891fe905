// What becomes of mapped files while they are in use: a file that another program shortens or rewrites under a running model.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/error.h"

namespace malmoi {

/// Pages of a mapped file that are gone (the file was shortened, the disk fails) read as zeros from now on, and
/// check_mapped_files() says so; without this the system ends the process by SIGBUS. Programs call it once, before they
/// open anything: it takes the process's handler of that signal.
void survive_lost_pages();

/// Whether all files that are mapped now (MappedFile) are as they were when they were opened, as far as is known: a look at
/// a counter. Errors: kIo, of the first that lost pages or was seen to have changed.
Status check_mapped_files();

/// Whether no file that was ever mapped lost pages: what came of reading it is worth nothing. Errors: as above, sticky.
Status check_all_files_were_whole();

/// How many files have lost pages while they were mapped, since the program began.
int64_t lost_mapped_files();

/// Whether none did since there were so many: what was read meanwhile is whole, whatever became of files before. Errors: as above.
Status check_files_were_whole_since(int64_t lost_before);

/// Compares size and time of all mapped files with those that they had; what was written to since is reported by
/// check_mapped_files(). Returns the paths that lead to another file since the last look: what is mapped is whole there.
std::vector<std::filesystem::path> look_at_mapped_files();

/// For MappedFile: its bytes, from mmap to munmap. More than a thousand files at once are not watched.
void add_mapped_file(const void* data, size_t size, const std::filesystem::path& path, const struct stat& info);
void remove_mapped_file(const void* data);

}  // namespace malmoi
