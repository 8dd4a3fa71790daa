#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "sim/certificate.h"
#include "sim/leaks/leaks.h"
#include "sim/simulator.h"

// Under AddressSanitizer: give freed blocks out again at once and unfilled, as the plain heap does,
// so that the leaks of memory differ between two runs there as well.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "quarantine_size_mb=0:thread_local_quarantine_size_kb=0:max_malloc_fill_size=0";
}

namespace faultline::sim {
namespace {

Certificate CertifyLeak(const Leak& leak) {
  int run = 0;
  return Certify([&](const TraceOptions& options) {
    leak.stir(++run);
    Simulator simulator({.seed = 1, .trace = options});
    simulator.AddNode({.name = "leaky"}).Start(leak.program);
    simulator.Run();
    return simulator.Record();
  });
}

// 0 when the certificate found a planted leak, or found none where there is none.
int Judge(const Leak& leak) {
  const Certificate certificate = CertifyLeak(leak);
  std::printf("%s: %s\n", std::string(leak.name).c_str(), certificate.Describe().c_str());
  if (leak.name == "none") return certificate.equal ? 0 : 1;
  const bool found = !certificate.equal && certificate.exact &&
                     certificate.first_hashes.decisions != certificate.second_hashes.decisions;
  return found ? 0 : 1;
}

}  // namespace
}  // namespace faultline::sim

int main(int argc, char** argv) {
  const std::string_view wanted = argc == 2 ? argv[1] : "";
  for (const faultline::sim::Leak& leak : faultline::sim::MakeLeaks()) {
    if (leak.name == wanted) return faultline::sim::Judge(leak);
  }
  std::fprintf(stderr, "usage: sim_leaks KIND\n");
  return 2;
}
