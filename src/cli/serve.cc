// `malmoi serve`.
#include "app/serve/serve.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <chrono>
#include <thread>

#include "cli/command.h"
#include "cli/door_options.h"
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

// A signal handler has no argument of its own. Set by SIGHUP.
std::atomic<bool> look_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

// As servers do: SIGHUP means to look at the files again. At a terminal it means that the terminal is gone, and ends the
// program.
void look_on_hangup() {
  if (::isatty(STDERR_FILENO) != 0) return;
  struct sigaction action {};
  action.sa_handler = [](int) { look_asked = true; };
  sigemptyset(&action.sa_mask);
  sigaction(SIGHUP, &action, nullptr);
}

std::string is_path(const std::string& text) {
  return text.starts_with('/') ? "" : "'" + text + "' is not a path; begin it with /";
}

}  // namespace

void add_serve(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::ServeOptions>();
  CLI::App* command = root.add_subcommand("serve", "serve models: OpenAI's API and a web page");
  command->footer(
      "Example: malmoi serve --model runs/first/model --port 8080\n"
      "Then open http://127.0.0.1:8080/, or point an OpenAI client at http://127.0.0.1:8080/v1.");
  serve::ServerOptions& server = o->server;
  command->add_option(
      "--model", o->models,
      "model folder, or a name in $MALMOI_HOME; NAME=PATH: requests call it so (may be repeated; the first "
      "is loaded at once, others when they are asked for)");
  command->add_option("--models", o->folder, "folder of models, all of which are served; store: those in $MALMOI_HOME");
  command->add_option("--name", o->name, "by which requests call a single model (default: its folder's name)");
  command->add_option("--adapter", o->adapters,
                      "NAME=DIR: a LoRA adapter of the first model, MODEL/NAME=DIR: of another; requests choose it by "
                      "what stands before the sign as their model (may be repeated)");
  command->add_flag("--load-all", o->load_all, "load all models at the start");
  command->add_option("--pin", o->pinned, "name of a model that stays in memory (may be repeated)");
  command
      ->add_option(
          "--models-memory", o->models_bytes,
          "memory for the weights of all models, such as 8GiB (default: what is free); the least used go first")
      ->transform(CLI::AsSizeValue(false));
  command
      ->add_option("--max-loaded", o->max_loaded,
                   "models in memory at once (default: 4, or as many as must be); each has an equal part of "
                   "--state-memory")
      ->check(CLI::Range(1, 4096));
  command->add_option("--load-seconds", server.load_seconds, "for a request to wait for its model (default 300)")
      ->check(CLI::Range(0.0, 86400.0));
  command->add_option("--host", server.host,
                      "address to listen on (default 127.0.0.1: this machine alone; 0.0.0.0: all)");
  command->add_option("--port", server.port, "port to listen on (default 8080; 0: any free one)")
      ->check(CLI::Range(0, 65535));
  add_door_options(*command, *o);
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
                   "answers, embeddings and the like running and waiting together; more are refused with 429")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--max-body", server.max_body_bytes, "largest request in bytes")
      ->check(CLI::Range(1024, 1 << 30));
  command->add_option("--runs", o->runs, "folder of training runs to show: below /runs, and on the page");
  command->add_flag("--allow-training", o->allow_training,
                    "let requests stop these runs and resume them, one at a time, in a process of this server");
  command->add_option("--data", o->data, "folder of built corpora to show: below /data, and on the page");
  command->add_flag("!--no-extract", o->extract, "read no documents at /extract, and so none that the page attaches");
  command->add_option("--stop-seconds", o->stop_seconds, "time for running answers to finish at the end")
      ->check(CLI::Range(0.0, 86400.0));
  add_load_options(*command, o->load);
  add_key_type_option(*command, o->keys);
  add_threads_option(*command);
  command->callback([&invocation, o, command] {
    o->dtype_chosen = command->count("--dtype") > 0;
    invocation.run = [&invocation, o] {
      const Job& job = invocation.terminal.job();
      StopDeadline deadline(job.stop, o->stop_seconds);
      look_on_hangup();
      o->look_asked = [] { return look_asked.exchange(false); };
      return app::serve_model(*o, job);
    };
  });
}

}  // namespace malmoi::cli
