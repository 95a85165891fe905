// What a model's folder says of generation: generation_config.json, or, of models that are older than it, config.json.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/use/generate.h"
#include "base/file.h"
#include "base/json.h"
#include "chat/sampling.h"

namespace malmoi::app {

/// The fields, as an empty object where the folder says nothing.
Json generation_fields(const Path& folder);

/// The ids that end a text; a folder may say them in config.json alone.
std::vector<int32_t> end_ids(const Path& folder);

/// Ids under a key that holds one or a list of them.
std::vector<int32_t> ids_under(const Json& fields, std::string_view key);

/// What it says of sampling; values out of range are passed over.
chat::SamplingOptions sampling_defaults(const Json& fields);

/// Tells an option by its name on the command line, without dashes.
using Given = std::function<bool(std::string_view)>;

/// Fills what was not given by what the folder says, with the meaning of its fields in the library that wrote them: how to
/// sample (encoder-decoders take the most probable token where it does not say do_sample), beams, lengths, rules. A
/// temperature that is given asks for one path instead of the folder's beams. Warns of fields that ask for what is not
/// supported. Errors: a value that its field cannot have.
Status add_generation_defaults(const Json& fields, const model::Model& model, const Given& given,
                               GenerateOptions& options, const Warn& warn);

/// Tokens that are named as the vocabulary spells them, or by their numbers.
struct NamedTokens {
  std::optional<std::string> forced_bos;    // what an answer's text begins with
  std::optional<std::string> answer_start;  // what the decoder of an encoder-decoder begins with
};
/// The same of a model that was opened, and the tokens that were named. Errors: a name that is no token.
Status complete_options(const LoadedModel& loaded, const Given& given, const NamedTokens& tokens,
                        GenerateOptions& options, const Warn& warn);
/// The same for ids: what is not given follows from the folder where beams are searched alone, else ids are continued raw.
Status complete_for_ids(const Path& folder, const Given& given, const NamedTokens& tokens, GenerateOptions& options,
                        const Warn& warn);

}  // namespace malmoi::app
