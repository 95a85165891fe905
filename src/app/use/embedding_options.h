// What a model's folder says of embeddings: the files of sentence-transformers.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "infer/embedder.h"

namespace malmoi::app {

/// How rows are pooled (modules.json and the folder of its pooling), and what is read before questions and documents (`prompts` of
/// config_sentence_transformers.json). The mean and nothing where the folder, or a GGUF file, says nothing. Errors: a pooling or a
/// module that is not here (a dense layer), files that are not what they should be.
Result<infer::EmbedderOptions> embedding_options(const Path& model);

}  // namespace malmoi::app
