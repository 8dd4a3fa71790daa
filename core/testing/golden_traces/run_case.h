#pragma once

#include <string>

#include "core/base/semantics.h"
#include "core/testing/golden_traces/case_file.h"
#include "core/testing/golden_traces/graph_store.h"

namespace faultline::testing {

// Drives a case and compares all that happened with what it expects. The first difference, or
// empty. BadCase, without the file, for what cannot be driven. The traces are those of the TF
// semantics.
std::string RunCase(const TraceCase& trace_case, GraphStore& graphs,
                    Semantics semantics = Semantics::Tf());

// The program: drives the cases of a folder, prints one line each and "N passed, N failed". Graphs
// come from its folder `graphs`, or else from `own_graphs`. Returns the exit code: 0, 1 if one
// failed, 2 for bad input. Names are printed to `out`, one-line errors of bad input to `errors`.
int RunFolder(const std::string& folder, const std::string& own_graphs, std::ostream& out,
              std::ostream& errors);

}  // namespace faultline::testing
