#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {

const Field* EventFields::Find(std::string_view name) const {
  for (const Field& field : event_.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::int64_t EventFields::Int(std::string_view name) const {
  const Field* field = Find(name);
  const auto* number = field == nullptr ? nullptr : std::get_if<std::int64_t>(&field->value);
  return number == nullptr ? 0 : *number;
}

std::string_view EventFields::Text(std::string_view name) const {
  const Field* field = Find(name);
  const auto* text = field == nullptr ? nullptr : std::get_if<std::string_view>(&field->value);
  return text == nullptr ? std::string_view() : *text;
}

std::string EventFields::Key(std::string_view name) const {
  const Field* field = Find(name);
  if (field == nullptr) return "";
  if (const auto* text = std::get_if<std::string_view>(&field->value)) return std::string(*text);
  return std::to_string(std::get<std::int64_t>(field->value));
}

bool LosesUnsynced(const sim::TraceEvent& event) {
  if (IsLifecycle(event, "power_failed")) return true;
  return event.kind == sim::EventKind::kFault &&
         (event.name == "TORN_SAVE" || event.name == "POWER_FAIL");
}

bool IsStorageTrouble(const sim::TraceEvent& event) {
  return LosesUnsynced(event) ||
         (event.kind == sim::EventKind::kFault && event.name == "STORAGE_ERROR");
}

}  // namespace faultline::scenarios
