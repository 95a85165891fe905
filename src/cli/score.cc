// `malmoi score`: teacher-forced logits of ids in .npy files.
#include "app/use/score.h"

#include "cli/command.h"

namespace malmoi::cli {

void add_score(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<app::ScoreOptions>();
  CLI::App* command = root.add_subcommand("score", "logits of given ids, teacher-forced");
  command->footer("Example: malmoi score --model runs/first/model --ids ids.npy --logits logits.npy");
  command->add_option("--model", options->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--ids", options->ids, "i32 [B,T] .npy")->required();
  command->add_option("--mask", options->mask, "[B,T] .npy: 0 marks padding");
  command->add_option("--token-types", options->token_types, "[B,T] .npy: the segment of each id (default: all 0)");
  command->add_option("--decoder-ids", options->decoder_ids, "[B,Td] .npy: what an encoder-decoder's decoder reads");
  command->add_option("--logits", options->logits,
                      "where the f32 [B,T,V] .npy goes; [B,Td,V] of an encoder-decoder, [B,labels] of a classifier");
  command->add_option("--hidden", options->hidden,
                      "where the last hidden states go, f32 [B,T,H]; of the encoder where there is one");
  add_adapter_option(*command, options->adapters);
  add_dtype_option(*command, options->dtype);
  add_threads_option(*command);
  options->warn = invocation.terminal.job().warn;
  command->callback([&invocation, options] { invocation.run = [options] { return app::score(*options); }; });
}

}  // namespace malmoi::cli
