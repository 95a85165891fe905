#include "train/sampled_teacher.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/kernels.h"
#include "train/reference.h"
#include "train/taught_words.h"

namespace malmoi::train {
namespace {

// Goes up when the same rows, teacher and options give other draws than before.
constexpr int kDrawsVersion = 1;
constexpr uint64_t kTaughtStream = uint64_t{0x7d}
                                   << 56;  // of counted random numbers, beside those of dropout and rollouts
constexpr int64_t kRowsTogether = 64;      // whose logits stand in memory at once

// Asks a teacher of rows and writes what is drawn, as many rows at once as a step's part has.
class Drawing {
 public:
  Drawing(const ExampleSource& rows, const ReferencePass& pass, const DrawOptions& options, Arena arena,
          AtomicFile file)
      : rows_(rows),
        pass_(pass),
        teacher_(pass.reference.model ? *pass.reference.model : pass.trained),
        options_(options),
        arena_(std::move(arena)),
        file_(std::move(file)),
        index_(kTaughtIndex * rows.size()) {
    context_.arena = &arena_;
    context_.pool = &pool_;
    context_.stream = &stream_;
    context_.backend = &kernels::cpu_backend();
    context_.dtype = pass.trained.dtype();
    context_.whole_rows = true;  // computed as the steps of a teacher that is asked live are
  }

  Status draw(const Job& job) {
    const auto most = static_cast<uint64_t>(std::max<int64_t>(pass_.batch_size, 1));
    for (uint64_t done = 0; done < rows_.size();) {
      MALMOI_TRY(job.stop.check("objective.samples", "run it again", "stopped while asking the teacher"));
      const uint64_t count = std::min(most, rows_.size() - done);
      MALMOI_TRY(draw_some(done, count));
      done += count;
      if (job.progress.due()) job.progress(fmt::format("the teacher: {} of {} rows", done, rows_.size()));
    }
    return finish();
  }

 private:
  Status draw_some(uint64_t first, uint64_t count) {
    batch_.clear();
    std::vector<size_t> targets;  // before each example
    for (uint64_t n = first; n < first + count; ++n) {
      targets.push_back(batch_.targets.size());
      rows_.append(n, batch_);
    }
    targets.push_back(batch_.targets.size());
    const Aside aside(context_, pass_.reference);
    const ModelInput input(batch_);
    const Tensor features = teacher_.features(context_, input.batch()).value;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t row = rows_.row_of(first + i);
      MALMOI_TRY(write_block(row, draws_of(features, row, targets[i], targets[i + 1])));
    }
    return {};
  }

  // Of the positions [begin, end) of the batch that have a target.
  TaughtTokens draws_of(const Tensor& features, uint64_t row, size_t begin, size_t end) {
    TaughtTokens all;
    auto counts = [&](size_t at) { return batch_.targets[at] >= 0; };
    for (size_t at = begin; at < end;) {
      size_t last = at;
      while (last < end && counts(last) && last - at < static_cast<size_t>(kRowsTogether)) ++last;
      if (last == at) {
        ++at;
        continue;
      }
      const auto n = static_cast<int64_t>(last - at);
      const Tensor logits = teacher_.logits(context_, features.rows(static_cast<int64_t>(at), n));
      const auto columns = static_cast<size_t>(logits.shape().columns());
      std::vector<TaughtTokens> each(static_cast<size_t>(n));
      parallel_for(n, 1, [&](int64_t from, int64_t to) {
        for (int64_t r = from; r < to; ++r) {
          const uint64_t position = at - begin + static_cast<uint64_t>(r);
          const double u = philox(options_.seed, kTaughtStream | position, row)[0] * 0x1.0p-32;
          draw_tokens({logits.as<float>() + static_cast<size_t>(r) * columns, columns}, options_.temperature,
                      options_.samples, u, each[static_cast<size_t>(r)]);
        }
      });
      for (const TaughtTokens& one : each) add(one, all);
      at = last;
    }
    return all;
  }

  static void add(const TaughtTokens& one, TaughtTokens& all) {
    all.ids.insert(all.ids.end(), one.ids.begin(), one.ids.end());
    all.shares.insert(all.shares.end(), one.shares.begin(), one.shares.end());
    all.known.push_back(one.known[0]);
    all.starts.push_back(static_cast<int64_t>(all.ids.size()));
  }

  Status write_block(uint64_t row, const TaughtTokens& taught) {
    std::vector<uint32_t> words{static_cast<uint32_t>(taught.known.size())};
    for (size_t r = 0; r < taught.known.size(); ++r) {
      const auto begin = static_cast<size_t>(taught.starts[r]), end = static_cast<size_t>(taught.starts[r + 1]);
      words.push_back(static_cast<uint32_t>(end - begin));
      words.push_back(std::bit_cast<uint32_t>(taught.known[r]));
      for (size_t e = begin; e < end; ++e) {
        const auto draws = std::lround(taught.shares[e] * static_cast<float>(options_.samples));
        words.push_back(static_cast<uint32_t>(taught.ids[e]) << kCountBits | static_cast<uint32_t>(draws));
      }
    }
    const size_t place = kTaughtIndex * row;
    index_[place] = low_word(written_);
    index_[place + 1] = high_word(written_);
    index_[place + 2] = hash_of_block(words);
    return write(words);
  }

