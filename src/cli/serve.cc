// `malmoi serve`.
#include "app/serve/serve.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "cli/command.h"
#include "cli/draft_options.h"
#include "cli/load_options.h"

namespace malmoi::cli {
namespace {

// Ends the process where a server that was asked to stop has not in its time: the step of a large model and the reading of a
// large prompt cannot be interrupted, and nothing is lost with them.
class StopDeadline {
 public:
  StopDeadline(StopToken stop, double seconds)
      : stop_(std::move(stop)), seconds_(seconds), thread_([this] { watch(); }) {}
  ~StopDeadline() {
    done_ = true;
    thread_.join();
  }

 private:
  static constexpr double kLastWrites = 3.5;  // for the server to end what did not finish, and to tell its clients

  void watch() {
    double deadline = 0;
    while (!done_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (!stop_.requested()) continue;
      if (deadline == 0) deadline = monotonic_seconds() + seconds_ + kLastWrites;
      if (monotonic_seconds() < deadline) continue;
      log_warning("stopped in the middle of a step, whose answers were ended");
      ::_exit(0);
    }
  }

  StopToken stop_;
  double seconds_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

std::string is_path(const std::string& text) {
  return text.starts_with('/') ? "" : "'" + text + "' is not a path; begin it with /";
}

}  // namespace

void add_serve(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::ServeOptions>();
  CLI::App* command = root.add_subcommand("serve", "serve a model: OpenAI's API and a web page");
  command->footer(
      "Example: malmoi serve --model runs/first/model --port 8080\n"
      "Then open http://127.0.0.1:8080/, or point an OpenAI client at http://127.0.0.1:8080/v1.");
  serve::ServerOptions& server = o->server;
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--name", o->name, "by which requests call the model (default: its folder's name)");
  command->add_option("--adapter", o->adapters,
                      "NAME=DIR: a LoRA adapter, which requests choose by its name as their model (may be repeated)");
  command->add_option("--host", server.host,
                      "address to listen on (default 127.0.0.1: this machine alone; 0.0.0.0: all)");
  command->add_option("--port", server.port, "port to listen on (default 8080; 0: any free one)")
      ->check(CLI::Range(0, 65535));
  command->add_option("--api-key-file", o->api_key_file, "file of keys, one a line; requests must carry one of them");
  command->add_option("--allow-host", server.allowed_hosts,
                      "a Host name to answer to besides this machine's own (may be repeated)");
  command->add_option("--cors-origin", server.cors_origins,
                      "an origin whose web pages may call, or * (may be repeated)");
  command
      ->add_option("--health-path", server.health_path,
                   "a path that answers as /health does, such as a hosting platform asks for")
      ->envname("AIP_HEALTH_ROUTE")
      ->check(is_path);
  command->add_option("--predict-path", server.predict_path, "a path that answers as /predict does (Vertex AI)")
      ->envname("AIP_PREDICT_ROUTE")
      ->check(is_path);
  add_chat_template_option(*command, o->chat_template);
  command->add_option("--max-running", o->max_running, "answers decoded together")->check(CLI::Range(1, 4096));
  command
      ->add_option("--state-memory", o->state_bytes,
                   "memory for what running answers have read, such as 8GiB (default: half of what is free)")
      ->transform(CLI::AsSizeValue(false));
  command
      ->add_option("--prefix-share", o->prefix_share,
                   "of that memory, what prompts may keep for others that begin as they do (default 0.5; 0: nothing)")
      ->check(CLI::Range(0.0, 1.0));
  add_draft_options(*command, o->draft);
  command
      ->add_option("--max-requests", server.max_requests,
                   "answers running and waiting together; more are refused with 429")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--max-body", server.max_body_bytes, "largest request in bytes")
      ->check(CLI::Range(1024, 1 << 30));
  command->add_option("--runs", o->runs, "folder of training runs to show: below /runs, and on the page");
  command->add_flag("--allow-training", o->allow_training,
                    "let requests stop these runs and resume them, one at a time, in a process of this server");
  command->add_option("--data", o->data, "folder of built corpora to show: below /data, and on the page");
  command->add_option("--stop-seconds", o->stop_seconds, "time for running answers to finish at the end")
      ->check(CLI::Range(0.0, 86400.0));
  add_load_options(*command, o->load);
  add_key_type_option(*command, o->keys);
  add_threads_option(*command);
  command->callback([&invocation, o] {
    invocation.run = [&invocation, o] {
      const Job& job = invocation.terminal.job();
      StopDeadline deadline(job.stop, o->stop_seconds);
      return app::serve_model(*o, job);
    };
  });
}

}  // namespace malmoi::cli
