#include "data/filters/boilerplate.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/utf8.h"
#include "data/dedup/words.h"
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"
#include "data/filters/text_stats.h"
#include "formats/safetensors.h"

namespace malmoi::data {
namespace {

struct LineRecord {
  uint64_t hash, document;
  auto operator<=>(const LineRecord&) const = default;
};

class Boilerplate final : public Filter {
 public:
  explicit Boilerplate(ConfigReader& s) : max_removed_(s.number("max_removed", 1.0, 0, 1)) {
    std::string model = s.text("model", "");
    if (model.empty()) {
      s.fail("model", "no model is given", "make one: malmoi data train-filter boilerplate");
      return;
    }
    Result<BoilerplateModel> loaded = BoilerplateModel::load(model);
    if (!loaded.ok()) {
      s.fail("model", loaded.error().to_string());
      return;
    }
    model_ = *std::move(loaded);
  }

  Verdict apply(Document& document) const override {
    std::string kept;
    size_t removed = 0, bytes = 0;
    for (std::string_view line : split_lines(document.text)) {
      if (model_.has(line)) {
        ++removed;
        bytes += line.size();
        continue;
      }
      kept.append(line).push_back('\n');
    }
    if (removed == 0) return keep();
    while (!kept.empty() && kept.back() == '\n') kept.pop_back();
    double share = static_cast<double>(bytes) / static_cast<double>(std::max<size_t>(document.text.size(), 1));
    if (trim(kept).empty()) return drop("boilerplate.all", "every line is boilerplate");
    if (share > max_removed_) return drop("boilerplate.share", compared(share, '>', max_removed_));
    document.text = std::move(kept);
    return repaired("boilerplate.lines", fmt::format("{} lines removed", removed));
  }

 private:
  double max_removed_;
  BoilerplateModel model_;
};

}  // namespace

uint64_t boilerplate_hash(std::string_view line, uint32_t min_length) {
  std::string normal = normalize_for_dedup(line);
  if (count_code_points(normal) < min_length || normal.empty()) return 0;
  std::string digits;  // runs of digits as one
  for (size_t i = 0; i < normal.size(); ++i) {
    bool digit = normal[i] >= '0' && normal[i] <= '9';
    if (!digit) digits += normal[i];
    else if (digits.empty() || digits.back() != '0') digits += '0';
  }
  uint64_t hash = hash64(digits);
  return hash == 0 ? 1 : hash;
}

struct BoilerplateBuilder::State {
  BoilerplateOptions options;
  ExternalSorter<LineRecord> lines;
};

Result<BoilerplateBuilder> BoilerplateBuilder::create(const BoilerplateOptions& options, const Scratch& scratch) {
  if (options.min_documents < 2)
    return usage_error("a line must stand in two documents at least", "min_documents", "e.g. 10");
  MALMOI_ASSIGN(auto folder, ScratchFolder::create(scratch.folder));
  return BoilerplateBuilder(
      std::make_unique<State>(State{options, ExternalSorter<LineRecord>(folder, "lines", scratch.memory_bytes)}));
}

BoilerplateBuilder::BoilerplateBuilder(std::unique_ptr<State> state) : state_(std::move(state)) {}
BoilerplateBuilder::BoilerplateBuilder(BoilerplateBuilder&&) noexcept = default;
BoilerplateBuilder& BoilerplateBuilder::operator=(BoilerplateBuilder&&) noexcept = default;
BoilerplateBuilder::~BoilerplateBuilder() = default;

Status BoilerplateBuilder::add(uint64_t index, std::string_view text) {
  for (std::string_view line : split_lines(text))
    if (uint64_t hash = boilerplate_hash(line, state_->options.min_length); hash != 0)
      MALMOI_TRY(state_->lines.add({hash, index}));
  return {};
}

Result<uint64_t> BoilerplateBuilder::finish(const Path& model) {
  State& s = *state_;
  MALMOI_TRY(s.lines.finish());
  std::vector<uint64_t> frequent;
  LineRecord line, last{};
  uint64_t documents = 0;
  auto close = [&] {
    if (documents >= s.options.min_documents) frequent.push_back(last.hash);
  };
  while (true) {
    MALMOI_ASSIGN(bool more, s.lines.next(line));
    if (!more) break;
    if (documents == 0 || line.hash != last.hash) {
      close();
      documents = 1;
    } else if (line.document != last.document) {
      ++documents;
    }
    last = line;
  }
  close();
  formats::TensorSpec spec{"hashes", formats::ElementType::kU64, {static_cast<int64_t>(frequent.size())}};
  formats::SafetensorsOptions options{
      .metadata = {{"malmoi", "boilerplate"}, {"min_length", std::to_string(s.options.min_length)}}};
  MALMOI_TRY(formats::write_safetensors(
      model, {&spec, 1},
      [&](size_t, const formats::TensorSink& sink) { return sink(std::as_bytes(std::span(frequent))); }, options));
  return frequent.size();
}

Result<BoilerplateModel> BoilerplateModel::load(const Path& path) {
  MALMOI_ASSIGN(formats::Safetensors file, formats::Safetensors::open(path));
  const formats::TensorView* hashes = file.find("hashes");
  auto kind = file.metadata().find("malmoi"), length = file.metadata().find("min_length");
  bool good = hashes != nullptr && hashes->type == formats::ElementType::kU64 && kind != file.metadata().end() &&
              kind->second == "boilerplate" && length != file.metadata().end() && length->second.size() < 10 &&
              length->second.find_first_not_of("0123456789") == std::string::npos && !length->second.empty();
  if (!good)
    return invalid_data("not a boilerplate model", path.string(), "make one: malmoi data train-filter boilerplate");
  BoilerplateModel model;
  model.min_length = static_cast<uint32_t>(std::stoul(length->second));
  model.hashes.resize(hashes->bytes.size() / sizeof(uint64_t));
  std::memcpy(model.hashes.data(), hashes->bytes.data(), model.hashes.size() * sizeof(uint64_t));
  std::sort(model.hashes.begin(), model.hashes.end());
  return model;
}

bool BoilerplateModel::has(std::string_view line) const {
  uint64_t hash = boilerplate_hash(line, min_length);
  return hash != 0 && std::binary_search(hashes.begin(), hashes.end(), hash);
}

const FilterEntry kBoilerplateFilter = {
    "boilerplate", "lines that stand in many documents of the corpus (needs a model)", make_simple<Boilerplate>};

}  // namespace malmoi::data
