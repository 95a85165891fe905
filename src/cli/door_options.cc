#include "cli/door_options.h"

namespace malmoi::cli {

void add_door_options(CLI::App& command, app::ServeOptions& options) {
  serve::ServerOptions& server = options.server;
  command.add_option("--api-key-file", options.api_key_file,
                     "file of plain keys, one a line, without scopes and limits; requests must carry one of them");
  command.add_option(
      "--keys", options.key_file,
      "file that `malmoi key` writes; requests must carry a key of it, and it is read again when it changes");
  CLI::Option* certificate =
      command.add_option("--tls-certificate", server.tls_certificate, "serve over TLS with this certificate (PEM)");
  CLI::Option* key = command.add_option("--tls-key", server.tls_key, "the key of that certificate (PEM)");
  certificate->needs(key);
  key->needs(certificate);
  CLI::Option* log = command.add_option("--access-log", server.access_log,
                                        "a line of JSON for each request, to this file or - (stdout)");
  command.add_flag("--log-prompts", server.log_prompts, "write what requests ask the model into that log, too")
      ->needs(log);
}

}  // namespace malmoi::cli
