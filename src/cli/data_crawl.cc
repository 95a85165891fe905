// `malmoi data crawl`: web pages into WARC files.
#include <fmt/format.h>

#include "app/data/crawl.h"
#include "base/counted.h"
#include "base/log.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_data_crawl(CLI::App& data, Invocation& invocation) {
  struct Options : data::CrawlOptions {
    std::string folder;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = data.add_subcommand("crawl", "collect web pages into WARC files, politely");
  command->footer(
      "robots.txt is obeyed; sitemaps and feeds are followed. Run again with the same --out, it goes on where it was;\n"
      "with --revisit it asks only for pages that changed (ETag, Last-Modified). data build reads what it wrote.\n"
      "Example: malmoi data crawl https://docs.example.org/ --out pages --depth 3 --delay 2\n"
      "Example: malmoi data build --in pages --out corpus");
  command->add_option("url", options->seeds, "pages, feeds or sitemaps to begin with")->expected(0, -1);
  command->add_option("--out", options->folder, "folder for the WARC files and the log")->required();
  command->add_option("--host", options->hosts, "a host that may be visited (default: those of the seeds)");
  command->add_option("--depth", options->max_depth, "links from a seed")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_option("--pages", options->max_pages, "pages at most in this run")->capture_default_str();
  command->add_option("--max-size", options->max_bytes, "bytes of all pages, e.g. 2GB")
      ->type_name("SIZE")  // no plain integer: 64MiB
      ->transform(CLI::AsSizeValue(false))
      ->default_str("10GiB");
  command->add_option("--max-page", options->max_page_bytes, "bytes of one page")
      ->type_name("SIZE")  // no plain integer: 64MiB
      ->transform(CLI::AsSizeValue(false))
      ->default_str("16MiB");
  command->add_option("--delay", options->delay, "seconds between two requests to one host")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  command->add_option("--timeout", options->timeout, "seconds for a page")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->add_option("--parallel", options->parallel, "hosts at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--agent", options->agent, "what the crawler calls itself")->capture_default_str();
  command->add_flag("--revisit", options->revisit, "ask again for pages fetched before");
  command->add_flag("!--no-sitemaps", options->sitemaps, "leave the sitemaps of robots.txt alone");
  add_json_flag(*command, options->json);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options]() -> Status {
      options->out = options->folder;
      MALMOI_ASSIGN(data::CrawlResult r, data::crawl(*options, invocation.terminal.job()));
      invocation.terminal.finish(fmt::format("{} ({}){}, {} unchanged, {} failed, {} disallowed, {} left",
                                             counted(r.fetched, "page"), format_bytes(static_cast<double>(r.bytes)),
                                             r.before > 0 ? fmt::format(", {} before", r.before) : "", r.unchanged,
                                             r.failed, r.disallowed, r.left));
      if (options->json) print_json(app::to_json(r));
      return {};
    };
  });
}

}  // namespace malmoi::cli
