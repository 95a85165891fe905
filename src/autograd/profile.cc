#include "autograd/profile.h"

#include <fmt/format.h>

#include <algorithm>

namespace malmoi::autograd {

void Profile::add(const char* name, double begin, double end, double flops) {
  Total& total = totals_[name];
  ++total.calls;
  total.seconds += end - begin;
  total.flops += flops;
  if (spans_.size() < kMaxSpans) spans_.push_back({name, begin, end});
}

std::string Profile::table() const {
  double sum = 0;
  std::vector<std::pair<std::string, Total>> rows(totals_.begin(), totals_.end());
  for (const auto& [name, total] : rows) sum += total.seconds;
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  std::string text = fmt::format("{:<28}{:>8}{:>12}{:>9}{:>12}\n", "kernel", "calls", "ms", "share", "GFLOP/s");
  for (const auto& [name, total] : rows) {
    std::string rate = total.flops > 0 ? fmt::format("{:.0f}", total.flops / total.seconds / 1e9) : "";
    text += fmt::format("{:<28}{:>8}{:>12.2f}{:>8.1f}%{:>12}\n", name, total.calls, total.seconds * 1e3,
                        sum > 0 ? 100 * total.seconds / sum : 0, rate);
  }
  return text;
}

Status Profile::write_trace(const Path& path) const {
  MALMOI_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MALMOI_TRY(file.write("{\"traceEvents\":[\n"));
  for (size_t i = 0; i < spans_.size(); ++i) {
    const Span& s = spans_[i];
    MALMOI_TRY(file.write(fmt::format(R"({{"name":"{}","ph":"X","pid":1,"tid":1,"ts":{:.3f},"dur":{:.3f}}}{})", s.name,
                                      (s.begin - spans_[0].begin) * 1e6, (s.end - s.begin) * 1e6,
                                      i + 1 < spans_.size() ? ",\n" : "\n")));
  }
  MALMOI_TRY(file.write("]}\n"));
  return file.commit();
}

}  // namespace malmoi::autograd
