#include "core/cluster/address.h"

#include <charconv>

#include <fmt/format.h>

namespace faultline {
namespace {

constexpr std::string_view kScheme = "grpc://";

}  // namespace

Status CheckAddress(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  bool good =
      colon != std::string_view::npos && colon > 0 && address.find('/') == std::string_view::npos;
  if (good) {
    std::uint32_t port = 0;
    const char* end = address.data() + address.size();
    const auto parsed = std::from_chars(address.data() + colon + 1, end, port);
    good = parsed.ec == std::errc() && parsed.ptr == end && port <= 65535;
  }
  if (good) return Status();
  return Status(Code::kInvalidArgument,
                fmt::format("\"{}\" is no address: expected host:port", address));
}

std::string TargetOfAddress(std::string_view address) {
  return fmt::format("{}{}", kScheme, address);
}

Result<std::string> AddressOfTarget(std::string_view target) {
  if (!target.starts_with(kScheme)) {
    return Status(Code::kNotFound, fmt::format("no kind of session serves the target \"{}\": "
                                               "expected \"\" or \"grpc://host:port\"",
                                               target));
  }
  const std::string_view address = target.substr(kScheme.size());
  FL_RETURN_IF_ERROR(CheckAddress(address));
  return std::string(address);
}

}  // namespace faultline
