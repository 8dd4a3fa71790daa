#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace faultline {

// What a call carries. A plain value owned by one side at a time; the sender gives it away. The
// structs live in core/cluster; the transport only needs to know these four things.
class Message {
 public:
  virtual ~Message() = default;
  // Name of its kind: "RunStepRequest". Static storage.
  virtual std::string_view kind() const = 0;
  // Bytes that it would take on the wire, for the latency model.
  virtual std::uint64_t byte_size() const = 0;
  // Hash of its content, for the certificate of values. Costs only when asked for.
  virtual std::uint64_t digest() const = 0;
  virtual std::string Serialize() const = 0;
};

// Makes a message of one kind from its serialized form.
using MessageDecoder = Result<std::unique_ptr<Message>> (*)(std::string_view bytes);

}  // namespace faultline
