#include "cli/campaign.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "cli/build_info.h"
#include "reports/text_report.h"
#include "scenarios/harness/job_pool.h"
#include "scenarios/harness/scenario_text.h"
#include "sim/trace_file.h"

namespace faultline::cli {
namespace {

struct Job {
  const LoadedScenario* scenario = nullptr;
  scenarios::RunSettings settings;
  // Bytes of the trace, and who writes them; only with a trace folder.
  std::unique_ptr<std::string> trace;
  std::unique_ptr<sim::TraceWriter> writer;
  scenarios::RunOutcome outcome;
  double real_secs = 0;
};

std::vector<Job> MakeJobs(const CampaignOptions& options) {
  std::vector<Job> jobs;
  for (const LoadedScenario& scenario : options.scenarios) {
    const SeedRange seeds =
        options.seeds.value_or(SeedRange{scenario.scenario.seed(), scenario.scenario.seed()});
    for (std::uint64_t seed = seeds.first;; ++seed) {
      Job job;
      job.scenario = &scenario;
      job.settings.path = scenario.path;
      if (options.seeds) job.settings.seed = seed;
      job.settings.semantics = options.semantics;
      job.settings.certify = options.certify;
      jobs.push_back(std::move(job));
      if (seed == seeds.last) break;
    }
  }
  return jobs;
}

// What a run that did not pass leaves in the trace folder.
Status Keep(const CampaignOptions& options, Job& job) {
  const std::string name =
      fmt::format("{}-seed{}", job.outcome.report.scenario(), job.outcome.report.seed());
  const std::string stem = options.trace_dir + "/" + name;
  job.writer->Flush();
  FL_RETURN_IF_ERROR(WriteOutput(stem + ".trace", *job.trace));
  v1::Scenario replay =
      scenarios::MakeReplay(job.scenario->scenario, job.settings, BuildIdentity());
  replay.set_name(name);
  FL_RETURN_IF_ERROR(WriteOutput(stem + ".textproto", scenarios::PrintScenario(replay)));
  job.outcome.report.set_command(fmt::format("faultline replay {}.textproto", stem));
  return Status();
}

class Progress {
 public:
  Progress(const CampaignOptions& options, std::size_t total)
      : terminal_(options.terminal && !options.quiet),
        total_(total),
        start_(scenarios::RealSeconds()) {}

  void Print(const std::string& text) {
    Clear();
    fmt::print("{}", text);
  }
  // After each run.
  void Advance(bool passed) {
    ++done_;
    failed_ += !passed;
    if (!terminal_) return;
    const double seconds = scenarios::RealSeconds() - start_;
    fmt::print("\r\x1b[K  {}/{}  {:.1f} runs/s  {} not passed", done_, total_,
               static_cast<double>(done_) / (seconds > 0 ? seconds : 1e-9), failed_);
    std::fflush(stdout);
  }
  void Clear() const {
    if (terminal_) fmt::print("\r\x1b[K");
  }
  double seconds() const { return scenarios::RealSeconds() - start_; }

 private:
  const bool terminal_;
  const std::size_t total_;
  const double start_;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace

Result<CampaignResult> RunCampaign(const CampaignOptions& options,
                                   const scenarios::Assets& assets) {
  if (!options.trace_dir.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.trace_dir, error);
    if (error) {
      return Status(Code::kInvalidArgument,
                    fmt::format("--trace {}: {}", options.trace_dir, error.message()));
    }
  }
  std::vector<Job> jobs = MakeJobs(options);
  CampaignResult result;
  Progress progress(options, jobs.size());
  Status kept;
  const auto run = [&](std::size_t i) {
    Job& job = jobs[i];
    if (!options.trace_dir.empty()) {
      job.trace = std::make_unique<std::string>();
      job.writer = std::make_unique<sim::TraceWriter>(
          [&bytes = *job.trace](std::string_view piece) { bytes += piece; });
      job.settings.sinks.push_back(job.writer.get());
    }
    const double start = scenarios::RealSeconds();
    job.outcome = scenarios::RunScenario(job.scenario->scenario, assets, job.settings);
    job.real_secs = scenarios::RealSeconds() - start;
  };
  const auto done = [&](std::size_t i) {
    Job& job = jobs[i];
    job.outcome.report.set_real_secs(job.real_secs);
    const bool passed = job.outcome.exit_code() == kPassed;
    if (!passed && job.trace && kept.ok()) kept = Keep(options, job);
    if (!options.quiet || !passed) {
      const reports::TextOptions text{.color = options.terminal};
      progress.Print(reports::RenderRunLine(job.outcome.report, text) + "\n" +
                     reports::RenderFailure(job.outcome.report));
    }
    result.exit_code = WorseOf(result.exit_code, job.outcome.exit_code());
    progress.Advance(passed);
    *result.report.add_runs() = std::move(job.outcome.report);
    job.writer.reset();  // it still writes to the trace
    job = Job();
  };
  scenarios::RunJobs(jobs.size(), options.jobs, run, done);
  progress.Clear();
  FL_RETURN_IF_ERROR(kept);
  result.report.set_build(BuildIdentity());
  result.report.set_real_secs(progress.seconds());
  return result;
}

}  // namespace faultline::cli
