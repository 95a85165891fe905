// Which files of a repository make the model: configuration, tokenizer, weights of one kind, licence.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::app {

/// A file that a server offers.
struct RemoteFile {
  std::string path;              // relative, as the server says it
  std::optional<uint64_t> size;  // bytes
  std::string sha256;            // lower case; empty: not told
  std::string git_blob;          // git's name of it (digest.h); empty: not told
  std::string url;               // empty: follows from the path
};

/// Of the root: what describes the model, its tokenizer and its licence, and the weights, the first of these that is there:
/// safetensors with their index, PyTorch's .bin with theirs, GGUF. Of several GGUF files, wherever they are, `choice` says
/// which: the type that their names end with (q4_k_m), or a name; all parts of it where it is split. With a choice only
/// GGUF counts, and beside GGUF only licences: all else stands in it. `where` stands for the repository in errors.
/// Errors: no weights; a choice that fits nothing, or is missing, with what there is; parts that are missing.
Result<std::vector<RemoteFile>> choose_files(const std::vector<RemoteFile>& files, std::string_view choice,
                                             const std::string& where);

/// Whether commands, or transformers, read a file of this name beside the weights: configuration, tokenizer, template of chats.
bool stands_beside_weights(std::string_view file_name);
/// Whether a file of this name holds a tokenizer, whole or in part.
bool is_tokenizer_file(std::string_view file_name);
/// Whether the name is that of a licence or of a notice that goes with it.
bool is_licence(std::string_view file_name);
/// What stands behind the last '/'.
std::string_view base_name(std::string_view path);

/// A GGUF file that is split is named STEM-00001-of-00003.gguf.
struct GgufName {
  std::string stem;
  int part = 1, parts = 1;
};
/// Nothing where the path is no GGUF file.
std::optional<GgufName> parse_gguf_name(std::string_view path);

}  // namespace malmoi::app
