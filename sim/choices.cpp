#include "sim/choices.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"

namespace faultline::sim {

ChoiceStream::ChoiceStream(std::string name, Prng prng) : name_(std::move(name)), prng_(prng) {}

std::uint64_t ChoiceStream::Settle(std::uint64_t bound, std::uint64_t drawn) {
  const std::uint64_t index = count_++;
  if (overrides_ != nullptr) {
    const auto found = overrides_->find(index);
    if (found != overrides_->end()) drawn = bound == 0 ? found->second : found->second % bound;
  }
  if (recorded_ != nullptr) recorded_->push_back({bound, drawn});
  if (listener_ != nullptr) listener_->OnDraw(name_, index, drawn);
  return drawn;
}

std::uint64_t ChoiceStream::Next() { return Settle(0, prng_.Next()); }

std::uint64_t ChoiceStream::Below(std::uint64_t bound) {
  FL_ASSERT(bound > 0, "stream {}: an empty range has no draw", name_);
  return Settle(bound, prng_.Below(bound));
}

std::int64_t ChoiceStream::Between(std::int64_t low, std::int64_t high) {
  FL_ASSERT(low <= high, "stream {}: range {}..{}", name_, low, high);
  const auto base = static_cast<std::uint64_t>(low);
  const std::uint64_t width = static_cast<std::uint64_t>(high) - base + 1;  // 0 stands for 2^64
  const std::uint64_t drawn = static_cast<std::uint64_t>(prng_.Between(low, high)) - base;
  return static_cast<std::int64_t>(base + Settle(width, drawn));
}

Duration ChoiceStream::Between(Duration low, Duration high) {
  return Duration::Nanoseconds(Between(low.nanoseconds(), high.nanoseconds()));
}

bool ChoiceStream::Chance(Ratio ratio) { return Settle(2, prng_.Chance(ratio) ? 1 : 0) == 1; }

Duration ChoiceStream::Exponential(Duration mean) {
  const auto drawn = static_cast<std::uint64_t>(prng_.Exponential(mean).nanoseconds());
  constexpr std::uint64_t kBound = std::uint64_t{1} << 63;
  return Duration::Nanoseconds(static_cast<std::int64_t>(Settle(kBound, drawn)));
}

ChoiceSource::ChoiceSource(std::uint64_t seed, Overrides overrides)
    : seed_(seed), root_(seed), overrides_(std::move(overrides)) {}

ChoiceStream& ChoiceSource::Stream(std::string_view component, std::string_view purpose,
                                   std::string_view instance) {
  std::string name = fmt::format("{}/{}/{}", component, purpose, instance);
  const auto found = streams_.find(name);
  if (found != streams_.end()) return *found->second;
  const Prng prng = root_.Fork(component).Fork(purpose).Fork(instance);
  auto stream = std::make_unique<ChoiceStream>(name, prng);
  const auto overrides = overrides_.find(name);
  if (overrides != overrides_.end()) stream->overrides_ = &overrides->second;
  if (component != unheard_) stream->listener_ = listener_;
  for (const std::string& prefix : record_prefixes_) {
    if (name.starts_with(prefix)) stream->recorded_ = &recorded_[name];
  }
  return *streams_.emplace(std::move(name), std::move(stream)).first->second;
}

void ChoiceSource::Record(std::string prefix) {
  for (auto& [name, stream] : streams_) {
    if (name.starts_with(prefix)) stream->recorded_ = &recorded_[name];
  }
  record_prefixes_.push_back(std::move(prefix));
}

void ChoiceSource::Listen(DrawListener* listener, std::string except_component) {
  listener_ = listener;
  unheard_ = std::move(except_component);
}

std::vector<std::string> ChoiceSource::StreamNames() const {
  std::vector<std::string> names;
  for (const auto& [name, stream] : streams_) {
    if (stream->count() > 0) names.push_back(name);
  }
  return names;
}

std::vector<std::string> ChoiceSource::UnusedOverrides() const {
  std::vector<std::string> unused;
  for (const auto& [name, draws] : overrides_) {
    const auto found = streams_.find(name);
    const std::uint64_t made = found == streams_.end() ? 0 : found->second->count();
    for (const auto& [index, value] : draws) {
      if (index >= made) unused.push_back(fmt::format("{}[{}]", name, index));
    }
  }
  return unused;
}

}  // namespace faultline::sim
