#include "core/session/supervisor/supervisor.h"

#include <utility>

#include "core/base/error.h"
#include "core/session/global_step_value.h"
#include "core/session/supervisor/supervisor_services.h"
#include "core/session/supervisor/supervisor_state.h"

namespace faultline {

Supervisor::Supervisor(Runtime& runtime, Graph& graph, SupervisorOptions options)
    : state_(std::make_shared<internal::SupervisorState>(runtime, graph, std::move(options))),
      coordinator_(std::make_shared<Coordinator>(runtime.env)) {}

Supervisor::~Supervisor() = default;

std::shared_ptr<Session> Supervisor::PrepareOrWaitForSession(
    const SupervisedSessionOptions& options) {
  coordinator_->ClearStop();  // SV-7
  state_->OpenWriter();
  std::shared_ptr<Session> session;
  if (is_chief()) {
    PrepareOptions prepare;
    prepare.target = options.master;
    prepare.saver = saver();
    prepare.checkpoint_dir = state_->options.logdir;
    prepare.wait_for_checkpoint = options.wait_for_checkpoint;
    prepare.max_wait = options.max_wait;
    prepare.config = options.config;
    prepare.init_op = init_op();
    prepare.init_feeds = state_->options.init_feeds;
    prepare.init_fn = state_->options.init_fn;
    session = session_manager().PrepareSession(prepare);
  } else {
    session = session_manager().WaitForSession(options.master, options.config, options.max_wait);
  }
  const Status status = CallUser([&] { Equip(session, options.start_standard_services); });
  if (!status.ok()) {
    const Status closed = session->TryClose();
    if (!closed.ok()) state_->env().logger.Log(LogLevel::kInfo, closed.ToString());
    ThrowStatus(status);
  }
  return session;
}

void Supervisor::Equip(const std::shared_ptr<Session>& session, bool start_standard_services) {
  if (is_chief()) state_->WriteGraphs();
  if (!start_standard_services) return;
  if (is_chief()) StartStandardServices(session);
  StartQueueRunners(session);
}

void Supervisor::ManagedSession(const std::function<void(Session&)>& body,
                                const SupervisedSessionOptions& options) {
  ThrowIfError(TryManagedSession(body, options));
}

Status Supervisor::TryManagedSession(const std::function<void(Session&)>& body,
                                     const SupervisedSessionOptions& options) {
  std::shared_ptr<Session> session;
  const Status status = CallUser([&] {
    session = PrepareOrWaitForSession(options);
    body(*session);
  });
  const Status reported = status.ok() ? Status() : coordinator_->TryRequestStop(status);
  const Status stopped = TryStop({}, options.close_summary_writer, false);  // SV-6
  if (session) {
    const Status closed = session->TryClose();
    if (!closed.ok()) {
      state_->env().logger.Log(LogLevel::kInfo, "closing a session failed: " + closed.ToString());
    }
  }
  if (!stopped.ok()) return stopped;
  if (!reported.ok()) return reported;
  return session ? Status() : status;  // without a session nothing has ended well
}

std::vector<std::shared_ptr<LooperThread>> Supervisor::StartStandardServices(
    const std::shared_ptr<Session>& session) {
  if (!is_chief()) {
    throw RuntimeError("only a chief supervisor starts standard services: others write no events");
  }
  if (state_->options.logdir.empty()) {
    state_->env().logger.Log(LogLevel::kWarning, "standard services need a logdir");
    return {};
  }
  if (global_step() && state_->writer) {
    const std::int64_t step = GlobalStep(*session, global_step());
    state_->writer->AddSessionLog(SessionLogStatus::kStart, "", step);
  }
  auto loopers = internal::MakeServices(state_, coordinator_, session);
  for (const auto& looper : loopers) looper->Start();
  return loopers;
}

std::vector<std::shared_ptr<Thread>> Supervisor::StartQueueRunners(
    const std::shared_ptr<Session>& session) {
  std::vector<std::shared_ptr<Thread>> threads;
  for (const auto& runner : GetQueueRunners(state_->graph)) {
    const auto more = runner->CreateThreads(state_->env(), session, coordinator_, true, true);
    threads.insert(threads.end(), more.begin(), more.end());
  }
  return threads;
}

std::shared_ptr<LooperThread> Supervisor::Loop(std::optional<Duration> interval,
                                               std::function<void()> target) {
  return faultline::Loop(state_->env(), coordinator_, interval, std::move(target));
}

void Supervisor::Stop(const std::vector<std::shared_ptr<Task>>& threads, bool close_summary_writer,
                      bool ignore_live_threads) {
  ThrowIfError(TryStop(threads, close_summary_writer, ignore_live_threads));
}

Status Supervisor::TryStop(const std::vector<std::shared_ptr<Task>>& threads,
                           bool close_summary_writer, bool ignore_live_threads) {
  const Status requested = coordinator_->TryRequestStop(Status());
  FL_ASSERT(requested.ok(), "a stop without a reason failed: {}", requested.ToString());
  const Status joined =
      coordinator_->TryJoin(threads, state_->options.stop_grace, ignore_live_threads);
  // Last, for a thread may have been using it.
  if (close_summary_writer && state_->writer) state_->CloseWriter();
  return joined;
}

void Supervisor::RequestStop(Status reason) { coordinator_->RequestStop(std::move(reason)); }

bool Supervisor::ShouldStop() const { return coordinator_->ShouldStop(); }

void Supervisor::StopOnException(const std::function<void()>& body) {
  coordinator_->StopOnException(body);
}

void Supervisor::WaitForStop() { coordinator_->WaitForStop(); }

void Supervisor::SummaryComputed(Session& session, std::string_view serialized_summary,
                                 std::optional<std::int64_t> step) {
  if (!state_->writer) throw RuntimeError("writing a summary needs a summary writer");
  if (!step && global_step()) step = GlobalStep(session, global_step());
  state_->writer->AddSummary(serialized_summary, step);
}

SessionManager& Supervisor::session_manager() const { return *state_->options.session_manager; }
bool Supervisor::is_chief() const { return state_->options.is_chief; }
const Fetch& Supervisor::ready_op() const { return *state_->options.ready_op; }
const Fetch& Supervisor::ready_for_local_init_op() const {
  return *state_->options.ready_for_local_init_op;
}
const Fetch& Supervisor::init_op() const { return *state_->options.init_op; }
const Fetch& Supervisor::local_init_op() const { return *state_->options.local_init_op; }
const Fetch& Supervisor::summary_op() const { return *state_->options.summary_op; }
const std::shared_ptr<Saver>& Supervisor::saver() const { return *state_->options.saver; }
const Variable& Supervisor::global_step() const { return *state_->options.global_step; }
EventsWriter* Supervisor::summary_writer() const { return state_->writer.get(); }
const std::string& Supervisor::save_path() const { return state_->save_path; }

void BasicTrainLoop(Supervisor& supervisor, const std::function<void(Session&)>& train_step,
                    const std::string& master) {
  Status status;
  do {
    status = supervisor.TryManagedSession(
        [&](Session& session) {
          while (!supervisor.ShouldStop()) train_step(session);
        },
        {.master = master});
  } while (status.code() == Code::kAborted);
  ThrowIfError(status);
}

}  // namespace faultline
