#include "sim/leaks/leaks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <unordered_set>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "core/base/prng.h"

namespace faultline::sim {
namespace {

constexpr int kObjects = 12;
// An unusual size, so that the heap hands the stirred blocks to the leaking programs.
constexpr std::size_t kObjectBytes = 1000;
constexpr int kBlocks = 64;

struct Object {
  int number = 0;
  std::array<char, kObjectBytes - sizeof(int)> ballast{};
};

// A survivor of every run, as a forgotten global would be.
std::uint64_t g_runs_seen = 0;

// The decision that all leaks lead to.
void Decide(Env& env, std::uint64_t leaked) {
  const auto ns = static_cast<std::int64_t>(leaked % 1'000'000'000);
  SleepFor(env, "the leak to show", Duration::Nanoseconds(ns + 1));
}

void DecideByOrder(Env& env, const std::vector<int>& order) {
  Hash64 hash;
  for (const int number : order) hash.Add(static_cast<std::uint64_t>(number));
  Decide(env, hash.value());
}

void LeaveAlone(int) {}

// Frees blocks of the programs' size in another order before each run, with other content.
void StirHeap(int run) {
  std::vector<void*> blocks;
  for (int i = 0; i < kBlocks; ++i) {
    blocks.push_back(std::malloc(kObjectBytes));
    FL_ASSERT(blocks.back() != nullptr, "no memory for block {}", i);
    std::fill_n(static_cast<unsigned char*>(blocks.back()), kObjectBytes,
                static_cast<unsigned char>(run));
  }
  Prng prng(static_cast<std::uint64_t>(run));
  for (std::size_t left = blocks.size(); left > 0; --left) {
    std::swap(blocks[prng.Below(left)], blocks[left - 1]);
    std::free(blocks[left - 1]);
  }
}

std::filesystem::path LeakDirectory() { return std::filesystem::current_path() / "leak_directory"; }

// Real directories give their entries in the order of creation or of hashed names: vary both.
void StirDirectory(int run) {
  std::filesystem::remove_all(LeakDirectory());
  std::filesystem::create_directory(LeakDirectory());
  std::vector<int> order;
  for (int i = 0; i < kObjects; ++i) order.push_back(i);
  Prng prng(static_cast<std::uint64_t>(run));
  for (std::size_t left = order.size(); left > 0; --left) {
    std::swap(order[prng.Below(left)], order[left - 1]);
    const std::string name = fmt::format("{:02}.tempstate{}", order[left - 1], prng.Next());
    std::filesystem::create_directory(LeakDirectory() / name);
  }
}

void RealClock(Env& env) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  Decide(env, static_cast<std::uint64_t>(now.tv_nsec));
}

void Entropy(Env& env) {
  std::random_device device;
  const std::uint64_t high = device();
  Decide(env, (high << 32) ^ device());
}

std::vector<std::unique_ptr<Object>> MakeObjects() {
  std::vector<std::unique_ptr<Object>> objects;
  for (int i = 0; i < kObjects; ++i) {
    objects.push_back(std::make_unique<Object>());
    objects.back()->number = i;
  }
  return objects;
}

void AddressOrder(Env& env) {
  const auto objects = MakeObjects();
  std::set<const Object*> by_address;
  for (const auto& object : objects) by_address.insert(object.get());
  std::vector<int> order;
  for (const Object* object : by_address) order.push_back(object->number);
  DecideByOrder(env, order);
}

void HashOrder(Env& env) {
  const auto objects = MakeObjects();
  std::unordered_set<const Object*> by_hash;
  for (const auto& object : objects) by_hash.insert(object.get());
  std::vector<int> order;
  for (const Object* object : by_hash) order.push_back(object->number);
  DecideByOrder(env, order);
}

void DirectoryOrder(Env& env) {
  std::vector<int> order;
  for (const auto& entry : std::filesystem::directory_iterator(LeakDirectory())) {
    order.push_back(std::stoi(entry.path().filename().string()));
  }
  DecideByOrder(env, order);
}

void SurvivingStatic(Env& env) { Decide(env, ++g_runs_seen); }

// A race between this fiber and a thread, read several times.
void Thread(Env& env) {
  std::atomic<std::uint64_t> counter = 0;
  std::atomic<bool> stop = false;
  std::thread racer([&] {
    while (!stop) ++counter;
  });
  Hash64 hash;
  for (int reading = 0; reading < 8; ++reading) {
    const std::uint64_t before = counter;
    while (counter < before + 1000) std::this_thread::yield();
    hash.Add(counter.load());
  }
  stop = true;
  racer.join();
  Decide(env, hash.value());
}

void UninitialisedMemory(Env& env) {
  Hash64 hash;
  const auto* block = static_cast<const volatile unsigned char*>(std::malloc(kObjectBytes));
  FL_ASSERT(block != nullptr, "no memory");
  // The first bytes are the allocator's own.
  for (std::size_t i = 64; i < kObjectBytes; ++i) hash.Add(std::uint64_t{block[i]});
  std::free(const_cast<unsigned char*>(block));
  Decide(env, hash.value());
}

// What a sound program does instead of each of the above.
void None(Env& env) {
  Decide(env, static_cast<std::uint64_t>(env.clock.WallNow().nanoseconds()));
  Decide(env, env.random.Draw("identifier"));
  const auto objects = MakeObjects();
  std::vector<int> order;
  for (const auto& object : objects) order.push_back(object->number);
  DecideByOrder(env, order);
  FL_ASSERT(env.files.MakeDirectory("/b").ok());
  FL_ASSERT(env.files.MakeDirectory("/a").ok());
  const auto names = env.files.List("/").value();
  Decide(env, HashName(names.front()));
  std::uint64_t turns = 0;
  bool stop = false;
  const auto racer = env.spawner.Spawn("racer", [&] {
    for (; !stop; ++turns) env.spawner.Yield();
  });
  for (int i = 0; i < 20; ++i) env.spawner.Yield();
  stop = true;
  racer->Join({.what = "the racer"});
  Decide(env, turns);
}

}  // namespace

std::vector<Leak> MakeLeaks() {
  return {{"none", StirHeap, None},
          {"real_clock", LeaveAlone, RealClock},
          {"entropy", LeaveAlone, Entropy},
          {"address_order", StirHeap, AddressOrder},
          {"hash_order", StirHeap, HashOrder},
          {"directory_order", StirDirectory, DirectoryOrder},
          {"surviving_static", LeaveAlone, SurvivingStatic},
          {"thread", LeaveAlone, Thread},
          {"uninitialised_memory", StirHeap, UninitialisedMemory}};
}

}  // namespace faultline::sim
