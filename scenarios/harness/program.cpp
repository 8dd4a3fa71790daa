#include "scenarios/harness/program.h"

#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "scenarios/harness/programs/counter.h"
#include "scenarios/harness/programs/linear.h"

namespace faultline::scenarios {
namespace {

template <class Number>
bool Parse(const std::string& text, Number* number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && stop == end;
}

}  // namespace

std::string_view RoleName(ProgramRole role) {
  switch (role) {
    case ProgramRole::kChief:
      return "chief";
    case ProgramRole::kWorker:
      return "worker";
    case ProgramRole::kServer:
      return "server";
  }
  return "";
}

const std::string& ProgramContext::TextParameter(const std::string& name) const {
  const auto found = parameters.find(name);
  FL_ASSERT(found != parameters.end(), "program {} has no parameter {}", program, name);
  return found->second;
}

std::int64_t ProgramContext::IntParameter(const std::string& name) const {
  std::int64_t value = 0;
  FL_ASSERT(Parse(TextParameter(name), &value), "parameter {} is no whole number", name);
  return value;
}

double ProgramContext::RealParameter(const std::string& name) const {
  double value = 0;
  FL_ASSERT(Parse(TextParameter(name), &value), "parameter {} is no number", name);
  return value;
}

const ParameterInfo* ProgramInfo::FindParameter(std::string_view parameter) const {
  for (const ParameterInfo& info : parameters) {
    if (info.name == parameter) return &info;
  }
  return nullptr;
}

void ProgramRegistry::Add(ProgramInfo program) {
  for (ProgramInfo& known : programs_) {
    if (known.name != program.name) continue;
    known = std::move(program);
    return;
  }
  programs_.push_back(std::move(program));
}

const ProgramInfo* ProgramRegistry::Find(std::string_view name) const {
  for (const ProgramInfo& program : programs_) {
    if (program.name == name) return &program;
  }
  return nullptr;
}

std::string ProgramRegistry::Names() const {
  std::string names;
  for (const ProgramInfo& program : programs_) {
    names += (names.empty() ? "" : ", ") + program.name;
  }
  return names;
}

ProgramRegistry StandardPrograms() {
  ProgramRegistry programs;
  programs.Add(CounterProgram());
  programs.Add(LinearProgram());
  return programs;
}

Status CheckParameter(const ParameterInfo& parameter, const std::string& value) {
  std::int64_t whole = 0;
  double real = 0;
  switch (parameter.type) {
    case ParameterType::kInt:
      if (Parse(value, &whole)) return Status();
      return Status(Code::kInvalidArgument,
                    fmt::format("expected a whole number, found \"{}\"", value));
    case ParameterType::kReal:
      if (Parse(value, &real) && std::isfinite(real)) return Status();
      return Status(Code::kInvalidArgument, fmt::format("expected a number, found \"{}\"", value));
    case ParameterType::kText:
      return Status();
  }
  return Status();
}

}  // namespace faultline::scenarios
