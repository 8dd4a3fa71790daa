#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/env/env.h"

namespace faultline::testing {

// A message of one text, for tests of transports.
class TextMessage final : public Message {
 public:
  explicit TextMessage(std::string content) : text(std::move(content)) {}
  std::string_view kind() const override { return "TextMessage"; }
  std::uint64_t byte_size() const override { return text.size(); }
  std::uint64_t digest() const override;
  std::string Serialize() const override { return text; }
  static Result<std::unique_ptr<Message>> Decode(std::string_view bytes);
  // A method that answers through `handler`, with both decoders set.
  static CallMethod Method(CallHandler handler);

  std::string text;
};

// What every Transport promises while connections hold (RF-19, RF-24). `address` belongs to this
// process and is not served. Call it in a fiber of `env`; takes some ten milliseconds of its time.
void TransportConformance(Env& env, const std::string& address);

}  // namespace faultline::testing
