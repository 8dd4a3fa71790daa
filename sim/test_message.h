#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/hash.h"
#include "core/env/message.h"

namespace faultline::sim {

// A text that travels, for tests of the network.
class TextMessage final : public Message {
 public:
  explicit TextMessage(std::string text) : text_(std::move(text)) {}
  std::string_view kind() const override { return "TextMessage"; }
  std::uint64_t byte_size() const override { return text_.size(); }
  std::uint64_t digest() const override { return HashName(text_); }
  std::string Serialize() const override { return text_; }

  static Result<std::unique_ptr<Message>> Decode(std::string_view bytes) {
    return std::unique_ptr<Message>(std::make_unique<TextMessage>(std::string(bytes)));
  }

 private:
  std::string text_;
};

inline std::unique_ptr<Message> Text(std::string text) {
  return std::make_unique<TextMessage>(std::move(text));
}
inline std::string TextOf(const Message& message) { return message.Serialize(); }

}  // namespace faultline::sim
