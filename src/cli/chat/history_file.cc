#include "cli/chat/history_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "app/store/store.h"
#include "base/json.h"

namespace malmoi::cli {
namespace {

constexpr uint64_t kLongestEscape = 6;  // bytes of one, in JSON
constexpr uint64_t kLargestFile = HistoryFile::kMostEntries * kLongestEscape * HistoryFile::kLongestEntry;

// Files and folders that are made meanwhile are their owner's alone. It holds for the process: a chat that waits for its
// next message makes no others.
class OwnersAlone {
 public:
  OwnersAlone() : before_(::umask(S_IRWXG | S_IRWXO)) {}
  ~OwnersAlone() { ::umask(before_); }
  OwnersAlone(const OwnersAlone&) = delete;
  OwnersAlone& operator=(const OwnersAlone&) = delete;

 private:
  mode_t before_;
};

const char* set_variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

}  // namespace

Path history_path() {
  if (const char* state = set_variable("XDG_STATE_HOME")) return Path(state) / "malmoi" / "chat_history";
  if (set_variable("MALMOI_HOME")) return app::store_folder() / ".chat_history";
  const char* home = set_variable("HOME");
  return Path(home ? home : ".") / ".local" / "state" / "malmoi" / "chat_history";
}

std::vector<std::string> HistoryFile::read() const {
  auto all = entries();
  return all.ok() ? *std::move(all) : std::vector<std::string>();
}

Result<std::vector<std::string>> HistoryFile::entries() const {
  std::vector<std::string> entries;
  if (!malmoi::exists(file_)) return entries;
  MALMOI_ASSIGN(const std::string content, read_file(file_, kLargestFile));
  for (size_t at = 0; at < content.size();) {
    const size_t end = std::min(content.find('\n', at), content.size());
    auto entry = parse_json(std::string_view(content).substr(at, end - at), file_.string());
    if (entry.ok() && entry->is_string()) entries.push_back(entry->get<std::string>());
    at = end + 1;
  }
  return entries;
}

Status HistoryFile::add(const std::string& entry) const {
  if (entry.size() > kLongestEntry) return {};
  MALMOI_ASSIGN(std::vector<std::string> entries, this->entries());
  if (!entries.empty() && entries.back() == entry) return {};
  entries.push_back(entry);
  std::string content;
  for (size_t i = entries.size() - std::min(entries.size(), kMostEntries); i < entries.size(); ++i)
    content += dump_json(entries[i]) + "\n";
  const OwnersAlone owners_alone;
  MALMOI_TRY(make_folder(file_.parent_path()));
  return write_file(file_, content);
}

}  // namespace malmoi::cli
