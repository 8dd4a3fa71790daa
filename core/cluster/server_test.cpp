#include "core/cluster/server.h"

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/cluster/address.h"
#include "core/cluster/cluster.pb.h"
#include "core/cluster/placement.h"
#include "core/testing/cluster_fixture.h"

namespace faultline {
namespace {

using testing::CounterGraph;
using testing::FakeEnv;
using testing::ServingProcess;

ServerOptions OptionsOf(ClusterSpec cluster) {
  ServerOptions options;
  options.cluster = std::move(cluster);
  return options;
}

bool IsCode(const Error& error, Code code) { return error.code() == code; }

BOOST_AUTO_TEST_SUITE(server)

BOOST_AUTO_TEST_CASE(cl_10_the_only_job_and_task_need_not_be_named) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    const Server server(process.runtime, OptionsOf({{"ps", {"ps:1"}}}));
    BOOST_TEST(server.target() == "grpc://ps:1");
    BOOST_TEST(server.started());
  });
}

BOOST_AUTO_TEST_CASE(cl_10_several_jobs_or_tasks_must_be_named) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    ServerOptions options = OptionsOf({{"ps", {"ps:1"}}, {"worker", {"a:1", "b:2"}}});
    BOOST_CHECK_THROW(Server(process.runtime, options), ValueError);
    options.job_name = "worker";
    BOOST_CHECK_THROW(Server(process.runtime, options), ValueError);
    options.task_index = 2;
    BOOST_CHECK_THROW(Server(process.runtime, options), ValueError);
    options.job_name = "chief";
    BOOST_CHECK_THROW(Server(process.runtime, options), ValueError);
    options.job_name = "worker";
    options.task_index = 1;
    BOOST_TEST(Server(process.runtime, options).address() == "b:2");
  });
}

BOOST_AUTO_TEST_CASE(cl_10_a_server_is_made_from_a_message_whose_fields_can_be_overridden) {
  v1::cluster::ServerDef message;
  auto* job = message.mutable_cluster()->add_job();
  job->set_name("worker");
  (*job->mutable_tasks())[0] = "a:1";
  (*job->mutable_tasks())[1] = "b:2";
  message.set_job_name("worker");
  message.set_task_index(1);
  message.mutable_default_session_config()->set_isolate_session_state(true);
  FakeEnv fake;
  fake.Run([&](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    ServerOptions options = ServerOptions::FromMessage(message.SerializeAsString());
    BOOST_TEST(options.config.isolate_session_state);
    BOOST_TEST(Server(process.runtime, options).address() == "b:2");
    options.task_index = 0;
    BOOST_TEST(Server(process.runtime, options).address() == "a:1");
  });
  BOOST_CHECK_THROW(ServerOptions::FromMessage("\xff"), TypeError);
}

BOOST_AUTO_TEST_CASE(cl_10_a_given_config_is_merged_into_that_of_the_message) {
  v1::cluster::ServerDef message;
  auto* config = message.mutable_default_session_config();
  config->add_device_filters("/job:ps");
  config->set_operation_timeout_in_ms(1000);
  ServerOptions options = ServerOptions::FromMessage(message.SerializeAsString());
  BOOST_TEST(options.protocol == "grpc");
  BOOST_TEST(!options.cluster);
  SessionConfig given;
  given.device_filters = {"/job:worker"};
  given.isolate_session_state = true;
  options.MergeConfig(given);
  BOOST_TEST((options.config.operation_timeout == Duration::Seconds(1)));
  BOOST_TEST(options.config.isolate_session_state);
  BOOST_TEST((options.config.device_filters == std::vector<std::string>{"/job:ps", "/job:worker"}));
  SessionConfig timeout;
  timeout.operation_timeout = Duration::Seconds(5);
  options.MergeConfig(timeout);
  BOOST_TEST((options.config.operation_timeout == Duration::Seconds(5)));
}

BOOST_AUTO_TEST_CASE(cl_10_the_only_task_of_a_sparse_job_need_not_be_named) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    const Server server(process.runtime,
                        OptionsOf(ClusterSpec::Dict{{"ps", ClusterSpec::TaskMap{{4, "ps:4"}}}}));
    BOOST_TEST(server.target() == "grpc://ps:4");
  });
}

BOOST_AUTO_TEST_CASE(cl_10_an_empty_cluster_has_no_task) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    BOOST_CHECK_THROW(Server(process.runtime, ServerOptions()), ValueError);
    const ClusterSpec::Dict empty{{"ps", std::vector<std::string>()}};
    BOOST_CHECK_THROW(Server(process.runtime, OptionsOf(empty)), ValueError);
  });
}

BOOST_AUTO_TEST_CASE(cl_10_it_starts_at_once_unless_told_not_to) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    ServerOptions options = OptionsOf({{"ps", {"ps:1"}}});
    options.start = false;
    Server server(process.runtime, options);
    BOOST_TEST(!server.started());
    BOOST_TEST(fake.observer().Count(Point::kServerStart) == 0);
    server.Start();
    server.Start();
    BOOST_TEST(server.started());
    BOOST_TEST_REQUIRE(fake.observer().Count(Point::kServerStart) == 1);
    BOOST_TEST(fake.observer().Of(Point::kServerStart)[0].text("address") == "ps:1");
  });
}

