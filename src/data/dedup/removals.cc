#include "data/dedup/removals.h"

#include "data/dedup/removal_file.h"

namespace malmoi::data {

Result<std::unique_ptr<Removals::State>> Removals::State::create(std::shared_ptr<ScratchFolder> folder) {
  MALMOI_ASSIGN(ScratchFile file, ScratchFile::create(*folder, "removals"));
  return std::make_unique<State>(folder, std::move(file));
}

Status Removals::State::append(const Removal& removal) {
  ++count;
  bytes += removal.end - removal.begin;
  return file.append(&removal, sizeof removal);
}

Result<const Removal*> Removals::State::peek() {
  if (at == buffer.size()) {
    constexpr uint64_t kRecords = 4096;
    uint64_t left = count - read;
    if (left == 0) return nullptr;
    if (read == 0) MALMOI_TRY(file.flush());
    buffer.resize(std::min(left, kRecords));
    MALMOI_TRY(file.read(read * sizeof(Removal), buffer.data(), buffer.size() * sizeof(Removal)));
    read += buffer.size();
    at = 0;
  }
  return &buffer[at];
}

Removals::Removals() = default;
Removals::Removals(std::unique_ptr<State> state) : state_(std::move(state)) {}
Removals::Removals(Removals&&) noexcept = default;
Removals& Removals::operator=(Removals&&) noexcept = default;
Removals::~Removals() = default;

Status Removals::of(uint64_t index, std::vector<Removal>& out) {
  out.clear();
  if (!state_) return {};
  while (true) {
    MALMOI_ASSIGN(const Removal* next, state_->peek());
    if (next == nullptr || next->index > index) return {};
    if (next->index == index) out.push_back(*next);
    ++state_->at;
  }
}

uint64_t Removals::count() const { return state_ ? state_->count : 0; }
uint64_t Removals::bytes() const { return state_ ? state_->bytes : 0; }

std::string remove_ranges(std::string_view text, const std::vector<Removal>& ranges) {
  std::string out;
  out.reserve(text.size());
  size_t at = 0;
  for (const Removal& range : ranges) {
    if (range.begin > at) out.append(text.substr(at, range.begin - at));
    at = std::max<size_t>(at, std::min<size_t>(range.end, text.size()));
  }
  out.append(text.substr(at));
  return out;
}

}  // namespace malmoi::data
