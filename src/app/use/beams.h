// Answers by beam search: texts, and the raw continuation of ids.
#pragma once

#include <span>

#include "app/use/generate.h"
#include "infer/beam_search.h"

namespace malmoi::app {

/// What a search is told of the options. Errors: options of drawing, which a search does not do.
Result<infer::BeamOptions> beam_options(const AnswerOptions& answers, const chat::SamplingOptions& sampling,
                                        int64_t max_tokens, std::vector<int32_t> stop_ids);

/// The best answers to a prompt that is encoded; the best one's text goes to `on_text` (may be null) when it is known.
Result<Generated> generate_by_beams(const LoadedModel& loaded, std::span<const int32_t> prompt,
                                    const GenerateOptions& options,
                                    const std::function<void(const std::string&)>& on_text, const StopToken& stop);

}  // namespace malmoi::app
