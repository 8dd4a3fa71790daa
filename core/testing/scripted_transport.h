#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/env/event.h"
#include "core/env/transport.h"

namespace faultline::testing {

// What becomes of one call.
enum class Fate : std::uint8_t {
  kArrives,        // request and answer arrive
  kLostBefore,     // the connection breaks before the request is delivered
  kLostAfter,      // executed, but the connection breaks before the answer arrives
  kBreaksDuring,   // the connection breaks when BreakNow is called; the handler hears of it
  kCallerVanishes  // the caller never gets an answer, and the handler never hears of it
};

// Loopback for unit tests of what sits above a transport: serialises every message, carries each
// call out on a fiber of its own and breaks connections by a script. A caller of an address that
// nobody serves waits for one (RF-19).
class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(Spawner& spawner) : spawner_(spawner), served_(spawner) {}

  // The fate of the next calls of `method`, in order; those after them arrive.
  void Script(std::string_view method, std::vector<Fate> fates);
  // Breaks the connections of all calls with fate kBreaksDuring that are under way.
  void BreakNow();
  // Every call so far, by method, lost ones included.
  const std::vector<std::string>& calls() const { return calls_; }
  int CountOf(std::string_view method) const;

  Result<std::unique_ptr<Message>> Call(const std::string& address, std::string_view method,
                                        std::unique_ptr<Message> request,
                                        const CallOptions& options) override;
  Status Serve(const std::string& address, std::string method, CallMethod handler) override;
  void StopServing(const std::string& address) override;

 private:
  struct Exchange;
  using Methods = std::map<std::string, CallMethod, std::less<>>;

  Fate NextFate(std::string_view method);
  Result<const CallMethod*> Connect(const std::string& address, std::string_view method,
                                    const CallOptions& options);
  std::shared_ptr<Exchange> Deliver(const CallMethod& method, std::unique_ptr<Message> request);

  Spawner& spawner_;
  Event served_;
  std::map<std::string, Methods> addresses_;
  std::map<std::string, std::deque<Fate>, std::less<>> script_;
  std::vector<std::string> calls_;
  std::vector<std::shared_ptr<Exchange>> breaking_;
};

}  // namespace faultline::testing