BOOST_AUTO_TEST_CASE(cl_10_another_protocol_is_not_found) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    ServerOptions options = OptionsOf({{"ps", {"ps:1"}}});
    options.protocol = "carrier-pigeon";
    BOOST_CHECK_THROW(Server(process.runtime, options), NotFoundError);
  });
}

BOOST_AUTO_TEST_CASE(cl_11_a_local_server_is_one_task_on_a_free_port) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    std::vector<std::unique_ptr<Server>> servers;
    for (int i = 0; i < 3; ++i) servers.push_back(Server::CreateLocal(process.runtime));
    BOOST_TEST(servers[0]->target().starts_with("grpc://localhost:"));
    BOOST_TEST(servers[0]->target() != servers[1]->target());
    BOOST_TEST(servers[1]->target() != servers[2]->target());
    CounterGraph graph;
    const auto session = process.Open(graph.graph, {}, servers[1]->target());
    session->Run(graph.counter.initializer);
    BOOST_TEST(testing::ReadCounter(*session, graph) == 0);
  });
}

BOOST_AUTO_TEST_CASE(cl_11_a_local_server_takes_a_config_and_may_be_started_later) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    SessionConfig config;
    config.isolate_session_state = true;
    const auto server = Server::CreateLocal(process.runtime, config, false);
    BOOST_TEST(!server->started());
    server->Start();
    BOOST_TEST(server->started());
    CounterGraph graph;
    const auto first = process.Open(graph.graph, {}, server->target());
    first->Run(graph.counter.initializer);
    const auto second = process.Open(graph.graph, {}, server->target());  // has its own variables
    BOOST_CHECK_THROW(testing::ReadCounter(*second, graph), FailedPreconditionError);
  });
}

BOOST_AUTO_TEST_CASE(cl_12_a_malformed_address_is_an_invalid_argument) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    for (const std::string address : {"ps", "ps:", ":1", "ps:x", "ps:70000", "a/b:1", ""}) {
      BOOST_TEST_CONTEXT(address) {
        BOOST_CHECK_EXCEPTION(
            Server(process.runtime, OptionsOf({{"ps", {address}}})), Error,
            [](const Error& error) { return IsCode(error, Code::kInvalidArgument); });
        BOOST_TEST(
            (AddressOfTarget("grpc://" + address).status().code() == Code::kInvalidArgument));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(cl_12_an_occupied_address_is_unknown) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    const Server first(process.runtime, OptionsOf({{"ps", {"ps:1"}}}));
    BOOST_CHECK_THROW(Server(process.runtime, OptionsOf({{"ps", {"ps:1"}}})), UnknownError);
  });
}

BOOST_AUTO_TEST_CASE(cl_12_rf_58_join_never_returns) {
  FakeEnv fake;
  BOOST_CHECK_EXCEPTION(fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    process.Serve().Join();
  }),
                        testing::TestStuck, [](const testing::TestStuck& stuck) {
                          return std::string(stuck.what()).find("the end of server ps:1") !=
                                 std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(rf_4_every_server_has_another_incarnation) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    for (int i = 0; i < 2; ++i) {
      ServingProcess process(env, RuntimeProfile::Retry());
      process.Serve();
    }
  });
  const auto starts = fake.observer().Of(Point::kServerStart);
  BOOST_TEST_REQUIRE(starts.size() == 2U);
  BOOST_TEST(starts[0].number("incarnation") != 0);
  BOOST_TEST(starts[0].number("incarnation") != starts[1].number("incarnation"));
}

BOOST_AUTO_TEST_CASE(rf_33_only_targets_of_servers_are_known) {
  FakeEnv fake;
  fake.Run([](Env& env) {
    ServingProcess process(env, RuntimeProfile::Retry());
    CounterGraph graph;
    BOOST_TEST(
        (process.sessions.Open("http://ps:1", graph.graph, {}).status().code() == Code::kNotFound));
    BOOST_TEST((process.sessions.Open("grpc://ps", graph.graph, {}).status().code() ==
                Code::kInvalidArgument));
    BOOST_TEST(process.Open(graph.graph, {}, "")->target() == "");
  });
}

BOOST_AUTO_TEST_CASE(rf_33_devices_of_other_tasks_do_not_match) {
  const TaskId task{"ps", 1};
  for (const char* device :
       {"", "/job:ps", "/job:ps/task:1", "/job:ps/replica:0/task:1/device:CPU:0", "/task:1/cpu:0",
        "/device:CPU:*"}) {
    BOOST_TEST(DeviceMatches(device, task), device);
  }
  for (const char* device : {"/job:worker", "/job:ps/task:0", "/job:ps/replica:1", "/device:GPU:0",
                             "/gpu:0", "nonsense"}) {
    BOOST_TEST(!DeviceMatches(device, task), device);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
