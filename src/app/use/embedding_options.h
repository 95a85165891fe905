// What a model's folder or file says of embeddings: the files of sentence-transformers, the metadata of GGUF.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "infer/embedder.h"

namespace malmoi::app {

/// How rows are pooled (modules.json and the folder of its pooling, `pooling_type` of a GGUF file), and what is read before
/// questions and documents (`prompts` of config_sentence_transformers.json). The mean and nothing where nothing is said. Errors: a pooling or a
/// module that is not here (a dense layer), files that are not what they should be.
Result<infer::EmbedderOptions> embedding_options(const Path& model);

}  // namespace malmoi::app