  Status finish() {
    const uint64_t index = written_, rows = rows_.size();
    MALMOI_TRY(write(index_));
    MALMOI_TRY(
        write({kTaughtMagic, kTaughtVersion, low_word(rows), high_word(rows), static_cast<uint32_t>(options_.samples),
               static_cast<uint32_t>(teacher_.vocab_size()), low_word(index), high_word(index)}));
    return file_.commit();
  }

  Status write(const std::vector<uint32_t>& words) {
    written_ += words.size();
    return file_.write(words.data(), words.size() * sizeof(uint32_t));
  }

  const ExampleSource& rows_;
  const ReferencePass& pass_;
  const model::Model& teacher_;
  const DrawOptions& options_;
  Arena arena_;
  AtomicFile file_;
  StoragePool pool_;
  Stream stream_;
  autograd::Context context_;
  Examples batch_;
  std::vector<uint32_t> index_;
  uint64_t written_ = 0;  // words
};

std::string draws_key(const ExampleSource& rows, const ReferencePass& pass, const DrawOptions& options) {
  std::vector<uint64_t> hashes(rows.size());
  Examples one;
  for (uint64_t n = 0; n < rows.size(); ++n) {
    one.clear();
    rows.append(n, one);
    hashes[rows.row_of(n)] = hash_of(one);
  }
  return asked_key(fmt::format("draws {}|{}|{}|{}|{}", kDrawsVersion, hash_of(hashes), options.samples,
                               options.temperature, options.seed),
                   pass);
}

}  // namespace

void draw_tokens(std::span<const float> logits, double temperature, int64_t samples, double u, TaughtTokens& out) {
  const double top = static_cast<double>(*std::ranges::max_element(logits)) / temperature;
  double total = 0;
  for (float logit : logits) total += std::exp(static_cast<double>(logit) / temperature - top);
  if (!std::isfinite(total)) {
    out.ids.push_back(0);
    out.shares.push_back(1);
    out.known.push_back(std::numeric_limits<float>::quiet_NaN());
    out.starts.push_back(static_cast<int64_t>(out.ids.size()));
    return;
  }
  const double log_total = std::log(total), points = static_cast<double>(samples);
  double below = 0, known = 0;
  int64_t taken = 0;
  size_t likely = 0;
  for (size_t v = 0; v < logits.size(); ++v) {
    const double log_q = static_cast<double>(logits[v]) / temperature - top - log_total, q = std::exp(log_q);
    if (q > 0) known += q * log_q;
    below += q;
    if (logits[v] > logits[likely]) likely = v;
    const auto reached = static_cast<int64_t>(std::clamp(std::ceil(below * points - u), 0.0, points));
    if (reached <= taken) continue;
    out.ids.push_back(static_cast<int32_t>(v));
    out.shares.push_back(static_cast<float>(static_cast<double>(reached - taken) / points));
    taken = reached;
  }
  if (taken < samples) {  // what rounding has left of the last point
    const float left = static_cast<float>(static_cast<double>(samples - taken) / points);
    const auto begin = out.ids.begin() + static_cast<std::ptrdiff_t>(out.starts.back());
    const auto found = std::find(begin, out.ids.end(), static_cast<int32_t>(likely));
    if (found == out.ids.end()) {
      out.ids.push_back(static_cast<int32_t>(likely));
      out.shares.push_back(left);
    } else {
      out.shares[static_cast<size_t>(found - out.ids.begin())] += left;
    }
  }
  out.known.push_back(static_cast<float>(known));
  out.starts.push_back(static_cast<int64_t>(out.ids.size()));
}

void SampledTeacher::append(uint64_t n, Examples& out) const {
  rows_->append(n, out);
  taught_.append(rows_->row_of(n), out.taught);
}

Result<TaughtFile> know_teacher(const ExampleSource& rows, const ReferencePass& pass, const DrawOptions& options,
                                const Path& folder, const Job& job) {
  const model::Model& teacher = pass.reference.model ? *pass.reference.model : pass.trained;
  if (teacher.vocab_size() > kMostTaughtIds)
    return usage_error(fmt::format("the vocabulary has {} tokens, more than {}", teacher.vocab_size(), kMostTaughtIds),
                       "objective.samples", "leave it out: the teacher is asked live");
  const Path path = folder / ("teacher-" + draws_key(rows, pass, options) + ".draws");
  if (malmoi::exists(path)) {
    auto before = TaughtFile::open(path, rows.size(), options.samples, teacher.vocab_size());
    if (before.ok()) return before;
    job.warn(before.error().to_string() + ": it is asked again");
  }
  MALMOI_TRY(make_folder(folder));
  MALMOI_ASSIGN(Arena arena, Arena::create(pass.arena_bytes));
  MALMOI_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MALMOI_TRY(Drawing(rows, pass, options, std::move(arena), std::move(file)).draw(job));
  return TaughtFile::open(path, rows.size(), options.samples, teacher.vocab_size());
}

}  // namespace malmoi::train
