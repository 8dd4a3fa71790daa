#include "sim/trace.h"

#include <array>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "core/base/assert.h"

namespace faultline::sim {
namespace {

constexpr std::array<std::string_view, kEventKinds> kKindNames = {
    "turn", "draw", "clock", "send", "receive", "file", "announce", "lifecycle", "fault", "log"};

// Texts of errors and logs may quote a float, digests stand for floats.
bool IsValue(std::string_view field) {
  return field == "digest" || field == "message" || field == "text";
}

void AddField(Hash64* hash, const Field& field) {
  hash->Add(HashName(field.name));
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    hash->Add(static_cast<std::uint64_t>(*number));
  } else {
    hash->Add(std::get<std::string_view>(field.value));
  }
}

std::size_t SizeOfTexts(std::span<const Field> fields) {
  std::size_t size = 0;
  for (const Field& field : fields) {
    size += field.name.size();
    if (const auto* text = std::get_if<std::string_view>(&field.value)) size += text->size();
  }
  return size;
}

}  // namespace

std::string_view EventKindName(EventKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  FL_ASSERT(index < kKindNames.size(), "no such kind of event: {}", index);
  return kKindNames[index];
}

void StoredEvent::Assign(const TraceEvent& source, RunHashes after) {
  event = source;
  event.fields = {};
  event.name = {};
  name.assign(source.name);
  hashes = after;
  fields.clear();
  fields.reserve(source.fields.size());
  texts.clear();
  texts.reserve(SizeOfTexts(source.fields));
  for (const Field& field : source.fields) {
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      AddNumber(field.name, *number);
    } else {
      AddText(field.name, std::get<std::string_view>(field.value));
    }
  }
}

void StoredEvent::AddNumber(std::string_view field, std::int64_t number) {
  fields.push_back({.name_begin = static_cast<std::uint32_t>(texts.size()),
                    .name_size = static_cast<std::uint32_t>(field.size()),
                    .number = number});
  texts += field;
}

void StoredEvent::AddText(std::string_view field, std::string_view text) {
  AddNumber(field, 0);
  fields.back().is_text = true;
  fields.back().text_begin = static_cast<std::uint32_t>(texts.size());
  fields.back().text_size = static_cast<std::uint32_t>(text.size());
  texts += text;
}

std::string_view StoredEvent::NameOf(const StoredField& field) const {
  return std::string_view(texts).substr(field.name_begin, field.name_size);
}

std::string_view StoredEvent::TextOf(const StoredField& field) const {
  return std::string_view(texts).substr(field.text_begin, field.text_size);
}

std::string StoredEvent::Render(const std::vector<std::string>& node_names) const {
  const std::int64_t ns = event.time.nanoseconds();
  std::string node = "world";
  if (event.node < node_names.size()) {
    node = fmt::format("{}#{}", node_names[event.node], event.incarnation);
  }
  std::string line = fmt::format("{}.{:09} {} {}", ns / 1'000'000'000, ns % 1'000'000'000, node,
                                 EventKindName(event.kind));
  if (!name.empty()) line += fmt::format(" {}", name);
  for (const StoredField& field : fields) {
    if (field.is_text) {
      line += fmt::format(" {}={}", NameOf(field), TextOf(field));
    } else {
      line += fmt::format(" {}={}", NameOf(field), field.number);
    }
  }
  if (event.digest != 0) line += fmt::format(" digest={:016x}", event.digest);
  return line;
}

Trace::Trace(TraceOptions options) : options_(options) {
  FL_ASSERT(options_.window_begin <= options_.window_end, "a window that ends before it begins");
}

void Trace::Add(TraceEvent event) {
  event.number = ++events_;
  decisions_.Add((static_cast<std::uint64_t>(event.kind) << 56) ^
                 static_cast<std::uint64_t>(event.time.nanoseconds()));
  decisions_.Add((static_cast<std::uint64_t>(event.node) << 32) | event.incarnation);
  // The number of a task tells its name.
  if (event.kind != EventKind::kTurn) decisions_.Add(HashName(event.name));
  for (const Field& field : event.fields) {
    AddField(IsValue(field.name) ? &values_ : &decisions_, field);
  }
  if (event.digest != 0) values_.Add(event.digest);
  Keep(event);
  if (events_ % kPrefixEvents == 0) prefixes_.push_back(hashes());
  for (TraceSink* sink : sinks_) sink->OnEvent(event);
}

void Trace::Keep(const TraceEvent& event) {
  if (options_.ring_size > 0) {
    const std::size_t slot = (events_ - 1) % options_.ring_size;
    if (slot == ring_.size()) ring_.emplace_back();
    ring_[slot].Assign(event, hashes());
  }
  if (event.number >= options_.window_begin && event.number < options_.window_end) {
    window_.emplace_back().Assign(event, hashes());
  }
}

TraceRecord Trace::Record(std::vector<std::string> node_names) const {
  TraceRecord record;
  record.events = events_;
  record.hashes = hashes();
  record.prefixes = prefixes_;
  record.window = window_;
  record.node_names = std::move(node_names);
  record.tail.reserve(ring_.size());
  const std::size_t oldest = ring_.size() < options_.ring_size ? 0 : events_ % options_.ring_size;
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    record.tail.push_back(ring_[(oldest + i) % ring_.size()]);
  }
  return record;
}

}  // namespace faultline::sim
