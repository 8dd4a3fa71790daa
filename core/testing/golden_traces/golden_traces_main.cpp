// golden_traces DIR: drives the call traces of a folder against the session layer.

#include <iostream>

#include "core/testing/golden_traces/run_case.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "golden_traces: one argument is expected, the folder of the cases\n";
    return 2;
  }
  return faultline::testing::RunFolder(
      argv[1], FL_SOURCE_DIR "/core/session/testdata/traces/graphs", std::cout, std::cerr);
}
