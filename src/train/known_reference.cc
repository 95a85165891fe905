#include "train/known_reference.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "formats/npy.h"
#include "kernels/kernels.h"
#include "train/objectives/completions.h"
#include "train/reference.h"

namespace malmoi::train {
namespace {

// Goes up when the same rows and reference give other sums than before.
constexpr int kSumsVersion = 1;

size_t runs_beside(const Examples& examples) {
  return examples.beside.empty() ? 0 : examples.beside[0].input.runs().size();
}

// Where the sums of each row stand, and a hash of all rows in their own order.
struct Outline {
  std::vector<size_t> starts;
  std::string hash;
};

Outline outline_of(const ExampleSource& rows) {
  std::vector<uint64_t> hashes(rows.size());
  std::vector<size_t> counts(rows.size());
  Examples one;
  for (uint64_t n = 0; n < rows.size(); ++n) {
    one.clear();
    rows.append(n, one);
    const uint64_t row = rows.row_of(n);
    hashes[row] = hash_of(one);
    counts[row] = one.input.runs().size() + runs_beside(one);
  }
  Outline outline{.starts = {0}, .hash = {}};
  for (size_t count : counts) outline.starts.push_back(outline.starts.back() + count);
  outline.hash = hash_of(hashes);
  return outline;
}

std::string key_of(const Outline& rows, const ReferencePass& pass) {
  return asked_key(fmt::format("{}|{}", kSumsVersion, rows.hash), pass);
}

// Of an earlier run; none that is whole is none at all.
std::optional<std::vector<float>> sums_before(const Path& file, size_t count) {
  if (!malmoi::exists(file)) return {};
  auto array = formats::NpyArray::open(file);
  if (!array.ok() || array->size() != static_cast<int64_t>(count)) return {};
  auto values = array->values<float>();
  if (!values.ok() || std::ranges::any_of(*values, [](float x) { return !std::isfinite(x); })) return {};
  return *std::move(values);
}

// Asks the reference, as many rows at once as a step's part has.
class Asking {
 public:
  Asking(const ExampleSource& rows, const ReferencePass& pass, Arena arena)
      : rows_(rows), pass_(pass), arena_(std::move(arena)) {
    context_.arena = &arena_;
    context_.pool = &pool_;
    context_.stream = &stream_;
    context_.backend = &kernels::cpu_backend();
    context_.dtype = pass.trained.dtype();
    context_.whole_rows = true;  // what is compared with a step is computed as steps are
  }

  Status ask(ReferenceSums& sums, const Job& job) {
    const auto most = static_cast<uint64_t>(std::max<int64_t>(pass_.batch_size, 1));
    for (uint64_t done = 0; done < rows_.size();) {
      MALMOI_TRY(
          job.stop.check("objective.precompute_reference", "run it again", "stopped while asking the reference"));
      const uint64_t count = std::min(most, rows_.size() - done);
      ask_some(done, count, sums);
      done += count;
      if (job.progress.due()) job.progress(fmt::format("the reference: {} of {} rows", done, rows_.size()));
    }
    return {};
  }

 private:
  void ask_some(uint64_t first, uint64_t count, ReferenceSums& sums) {
    batch_.clear();
    std::vector<size_t> own, beside;  // runs before each row
    for (uint64_t n = first; n < first + count; ++n) {
      own.push_back(batch_.input.runs().size());
      beside.push_back(runs_beside(batch_));
      rows_.append(n, batch_);
    }
    own.push_back(batch_.input.runs().size());
    beside.push_back(runs_beside(batch_));
    const std::vector<CompletionSum> said = sums_of(batch_);
    const std::vector<CompletionSum> said_beside =
        batch_.beside.empty() ? std::vector<CompletionSum>() : sums_of(batch_.beside[0]);
    for (size_t i = 0; i < count; ++i) {
      size_t at = sums.starts[rows_.row_of(first + i)];
      for (size_t run = own[i]; run < own[i + 1]; ++run) sums.values[at++] = static_cast<float>(said[run].logp);
      for (size_t run = beside[i]; run < beside[i + 1]; ++run)
        sums.values[at++] = static_cast<float>(said_beside[run].logp);
    }
  }

  std::vector<CompletionSum> sums_of(const Examples& examples) {
    return completion_sums(examples, frozen_logps(context_, pass_.reference, pass_.trained, examples));
  }

  const ExampleSource& rows_;
  const ReferencePass& pass_;
  Arena arena_;
  StoragePool pool_;
  Stream stream_;
  autograd::Context context_;
  Examples batch_;
};

}  // namespace

void KnownReference::append(uint64_t n, Examples& out) const {
  const size_t own = out.input.runs().size(), beside = runs_beside(out);
  rows_->append(n, out);
  auto next = sums_.values.begin() + static_cast<std::ptrdiff_t>(sums_.starts[row_of(n)]);
  auto add = [&](size_t runs, std::vector<float>& to) {
    to.insert(to.end(), next, next + static_cast<std::ptrdiff_t>(runs));
    next += static_cast<std::ptrdiff_t>(runs);
  };
  add(out.input.runs().size() - own, out.reference);
  if (!out.beside.empty()) add(runs_beside(out) - beside, out.beside[0].reference);
}

Result<ReferenceSums> know_reference(const ExampleSource& rows, const ReferencePass& pass, const Path& folder,
                                     const Job& job) {
  Outline outline = outline_of(rows);
  const Path file = folder / ("reference-" + key_of(outline, pass) + ".npy");
  ReferenceSums sums{.starts = std::move(outline.starts), .values = {}};
  const size_t count = sums.starts.back();
  if (auto before = sums_before(file, count)) {
    sums.values = *std::move(before);
    return sums;
  }
  sums.values.resize(count);
  MALMOI_ASSIGN(Arena arena, Arena::create(pass.arena_bytes));
  MALMOI_TRY(Asking(rows, pass, std::move(arena)).ask(sums, job));
  MALMOI_TRY(make_folder(folder));
  MALMOI_TRY(formats::write_npy(file, {static_cast<int64_t>(count)}, sums.values));
  return sums;
}

}  // namespace malmoi::train
